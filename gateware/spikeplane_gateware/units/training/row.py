"""The arithmetic of a word of neurons or weights, lane by lane.

```
    word[i] ---------(- from decode(weights[i]))--> Round16 --> clamp --+--> numbers
                     (+ decode(weights[i]): momentum)                   |
                                       thresholds[i] --> compare ------+--> fired, windows
                               factor --> Mul16 (0 where gated) --> decode --> addends
```
Throughput: a word in lanes + LATENCY cycles, one at a time.
"""

from enum import IntEnum
from typing import Any

from amaranth.hdl import Array, Cat, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from spikeplane.config import ChipConfig, bits_for
from spikeplane.formats.training import FRACTION_BITS, VALUE_BITS
from spikeplane.formats.training_tables import EXPONENT_BITS
from spikeplane_gateware.units.training.binary16 import (
    BIAS,
    DECODE_LATENCY,
    clamp,
    decode,
    mul16,
    round16,
)
from spikeplane_gateware.units.training.stage import stage

#: Least bits of what is rounded: a weight less a step, which may be 65504, is beyond 36 bits.
ROUNDED_BITS = 48
_WHOLE = 41  #: bits of any binary16 number in units


class Rule(IntEnum):
    """What a word is."""

    FIRE = 0  #: sums of neurons; factor: the leak, of those that do not fire
    DELTA = 1  #: sums of deltas, which are limited; factor: the leak, of those without `spikes`
    GRADIENT = 2  #: gradients, with momentum and `weights`; factor: the rate
    WEIGHT = 3  #: steps, which are taken from `weights`; limited


class Row(wiring.Component):
    """One word of neurons or weights.

    Parameters: config: the chip.

    Attributes: start: pulse; rule, word, weights, factor, limit (an exponent), theta, low, high, spikes,
    readout (its addends are not gated): stable until done;
    done: pulse; numbers: each lane rounded (and limited); fired, windows: lanes at the threshold, and within the window;
    addends: numbers times factor, 0 where gated, in units; saturated, clipped: pulses, a rounding has left binary16, a
    number was limited. With momentum also decays: level, numbers are `weights` times factor. Words of an update may be
    wider than sums: `TrainingConfig.update_bits`.
    """

    def __init__(self, config: ChipConfig) -> None:
        assert config.training is not None
        self.config, self.exact = config, config.training.update_bits
        self.rounded = max(ROUNDED_BITS, self.exact)
        self.momentum = config.training.momentum
        lanes = config.lanes
        numbers = {name: In(VALUE_BITS).array(lanes) for name in ("weights", "theta", "low", "high")}
        super().__init__(
            {
                "start": In(1),
                "rule": In(2),
                "word": In(self.exact).array(lanes),
                "factor": In(VALUE_BITS),
                "limit": In(EXPONENT_BITS),
                "spikes": In(lanes),
                "readout": In(1),
                **numbers,
                **({"decays": In(1)} if self.momentum else {}),
                "done": Out(1),
                "numbers": Out(VALUE_BITS).array(lanes),
                "fired": Out(lanes),
                "windows": Out(lanes),
                "addends": Out(self.exact).array(lanes),
                "saturated": Out(1),
                "clipped": Out(1),
            }
        )
        self.found = Signal(lanes * VALUE_BITS, reset_less=True)
        self.added = Signal(lanes * self.exact, reset_less=True)

    def elaborate(self, platform: object) -> Module:
        m, lanes = Module(), self.config.lanes
        rounded = round16(m, "round", *_operand(self, m))
        place = self._counter(m, "place", rounded.valid)
        limited = (self.rule == Rule.DELTA) | (self.rule == Rule.WEIGHT)
        within, beyond = clamp(rounded.number, self.limit + BIAS)
        number = Signal(VALUE_BITS)
        m.d.comb += [
            number.eq(Mux(limited, within, rounded.number)),
            self.saturated.eq(rounded.valid & rounded.overflow),
            self.clipped.eq(rounded.valid & limited & beyond),
        ]
        fires = self._compare(m, rounded, place)
        gated = Mux(
            self.rule == Rule.FIRE,
            fires & ~self.readout,
            (self.rule == Rule.DELTA) & Array(self.spikes)[place],
        )
        product = mul16(
            m, "product", rounded.valid, self.factor, Value.cast(Mux(gated, 0, number))[:VALUE_BITS]
        )
        self._numbers(m, rounded.valid, number, product)
        addend = decode(m, "addend", product.valid, _narrowed(self, product.number), exact_bits=self.exact)
        last = self._counter(m, "last", addend.valid)
        m.d.sync += self.done.eq(addend.valid & (last == lanes - 1))
        with m.If(addend.valid):
            added = (addend.word + addend.carry)[: self.exact]
            m.d.sync += self.added.eq(Cat(self.added[self.exact :], added))
        for lane in range(lanes):
            m.d.comb += [
                self.numbers[lane].eq(self.found.word_select(lane, VALUE_BITS)),
                self.addends[lane].eq(self.added.word_select(lane, self.exact)),
            ]
        return m

    def _numbers(self, m: Module, valid: Value, number: Value, product: Any) -> None:
        """What is found in each lane: its number, or where it decays the product."""
        decays: Value | int = self.decays if self.momentum else 0
        with m.If(Mux(decays, product.valid, valid)):
            found = Value.cast(Mux(decays, product.number, number))[:VALUE_BITS]
            m.d.sync += self.found.eq(Cat(self.found[VALUE_BITS:], found))

    def _counter(self, m: Module, name: str, step: Value) -> Signal:
        count = Signal(range(self.config.lanes), name=name)
        with m.If(self.start):
            m.d.sync += count.eq(0)
        with m.Elif(step):
            m.d.sync += count.eq(count + 1)
        return count

    def _compare(self, m: Module, rounded: object, place: Signal) -> Value:
        """Whether the number fires; with the window kept for its lane."""
        v = _ordered(rounded.number)  # pyright: ignore[reportAttributeAccessIssue] - a stage's
        theta, low, high = (
            _ordered(Array(getattr(self, name))[place[: bits_for(self.config.lanes)]])
            for name in ("theta", "low", "high")
        )
        fires = v >= theta
        with m.If(rounded.valid):  # pyright: ignore[reportAttributeAccessIssue] - a stage's
            m.d.sync += [
                self.fired.eq(Cat(self.fired[1:], fires)),
                self.windows.eq(Cat(self.windows[1:], (v > low) & (v < high))),
            ]
        return fires


def _ordered(number: Value) -> Value:
    """A finite number that is not -0, as bits that grow with it."""
    number = Value.cast(number)
    return Value.cast(Mux(number[15], ~number, number ^ 0x8000))[:16]


def _narrowed(row: Row, number: Value) -> Value:
    """A product that a narrow word holds. A step of more takes any weight beyond its limit, as this one does
    (`plan`: weights are a quarter of what a word holds)."""
    if row.exact >= _WHOLE:
        return number
    most = row.exact - FRACTION_BITS - 1 + BIAS  # exponent of the first that it does not hold
    size = Value.cast(Mux(number[10:15] >= most, (most << 10) - 1, number[:15]))
    return Value.cast(Cat(size[:15], number[15]))


def _operand(row: Row, m: Module) -> tuple[Signal, Signal]:
    """(valid, what is rounded), a lane a cycle: its word, or its weight less it."""
    lanes = row.config.lanes
    feeds, lane = Signal(), Signal(range(lanes))
    m.d.sync += feeds.eq(row.start | (feeds & (lane != lanes - 1)))
    m.d.sync += lane.eq(Mux(row.start, 0, lane + 1))
    word, weight = Array(row.word)[lane], Array(row.weights)[lane]
    kept = stage(m, "kept", feeds, word=word)
    for number in range(1, DECODE_LATENCY):
        kept = stage(m, f"kept_{number}", kept.valid, word=kept.word)
    of = decode(m, "weight", feeds, weight, exact_bits=row.rounded)
    wide, number = kept.word.as_signed(), (of.word + of.carry).as_signed()
    operand = Mux(row.rule == Rule.WEIGHT, number - wide, wide)
    if row.momentum:
        running = number + Mux(row.decays, 0, wide)
        operand = Mux(row.rule == Rule.GRADIENT, running, operand)
    found = stage(m, "operand", kept.valid, value=operand[: row.rounded])
    return found.valid, found.value
