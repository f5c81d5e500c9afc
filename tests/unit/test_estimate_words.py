"""What an estimate says of the words of a sweep, against a soma stage in the simulator: rows of gates, entries of tables."""

from dataclasses import replace
from typing import Any

import pytest
from core_unit import simulate
from soma_bench import Soma, Values
from test_sweep_values import PLAIN

from spikeplane.config import ChipConfig
from spikeplane.estimate.work import word_cycles
from spikeplane.formats.dynamic_tables import Sink
from spikeplane.network import MEMBRANE, Neuron, Population, Table
from spikeplane.program.laid_parts import GatePopulation

CONFIG = replace(PLAIN, tables=1, presentations=1)
FEW, MANY = 2, 6
PLANES = 4
SORTS: dict[str, dict[str, Any]] = {
    "rows": {"sink": Sink.ROWS},
    "values": {},
    "entries of a table": {"table": 0},
}


def more_words(config: ChipConfig) -> dict[str, float]:
    """Cycles from a step's token to the sweep's own, for each word that is one more."""
    soma = Soma(config, 0, stalls=0.0, reads=0.0)
    soma.entries = [[1] * 256]
    populations, found = [], dict.fromkeys(SORTS, 0.0)
    for fields in SORTS.values():
        for words in (FEW, MANY):
            populations.append(Values(len(populations), width=words, planes=PLANES, **fields))

    async def bench(ctx: Any) -> None:
        await soma.load(ctx, populations)
        for number, population in enumerate(populations):
            for word in range(population.words):
                soma.accumulators[0, population.acc + word] = [1] * config.lanes
            begun = soma.cycles
            await soma.event(ctx, population.slot, 0, False)
            while (population.slot, 0) not in soma.swept:
                await soma.cycle(ctx)
            sign = 1 if population.words == MANY else -1
            found[[*SORTS][number // 2]] += sign * (soma.cycles - begun) / (MANY - FEW)

    simulate(soma.module(), bench)
    return found


@pytest.mark.parametrize("lanes", [None, *(pytest.param(n, marks=pytest.mark.slow) for n in (4, 2, 1))])
def test_words_take_what_the_sweep_takes(lanes: int | None) -> None:
    config = replace(CONFIG, sweep_lanes=lanes)
    plain = Population(name="a", shape=(8, 1, 1), neuron=Neuron(kind=MEMBRANE, reset="none", planes=PLANES))
    assert plain.neuron is not None
    rows = GatePopulation(name="a.gate", shape=(8, 1, 1), neuron=plain.neuron, reader=0)
    tabled = replace(plain, neuron=replace(plain.neuron, table=Table(values=(1,) * 256, shift=0)))
    found = more_words(config)
    assert found["rows"] == config.sweep_turns + word_cycles(rows, config), found
    entry = word_cycles(tabled, config) - word_cycles(plain, config)
    assert found["entries of a table"] - found["values"] == entry > config.lanes, found
