"""How large one integer step of a weight is, channel by channel: the step of least error, before
anything else is asked of it.

    weights of one projection -> step (C,);   several projections -> one unit (C,) and, for each,
    the power of two of it that is its step

Weights that lie on a grid (a model trained for few bits, integers, folded averages) are found out
and kept exactly.
"""

from collections.abc import Sequence

import numpy as np

#: Candidates for the largest weight kept, as a part of the largest there is; what lies beyond is clipped.
CLIPPING = (1.0, 0.95, 0.9, 0.85, 0.8, 0.7, 0.6, 0.5)
_TINY = 1e-30  #: magnitudes below are no weights
_ON_GRID = 1e-4  #: of a step: what float32 and folding leave between a weight and its grid
_LEVELS = 255  #: of a grid that is looked for
REACH = 8  #: largest power of two between two projections that is looked for


def top(bits: int) -> int:
    """The largest weight of `bits` bits; the negative ones go as far. Less than 0: of odd numbers of so many signs."""
    return max(1, (1 << (bits - 1)) - 1) if bits > 0 else (1 << -bits) - 1


def flat(weight: np.ndarray) -> np.ndarray:
    """(C, all else), what is no weight set to 0."""
    return plain(weight).reshape(len(weight), -1)


def plain(weight: np.ndarray) -> np.ndarray:
    """As it is, what is no weight set to 0."""
    real = np.asarray(weight, dtype=np.float64)
    return np.where(np.abs(real) < _TINY, 0.0, real)


def integers(weight: np.ndarray, step: np.ndarray, bits: int) -> np.ndarray:
    """The nearest integers of a weight (C, ...) in steps (C,), of so many bits; less than 0: the nearest odd ones."""
    ratio = weight / step.reshape(-1, *[1] * (weight.ndim - 1))
    if bits == 1:
        return np.sign(ratio).astype(np.int64)  # 0 where nothing is stored
    # 0 where nothing is stored: no odd number
    nearest = np.round(ratio) if bits > 0 else (2 * np.floor(ratio / 2) + 1) * (ratio != 0)
    return np.clip(nearest, -top(bits), top(bits)).astype(np.int64)


def best_step(weight: np.ndarray, bits: int, *, uniform: bool, exact: bool) -> tuple[np.ndarray, np.ndarray]:
    """The step of least squared error (C,), 0 where a channel has no weights, and the coarsest step
    that keeps the channel's weights as they are, 0 where there is none. uniform: one for all
    channels. exact: without memory small integers are as good as large ones (pooling, AND, OR), so
    equal weights become 1."""
    magnitude = np.abs(flat(weight))
    channels = len(magnitude)
    if uniform:
        magnitude = magnitude.reshape(1, -1)
    largest = magnitude.max(1, keepdims=True)
    if bits == 1:
        count = np.count_nonzero(magnitude, 1)
        best, grid = magnitude.sum(1) / np.maximum(count, 1), np.zeros(len(magnitude))
    else:
        best = _clipped(magnitude, largest, bits)
        grid = grid_of(magnitude, largest[:, 0], bits) if bits > 0 else np.zeros(len(magnitude))
        finest = finer(grid, largest[:, 0] / top(bits))
        if exact:
            alike = ((magnitude == largest) | (magnitude == 0)).all(1)
            finest = np.where(alike, largest[:, 0], finest)
        best = np.where(grid > 0, finest, best)
    best = np.where(largest[:, 0] > 0, best, 0.0)
    best, grid = (np.broadcast_to(each, (channels,)).astype(np.float64) for each in (best, grid))
    return best, grid


def finer(grid: np.ndarray, least: np.ndarray) -> np.ndarray:
    """The finest step of at least `least` of which `grid` is a multiple; `least` itself where the
    grid is finer."""
    with np.errstate(divide="ignore", invalid="ignore"):
        parts = np.floor(grid / least * (1 + 1e-12))
        return np.where((parts >= 1) & np.isfinite(parts), grid / parts, least)


def suited(unit: np.ndarray, grid: np.ndarray, bias: np.ndarray) -> np.ndarray:
    """Of the units up to a tenth coarser of which `grid` is a multiple too, the one of which the
    bias is most nearly a multiple.

    A constant drive of a small part of the threshold decides by itself how often a neuron fires;
    its rounding adds up over steps.
    """
    chosen = unit.copy()
    for c in np.flatnonzero((grid > 0) & (unit > 0) & (bias != 0)):
        parts = round(grid[c] / unit[c])
        if parts < 2 or abs(grid[c] / unit[c] - parts) > _ON_GRID:
            continue
        steps = grid[c] / np.arange(parts, int(np.ceil(0.9 * parts)) - 1, -1)
        wrong = np.abs(bias[c] / steps - np.round(bias[c] / steps)) * steps
        chosen[c] = steps[int(np.argmin(np.round(wrong / unit[c], 6)))]
    return chosen


def _clipped(magnitude: np.ndarray, largest: np.ndarray, bits: int) -> np.ndarray:
    errors, steps = [], []
    for factor in CLIPPING:
        step = np.where(largest > 0, largest * factor / top(bits), 1.0)
        kept = np.minimum(np.round(magnitude / step), top(bits)) * step
        errors.append(((kept - magnitude) ** 2).sum(1))
        steps.append(step[:, 0])
    return np.take_along_axis(np.array(steps), np.argmin(errors, axis=0)[None], axis=0)[0]


def grid_of(magnitude: np.ndarray, largest: np.ndarray, bits: int) -> np.ndarray:
    """The coarsest step of which every weight of the channel is a multiple, 0 where there is none.
    magnitude: (C, all else); largest: (C,) of it."""
    many = int(np.count_nonzero(magnitude, 1).max(initial=0))
    if 0 < many < magnitude.shape[1] // 4:  # zeros are multiples of any step
        magnitude = -np.partition(-magnitude, many - 1, axis=1)[:, :many]
    found = np.where((largest > 0) & _on(magnitude, np.where(largest > 0, largest, 1.0)), largest, 0.0)
    steps = largest[:, None] / np.arange(1, min(top(bits), _LEVELS) + 1)
    may = np.broadcast_to(((largest > 0) & (found == 0))[:, None], steps.shape).copy()
    for few in (slice(0, 4), slice(4, 32)):  # most are refuted by a few weights
        at = np.nonzero(may)
        may[at] = _on(magnitude[at[0], few], steps[at])
    for level in np.flatnonzero(may.any(0)):
        open_ = np.flatnonzero((found == 0) & may[:, level])
        on = open_[_on(magnitude[open_], steps[open_, level])]
        found[on] = steps[on, level]
    return found


def _on(magnitude: np.ndarray, step: np.ndarray) -> np.ndarray:
    """Whether all weights of a row are multiples of its step."""
    ratio = magnitude / step[:, None]
    return np.asarray((np.abs(ratio - np.round(ratio)) < _ON_GRID).all(1))


def common_unit(
    weights: list[np.ndarray],
    widths: Sequence[int],
    caps: list[int],
    *,
    uniform: bool,
    exact: bool,
    anchor: int | None = None,
) -> tuple[np.ndarray, np.ndarray, list[int]]:
    """The unit (C,) of a population's currents; the coarsest one that keeps the weights as they
    are, or 0; and, for each projection, how many powers of two above the unit its step is.

    caps: the largest such power of each projection that the chip's shifter leaves. The projection
    with the largest weights in all has the step of its least error, the others the power of two of
    it that is best for them. anchor: the projection whose weights, one a channel, are steps of 1 themselves.
    widths: bits of each, see `integers`; those of the fewest have the say.
    """
    best = [best_step(w, bits, uniform=uniform, exact=exact) for w, bits in zip(weights, widths, strict=True)]
    steps, grids = zip(*best, strict=True)
    least = min(map(abs, widths))
    sizes = [(flat(w) ** 2).sum() * (abs(n) == least) for w, n in zip(weights, widths, strict=True)]
    main = int(np.argmax(sizes))
    if anchor is not None:
        main, own = anchor, np.abs(flat(weights[anchor])).max(1)
        steps, grids = (tuple(own if i == main else each for i, each in enumerate(s)) for s in (steps, grids))
    order = sorted(range(len(weights)), key=lambda i: (i != main, -sizes[i]))
    powers, unit = [0] * len(weights), np.zeros(len(weights[main]))
    for i in order:
        if i != main:
            # a step of 1 of a stream's values may be far below all weights beside it
            far = REACH + max(0, -widths[i]) if anchor is None else max(caps)
            powers[i] = _power(weights[i], unit, widths[i], caps[main], caps[i], far)
        unit = np.where(unit > 0, unit, steps[i] * 2.0 ** -powers[i])
    powers = [min(power, min(powers) + cap) for power, cap in zip(powers, caps, strict=True)]
    above = [power - min(powers) for power in powers]
    unit, grid = _of_the_first([(steps[i] * 2.0 ** -above[i], grids[i] * 2.0 ** -above[i]) for i in order])
    if widths.count(1) > 1:
        ones = [i for i, bits in enumerate(widths) if bits == 1]
        unit = _signs_unit([weights[i] for i in ones], [above[i] for i in ones], uniform=uniform)
    return unit, grid, above


def _of_the_first(units: list[tuple[np.ndarray, np.ndarray]]) -> tuple[np.ndarray, np.ndarray]:
    """By channel the unit and the grid of the first that has a unit there."""
    unit, grid = (np.zeros_like(each) for each in units[0])
    for own, multiple in units:
        unit, grid = np.where(unit > 0, unit, own), np.where(unit > 0, grid, multiple)
    return unit, grid


def power_of(weight: np.ndarray, unit: np.ndarray, bits: int, most: int) -> int:
    """How many powers of two above a given unit (C,) the best step of a weight is, `most` at most."""
    return _power(weight, unit, bits, 0, most, most)


def _power(weight: np.ndarray, unit: np.ndarray, bits: int, below: int, most: int, far: int = REACH) -> int:
    """The power of two of `unit`, from -below to most, that is the best step of `weight`; 0 where
    they are as good."""
    seen = (unit > 0) & (flat(weight) != 0).any(1)
    if not seen.any():
        return 0
    rows, chosen = flat(weight)[seen], unit[seen]

    def error(power: int) -> float:
        step = chosen * 2.0**power
        return float(((integers(rows, step, bits) * step[:, None] - rows) ** 2).sum())

    candidates = sorted(range(-min(below, far), min(most, far) + 1), key=abs)
    errors = [error(power) for power in candidates]
    return candidates[int(np.argmin(errors))]


def _signs_unit(weights: list[np.ndarray], above: list[int], *, uniform: bool) -> np.ndarray:
    """Of 1-bit weights: the unit of least squared error where every projection's step is a power of
    two of it."""
    gains = np.array([2.0**power for power in above])
    sizes = [np.abs(flat(w)) for w in weights]
    total = np.sum([gain * size.sum(1) for gain, size in zip(gains, sizes, strict=True)], axis=0)
    count = np.sum(
        [gain**2 * np.count_nonzero(size, 1) for gain, size in zip(gains, sizes, strict=True)], axis=0
    )
    unit = total / np.maximum(count, 1)
    return np.full_like(unit, unit.mean()) if uniform else unit
