"""The update: every weight of the core by its gradient, once an iteration (docs/training.md, "Forward, backward, update").

```
    TRAIN word of a tag --> for each weight word: FETCH D, W
           (with momentum: q of the memory MOMENTUM --> Row: mu * q --> added to D)
                                     --> Row: g = round16(D), times rate     (with momentum: g is the next q)
                                     --> Row: round16(W - that), limited --> STORE W, D = 0
```
Throughput: a weight word in some 70 cycles, with momentum in 100.
"""

from typing import Any

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from spikeplane.config import ChipConfig
from spikeplane.formats.packet import CHUNK_BITS
from spikeplane.formats.tables import core_tables
from spikeplane.formats.training import VALUE_BITS
from spikeplane.formats.training_tables import EXPONENT_BITS, TrainingMemory, train_layout
from spikeplane_gateware.core.interfaces import WriteBus
from spikeplane_gateware.core.reads import ReadBus, output_register
from spikeplane_gateware.ram import Ram
from spikeplane_gateware.structs import struct
from spikeplane_gateware.units.training.momenta import Momenta
from spikeplane_gateware.units.training.port import Order, OrderPort
from spikeplane_gateware.units.training.row import Rule


def row_port(lanes: int, exact: int) -> dict[str, Any]:
    """The ports to `Row`, each named as there behind row_."""
    return {
        "row_start": Out(1),
        "row_rule": Out(2),
        "row_limit": Out(EXPONENT_BITS),
        "row_word": Out(exact).array(lanes),
        "row_weights": Out(VALUE_BITS).array(lanes),
        "row_done": In(1),
        "row_numbers": In(VALUE_BITS).array(lanes),
        "row_addends": In(exact).array(lanes),
    }


class Update(wiring.Component):
    """Changes the weights of all trained projections, or forgets their gradients.

    Parameters: config: the chip.

    Attributes: write, read, read_data: the memory TRAIN; start: pulse; discard: forget, stable until the pulse done;
    port: orders to the engine; row_*: those of `Row`; with momentum its factor is `row_factor` while `row_decays`.
    """

    def __init__(self, config: ChipConfig) -> None:
        assert config.training is not None
        self.config, self.tables, lanes = config, core_tables(config), config.lanes
        exact, self.momentum = config.training.update_bits, config.training.momentum
        decays = {"row_decays": Out(1), "row_factor": Out(VALUE_BITS)} if self.momentum else {}
        super().__init__(
            {
                **decays,
                "write": In(WriteBus(config)),
                "read": In(ReadBus(config)),
                "read_data": Out(CHUNK_BITS),
                "start": In(1),
                "discard": In(1),
                "done": Out(1),
                "port": Out(OrderPort(config)),
                **row_port(lanes, exact),
            }
        )
        self.word = Signal(struct(train_layout(config)), reset_less=True)
        self.tag = Signal(range(config.projections))
        self.decays = Signal()  # momentum: it is multiplied first
        self.exact = exact
        if self.momentum:
            self.momenta = Momenta(config)
        self.streams = config.training.streamed
        self.clears = Signal()  # streamed: all columns, at the end
        self.sum = Signal(lanes * exact, reset_less=True)
        self.weights = Signal(lanes * VALUE_BITS, reset_less=True)

    def elaborate(self, platform: object) -> Module:
        m, port, exact = Module(), self.port, self.exact
        second = Signal()  # the weights' turn
        m.d.comb += [
            port.address.eq(self.word.first),
            self.row_limit.eq(self.word.limit),
            self.row_rule.eq(Mux(second, Rule.WEIGHT, Rule.GRADIENT)),
            *[port.numbers[i].eq(number) for i, number in enumerate(self.row_numbers)],
        ]
        for lane in range(self.config.lanes):
            m.d.comb += [
                self.row_word[lane].eq(self.sum.word_select(lane, exact)),
                self.row_weights[lane].eq(self.weights.word_select(lane, VALUE_BITS)),
            ]
        loads, shown = self._table(m)
        if self.momentum:
            _momenta(self, m)
            shown = shown | self.momenta.read_data
        if self.streams:
            _streams(self, m, loads)
        m.d.comb += self.read_data.eq(shown)
        self._states(m, second, loads)
        return m

    def _table(self, m: Module) -> tuple[Signal, Value]:
        """Returns what makes its register take the word of the tag, and what is read back."""
        memory, loads, reads = TrainingMemory.TRAIN, Signal(), Signal()
        m.submodules.table = table = Ram(width=self.tables.width(memory), depth=self.tables.depth(memory))
        m.d.comb += [
            table.read_en.eq(1),
            table.read_address.eq(Mux(self.read.access, self.read.address, self.tag)),
            table.write_en.eq(self.write.valid & (self.write.memory == memory)),
            table.write_address.eq(self.write.address),
            table.write_data.eq(self.write.data),
            reads.eq(loads | self.read.load),
        ]
        shown = output_register(m, self.read, memory, self.tables, self.word, table.read_data, reads)
        return loads, shown

    def _states(self, m: Module, second: Signal, loads: Signal) -> None:
        port, word = self.port, self.word
        with m.FSM():
            with m.State("IDLE"):
                m.d.sync += [self.tag.eq(0), second.eq(0)]
                with m.If(self.start):
                    m.next = "READ"
            with m.State("READ"):
                m.next = "LOAD"
            with m.State("LOAD"):
                m.d.comb += loads.eq(1)
                m.next = "WORD"
            with m.State("WORD"):
                m.next = "FETCH"
                with m.If(self.discard):
                    m.next = "STORE"
                with m.If(_over(self)):
                    m.next = "READ"
                    m.d.sync += self.tag.eq(self.tag + 1)
                    with m.If(self.tag == self.config.projections - 1):
                        _end(self, m)
            if self.streams:
                _clear(self, m)
            with m.State("FETCH"):
                m.d.comb += [port.valid.eq(1), port.order.eq(Order.FETCH)]
                with m.If(port.done):
                    m.d.sync += [self.sum.eq(wide(self, port.found)), self.weights.eq(Cat(*port.weights))]
                    if self.momentum:
                        m.d.sync += self.decays.eq(1)
                    m.next = "BEGIN"
            with m.State("BEGIN"):
                m.d.comb += self.row_start.eq(1)
                m.next = "ROW"
            with m.State("ROW"), m.If(self.row_done):
                _turn(self, m, second)
            with m.State("STORE"):
                m.d.comb += [port.valid.eq(1), port.order.eq(Mux(self.discard, Order.DISCARD, Order.STORE))]
                with m.If(port.done):
                    m.d.sync += [word.first.eq(word.first + 1), word.count.eq(word.count - 1)]
                    m.next = "WORD"


def _momenta(update: Update, m: Module) -> None:
    """The running gradients. What a weight is to Row in its turn, they are before."""
    m.submodules.momenta = momenta = update.momenta
    connect(m, momenta.write, flipped(update.write))
    connect(m, momenta.read, flipped(update.read))
    with m.If(update.row_rule == Rule.GRADIENT):
        m.d.comb += [
            update.row_weights[lane].eq(momenta.numbers.word_select(lane, VALUE_BITS))
            for lane in range(update.config.lanes)
        ]
    m.d.comb += [
        momenta.address.eq(update.word.first),
        momenta.found.eq(Cat(*update.row_numbers)),
        momenta.takes.eq(update.port.done & (update.port.order == Order.FETCH)),
        update.row_factor.eq(update.word.momentum),
        update.row_decays.eq(update.decays),
    ]


def _turn(update: Update, m: Module, second: Signal) -> None:
    """What follows on a word of Row: the momentum's decay, the gradient, the weight."""
    m.next = "BEGIN"
    change: Any = [update.sum.eq(Cat(*update.row_addends)), second.eq(~second)]
    if not update.momentum:
        m.d.sync += change
    else:
        with m.If(update.decays):
            m.d.sync += update.decays.eq(0)
            m.d.comb += update.momenta.keeps.eq(1)
        with m.Else():
            m.d.sync += change
            m.d.comb += update.momenta.stores.eq(~second)
    with m.If(second):
        m.next = "STORE"


def wide(update: Update, words: Any) -> Value:
    """Exact words as those of an update."""
    return Value.cast(Cat(*[Cat(w, w[-1].replicate(update.exact - len(w))) for w in words]))


def _streams(update: Update, m: Module, loads: Signal) -> None:
    """The column and the deltas that a word's gradient is made of: a target word after the other, its sources in turn."""
    training = update.config.training
    assert training is not None
    port, word, source = update.port, update.word, Signal(range(training.stream_sources), reset_less=True)
    m.d.comb += [
        port.streamed.eq(word.streamed | update.clears),
        port.column.eq(word.column + source),
        port.history.eq(word.history),
    ]
    with m.If(loads):
        m.d.sync += source.eq(0)
    with m.Elif(port.done & (port.order == Order.STORE)):
        m.d.sync += source.eq(source + 1)
        with m.If(source == word.columns - 1):
            m.d.sync += [source.eq(0), word.history.eq(word.history + training.stream_steps)]


def _end(update: Update, m: Module) -> None:
    """Every projection is changed, or forgotten."""
    if not update.streams:
        m.d.comb += update.done.eq(1)
        m.next = "IDLE"
    else:
        m.next = "CLEAR"


def _over(update: Update) -> Value:
    """No word of the tag is left, or it has no gradients to forget."""
    over = update.word.count == 0
    return over | (update.discard & update.word.streamed) if update.streams else over


def _clear(update: Update, m: Module) -> None:
    """What was streamed is forgotten, at the end."""
    with m.State("CLEAR"):
        m.d.comb += [update.port.valid.eq(1), update.port.order.eq(Order.DISCARD), update.clears.eq(1)]
        with m.If(update.port.done):
            m.d.comb += update.done.eq(1)
            m.next = "IDLE"
