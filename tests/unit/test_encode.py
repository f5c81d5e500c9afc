"""Encodings: their definitions, checked value by value, and their independence of batches."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from spikeplane.data import Events
from spikeplane.encode import check_planes, encode
from spikeplane.encoding import Encoding
from spikeplane.errors import SpikeplaneError

SHAPE = (2, 3, 4)
BATCHES = st.integers(0, 4).flatmap(lambda n: arrays(np.uint8, (n, *SHAPE)))
RAMP = np.arange(256, dtype=np.uint8).reshape(1, 1, 16, 16)


def message(*arguments) -> str:
    """The message with which `encode` fails."""
    with pytest.raises(SpikeplaneError) as error:
        encode(*arguments)
    return str(error.value)


@given(BATCHES, st.integers(1, 6), st.integers(1, 8))
def test_direct_is_the_nearest_value_in_every_step(images, steps, bits):
    planes = encode(Encoding(steps=steps, value_bits=bits), images, SHAPE)
    assert planes.shape == (len(images), steps, *SHAPE)
    assert planes.dtype == np.uint8
    for t in range(steps):
        np.testing.assert_array_equal(planes[:, t], np.round(images / 255 * (2**bits - 1)))


def test_direct_keeps_eight_bits():
    np.testing.assert_array_equal(encode(Encoding(steps=2), RAMP, (1, 16, 16)), np.stack([RAMP, RAMP], 1))


@given(BATCHES, st.integers(1, 40))
def test_latency_fires_once_and_brighter_earlier(images, steps):
    planes = encode(Encoding(kind="latency", steps=steps), images, SHAPE)
    np.testing.assert_array_equal(planes.sum(1), images > 0)
    when = planes.argmax(1)
    np.testing.assert_array_equal(
        when[images > 0], np.floor((255 - images[images > 0].astype(int)) * (steps - 1) / 255)
    )
    assert (when[images == 255] == 0).all()


@given(BATCHES, st.integers(0, 2**40), st.data())
def test_rate_does_not_depend_on_batches(images, seed, data):
    encoding = Encoding(kind="rate", steps=3, seed=seed)
    whole = encode(encoding, images, SHAPE, 10)
    cut = data.draw(st.integers(0, len(images)))
    split = [encode(encoding, images[:cut], SHAPE, 10), encode(encoding, images[cut:], SHAPE, 10 + cut)]
    np.testing.assert_array_equal(whole, np.concatenate(split))
    assert set(np.unique(whole)) <= {0, 1}
    assert not whole[np.repeat(images[:, None] == 0, 3, 1)].any()
    assert whole[np.repeat(images[:, None] == 255, 3, 1)].all()


def test_rate_has_the_pixel_as_probability():
    steps = 16_000
    mean = encode(Encoding(kind="rate", steps=steps), RAMP, (1, 16, 16))[0].mean(0)
    p = RAMP[0] / 255
    assert (np.abs(mean - p) <= 5 * np.sqrt(p * (1 - p) / steps)).all()


def test_rate_differs_by_seed_and_sample():
    image = np.full((2, 1, 16, 16), 128, np.uint8)
    a, b = encode(Encoding(kind="rate"), image, (1, 16, 16))
    c = encode(Encoding(kind="rate", seed=1), image[:1], (1, 16, 16))[0]
    assert (a != b).any()
    assert (a != c).any()


EVENT = st.tuples(st.integers(0, 9999), st.integers(0, 3), st.integers(0, 2), st.integers(0, 1))


@given(st.lists(st.lists(EVENT, max_size=20), max_size=3), st.integers(1, 6), st.integers(1, 3000))
def test_events_are_binned(recordings, steps, step_us):
    columns = [np.array(r, np.int32).reshape(-1, 4).T for r in recordings]
    samples = [Events(t_us, x, y, p) for t_us, x, y, p in columns]
    planes = encode(Encoding(kind="events", steps=steps, step_us=step_us), samples, SHAPE)
    assert planes.shape == (len(recordings), steps, *SHAPE)
    for plane, recording in zip(planes, recordings, strict=True):
        expected = {(t // step_us, p, y, x) for t, x, y, p in recording if t < steps * step_us}
        assert set(zip(*np.nonzero(plane), strict=True)) == expected
        assert plane.max() <= 1


def test_planes_pass():
    planes = np.random.default_rng(0).integers(0, 2, (2, 5, *SHAPE), np.uint8)
    np.testing.assert_array_equal(encode(Encoding(kind="planes", steps=5), planes, SHAPE), planes)


def test_messages():
    images = np.zeros((3, *SHAPE), np.uint8)
    assert message(Encoding(), images, (2, 4, 4)) == (
        "encoding 'direct' expects uint8 samples (N, 2, 4, 4), not uint8 (3, 2, 3, 4) from 0 to 0; "
        "reshape them"
    )
    assert message(Encoding(kind="rate"), images.astype(float), SHAPE) == (
        "encoding 'rate' expects uint8 samples (N, 2, 3, 4), not float64 (3, 2, 3, 4) from 0 to 0; "
        "scale them to "
        "0..255 and convert them with astype(np.uint8)"
    )
    assert message(Encoding(kind="planes", steps=3), images[:, None], SHAPE) == (
        "encoding 'planes' expects uint8 samples (N, 3, 2, 3, 4), not uint8 (3, 1, 2, 3, 4) from 0 "
        "to 0; cut or fill them to 3 steps"
    )
    assert message(Encoding(kind="events"), images, SHAPE) == (
        "encoding 'events' expects event recordings, not an array of shape (3, 2, 3, 4)"
    )
    one = [Events(np.array([5]), np.array([4]), np.array([0]), np.array([1]), "r.bs2")]
    assert message(Encoding(kind="events"), one, SHAPE) == (
        "r.bs2: event 0 (x 4, y 0, polarity 1, time 5) is outside the sensor of 4x3 and 2 polarities"
    )
    assert message(Encoding(kind="events"), [one[0], 3], SHAPE) == (
        "encoding 'events' expects event recordings, not a list with int in it; use read_samples"
    )
    assert message(Encoding(kind="events"), None, SHAPE) == (
        "encoding 'events' expects a list of event recordings, not a NoneType"
    )
    short = [Events(np.array([5]), np.array([4, 1]), np.array([0.5]), np.array([1]), "r.bs2")]
    assert message(Encoding(kind="events"), short, SHAPE) == (
        "r.bs2: expected integer arrays t_us, x, y, p of one length, found t_us int64 (1,), x "
        "int64 (2,), y float64 (1,), p int64 (1,)"
    )


NOT_PLANES = "encoding 'planes' expects uint8 samples (N, 2, 2, 3, 4)"


@pytest.mark.parametrize(("change", "refused"), [
    (lambda p: p * 2, (" of 0 and 1, not uint8 (3, 2, 2, 3, 4) from 2 to 2; threshold them, or " "compile with "
                                                                                                 "encoding 'direct'")),
    (lambda p: -p.astype(int), ", not int64 (3, 2, 2, 3, 4) from -1 to -1; convert 0 and 1 with astype(np.uint8)"),
    (lambda p: p * np.nan, ", not float64 (3, 2, 2, 3, 4) from nan to nan; convert 0 and 1 with astype(np.uint8)"),
    (lambda p: [*p, p[0, :1]], ", not samples of unequal shapes; give one array"),
    (lambda p: p[:, :1], ", not uint8 (3, 1, 2, 3, 4) from 1 to 1; cut or fill them to 2 steps"),
    (lambda p: p[..., :3], ", not uint8 (3, 2, 2, 3, 3) from 1 to 1; reshape them"),
    (lambda p: 7, ", not int64 () from 7 to 7; reshape them"),
    (lambda p: "net", ", not <U3 (); reshape them"),
    (lambda p: None, ", not object (); reshape them"),
])  # fmt: skip
def test_planes_that_are_none(change, refused):
    planes = np.ones((3, 2, *SHAPE), np.uint8)
    assert message(Encoding(kind="planes", steps=2), change(planes), SHAPE) == NOT_PLANES + refused


@pytest.mark.parametrize(("change", "refused"), [
    (lambda p: p * 4, "int64 (3, 2, 2, 3, 4) from 4 to 4; use program.planes(samples)"),
    (lambda p: -p, "int64 (3, 2, 2, 3, 4) from -1 to -1; use program.planes(samples)"),
    (lambda p: p * np.nan, "float64 (3, 2, 2, 3, 4) from nan to nan; use program.planes(samples)"),
    (lambda p: p[:, :1], "int64 (3, 1, 2, 3, 4) from 1 to 1; use program.planes(samples)"),
    (lambda p: [[1], [2, 3]], "a list; use program.planes(samples)"),
])  # fmt: skip
def test_planes_for_a_board(change, refused):
    encoding, planes = Encoding(steps=2, value_bits=2), np.ones((3, 2, *SHAPE), np.int64)
    check_planes("in", planes * 3, encoding, SHAPE)
    with pytest.raises(SpikeplaneError) as error:
        check_planes("in", change(planes), encoding, SHAPE)
    assert (
        str(error.value) == f"input 'in' expects integers from 0 to 3 of shape (N, 2, 2, 3, 4), not {refused}"
    )


def test_no_samples_for_a_board():
    with pytest.raises(SpikeplaneError) as error:
        check_planes("in", np.zeros((0, 4, *SHAPE), np.uint8), Encoding(), SHAPE)
    assert str(error.value) == "input 'in' holds no samples; give at least one"
