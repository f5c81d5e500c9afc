"""Packets in bulk: numpy arrays of fields to and from the bytes of the host link, and planes to and
from packets.

A packet travels as `PacketFormat.size` bytes, little-endian. Thousands are packed at once, so
fields are arrays.
"""

from collections.abc import Collection, Mapping

import numpy as np

from spikeplane.config import ChipConfig
from spikeplane.errors import SpikeplaneError
from spikeplane.formats.packet import Kind, PacketFormat, packet_format
from spikeplane.formats.training import TrainingKind

AnyKind = Kind | TrainingKind
Fields = Mapping[str, "np.ndarray | int"]
_LIMB = (1 << 64) - 1


def offsets(form: PacketFormat, kind: AnyKind) -> dict[str, tuple[int, int]]:
    """(offset, width) of every payload and header field of a kind."""
    places, at = {}, 0
    for name, width in form.payloads[kind].fields:
        places[name], at = (at, width), at + width
    at = form.payload_bits
    for name, width in form.header.fields:
        places[name], at = (at, width), at + width
    return places


def pack_many(form: PacketFormat, kind: AnyKind, count: int, fields: Fields) -> np.ndarray:
    """`count` packets of one kind: uint8 (count, size). Fields not named are 0; scalars are repeated.

    Raises SpikeplaneError for a value that its field does not hold.
    """
    common, limbs = 0, np.empty((count, 2), dtype="<u8")
    arrays = []
    for name, (offset, width) in offsets(form, kind).items():
        value = int(kind) if name == "kind" else fields.get(name, 0)
        if isinstance(value, np.ndarray):
            words = value.astype(np.uint64)
            if int(words.max(initial=0)) >> width:
                raise _too_wide(kind, name, width, int(value.min() if value.min() < 0 else value.max()))
            arrays.append((offset, width, words))
        else:
            if int(value) >> width:
                raise _too_wide(kind, name, width, int(value))
            common |= int(value) << offset
    limbs[:, 0], limbs[:, 1] = common & _LIMB, common >> 64
    for offset, width, value in arrays:
        limb, shift = divmod(offset, 64)
        limbs[:, limb] |= value << np.uint64(shift)
        if shift + width > 64:
            limbs[:, limb + 1] |= value >> np.uint64(64 - shift)
    return limbs.view(np.uint8).reshape(count, 16)[:, : form.size].copy()


def _too_wide(kind: AnyKind, name: str, width: int, value: int) -> SpikeplaneError:
    return SpikeplaneError(
        f"a {kind.name.lower()} packet's {name} takes 0 to {(1 << width) - 1}, not {value}; "
        "compile the program for this chip again"
    )


def unpack_many(
    form: PacketFormat, packets: np.ndarray, kind: AnyKind, names: Collection[str] | None = None
) -> dict[str, np.ndarray]:
    """Every field, or those of `names`, of packets uint8 (n, size) read as `kind`: int64 arrays (n,)."""
    limbs = np.zeros((len(packets), 16), dtype=np.uint8)
    limbs[:, : form.size] = packets
    words = limbs.view("<u8")
    values = {}
    for name, (offset, width) in offsets(form, kind).items():
        if names is not None and name not in names:
            continue
        limb, shift = divmod(offset, 64)
        value = words[:, limb] >> np.uint64(shift)
        if shift + width > 64:
            value = value | words[:, limb + 1] << np.uint64(64 - shift)
        values[name] = (value & np.uint64((1 << width) - 1)).astype(np.int64)
    return values


def plane_packets(
    config: ChipConfig, values: np.ndarray, fields: Fields, kind: AnyKind = Kind.SPIKE
) -> np.ndarray:
    """The spike packets of one step's values (C, H, W), integers: one per non-zero mask and bit plane of
    the magnitudes, those of negative values negated.

    `fields` gives tag, parity and the rectangle. `kind`: another that is laid out as a spike.
    """
    if values.min(initial=0) < 0:  # magnitudes: half the spikes of two's complement, and sums are the same
        signed = [(np.maximum(values.astype(np.int64) * sign, 0), n) for n, sign in enumerate((1, -1))]
        return np.concatenate(
            [plane_packets(config, part, {**fields, "negate": n}, kind) for part, n in signed]
        )
    lanes, form = config.lanes, packet_format(config)
    channels, height, width = values.shape
    groups = -(-channels // lanes)
    padded = np.zeros((groups * lanes, height, width), dtype=np.int64)
    padded[:channels] = values
    shifts = np.arange(int(values.max(initial=0)).bit_length())
    bits = padded.reshape(groups, lanes, height, width) >> shifts[:, None, None, None, None] & 1
    masks = np.tensordot(bits, np.int64(1) << np.arange(lanes), (2, 0))
    shift, group, y, x = np.nonzero(masks)
    spikes = {**fields, "shift": shift, "group": group, "y": y, "x": x, "mask": masks[shift, group, y, x]}
    return pack_many(form, kind, len(group), spikes)


def add_planes(
    config: ChipConfig, values: np.ndarray, step: np.ndarray, spikes: Mapping[str, np.ndarray]
) -> None:
    """Add spike packets' fields (from `unpack_many`) into int values (T, C, H, W), in place, each
    packet at its `step`: the inverse of `plane_packets`."""
    lanes, channels = config.lanes, values.shape[1]
    packet, lane = np.nonzero(spikes["mask"][:, None] >> np.arange(lanes) & 1)
    signed = np.where(spikes["negate"] == 1, -1, 1) << spikes["shift"]
    channel = spikes["group"][packet] * lanes + lane
    inside = channel < channels
    packet, channel = packet[inside], channel[inside]
    np.add.at(values, (step[packet], channel, spikes["y"][packet], spikes["x"][packet]), signed[packet])
