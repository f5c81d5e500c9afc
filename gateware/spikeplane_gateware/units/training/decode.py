"""The stages of `Decode`: a binary16 number as an addend of an exact sum.

```
    number -> m, e; e + shift -> << low three bits -> | -> << high bits -> ^ sign -> | word, carry
```
"""

from types import SimpleNamespace

from amaranth.hdl import Cat, Const, Module, Mux, Value

from spikeplane_gateware.units.training.stage import Chain, named, stage

DECODE_LATENCY = 2  #: cycles from number to word
_MOST = 29  #: bits that the largest exponent shifts by
_LOW = 3  #: bits of the shift that the first stage does


def decode(
    m: Module,
    name: str,
    valid: Value | Chain,
    number: Value,
    *,
    exact_bits: int,
    shift: Value | int = 0,
    negate: Value | int = 0,
    beside: Value | int = 0,
) -> SimpleNamespace:
    """`valid`, `word` and `carry` in registers: word + carry = number * 2^shift in units of 2^-24, its sign
    turned if `negate`, modulo 2^exact_bits. `beside`: a word that takes the place of a number that is 0, a cycle
    later than that."""
    exponent, normal = number[10:15], named(m, f"{name}_normal", number[10:15].any())
    mantissa = Cat(number[:10], normal)
    # a shift of max(exponent - 1, 0): what is not normal has the scale of exponent 1
    shift = Value.cast(shift)
    most = _MOST + ((1 << len(shift)) - 1 if not isinstance(shift, Const) else shift.value)
    total = named(m, f"{name}_shift", (exponent + shift - normal)[: most.bit_length()])
    low = (mantissa << total[:_LOW])[: len(mantissa) + (1 << _LOW) - 1]
    s = stage(
        m,
        f"{name}_low",
        valid,
        word=low[:exact_bits],
        rest=total[_LOW:],
        negative=number[15] ^ Value.cast(negate)[0],
    )
    word = (s.word << Cat(Const(0, _LOW), s.rest))[:exact_bits]
    whole = named(m, f"{name}_whole", word)
    return stage(m, f"{name}_word", s.valid, word=Mux(s.negative, ~whole, whole) | beside, carry=s.negative)
