"""The update of weights without momentum: two passes of each word through Row, those of four words in turn.

```
  cycle  0        10      11..                 32                33..                  35                45
  word -> FETCH -> D, W -> round16(D) * rate -> step ----------> round16(W - step) --> STORE W, D = 0 --> numbers
```
Throughput: a weight word in PERIOD cycles, 9 for 8 passes of Row. What a word does is known from its FETCH on, so nothing
is waited for; all words of a projection are through before the next one's begin.
"""

from amaranth.hdl import Cat, Module, Mux, Signal, Value

from spikeplane.config import ChipConfig
from spikeplane.formats.training import VALUE_BITS
from spikeplane_gateware.units.training.port import ORDER_LATENCY, Order
from spikeplane_gateware.units.training.row import ADDED, NUMBERED, PASSES, Rule
from spikeplane_gateware.units.training.update import Update, wide

PERIOD = 9  #: cycles from a word to the next: its passes take four each, the second begins when the first is through
_FIRST = ORDER_LATENCY  #: cycles from FETCH to the first pass
_SECOND = _FIRST + ADDED  #: to the second
_STORE = _SECOND + NUMBERED - ORDER_LATENCY
_WORDS = -(-(_STORE + ORDER_LATENCY) // PERIOD)  #: under way, until their numbers are taken
#: Beats in which the second passes feed Row. The first ones have the others.
_SECONDS = {(_SECOND + 1 + i) % PERIOD for i in range(PASSES)}
assert not _SECONDS & {(_FIRST + 1 + i) % PERIOD for i in range(PASSES)}
_AGES = (_SECOND + PASSES - _FIRST - 1) // PERIOD + 1  #: words whose weights are kept


class PlainUpdate(Update):
    """The same, several words at a time.

    Parameters: config: a chip without momentum and streamed gradients.

    Attributes: as `Update`.
    """

    def __init__(self, config: ChipConfig) -> None:
        super().__init__(config)
        self.beat, self.valid = Signal(range(PERIOD)), Signal(_WORDS)
        self.steps = Signal.like(self.sum, name="steps", reset_less=True)
        self.old = [Signal.like(self.weights, name=f"old_{i}", reset_less=True) for i in range(1, _AGES)]
        self.stored = Signal.like(self.word.first, name="stored", reset_less=True)

    def elaborate(self, platform: object) -> Module:
        m, port, second = Module(), self.port, Signal()
        begins = Signal()
        m.d.comb += [
            second.eq(Cat(*[self.beat == beat for beat in sorted(_SECONDS)]).any()),
            self.row_limit.eq(self.word.limit),
            self.row_rule.eq(Mux(second, Rule.WEIGHT, Rule.GRADIENT)),
            self.row_start.eq(self._at(_FIRST) | self._at(_SECOND)),
            *[port.numbers[i].eq(number) for i, number in enumerate(self.row_numbers)],
        ]
        for lane in range(self.config.lanes):
            steps, sums = (word.word_select(lane, self.exact) for word in (self.steps, self.sum))
            m.d.comb += [
                self.row_word[lane].eq(Mux(second, steps, sums)),
                self.row_weights[lane].eq(self.old[-1].word_select(lane, VALUE_BITS)),
            ]
        loads, shown = self._table(m)
        m.d.comb += self.read_data.eq(shown)
        self._words(m, begins)
        self._orders(m, begins)
        self._control(m, begins, loads)
        return m

    def _at(self, cycle: int) -> Value:
        """A word began so many cycles ago."""
        return self.valid[(cycle - 1) // PERIOD] & (self.beat == cycle % PERIOD)

    def _words(self, m: Module, begins: Signal) -> None:
        """What is known of the words under way."""
        last = self.beat == PERIOD - 1
        m.d.sync += self.beat.eq(Mux(last, 0, self.beat + 1))
        with m.If(self.beat == 0):
            m.d.sync += self.valid.eq(Cat(begins & ~self.discard, self.valid))
        with m.If(self.beat == _FIRST % PERIOD):
            m.d.sync += [
                self.sum.eq(wide(self, self.port.found)),
                self.weights.eq(Cat(*self.port.weights)),
                Cat(*self.old).eq(Cat(self.weights, *self.old)),
            ]
        with m.If(self._at(_SECOND)):
            m.d.sync += self.steps.eq(Cat(*self.row_addends))

    def _orders(self, m: Module, begins: Signal) -> None:
        port, stores = self.port, Signal()
        m.d.comb += [
            stores.eq(self._at(_STORE)),
            port.pulse.eq(1),
            port.valid.eq(begins | stores),
            port.order.eq(Mux(self.discard, Order.DISCARD, Mux(stores, Order.STORE, Order.FETCH))),
            port.address.eq(Mux(stores, self.stored, self.word.first)),
        ]
        with m.If(stores):
            m.d.sync += self.stored.eq(self.stored + 1)

    def _control(self, m: Module, begins: Signal, loads: Signal) -> None:
        word = self.word
        with m.If(begins):
            m.d.sync += [word.first.eq(word.first + 1), word.count.eq(word.count - 1)]
        with m.FSM():
            with m.State("IDLE"):
                m.d.sync += self.tag.eq(0)
                with m.If(self.start):
                    m.next = "READ"
            with m.State("READ"):
                m.next = "LOAD"
            with m.State("LOAD"):
                m.d.comb += loads.eq(1)
                m.next = "BEGIN"
            with m.State("BEGIN"):
                m.d.sync += self.stored.eq(word.first)
                m.next = "WORDS"
            with m.State("WORDS"):
                m.d.comb += begins.eq((word.count != 0) & (self.discard | (self.beat == 0)))
                with m.If((word.count == 0) & ~self.valid.any()):
                    m.next = "READ"
                    m.d.sync += self.tag.eq(self.tag + 1)
                    with m.If(self.tag == self.config.projections - 1):
                        m.d.comb += self.done.eq(1)
                        m.next = "IDLE"
