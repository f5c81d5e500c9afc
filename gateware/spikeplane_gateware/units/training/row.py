"""The arithmetic of a word of neurons or weights, lane by lane.

```
    word[i] ---------(- from decode(weights[i]))--> Round16 --> clamp --+--> numbers
                     (+ decode(weights[i]): momentum)                   |
                                       thresholds[i] --> compare ------+--> fired, windows
                               factor --> Mul16 (0 where gated) --> decode --> addends
```
Throughput: a lane a cycle, a word of eight in eight. Latency: NUMBERED and ADDED cycles from `start`.
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
    MUL_LATENCY,
    ROUND_LATENCY,
    clamp,
    decode,
    mul16,
    round16,
)
from spikeplane_gateware.units.training.stage import along, stage

#: Least bits of what is rounded: a weight less a step, which may be 65504, is beyond 36 bits.
ROUNDED_BITS = 48
_LANES = 8
_FED = 1 + DECODE_LATENCY + 1  #: cycles from `start` to the first lane's operand
NUMBERED = _FED + ROUND_LATENCY + 1 + _LANES  #: to `numbers`, `fired` and `windows` of all lanes
ADDED = NUMBERED + MUL_LATENCY + DECODE_LATENCY + 1  #: to their `addends`
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

    Attributes: start: pulse, a word goes in in the `lanes` cycles behind it, and the next one may follow right behind;
    word, weights, rule: of these cycles; factor, limit (an exponent), readout (its addends are not gated): of all words
    under way; theta, low, high, spikes: lane by lane ROUND_LATENCY and three cycles later; numbers: each lane rounded
    (and limited); fired, windows: lanes at the threshold, and within the window; addends: numbers times factor, 0 where
    gated, in units. Each of these stands in the cycle NUMBERED or ADDED behind `start`, and until the next word follows.
    done: pulse, addends stand; saturated, clipped: pulses, a rounding has left binary16, a number was limited. With
    momentum also decays: level, numbers are `weights` times factor. Words of an update may be wider than sums:
    `TrainingConfig.update_bits`.
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
        rules = along(m, "rule", self.rule, _FED + ROUND_LATENCY - 1)
        rounded = round16(m, "round", *_operand(self, m, rules))
        place = self._counter(m, "place", rounded.valid)
        limited = (rules[-1] == Rule.DELTA) | (rules[-1] == Rule.WEIGHT)
        most = Signal(len(self.limit + BIAS), reset_less=True)  # words of a limit come many cycles behind it
        m.d.sync += most.eq(self.limit + BIAS)
        within, beyond = clamp(rounded.number, most)
        number = Signal(VALUE_BITS)
        m.d.comb += [
            number.eq(Mux(limited, within, rounded.number)),
            self.saturated.eq(rounded.valid & rounded.overflow),
            self.clipped.eq(rounded.valid & limited & beyond),
        ]
        fires, windows = self._compare(rounded.number, place)
        replays = (rules[-1] == Rule.DELTA) & Array(self.spikes)[place]
        gated = Mux(rules[-1] == Rule.FIRE, fires & ~self.readout, replays)
        names = {"number": number, "fires": fires, "windows": windows, "gated": gated}
        known = stage(m, "known", rounded.valid, **names)
        with m.If(known.valid):
            m.d.sync += [
                self.fired.eq(Cat(self.fired[1:], known.fires)),
                self.windows.eq(Cat(self.windows[1:], known.windows)),
            ]
        factor = Value.cast(Mux(known.gated, 0, known.number))[:VALUE_BITS]
        product = mul16(m, "product", known.valid, self.factor, factor)
        self._numbers(m, known.valid, known.number, product)
        self._addends(m, product)
        for lane in range(lanes):
            m.d.comb += [
                self.numbers[lane].eq(self.found.word_select(lane, VALUE_BITS)),
                self.addends[lane].eq(self.added.word_select(lane, self.exact)),
            ]
        return m

    def _addends(self, m: Module, product: Any) -> None:
        addend = decode(m, "addend", product.valid, _narrowed(self, product.number), exact_bits=self.exact)
        added = stage(m, "sum", addend.valid, word=(addend.word + addend.carry)[: self.exact])
        last = self._counter(m, "last", added.valid)
        m.d.sync += self.done.eq(added.valid & (last == self.config.lanes - 1))
        with m.If(added.valid):
            m.d.sync += self.added.eq(Cat(self.added[self.exact :], added.word))

    def _numbers(self, m: Module, valid: Value, number: Value, product: Any) -> None:
        """What is found in each lane: its number, or where it decays the product."""
        decays: Value | int = self.decays if self.momentum else 0
        with m.If(Mux(decays, product.valid, valid)):
            found = Value.cast(Mux(decays, product.number, number))[:VALUE_BITS]
            m.d.sync += self.found.eq(Cat(self.found[VALUE_BITS:], found))

    def _counter(self, m: Module, name: str, step: Value) -> Signal:
        """The lane that is there: words are whole, so it is never set."""
        count = Signal(range(self.config.lanes), name=name)
        with m.If(step):
            m.d.sync += count.eq(count + 1)
        return count

    def _compare(self, number: Value, place: Signal) -> tuple[Value, Value]:
        """Whether the number of the lane fires, and whether it is in the window."""
        v = _ordered(number)
        theta, low, high = (
            _ordered(Array(getattr(self, name))[place[: bits_for(self.config.lanes)]])
            for name in ("theta", "low", "high")
        )
        return v >= theta, (v > low) & (v < high)


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


def _operand(row: Row, m: Module, rules: list) -> tuple[Signal, Signal]:
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
    rule = rules[DECODE_LATENCY]
    operand = Mux(rule == Rule.WEIGHT, number - wide, wide)
    if row.momentum:
        running = number + Mux(row.decays, 0, wide)
        operand = Mux(rule == Rule.GRADIENT, running, operand)
    found = stage(m, "operand", kept.valid, value=operand[: row.rounded])
    return found.valid, found.value
