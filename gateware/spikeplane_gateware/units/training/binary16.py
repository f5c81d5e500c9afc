"""Binary16 in hardware: the arithmetic of training, to the bit (docs/training.md, "Numbers").

```
    valid, number --> Decode  (2) --> out_valid, word + carry        binary16 -> exact addend
    valid, word ----> Round16 (4) --> out_valid, number, overflow    exact word -> nearest binary16
    valid, a, b ----> Mul16   (6) --> out_valid, number, overflow    product, rounded once
    clamp(h, limit)                                                  combinational
```
In brackets the latency in cycles: DECODE_LATENCY, ROUND_LATENCY, MUL_LATENCY. All take a value every cycle and never
stall: a value that comes in with `valid` leaves with `out_valid` so many cycles later, and between two
`out_valid` the outputs hold. Only the valid bits are reset. An exact word counts units of 2^-24 in two's
complement. Numbers are finite; infinity and NaN do not come in and never come out.

Inside other components the functions `decode`, `round16` and `mul16` build the same stages into a module,
without a submodule each: a core has several in every lane.
"""

from amaranth.hdl import Cat, Const, Module, Mux, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from spikeplane_gateware.units.training.decode import DECODE_LATENCY, decode
from spikeplane_gateware.units.training.product import MUL_LATENCY, mul16
from spikeplane_gateware.units.training.rounding import LARGEST, ROUND_LATENCY, round16

__all__ = [
    "BIAS", "DECODE_LATENCY", "LARGEST", "MUL_LATENCY", "ROUND_LATENCY",
    "Decode", "Mul16", "Round16", "clamp", "decode", "mul16", "round16",
]  # fmt: skip

BIAS = 15  #: of a binary16 exponent


class Decode(wiring.Component):
    """A binary16 number as an addend of an exact sum: word + carry = +-number * 2^shift.

    Throughput: one a cycle. Latency: DECODE_LATENCY (2).

    Parameters
    ----------
    exact_bits : int
        Bits of an exact word, 36 or 48.
    shift_bits : int
        Bits of `shift`; 0: there is no such port.

    Attributes
    ----------
    valid, number : In(1), In(16)
        A number.
    negate : In(1)
        Its sign is turned.
    shift : In(shift_bits)
        It counts 2^shift times, as bit `shift` of a value does. What leaves the word at the top is lost,
        as in any sum modulo 2^exact_bits.
    out_valid, word, carry : Out(1), Out(exact_bits), Out(1)
        The addend is word + carry, modulo 2^exact_bits: a negative one is a complement, whose carry
        the adder takes for nothing.
    """

    def __init__(self, *, exact_bits: int, shift_bits: int = 0) -> None:
        self.exact_bits, self.shift_bits = exact_bits, shift_bits
        ports = {"valid": In(1), "number": In(16), "negate": In(1)}
        if shift_bits:
            ports["shift"] = In(shift_bits)
        super().__init__({**ports, "out_valid": Out(1), "word": Out(exact_bits), "carry": Out(1)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        shift = self.shift if self.shift_bits else 0
        found = decode(
            m, "decode", self.valid, self.number, exact_bits=self.exact_bits, shift=shift, negate=self.negate
        )
        m.d.comb += [self.out_valid.eq(found.valid), self.word.eq(found.word), self.carry.eq(found.carry)]
        return m


class Round16(wiring.Component):
    """The binary16 number nearest to an exact word: ties to even, subnormals kept.

    A word that is not 0 is never rounded to 0. Throughput: one a cycle. Latency: ROUND_LATENCY (4).

    Parameters
    ----------
    exact_bits : int
        Bits of an exact word, 36 or 48, or 49 and more for sums of several.

    Attributes
    ----------
    valid, word : In(1), In(exact_bits)
        An exact word.
    out_valid, number : Out(1), Out(16)
        It rounded.
    overflow : Out(1)
        With `out_valid`: it saturated at +-65504, because it was at least 65520 in size. 36 bits never do.
    """

    def __init__(self, *, exact_bits: int) -> None:
        self.exact_bits = exact_bits
        super().__init__(
            {
                "valid": In(1),
                "word": In(exact_bits),
                "out_valid": Out(1),
                "number": Out(16),
                "overflow": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        found = round16(m, "round", self.valid, self.word)
        m.d.comb += [
            self.out_valid.eq(found.valid),
            self.number.eq(found.number),
            self.overflow.eq(found.valid & found.overflow),
        ]
        return m


class Mul16(wiring.Component):
    """The binary16 number nearest to a product of two: ties to even, subnormals kept, +0 for every zero.

    Throughput: one a cycle. Latency: MUL_LATENCY (6).

    Attributes
    ----------
    valid, a, b : In(1), In(16), In(16)
        Two numbers.
    out_valid, number : Out(1), Out(16)
        Their product, rounded.
    overflow : Out(1)
        With `out_valid`: it saturated at +-65504.
    """

    def __init__(self) -> None:
        super().__init__(
            {
                "valid": In(1),
                "a": In(16),
                "b": In(16),
                "out_valid": Out(1),
                "number": Out(16),
                "overflow": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        found = mul16(m, "mul", self.valid, self.a, self.b)
        m.d.comb += [
            self.out_valid.eq(found.valid),
            self.number.eq(found.number),
            self.overflow.eq(found.valid & found.overflow),
        ]
        return m


def clamp(number: Value, exponent: Value | int) -> tuple[Value, Value]:
    """(number limited to +-2^(exponent - BIAS), and whether that changed it): combinational.

    exponent: 1 to 30 in five bits, as a binary16 number holds it. The comparison is one of the low 15 bits,
    which grow with a number's size."""
    limit = Cat(Const(0, 10), Value.cast(exponent)[:5])
    beyond = number[:15] > limit
    return Value.cast(Mux(beyond, Cat(limit, number[15]), number))[:16], beyond
