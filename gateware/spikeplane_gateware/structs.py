"""Amaranth structs from the layouts of `spikeplane.formats`: the bridge between the one home of
widths and the RTL."""

from amaranth.lib import data

from spikeplane.config import ChipConfig
from spikeplane.formats.layout import Layout
from spikeplane.formats.packet import packet_format


def struct(layout: Layout) -> data.StructLayout:
    """The Amaranth struct with the same fields in the same order (least significant first)."""
    return data.StructLayout(dict(layout.fields))


def packet_struct(config: ChipConfig) -> data.StructLayout:
    """A mesh packet: `payload` (raw bits; view it with
    `struct(packet_format(config).payloads[kind])`) and the header."""
    form = packet_format(config)
    return data.StructLayout({"payload": form.payload_bits, **dict(form.header.fields)})
