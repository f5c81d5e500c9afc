"""The way out: one packet per non-zero mask and destination, then the tokens, then the credits of a sweep.

```
    items (mask, place, significance) --> x EGRESS entries --> o
    finish --> TOKEN per entry, CREDIT per credit entry --> done
```
Throughput: a packet a cycle. Latency: 1 cycle.
"""

from amaranth.hdl import Module, Signal, Value
from amaranth.lib import data, memory, stream, wiring
from amaranth.lib.wiring import In, Out

from spikeplane.config import ChipConfig, bits_for
from spikeplane.formats.packet import CHUNK_BITS, SHIFT_BITS, Kind, packet_format
from spikeplane.formats.tables import Memory, core_tables
from spikeplane.formats.training_tables import ENTRIES_BITS
from spikeplane_gateware.core.interfaces import WriteBus
from spikeplane_gateware.core.reads import ReadBus, table_word
from spikeplane_gateware.core.soma.schedule import JOB
from spikeplane_gateware.structs import packet_struct, struct


def item_layout(config: ChipConfig) -> data.StructLayout:
    """A mask with its place in the whole population and its significance."""
    return data.StructLayout(
        {
            "mask": config.lanes,
            "group": config.group_bits,
            "y": config.coord_bits,
            "x": config.coord_bits,
            "shift": SHIFT_BITS,
            "negate": 1,
        }
    )


def _silent(config: ChipConfig, entry: Signal, last: Value) -> Value:
    """Whether no spike goes to an entry in a step that is, or is not, a sample's last."""
    silent = entry.delay & last
    return silent | entry.order if config.dynamic_depth else silent


class Egress(wiring.Component):
    """The egress of a core: it sends what a sweep found to every destination of the population.

    Parameters: config: the chip.

    Attributes: x, y: column and row of the tile, which tokens carry as their source; write, read,
    read_data: the memory EGRESS, on the buses of the loader and of the read-back; population, job:
    POPULATION word and job of the sweep under way, levels; item: masks of the sweep with their places
    (`item_layout`); finish: level, the sweep has no more items; done: pulse, its last packet has come
    to `o`; o: packets to the router; sent: pulse, a SPIKE packet has come to `o`. On a chip with a dynamic memory also, levels until
    done, opens: a sweep is under way; early: of a population without spikes, its tokens may go; cleared: its credits may.
    """

    def __init__(self, config: ChipConfig) -> None:
        self.config, self.tables, self.form = config, core_tables(config), packet_format(config)
        # registers, because the sweep's items wait for them: no entry is left; not more than one
        self.none, self.final = (Signal(name=name, init=1) for name in ("none_left", "final"))
        self.entry_at = Signal(range(self.tables.depth(Memory.EGRESS)))
        self.left = Signal(ENTRIES_BITS)
        super().__init__(
            {
                "x": In(bits_for(config.cols)),
                "y": In(bits_for(config.rows)),
                "write": In(WriteBus(config)),
                "read": In(ReadBus(config)),
                "read_data": Out(CHUNK_BITS),
                "population": In(struct(self.tables.population)),
                "job": In(JOB),
                "item": In(stream.Signature(item_layout(config))),
                "finish": In(1),
                "done": Out(1),
                "o": Out(stream.Signature(packet_struct(config))),
                "sent": Out(1),
                **(dict.fromkeys(("opens", "early", "cleared"), In(1)) if config.dynamic_depth else {}),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m, p = Module(), self.population
        entry = self._table(m)
        free = Signal()
        parity = Signal()
        early = self.config.dynamic_depth > 0
        ends: Value = self.finish | self.early if early else self.finish
        m.d.comb += [free.eq(~self.o.valid | self.o.ready), parity.eq(self.job.parity ^ entry.delay)]
        m.d.sync += [self.done.eq(0), self.sent.eq(0)]
        with m.If(self.o.ready):
            m.d.sync += self.o.valid.eq(0)
        with m.If(self.read.fetch):
            m.d.sync += self.entry_at.eq(self.read.address)
        with m.FSM():
            with m.State("OPEN"), m.If(self.opens if early else self.item.valid | ends):
                self._point(m, p.egress_first, p.egress_count)
                m.next = "SPIKES"
            with m.State("SPIKES"):
                # whether an item is there or not: the way from its mask is long
                m.d.comb += self.item.ready.eq((free | self.none) & self.final)
                with m.If(self.item.valid):
                    self._spike(m, entry, free, parity)
                with m.Elif(ends):
                    m.next = "TOKENS"
            with m.State("TOKENS"):
                self._each(m, entry, free, Kind.TOKEN, self._token(entry, parity))
                with m.If(self.none):
                    self._count(m, p.credit_count)  # they stand behind the destinations
                    m.next = "CREDITS"
            with m.State("CREDITS"):
                fields = {"tag": entry.tag, "parity": self._freed(parity), "last": 0}
                self._each(m, entry, free & self.cleared if early else free, Kind.CREDIT, fields)
                with m.If(self.none & self.finish if early else self.none):
                    m.d.sync += self.done.eq(1)
                    m.next = "DONE"
            with m.State("DONE"):  # until the sweep has seen it
                m.next = "OPEN"
        return m

    def _freed(self, parity: Value) -> Value:
        """Of the step that a credit is for: the next one that the same bank takes."""
        return ~parity if self.config.fused else parity

    def _point(self, m: Module, first: Value, count: Value) -> None:
        m.d.sync += self.entry_at.eq(first)
        self._count(m, count)

    def _count(self, m: Module, count: Value) -> None:
        m.d.sync += [self.left.eq(count), self.none.eq(count == 0), self.final.eq(count <= 1)]

    def _next(self, m: Module) -> None:
        m.d.sync += [self.entry_at.eq(self.entry_at + 1), self.left.eq(self.left - 1)]
        m.d.sync += [self.none.eq(self.left == 1), self.final.eq(self.left <= 2)]

    def _table(self, m: Module) -> Signal:
        """The EGRESS table: small enough for LUT RAM, read in the same cycle."""
        layout, depth = struct(self.tables.egress), self.tables.depth(Memory.EGRESS)
        m.submodules.table = table = memory.Memory(shape=layout, depth=depth, init=[])
        write, read = table.write_port(), table.read_port(domain="comb")
        m.d.comb += [
            write.en.eq(self.write.valid & (self.write.memory == Memory.EGRESS)),
            write.addr.eq(self.write.address),
            write.data.eq(self.write.data),
            read.addr.eq(self.entry_at),
            self.read_data.eq(table_word(self.read, Memory.EGRESS, self.tables, read.data.as_value())),
        ]
        return read.data

    def _token(self, entry: Signal, parity: Signal) -> dict[str, object]:
        return {
            "tag": entry.tag,
            "parity": parity,
            # where weights differ from step to step a delayed token says that its step is a sample's first
            "last": self.job.last if self.config.step_bits else self.job.last & ~entry.delay,
            "source_x": self.x,
            "source_y": self.y,
            "source_slot": self.job.slot,
        }

    def _spike(self, m: Module, entry: Signal, free: Signal, parity: Signal) -> None:
        item = self.item.payload
        silent = Signal()
        m.d.comb += silent.eq(_silent(self.config, entry, self.job.last))
        with m.If(free | self.none):
            with m.If(self.final):
                self._point(m, self.population.egress_first, self.population.egress_count)
            with m.Else():
                self._next(m)
        # a packet that is not sent stands there as well: its entry comes too late for all of its bits
        with m.If(free & ~self.none):
            fields = {name: item[name] for name in ("mask", "group", "y", "x", "shift", "negate")}
            self._send(m, entry, Kind.SPIKE, {"tag": entry.tag, "parity": parity, **fields})
            m.d.sync += [self.o.valid.eq(~silent), self.sent.eq(~silent)]

    def _each(self, m: Module, entry: Signal, free: Signal, kind: Kind, fields: dict) -> None:
        """One packet per entry."""
        with m.If(free & ~self.none):
            self._send(m, entry, kind, fields)
            self._next(m)

    def _send(self, m: Module, entry: Signal, kind: Kind, fields: dict[str, object]) -> None:
        payload = Signal(struct(self.form.payloads[kind]), name=f"out_{kind.name.lower()}")
        assert set(fields) == {name for name, _ in self.form.payloads[kind].fields}, (
            f"a field of {kind.name} has no driver"
        )
        m.d.comb += [payload[name].eq(value) for name, value in fields.items()]
        out = self.o.payload
        m.d.sync += [self.o.valid.eq(1), out.kind.eq(kind), out.payload.eq(payload.as_value())]
        m.d.sync += [out[name].eq(entry[name]) for name in ("x0", "y0", "x1", "y1", "host")]
