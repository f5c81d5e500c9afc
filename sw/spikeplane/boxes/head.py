"""The detection head of a program: how its output's channels are bins and classes, and its integers the model's numbers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from spikeplane.boxes.decode import decode
from spikeplane.boxes.suppress import Box, Wanted, suppressed
from spikeplane.errors import SpikeplaneError
from spikeplane.float_network import LAST_STEP

if TYPE_CHECKING:
    from spikeplane.program import Program

BINS = 16  #: of a distance, as published heads have them


@dataclass(frozen=True)
class Head:
    """What the values of an output are.

    bins      of each of four distances
    classes   the channels behind them
    strides   pixels of the image a pixel of each map; the maps stand side by side in the channels, coarser ones repeated
              over the pixels of the first
    size      (H, W) of the image
    unit      what 1 of the integers is, the mean over the steps included
    last      whether the last step alone counts, which has them all or is meant; else their sum
    """

    bins: int
    classes: int
    strides: tuple[int, ...]
    size: tuple[int, int]
    unit: float
    last: bool

    @classmethod
    def of(cls, program: "Program", bins: int = BINS, strides: Sequence[int] | None = None) -> "Head":
        """The head of a program whose output is values of pixels. strides: of each map, the finest first; None: one map,
        whose stride its size tells. Raises SpikeplaneError, one line, for an output that is no such head."""
        out = program.network.population(program.network.output)
        if not out.sends_values:
            raise SpikeplaneError(
                f"boxes are made of values, and the output '{out.name}' sends spikes; end the model with the head's "
                "convolution"
            )
        size, (high, wide) = program.input.shape[1:], out.shape[1:]
        stride = size[0] // high
        if (stride * high, stride * wide) != size:
            raise SpikeplaneError(
                f"boxes want an image whose pixels are a multiple of the output's, not {_by(size)} and {_by((high, wide))}"
            )
        maps = _checked_strides(strides, stride, (high, wide))
        channels = out.shape[0] // out.fold
        classes = _classes(channels, len(maps), bins)
        last = program.readout == "last"
        steps = 1 if last and _of_one_step(program) else program.network.steps * program.encoding.fold
        return cls(bins, classes, maps, size, _unit(program, out.name) / steps, last)

    def values(self, program: "Program", outputs: dict[str, np.ndarray]) -> np.ndarray:
        """(N, C, H, W) in the model's numbers, the mean over its steps, of what a board gives by population."""
        out = program.network.population(program.network.output)
        sent = out.apart(outputs[out.name])
        return (sent[:, -1] if self.last else sent.sum(1, dtype=np.int64)) * self.unit

    def boxes(self, values: np.ndarray, wanted: Wanted) -> list[list[Box]]:
        """Those of each image (N, C, H, W)."""
        each = np.split(values, len(self.strides), 1)
        parts = [
            decode(one[:, :, :: stride // self.strides[0], :: stride // self.strides[0]], self.bins, stride)
            for one, stride in zip(each, self.strides, strict=True)
        ]
        corners, scores = (np.concatenate(side, 1) for side in zip(*parts, strict=True))
        return [suppressed(*one, wanted, self.size) for one in zip(corners, scores, strict=True)]


def _by(size: tuple[int, int]) -> str:
    return f"{size[0]}x{size[1]}"


def _of_one_step(program: "Program") -> bool:
    """Whether the output is that of the last step alone, not the sum of all. Where steps are channels, the importer's note
    tells it: integrators keep nothing there either."""
    if program.source is None:
        return False
    net = program.source.network
    if program.encoding.fold > 1:
        return any((a.what, a.value) == ("readout", LAST_STEP) for a in net.assumptions)
    return any(p.neuron is not None and p.neuron.relays for p in net.populations if p.name == net.output)


def _unit(program: "Program", name: str) -> float:
    """What 1 of a population's membranes is."""
    for row in program.tables.get("quantisation", []):
        if row["population"] == name and program.source is not None:
            return row["scale_low"] * 2.0 ** -row["guard"]
    raise SpikeplaneError(
        f"the program does not tell what 1 of its output '{name}' is; boxes want a program that was compiled from a model"
    )


def _classes(channels: int, maps: int, bins: int) -> int:
    if not isinstance(bins, int | np.integer) or bins < 1:
        raise SpikeplaneError(f"bins must be 1 or more of each distance, not {bins}")
    apart, rest = divmod(channels, maps)
    classes = apart - 4 * bins
    if rest or classes < 1:
        kept = f"{maps} maps of {4 * bins}" if maps > 1 else f"{4 * bins}"
        raise SpikeplaneError(
            f"the output has {channels} channels, a head of {bins} bins has {kept} and one more for each class; give bins "
            "(--bins), or the strides of all maps (--strides)"
        )
    return classes


def _checked_strides(strides: Sequence[int] | None, stride: int, pixels: tuple[int, int]) -> tuple[int, ...]:
    found = (stride,) if strides is None else tuple(strides)
    multiples = all(isinstance(s, int | np.integer) and s > 0 and s % stride == 0 for s in found)
    whole = multiples and all(n % (s // stride) == 0 for s in found for n in pixels)
    if not found or not whole or found[0] != stride:
        raise SpikeplaneError(
            f"strides must begin with the output's own, {stride}, and be multiples of it that divide the image, not "
            f"{','.join(map(str, found)) or 'none'}"
        )
    return found
