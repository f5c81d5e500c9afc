"""Bench of the chip on AXI4-Lite and AXI4-Stream with the masters of cocotbext-axi: a program against golden."""

import random
from typing import Any

import cocotb
import numpy as np
from axi_masters import OFFSET, Registers, Streams, reset
from cocotb.task import bridge

from spikeplane.formats.packet import IDENTITY, Counter
from spikeplane.host.channel import MARK
from spikeplane.host.device import Device
from spikeplane.host.driver import Driver
from spikeplane_sim.bench.designs import CORE
from spikeplane_sim.bench.programs import job


def line(dut: Any, *, stalling: bool) -> Registers | Streams:
    """The device that the wrapper is for."""
    kind = Registers if hasattr(dut, "s_axi_awvalid") else Streams
    return kind(dut, stalling=stalling)


async def sample(device: Device) -> None:
    """A program through the bus gives the golden model's outputs."""
    work = job("recurrent", CORE, random.randrange(1 << 30))
    driver = Driver(device, CORE, work.network, work.placement, work.image)

    def converse() -> dict[str, np.ndarray]:
        assert driver.identify() == CORE.digest
        driver.load()
        return driver.run(work.inputs)

    outputs = await bridge(converse)()
    assert outputs.keys() == work.golden.keys()
    for name, values in outputs.items():
        assert work.golden[name].any()
        assert np.array_equal(values, work.golden[name]), name
    assert await bridge(driver.query)(Counter.LINK_ERRORS) == MARK, "a byte was lost"


@cocotb.test()
@cocotb.parametrize(stalling=[True, False])
async def a_program_gives_the_golden_models_outputs(dut: Any, stalling: bool) -> None:
    """With pauses of every channel both ways, and at full rate."""
    device = line(dut, stalling=stalling)
    await reset(dut)
    await sample(device)
    if stalling:
        assert min(watch.waits for watch in device.watches) > 100
    if isinstance(device, Registers):
        assert min(device.reads, device.writes) > 100


@cocotb.test()
async def errors_are_answered(dut: Any) -> None:
    """Reads and writes of what there is not, outstanding among those of what there is."""
    device = line(dut, stalling=True)
    await reset(dut)
    if not isinstance(device, Registers):
        return
    for _ in range(20):
        digest = int(CORE.digest, 16)
        reads = {
            OFFSET["IDENTITY"]: (IDENTITY, True),
            OFFSET["DIGEST_LOW"]: (digest & 0xFFFFFFFF, True),
            OFFSET["DIGEST_HIGH"]: (digest >> 32, True),
            OFFSET["CONTROL"]: (0, True),
            OFFSET["STATUS"]: (0, True),
            OFFSET["READ"]: (0, True),
            OFFSET["WRITE"]: (0, False),
            0x1C: (0, False),
        }
        chosen = random.choices(list(reads), k=6)
        asked = [cocotb.start_soon(device.read(offset)) for offset in chosen]
        others = random.choices([OFFSET["CONTROL"], OFFSET["IDENTITY"], OFFSET["STATUS"], 0x1C], k=6)
        told = [cocotb.start_soon(device.write(offset, bytes(4))) for offset in others]
        for offset, one in zip(chosen, asked, strict=True):
            assert await one == reads[offset], hex(offset)
        for offset, one in zip(others, told, strict=True):
            assert await one == (offset == OFFSET["CONTROL"]), hex(offset)
