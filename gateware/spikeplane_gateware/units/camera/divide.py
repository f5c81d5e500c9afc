"""value = (scale * count + total // 2) // total: a restoring division, one bit of the quotient a stage.

```
    count -> * scale -> + total / 2 -> | top part, below total | -> compare, subtract -> ... bits times ... -> value
                                       | bits still to come    |
```
Because count <= total, and scale is below 2^bits, the quotient has `bits` bits and the numerator's
top part is a remainder already.
Throughput: one a cycle. Latency: `bits` + 2 cycles.
"""

from amaranth.hdl import Cat, Module, Mux, Value

from spikeplane_gateware.units.camera.stage import named, stage


def divide_latency(bits: int) -> int:
    """Cycles from count and total to the value."""
    return bits + 2


def divide(m: Module, count: Value, total: Value, scale: int, bits: int) -> Value:
    """The quotient of `bits` bits, in a register. `total` >= 1 and `count` <= `total`; a constant
    `total` folds away."""
    binary = bits - 8
    scaled = ((count << 8) - count << binary)[: len(count) + bits]  # scale = 255 << binary
    assert scale == 255 << binary
    s = stage(m, "scaled", numerator=scaled, total=total)
    s = stage(m, "rounded", numerator=(s.numerator + (s.total >> 1))[: len(total) + bits], total=s.total)
    # bits: of the numerator at the top, of the quotient at the bottom
    s.rest, s.bits = s.numerator[bits:], s.numerator[:bits]
    for number in range(bits):
        rest = Cat(s.bits[-1], s.rest)
        # its sign is its top bit: rest < 2 * total
        less = named(m, f"less_{number}", (rest - s.total)[: len(total) + 1])
        short = less[-1]
        s = stage(
            m,
            f"quotient_{number}",
            rest=Mux(short, rest, less)[: len(total)],
            bits=Cat(~short, s.bits[:-1]),
            total=s.total,
        )
    return s.bits
