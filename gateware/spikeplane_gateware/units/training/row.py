"""The arithmetic of a word of neurons or weights, two lanes at a time.

```
    word[i] ---------(- from decode(weights[i]))--> Round16 --> clamp --+--> numbers
                     (+ decode(weights[i]): momentum)                   |
                                       thresholds[i] --> compare ------+--> fired, windows
                               factor --> Mul16 (0 where gated) --> decode --> addends
```
Throughput: WAYS lanes a cycle, a word of eight in four. Latency: NUMBERED and ADDED cycles from `start`.
"""

from enum import IntEnum
from types import SimpleNamespace
from typing import Any

from amaranth.hdl import Array, Cat, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from spikeplane.config import ChipConfig
from spikeplane.formats.training import FRACTION_BITS, VALUE_BITS, WAYS
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
PASSES = 8 // WAYS  #: cycles of a word: pass i is of the lanes from WAYS * i on
_FED = 1 + DECODE_LATENCY + 1  #: cycles from `start` to the first lanes' operands
NUMBERED = _FED + ROUND_LATENCY + 1 + PASSES  #: to `numbers`, `fired` and `windows` of all lanes
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

    Attributes: start: pulse, a word goes in in the PASSES cycles behind it, and the next one may follow right behind;
    word, weights, rule: of these cycles; factor, limit (an exponent), readout (its addends are not gated): of all words
    under way; theta, low, high, spikes: pass by pass ROUND_LATENCY and three cycles later; numbers: each lane rounded
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
        rounded = [round16(m, f"round_{way}", *fed) for way, fed in enumerate(_operands(self, m, rules))]
        place = _counter(m, "place", rounded[0].valid)
        most = Signal(len(self.limit + BIAS), reset_less=True)  # words of a limit come many cycles behind it
        m.d.sync += most.eq(self.limit + BIAS)
        known = [self._known(m, way, one, rules[-1], most, place) for way, one in enumerate(rounded)]
        m.d.comb += [
            self.saturated.eq(Cat(*[one.valid & one.overflow for one in rounded]).any()),
            self.clipped.eq(Cat(*[one.beyond for one in known]).any()),
        ]
        with m.If(known[0].stage.valid):
            for name in ("fires", "windows"):
                bits = self.fired if name == "fires" else self.windows
                m.d.sync += bits.eq(Cat(bits[WAYS:], *[getattr(one.stage, name) for one in known]))
        products = []
        for way, one in enumerate(known):
            factor = Value.cast(Mux(one.stage.gated, 0, one.stage.number))[:VALUE_BITS]
            products.append(mul16(m, f"product_{way}", one.stage.valid, self.factor, factor))
        self._numbers(m, [one.stage for one in known], products)
        self._addends(m, products)
        for lane in range(lanes):
            m.d.comb += [
                self.numbers[lane].eq(self.found.word_select(lane, VALUE_BITS)),
                self.addends[lane].eq(self.added.word_select(lane, self.exact)),
            ]
        return m

    def _known(
        self, m: Module, way: int, rounded: Any, rule: Value, most: Value, place: Value
    ) -> SimpleNamespace:
        """A number limited and compared, as `stage`; beyond: it was limited."""
        limited = (rule == Rule.DELTA) | (rule == Rule.WEIGHT)
        within, beyond = clamp(rounded.number, most)
        number = Signal(VALUE_BITS, name=f"number_{way}")
        m.d.comb += number.eq(Mux(limited, within, rounded.number))
        fires, windows = self._compare(rounded.number, way, place)
        replays = (rule == Rule.DELTA) & _of(self.spikes, way)[place]
        gated = Mux(rule == Rule.FIRE, fires & ~self.readout, replays)
        names = {"number": number, "fires": fires, "windows": windows, "gated": gated}
        return SimpleNamespace(
            stage=stage(m, f"known_{way}", rounded.valid, **names), beyond=rounded.valid & limited & beyond
        )

    def _addends(self, m: Module, products: list[Any]) -> None:
        added = []
        for way, product in enumerate(products):
            number = _narrowed(self, product.number)
            addend = decode(m, f"addend_{way}", product.valid, number, exact_bits=self.exact)
            word = (addend.word + addend.carry)[: self.exact]
            added.append(stage(m, f"sum_{way}", addend.valid, word=word))
        last = _counter(m, "last", added[0].valid)
        m.d.sync += self.done.eq(added[0].valid & (last == PASSES - 1))
        with m.If(added[0].valid):
            m.d.sync += self.added.eq(Cat(self.added[WAYS * self.exact :], *[one.word for one in added]))

    def _numbers(self, m: Module, known: list[Any], products: list[Any]) -> None:
        """What is found in each lane: its number, or where it decays the product."""
        decays: Value | int = self.decays if self.momentum else 0
        with m.If(Mux(decays, products[0].valid, known[0].valid)):
            found = [
                Value.cast(Mux(decays, product.number, one.number))[:VALUE_BITS]
                for one, product in zip(known, products, strict=True)
            ]
            m.d.sync += self.found.eq(Cat(self.found[WAYS * VALUE_BITS :], *found))

    def _compare(self, number: Value, way: int, place: Value) -> tuple[Value, Value]:
        """Whether the number of the lane fires, and whether it is in the window."""
        v = _ordered(number)
        theta, low, high = (
            _ordered(_of(getattr(self, name), way)[place]) for name in ("theta", "low", "high")
        )
        return v >= theta, (v > low) & (v < high)


def _counter(m: Module, name: str, step: Value) -> Signal:
    """The pass that is there: words are whole, so it is never set."""
    count = Signal(range(PASSES), name=name)
    with m.If(step):
        m.d.sync += count.eq(count + 1)
    return count


def _of(lanes: Any, way: int) -> Array:
    """What this way sees of lanes, by pass."""
    return Array(lanes[lane] for lane in range(way, len(lanes), WAYS))


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


def _operands(row: Row, m: Module, rules: list) -> list[tuple[Signal, Signal]]:
    """(valid, what is rounded) of each way, a pass a cycle: its word, or its weight less it."""
    feeds, turn = Signal(), Signal(range(PASSES))
    m.d.sync += feeds.eq(row.start | (feeds & (turn != PASSES - 1)))
    m.d.sync += turn.eq(Mux(row.start, 0, turn + 1))
    return [
        _operand(row, m, way, feeds, _of(row.word, way)[turn], _of(row.weights, way)[turn], rules)
        for way in range(WAYS)
    ]


def _operand(
    row: Row, m: Module, way: int, feeds: Signal, word: Value, weight: Value, rules: list
) -> tuple[Signal, Signal]:
    kept = stage(m, f"kept_{way}", feeds, word=word)
    for number in range(1, DECODE_LATENCY):
        kept = stage(m, f"kept_{way}_{number}", kept.valid, word=kept.word)
    of = decode(m, f"weight_{way}", feeds, weight, exact_bits=row.rounded)
    wide, number = kept.word.as_signed(), (of.word + of.carry).as_signed()
    rule = rules[DECODE_LATENCY]
    operand = Mux(rule == Rule.WEIGHT, number - wide, wide)
    if row.momentum:
        running = number + Mux(row.decays, 0, wide)
        operand = Mux(rule == Rule.GRADIENT, running, operand)
    found = stage(m, f"operand_{way}", kept.valid, value=operand[: row.rounded])
    return found.valid, found.value
