"""Bench of the chip on AXI4-Lite: its registers, and the host driver through them, against golden."""

import random
from typing import Any

import cocotb

from spikeplane_sim.bench.buses import AxiLite, registers, sample
from spikeplane_sim.bench.designs import CORE
from spikeplane_sim.bench.programs import job

LIMIT_US = 700  #: of simulated time, after which a test has failed: a program takes a quarter of it


async def master(dut: Any, *, stalling: bool) -> AxiLite:
    """A master of a chip that has just been reset."""
    bus = AxiLite(dut, stalling=stalling)
    await bus.start(dut.aresetn, 0)
    return bus


@cocotb.test(timeout_time=LIMIT_US, timeout_unit="us")
@cocotb.parametrize(stalling=[True, False])
async def a_program_gives_the_golden_models_outputs(dut: Any, stalling: bool) -> None:
    """Loaded and run through WRITE and READ."""
    bus = await master(dut, stalling=stalling)
    await sample(bus, CORE, job("recurrent", CORE, random.randrange(1 << 30)))


@cocotb.test(timeout_time=LIMIT_US, timeout_unit="us")
@cocotb.parametrize(stalling=[True, False])
async def registers_say_what_the_map_says(dut: Any, stalling: bool) -> None:
    """And errors, interrupt and reset are as it says."""
    await registers(await master(dut, stalling=stalling), CORE)
