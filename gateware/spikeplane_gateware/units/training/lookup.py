"""The lookup of a core that learns: its packets carry a verb, some a number for one lane, and READY is an event."""

from amaranth.hdl import Const, Module, Mux, Signal, Value
from amaranth.lib import data

from spikeplane.formats.layout import Layout
from spikeplane.formats.packet import Kind, packet_format
from spikeplane.formats.training import VERBS, TrainingKind, Verb
from spikeplane.formats.training_tables import streams
from spikeplane_gateware.core.synapses.lookup import Lookup
from spikeplane_gateware.structs import struct


class TrainingLookup(Lookup):
    """The lookup of a core that learns.

    Parameters, attributes: as `Lookup`; i: also REPLAY, WINDOW, PARTIAL, ERROR and READY packets.
    """

    def _spike(self) -> data.StructLayout:
        form = packet_format(self.config)
        spike = form.payloads[Kind.SPIKE]
        more = form.payload_bits - spike.width
        return struct(Layout("flow", (*spike.fields, ("more", more))))

    def _number(self, packet: Signal) -> data.View:
        layout = packet_format(self.config).payloads[TrainingKind.PARTIAL]
        return struct(layout)(Value.cast(packet)[: layout.width])

    def _mask(self, packet: Signal, kind: Value) -> Value:
        one = (kind == TrainingKind.PARTIAL) | (kind == TrainingKind.ERROR)
        mask = Mux(one, Const(1) << self._number(packet).lane, packet.mask)
        return Value.cast(Value.cast(mask)[: self.config.lanes])

    def _is_event(self, kind: Value) -> Value:
        return (kind == Kind.TOKEN) | self._has_slot(kind)

    def _has_slot(self, kind: Value) -> Value:
        return (kind == Kind.CREDIT) | (kind == TrainingKind.READY)

    def _column(self, m: Module, group: Signal, projection: Signal, kind: Value) -> Signal:
        """The entry of a group, or of the columns of its neurons: a spike of a streamed projection meets but one of them."""
        entry = Signal.like(group, name="group_or_column")
        m.d.comb += entry.eq(group)
        with m.If((kind == TrainingKind.REPLAY) & projection.streams):
            m.d.comb += [
                entry.weight.eq(group.weight + projection.column),
                entry.count.eq(Mux(group.count == 0, 0, 1)),
            ]
        return entry

    def _sum(self, m: Module, entries: dict, projections: dict, packets: dict, kinds: dict) -> None:
        streamed = streams(self.config)
        if streamed:
            entries = {**entries, "group": self._column(m, entries["group"], projections[5], kinds[5])}
        super()._sum(m, entries, projections, packets, kinds)
        out, packet, kind = self.o.payload, packets[6], kinds[6]
        layout = packet_format(self.config).payloads[Kind.TOKEN]
        token, number = struct(layout)(Value.cast(packet)[: layout.width]), self._number(packet)
        verb = Signal.like(out.verb)
        with m.Switch(kind):
            for one, named in VERBS.items():
                with m.Case(one):
                    m.d.comb += verb.eq(named)
        if streamed:
            with m.If((kind == TrainingKind.REPLAY) & projections[6].streams):
                m.d.comb += verb.eq(Verb.COLUMN)
        with m.If(self._moves(6)):
            m.d.sync += [
                out.verb.eq(verb),
                out.tag.eq(packet.tag),
                out.limb.eq(number.limb),
                out.value.eq(number.value),
                out.event.phase.eq(Mux(kind == Kind.TOKEN, token.phase, 0)),
                out.event.ready.eq(kind == TrainingKind.READY),
                out.event.tag.eq(packet.tag),
                *[out.place[name].eq(packet[name]) for name in ("group", "y", "x")],
            ]
