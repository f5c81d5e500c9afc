"""The spike scanner's arithmetic: the lowest set bit of a mask, and the mask without it."""

from amaranth.hdl import Module, Signal, Value


def lowest(m: Module, mask: Value, name: str) -> tuple[Signal, Signal]:
    """(index of the lowest set bit, mask without it); index 0 for an empty mask."""
    bit, rest = Signal(range(len(mask)), name=f"{name}_bit"), Signal(len(mask), name=f"{name}_rest")
    m.d.comb += rest.eq(mask & (mask - 1))
    for index in reversed(range(len(mask))):
        with m.If(mask[index]):
            m.d.comb += bit.eq(index)
    return bit, rest
