"""The engine of a core that learns: L lanes of three verbs, an op a cycle.

```
  cycle  c              c+3                c+9                   c+11                      c+17
  op ----+--> Operands --> mul16 in each lane --> decode in each --+--> Sums: X or D += .. --> event
  order -+                                       limb or word -----+--> Tree --> Queue ------> partial
```
    ADD      X[acc]  += decode(W[weight])             OUTER   D[weight] += decode(d[acc])
    GATHER   sum     += mul16(W[weight], d[acc])      over lanes and visits
    PARTIAL  X[acc]  += a limb, in one lane           ERROR   d[acc] = a number, in one lane

All take the same way, so they end in the order in which they came, and nothing waits but for an order of the soma:
that goes first, and takes a cycle from the ops; FETCH, STORE and DISCARD keep them out until they are done.
"""

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from spikeplane.config import ChipConfig
from spikeplane.formats.packet import CHUNK_BITS
from spikeplane.formats.training import VALUE_BITS, Verb
from spikeplane.formats.training_tables import streams
from spikeplane_gateware.core.interfaces import WriteBus, event_layout
from spikeplane_gateware.core.reads import ReadBus
from spikeplane_gateware.core.synapses.accumulate import op_layout
from spikeplane_gateware.units.training.binary16 import DECODE_LATENCY, MUL_LATENCY, decode, mul16
from spikeplane_gateware.units.training.entry import Entry, works
from spikeplane_gateware.units.training.gathered import Gathered
from spikeplane_gateware.units.training.operands import LOADED, Operands
from spikeplane_gateware.units.training.partial import partial_layout
from spikeplane_gateware.units.training.port import LARGE, ORDER_LATENCY, Order, OrderPort
from spikeplane_gateware.units.training.stage import Chain, along
from spikeplane_gateware.units.training.streams import Streams
from spikeplane_gateware.units.training.sums import ADDEND, FOUND, Sums
from spikeplane_gateware.units.training.tree import tree_latency

_PRODUCT = LOADED + MUL_LATENCY  #: cycles from an op to its products
_ADDEND = _PRODUCT + DECODE_LATENCY  #: to its addends
_TOUCH = _ADDEND - ADDEND  #: until the sums take it
_DONE = _TOUCH + FOUND  #: from an order to its end, and to what stands beside products
assert _DONE == ORDER_LATENCY
_END = _ADDEND + 1  #: from an event to its end, and a tree longer


class Engine(wiring.Component):
    """The engine.

    Throughput: an op a cycle. Latency: an event comes out 12 + `tree_latency` cycles after it came in, when the ops
    before it are in the sums and their partials in the queue; an order is done after ORDER_LATENCY.

    Parameters
    ----------
    config : ChipConfig
        A chip that learns.

    Attributes
    ----------
    op_valid, op, stall : In(1), In(op_layout), Out(1)
        What to do, or an event; it has to wait.
    port : In(OrderPort)
        Orders of the soma. `found` stands with `done` if no op of the four before wrote to the word, of which an
        event tells.
    write, read, read_data : In(WriteBus), In(ReadBus), Out(CHUNK_BITS)
        WEIGHT, DELTA and GRADIENT on the buses of the loader and of the read-back; GRADIENT is not written.
    event_valid, event : Out(1), Out(event_layout)
        An event, when the ops before it are done.
    partial : Out(stream.Signature(partial_layout))
        Gathered sums that are not 0.
    quiet : Out(1)
        Nothing is under way; partials may wait.
    """

    def __init__(self, config: ChipConfig) -> None:
        assert config.training is not None
        self.config, self.exact = config, config.training.exact_bits
        super().__init__(
            {
                "op_valid": In(1),
                "op": In(op_layout(config)),
                "stall": Out(1),
                "port": In(OrderPort(config)),
                "write": In(WriteBus(config)),
                "read": In(ReadBus(config)),
                "read_data": Out(CHUNK_BITS),
                "event_valid": Out(1),
                "event": Out(event_layout(config)),
                "partial": Out(stream.Signature(partial_layout(config))),
                "quiet": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m, op = Module(), self.op
        entry, operands, sums, gathered = (part(self.config) for part in (Entry, Operands, Sums, Gathered))
        for name, part in (("entry", entry), ("operands", operands), ("sums", sums), ("gathered", gathered)):
            m.submodules[name] = part
        moves = along(m, "moves", entry.starts, _ADDEND, reset=True)
        passes = along(m, "passes", entry.passes, _END + tree_latency(self.config.lanes), reset=True)
        given = {"work": entry.work, "at": entry.at, **{n: op[n] for n in ("lanes", "value", "limb")}}
        late = {name: along(m, name, value, _DONE)[-1] for name, value in given.items()}
        self._connect(m, entry, operands, sums, gathered)
        shown = operands.read_data | sums.read_data
        if entry.streams:
            shown = shown | _streamed(self, m, entry)
        _products(self, m, moves, operands, late, sums, entry)
        self._orders(m, moves[_DONE], late, entry, operands, sums)
        gathers = Signal()
        m.d.sync += gathers.eq(moves[_DONE] & works(late["work"], Verb.GATHER))
        m.d.comb += [
            gathered.valid.eq(gathers),
            gathered.ends.eq(along(m, "ends", op.ends, _ADDEND)[-1]),
            gathered.whose.eq(along(m, "whose", Cat(op.tag, op.place, op.bit), _ADDEND)[-1]),
            self.event_valid.eq(passes[-1]),
            self.event.eq(along(m, "event", op.event, len(passes) - 1)[-1]),
            self.read_data.eq(shown),
            self.quiet.eq(~(self.op_valid | self.port.valid | Cat(*moves, *passes).any() | sums.busy)),
        ]
        return m

    def _connect(self, m: Module, entry: Entry, operands: Operands, sums: Sums, gathered: Gathered) -> None:
        connect(m, flipped(self.write), operands.write)
        for part in (operands, sums):
            connect(m, flipped(self.read), part.read)
        connect(m, gathered.partial, flipped(self.partial))
        for name in ("valid", "order", "pulse", "bank", "address"):
            m.d.comb += getattr(entry, name).eq(getattr(self.port, name))
        touches = along(m, "touches", entry.touch.touches, _TOUCH, reset=True)
        m.d.comb += [
            entry.op_valid.eq(self.op_valid),
            entry.op.eq(self.op),
            self.stall.eq(entry.stall),
            operands.op.eq(entry.operand),
            sums.op.eq(along(m, "touch", entry.touch, _TOUCH)[-1]),
            sums.op.touches.eq(touches[-1]),
            gathered.words.eq(sums.words),
            gathered.carries.eq(sums.carries),
        ]

    def _orders(
        self, m: Module, moves: Value, late: dict[str, Value], entry: Entry, operands: Operands, sums: Sums
    ) -> None:
        """The end of an order; what an order or an ERROR writes to the memories of operands."""
        work, port, lanes = late["work"], self.port, self.config.lanes
        error = works(work, Verb.ERROR)
        m.d.comb += [
            port.done.eq(moves & work[3]),
            entry.done.eq(moves & (work[3] if entry.streams else works(work, *LARGE))),
            operands.weight_write.eq(moves & works(work, Order.STORE)),
            operands.write_address.eq(late["at"]),
            operands.numbers.eq(Mux(error, late["value"].replicate(lanes), Cat(*port.numbers))),
        ]
        delta = works(work, Order.DELTA)
        if streams(self.config):
            copies = works(work, Order.COPY)
            delta = delta | copies
            with m.If(copies):
                m.d.comb += [operands.write_address.eq(port.copy), operands.numbers.eq(operands.deltas)]
        with m.If(moves):
            m.d.comb += operands.delta_write.eq(Mux(error, late["lanes"], delta.replicate(lanes)))
        for lane in range(lanes):
            m.d.comb += [
                port.found[lane].eq(sums.found.word_select(lane, self.exact)),
                port.weights[lane].eq(operands.weights.word_select(lane, VALUE_BITS)),
            ]


def _products(
    engine: Engine,
    m: Module,
    moves: list,
    operands: Operands,
    late: dict[str, Value],
    sums: Sums,
    entry: Entry,
) -> None:
    """What an op adds in each lane: its product, or what stands beside it while that is 0."""
    shift = Mux(entry.delta_valid, 0, engine.op.shift) if entry.streams else engine.op.shift
    shift = along(m, "shift", shift, _PRODUCT)[-1]
    limb = Signal(engine.exact, name="limb_word")
    m.d.comb += limb.eq((late["value"].as_signed() << (VALUE_BITS * late["limb"]))[: engine.exact])
    partial, adds = works(late["work"], Verb.PARTIAL), works(late["work"], Order.ADD)
    for lane in range(engine.config.lanes):
        a, b = (word.word_select(lane, VALUE_BITS) for word in (operands.a, operands.b))
        product = mul16(m, f"product_{lane}", Chain(tuple(moves[LOADED:])), a, b)
        beside = Mux(adds, engine.port.word[lane], Mux(partial & late["lanes"][lane], limb, 0))
        name, number = f"addend_{lane}", product.number
        addend = decode(m, name, product.valid, number, exact_bits=engine.exact, shift=shift, beside=beside)
        m.d.comb += sums.words.word_select(lane, engine.exact).eq(addend.word)
        m.d.comb += sums.carries[lane].eq(addend.carry)


def _streamed(engine: Engine, m: Module, entry: Entry) -> Value:
    """The columns of streamed gradients, and what orders make of them. Returns what is read back."""
    m.submodules.streams = columns = Streams(engine.config)
    port, streamed = engine.port, engine.port.valid & engine.port.streamed
    m.d.comb += [
        entry.streamed.eq(port.streamed),
        entry.settled.eq(columns.done),
        entry.delta_valid.eq(columns.valid),
        entry.delta.eq(columns.address),
        columns.spike.eq(entry.sets),
        columns.spike_column.eq(engine.op.weight_address),
        columns.spike_slot.eq(engine.op.event.slot),
        columns.slot.eq(port.slot),
        columns.step.eq(port.step),
        port.index.eq(columns.index),
        columns.sums.eq(streamed & (port.order == Order.FETCH)),
        columns.clears.eq(streamed & (port.order == Order.DISCARD)),
        columns.column.eq(port.column),
        columns.history.eq(port.history),
    ]
    connect(m, flipped(engine.read), columns.read)
    return columns.read_data
