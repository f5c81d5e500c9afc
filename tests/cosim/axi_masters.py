"""The chip on AXI behind masters that others wrote, of cocotbext-axi, as devices of the host driver.

```
    Driver (blocking, in a thread) -- exchange --> WRITE and READ at once, outstanding --> registers --> chip
                                   -- exchange --> s_axis, m_axis ---------------------------------> chip
```
What the chip's side must keep to is watched beside them: what is once valid stays, and stays the same, until it is taken.
"""

import random
from collections.abc import Iterator
from typing import Any

import cocotb
from cocotb.clock import Clock
from cocotb.task import resume
from cocotb.triggers import ClockCycles, FallingEdge
from cocotbext.axi import (
    AxiLiteBus,
    AxiLiteMaster,
    AxiResp,
    AxiStreamBus,
    AxiStreamSink,
    AxiStreamSource,
)

from spikeplane.formats.registers import REGISTERS, WORD_BYTES
from spikeplane.host.device import Device
from spikeplane_sim.bench.streams import PERIOD_NS

OFFSET = {register.name: register.offset for register in REGISTERS}
QUIET = 20  #: empty reads until an empty exchange gives up
SILENCE = 400  #: cycles without a byte of a stream until one does
OUTSTANDING = 3  #: reads asked for before the first is answered


def pauses(part: float) -> Iterator[bool]:
    """A generator of pauses: that part of the cycles."""
    while True:
        yield random.random() < part


class Watch:
    """Holds a channel to its word. `waits`: cycles in which what was valid had to wait."""

    def __init__(self, dut: Any, clock: Any, prefix: str, fields: tuple[str, ...]) -> None:
        self.prefix, self.clock, self.waits = prefix, clock, 0
        self.valid, self.ready = getattr(dut, f"{prefix}valid"), getattr(dut, f"{prefix}ready")
        self.fields = [getattr(dut, f"{prefix}{field}") for field in fields]
        cocotb.start_soon(self._run())

    async def _run(self) -> None:
        held = None
        while True:
            await FallingEdge(self.clock)
            here = [int(field.value) for field in self.fields] if int(self.valid.value) else None
            assert held in (None, here), f"{self.prefix}: {held} was offered, then {here}"
            held = here if not int(self.ready.value) else None
            self.waits += held is not None


class Registers(Device):
    """A chip behind AXI4-Lite. The clock runs only during an exchange. `reads`, `writes`: accesses so far."""

    def __init__(self, dut: Any, *, stalling: bool) -> None:
        bus: Any = AxiLiteBus.from_prefix(dut, "s_axi")
        self.master: Any = AxiLiteMaster(bus, dut.aclk, dut.aresetn, reset_active_level=False)
        self.watches = [
            Watch(dut, dut.aclk, "s_axi_b", ("resp",)),
            Watch(dut, dut.aclk, "s_axi_r", ("data", "resp")),
        ]
        self.reads = self.writes = 0
        sides = self.master.write_if, self.master.read_if
        channels = [one for side in sides for name, one in vars(side).items() if name.endswith("_channel")]
        assert len(channels) == 5
        for channel in channels if stalling else []:
            channel.set_pause_generator(pauses(random.choice((0.2, 0.5, 0.8))))

    async def read(self, offset: int) -> tuple[int, bool]:
        """A register's value, and whether it came without an error."""
        self.reads += 1
        answer = await self.master.read(offset, WORD_BYTES)
        return int.from_bytes(answer.data, "little"), answer.resp == AxiResp.OKAY

    async def write(self, offset: int, data: bytes) -> bool:
        """The first bytes of a register, the strobes of the others 0. Whether it was taken without an error."""
        self.writes += 1
        return (await self.master.write(offset, data)).resp == AxiResp.OKAY

    def exchange(self, data: bytes) -> bytes:
        """See Device; called from the driver's thread."""
        return resume(self._exchange)(data)

    async def _exchange(self, data: bytes) -> bytes:
        """Writes are on their way while others are, and while reads are."""
        received, quiet, wait = bytearray(), 0, not data
        writes: list[Any] = []
        while data:
            count = random.choice((4, 4, 4, 3, 2, 1))
            writes.append(cocotb.start_soon(self.write(OFFSET["WRITE"], data[:count])))
            data = data[count:]
        while not all(one.done() for one in writes):
            received += await self._some()
        assert all(one.result() for one in writes)
        while wait and quiet < QUIET and not (received and quiet > 3):
            came = await self._some()
            quiet = 0 if came else quiet + OUTSTANDING
            received += came
        return bytes(received)

    async def _some(self) -> bytes:
        asked = [cocotb.start_soon(self.read(OFFSET["READ"])) for _ in range(OUTSTANDING)]
        found = bytearray()
        for one in asked:
            word, fine = await one
            assert fine
            found += word.to_bytes(4, "little")[: word >> 24]
        return bytes(found)

    def close(self) -> None:
        """Nothing to give back."""


class Streams(Device):
    """A chip behind AXI4-Stream. The clock runs only during an exchange."""

    def __init__(self, dut: Any, *, stalling: bool) -> None:
        self.dut = dut
        host: Any = AxiStreamBus.from_prefix(dut, "s_axis")
        chip: Any = AxiStreamBus.from_prefix(dut, "m_axis")
        self.source: Any = AxiStreamSource(host, dut.aclk, dut.aresetn, reset_active_level=False)
        self.sink: Any = AxiStreamSink(chip, dut.aclk, dut.aresetn, reset_active_level=False)
        self.watches = [Watch(dut, dut.aclk, "m_axis_t", ("data",))]
        for end in (self.source, self.sink) if stalling else ():
            end.set_pause_generator(pauses(random.choice((0.2, 0.5, 0.8))))

    def exchange(self, data: bytes) -> bytes:
        """See Device; called from the driver's thread."""
        return resume(self._exchange)(data)

    async def _exchange(self, data: bytes) -> bytes:
        if data:
            await self.source.send(data)
            await self.source.wait()
            return bytes(self.sink.read_nowait())
        received, quiet = bytearray(), 0
        while quiet < SILENCE and not (received and quiet > 80):
            await ClockCycles(self.dut.aclk, 20)
            came = bytes(self.sink.read_nowait())
            received += came
            quiet = 0 if came else quiet + 20
        return bytes(received)

    def close(self) -> None:
        """Nothing to give back."""


async def reset(dut: Any) -> None:
    """The clock, and a reset of four cycles."""
    dut.aresetn.value = 0
    Clock(dut.aclk, PERIOD_NS, unit="ns").start()
    await ClockCycles(dut.aclk, 4)
    dut.aresetn.value = 1
    await ClockCycles(dut.aclk, 2)
