"""The UART at its edges in Amaranth's simulator: spikes on the line, stop bits that are missing,
lines that have been idle for long."""

import random
from typing import Any

import pytest
from amaranth.sim import Simulator

from spikeplane.formats.frame import FLAG
from spikeplane_gateware.link.uart import Uart

PERIOD = 16  #: cycles a bit
CLOCK, SLOWEST = 1e6, 50_000  #: widths for 200 cycles a byte: counts of 8 bits


def bits(byte: int, stop: int = 1) -> list[int]:
    """The line's levels in every cycle of a byte."""
    return [level for bit in (0, *[byte >> i & 1 for i in range(8)], stop) for level in [bit] * PERIOD]


def heard(line: list[int]) -> tuple[list[int], bool]:
    """(the bytes that a UART takes from the line's levels, whether it said anything itself)."""
    dut: Any = Uart(CLOCK, slowest=SLOWEST)
    got: list[int] = []
    spoke = False

    async def bench(ctx: Any) -> None:
        nonlocal spoke
        ctx.set(dut.i.valid, 1)
        ctx.set(dut.i.payload, 0x55)
        for level in [*line, *[1] * 40]:
            ctx.set(dut.rx, level)
            _, _, valid, byte, tx = await ctx.tick().sample(dut.o.valid, dut.o.payload, dut.tx)
            got.extend([byte] if valid else [])
            spoke |= tx == 0

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
    return got, spoke


IDLE = [1] * 400
KNOWN = [*IDLE, *bits(FLAG)]


def test_bytes_after_a_flag() -> None:
    data = random.Random(1).randbytes(20)
    line = [*KNOWN, *[level for byte in data for level in bits(byte)]]
    assert heard(line) == ([FLAG, *data], True)


def test_spikes_of_one_cycle_change_nothing() -> None:
    """In every place of a byte and before it."""
    rng = random.Random(2)
    data = rng.randbytes(30)
    plain = [level for byte in data for level in [*[1] * 25, *bits(byte)]]
    spiked = [level ^ (n % 7 == 3) for n, level in enumerate(plain)]
    assert heard([*KNOWN, *spiked])[0] == [FLAG, *data]


@pytest.mark.parametrize("length", [2, 3, 5, 7])
def test_a_longer_spike_starts_no_byte(length: int) -> None:
    line = [*KNOWN, *[1] * 30, *[0] * length, *[1] * 200, *bits(0x5A), *[1] * 30]
    assert heard(line)[0] == [FLAG, 0x5A]


def test_a_byte_without_a_stop_bit_is_dropped() -> None:
    line = [*KNOWN, *bits(0x00, stop=0), *[1] * 400, *bits(0xC3)]
    assert heard(line)[0] == [FLAG, 0xC3]


@pytest.mark.parametrize("idle", [150, 230, 255, 256, 257, 300, 500, 512, 520])
def test_a_flag_is_measured_after_any_time_of_silence(idle: int) -> None:
    line = [0] * 3 + [1] * 30 + [0] * 3 + [1] * (idle + PERIOD * 10) + bits(FLAG) + bits(0x42)
    assert heard(line)[0][-2:] == [FLAG, 0x42]


def test_it_hears_and_says_nothing_before_a_flag() -> None:
    line = [*IDLE, *bits(0x55), *[1] * 60, *bits(0x0F), *IDLE]
    assert heard(line) == ([], False)


def test_a_flag_right_behind_a_byte_is_no_measure() -> None:
    """Inside a stream the levels of a FLAG say nothing: the idle line is missing."""
    line = [*IDLE, *bits(0x55), *bits(FLAG), *bits(0x41)]
    assert heard(line) == ([], False)
