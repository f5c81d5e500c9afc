"""Bench of one core with gates, a table and presentations: a program of attention over the steps, as bench_core.py runs others."""

import random
from typing import Any

import cocotb
import numpy as np

from spikeplane.formats.packet import Counter
from spikeplane_sim.bench.attended import attended
from spikeplane_sim.bench.bench_core import World
from spikeplane_sim.bench.designs import GATES
from spikeplane_sim.bench.programs import placed


@cocotb.test()
@cocotb.parametrize(stalling=[False, True])
async def outputs_are_those_of_the_golden_model(dut: Any, stalling: bool) -> None:
    """The last presentation's, of every population."""
    work = placed(*attended(np.random.default_rng(random.randrange(1 << 30))), GATES)
    assert all(values.any() for values in work.golden.values()), "a population without output checks nothing"
    world = World(dut, work, stalling)
    await world.ends.start()
    await world.load()
    await world.stream()
    world.check()
    assert await world.ask(Counter.FLAGS) == 1, "running, and nothing refused or dropped"
