"""Bulk packing against the one-at-a-time layouts, and planes there and back."""

import numpy as np
import pytest

from spikeplane.config import PRESETS, ChipConfig
from spikeplane.errors import SpikeplaneError
from spikeplane.formats import camera
from spikeplane.formats import packet as numbers
from spikeplane.formats.packet import Control, Counter, Kind, packet_format
from spikeplane.formats.tables import Memory
from spikeplane.host.packets import add_planes, pack_many, plane_packets, unpack_many

HEADER = ((2, "x0"), (5, "y1"))


@pytest.mark.parametrize("name", PRESETS)
@pytest.mark.parametrize("kind", list(Kind))
def test_bulk_packing_is_the_layouts(name, kind):
    rng = np.random.default_rng(3)
    form = packet_format(PRESETS[name])
    layout = form.payloads[kind].fields + tuple(f for f in form.header.fields if f[0] != "kind")
    fields = {field: rng.integers(0, 1 << width, 50) for field, width in layout}
    packets = pack_many(form, kind, 50, fields)
    for i, packet in enumerate(packets):
        one = {field: int(values[i]) for field, values in fields.items()}
        x0, y0, x1, y1 = (one.pop(k) for k in ("x0", "y0", "x1", "y1"))
        assert int.from_bytes(packet.tobytes(), "little") == form.pack(kind, (x0, y0, x1, y1), **one)
    back = unpack_many(form, packets, kind)
    for field, values in fields.items():
        np.testing.assert_array_equal(back[field], values)


def test_every_number_fits_its_field():
    room = {
        Kind: numbers.KIND_BITS, Control: numbers.OP_BITS, Counter: numbers.COUNTER_BITS, Memory: numbers.MEMORY_BITS,
        camera.Register: camera.REGISTER_BITS, camera.Stream: numbers.STREAM_BITS, camera.Item: camera.ITEM_BITS,
    }  # fmt: skip
    for known, bits in room.items():
        assert max(known) < 1 << bits, known
    assert camera.ARGUMENT.width <= numbers.ARGUMENT_BITS
    assert max(layout.width for layout in (camera.SELECT, camera.ROUTE, camera.RECT)) <= camera.VALUE_BITS
    of_cores = {Counter.FLAGS, Counter.OPERATIONS, Counter.SPIKES, Counter.SWEEPS, Counter.PACKETS}
    assert {one for one in Counter if one < 1 << numbers.CORE_COUNTER_BITS} == of_cores


@pytest.mark.parametrize("cores", [1, 2])
def test_only_chips_of_several_cores_say_which_one_answers(cores):
    form = packet_format(ChipConfig(rows=1, cols=cores))
    assert ("source_x" in dict(form.payloads[Kind.REPLY].fields)) == (cores > 1)


@pytest.mark.parametrize("name", PRESETS)
def test_wider_numbers_cost_no_byte(name):
    assert packet_format(PRESETS[name]).size == {"tiny": 6, "small": 7, "medium": 8, "large": 10}[name]


@pytest.mark.parametrize("name", ["tiny", "small", "large"])
def test_planes_come_back(name):
    config, rng = PRESETS[name], np.random.default_rng(5)
    values = rng.integers(0, 256, (37, 3, 4)) * (rng.random((37, 3, 4)) < 0.5)
    packets = plane_packets(config, values, {"tag": 3, "parity": 1})
    fields = unpack_many(packet_format(config), packets, Kind.SPIKE)
    assert (fields["tag"] == 3).all()
    assert (fields["mask"] != 0).all()
    back = np.zeros_like(values)
    add_planes(config, back[None], np.zeros(len(fields["mask"]), dtype=np.int64), fields)
    np.testing.assert_array_equal(back, values)


@pytest.mark.parametrize("wide", [2, -1])
@pytest.mark.parametrize("many", [False, True])
def test_a_value_wider_than_its_field_is_refused(wide, many):
    value = np.array([0, wide, 1]) if many else wide
    with pytest.raises(SpikeplaneError) as refused:
        pack_many(packet_format(PRESETS["tiny"]), Kind.SPIKE, 3, {"parity": value})
    assert (
        str(refused.value)
        == f"a spike packet's parity takes 0 to 1, not {wide}; compile the program for this chip again"
    )


def test_a_negated_plane_is_subtracted():
    """Bit planes of a membrane: the sign's counts negative."""
    config = PRESETS["tiny"]
    fields = {
        "mask": np.array([0b11, 0b01, 0b10]),
        "shift": np.array([0, 2, 3]),
        "negate": np.array([0, 0, 1]),
    }
    packets = pack_many(packet_format(config), Kind.SPIKE, 3, fields)
    back = unpack_many(packet_format(config), packets, Kind.SPIKE)
    values = np.zeros((1, 8, 1, 1), np.int64)
    add_planes(config, values, np.zeros(3, np.int64), back)
    assert values.ravel().tolist() == [5, 1 - 8, 0, 0, 0, 0, 0, 0]


def test_a_field_may_lie_across_the_middle_of_the_128_bits():
    crossing = 0
    for group_bits in range(3, 9):
        form = packet_format(ChipConfig(rows=4, cols=4, lanes=32, group_bits=group_bits, coord_bits=8))
        fields = {"mask": np.array([(1 << 32) - 1, 0xA5A5_5A5B]), "x": np.array([255, 129])}
        fields |= {name: np.array([1, (1 << form.header.fields[i][1]) - 1]) for i, name in HEADER}
        packets = pack_many(form, Kind.SPIKE, 2, fields)
        back = unpack_many(form, packets, Kind.SPIKE)
        for name, values in fields.items():
            np.testing.assert_array_equal(back[name], values)
        for n, packet in enumerate(packets):
            number, at = int.from_bytes(packet.tobytes(), "little"), 0
            layout = [*form.payloads[Kind.SPIKE].fields, ("", form.payload_bits), *form.header.fields]
            for name, width in layout:
                at = form.payload_bits if not name else at
                if name in fields:
                    assert number >> at & (1 << width) - 1 == fields[name][n], name
                    crossing += at < 64 < at + width
                at += width if name else 0
    assert crossing
