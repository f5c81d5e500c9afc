"""The way out of a core that learns: one packet to some of the EGRESS entries.

```
    request (kind, fields, entries) --> register --> entry after entry, whether it wants it --> packet --> o
```
Throughput: an entry a cycle, no gap between requests: the next one is taken while the last entry is looked at.
"""

from enum import IntEnum

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import data, memory, stream, wiring
from amaranth.lib.wiring import In, Out

from spikeplane.config import ChipConfig, bits_for
from spikeplane.formats.packet import CHUNK_BITS, KIND_BITS, SLOT_BITS, Kind, packet_format
from spikeplane.formats.tables import Memory, core_tables
from spikeplane.formats.training import LIMB_BITS, PHASE_BITS, VALUE_BITS, TrainingKind
from spikeplane.formats.training_tables import ENTRIES_BITS
from spikeplane_gateware.core.interfaces import WriteBus
from spikeplane_gateware.core.reads import ReadBus, table_word
from spikeplane_gateware.structs import packet_struct, struct
from spikeplane_gateware.units.training.stage import chosen


class Only(IntEnum):
    """Which entries a packet goes to."""

    ALL = 0
    REPLAY = 1
    WINDOW = 2
    EITHER = 3
    HOST = 4  #: none: to the host alone
    PLACE = 5  #: those that the packet's group is of


def request_layout(config: ChipConfig) -> data.StructLayout:
    """A packet and its entries: `count` from `first` on."""
    return data.StructLayout(
        {
            "kind": KIND_BITS,
            "only": Only,
            "first": bits_for(config.egress_depth),
            "count": ENTRIES_BITS,
            "parity": 1,
            "last": 1,
            "phase": PHASE_BITS,
            "slot": SLOT_BITS,
            "group": config.group_bits,
            "y": config.coord_bits,
            "x": config.coord_bits,
            "mask": config.lanes,
            "lane": bits_for(config.lanes),
            "limb": LIMB_BITS,
            "value": VALUE_BITS,
        }
    )


class Broadcast(wiring.Component):
    """The egress of a core that learns.

    Parameters: config: the chip.

    Attributes: x, y: column and row of the tile; write, read, read_data: the memory EGRESS; valid, request: what to send
    (`request_layout`), stable until the pulse done: it is taken; busy: level, one is under way; o: packets to the router; sent:
    pulse, a SPIKE packet has come to `o`.
    """

    def __init__(self, config: ChipConfig) -> None:
        self.config, self.tables, self.form = config, core_tables(config), packet_format(config)
        super().__init__(
            {
                "x": In(bits_for(config.cols)),
                "y": In(bits_for(config.rows)),
                "write": In(WriteBus(config)),
                "read": In(ReadBus(config)),
                "read_data": Out(CHUNK_BITS),
                "valid": In(1),
                "request": In(request_layout(config)),
                "done": Out(1),
                "busy": Out(1),
                "o": Out(stream.Signature(packet_struct(config))),
                "sent": Out(1),
            }
        )
        self.entry_at = Signal(range(self.tables.depth(Memory.EGRESS)))
        self.left = Signal(ENTRIES_BITS)

    def elaborate(self, platform: object) -> Module:
        m, request, now = Module(), self.request, Signal.like(self.request, name="now", reset_less=True)
        entry, host = self._table(m), request.only == Only.HOST
        free, wanted, ends = Signal(), Signal(), Signal()
        m.d.comb += [
            free.eq(~self.o.valid | self.o.ready),
            wanted.eq(self._wants(now, entry)),
            # an entry that is not wanted waits like the others: what is taken does not hang on the table
            ends.eq(~self.busy | (free & (self.left == 1))),
            self.done.eq(self.valid & ends),
        ]
        m.d.sync += self.sent.eq(self.busy & free & wanted & (now.kind == Kind.SPIKE))
        with m.If(free):
            m.d.sync += self.o.valid.eq(self.busy & wanted)
            with m.If(self.busy):
                self._send(m, now, entry)
                m.d.sync += [self.entry_at.eq(self.entry_at + 1), self.left.eq(self.left - 1)]
        with m.If(ends):
            m.d.sync += self.busy.eq(self.valid & (host | (request.count != 0)))
        with m.If(self.done):
            m.d.sync += [now.eq(request), self.left.eq(Mux(host, 1, request.count))]
            m.d.sync += self.entry_at.eq(request.first)
        with m.If(self.read.fetch):
            m.d.sync += self.entry_at.eq(self.read.address)
        return m

    def _wants(self, request: Signal, entry: Signal) -> Value:
        """Whether the request goes to this entry."""
        only, group = request.only, request.group
        wanted = {
            Only.REPLAY: entry.replay,
            Only.WINDOW: entry.window,
            Only.EITHER: entry.replay | entry.window,
            Only.PLACE: (entry.group_first <= group) & (group <= entry.group_last),
        }
        return chosen(
            [
                (~Cat(*[only == one for one in wanted]).any(), Const(1, 1)),
                *((only == one, flag) for one, flag in wanted.items()),
            ]
        )

    def _table(self, m: Module) -> Signal:
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

    def _send(self, m: Module, request: Signal, entry: Signal) -> None:
        out, host = self.o.payload, request.only == Only.HOST
        tag = Mux(host, request.slot, entry.tag)
        own = {"tag": tag, "source_x": self.x, "source_y": self.y, "source_slot": request.slot}
        payload = Signal(self.form.payload_bits)
        groups = {
            Kind.SPIKE: (Kind.SPIKE, TrainingKind.REPLAY, TrainingKind.WINDOW),
            Kind.TOKEN: (Kind.TOKEN, TrainingKind.END),
            Kind.CREDIT: (Kind.CREDIT, TrainingKind.READY),
            TrainingKind.PARTIAL: (TrainingKind.PARTIAL, TrainingKind.VALUE),
        }
        with m.Switch(request.kind):
            for kind, alike in groups.items():
                layout = self.form.payloads[kind]
                fields = Signal(struct(layout), name=f"out_{kind.name.lower()}")
                for name, _ in layout.fields:
                    if name not in ("negate", "shift", "spare"):
                        m.d.comb += fields[name].eq(own[name] if name in own else request[name])
                with m.Case(*alike):
                    m.d.comb += payload.eq(fields.as_value())
        m.d.sync += [out.kind.eq(request.kind), out.payload.eq(payload)]
        m.d.sync += [out[name].eq(Mux(host, 0, entry[name])) for name in ("x0", "y0", "x1", "y1")]
        m.d.sync += out.host.eq(host | entry.host)
