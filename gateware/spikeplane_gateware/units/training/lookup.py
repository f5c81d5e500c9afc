"""The lookup of a core that learns: its packets carry a verb, some a number for one lane, and READY is an event."""

from amaranth.hdl import Const, Module, Mux, Signal, Value
from amaranth.lib import data

from spikeplane.formats.layout import Layout
from spikeplane.formats.packet import Kind, packet_format
from spikeplane.formats.training import VERBS, TrainingKind
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

    def _sum(self, m: Module, entries: dict, projections: dict, packets: dict, kinds: dict) -> None:
        super()._sum(m, entries, projections, packets, kinds)
        out, packet, kind = self.o.payload, packets[6], kinds[6]
        layout = packet_format(self.config).payloads[Kind.TOKEN]
        token, number = struct(layout)(Value.cast(packet)[: layout.width]), self._number(packet)
        verb = Signal.like(out.verb)
        with m.Switch(kind):
            for one, named in VERBS.items():
                with m.Case(one):
                    m.d.comb += verb.eq(named)
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
