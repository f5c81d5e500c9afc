"""Bench of the chip's byte ports as AXI4-Stream: the host driver over them, against golden."""

import random
from types import SimpleNamespace
from typing import Any

import cocotb
import numpy as np
from cocotb.clock import Clock
from cocotb.task import bridge
from cocotb.triggers import FallingEdge

from spikeplane.host.driver import Driver
from spikeplane_sim.bench.bench_chip import Line
from spikeplane_sim.bench.designs import CORE
from spikeplane_sim.bench.programs import job
from spikeplane_sim.bench.streams import PERIOD_NS, Ends


def renamed(dut: Any) -> SimpleNamespace:
    """The ports under the names that the stream ends know."""
    ports = {"rx": "s_axis", "tx": "m_axis"}
    parts = {"payload": "tdata", "valid": "tvalid", "ready": "tready"}
    found = {f"{a}__{b}": getattr(dut, f"{p}_{q}") for a, p in ports.items() for b, q in parts.items()}
    return SimpleNamespace(clk=dut.aclk, **found)


@cocotb.test()
@cocotb.parametrize(stalling=[True, False])
async def a_program_gives_the_golden_models_outputs(dut: Any, stalling: bool) -> None:
    """Both streams stall at random; in reset none is ready or valid."""
    work = job("recurrent", CORE, random.randrange(1 << 30))
    line = Line(Ends(renamed(dut)), stalling=stalling)
    Clock(dut.aclk, PERIOD_NS, unit="ns").start()
    for value in (0, 0, 0):
        await FallingEdge(dut.aclk)
        dut.aresetn.value = value
    assert (int(dut.s_axis_tready.value), int(dut.m_axis_tvalid.value)) == (0, 0)
    dut.aresetn.value = 1
    driver = Driver(line, CORE, work.network, work.placement, work.image)

    def converse() -> dict[str, np.ndarray]:
        assert driver.identify() == CORE.digest
        driver.load()
        return driver.run(work.inputs)

    outputs = await bridge(converse)()
    for name, values in outputs.items():
        assert work.golden[name].any()
        assert np.array_equal(values, work.golden[name]), name
