"""Programs that were changed and sealed again: refused in one line, or the simulated chip and the
golden model run them alike."""

import resource
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from bases import compiled, networks
from resealed import Change

from spikeplane.config import preset
from spikeplane.errors import SpikeplaneError
from spikeplane.program import Program
from spikeplane.run.board import DeviceBoard
from spikeplane.run.lockstep import compare
from spikeplane_sim.board import SimulatedBoard
from spikeplane_sim.golden.board import GoldenBoard


@dataclass
class Tally:
    """What became of the programs; `run` are those that both ran."""

    refused: int = 0
    loaded: int = 0
    run: int = 0
    spikes: int = 0
    slowest: float = 0.0
    wrong: list[str] = field(default_factory=list)


def planes(program: Program, seed: int) -> dict[str, np.ndarray]:
    """Two samples for any encoding."""
    rng, steps = np.random.default_rng(seed), program.encoding.steps
    shape = (2, steps, *program.input.shape)
    values = rng.integers(0, 1 << program.encoding.bits, shape) * (rng.random(shape) < 0.5)
    if program.encoding.kind == "direct":
        values = np.repeat(values[:, :1], steps, 1)
    return {program.input.name: values.astype(np.uint8)}


def on_both(program: Program, seed: int, tally: Tally, what: str) -> None:
    """Run on the chip and in the golden model."""
    inputs = planes(program, seed)
    golden = GoldenBoard(program).run(inputs)
    with DeviceBoard(SimulatedBoard(program.config), program) as board:
        found = compare(program.network, board.run(inputs), golden)
    tally.run, tally.spikes = tally.run + 1, tally.spikes + found.spikes
    if found.mismatches:
        tally.wrong.append(f"{what}: {found}")


def tried(folder: Path, programs: list[Program], seeds: range, runs: int) -> Tally:
    """Load the change of every seed, and run the first `runs` of those that load and are for the
    chip that there is a simulator of."""
    tally, path = Tally(), folder / "net.spk"
    for seed in seeds:
        change = Change(programs, seed)
        path.write_bytes(change.contents)
        before = time.perf_counter()
        try:
            program = Program.load(path)
        except SpikeplaneError as error:
            tally.refused += 1
            if "\n" in str(error) or not str(error).endswith("; compile it again"):
                tally.wrong.append(f"{seed}: {error}")
            continue
        finally:
            tally.slowest = max(tally.slowest, time.perf_counter() - before)
        tally.loaded += 1
        if tally.run < runs and program.config == preset("tiny"):
            on_both(program, seed, tally, f"{seed} ({', '.join(change.done)})")
    return tally


def test_a_hundred_programs(tmp_path: Path) -> None:
    tally = tried(tmp_path, networks(), range(100), 6)
    assert tally.wrong == []
    assert (tally.loaded > 20, tally.refused > 40, tally.run) == (True, True, 6)
    assert tally.spikes > 100
    assert tally.slowest < 20


@pytest.mark.slow
def test_six_hundred_programs(tmp_path: Path) -> None:
    tally = tried(tmp_path, [*networks(), compiled()], range(1000, 1600), 600)
    assert tally.wrong == []
    assert (tally.loaded > 120, tally.refused > 240, tally.run > 100) == (True, True, True)
    assert tally.spikes > 10_000
    assert tally.slowest < 20
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss < 2 << 20
