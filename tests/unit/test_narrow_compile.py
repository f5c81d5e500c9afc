"""What a compiler, an estimate and a driver make of a chip that sweeps a few lanes at a time, or has words in parts."""

from collections import defaultdict
from dataclasses import replace
from typing import Any

import pytest

from spikeplane.compiler.place import place
from spikeplane.config import ChipConfig
from spikeplane.estimate.work import _start, _sweep, word_cycles
from spikeplane.formats.tables import Memory, core_tables
from spikeplane.host.driver import Driver
from spikeplane_sim.bench.designs import CORE
from spikeplane_sim.bench.programs import Job, job


def words_of(work: Job) -> tuple[dict[int, int], list[Any]]:
    """PARAMETER words by address, and the words of all other memories."""
    every = work.image.words[0, 0]
    return {a: w for m, a, w in every if m == Memory.PARAMETER}, [
        (m, a, w) for m, a, w in every if m != Memory.PARAMETER
    ]


@pytest.mark.parametrize("lanes", [1, 2, 4])
@pytest.mark.parametrize("name", ["convolution", "by step"])
def test_words_are_those_of_the_whole_chip_in_parts(name: str, lanes: int) -> None:
    wide, narrow = (job(name, chip, 1) for chip in (CORE, replace(CORE, sweep_lanes=lanes)))
    (whole, others), (parts, same) = words_of(wide), words_of(narrow)
    width, turns = core_tables(narrow.config).width(Memory.PARAMETER), narrow.config.sweep_turns
    found: dict[int, int] = defaultdict(int)
    for address, part in parts.items():
        assert 0 <= part < 1 << width
        found[address // turns] |= part << address % turns * width
    assert found == whole
    assert len(parts) == turns * len(whole)
    assert others == same
    assert all(address < core_tables(narrow.config).depth(Memory.PARAMETER) for address in parts)


@pytest.mark.parametrize("name", ["convolution", "held"])
def test_a_sweep_takes_as_many_cycles_more(name: str) -> None:
    """Each element takes as many cycles as it has parts, windows' too; a clearing pass does not."""

    def cycles(chip: ChipConfig) -> tuple[int, int, int]:
        work = job(name, chip, 1)
        part = place(work.network, chip).parts[0]
        sweep, port = _sweep(work.network, chip, part)
        driver = Driver(None, chip, work.network, work.placement, work.image)  # type: ignore[arg-type]
        return sweep, port, driver.longest_sweep()

    (sweep, port, longest), (parts, ports, more) = (
        cycles(chip) for chip in (CORE, replace(CORE, sweep_lanes=2))
    )
    work = job(name, CORE, 1)
    part = place(work.network, CORE).parts[0]
    population = work.network.population(part.population)
    _, height, width = population.shape
    elements = height * width * (population.window.size**2 if population.window else 1)
    assert port == ports
    assert parts - sweep == part.groups * (3 * elements + 3 * 4)
    assert word_cycles(population, CORE) == 0
    assert more == 4 * longest


@pytest.mark.parametrize("chip", [CORE, replace(CORE, leak_multiplier=False), replace(CORE, sweep_lanes=2)])
def test_sweeps_take_as_long_as_words_in_parts(chip: ChipConfig) -> None:
    """A job waits for its population's word, a group for the halves of its parameters; so do those that set memories."""
    narrow = replace(chip, narrow_tables=True)
    sweeps, starts = [], []
    for config in (chip, narrow):
        work = job("held", config, 1)
        parts = place(work.network, config).parts
        sweeps.append(_sweep(work.network, config, parts[0])[0])
        starts.append(_start(work.network, config, parts))
    more = core_tables(chip).chunks(Memory.POPULATION) - 2
    group = 2 * (3 + chip.leak_multiplier) - 4 if chip.sweep_turns == 1 else 0
    assert sweeps[1] - sweeps[0] == more + parts[0].groups * group
    assert starts[1] - starts[0] == 2 * (chip.populations * more + sum(part.groups for part in parts) * group)


def test_parameters_lie_in_halves() -> None:
    wide, narrow = (job("convolution", chip, 1) for chip in (CORE, replace(CORE, narrow_tables=True)))
    (whole, others), (halves, same) = words_of(wide), words_of(narrow)
    width = core_tables(narrow.config).width(Memory.PARAMETER)
    assert 2 * width == core_tables(CORE).width(Memory.PARAMETER)
    assert {a: halves[2 * a] | halves[2 * a + 1] << width for a in whole} == whole
    assert others == same


def test_a_chip_with_a_dynamic_memory_has_whole_parameters() -> None:
    chip = replace(CORE, narrow_tables=True, dynamic_depth=32, dynamic_bits=8)
    assert core_tables(chip).width(Memory.PARAMETER) == core_tables(CORE).width(Memory.PARAMETER)
