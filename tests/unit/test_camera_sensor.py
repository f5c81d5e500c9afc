"""The spike camera's sensor: laws of constant light to the letter, noise measured against what was
asked for, light in motion."""

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spikeplane.camera.light import array, as_light, circle, fit, moving, still, through
from spikeplane.camera.npy import write_npy
from spikeplane.camera.scenes import read_frames
from spikeplane.camera.sensor import ONE, Sensor, SensorModel, record
from spikeplane.errors import SpikeplaneError

PLANES = 2000


def planes_of(light: np.ndarray, count: int, model: SensorModel) -> np.ndarray:
    """uint8 (count, H, W) under constant light."""
    return np.stack(list(record(still(light, count), model)))


def intervals(spikes: np.ndarray) -> np.ndarray:
    """Of one pixel (T,)."""
    return np.diff(np.flatnonzero(spikes))


def violations(spikes: np.ndarray) -> int:
    """Pixels of (T, H, W) whose intervals take other values than two adjacent ones."""
    return sum(
        bool(len(d := intervals(pixel)) and np.ptp(d) > 1) for pixel in spikes.reshape(len(spikes), -1).T
    )


@pytest.mark.parametrize("start", ["random", "zero"])
def test_constant_light_gives_two_adjacent_intervals(start: str) -> None:
    rates = np.random.default_rng(3).uniform(0.005, 1.0, (20, 20))
    spikes = planes_of(rates, PLANES, SensorModel(full_scale=1.0, start=start))
    assert violations(spikes) == 0
    counts = spikes.sum(0, dtype=np.int64)
    assert (counts >= 9).all()
    assert (np.abs(counts - rates * PLANES) < 1).all()


def test_every_spike_is_where_the_charge_says() -> None:
    rates, model = np.random.default_rng(4).uniform(0, 1, (20, 20)), SensorModel(seed=9)
    first = np.rint(Sensor(model, rates.shape).charge * ONE).astype(np.int64)
    step = np.rint(as_light(rates).astype(float) * (model.full_scale * ONE)).astype(np.int64)
    spikes = planes_of(rates, PLANES, model)
    expected = (first + step * np.arange(1, PLANES + 1)[:, None, None]) // ONE
    assert np.array_equal(spikes.cumsum(0, dtype=np.int64), expected)


def test_a_sensor_that_drops_its_residual_is_found_out() -> None:
    """What the tests above would say of a simulator that resets to zero: its rates are too low."""
    rates, charge, planes = np.random.default_rng(3).uniform(0.005, 1.0, (20, 20)), np.zeros((20, 20)), []
    for _ in range(PLANES):
        charge += rates
        planes.append((charge >= 1).astype(np.uint8))
        charge[charge >= 1] = 0
    counts = np.sum(planes, 0, dtype=np.int64)
    assert (np.abs(counts - rates * PLANES) >= 1).mean() > 0.9


@pytest.mark.parametrize(("light", "interval"), [(0.1, 10), (0.2, 5), (0.25, 4), (0.5, 2), (1.0, 1)])
def test_tenths_add_up(light: float, interval: int) -> None:
    """Where a sum of floats falls short of the threshold (ten times 0.1 is 0.99...), this does not."""
    spikes = planes_of(np.full((1, 1), light), 1000, SensorModel(full_scale=1.0, start="zero"))[:, 0, 0]
    assert np.flatnonzero(spikes).tolist() == list(range(interval - 1, 1000, interval))


def test_saturated_pixels_recover() -> None:
    sensor = Sensor(SensorModel(full_scale=2.0, start="zero"), (1, 2))
    bright, dark = np.ones((1, 2), np.float32), np.zeros((1, 2), np.float32)
    assert all(sensor.expose(bright).all() for _ in range(100))
    assert [int(sensor.expose(dark).sum()) for _ in range(4)] == [2, 2, 0, 0]
    assert (sensor.charge == 0).all()


@pytest.mark.parametrize("options", [{}, {"threshold_noise": 0.1, "gain_spread": 0.1, "dark_current": 0.01}])
def test_seeds_reproduce(options: dict[str, Any]) -> None:
    light = np.random.default_rng(0).random((9, 13))
    one, same, other = (planes_of(light, 50, SensorModel(seed=seed, **options)) for seed in (5, 5, 6))
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)


def test_chunks_do_not_matter() -> None:
    """One pass and several give the same planes, and so does light that is computed anew for each plane."""
    light, model = np.random.default_rng(0).random((9, 13)), SensorModel(threshold_noise=0.1, gain_spread=0.1)
    whole, sensor = planes_of(light, 60, model), Sensor(model, (9, 13))
    parts = [sensor.expose(plane) for count in (1, 20, 39) for plane in still(light, count)]
    assert np.array_equal(whole, parts)
    sensor = Sensor(model, (9, 13))
    assert np.array_equal(whole, [sensor.expose(as_light(light).copy()) for _ in range(60)])


def test_light_that_changes_in_place_is_seen() -> None:
    sensor, light = Sensor(SensorModel(full_scale=1.0, start="zero"), (2, 2)), np.ones((2, 2), np.float32)
    assert sensor.expose(light).all()
    light[:] = 0
    assert not sensor.expose(light).any()


def test_threshold_noise_spreads_intervals() -> None:
    """At 0.02 spikes a plane an interval is 50 thresholds' worth of planes; rounding to planes adds
    a twelfth and its neighbour."""
    spikes = planes_of(np.full((40, 40), 0.02), 4000, SensorModel(full_scale=1.0, threshold_noise=0.1))
    found = np.concatenate([intervals(pixel) for pixel in spikes.reshape(len(spikes), -1).T])
    assert found.mean() == pytest.approx(50, rel=0.005)
    assert found.std() == pytest.approx(np.hypot(50 * 0.1, np.sqrt(1 / 6)), rel=0.03)
    assert violations(spikes) > 1500
    later = np.stack([intervals(pixel)[:60] for pixel in spikes.reshape(len(spikes), -1).T])
    assert abs(np.corrcoef(later[:, 0], later[:, 2])[0, 1]) < 0.1  # drawn anew for each spike


def test_gain_spread_is_fixed_per_pixel() -> None:
    light, model = np.full((60, 60), 0.5), SensorModel(full_scale=1.0, gain_spread=0.05)
    spikes = planes_of(light, PLANES, model)
    rates = spikes.mean(0) / 0.5
    assert rates.std() == pytest.approx(0.05, rel=0.05)
    assert rates.mean() == pytest.approx(1.0, abs=0.004)
    assert violations(spikes) == 0
    halves = spikes.reshape(2, -1, 60, 60).sum(1, dtype=np.int64)
    assert np.abs(halves[0] - halves[1]).max() <= 1


def test_dark_current_adds_spikes() -> None:
    dark = planes_of(np.zeros((5, 5)), PLANES, SensorModel(dark_current=0.01))
    assert (np.abs(dark.sum(0, dtype=int) - 20) <= 1).all()
    lit = planes_of(np.full((5, 5), 0.5), PLANES, SensorModel(dark_current=0.01))
    assert (np.abs(lit.sum(0, dtype=int) - 0.31 * PLANES) <= 1).all()


REFUSED = [
    ({"full_scale": 0.0}, "sensor: full_scale must be more than 0 and at most 2, not 0"),
    ({"full_scale": 2.5}, "sensor: full_scale must be more than 0 and at most 2, not 2.5"),
    ({"threshold_noise": 0.3}, "sensor: threshold_noise must be from 0 to 0.2, not 0.3"),
    ({"dark_current": -1.0}, "sensor: dark_current must be from 0 to 1, not -1"),
    ({"gain_spread": float("nan")}, "sensor: gain_spread must be from 0 to 0.5, not nan"),
    ({"start": "full"}, "sensor: start must be random or zero, not 'full'"),
    ({"seed": -1}, "sensor: seed must be 0 or more, not -1"),
]


@pytest.mark.parametrize(("options", "message"), REFUSED)
def test_models_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(SpikeplaneError) as error:
        SensorModel(**options)
    assert str(error.value) == message


@pytest.mark.parametrize(
    ("light", "message"),
    [
        (np.zeros((3, 2)), "sensor: light of shape (2, 3) expected, found (3, 2)"),
        (np.full((2, 3), 1.5), "sensor: light must lie in 0..1, found 1.5..1.5"),
        (np.full((2, 3), np.nan), "sensor: light must lie in 0..1, found nan..nan"),
    ],
)
def test_light_refused(light: np.ndarray, message: str) -> None:
    with pytest.raises(SpikeplaneError) as error:
        Sensor(SensorModel(), (2, 3)).expose(light)
    assert str(error.value) == message


def test_a_window_between_pixels_is_bilinear() -> None:
    image = np.add.outer(np.arange(8) * 0.05, np.arange(10) * 0.03)  # a slope: bilinear is exact on it
    seen = [plane.copy() for plane in moving(image, through([(0, 0), (3, 4)], 0.5), (7, 4), 30)]
    for t, plane in enumerate(seen):
        way = min(t * 0.5 % 10, 10 - t * 0.5 % 10)
        expected = np.add.outer((np.arange(4) + way * 0.8) * 0.05, (np.arange(7) + way * 0.6) * 0.03)
        assert np.allclose(plane, expected, atol=1e-6), t
    assert all(plane.shape == (4, 7) for plane in seen)
    assert len(seen) == 30


def test_a_circle_keeps_its_radius_and_speed() -> None:
    path = circle((5.0, 4.0), 3.0, 0.25)
    points = np.array([path(t) for t in range(200)])
    assert np.allclose(np.hypot(*(points - (5, 4)).T), 3.0)
    assert np.allclose(np.hypot(*np.diff(points, axis=0).T), 2 * 3.0 * np.sin(0.25 / 3 / 2))


def test_a_window_may_not_leave() -> None:
    image = np.zeros((8, 10), np.uint8)
    with pytest.raises(
        SpikeplaneError, match="^a window of 11x4 does not fit the image of 10x8: use a smaller --size$"
    ):
        moving(image, through([(0, 0)], 1), (11, 4), 5)
    with pytest.raises(
        SpikeplaneError, match="^the window leaves the image in plane 3: its corner is at 3, 0$"
    ):
        list(moving(image, lambda t: (float(t), 0.0), (8, 4), 5))


def test_frames_are_joined_by_straight_lines() -> None:
    values = np.array([0, 100, 50], np.uint8)[:, None, None] * np.ones((1, 2, 3), np.uint8)
    light = array(values, 4)
    seen = [float(plane[0, 0]) * 255 for plane in light]
    assert (light.size, light.planes) == ((3, 2), 9)
    assert np.allclose(seen, [0, 25, 50, 75, 100, 87.5, 75, 62.5, 50], atol=1e-4)
    assert len(list(light.at_most(4))) == 4
    assert len(list(light)) == 9  # once more, and from the start


def test_light_from_numbers() -> None:
    assert as_light(np.array([[0, 255]], np.uint8)).tolist() == [[0, 1]]
    assert as_light(np.array([[0, 65535]], np.uint16)).tolist() == [[0, 1]]
    assert as_light(np.array([[False, True]])).tolist() == [[0, 1]]
    with pytest.raises(
        SpikeplaneError, match="^light: floats must lie in 0..1, found 0..2; scale them, or store uint8$"
    ):
        as_light(np.array([[0.0, 2.0]]))
    with pytest.raises(
        SpikeplaneError,
        match="^light: expected uint8, uint16 or floats of 0..1, found elements of type int64$",
    ):
        as_light(np.array([[1, 2]]))


def test_fit_crops_and_scales() -> None:
    image = np.tile(np.linspace(0, 1, 40, dtype=np.float32), (20, 1))
    assert fit(image, (40, 20)) is image
    seen = fit(image, (10, 10))  # the middle square, halved
    assert seen.shape == (10, 10)
    assert np.allclose(seen[0], image[0, 10:30].reshape(10, 2).mean(1), atol=0.01)


def test_images_are_read_as_they_are(tmp_path: Path) -> None:
    image = pytest.importorskip("PIL.Image")
    deep = (np.arange(48, dtype=np.uint16).reshape(6, 8) * 1365)[::-1]
    image.fromarray(deep.copy()).save(tmp_path / "deep.png")
    assert np.array_equal(read_frames(tmp_path / "deep.png"), deep)
    colour = np.zeros((4, 4, 3), np.uint8)
    colour[..., 1] = 200
    image.fromarray(colour).save(tmp_path / "green.png")
    assert (read_frames(tmp_path / "green.png") == 117).all()  # luma: 0.587 of it
    parts = [np.full((6, 8), level, np.uint8) for level in (0, 90, 255)]
    image.fromarray(parts[0]).save(
        tmp_path / "a.gif", save_all=True, append_images=[image.fromarray(part) for part in parts[1:]]
    )
    assert read_frames(tmp_path / "a.gif").tolist() == np.stack(parts).tolist()


def test_npy_is_written_as_it_comes(tmp_path: Path) -> None:
    planes = np.random.default_rng(0).integers(0, 2, (37, 5, 7), np.uint8)
    assert write_npy(tmp_path / "clip.npy", iter(planes)) == 37
    assert np.array_equal(np.load(tmp_path / "clip.npy"), planes)

    def broken() -> itertools.chain:
        def fails():
            raise SpikeplaneError("the light went out")
            yield

        return itertools.chain(planes, fails())

    with pytest.raises(SpikeplaneError, match="^the light went out$"):
        write_npy(tmp_path / "clip.npy", broken())
    assert np.array_equal(np.load(tmp_path / "clip.npy"), planes)
    with pytest.raises(SpikeplaneError, match="no plane to write to"):
        write_npy(tmp_path / "other.npy", iter(()))
    assert [path.name for path in tmp_path.iterdir()] == ["clip.npy"]
