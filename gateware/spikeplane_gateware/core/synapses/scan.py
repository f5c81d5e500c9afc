"""The spike scanner's arithmetic: the set bits of a mask that come next, and the mask without them."""

from amaranth.hdl import Module, Mux, Signal, Value


def lowest(m: Module, mask: Value, name: str) -> tuple[Signal, Signal]:
    """(index of the lowest set bit, mask without it); index 0 for an empty mask."""
    bit, rest = Signal(range(len(mask)), name=f"{name}_bit"), Signal(len(mask), name=f"{name}_rest")
    m.d.comb += rest.eq(mask & (mask - 1))
    for index in reversed(range(len(mask))):
        with m.If(mask[index]):
            m.d.comb += bit.eq(index)
    return bit, rest


def outermost(m: Module, mask: Value, name: str, *, alone: Value) -> tuple[Signal, Signal, Signal, Signal]:
    """(index of the lowest set bit, index of the highest one, whether they are two, mask without them); the highest one stays in
    the mask where bits come `alone`, and is not counted. Both ends are found beside each other: the second lowest would wait
    for the lowest."""
    bit, above = lowest(m, mask, name)
    last, below = lowest(m, mask[::-1], f"{name}_end")
    second, both = Signal.like(bit, name=f"{name}_second"), Signal(name=f"{name}_both")
    rest = Signal.like(above, name=f"{name}_others")
    m.d.comb += [
        second.eq(~last),  # of as many bits as a power of two
        both.eq((above != 0) & ~alone),
        rest.eq(Mux(alone, above, above & below[::-1])),
    ]
    return bit, second, both, rest
