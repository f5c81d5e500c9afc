"""The exact sums and gradients of a core: read, add, write a word of L lanes every cycle, with forwarding.

```
  cycle  c     c+1          c+2          c+3                    c+4                  c+5
  op --> address --> RAM out --> found --+
              sums of 2, 3, 4 ops ago ---+--> base --> base + words + carries --> sum, write
                                                        ^-------------------------+  (1 op ago)
```
`words` and `carries` come four cycles after their op. Equal addresses back to back are as good as others. What is not
chosen is 0, so that words meet in ORs. As `Accumulate`, but for two memories, of exact sums X and gradients D: a word
that is asked for as a whole (`clears`, or no `writes`) is an op as well.
"""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from spikeplane.config import ChipConfig, bits_for
from spikeplane.formats.packet import CHUNK_BITS
from spikeplane.formats.tables import core_tables
from spikeplane.formats.training_tables import TrainingMemory, gradient_depth
from spikeplane_gateware.core.copies import copies
from spikeplane_gateware.core.lanes import LaneRam, lane_rams
from spikeplane_gateware.core.reads import ReadBus, output_register
from spikeplane_gateware.units.training.matches import FLAGS, Matches, touch_layout

FOUND = 3  #: cycles from an op to the word that it found
ADDEND = 4  #: cycles from an op to its addends


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

    def elaborate(self, platform: object) -> Module:
        m, c = Module(), self.config
        m.submodules.matches = matches = Matches(c)
        names = {"exact": 2 << bits_for(c.acc_depth)} | (
            {"gradient": depth} if (depth := gradient_depth(c)) else {}
        )
        rams = [lane_rams(m, n, lanes=c.lanes, width=self.bits, depth=depth) for n, depth in names.items()]
        word = Signal(len(self.found), name="word", reset_less=True)
        loads, second = self._controls(m, matches, rams)
        flags = {name: copies(m, getattr(matches, name), c.lanes, f"match_{name}") for name in FLAGS}
        flags["second"] = second
        source = [
            self._lane(m, lane, word, [r[lane] for r in rams], matches.valid, flags)
            for lane in range(c.lanes)
        ]
        shown = _found(self, m, word, Cat(*source), loads)
        m.d.comb += [
            matches.op.eq(self.op),
            self.busy.eq(matches.valid.any()),
            self.found.eq(word),
            self.read_data.eq(shown),
        ]
        return m

    def _controls(self, m: Module, matches: Matches, rams: list[list[LaneRam]]) -> tuple[Signal, list]:
        """Addresses and enables, from registers. A chunk that is read back goes the way of an op up to `found`.
        Returns when that is loaded, and of each lane whether with a gradient."""
        op, last, fetch, lanes = self.op, matches.last, self.read.fetch, self.lanes
        accesses, writes = op.touches | fetch, matches.valid[3] & last.writes
        at = Mux(fetch, self.read.address, op.place)[: len(op.place)]
        read_at = copies(m, at, lanes, "read_at", accesses)
        write_at = copies(m, last.place, lanes, "write_at", matches.valid[3])
        first, loads = Signal(name="accesses"), Signal(name="loads")
        m.d.sync += [first.eq(accesses), loads.eq(first)]
        gradient_reads = fetch | (op.touches & op.gradient)
        enables = (
            ("exact", op.touches & ~op.gradient, writes & ~last.gradient),
            ("gradient", gradient_reads, writes & last.gradient),
        )
        for of_lanes, (name, reads, stores) in zip(rams, enables, strict=False):
            _connect(m, name, of_lanes, (reads, read_at), (stores, write_at))
        if not rams[1:]:
            return loads, [Const(0)] * lanes
        of_gradient = Signal()
        m.d.sync += of_gradient.eq(gradient_reads)
        return loads, copies(m, of_gradient, lanes, "second")

    def _lane(
        self,
        m: Module,
        lane: int,
        words: Signal,
        rams: list[LaneRam],
        valid: Value,
        flags: dict[str, list[Signal]],
    ) -> Value:
        """One lane: forwarding, adder. Returns what its part of `found` takes."""
        bits, flag = self.bits, {name: of_lanes[lane] for name, of_lanes in flags.items()}

        def register(name: str) -> Signal:
            return Signal(bits, name=f"{name}_{lane}", reset_less=True)

        source, base, total = Signal(bits, name=f"source_{lane}"), register("base"), register("sum")
        chosen = Mux(flag["second"], rams[1].read_data, rams[0].read_data) if rams[1:] else rams[0].read_data
        m.d.comb += source.eq(Mux(flag["forwarded"], 0, chosen))
        m.d.comb += [ram.write_data.eq(total) for ram in rams]
        third, fourth, older = register("sum_3_ago"), register("sum_4_ago"), register("older")
        with m.If(valid[4]):
            m.d.sync += third.eq(total)
        with m.If(valid[5]):
            m.d.sync += fourth.eq(third)
        m.d.comb += older.eq(Mux(flag["older"], Mux(flag["third"], third, fourth), 0))
        word, two = words.word_select(lane, bits), Mux(flag["two"], total, 0)
        with m.If(valid[2]):
            m.d.sync += base.eq(Mux(flag["clears"], 0, word | older | two))
        kept = Mux(flag["one"], total, base)
        with m.If(valid[3]):
            m.d.sync += total.eq(kept + self.words.word_select(lane, bits) + self.carries[lane])
        return source


def _connect(
    m: Module,
    name: str,
    rams: list[LaneRam],
    reads: tuple[Value, list[Signal]],
    writes: tuple[Value, list[Signal]],
) -> None:
    """One memory of all lanes. reads, writes: when, which a register is told, and where, of each lane."""
    read_en, write_en = Signal(name=f"{name}_reads"), Signal(name=f"{name}_writes")
    m.d.sync += [read_en.eq(reads[0]), write_en.eq(writes[0])]
    for lane, ram in enumerate(rams):
        ram.connect(
            m,
            read_en=read_en,
            read_address=reads[1][lane][: len(ram.ram.read_address)],
            write_en=write_en,
            write_address=writes[1][lane][: len(ram.ram.write_address)],
        )


def _found(sums: Sums, m: Module, word: Signal, source: Value, loads: Signal) -> Value | int:
    """The register behind the memories, and what it gives to the read-back, which sees gradients, if there are any."""
    if gradient_depth(sums.config):
        tables = core_tables(sums.config)
        return output_register(m, sums.read, TrainingMemory.GRADIENT, tables, word, source, loads)
    with m.If(loads):
        m.d.sync += word.eq(source)
    return 0
