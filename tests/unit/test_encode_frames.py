"""Frames: what is sent is what was given, and what does not fit is refused with its sample and step."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spikeplane.config import preset
from spikeplane.data import Events, read_samples
from spikeplane.encode import check_planes, encode
from spikeplane.encoding import Encoding
from spikeplane.errors import SpikeplaneError
from spikeplane.formats.packet import Kind, packet_format
from spikeplane.host.packets import add_planes, plane_packets, unpack_many

SHAPE = (2, 3, 4)


def frames(bits: int = 8, *, signed: bool = False, steps: int = 3, unit: float = 1.0) -> Encoding:
    return Encoding(kind="frames", value_bits=bits, signed=signed, steps=steps, unit=unit)


def random(encoding: Encoding, count: int = 2, seed: int = 0) -> np.ndarray:
    low, high = encoding.span
    return np.random.default_rng(seed).integers(low, high + 1, (count, encoding.steps, *SHAPE))


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("bits", [2, 5, 8])
def test_integers_pass(bits: int, signed: bool) -> None:
    encoding = frames(bits, signed=signed)
    values = random(encoding, 20)
    assert (values.min(), values.max()) == encoding.span
    found = encode(encoding, values, SHAPE)
    assert found.dtype == (np.int8 if signed else np.uint8)
    np.testing.assert_array_equal(found, values)
    check_planes("in", found, encoding, SHAPE)


@given(st.integers(-128, 127), st.floats(-0.49, 0.49))
def test_floats_are_rounded_to_units(whole: int, rest: float) -> None:
    encoding = frames(signed=True, unit=0.25)
    values = np.full((1, 3, *SHAPE), (whole + rest) * 0.25)
    assert (encode(encoding, values, SHAPE) == whole).all()
    assert encoding.value == 0.25


def test_events_are_counted() -> None:
    times = np.array([0, 1, 999, 1000, 2500, 2500, 3000])
    one = Events(
        times,
        np.array([1, 1, 1, 1, 0, 0, 0]),
        np.array([2, 2, 2, 2, 0, 0, 0]),
        np.array([1, 1, 1, 1, 0, 0, 0]),
    )
    found = encode(frames(4), [one], SHAPE)
    assert found.sum() == 6  # the last comes behind the last step
    assert (found[0, 0, 1, 2, 1], found[0, 1, 1, 2, 1], found[0, 2, 0, 0, 0]) == (3, 1, 2)


def refused(encoding: Encoding, values: Any, first: int = 0) -> str:
    with pytest.raises(SpikeplaneError) as error:
        encode(encoding, values, SHAPE, first)
    return str(error.value)


def test_what_does_not_fit() -> None:
    values = random(frames(4))
    values[1, 2, 0, 1, 3] = 16
    place = "step 2, pixel (c=0, y=1, x=3) holds"
    assert refused(frames(4), values, 40) == (
        f"sample 41, {place} 16; 4-bit frames take from 0 to 15: clip or scale them, or compile with more "
        "value_bits, or signed"
    )
    low = np.zeros((2, 3, *SHAPE))
    low[1, 2, 0, 1, 3] = -2.3
    assert refused(frames(4, signed=True, unit=0.25), low) == (
        f"sample 1, {place} -2.3; 4-bit signed frames take real values from -2 to 1.75: scale them, or compile "
        "with another unit"
    )
    low[1, 2, 0, 1, 3] = np.nan
    assert refused(frames(4), low).startswith(
        f"sample 1, {place} nan; 4-bit frames take real values from 0 to 15"
    )


@pytest.mark.parametrize(("change", "message"), [
    (lambda v: v[:, :2], ", not int64 (2, 2, 2, 3, 4) from 1 to 1; cut or fill them to 3 steps"),
    (lambda v: v[..., :3], ", not int64 (2, 3, 2, 3, 3) from 1 to 1; reshape them"),
    (lambda v: [*v, v[0, :1]], ", not samples of unequal shapes; give one array"),
    (lambda v: v.astype(complex), ", not complex128 (2, 3, 2, 3, 4); give integers, or floats in the encoding's unit"),
])  # fmt: skip
def test_what_are_no_frames(change, message: str) -> None:
    values = np.ones((2, 3, *SHAPE), np.int64)
    assert (
        refused(frames(), change(values))
        == f"encoding 'frames' expects numbers of shape (N, 3, 2, 3, 4){message}"
    )


def test_packets_of_signed_values() -> None:
    """Magnitudes, of both signs: together they are the values, and the shifter reaches them all."""
    config = preset("tiny")
    values = random(frames(signed=True), 1, seed=3)[0]
    values[0, 0, 0, 0] = -128
    for step in values:
        packets = plane_packets(config, step, {"tag": 0, "parity": 0})
        fields = unpack_many(packet_format(config), packets, Kind.SPIKE)
        total = np.zeros((1, *SHAPE), np.int64)
        add_planes(config, total, np.zeros(len(packets), np.int64), fields)
        np.testing.assert_array_equal(total[0], step)
        assert set(fields["negate"]) == {0, 1}
        assert fields["shift"].max() <= 7
        bits = sum(int(mask).bit_count() for mask in fields["mask"])
        assert bits == sum(int(abs(v)).bit_count() for v in step.flat)


def test_files(tmp_path) -> None:
    values = random(frames(signed=True), 5).astype(np.int16)
    np.save(tmp_path / "f.npy", values)
    found = read_samples(tmp_path / "f.npy", SHAPE, frames(signed=True), 2)
    np.testing.assert_array_equal(found, values[:2])
    np.savetxt(tmp_path / "f.csv", np.arange(6).reshape(3, 2) - 0.5, delimiter=",")
    found = read_samples(tmp_path / "f.csv", (2, 1, 1), frames(unit=0.5, signed=True))
    assert isinstance(found, np.ndarray)
    assert found.shape == (1, 3, 2, 1, 1)
    np.testing.assert_array_equal(
        encode(frames(unit=0.5, signed=True), found, (2, 1, 1)).reshape(3, 2), [[-1, 1], [3, 5], [7, 9]]
    )
    with pytest.raises(SpikeplaneError, match=r"f.npy: expected frames of 4 steps, found 3"):
        read_samples(tmp_path / "f.npy", SHAPE, frames(steps=4))
