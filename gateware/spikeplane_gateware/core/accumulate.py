"""Weights meet accumulators: one read-add-write of an L-lane word every cycle, in two banks, with forwarding.

```
  cycle  c        c+1          c+2                 c+3          c+4        c+5
  op --> address  BRAM out --> R --+
         weight   BRAM out --> R --|-> shift, sign --+
                       results of 2, 3, 4 ops ago ---+-> A ----> A + w --> sum, write --> event out
                                                                  ^----------+  (1 op ago)
```
Ports: op_valid, op (`op_layout`, never refused), write (for WEIGHT), sweep (the other side of `SweepPort`), event_valid, event.
Throughput: an op a cycle, equal addresses back to back included. A sweep read is granted in any cycle in which no op reads its
bank; as the pipeline never stalls, the write slot four cycles later is free too, and the clearing write takes it.
"""

from amaranth.hdl import Cat, Module, Mux, Signal, Value
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
        words = self._banks(m, stages)
        addend, carry = self._addend(m, weights, stages[2])
        self._add(m, stages, words, addend, carry, c)
        valid, op = stages[5]
        m.d.comb += [self.event_valid.eq(valid & op.is_event), self.event.eq(op.event)]
        return m

    def _pipeline(self, m: Module) -> list[tuple[Signal, Signal]]:
        """(valid, op) at stages 0 to 5; stage 0 is the input itself, which the walker drives from registers."""
        stages = [(self.op_valid, self.op)]
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

    def _banks(self, m: Module, stages: list) -> list[Signal]:
        """Both banks; returns their registered read words (stage 2)."""
        c, width = self.config, self.config.lanes * self.config.acc_bits
        self.sum = Signal(width, name="sum")
        busy = self.op_valid & ~self.op.is_event
        grant = Signal()
        m.d.comb += [grant.eq(self.sweep.valid & ~(busy & (self.op.bank == self.sweep.bank))), self.sweep.ready.eq(grant)]
        slots = self._sweep_slots(m, grant)
        words = []
        for bank in range(2):
            m.submodules[f"bank_{bank}"] = ram = Ram(width=width, depth=c.acc_depth)
            word = Signal(width, name=f"word_{bank}")
            mine = busy & (self.op.bank == bank)
            valid, op = stages[4]
            adds = valid & ~op.is_event & (op.bank == bank)
            clears = slots[4].valid & slots[4].clear & (slots[4].bank == bank)
            m.d.comb += [
                ram.read_en.eq(1),
                ram.read_address.eq(Mux(mine, self.op.address, self.sweep.address)),
                ram.write_en.eq(adds | clears),
                ram.write_address.eq(Mux(adds, op.address, slots[4].address)),
                ram.write_data.eq(Mux(adds, self.sum, self.sweep.clear_word)),
            ]
            m.d.sync += word.eq(ram.read_data)
            words.append(word)
        m.d.comb += [
            self.sweep.data_valid.eq(slots[2].valid),
            self.sweep.data.eq(Mux(slots[2].bank, words[1], words[0])),
        ]
        return words

    def _sweep_slots(self, m: Module, grant: Signal) -> list:
        layout = data.StructLayout({"valid": 1, "bank": 1, "clear": 1, "address": bits_for(self.config.acc_depth)})
        slots = [Signal(layout, name=f"slot_{i}") for i in range(5)]
        first = slots[0]
        m.d.comb += [
            first.valid.eq(grant),
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
        parts = []
        for lane in range(c.lanes):
            bits = weights[lane * c.weight_bits : (lane + 1) * c.weight_bits]
            weight = Cat(1, bits.replicate(c.acc_bits - 1)).as_signed() if c.weight_bits == 1 else bits.as_signed()
            wide = Signal(c.acc_bits, name=f"shifted_{lane}")
            m.d.comb += wide.eq(weight << shift)
            parts.append(Mux(op.lanes[lane], wide ^ op.negate.replicate(c.acc_bits), 0)[: c.acc_bits])
        m.d.sync += [addend.eq(Cat(*parts)), carry.eq(op.lanes & op.negate.replicate(c.lanes))]
        return addend, carry

    def _add(self, m: Module, stages: list, words: list[Signal], addend: Signal, carry: Signal, c: ChipConfig) -> None:
        """Forwarding and the adders. Matches with the 1 to 4 ops before are found at stage 1 and used from registers."""
        matches = [Signal(name=f"match_{k}") for k in range(1, 5)]
        valid, op = stages[1]
        for k, match in enumerate(matches, 1):
            before_valid, before = stages[1 + k]
            same = (before.address == op.address) & (before.bank == op.bank)
            m.d.sync += match.eq(valid & before_valid & ~before.is_event & same)
        previous = [self.sum]
        for k in (1, 2):
            previous.append(Signal(c.lanes * c.acc_bits, name=f"sum_{k}_ago"))
            m.d.sync += previous[-1].eq(previous[-2])
        word, one_ago = Signal(c.lanes * c.acc_bits, name="accumulator"), Signal()
        chosen: Value = Mux(stages[2][1].bank, words[1], words[0])
        for match, result in zip(matches[:0:-1], previous[::-1], strict=True):
            chosen = Mux(match, result, chosen)
        m.d.sync += [word.eq(chosen), one_ago.eq(matches[0])]
        for lane in range(c.lanes):
            place = slice(lane * c.acc_bits, (lane + 1) * c.acc_bits)
            base = Mux(one_ago, self.sum[place], word[place])
            m.d.sync += self.sum[place].eq(base + addend[place] + carry[lane])
