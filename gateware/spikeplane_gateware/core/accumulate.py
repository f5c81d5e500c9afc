"""Weights meet accumulators: one read-add-write of an L-lane word every cycle, in two banks, with forwarding.

```
  cycle  c        c+1          c+2                 c+3          c+4        c+5
  op --> address  BRAM out --> R --+
         weight   BRAM out --> R --|-> shift, sign --+
                       results of 2, 3, 4 ops ago ---+-> A ----> A + w --> sum, write --> event out
                                                         bias ----^ ^--------+  (1 op ago)
```
Ports: op_valid, op (`op_layout`), stall (the op has to wait), write (for WEIGHT), sweep (the other side of `SweepPort`),
event_valid, event. Throughput: an op a cycle, equal addresses back to back included. Both banks are one memory, the bank its top
address bit. The sweep comes first: each word that it reads takes one cycle from the ops, in the pipeline as well, so the write
slot four cycles later is its own: the clearing write takes it, and the word passes the adder as 0 + clear_word. A sweep reads few
words for each that was accumulated.
"""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from spikeplane.config import ChipConfig, bits_for
from spikeplane.formats.packet import SHIFT_BITS
from spikeplane.formats.tables import Memory
from spikeplane_gateware.core.writes import EventLayout, SweepPort, WriteBus
from spikeplane_gateware.ram import Ram


def op_layout(config: ChipConfig) -> data.StructLayout:
    """One word to accumulate, or (is_event) a token or credit on its way through."""
    return data.StructLayout(
        {
            "is_event": 1,
            "event": EventLayout,
            "bank": 1,
            "address": bits_for(config.acc_depth),
            "weight_address": bits_for(config.weight_depth),
            "lanes": config.lanes,
            "shift": SHIFT_BITS,
            "negate": 1,
        }
    )


class Accumulate(wiring.Component):
    """See the module's picture."""

    def __init__(self, config: ChipConfig) -> None:
        self.config = config
        super().__init__(
            {
                "op_valid": In(1),
                "op": In(op_layout(config)),
                "stall": Out(1),
                "write": In(WriteBus(config)),
                "sweep": In(SweepPort(config)),
                "event_valid": Out(1),
                "event": Out(EventLayout),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m, c = Module(), self.config
        stages = self._pipeline(m)
        weights = self._weights(m, stages)
        word = self._memory(m, stages)
        addend, carry = self._addend(m, weights, stages[2])
        self._add(m, stages, word, addend, carry, c)
        valid, op = stages[5]
        m.d.comb += [self.event_valid.eq(valid & op.is_event), self.event.eq(op.event)]
        return m

    def _pipeline(self, m: Module) -> list[tuple[Signal, Signal]]:
        """(valid, op) at stages 0 to 5; stage 0 is the input itself, which the walker drives from registers."""
        m.d.comb += self.stall.eq(self.sweep.valid)
        stages = [(self.op_valid & ~self.sweep.valid, self.op)]
        for i in range(1, 6):
            valid, op = Signal(name=f"valid_{i}"), Signal(op_layout(self.config), name=f"op_{i}")
            m.d.sync += [valid.eq(stages[-1][0]), op.eq(stages[-1][1])]
            stages.append((valid, op))
        return stages

    def _weights(self, m: Module, stages: list) -> Signal:
        c = self.config
        width = c.lanes * c.weight_bits
        m.submodules.weights = ram = Ram(width=width, depth=c.weight_depth)
        read = Signal(width, name="weight_word")
        m.d.comb += [
            ram.read_en.eq(1),
            ram.read_address.eq(self.op.weight_address),
            ram.write_en.eq(self.write.valid & (self.write.memory == Memory.WEIGHT)),
            ram.write_address.eq(self.write.address),
            ram.write_data.eq(self.write.data),
        ]
        m.d.sync += read.eq(ram.read_data)
        return read

    def _memory(self, m: Module, stages: list) -> Signal:
        """The accumulators of both banks; returns the registered read word (stage 2)."""
        c, width = self.config, self.config.lanes * self.config.acc_bits
        self.sum = Signal(width, name="sum")
        slots = self._sweep_slots(m)
        m.submodules.accumulators = ram = Ram(width=width, depth=2 << bits_for(c.acc_depth))
        word, self.forwarded = Signal(width, name="word"), Signal()
        valid, op = stages[4]
        place = slots[4]
        m.d.comb += [
            ram.read_en.eq(1),
            ram.read_address.eq(
                Mux(self.sweep.valid, Cat(self.sweep.address, self.sweep.bank), Cat(self.op.address, self.op.bank))
            ),
            ram.write_en.eq((valid & ~op.is_event) | (place.valid & place.clear)),
            ram.write_address.eq(Mux(place.valid, Cat(place.address, place.bank), Cat(op.address, op.bank))),
            ram.write_data.eq(self.sum),
            self.sweep.data_valid.eq(slots[2].valid),
            self.sweep.data.eq(word),
        ]
        m.d.sync += word.eq(Mux(self.forwarded, 0, ram.read_data))
        self.clear, self.sweeps = Signal(width, name="clear"), slots[2].valid
        m.d.sync += self.clear.eq(Mux(slots[2].valid, self.sweep.clear_word, 0))
        return word

    def _sweep_slots(self, m: Module) -> list:
        layout = data.StructLayout({"valid": 1, "bank": 1, "clear": 1, "address": bits_for(self.config.acc_depth)})
        slots = [Signal(layout, name=f"slot_{i}") for i in range(5)]
        first = slots[0]
        m.d.comb += [
            first.valid.eq(self.sweep.valid),
            first.bank.eq(self.sweep.bank),
            first.clear.eq(self.sweep.clear),
            first.address.eq(self.sweep.address),
        ]
        m.d.sync += [after.eq(before) for before, after in zip(slots, slots[1:], strict=False)]
        return slots

    def _addend(self, m: Module, weights: Signal, stage: tuple) -> tuple[Signal, Signal]:
        """±(w << shift) of the enabled lanes, as its one's complement and a carry: registered at stage 3."""
        c, (valid, op) = self.config, stage
        self.adds = Signal()
        m.d.comb += self.adds.eq(valid & ~op.is_event)
        addend, carry = Signal(c.lanes * c.acc_bits, name="addend"), Signal(c.lanes, name="carry")
        shift = op.shift[: bits_for(c.max_shift + 1)] if c.max_shift else op.shift[:0]
        for lane in range(c.lanes):
            bits = weights[lane * c.weight_bits : (lane + 1) * c.weight_bits]
            weight = Cat(1, bits).as_signed() if c.weight_bits == 1 else bits.as_signed()
            wide = Signal(c.acc_bits, name=f"shifted_{lane}")
            m.d.comb += wide.eq((weight << shift) ^ op.negate.replicate(c.acc_bits))
            place = slice(lane * c.acc_bits, (lane + 1) * c.acc_bits)
            m.d.sync += addend[place].eq(Mux(self.adds & op.lanes[lane], wide, 0))
        m.d.sync += carry.eq(op.lanes & (op.negate & self.adds).replicate(c.lanes))
        return addend, carry

    def _add(self, m: Module, stages: list, read: Signal, addend: Signal, carry: Signal, c: ChipConfig) -> None:
        """Forwarding and the adders. Matches with the 1 to 4 ops before are found at stage 1 and used from registers."""
        valid, op = stages[1]
        same = []
        for before_valid, before in stages[2:6]:
            equal = (before.address == op.address) & (before.bank == op.bank)
            same.append(valid & before_valid & ~before.is_event & equal)
        one, two, older, third = (Signal(name=f"match_{name}") for name in ("one", "two", "older", "third"))
        m.d.comb += self.forwarded.eq(same[1] | same[2] | same[3])
        m.d.sync += [two.eq(same[1]), older.eq(~same[1] & (same[2] | same[3])), third.eq(same[2]), one.eq(same[0])]
        one_ago = Signal()
        m.d.sync += one_ago.eq(one)
        previous = [self.sum]  # of 2, 3 and 4 ops ago, seen from stage 2
        for k in (3, 4):
            previous.append(Signal(c.lanes * c.acc_bits, name=f"sum_{k}_ago"))
            m.d.sync += previous[-1].eq(previous[-2])
        word = Signal(c.lanes * c.acc_bits, name="accumulator")
        back = Signal(c.lanes * c.acc_bits, name="older_sum")
        m.d.comb += back.eq(Mux(third, previous[1], previous[2]) & older.replicate(len(back)))
        # Sources that are not chosen are 0, so that a word costs two four-input tables a bit; after a sweep's slot it is 0.
        m.d.sync += word.eq(Mux(self.sweeps, 0, read | back | (previous[0] & two.replicate(len(back)))))
        for lane in range(c.lanes):
            place = slice(lane * c.acc_bits, (lane + 1) * c.acc_bits)
            base = Mux(one_ago, self.sum[place], word[place] | self.clear[place])
            m.d.sync += self.sum[place].eq(base + addend[place] + carry[lane])
