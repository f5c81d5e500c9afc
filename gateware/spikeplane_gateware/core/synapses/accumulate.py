"""Weights meet accumulators: one read-add-write of an L-lane word every cycle, in two banks, with forwarding.

```
  cycle  c        c+1          c+2                 c+3          c+4        c+5
  op --> address  BRAM out --> R --+
         weight   BRAM out --> R --|-> shift, sign --+
                       results of 2, 3, 4 ops ago ---+-> A ----> A + w --> sum, write --> event out
                                                         bias ----^ ^--------+  (1 op ago)
```
Cycle c is one after the op came in: addresses leave from registers of their own, one for a few
lanes (see `copies`).

Throughput: an op a cycle, equal addresses back to back included. Both banks are one memory, the
bank its top address bit. The sweep comes first: each word that it reads takes one cycle from the ops,
in the pipeline as well, so the write slot four cycles later is its own: the clearing write takes it,
and the word passes the adder as 0 + clear_word. A sweep reads few words for each that was accumulated.
On a chip with fused words there is one bank, and the slot writes the word that another request has read.
"""

from typing import Any

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from spikeplane.config import ChipConfig, bits_for
from spikeplane.formats.packet import CHUNK_BITS, SHIFT_BITS
from spikeplane.formats.tables import Memory, core_tables
from spikeplane_gateware.core.copies import copies
from spikeplane_gateware.core.dynamic.beside import Beside, again_field
from spikeplane_gateware.core.dynamic.operand import Operand, dynamic_port
from spikeplane_gateware.core.interfaces import EventLayout, SweepPort, WriteBus, event_layout
from spikeplane_gateware.core.lanes import lane_rams
from spikeplane_gateware.core.reads import ReadBus, output_register
from spikeplane_gateware.core.synapses.request import dynamic_field, verb_fields
from spikeplane_gateware.core.synapses.weights import Weights, both_fields


def op_layout(config: ChipConfig) -> data.StructLayout:
    """One word to accumulate, or (is_event) a token or credit on its way through. On a chip that learns also `bit`, of the
    source's mask, and `ends`: the last word that it meets."""
    more = {**verb_fields(config), "bit": bits_for(config.lanes), "ends": 1} if config.training else {}
    return data.StructLayout(
        {
            "is_event": 1,
            "event": event_layout(config),
            "bank": 1,
            "address": bits_for(config.acc_depth),
            "weight_address": bits_for(config.weight_depth),
            "lanes": config.lanes,
            "shift": SHIFT_BITS,
            "negate": 1,
            **more,
            **dynamic_field(config),
            **again_field(config),
            **both_fields(config),
        }
    )


class Accumulate(wiring.Component):
    """The accumulate pipeline of a core, with the memories of its weights and of its accumulators.

    Parameters: config: the chip.

    Attributes: op_valid, op: a word to accumulate, or an event (`op_layout`); stall: the op has to
    wait, because the sweep reads in this cycle; write, read, read_data: the memory WEIGHT, on the buses
    of the loader and of the read-back; sweep: requests of the sweep, served in every cycle;
    event_valid, event: a token or a credit, when the ops before it are in the accumulators; quiet: no
    op and no request is under way. On a chip with a dynamic memory: dynamic: reads its rows as weights;
    soon, held: of the walker.
    """

    def __init__(self, config: ChipConfig) -> None:
        self.config = config
        super().__init__(
            {
                "op_valid": In(1),
                "op": In(op_layout(config)),
                "stall": Out(1),
                "write": In(WriteBus(config)),
                "read": In(ReadBus(config)),
                "read_data": Out(CHUNK_BITS),
                "sweep": In(SweepPort(config)),
                "event_valid": Out(1),
                "event": Out(EventLayout),
                "quiet": Out(1),
                **dynamic_port(config),
                **({"soon": In(1), "held": In(1)} if config.dynamic_depth else {}),
            }
        )
        self.beside = Beside(self)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        stages, slots = self._pipeline(m), self._sweep_slots(m)
        follows = self._matches(m, stages, slots)
        weights = self._weights(m, Operand(m, self, self.taken, stages))
        self._significance(m, stages)
        self._memory_controls(m, stages, slots, follows)
        c = self.config
        depth = c.acc_depth if c.fused else 2 << bits_for(c.acc_depth)
        self.accumulators = lane_rams(m, "accumulators", lanes=c.lanes, width=c.acc_bits, depth=depth)
        for lane in range(c.lanes):
            self._lane(m, lane, weights, stages, slots)
        valid, op = stages[5]
        m.d.comb += [
            self.event_valid.eq(valid & op.is_event),
            self.event.eq(op.event),
            self.sweep.data_valid.eq(slots[2].valid),
        ]
        return m

    def _pipeline(self, m: Module) -> list[tuple[Signal, Signal]]:
        """(valid, op) at stages 0 to 5, the addresses' stage being 0."""
        stall = self.beside.stall()
        m.d.comb += self.stall.eq(stall)
        stages = [(self.op_valid & ~stall, self.op)]
        for i in range(6):
            valid, op = (
                Signal(name=f"valid_{i}"),
                Signal(op_layout(self.config), name=f"op_{i}", reset_less=True),
            )
            m.d.sync += valid.eq(stages[-1][0])
            with m.If(stages[-1][0]):
                m.d.sync += op.eq(stages[-1][1])
            stages.append((valid, op))
        self.taken = stages[0][0]
        return stages[1:]

    def _weights(self, m: Module, operand: Operand) -> list[Value]:
        """By lane the op's weight, or the sum of its two."""
        c = self.config
        memory = Weights(m, self, self.taken)
        word = Signal(c.lanes * c.weight_bits, name="weight_word", reset_less=True)
        operand.load(memory.loads)
        source = operand.source(memory.found, memory.second, memory.loads)
        shown = output_register(m, self.read, Memory.WEIGHT, core_tables(c), word, source, memory.loads)
        m.d.comb += self.read_data.eq(shown)
        return [operand.weight(lane, word) for lane in range(c.lanes)]

    def _matches(self, m: Module, stages: list, slots: list) -> Signal:
        """Which of the 1 to 4 ops before went to the same word: found at stage 0, used from
        registers at stages 1 to 3. Returns whether the op at stage 2 goes to that of the op before."""
        valid, op = stages[0]
        same = []
        for before_valid, before in stages[1:5]:
            equal = Signal(name=f"equal_{len(same) + 1}")
            m.d.comb += equal.eq(
                valid
                & before_valid
                & ~before.is_event
                & (before.address == op.address)
                & (before.bank == op.bank)
            )
            same.append(equal)
        lanes = self.config.lanes
        # stage 1
        one, two, older, third = (Signal(name=f"near_{name}") for name in ("one", "two", "older", "third"))
        one_2 = Signal(name="near_one_2")
        m.d.sync += [
            one.eq(same[0]),
            two.eq(same[1]),
            older.eq(~same[1] & (same[2] | same[3])),
            third.eq(same[2]),
            one_2.eq(one),
        ]
        # stage 1: the memory's word is stale
        self.forwarded = copies(m, self.beside.stale(Cat(*same[1:]).any(), slots[0]), lanes, "forwarded")
        self.two, self.older, self.third = (
            copies(m, flag, lanes, f"match_{name}")
            for name, flag in (("two", two), ("older", older), ("third", third))
        )
        self.one_ago = copies(m, one_2, lanes, "match_one")
        return one_2

    def _sweep_slots(self, m: Module) -> list:
        layout = data.StructLayout(
            {"valid": 1, "bank": 1, "clear": 1, "address": bits_for(self.config.acc_depth)}
        )
        first = Signal(layout)
        slots = [Signal(layout, name=f"slot_{i}") for i in range(4)]
        m.d.comb += [
            first.valid.eq(self.sweep.valid),
            first.bank.eq(self.sweep.bank),
            first.clear.eq(self.sweep.clear),
            first.address.eq(self.sweep.write_address if self.config.fused else self.sweep.address),
        ]
        m.d.sync += [after.eq(before) for before, after in zip([first, *slots], slots, strict=False)]
        return slots

    def _memory_controls(self, m: Module, stages: list, slots: list, follows: Signal) -> None:
        """Addresses and enables, from registers; the bank is the top address bit."""
        (valid, op), place, lanes = stages[3], slots[3], self.config.lanes
        self.beside.late_clears(m, stages, place, follows)
        self.writes, reads = Signal(name="writes"), Signal(name="reads")
        busy = [reads, *[Signal(name=f"busy_{i}") for i in range(1, 6)]]
        self.reads, self.busy_1, self.busy_2, self.busy_3, self.busy_4, self.busy_5 = busy
        sweep, incoming = self._at(self.sweep), self._at(self.op)
        accesses = self.taken | self.sweep.valid
        self.read_at = copies(m, Mux(self.sweep.valid, sweep, incoming), lanes, "read_at", accesses)
        slot, own = self._at(place), self._at(op)
        self.write_at = copies(
            m, self.beside.write_at(own, slot, place), lanes, "write_at", self.beside.enable(self.busy_3)
        )
        m.d.sync += [reads.eq(accesses), self.writes.eq(self.beside.writes(valid & ~op.is_event, place))]
        m.d.sync += [after.eq(before) for before, after in zip(busy, busy[1:], strict=False)]
        m.d.comb += self.quiet.eq(self.beside.quiet(~Cat(*busy).any()))

    def _at(self, place: Any) -> Value:
        """Where the word of a request or an op is."""
        return place.address if self.config.fused else Value.cast(Cat(place.address, place.bank))

    def _lane(self, m: Module, lane: int, weights: list[Value], stages: list, slots: list) -> None:
        """One lane: memory, forwarding, adder. Lanes are signals of their own, and rest while
        nothing passes: less to simulate, less power. Sources that are not chosen are 0, so that a
        word costs two four-input tables a bit."""
        bits = self.config.acc_bits

        def register(name: str) -> Signal:
            return Signal(bits, name=f"{name}_{lane}", reset_less=True)

        ram = self.accumulators[lane]
        word, base, bias, total = register("word"), register("base"), register("bias"), register("sum")
        ram.connect(
            m,
            read_en=self.reads,
            read_address=self.read_at[lane],
            write_en=self.writes,
            write_address=self.write_at[lane],
        )
        m.d.comb += [ram.write_data.eq(self.beside.written(lane, total)), self.sweep.data[lane].eq(word)]
        with m.If(self.busy_1):
            m.d.sync += word.eq(Mux(self.forwarded[lane], 0, ram.read_data))
        third, fourth, older = register("sum_3_ago"), register("sum_4_ago"), register("older")
        with m.If(self.busy_4):
            m.d.sync += third.eq(total)
        with m.If(self.busy_5):
            m.d.sync += fourth.eq(third)
        m.d.comb += older.eq(Mux(self.older[lane], Mux(self.third[lane], third, fourth), 0))
        clears, found, start = slots[2].valid, word | older | Mux(self.two[lane], total, 0), base
        if not self.config.dynamic_depth:
            found, start = Mux(clears, 0, found), base | bias
        with m.If(self.busy_2):
            m.d.sync += base.eq(found)
            if not self.config.dynamic_depth:
                m.d.sync += bias.eq(Mux(clears, self.sweep.clear_word[lane], 0))
        addend, carry = self._addend(m, lane, weights[lane])
        with m.If(self.busy_3):
            m.d.sync += total.eq(Mux(self.one_ago[lane], total, start) + addend + carry)

    def _significance(self, m: Module, stages: list) -> None:
        """Shift, sign and enables of the lanes at stage 2; with multipliers shift and sign are one factor, a power of two."""
        c, (valid, op) = self.config, stages[1]
        shift = op.shift[: bits_for(c.max_shift + 1)] if c.max_shift else Const(0, 1)
        if c.shift_multiplier:
            bits = c.max_shift + 2
            power = Mux(op.negate, Const(-1, bits), Const(1, bits)) << shift
            self.factor = copies(m, power[:bits], c.lanes, "factor", valid)
        else:
            self.shift = copies(m, shift, c.lanes, "shift", valid)
            self.negate = copies(m, op.negate, c.lanes, "negate", valid)
        self.adds = Signal(c.lanes)
        m.d.sync += self.adds.eq(Mux(valid & ~op.is_event, op.lanes, 0))

    def _addend(self, m: Module, lane: int, weight: Value) -> tuple[Signal, Value]:
        """±(w << shift) where the lane is enabled, registered at stage 3: a product, or its one's complement and a carry."""
        if self.config.shift_multiplier:
            product = Signal(self.config.acc_bits, name=f"product_{lane}", reset_less=True)
            with m.If(self.busy_2):
                m.d.sync += product.eq(Mux(self.adds[lane], weight * self.factor[lane].as_signed(), 0))
            return product, Const(0)
        c, shift, negate, adds = self.config, self.shift[lane], self.negate[lane], self.adds[lane]
        shifted, wide = (Signal(c.acc_bits, name=f"{name}_{lane}") for name in ("shifted", "wide"))
        addend = Signal(c.acc_bits, name=f"addend_{lane}", reset_less=True)
        carry = Signal(name=f"carry_{lane}", reset_less=True)
        m.d.comb += [shifted.eq(weight << shift), wide.eq(Mux(negate, ~shifted, shifted))]
        with m.If(self.busy_2):
            m.d.sync += [addend.eq(Mux(adds, wide, 0)), carry.eq(adds & negate)]
        return addend, carry
