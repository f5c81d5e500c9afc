"""Where an op or an order enters the engine: which goes first, and what each does.

```
    op ----+--> starts, work ----> operand: what is multiplied
    order -+                 +---> touch: what is done to an exact word
    event ----> passes
```
Combinational: what it gives belongs to the op of the same cycle.
"""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from spikeplane.config import ChipConfig, bits_for
from spikeplane.formats.training import Verb
from spikeplane.formats.training_tables import delta_depth, streams
from spikeplane_gateware.core.synapses.accumulate import op_layout
from spikeplane_gateware.units.training.matches import touch_layout
from spikeplane_gateware.units.training.operands import operand_layout
from spikeplane_gateware.units.training.port import Order, address_bits

WORK_BITS = 4  #: of a Verb or an Order; the highest is set in orders


class Entry(wiring.Component):
    """Takes an order, or else an op or an event.

    Parameters
    ----------
    config : ChipConfig
        A chip that learns.

    Attributes
    ----------
    op_valid, op, stall : In(1), In(op_layout), Out(1)
        What to do, or an event; it has to wait.
    valid, order, pulse, bank, address, done : In(1), In(4), In(1), In(1), In, In(1)
        An order, taken at once; from FETCH on, but with `pulse`, it is valid until such a one is done, and
        taken once.
    starts, work, at : Out(1), Out(4), Out
        An op or an order begins, a `Verb` or an `Order`, of this word of X or d, or of an order.
    passes : Out(1)
        An event begins.
    operand, touch : Out(operand_layout), Out(touch_layout)
        What it multiplies, and what it does to an exact word.
    streamed, settled, delta_valid, delta : In(1), In(1), In(1), In
        Where gradients may be streamed: the order is about a streamed one, and what it has to wait for is done; an op that
        adds this word of deltas to the sum of a gradient.
    sets : Out(1)
        Likewise: an op of the verb COLUMN begins, which is done elsewhere.
    """

    def __init__(self, config: ChipConfig) -> None:
        self.streams = streams(config)
        #: the word of X where a streamed gradient is added up: no population has it
        self.sum_place = Cat(Const(config.acc_depth - 1, bits_for(config.acc_depth)), Const(1, 1))
        more = {"streamed": In(1), "settled": In(1), "delta_valid": In(1), "sets": Out(1)}
        more |= {"delta": In(bits_for(delta_depth(config)))}
        super().__init__(
            {
                "op_valid": In(1),
                "op": In(op_layout(config)),
                "stall": Out(1),
                "valid": In(1),
                "order": In(WORK_BITS),
                "pulse": In(1),
                "bank": In(1),
                "address": In(address_bits(config)),
                "done": In(1),
                "starts": Out(1),
                "work": Out(WORK_BITS),
                "at": Out(address_bits(config)),
                "passes": Out(1),
                "operand": Out(operand_layout(config)),
                "touch": Out(touch_layout(config)),
                **(more if self.streams else {}),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m, op, ordered = Module(), self.op, Signal()
        takes, accepted, held = Signal(), Signal(), Signal()
        m.d.comb += self.at.eq(Mux(takes, self.address, op.address))
        if self.streams:
            return _streamed(self, m, takes, accepted, ordered)
        m.d.comb += [
            held.eq(self.valid & (self.order >= Order.FETCH) & ~self.pulse),
            takes.eq(self.valid & ~(held & ordered)),
            self.stall.eq(takes | held),
            accepted.eq(self.op_valid & ~self.stall),
            self.starts.eq(takes | (accepted & ~op.is_event)),
            self.passes.eq(accepted & op.is_event),
            self.work.eq(Mux(takes, self.order, op.verb)),
        ]
        m.d.sync += ordered.eq((ordered | takes) & held & ~self.done)
        self._operand(m, takes)
        self._touch(m, takes)
        return m

    def _operand(self, m: Module, takes: Signal) -> None:
        op, operand, work = self.op, self.operand, self.work
        m.d.comb += [
            operand.valid.eq(self.starts),
            operand.weighs.eq(works(work, Verb.ADD, Verb.GATHER, Order.FETCH)),
            operand.by_delta.eq(works(work, Verb.OUTER, Verb.GATHER)),
            operand.lanes.eq(Mux(works(work, Verb.ADD, Verb.OUTER, Verb.GATHER), op.lanes, 0)),
            operand.negate.eq(op.negate),
            operand.address.eq(op.address),
            operand.weight_address.eq(Mux(takes, self.address, op.weight_address)),
        ]

    def _touch(self, m: Module, takes: Signal) -> None:
        op, touch, work = self.op, self.touch, self.work
        address = self.at[: len(op.address)]
        clears = works(work, Order.TAKE, Order.STORE, Order.DISCARD)
        writes = works(work, Verb.ADD, Verb.OUTER, Verb.PARTIAL, Order.ADD)
        m.d.comb += [
            touch.touches.eq(self.starts & ~works(work, Verb.GATHER, Verb.ERROR, Order.DELTA)),
            touch.writes.eq(clears | writes),
            touch.clears.eq(clears),
            touch.gradient.eq(works(work, Verb.OUTER, Order.FETCH, Order.STORE, Order.DISCARD)),
            touch.place.eq(
                Mux(
                    touch.gradient,
                    self.operand.weight_address,
                    Cat(address, Mux(takes, self.bank, op.bank)),
                )
            ),
        ]


def works(work: Value, *those: int) -> Value:
    """Whether the work is one of those."""
    return Cat(*[work == one for one in those]).any()


def _streamed(entry: Entry, m: Module, takes: Signal, accepted: Signal, ordered: Signal) -> Module:
    """The same where gradients may be streamed: FETCH and DISCARD of one wait; deltas go between."""
    op, waits = entry.op, Signal()
    column = op.verb == Verb.COLUMN
    m.d.comb += [
        waits.eq(entry.streamed & works(entry.order, Order.FETCH, Order.DISCARD) & ~entry.settled),
        takes.eq(entry.valid & ~ordered & ~waits),
        entry.stall.eq(entry.valid & (~ordered | (entry.order >= Order.FETCH))),
        accepted.eq(entry.op_valid & ~entry.stall),
        entry.starts.eq(takes | entry.delta_valid | (accepted & ~op.is_event & ~column)),
        entry.sets.eq(accepted & ~op.is_event & column),
        entry.passes.eq(accepted & op.is_event),
        entry.work.eq(Mux(takes, entry.order, Mux(entry.delta_valid, Verb.OUTER, op.verb))),
    ]
    m.d.sync += ordered.eq((ordered | takes) & ~entry.done)
    entry._operand(m, takes)
    entry._touch(m, takes)
    operand, touch, work, copies = entry.operand, entry.touch, entry.work, Signal()
    m.d.comb += copies.eq(takes & works(work, Order.COPY))
    with m.If(copies):
        m.d.comb += [operand.by_delta.eq(1), operand.address.eq(entry.address), touch.touches.eq(0)]
    with m.If(entry.delta_valid):
        m.d.comb += [
            operand.lanes.eq(~Const(0, len(operand.lanes))),
            operand.negate.eq(0),
            operand.address.eq(entry.delta),
        ]
    with m.If(entry.delta_valid | (takes & entry.streamed)):
        m.d.comb += [touch.gradient.eq(0), touch.place.eq(entry.sum_place)]
    with m.If(takes & entry.streamed):
        m.d.comb += [touch.touches.eq(works(work, Order.FETCH)), touch.clears.eq(1), touch.writes.eq(1)]
    return m
