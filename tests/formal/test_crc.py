"""What the CRC of a frame finds, from its gates.

The CRC is linear: two equal frames but for some bits differ in their CRC by what the flipped bits alone leave in a register that begins
with 0. `the_difference` proves that of `Crc` itself, for any bytes; the other harnesses follow that register. In a frame of any length: any
flips inside one byte or two bytes that follow each other, any odd number of flipped bits. Two flipped bits anywhere: within PAIRS bytes.
"""

from typing import Any

import pytest
from amaranth.hdl import Assert, Assume, Const, Cover, Module, Signal
from prover import Inside, free, mutant, prove, symbolic

from spikeplane_gateware.link import crc

PAIRS = 24  #: bytes; a bounded check, so of short frames only


class Difference:
    """The register: `flips` enter (`moves`), and it is not 0 as long as a frame's CRC tells that it was hurt."""

    def __init__(self, m: Module, module: Any) -> None:
        self.flips, self.moves, self.left = Signal(8), Signal(), Signal(16)
        for signal in (self.flips, self.moves):
            free(m, signal)
        self.next = Signal(16)
        m.d.comb += self.next.eq(module.next_crc(m, self.left, self.flips))
        with m.If(self.moves):
            m.d.sync += self.left.eq(self.next)


def the_difference(module: Any) -> Module:
    m, sent, came = Module(), module.Crc(), module.Crc()
    m.submodules.sent, m.submodules.came = Inside(sent).fragment, Inside(came).fragment
    difference, byte = Difference(m, module), Signal(8)
    free(m, byte)
    m.d.comb += [sent.en.eq(difference.moves), sent.data.eq(byte), came.en.eq(difference.moves)]
    m.d.comb += came.data.eq(byte ^ difference.flips)
    m.d.comb += [Assert(sent.crc ^ came.crc == difference.left), Cover(difference.left == 1)]
    return m


def one_place(module: Any) -> Module:
    """Flips in two bytes that follow each other, of which one may be none: never 0 again."""
    m = Module()
    difference = Difference(m, module)
    began, second, hurt = Signal(), Signal(), difference.flips != 0
    with m.If(difference.moves):
        m.d.comb += Assume(~hurt | ~began | second)
        m.d.sync += [began.eq(began | hurt), second.eq(hurt & ~began)]
    first = Signal(8)
    with m.If(difference.moves & hurt & ~began):
        m.d.sync += first.eq(difference.flips)
    only = Signal(16)
    m.d.comb += only.eq(module.next_crc(m, Const(0, 16), first))
    m.d.comb += [
        Assert((difference.left != 0) == began),
        Assert(~second | (began & (first != 0) & (difference.left == only))),
        Cover(began & (difference.left[8:] == 0)),
    ]
    return m


def odd(module: Any) -> Module:
    """The register's parity is the parity of all flips, so an odd number of them never leaves 0."""
    m = Module()
    difference, parity = Difference(m, module), Signal()
    with m.If(difference.moves):
        m.d.sync += parity.eq(parity ^ difference.flips.xor())
    m.d.comb += [Assert(difference.left.xor() == parity), Cover(parity & (difference.left[4:] == 0))]
    return m


def pairs(module: Any) -> Module:
    """One bit of the first byte (`at`), then at any later time another (`then`)."""
    m = Module()
    left, started, at, then = Signal(16), Signal(), symbolic(m, 3, "at"), Signal(3)
    free(m, then)
    second = Signal(16)
    m.d.comb += second.eq(module.next_crc(m, left, 1 << then))
    m.d.sync += [started.eq(1), left.eq(module.next_crc(m, left, 0))]
    with m.If(~started):
        m.d.sync += left.eq(module.next_crc(m, Const(0, 16), 1 << at))
    with m.Else():
        m.d.comb += Assert(second != 0)
    return m


HARNESSES = [the_difference, one_place, odd]


@pytest.mark.parametrize("harness", HARNESSES)
def test_proved(tmp_path, harness):
    verdict = prove(harness(crc), tmp_path)
    assert verdict.holds, verdict.log


def test_two_flipped_bits_are_found_within_24_bytes(tmp_path):
    verdict = prove(pairs(crc), tmp_path, mode="bmc", depth=PAIRS)
    assert verdict.holds, verdict.log


MUTANTS = {
    "does not clear its carry": (odd, "(mixed << 12) ^", ""),
    "loses its high byte": (one_place, "crc[8:16] ^ data", "data"),
    "adds": (the_difference, "crc[8:16] ^ data", "(crc[8:16] + data)[:8]"),
    "checks a sum of bytes": (pairs, "((crc[:8] << 8) ^ (mixed << 12) ^ (mixed << 5) ^ mixed)", "(crc ^ data)"),
}


@pytest.mark.parametrize("change", MUTANTS.values(), ids=MUTANTS)
def test_mutants_are_refuted(tmp_path, change):
    harness, old, new = change
    assert not prove(harness(mutant(crc, old, new)), tmp_path, mode="bmc", depth=6).holds
