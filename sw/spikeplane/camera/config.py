"""The reconstruction pipeline's fixed sizes, and the constants of its rules: what golden model,
gateware and driver share."""

import difflib
import hashlib
import json
from dataclasses import asdict, dataclass, fields
from typing import Any, Self

from spikeplane.errors import SpikeplaneError

METHODS = ("tfp", "tfi", "fsr", "ssr")

#: An interval, or the planes since a spike, is counted up to here: longer ones count as this one (a
#: level of 1 in 255).
INTERVAL_MAX = 255
#: SSR counts runs between firings up to here: longer ones count as this one.
RUN_MAX = 63
#: A segment keeps at least its last 128 planes and no endless sums: (smaller interval below,
#: intervals at which counts are halved).
HALVINGS = ((4, 128), (16, 64), (64, 16), (256, 4))
#: Intervals that a pixel takes up in one plane at most when it looks ahead (without look-ahead
#: there is never more than one).
WALKS = 2
#: The pipeline reads a pixel's state again this many words later at the earliest.
MIN_WORDS = 16


@dataclass(frozen=True, kw_only=True)
class CameraConfig:
    """The fixed sizes of one reconstruction pipeline.

    width, height   pixels of a plane, 1..4096 each
    pixels          P, pixels of a word: taken and given in one cycle; 1..64, a divisor of the plane's pixels
    method          tfp (spikes in a window), tfi (one interval), fsr or ssr (first and second-order
                    stability)
    lookahead       A, 0..64: when plane t has come in, the image of plane t - A goes out
    window          planes that tfp counts, 1..64
    output_bits     8 (0..255), or 12: the same with four binary places (8.4 fixed point, 0..4080)

    A word holds P successive pixels of the image, row by row, pixel 0 in its lowest bits.
    Raises SpikeplaneError, with the value and the range, for anything outside these.
    """

    width: int = 400
    height: int = 250
    pixels: int = 50
    method: str = "fsr"
    lookahead: int = 0
    window: int = 21
    output_bits: int = 8

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            raise SpikeplaneError(
                f"camera configuration: method must be one of {', '.join(METHODS)}, not {self.method!r}"
            )
        for name, (low, high) in _RANGES.items():
            value = getattr(self, name)
            if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
                raise SpikeplaneError(
                    f"camera configuration: {name} must be an integer from {low} to {high}, not {value!r}"
                )
        if self.output_bits not in (8, 12):
            raise SpikeplaneError(
                f"camera configuration: output_bits must be 8 or 12, not {self.output_bits}"
            )
        area = self.width * self.height
        if area % self.pixels:
            fit = ", ".join(str(p) for p in range(1, 65) if area % p == 0)
            size = f"{self.width}x{self.height} = {area}"
            raise SpikeplaneError(
                f"camera configuration: pixels must divide {size}: one of {fit}, not {self.pixels}"
            )
        if self.words < MIN_WORDS:
            raise SpikeplaneError(
                f"camera configuration: a plane must have at least {MIN_WORDS} words, "
                f"{self.width}x{self.height} has "
                f"{self.words} of {self.pixels} pixels; take fewer pixels a word"
            )

    @property
    def words(self) -> int:
        """Words of a plane: the cycles it takes."""
        return self.width * self.height // self.pixels

    @property
    def walks(self) -> int:
        """Intervals that a pixel can take up in one plane."""
        return WALKS if self.lookahead and self.method in ("fsr", "ssr") else 1

    @property
    def scale(self) -> int:
        """The output of a pixel that fires in every plane: 255, with its binary places."""
        return 255 << (self.output_bits - 8)

    @property
    def lag(self) -> int:
        """tfp: planes between the end of the window and the newest plane, so that the window lies
        around the image's plane."""
        return self.lookahead - min(self.lookahead, (self.window - 1) // 2)

    @property
    def title(self) -> str:
        """See `spikeplane.units.UnitConfig`."""
        return f"{self.width}x{self.height} spike camera"

    @property
    def summary(self) -> str:
        """See `spikeplane.units.UnitConfig`."""
        pixels = f"{self.width} x {self.height} pixels, {self.pixels} a cycle"
        return f"{pixels}, {self.method}, look-ahead {self.lookahead}"

    @property
    def digest(self) -> str:
        """16 hexadecimal digits that name this pipeline."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()[:16]

    def to_dict(self) -> dict[str, Any]:
        """The fields by name."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """The inverse of `to_dict`; `preset` may name the preset whose fields the others change."""
        values = dict(values)
        base = camera_preset(values.pop("preset")).to_dict() if "preset" in values else {}
        known = [f.name for f in fields(cls)]
        for key in values:
            if key not in known:
                raise SpikeplaneError(
                    f"camera configuration: unknown key '{key}'{_nearest(key, [*known, 'preset'])}"
                )
        return cls(**{**base, **values})


_RANGES = {
    "width": (1, 4096),
    "height": (1, 4096),
    "pixels": (1, 64),
    "lookahead": (0, 64),
    "window": (1, 64),
}

#: The named pipelines: `vidar` for the 400x250 sensor on an ECP5 85k, `million` for 1000x1000.
CAMERA_PRESETS: dict[str, CameraConfig] = {
    "vidar": CameraConfig(width=400, height=250, pixels=50),
    "million": CameraConfig(width=1000, height=1000, pixels=64),
}


def camera_preset(name: str) -> CameraConfig:
    """The preset of that name. Raises SpikeplaneError that suggests the nearest name."""
    if not isinstance(name, str):
        raise SpikeplaneError(
            f"a camera preset is a name in quotes, not {name!r}; choose from "
            f"{', '.join(sorted(CAMERA_PRESETS))}"
        )
    if name not in CAMERA_PRESETS:
        raise SpikeplaneError(f"unknown camera preset '{name}'{_nearest(name, list(CAMERA_PRESETS))}")
    return CAMERA_PRESETS[name]


def _nearest(word: str, known: list[str]) -> str:
    close = difflib.get_close_matches(word, known, n=1, cutoff=0.5)
    return f"; did you mean '{close[0]}'?" if close else f"; choose from {', '.join(sorted(known))}"
