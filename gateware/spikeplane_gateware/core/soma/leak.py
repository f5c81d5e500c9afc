"""What is left of a lane's membrane: leaked + carry, two cycles later.

    with multipliers:   u * factor, in parts of 2^leak_bits, each lane its own
    without:            u >> k, or u - (u >> k)

`s` are the population's settings, `word` the lane's membrane, `valids` say in which stages a word is; `bias`, of chips where it
may differ from step to step, is added to what is left, None on others. Not modules of their own.
"""

# Amaranth types slices of signals as slices of pins:
# pyright: reportAttributeAccessIssue=false

from typing import Any

from amaranth.hdl import Array, Const, Module, Signal, signed

from spikeplane.config import ChipConfig
from spikeplane.formats.tables import LEAK_SHIFT_BITS, NO_MEMORY, LeakRound


def cut_by_shift(m: Module, config: ChipConfig, s: Any) -> list[Signal]:
    """For each lane the bits that the shift cuts off, a cycle late."""
    below = Signal(8)
    masks = Array([Const((1 << min(k, 8)) - 1, 8) for k in range(1 << LEAK_SHIFT_BITS)])
    m.d.sync += below.eq(masks[s.leak_shift])
    return [below] * config.swept_lanes


def _with(bias: Any, kept: Any) -> Any:
    return kept if bias is None else kept + bias


def product(
    m: Module,
    config: ChipConfig,
    s: Any,
    word: Any,
    lane: int,
    valids: list,
    leak: Signal,
    leaked: Signal,
    carry: Signal,
    bias: Any,
) -> None:
    """u * factor, then the rounding of its fraction."""
    bits, fraction = config.membrane_bits, config.leak_bits
    factor, odd = leak[:-1], leak[-1]
    product = Signal(signed(bits + fraction + 1), name=f"product_{lane}", reset_less=True)
    cut, whole = Signal(name=f"cut_{lane}"), Signal(signed(bits), name=f"whole_{lane}")
    m.d.comb += [cut.eq(product[:fraction].any()), whole.eq(product[fraction : fraction + bits])]
    if config.sweep_turns > 1:  # the factor is another part's a cycle later
        now, odd = odd, Signal(name=f"odd_{lane}", reset_less=True)
        with m.If(valids[0]):
            m.d.sync += odd.eq(now)
    with m.If(valids[0]):
        m.d.sync += product.eq(word.as_signed() * factor)
    with m.If(valids[1]):
        m.d.sync += [
            leaked.eq(_with(bias, whole | (odd & cut))),
            carry.eq(s.leak_up & ~odd & cut),
        ]


def shifted(
    m: Module,
    config: ChipConfig,
    s: Any,
    word: Any,
    lane: int,
    valids: list,
    below: Signal,
    leaked: Signal,
    carry: Signal,
    bias: Any,
) -> None:
    """u >> k, or u - (u >> k), which is the ceiling: one less where its fraction is cut and a
    floor, or an odd number, is asked for."""
    bits = config.membrane_bits
    u = word.as_signed()
    part, kept = (
        Signal(signed(width), name=f"{name}_{lane}", reset_less=True)
        for name, width in (("part", bits), ("kept", len(leaked)))
    )
    cut = Signal(name=f"cut_{lane}", reset_less=True)
    with m.If(valids[0]):
        m.d.sync += [part.eq(u >> s.leak_shift), kept.eq(_with(bias, u)), cut.eq((word[:8] & below).any())]
    odd, up = s.leak_round == LeakRound.ODD, s.leak_round == LeakRound.UP
    lowest = kept[0] if bias is None else kept[0] ^ bias[0]
    even = ~(lowest ^ part[0])  # of the ceiling
    less = Signal(name=f"less_{lane}")
    m.d.comb += less.eq(cut & ~up & (even | ~odd))
    with m.If(valids[1]):
        with m.If(s.leak_shift == NO_MEMORY):
            m.d.sync += [leaked.eq(_with(bias, Const(0))), carry.eq(0)]
        with m.Elif(s.leak_keep):
            m.d.sync += [leaked.eq(_with(bias, part | (odd & cut))), carry.eq(up & cut)]
        with m.Else():
            m.d.sync += [leaked.eq(kept + ~part), carry.eq(~less)]
