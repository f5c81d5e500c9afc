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
from spikeplane_gateware.core.interfaces import WriteBus, event_layout
from spikeplane_gateware.core.reads import ReadBus
from spikeplane_gateware.core.synapses.accumulate import op_layout
from spikeplane_gateware.units.training.binary16 import DECODE_LATENCY, MUL_LATENCY, decode, mul16
from spikeplane_gateware.units.training.operands import LOADED, Operands
from spikeplane_gateware.units.training.partial import partial_layout
from spikeplane_gateware.units.training.port import Order, OrderPort
from spikeplane_gateware.units.training.stage import Chain
from spikeplane_gateware.units.training.sums import ADDEND, FOUND, Sums
from spikeplane_gateware.units.training.tree import Queue, Tree, tree_latency

_PRODUCT = LOADED + MUL_LATENCY  #: cycles from an op to its products
_ADDEND = _PRODUCT + DECODE_LATENCY  #: to its addends
_TOUCH = _ADDEND - ADDEND  #: until the sums take it
_DONE = _TOUCH + FOUND  #: from an order to its end
_END = _ADDEND + 1  #: from an event to its end, and a tree longer


class Engine(wiring.Component):
    """The engine.

    Throughput: an op a cycle. Latency: an event comes out 12 + `tree_latency` cycles after it came in, when the ops
    before it are in the sums and their partials in the queue; an order is done after 10.

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
        self.starts, self.passes = Signal(name="starts"), Signal(name="passes")
        self.work = Signal(4)  #: a Verb or an Order

    def elaborate(self, platform: object) -> Module:
        m = Module()
        self._begin(m)
        # what goes along with an op, by the cycles since it came
        moves = _along(m, "moves", self.starts, _ADDEND, reset=True)
        late = {
            name: _along(m, name, value, _DONE)
            for name, value in (
                ("work", self.work),
                ("lanes", self.op.lanes),
                ("value", self.op.value),
                ("limb", self.op.limb),
            )
        }
        m.submodules.operands = operands = Operands(self.config)
        m.submodules.sums = sums = Sums(self.config)
        connect(m, flipped(self.write), operands.write)
        for part in (operands, sums):
            connect(m, flipped(self.read), part.read)
        self._operands(m, operands)
        self._touch(m, sums)
        words = self._lanes(m, moves, late, operands)
        m.d.comb += [sums.words.eq(Cat(w for w, _ in words)), sums.carries.eq(Cat(c for _, c in words))]
        self._gather(m, moves, late["work"], sums)
        self._orders(m, moves[_DONE], {name: values[_DONE] for name, values in late.items()}, operands, sums)
        passes = _along(m, "passes", self.passes, _END + tree_latency(self.config.lanes), reset=True)
        events = _along(m, "event", self.op.event, len(passes) - 1)
        m.d.comb += [
            self.event_valid.eq(passes[-1]),
            self.event.eq(events[-1]),
            self.read_data.eq(operands.read_data | sums.read_data),
            self.quiet.eq(~(self.op_valid | self.port.valid | Cat(*moves, *passes).any() | sums.busy)),
        ]
        return m

    def _begin(self, m: Module) -> None:
        """An op, an order or an event begins."""
        port, op, ordered = self.port, self.op, Signal(name="ordered")
        takes, accepted = Signal(name="takes"), Signal(name="accepted")
        m.d.comb += [
            takes.eq(port.valid & ~ordered),
            self.stall.eq(takes | (port.valid & (port.order >= Order.FETCH))),
            accepted.eq(self.op_valid & ~self.stall),
            self.starts.eq(takes | (accepted & ~op.is_event)),
            self.passes.eq(accepted & op.is_event),
            self.work.eq(Mux(takes, port.order, op.verb)),
        ]
        m.d.sync += ordered.eq((ordered | takes) & ~port.done)

    def _operands(self, m: Module, operands: Operands) -> None:
        op, work = operands.op, self.work
        m.d.comb += [
            op.valid.eq(self.starts),
            op.weighs.eq(_is(work, Verb.ADD, Verb.GATHER, Order.FETCH)),
            op.by_delta.eq(_is(work, Verb.OUTER, Verb.GATHER)),
            op.lanes.eq(Mux(_is(work, Verb.ADD, Verb.OUTER, Verb.GATHER), self.op.lanes, 0)),
            op.negate.eq(self.op.negate),
            op.address.eq(self.op.address),
            op.weight_address.eq(self._weight_address()),
        ]

    def _weight_address(self) -> Value:
        return Mux(self.work[3], self.port.address, self.op.weight_address)[: len(self.op.weight_address)]

    def _touch(self, m: Module, sums: Sums) -> None:
        """What the sums do, at once known, and when they do it."""
        work, first = self.work, Signal.like(sums.op, name="touch")
        place = Mux(work[3], self.port.address, self.op.address)[: len(self.op.address)]
        bank = Mux(work[3], self.port.bank, self.op.bank)
        clears = _is(work, Order.TAKE, Order.STORE, Order.DISCARD)
        writes = _is(work, Verb.ADD, Verb.OUTER, Verb.PARTIAL, Order.ADD)
        gradient = _is(work, Verb.OUTER, Order.FETCH, Order.STORE, Order.DISCARD)
        m.d.comb += [
            first.touches.eq(self.starts & ~_is(work, Verb.GATHER, Verb.ERROR, Order.DELTA)),
            first.writes.eq(clears | writes),
            first.clears.eq(clears),
            first.gradient.eq(gradient),
            first.place.eq(Mux(gradient, self._weight_address(), Cat(place, bank))),
        ]
        touches = _along(m, "touches", first.touches, _TOUCH, reset=True)
        m.d.comb += [sums.op.eq(_along(m, "touch", first, _TOUCH)[-1]), sums.op.touches.eq(touches[-1])]

    def _lanes(self, m: Module, moves: list, late: dict[str, list], operands: Operands) -> list[tuple]:
        """(word, carry) of each lane: what an op adds."""
        shift = _along(m, "shift", self.op.shift, _PRODUCT)[-1]
        work, lanes, value, number = (late[name][_DONE] for name in ("work", "lanes", "value", "limb"))
        limb = Signal(self.exact, name="limb_word")
        m.d.comb += limb.eq((value.as_signed() << (VALUE_BITS * number))[: self.exact])
        partial, adds, found = _is(work, Verb.PARTIAL), _is(work, Order.ADD), []
        for lane in range(self.config.lanes):
            a, b = (word.word_select(lane, VALUE_BITS) for word in (operands.a, operands.b))
            product = mul16(m, f"product_{lane}", Chain(tuple(moves[LOADED:])), a, b)
            beside = Mux(adds, self.port.word[lane], Mux(partial & lanes[lane], limb, 0))
            addend = decode(
                m,
                f"addend_{lane}",
                product.valid,
                product.number,
                exact_bits=self.exact,
                shift=shift,
                beside=beside,
            )
            found.append((addend.word, addend.carry))
        return found

    def _gather(self, m: Module, moves: list, works: list, sums: Sums) -> None:
        """Partial sums, of which as many wait as neurons can ask for here: the queue never overflows."""
        assert self.config.training is not None
        op, layout = self.op, partial_layout(self.config)
        ends = _along(m, "ends", op.ends, _ADDEND)
        whose = _along(m, "id", Cat(op.tag, op.place, op.bit), _ADDEND)
        gathers = Signal(name="gathers")
        m.d.sync += gathers.eq(moves[_DONE] & _is(works[_DONE], Verb.GATHER))
        m.submodules.tree = tree = Tree(lanes=self.config.lanes, exact_bits=self.exact, id_bits=len(whose[0]))
        m.submodules.queue = queue = Queue(width=layout.size, depth=self.config.training.partial_depth)
        m.d.comb += [
            tree.valid.eq(gathers),
            tree.words.eq(sums.words),
            tree.carries.eq(sums.carries),
            tree.ends.eq(ends[-1]),
            tree.id.eq(whose[-1]),
            queue.write.eq(tree.out_valid & tree.some),
            queue.word.eq(Cat(tree.out_id, tree.sum)),
            self.partial.valid.eq(queue.o.valid),
            self.partial.payload.as_value().eq(queue.o.payload),
            queue.o.ready.eq(self.partial.ready),
        ]

    def _orders(
        self, m: Module, moves: Value, late: dict[str, Value], operands: Operands, sums: Sums
    ) -> None:
        """The end of an order; what an order or an ERROR writes to the memories of operands."""
        work, port, lanes = late["work"], self.port, self.config.lanes
        error = _is(work, Verb.ERROR)
        address = _along(m, "error_at", self.op.address, _DONE)[-1]
        m.d.comb += [
            port.done.eq(moves & work[3]),
            operands.weight_write.eq(moves & _is(work, Order.STORE)),
            operands.write_address.eq(Mux(error, address, port.address)),
            operands.numbers.eq(Mux(error, late["value"].replicate(lanes), Cat(*port.numbers))),
        ]
        with m.If(moves):
            m.d.comb += operands.delta_write.eq(
                Mux(error, late["lanes"], _is(work, Order.DELTA).replicate(lanes))
            )
        for lane in range(lanes):
            m.d.comb += [
                port.found[lane].eq(sums.found.word_select(lane, self.exact)),
                port.weights[lane].eq(operands.weights.word_select(lane, VALUE_BITS)),
            ]


def _is(work: Value, *works: int) -> Value:
    return Cat(*[work == one for one in works]).any()


def _along(m: Module, name: str, value: Signal | Value, cycles: int, *, reset: bool = False) -> list:
    """The value of each of the last `cycles` cycles, this one's first."""
    found = [value]
    for number in range(1, cycles + 1):
        shape = value.shape()
        after = Signal(shape, name=f"{name}_{number}", reset_less=not reset)
        m.d.sync += after.eq(found[-1])
        found.append(after)
    return found
