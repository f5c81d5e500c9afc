"""The stages of `Mul16`: the binary16 number nearest to a product of two.

```
    a, b -> m, n, e + f -> | -> m * n, zeros above each -> | -> shift that leaves one zero at most -> |
         -> << its high bits -> | -> << its low bits, any below -> | -> << 1? -> + 1 if nearer -> saturate -> | number
```
The product is m * n * 2^(e + f - 24) units. Shifted to the left by no more than e + f its bits from 24 up are
what is kept, of 2^s units with s = e + f - shift >= 0. The zeros above m and n tell the place of
the product's top bit but for one.
"""

from types import SimpleNamespace

from amaranth.hdl import Cat, Const, Module, Mux, Value

from spikeplane_gateware.units.training.rounding import KEPT, LARGEST
from spikeplane_gateware.units.training.stage import Chain, named, stage

MUL_LATENCY = 6  #: cycles from a, b to the product
_POINT = 24  #: of a shifted product, the lowest bit that is kept
_TOP = _POINT + KEPT - 1  #: the highest
_LOW = 3  #: bits of the shift that the second stage does


def mul16(m: Module, name: str, valid: Value | Chain, a: Value, b: Value) -> SimpleNamespace:
    """`valid`, `number` and `overflow` in registers: the binary16 nearest to a * b, ties to even, subnormals
    kept, +0 for zero; beyond 65504 that, and overflow."""
    (x, e), (y, f) = _parts(a), _parts(b)
    s = stage(m, f"{name}_parts", valid, x=x, y=y, exponent=e + f, negative=a[15] ^ b[15])
    p = stage(
        m,
        f"{name}_product",
        s.valid,
        size=s.x * s.y,
        zeros_x=_zeros(s.x),
        zeros_y=_zeros(s.y),
        zero=~s.x.any() | ~s.y.any(),
        exponent=s.exponent,
        negative=s.negative,
    )
    least = named(m, f"{name}_least", p.zeros_x + p.zeros_y + _TOP - 21)
    small = p.zero | (p.exponent < least)
    shift = Mux(small, p.exponent, least)[:6]
    t = stage(m, f"{name}_shift", p.valid, size=p.size, shift=shift, exponent=p.exponent, negative=p.negative)
    high = (t.size << Cat(Const(0, _LOW), t.shift[_LOW:]))[: _TOP + 1]
    h = stage(
        m,
        f"{name}_high",
        t.valid,
        part=high,
        shift=t.shift[:_LOW],
        exponent=(t.exponent - t.shift)[:6].as_unsigned(),
        negative=t.negative,
    )
    return _packed(m, name, _low(m, f"{name}_low", h))


def _parts(h: Value) -> tuple[Value, Value]:
    """Mantissa and exponent of mantissa * 2^exponent units."""
    normal = h[10:15].any()
    return Value.cast(Cat(h[:10], normal)), (h[10:15] - normal)[:5].as_unsigned()


def _zeros(mantissa: Value) -> Value:
    """How many zeros stand above the top bit; 0 of a mantissa that is 0."""
    found: Value = Const(0, 4)
    for place in range(KEPT):
        found = Value.cast(Mux(mantissa[place], KEPT - 1 - place, found))[:4]
    return found


def _low(m: Module, name: str, h: SimpleNamespace) -> SimpleNamespace:
    """The last part of the shift: `part` holds the bits from two below the point, `below` any under them."""
    edge = _POINT - 2
    lowest = edge - (1 << _LOW) + 1
    masked = [h.part[edge - 1 - k] & (h.shift <= k) for k in range((1 << _LOW) - 1)]
    return stage(
        m,
        name,
        h.valid,
        part=(h.part << h.shift)[edge : _TOP + 1],
        below=h.part[:lowest].any() | Cat(*masked).any(),
        exponent=h.exponent,
        negative=h.negative,
    )


def _packed(m: Module, name: str, s: SimpleNamespace) -> SimpleNamespace:
    again = named(m, f"{name}_again", ~s.part[-1] & s.exponent.any())
    kept = named(m, f"{name}_kept", Mux(again, s.part[1:-1], s.part[2:])[:KEPT])
    half = Mux(again, s.part[0], s.part[1])
    below = s.below | (~again & s.part[0])
    up = named(m, f"{name}_up", half & (below | kept[0]))
    exponent = (s.exponent - again)[:6].as_unsigned()
    bits = named(m, f"{name}_bits", (Cat(Const(0, 10), exponent) + kept + up)[:16])
    overflow = named(m, f"{name}_overflow", bits[15] | bits[10:15].all())
    size = Mux(overflow, LARGEST, bits[:15])[:15]
    negative = s.negative & (s.part[2:].any() | up)
    return stage(m, f"{name}_number", s.valid, number=Cat(size, negative), overflow=overflow)
