"""Bench of the whole chip behind its byte link: the real host driver, the line stalling both ways,
every population against golden.

```
    Driver (blocking, in a thread) -- exchange --> this bench: rx, tx a byte at a time --> chip
```
"""

import random
from typing import Any

import cocotb
import numpy as np
from cocotb.task import bridge, resume

from spikeplane.errors import SpikeplaneError
from spikeplane.formats.packet import Counter
from spikeplane.host.channel import MARK
from spikeplane.host.device import Device
from spikeplane.host.driver import Driver
from spikeplane_sim.bench.designs import CHIP
from spikeplane_sim.bench.programs import NETWORKS, Job, job
from spikeplane_sim.bench.streams import Ends, Stall

QUIET = 400  #: cycles without a byte until an empty exchange gives up: longer than any silence of the stalls


class Line(Device):
    """The chip's byte link as a device. The clock runs only during an exchange. `noise`: how often
    a byte to the chip is changed."""

    def __init__(self, ends: Ends, *, stalling: bool, noise: float = 0.0) -> None:
        self.ends, self.noise = ends, noise
        self.into = ends.source("rx", Stall(never=not stalling))
        self.out = ends.sink("tx", Stall(never=not stalling))

    def exchange(self, data: bytes) -> bytes:
        """See Device; called from the driver's thread."""
        return resume(self._exchange)(data)

    async def _exchange(self, data: bytes) -> bytes:
        self.into.queue.extend(
            byte ^ (random.random() < self.noise) * random.randrange(1, 256) for byte in data
        )
        quiet, seen = 0, len(self.out.got)
        while self.into.queue or (not data and quiet < QUIET and not (seen and quiet > 80)):
            await self.ends.cycle()
            quiet = quiet + 1 if len(self.out.got) == seen else 0
            seen = len(self.out.got)
        received, self.out.got[:] = bytes(self.out.got), []
        return received

    def close(self) -> None:
        """Nothing to give back."""


async def chip(dut: Any, work: Job, *, stalling: bool, noise: float = 0.0) -> Driver:
    """A driver for a chip that has just been reset."""
    ends = Ends(dut)
    line = Line(ends, stalling=stalling, noise=noise)
    await ends.start()
    return Driver(line, CHIP, work.network, work.placement, work.image)


def check(work: Job, outputs: dict[str, np.ndarray]) -> None:
    """The samples' outputs are those of the golden model."""
    assert outputs.keys() == work.golden.keys()
    for name, values in outputs.items():
        golden = work.golden[name]
        assert golden.any(), f"{name}: without output nothing is checked"
        assert np.array_equal(values, golden), f"{name}: first at {np.argwhere(values != golden)[0].tolist()}"


def converse(driver: Driver, work: Job) -> dict[str, np.ndarray]:
    """What a user does: identify, load, run (blocking)."""
    assert driver.identify() == CHIP.digest
    driver.load()
    return driver.run(work.inputs)


@cocotb.test()
@cocotb.parametrize(name=list(NETWORKS), stalling=[True, False])
async def outputs_are_those_of_the_golden_model(dut: Any, name: str, stalling: bool) -> None:
    """Over a perfect line."""
    work = job(name, CHIP, random.randrange(1 << 30))
    driver = await chip(dut, work, stalling=stalling)
    check(work, await bridge(converse)(driver, work))


@cocotb.test()
async def a_line_that_errs_changes_nothing(dut: Any) -> None:
    """Bytes change and are lost on both ways."""
    work = job("recurrent", CHIP, random.randrange(1 << 30))
    driver = await chip(dut, work, stalling=True, noise=0.001)
    check(work, await bridge(converse)(driver, work))
    assert await bridge(driver.query)(Counter.LINK_ERRORS) > MARK, "the noise hit nothing"


@cocotb.test()
async def one_run_after_the_other(dut: Any) -> None:
    """The same program twice, then another one, on the same chip."""
    first, second = (job(name, CHIP, random.randrange(1 << 30)) for name in ("recurrent", "convolution"))
    driver = await chip(dut, first, stalling=False)
    check(first, await bridge(converse)(driver, first))
    check(first, await bridge(driver.run)(first.inputs))
    other = Driver(driver.device, CHIP, second.network, second.placement, second.image)
    check(second, await bridge(converse)(other, second))


@cocotb.test()
async def a_silent_line_is_an_error_and_no_hang(dut: Any) -> None:
    """The driver gives up with one line."""
    work = job("recurrent", CHIP, 0)
    driver = await chip(dut, work, stalling=False)
    driver.device.out.blocked = True  # type: ignore[attr-defined]
    said = ""
    try:
        await bridge(driver.identify)()
    except SpikeplaneError as error:
        said = str(error)
    assert said.startswith("the device does not answer"), said
