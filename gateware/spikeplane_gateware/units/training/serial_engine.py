"""The engine of a core that learns, one op after the other.

```
    op, order --> READ --> LOAD --> (DECODE, or GATHER) --> WRITE --> next
                   |         |                                |
               memories   registers              X or D + addend, d, W
```
Throughput: an op in 4 to 20 cycles, and never two at once, so nothing is forwarded. An order goes before an op.
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
from spikeplane_gateware.units.training.addends import addends
from spikeplane_gateware.units.training.binary16 import DECODE_LATENCY
from spikeplane_gateware.units.training.engine_memories import EngineMemories
from spikeplane_gateware.units.training.gather import Gather
from spikeplane_gateware.units.training.partial import partial_layout
from spikeplane_gateware.units.training.port import Order, OrderPort


class SerialEngine(wiring.Component):
    """The engine: it does the verbs of `formats.training.Verb` and the orders of the soma.

    Parameters: config: the chip.

    Attributes: op_valid, op: what to do (`op_layout`), or an event; stall: it has to wait; port: orders; write, read,
    read_data: its memories, on the buses of the loader and of the read-back; event_valid, event: an event, when the ops
    before it are done; partial: gathered sums; quiet: nothing is under way.
    """

    def __init__(self, config: ChipConfig) -> None:
        assert config.training is not None
        self.config, self.exact = config, config.training.exact_bits
        super().__init__(
            {
                "op_valid": In(1),
                "op": In(op_layout(config)),
                "stall": Out(1, init=1),
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
        self.work = Signal(4)  # a Verb or an Order
        self.now = Signal(op_layout(config), reset_less=True)
        self.memories, self.gather = EngineMemories(config), Gather(config)
        self.decodes, self.writes = Signal(), Signal()

    def elaborate(self, platform: object) -> Module:
        m, memories, gather, port = Module(), self.memories, self.gather, self.port
        m.submodules.memories, m.submodules.gather = memories, gather
        connect(m, memories.write, flipped(self.write))
        connect(m, memories.read, flipped(self.read))
        connect(m, gather.partial, flipped(self.partial))
        m.d.comb += [
            self.read_data.eq(memories.read_data),
            gather.op.eq(self.now),
            gather.weight.eq(memories.weight),
            gather.delta.eq(memories.delta),
        ]
        for lane in range(self.config.lanes):
            m.d.comb += [
                port.found[lane].eq(memories.base.word_select(lane, self.exact)),
                port.weights[lane].eq(memories.weight.word_select(lane, VALUE_BITS)),
            ]
        operand = Signal(self.config.lanes * VALUE_BITS)
        m.d.comb += operand.eq(Mux(self._is(Verb.OUTER), memories.delta, memories.weight))
        adds, limbs = self._is(Order.ADD), self._is(Verb.PARTIAL)
        self._write(m, addends(m, self.config, self.now, operand, self.decodes, list(port.word), adds, limbs))
        self._control(m)
        return m

    def _is(self, *works: int) -> Value:
        return Cat(*[self.work == one for one in works]).any()

    def _control(self, m: Module) -> None:
        memories, count = self.memories, Signal(range(DECODE_LATENCY + 1))
        with m.FSM():
            with m.State("IDLE"):
                self._take(m)
            with m.State("READ"):
                m.d.comb += memories.reads.eq(1)
                m.next = "LOAD"
            with m.State("LOAD"):
                m.d.comb += memories.loads.eq(1)
                m.d.sync += count.eq(0)
                m.next = "WRITE"
                with m.If(self._is(Verb.ADD, Verb.OUTER)):
                    m.next = "DECODE"
                with m.If(self._is(Verb.GATHER)):
                    m.next = "GATHER"
            with m.State("DECODE"):
                m.d.comb += self.decodes.eq(count == 0)
                m.d.sync += count.eq(count + 1)
                with m.If(count == DECODE_LATENCY):
                    m.next = "WRITE"
            with m.State("GATHER"):
                m.d.comb += self.gather.start.eq(1)
                m.next = "GATHERING"
            with m.State("GATHERING"), m.If(self.gather.done):
                m.next = "IDLE"
            with m.State("WRITE"):
                m.d.comb += [self.writes.eq(1), self.port.done.eq(self.work[3])]
                m.next = "IDLE"

    def _take(self, m: Module) -> None:
        """The next order, or op; an event leaves at once."""
        port, now = self.port, self.now
        m.d.sync += self.event_valid.eq(0)
        m.d.comb += [self.stall.eq(port.valid), self.quiet.eq(~port.valid & ~self.op_valid)]
        with m.If(port.valid):
            m.d.sync += [self.work.eq(port.order), now.bank.eq(port.bank)]
            m.d.sync += [now.address.eq(port.address), now.weight_address.eq(port.address)]
            m.next = "READ"
        with m.Elif(self.op_valid & self.op.is_event):
            m.d.sync += [self.event_valid.eq(1), self.event.eq(self.op.event)]
        with m.Elif(self.op_valid):
            m.d.sync += [now.eq(self.op), self.work.eq(self.op.verb)]
            m.next = "READ"

    def _write(self, m: Module, more: list[Signal]) -> None:
        """What WRITE writes, and where."""
        now, memories, lanes, port = self.now, self.memories, range(self.config.lanes), self.port
        zero = self._is(Order.TAKE, Order.STORE, Order.DISCARD)
        sums = [(memories.base.word_select(i, self.exact) + more[i])[: self.exact] for i in lanes]
        errors = [Mux(now.lanes[i], now.value, memories.delta.word_select(i, VALUE_BITS)) for i in lanes]
        m.d.comb += [
            memories.bank.eq(now.bank),
            memories.at.eq(now.address),
            memories.weight_at.eq(now.weight_address),
            memories.gradient.eq(self._is(Verb.OUTER, Order.FETCH)),
            memories.total.eq(Mux(zero, 0, Cat(*sums))),
            memories.weights.eq(Cat(*port.numbers)),
            memories.deltas.eq(Mux(self._is(Order.DELTA), Cat(*port.numbers), Cat(*errors))),
        ]
        strobes = {
            "sums": (Verb.ADD, Verb.PARTIAL, Order.TAKE, Order.ADD),
            "gradient": (Verb.OUTER, Order.STORE, Order.DISCARD),
            "weight": (Order.STORE,),
            "delta": (Verb.ERROR, Order.DELTA),
        }
        for name, works in strobes.items():
            m.d.comb += getattr(memories, f"{name}_write").eq(self.writes & self._is(*works))
