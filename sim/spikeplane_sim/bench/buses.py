"""Masters of AXI4-Lite and Wishbone for benches, and a chip behind registers as a device of the host driver.

```
    Driver (blocking, in a thread) -- exchange --> RegisterLine: WRITE, READ --> bus --> registers --> chip
```
Every end pauses at random, and what is once valid stays until it is taken.
"""

import random
from abc import ABC, abstractmethod
from typing import Any

import numpy as np
from cocotb.clock import Clock
from cocotb.task import bridge, resume
from cocotb.triggers import FallingEdge, ReadOnly

from spikeplane.config import ChipConfig
from spikeplane.formats.frame import RESET_MARK, FrameKind
from spikeplane.formats.packet import IDENTITY, Counter
from spikeplane.formats.registers import REGISTERS
from spikeplane.host.channel import MARK
from spikeplane.host.device import Device
from spikeplane.host.driver import Driver
from spikeplane.host.frames import Frame, encode
from spikeplane_sim.bench.programs import Job
from spikeplane_sim.bench.streams import PERIOD_NS, Stall

NUMBER = {register.name: register.number for register in REGISTERS}
QUIET = 20  #: reads without a byte until an empty exchange gives up
_OKAY, _SLVERR = 0, 2


class Bus(ABC):
    """A master. `reads`, `writes`: accesses so far."""

    def __init__(self, dut: Any, clock: Any, stalling: bool) -> None:
        self.dut, self.clock = dut, clock
        self.stall = Stall(never=not stalling)
        self.reads = self.writes = 0

    async def start(self, reset: Any, active: int) -> None:
        """Clock, and a reset of three cycles."""
        Clock(self.clock, PERIOD_NS, unit="ns").start()
        for value in (active, active, active, 1 - active):
            await FallingEdge(self.clock)
            reset.value = value

    @abstractmethod
    async def write(self, number: int, data: int, lanes: int = 15) -> bool:
        """Write a register's bytes of `lanes`. Whether it was taken without an error."""

    @abstractmethod
    async def read(self, number: int) -> tuple[int, bool]:
        """A register's value, and whether it came without an error."""


class AxiLite(Bus):
    """Its address and data come in either order."""

    def __init__(self, dut: Any, *, stalling: bool) -> None:
        super().__init__(dut, dut.aclk, stalling)
        for name in (
            "awaddr",
            "awprot",
            "awvalid",
            "wdata",
            "wstrb",
            "wvalid",
            "bready",
            "araddr",
            "arprot",
            "arvalid",
            "rready",
        ):
            self._signal(name).value = 0

    def _signal(self, name: str) -> Any:
        return getattr(self.dut, f"s_axi_{name}")

    async def write(self, number: int, data: int, lanes: int = 15) -> bool:
        """See Bus."""
        self._signal("awaddr").value, self._signal("wdata").value, self._signal("wstrb").value = (
            number * 4,
            data,
            lanes,
        )
        (response,) = await self._access(("aw", "w"), "b", ("resp",))
        self.writes += 1
        return self._okay(response)

    async def read(self, number: int) -> tuple[int, bool]:
        """See Bus."""
        self._signal("araddr").value = number * 4
        data, response = await self._access(("ar",), "r", ("data", "resp"))
        self.reads += 1
        return data, self._okay(response)

    async def _access(self, asking: tuple[str, ...], answer: str, fields: tuple[str, ...]) -> list[int]:
        """Handshakes on the channels that ask, then on the one that answers."""
        offered, taken = set[str](), set[str]()
        while True:
            await FallingEdge(self.clock)
            offered |= {name for name in asking if not self.stall()}
            for name in asking:
                self._signal(f"{name}valid").value = int(name in offered - taken)
            ready = not self.stall()
            self._signal(f"{answer}ready").value = int(ready)
            await ReadOnly()
            came = ready and int(self._signal(f"{answer}valid").value)
            assert not came or taken == set(asking), "an answer before its question"
            found = [int(self._signal(f"{answer}{field}").value) for field in fields] if came else []
            taken |= {name for name in offered - taken if int(self._signal(f"{name}ready").value)}
            if came:
                await FallingEdge(self.clock)
                self._signal(f"{answer}ready").value = 0
                return found

    @staticmethod
    def _okay(response: int) -> bool:
        assert response in (_OKAY, _SLVERR)
        return response == _OKAY


class Wishbone(Bus):
    """Classic cycles."""

    def __init__(self, dut: Any, *, stalling: bool) -> None:
        super().__init__(dut, dut.wb_clk_i, stalling)
        for name in ("cyc", "stb", "we", "adr", "dat", "sel"):
            getattr(dut, f"wb_{name}_i").value = 0

    async def write(self, number: int, data: int, lanes: int = 15) -> bool:
        """See Bus."""
        self.dut.wb_dat_i.value, self.dut.wb_sel_i.value = data, lanes
        self.writes += 1
        return (await self._access(number, 1))[1]

    async def read(self, number: int) -> tuple[int, bool]:
        """See Bus."""
        self.reads += 1
        return await self._access(number, 0)

    async def _access(self, number: int, write: int) -> tuple[int, bool]:
        self.dut.wb_adr_i.value, self.dut.wb_we_i.value = number * 4, write
        asked = False
        while True:
            await FallingEdge(self.clock)
            asked = asked or not self.stall()
            self.dut.wb_cyc_i.value, self.dut.wb_stb_i.value = int(asked), int(asked)
            await ReadOnly()
            ack, error = int(self.dut.wb_ack_o.value), int(self.dut.wb_err_o.value)
            assert ack + error < 2
            if asked and ack + error:
                data = int(self.dut.wb_dat_o.value) if ack and not write else 0
                await FallingEdge(self.clock)
                self.dut.wb_cyc_i.value, self.dut.wb_stb_i.value = 0, 0
                return data, bool(ack)


class RegisterLine(Device):
    """The chip behind a bus's registers as a device. The clock runs only during an exchange."""

    def __init__(self, bus: Bus) -> None:
        self.bus = bus

    def exchange(self, data: bytes) -> bytes:
        """See Device; called from the driver's thread."""
        return resume(self._exchange)(data)

    async def _exchange(self, data: bytes) -> bytes:
        received, quiet, wait = bytearray(), 0, not data
        while data:
            lanes = random.choice([15, 15, 15, 1, 7, 10])  # any of the four
            word = 0
            for lane in range(4):
                if lanes >> lane & 1 and data:
                    word, data = word | data[0] << 8 * lane, data[1:]
                else:
                    lanes &= ~(1 << lane)
            assert await self.bus.write(NUMBER["WRITE"], word, lanes)
            received += await self._read()
        while wait and quiet < QUIET and not (received and quiet > 3):
            came = await self._read()
            quiet = 0 if came else quiet + 1
            received += came
        return bytes(received)

    async def _read(self) -> bytes:
        word, fine = await self.bus.read(NUMBER["READ"])
        assert fine
        count = word >> 24
        assert word & 0xFFFFFF < 1 << 8 * count, "bytes beyond the count are 0"
        return word.to_bytes(4, "little")[:count]

    def close(self) -> None:
        """Nothing to give back."""


async def sample(bus: Bus, config: ChipConfig, work: Job) -> None:
    """A program through the registers gives the golden model's outputs."""
    driver = Driver(RegisterLine(bus), config, work.network, work.placement, work.image)

    def converse() -> dict[str, np.ndarray]:
        assert driver.identify() == config.digest
        driver.load()
        return driver.run(work.inputs)

    outputs = await bridge(converse)()
    assert outputs.keys() == work.golden.keys()
    for name, values in outputs.items():
        assert work.golden[name].any()
        assert np.array_equal(values, work.golden[name]), name
    assert min(bus.reads, bus.writes) > 100
    assert await bridge(driver.query)(Counter.LINK_ERRORS) == MARK, "a byte was lost"


async def registers(bus: Bus, config: ChipConfig) -> None:
    """What each register says; what is none, or not to be read or written, is an error; reset and interrupt."""
    digest = int(config.digest, 16)
    for name, value in (
        ("IDENTITY", IDENTITY), ("DIGEST_LOW", digest & 0xFFFFFFFF), ("DIGEST_HIGH", digest >> 32), ("CONTROL", 0), ("STATUS", 0)
    ):  # fmt: skip
        assert await bus.read(NUMBER[name]) == (value, True), name
        assert await bus.write(NUMBER[name], 0) == (name == "CONTROL"), name
    assert not (await bus.read(NUMBER["WRITE"]))[1]
    assert not (await bus.read(7))[1]
    assert not await bus.write(7, 1)
    assert not await bus.write(NUMBER["READ"], 1)
    reset = encode(Frame(FrameKind.RESET, 7, RESET_MARK % 16, room=RESET_MARK // 16))
    await bus.write(NUMBER["CONTROL"], 2)
    await _send(bus, reset)
    await _rest(bus)
    assert int(bus.dut.irq.value) == 1
    assert await bus.read(NUMBER["STATUS"]) == (3, True)
    await bus.write(NUMBER["CONTROL"], 0)
    await FallingEdge(bus.clock)
    assert int(bus.dut.irq.value) == 0
    assert await bus.read(NUMBER["CONTROL"]) == (0, True)
    await bus.write(NUMBER["CONTROL"], 1)  # what waited is gone, and nothing is answered
    await _send(bus, reset)
    await _rest(bus)
    assert await bus.read(NUMBER["STATUS"]) == (0, True)
    await bus.write(NUMBER["CONTROL"], 0)
    await _rest(bus)
    assert await bus.read(NUMBER["READ"]) == (0, True)


async def _rest(bus: Bus) -> None:
    """As long as an answer of the chip may take."""
    for _ in range(40):
        await FallingEdge(bus.clock)


async def _send(bus: Bus, data: bytes) -> None:
    for at in range(0, len(data), 4):
        assert await bus.write(NUMBER["WRITE"], int.from_bytes(data[at : at + 4], "little"))
