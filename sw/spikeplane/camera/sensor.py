"""The sensor of a spike camera: light in, planes of bits out. Charge is counted in integers, so
that its laws hold exactly.

Each plane a pixel gains charge in proportion to its light. At the threshold it spikes, and the
threshold is taken off: the residual stays. Under constant light the intervals between its spikes
therefore take two adjacent values at most. docs/camera-sensor.md.
"""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from spikeplane.errors import SpikeplaneError, number

ONE = 1 << 28  #: charge of one threshold. int32 holds eight, a pixel at most four: WELL and a STEP
STEP = 2 * ONE  #: no plane brings more charge than this
#: charge that is kept from plane to plane at most: a saturated pixel is at rest two planes after
#: the light goes
WELL = 2 * ONE
TAILS = 4.0  #: random gains and thresholds lie within so many sigma

_RANGES = {
    "full_scale": (0.0, 2.0),
    "threshold_noise": (0.0, 0.2),
    "dark_current": (0.0, 1.0),
    "gain_spread": (0.0, 0.5),
}


@dataclass(frozen=True, kw_only=True)
class SensorModel:
    """What the pixels of a sensor have in common. Without options a pixel is ideal.

    - full_scale: spikes a plane at light 1, more than 0, at most 2; beyond 1 bright pixels saturate
    - threshold_noise: sigma of the threshold relative to its mean, 0 to 0.2, drawn anew for a pixel
      after each of its spikes
    - dark_current: spikes a plane without any light, 0 to 1
    - gain_spread: sigma of the pixels' gains relative to their mean 1, 0 to 0.5, drawn once
      (fixed-pattern noise)
    - start: charge before the first plane, "random" (uniform, 0 to 1 threshold) or "zero"
    - seed: of every draw, 0 or more; the same seed, shape and light give the same planes

    Raises SpikeplaneError for values out of range.
    """

    full_scale: float = 0.6
    threshold_noise: float = 0.0
    dark_current: float = 0.0
    gain_spread: float = 0.0
    start: str = "random"
    seed: int = 0

    def __post_init__(self) -> None:
        for name, (low, high) in _RANGES.items():
            value = getattr(self, name)
            if not low <= value <= high or (name == "full_scale" and value == 0):
                expected = (
                    f"more than 0 and at most {number(high)}"
                    if name == "full_scale"
                    else f"from {number(low)} to {number(high)}"
                )
                raise SpikeplaneError(f"sensor: {name} must be {expected}, not {number(value)}")
        if self.start not in ("random", "zero"):
            raise SpikeplaneError(f"sensor: start must be random or zero, not {self.start!r}")
        if self.seed < 0:
            raise SpikeplaneError(f"sensor: seed must be 0 or more, not {self.seed}")


class Sensor:
    """A sensor of (H, W) pixels and the charge they hold. Raises SpikeplaneError for a shape
    without pixels."""

    def __init__(self, model: SensorModel, shape: tuple[int, int]) -> None:
        if len(shape) != 2 or min(shape) < 1:
            raise SpikeplaneError(f"sensor: the shape is (H, W), both 1 or more, not {tuple(shape)}")
        self.model, self.shape = model, (int(shape[0]), int(shape[1]))
        # A generator for each purpose: to turn one option on leaves the draws of the others as they were.
        first, gains, self._draws = (
            np.random.default_rng(s) for s in np.random.SeedSequence(model.seed).spawn(3)
        )
        self._charge = np.zeros(self.shape, np.int32)
        if model.start == "random":
            self._charge[:] = first.integers(0, ONE, self.shape, np.int32)
        self._scale: np.ndarray | float = model.full_scale * ONE
        if model.gain_spread:
            self._scale = self._scale * _spread(gains, model.gain_spread, self.shape)
        self._threshold = np.full(self.shape, ONE, np.int32)
        if model.threshold_noise:
            self._draw_thresholds(np.arange(self._threshold.size))
        self._dark = model.dark_current * ONE
        self._wanted, self._step, self._taken = (
            np.empty(self.shape),
            np.empty_like(self._charge),
            np.empty_like(self._charge),
        )
        self._light: np.ndarray | None = None  # what _step was computed from, if it cannot have changed since

    @property
    def charge(self) -> np.ndarray:
        """float64 (H, W): the charge that the pixels hold now, in thresholds."""
        return self._charge / ONE

    def expose(self, light: np.ndarray) -> np.ndarray:
        """One plane: light (H, W) of 0..1, floats, gives spikes, a new uint8 (H, W) of 0 and 1.

        Light that owns its memory and is read-only is taken as constant: given again, it is not
        computed again. Raises SpikeplaneError for another shape and for values outside 0..1.
        """
        if light is not self._light:
            self._collect(light)
        charge, taken = self._charge, self._taken
        charge += self._step
        spikes = np.greater_equal(charge, self._threshold)
        np.multiply(self._threshold, spikes, out=taken)  # several times faster than a masked subtraction
        charge -= taken
        np.minimum(charge, WELL, out=charge)
        if self.model.threshold_noise:
            self._draw_thresholds(np.flatnonzero(spikes))
        return spikes.view(np.uint8)

    def _collect(self, light: np.ndarray) -> None:
        """The charge of one plane, rounded to the nearest unit: wrong by 2**-29 thresholds at most."""
        if light.shape != self.shape:
            raise SpikeplaneError(f"sensor: light of shape {self.shape} expected, found {light.shape}")
        low, high = light.min(), light.max()
        if not (low >= 0 and high <= 1):  # so that NaN is refused, too
            raise SpikeplaneError(f"sensor: light must lie in 0..1, found {number(low)}..{number(high)}")
        wanted = np.multiply(light, self._scale, out=self._wanted, dtype=np.float64)
        if self._dark:
            wanted += self._dark
        np.minimum(np.rint(wanted, out=wanted), STEP, out=wanted)
        np.copyto(self._step, wanted, casting="unsafe")
        self._light = light if light.base is None and not light.flags.writeable else None

    def _draw_thresholds(self, pixels: np.ndarray) -> None:
        """New thresholds of some pixels, given by their indices in row-major order."""
        drawn = _spread(self._draws, self.model.threshold_noise, (len(pixels),))
        self._threshold.reshape(-1)[pixels] = np.rint(drawn * ONE)


def _spread(draws: np.random.Generator, sigma: float, shape: tuple[int, ...]) -> np.ndarray:
    """float64 factors around 1, within TAILS sigma, never negative."""
    factors = draws.standard_normal(shape).clip(-TAILS, TAILS)
    factors *= sigma
    factors += 1.0
    return factors.clip(0.0, math.inf, out=factors)


def record(light: Iterable[np.ndarray], model: SensorModel) -> Iterator[np.ndarray]:
    """Planes, uint8 (H, W) each, of light, floats (H, W) of 0..1 each: a stream in, a stream out,
    memory for one plane."""
    sensor = None
    for plane in light:
        sensor = sensor or Sensor(model, (plane.shape[0], plane.shape[1]))
        yield sensor.expose(plane)
