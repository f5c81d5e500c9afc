"""Where a spike's weights and accumulators are: projection by tag, then one entry each by row, column and group.

```
  packet -> [PROJECTION by tag] -> base + coordinate -> [ROW][COLUMN][GROUP] -> sums -> visit
   stage 0        1, 2                    3                   4, 5              6, 7
```
Ports: i (SPIKE, TOKEN, CREDIT packets), o (`visit_layout`; `lanes` is the mask), write, dropped (pulse: no such projection).
Throughput: a packet a cycle. Latency: 7 cycles. A spike that meets nothing here (a count of 0) ends here.
"""

from amaranth.hdl import Module, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from spikeplane.config import ChipConfig
from spikeplane.formats.packet import Kind, packet_format
from spikeplane.formats.tables import Memory, core_tables
from spikeplane_gateware.core.visit import STEPS, visit_layout
from spikeplane_gateware.core.writes import WriteBus
from spikeplane_gateware.ram import Ram
from spikeplane_gateware.structs import packet_struct, struct

_TABLES = {"row": (Memory.ROW, "y"), "column": (Memory.COLUMN, "x"), "group": (Memory.GROUP, "group")}


class Lookup(wiring.Component):
    """See the module's picture."""

    def __init__(self, config: ChipConfig) -> None:
        self.config, self.tables = config, core_tables(config)
        super().__init__(
            {
                "i": In(stream.Signature(packet_struct(config))),
                "o": Out(stream.Signature(visit_layout(config))),
                "write": In(WriteBus(config)),
                "dropped": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        spike = struct(packet_format(self.config).payloads[Kind.SPIKE])
        self.advance = Signal(name="advance")
        m.d.comb += [self.advance.eq(~self.o.valid | self.o.ready), self.i.ready.eq(self.advance)]
        packets = self._delay(m, spike, self.i.payload.payload, 7, "packet")
        kinds = self._delay(m, 3, self.i.payload.kind, 7, "kind")
        valids = self._delay(m, 1, self.i.valid, 6, "valid")
        incoming = Signal(spike)
        m.d.comb += incoming.eq(self.i.payload.payload)
        found = self._ram(m, "projection", Memory.PROJECTION, incoming.tag, struct(self.tables.projection))
        projections = [found, *self._delay(m, found.shape(), found, 5, "projection_at")]
        entries = {}
        for name, (memory, coordinate) in _TABLES.items():
            at = Signal(range(self.tables.depth(memory)), name=f"{name}_at")
            with m.If(self.advance):
                m.d.sync += at.eq(projections[0][f"{name}_base"] + packets[2][coordinate])
            entries[name] = self._ram(m, name, memory, at, struct(self.tables.coordinate))
        self._sum(m, entries, projections, packets, kinds, valids)
        return m

    def _delay(self, m: Module, shape: object, value: object, count: int, name: str) -> list:
        """`value` after 1 to `count` stages, behind a None so that stage k stands at k; projections start later."""
        out: list = [] if name == "projection_at" else [value]
        for i in range(count):
            register = Signal(shape, name=f"{name}_{i + 1}", reset_less=name != "valid")
            with m.If(self.advance):
                m.d.sync += register.eq(out[-1] if out else value)
            out.append(register)
        return out

    def _ram(self, m: Module, name: str, memory: Memory, address: object, shape: data.StructLayout) -> Signal:
        """A table and its output register: the word appears two stages after its address."""
        m.submodules[name] = ram = Ram(width=self.tables.width(memory), depth=self.tables.depth(memory))
        word = Signal(shape, name=f"{name}_word", reset_less=True)
        m.d.comb += [
            ram.read_en.eq(self.advance),
            ram.read_address.eq(address),
            ram.write_en.eq(self.write.valid & (self.write.memory == memory)),
            ram.write_address.eq(self.write.address),
            ram.write_data.eq(self.write.data),
        ]
        with m.If(self.advance):
            m.d.sync += word.eq(ram.read_data)
        return word

    def _sum(self, m: Module, entries: dict, projections: list, packets: list, kinds: list, valids: list) -> None:
        """Stage 5 entries -> stage 6 partial sums -> stage 7, the output."""
        row, column, group = entries["row"], entries["column"], entries["group"]
        partial = {name: Signal.like(row[name], name=f"partial_{name}", reset_less=True) for name in ("acc", "weight")}
        rest, counts = Signal.like(group), Signal(data.StructLayout({"rows": 8, "columns": 8}), reset_less=True)
        meets = Signal()
        out, packet, projection = self.o.payload, packets[6], projections[4]
        event = kinds[6] != Kind.SPIKE
        with m.If(self.advance):
            for name, signal in partial.items():
                m.d.sync += signal.eq(row[name] + column[name])
            m.d.sync += [
                rest.eq(group),
                counts.rows.eq(row.count),
                counts.columns.eq(column.count),
                meets.eq((row.count != 0) & (column.count != 0) & (group.count != 0)),
                self.dropped.eq(valids[6] & ~event & ~projection.valid),
                self.o.valid.eq(valids[6] & (event | (projection.valid & meets))),
                *[out[name].eq(projection[name]) for name in STEPS],
                out.is_event.eq(event),
                out.event.credit.eq(kinds[6] == Kind.CREDIT),
                out.event.parity.eq(packet.parity),
                out.event.last.eq(packet.last),
                out.bank.eq(packet.parity),
                out.aligned.eq(projection.aligned),
                out.negate.eq(packet.negate),
                out.shift.eq(packet.shift),
                out.lanes.eq(packet.mask),
                out.bit.eq(0),
                out.rows.eq(counts.rows),
                out.columns.eq(counts.columns),
                out.groups.eq(rest.count),
                out.acc.eq(partial["acc"] + rest.acc),
                out.weight.eq(partial["weight"] + rest.weight),
            ]
            with m.If(kinds[6] == Kind.CREDIT):
                m.d.sync += out.event.slot.eq(packet.tag)
            with m.Else():
                m.d.sync += out.event.slot.eq(projection.slot)
        with m.Else():
            m.d.sync += self.dropped.eq(0)
