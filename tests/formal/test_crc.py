"""What the CRC of a frame finds, from its gates.

`the_register` proves that `Crc` holds what the polynomial says, bit by bit, for any bytes in any
number. That is linear: two frames that are equal but for some bits differ in their CRC by what the
flipped bits alone leave in a register that begins with 0. What that finds is then counted, not
sampled: in every frame up to the longest any four flipped bits, any flips within 32 bits of each
other, wherever they are, and any number of zeros behind it.
"""

# Amaranth types slices of signals as slices of pins:
# pyright: reportAttributeAccessIssue=false, reportOperatorIssue=false

from typing import Any

import numpy as np
import pytest
from amaranth.hdl import Assert, Cover, Module, Signal
from prover import Inside, free, mutant, prove

from spikeplane.formats.frame import CRC_LEFT, SLOT_BYTES
from spikeplane_gateware.link import crc

POLYNOMIAL = 0xEDB88320  #: of CRC-32, its highest power in bit 0
LONGEST = 2 + SLOT_BYTES  #: bytes of a frame between its flags, before escapes


def after(left: Any, byte: Any) -> Any:
    """The register after one more byte, bit by bit. For numbers and for arrays."""
    left = left ^ byte
    for _ in range(8):
        left = left >> 1 ^ POLYNOMIAL * (left & 1)
    return left


def next_register(m: Module, left: Signal, byte: Any, name: str) -> Signal:
    """The same in gates."""
    for step in range(8):
        following = Signal(32, name=f"{name}_{step}")
        mixed = left ^ byte if step == 0 else left
        m.d.comb += following.eq((mixed >> 1) ^ (mixed[0].replicate(32) & POLYNOMIAL))
        left = following
    return left


def the_register(module: Any) -> Module:
    """Any bytes with any pauses, cleared at any time: the gates hold what the polynomial says."""
    m, engine = Module(), module.Crc()
    m.submodules.engine = Inside(engine).fragment
    left = Signal(32, init=0xFFFFFFFF)
    for signal in (engine.clear, engine.en, engine.data):
        free(m, signal)
    with m.If(engine.en):
        m.d.sync += left.eq(next_register(m, left, engine.data, "left"))
    with m.If(engine.clear):
        m.d.sync += left.eq(0xFFFFFFFF)
    m.d.comb += [
        Assert(engine.crc == ~left),
        Assert(engine.sound == (engine.crc == CRC_LEFT)),
        Cover(left[24:] == 1),
    ]
    return m


def test_the_register_is_proved(tmp_path):
    verdict = prove(the_register(crc), tmp_path, depth=1)
    assert verdict.holds, verdict.log


def test_not_vacuous(tmp_path):
    verdict = prove(the_register(crc), tmp_path, mode="cover", depth=3)
    assert verdict.holds, verdict.log


def syndromes() -> np.ndarray:
    """What each single flipped bit leaves, uint32 (8 * LONGEST,), the frame's last byte first."""
    left, found = after(np.zeros(8, dtype=np.uint32), (1 << np.arange(8)).astype(np.uint32)), []
    for _ in range(LONGEST):
        found.append(left)
        left = after(left, np.uint32(0))
    return np.concatenate(found)


def test_zeros_never_come_back_to_a_sound_frame():
    left, zero = CRC_LEFT ^ 0xFFFFFFFF, np.uint32(0)
    for _ in range(100_000):
        left = after(left, int(zero))
        assert left != CRC_LEFT ^ 0xFFFFFFFF


def test_any_four_flipped_bits_are_found_in_a_frame_of_any_length():
    """No two different pairs leave the same, and none leaves 0 or what a single bit leaves: so no
    1, 2, 3 or 4 bits leave 0."""
    single = syndromes()
    pairs = np.concatenate([single[i] ^ single[i + 1 :] for i in range(len(single))])
    everything = np.sort(np.concatenate([pairs, single, np.zeros(1, np.uint32)]))
    assert len(pairs) == len(single) * (len(single) - 1) // 2 > 2_000_000
    assert (everything[1:] != everything[:-1]).all()


def test_any_flips_within_32_bits_are_found():
    """The 32 bits of a stretch leave independent values, wherever it lies: no sum of some of them is 0."""
    single = syndromes().reshape(LONGEST, 8)[::-1].ravel()  # in the order of the line
    for first in range(0, len(single) - 31, 37):
        rows = [int(value) for value in single[first : first + 32]]
        rank = 0
        while rows:
            top = max(rows)
            rows = [row ^ top if row ^ top < row else row for row in rows if row != top]
            rank += top != 0
            assert all(rows)
        assert rank == 32


MUTANTS = {
    "another polynomial": ("CRC = catalog.CRC32_ISO_HDLC", "CRC = catalog.CRC32_ISCSI"),
    "not complemented": ("CRC = catalog.CRC32_ISO_HDLC", "CRC = catalog.CRC32_JAMCRC"),
    "does not clear": ("ResetInserter(self.clear)(engine)", "engine"),
}


@pytest.mark.parametrize("change", MUTANTS.values(), ids=MUTANTS)
def test_mutants_are_refuted(tmp_path, change):
    assert not prove(the_register(mutant(crc, *change)), tmp_path, mode="bmc", depth=3).holds
