"""Weights meet accumulators: one read-add-write of an L-lane word every cycle, in two banks, with forwarding.

```
  cycle  c        c+1          c+2                 c+3          c+4        c+5
  op --> address  BRAM out --> R --+
         weight   BRAM out --> R --|-> shift, sign --+
                       results of 2, 3, 4 ops ago ---+-> A ----> A + w --> sum, write --> event out
                                                                  ^----------+  (1 op ago)
```
Ports: op_valid, op (`op_layout`), stall (the op has to wait), write (for WEIGHT), sweep (the other side of `SweepPort`),
event_valid, event. Throughput: an op a cycle, equal addresses back to back included. Both banks are one memory, the bank its top
address bit. The sweep comes first: each word that it reads takes one cycle from the ops, in the pipeline as well, so the write slot four
cycles later is its own and the clearing write takes it. A sweep reads few words for each that was accumulated.
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
        word = Signal(width, name="word")
        valid, op = stages[4]
        clears, place = slots[4].valid & slots[4].clear, slots[4]
        m.d.comb += [
            ram.read_en.eq(1),
            ram.read_address.eq(
                Mux(self.sweep.valid, Cat(self.sweep.address, self.sweep.bank), Cat(self.op.address, self.op.bank))
            ),
            ram.write_en.eq((valid & ~op.is_event) | clears),
            ram.write_address.eq(Mux(place.valid, Cat(place.address, place.bank), Cat(op.address, op.bank))),
            ram.write_data.eq(Mux(place.valid, self.sweep.clear_word, self.sum)),
            self.sweep.data_valid.eq(slots[2].valid),
            self.sweep.data.eq(word),
        ]
        m.d.sync += word.eq(ram.read_data)
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
        c, (_, op) = self.config, stage
        addend, carry = Signal(c.lanes * c.acc_bits, name="addend"), Signal(c.lanes, name="carry")
        shift = op.shift[: bits_for(c.max_shift + 1)] if c.max_shift else op.shift[:0]
        for lane in range(c.lanes):
            bits = weights[lane * c.weight_bits : (lane + 1) * c.weight_bits]
            weight = Cat(1, bits).as_signed() if c.weight_bits == 1 else bits.as_signed()
            wide = Signal(c.acc_bits, name=f"shifted_{lane}")
            m.d.comb += wide.eq((weight << shift) ^ op.negate.replicate(c.acc_bits))
            place = slice(lane * c.acc_bits, (lane + 1) * c.acc_bits)
            m.d.sync += addend[place].eq(Mux(op.lanes[lane], wide, 0))
        m.d.sync += carry.eq(op.lanes & op.negate.replicate(c.lanes))
        return addend, carry

    def _add(self, m: Module, stages: list, read: Signal, addend: Signal, carry: Signal, c: ChipConfig) -> None:
        """Forwarding and the adders. Matches with the 1 to 4 ops before are found at stage 1 and used from registers."""
        valid, op = stages[1]
        same = []
        for before_valid, before in stages[2:6]:
            equal = (before.address == op.address) & (before.bank == op.bank)
            same.append(valid & before_valid & ~before.is_event & equal)
        newest, one_ago_next, one_ago = Signal(2), Signal(), Signal()
        m.d.sync += [newest.eq(Mux(same[1], 1, Mux(same[2], 2, Mux(same[3], 3, 0)))), one_ago_next.eq(same[0])]
        m.d.sync += one_ago.eq(one_ago_next)
        previous = [self.sum]  # of 2, 3 and 4 ops ago, seen from stage 2
        for k in (3, 4):
            previous.append(Signal(c.lanes * c.acc_bits, name=f"sum_{k}_ago"))
            m.d.sync += previous[-1].eq(previous[-2])
        word = Signal(c.lanes * c.acc_bits, name="accumulator")
        by_one = Mux(newest[0], previous[0], read)
        m.d.sync += word.eq(Mux(newest[1], Mux(newest[0], previous[2], previous[1]), by_one))
        for lane in range(c.lanes):
            place = slice(lane * c.acc_bits, (lane + 1) * c.acc_bits)
            base = Mux(one_ago, self.sum[place], word[place])
            m.d.sync += self.sum[place].eq(base + addend[place] + carry[lane])
