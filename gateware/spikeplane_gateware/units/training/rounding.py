"""The stages of `Round16`: an exact sum as the nearest binary16 number.

```
    word -> sign, size -> | -> which four bits hold the top one -> 15 bits from there, any below -> |
         -> which of the four -> kept (11 bits), half, any below -> | -> + 1 if nearer -> saturate -> | number
```
kept * 2^s units with s >= 0: kept has its top bit, or s is 0. s << 10 + kept are the number's bits as they
stand, and a carry out of kept raises the exponent by itself.
"""

from types import SimpleNamespace

from amaranth.hdl import Cat, Const, Module, Mux, Value

from spikeplane_gateware.units.training.stage import Chain, chosen, named, stage

ROUND_LATENCY = 4  #: cycles from word to number
LARGEST = 0x7BFF  #: the bits of 65504
KEPT = 11  #: bits of a mantissa, the hidden one included
_WHOLE = 40  #: bits of the largest number in units; sizes of more saturate


def round16(m: Module, name: str, valid: Value | Chain, word: Value) -> SimpleNamespace:
    """`valid`, `number` and `overflow` in registers: the binary16 nearest to a two's complement `word` in
    units of 2^-24, ties to even; beyond 65504 that, and overflow."""
    negative = word[-1]
    size = ((word ^ negative.replicate(len(word))) + negative)[: len(word)]
    s = stage(m, f"{name}_size", valid, size=size, negative=negative)
    c = _coarse(m, f"{name}_coarse", s)
    # of the four bits above the eleven, and the half below them
    three, two, one = c.part[14], ~c.part[14] & c.part[13], ~c.part[13:15].any() & c.part[12]
    none = ~c.part[12:15].any()
    places = [(none, 0), (one, 1), (two, 2), (three, 3)]
    below = chosen([(flag, c.part[:r].any() if r else Const(0, 1)) for flag, r in places])
    f = stage(
        m,
        f"{name}_fine",
        c.valid,
        kept=chosen([(flag, c.part[1 + r : 1 + r + KEPT]) for flag, r in places]),
        half=chosen([(flag, c.part[r]) for flag, r in places]),
        below=c.below | below,
        exponent=Cat(one | three, two | three, c.group),
        over=c.over,
        negative=c.negative,
    )
    return _packed(m, name, f)


def _coarse(m: Module, name: str, s: SimpleNamespace) -> SimpleNamespace:
    """Of a size its top part to within three bits: bit 1 of `part` is bit 4 * group of the size."""
    top = min(len(s.size), _WHOLE)
    groups = -(-(top - KEPT + 1) // 4)
    found = [Const(1, 1)]  # the lowest, if no other
    for q in range(1, groups):
        first = KEPT - 1 + 4 * q
        found.append(named(m, f"{name}_found_{q}", s.size[first : min(first + 4, top)].any()))
    highest = [
        named(m, f"{name}_group_{q}", found[q] & ~Cat(*found[q + 1 :]).any() if q + 1 < groups else found[q])
        for q in range(groups)
    ]
    padded = Cat(Const(0, 1), s.size[:top], Const(0, 15))
    return stage(
        m,
        name,
        s.valid,
        part=chosen([(flag, padded[4 * q : 4 * q + 15]) for q, flag in enumerate(highest)]),
        below=chosen([(flag, padded[: 4 * q].any()) for q, flag in enumerate(highest) if q]),
        group=chosen([(flag, Const(q, 3)) for q, flag in enumerate(highest) if q]),
        over=s.size[_WHOLE:].any() if len(s.size) > _WHOLE else Const(0, 1),
        negative=s.negative,
    )


def _packed(m: Module, name: str, f: SimpleNamespace) -> SimpleNamespace:
    up = named(m, f"{name}_up", f.half & (f.below | f.kept[0]))
    bits = (Cat(Const(0, 10), f.exponent) + f.kept + up)[:15]
    largest = (f.exponent == 29) & f.kept.all()
    overflow = named(m, f"{name}_overflow", f.over | (largest & up))
    size = Mux(overflow, LARGEST, bits)[:15]
    return stage(m, f"{name}_number", f.valid, number=Cat(size, f.negative), overflow=overflow)
