"""The exact sums and gradients of a core: read, add, write a word of L lanes every cycle, with forwarding.

```
  cycle  c     c+1          c+2          c+3                    c+4                  c+5
  op --> address --> RAM out --> found --+
              sums of 2, 3, 4 ops ago ---+--> base --> base + words + carries --> sum, write
                                                        ^-------------------------+  (1 op ago)
```
`words` and `carries` come four cycles after their op. Equal addresses back to back are as good as others. Which ops
before went to the same word is found at the address and used from registers; what is not chosen is 0, so that words
meet in ORs. As `Accumulate`, but for two memories, of exact sums X and gradients D: a word that is asked for as a whole
(`clears`, or no `writes`) is an op as well.
"""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from spikeplane.config import ChipConfig, bits_for
from spikeplane.formats.packet import CHUNK_BITS
from spikeplane.formats.tables import core_tables
from spikeplane.formats.training_tables import TrainingMemory
from spikeplane_gateware.core.copies import copies
from spikeplane_gateware.core.lanes import LaneRam, lane_rams
from spikeplane_gateware.core.reads import ReadBus, output_register

FOUND = 3  #: cycles from an op to the word that it found
ADDEND = 4  #: cycles from an op to its addends


def touch_layout(config: ChipConfig) -> data.StructLayout:
    """An op on one word. `touches`: it is one; `writes`: it writes the sum, or 0 where it `clears`; `gradient`: to D at a
    weight's place, else to X at {accumulator word, bank}."""
    place = max(bits_for(config.acc_depth) + 1, bits_for(config.weight_depth))
    return data.StructLayout({"touches": 1, "writes": 1, "clears": 1, "gradient": 1, "place": place})


class Sums(wiring.Component):
    """The two memories and the adders of all lanes.

    Throughput: an op a cycle; nothing stalls.

    Parameters
    ----------
    config : ChipConfig
        A chip that learns: L lanes, exact_bits.

    Attributes
    ----------
    op : In(touch_layout)
        What to do.
    words, carries : In(L * exact_bits), In(L)
        ADDEND cycles after an op: what it adds, word + carry in each lane; 0 where it clears.
    found : Out(L * exact_bits)
        FOUND cycles after an op, for one cycle: its word, if no op of the four cycles before wrote to it.
    read, read_data : In(ReadBus), Out(CHUNK_BITS)
        The memory GRADIENT, for the read-back of a resting core.
    busy : Out(1)
        An op is under way.
    """

    def __init__(self, config: ChipConfig) -> None:
        assert config.training is not None
        self.config, self.lanes, self.bits = config, config.lanes, config.training.exact_bits
        width = self.lanes * self.bits
        super().__init__(
            {
                "op": In(touch_layout(config)),
                "words": In(width),
                "carries": In(self.lanes),
                "found": Out(width),
                "read": In(ReadBus(config)),
                "read_data": Out(CHUNK_BITS),
                "busy": Out(1),
            }
        )
        #: One signal a stage, the address's first.
        self.ops = [Signal(touch_layout(config), name=f"op_{i}", reset_less=True) for i in range(4)]
        self.valid = [Signal(name=f"touches_{i}") for i in range(6)]

    def elaborate(self, platform: object) -> Module:
        m, c = Module(), self.config
        names = {"exact": 2 << bits_for(c.acc_depth), "gradient": c.weight_depth}
        rams = [lane_rams(m, n, lanes=c.lanes, width=self.bits, depth=depth) for n, depth in names.items()]
        self._pipeline(m)
        self._matches(m)
        self._controls(m)
        word = Signal(len(self.found), name="word", reset_less=True)
        source = []
        for lane in range(self.lanes):
            for ram, reads, writes in zip((r[lane] for r in rams), self.reads, self.writes, strict=True):
                ram.connect(
                    m,
                    read_en=reads,
                    read_address=self.read_at[lane][: len(ram.ram.read_address)],
                    write_en=writes,
                    write_address=self.write_at[lane][: len(ram.ram.write_address)],
                )
            source.append(self._lane(m, lane, word, [r[lane] for r in rams]))
        tables = core_tables(c)
        shown = output_register(
            m, self.read, TrainingMemory.GRADIENT, tables, word, Cat(*source), self.passes[1]
        )
        m.d.comb += [self.found.eq(word), self.read_data.eq(shown)]
        return m

    def _pipeline(self, m: Module) -> None:
        before, touches = self.op, self.op.touches
        for op in self.ops:
            m.d.sync += op.eq(before)
            before = op
        for valid in self.valid:
            m.d.sync += valid.eq(touches)
            touches = valid
        m.d.comb += self.busy.eq(Cat(*self.valid).any())

    def _matches(self, m: Module) -> None:
        """Which of the 1 to 4 ops before wrote to the same word: found at stage 0, used from registers at
        stages 1 to 3."""
        now, same = self.ops[0], []
        wrote = Signal(name="wrote")  # at stage 4
        place = Signal.like(now.place, name="place_4", reset_less=True)
        gradient = Signal(name="gradient_4", reset_less=True)
        last = self.ops[3]
        m.d.sync += [wrote.eq(self.valid[3] & last.writes), place.eq(last.place), gradient.eq(last.gradient)]
        earlier = [
            (v & op.writes, op.place, op.gradient)
            for v, op in zip(self.valid[1:4], self.ops[1:], strict=True)
        ]
        for number, (writes, at, of) in enumerate([*earlier, (wrote, place, gradient)], 1):
            equal = Signal(name=f"equal_{number}")
            m.d.comb += equal.eq(self.valid[0] & writes & (at == now.place) & (of == now.gradient))
            same.append(equal)
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
        lanes = self.lanes
        # stage 1: the memory's word is stale
        self.forwarded = copies(m, Cat(*same[1:]).any(), lanes, "forwarded")
        self.two, self.older, self.third = (
            copies(m, flag, lanes, f"match_{name}")
            for name, flag in (("two", two), ("older", older), ("third", third))
        )
        self.one_ago = copies(m, one_2, lanes, "match_one")

    def _controls(self, m: Module) -> None:
        """Addresses and enables, from registers. A chunk that is read back goes the way of an op up to `found`."""
        op, last, fetch, lanes = self.op, self.ops[3], self.read.fetch, self.lanes
        accesses = op.touches | fetch
        at = Mux(fetch, self.read.address, op.place)[: len(op.place)]
        self.read_at = copies(m, at, lanes, "read_at", accesses)
        self.write_at = copies(m, last.place, lanes, "write_at", self.valid[3])
        self.reads = [Signal(name=f"{name}_reads") for name in ("exact", "gradient")]
        self.writes = [Signal(name=f"{name}_writes") for name in ("exact", "gradient")]
        self.passes = [Signal(name=f"passes_{i}") for i in range(2)]
        # stage 1: the word found is a gradient
        self.second = copies(m, self.reads[1], lanes, "second")
        m.d.sync += [
            self.reads[0].eq(op.touches & ~op.gradient),
            self.reads[1].eq(fetch | (op.touches & op.gradient)),
            self.writes[0].eq(self.valid[3] & last.writes & ~last.gradient),
            self.writes[1].eq(self.valid[3] & last.writes & last.gradient),
            self.passes[0].eq(accesses),
            self.passes[1].eq(self.passes[0]),
        ]
        self.clears = copies(m, self.ops[1].clears, lanes, "match_clears")

    def _lane(self, m: Module, lane: int, words: Signal, rams: list[LaneRam]) -> Signal:
        """One lane: forwarding, adder. Returns what its part of `found` takes."""
        bits, valid = self.bits, self.valid

        def register(name: str) -> Signal:
            return Signal(bits, name=f"{name}_{lane}", reset_less=True)

        source, base, total = Signal(bits, name=f"source_{lane}"), register("base"), register("sum")
        exact, gradient = rams
        chosen = Mux(self.second[lane], gradient.read_data, exact.read_data)
        m.d.comb += [
            source.eq(Mux(self.forwarded[lane], 0, chosen)),
            exact.write_data.eq(total),
            gradient.write_data.eq(total),
        ]
        third, fourth, older = register("sum_3_ago"), register("sum_4_ago"), register("older")
        with m.If(valid[4]):
            m.d.sync += third.eq(total)
        with m.If(valid[5]):
            m.d.sync += fourth.eq(third)
        m.d.comb += older.eq(Mux(self.older[lane], Mux(self.third[lane], third, fourth), 0))
        word = words.word_select(lane, bits)
        with m.If(valid[2]):
            m.d.sync += base.eq(Mux(self.clears[lane], 0, word | older | Mux(self.two[lane], total, 0)))
        addend, carry = self.words.word_select(lane, bits), self.carries[lane]
        kept = Mux(self.one_ago[lane], total, base)
        with m.If(valid[3]):
            m.d.sync += total.eq(kept + addend + carry)
        return source
