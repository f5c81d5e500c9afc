"""The unit of a population's currents and membranes: how much one integer step is in real numbers, channel
by channel, fine enough for the weights and coarse enough for accumulator, thresholds and membrane."""

from collections.abc import Callable

import numpy as np

from spikeplane.compiler.gates import reach_of
from spikeplane.compiler.layers import Layer, per_channel, thresholds
from spikeplane.compiler.sides import reached
from spikeplane.compiler.steps import common_unit, finer, integers, plain, power_of, suited, top
from spikeplane.compiler.ties import single
from spikeplane.config import ChipConfig
from spikeplane.float_network import FloatProjection
from spikeplane.fused import current_limit
from spikeplane.network import Gate, Population, met, most_met, steps_of, times
from spikeplane.program.once import lowest

#: By how much a unit is made coarser for what rounding adds, in turn: a little more may leave the integers as they are.
_COARSER = tuple(1 + 2.0**power for power in range(-11, -1))
#: Thresholds that membranes with a soft reset have room for. With more, steps of the weights that read 8-bit pixels cost
#: more spikes than what is cut off.
ABOVE = 2.0
_SAFE = 0.999  #: of what a leak leaves of the reset, because the factor is rounded


def unit_of(layer: Layer, config: ChipConfig) -> tuple[np.ndarray, list[int]]:
    """Real value of one integer step of the weights, per channel (C,), and the power of two of it
    that each projection counts."""
    population, neuron, channels = layer.population, layer.neuron, layer.population.shape[0]
    uniform = population.sends_values or neuron.v_reset != 0
    caps = [
        max(0, config.max_shift - source.bits(config.membrane_bits) + 1 + spare_of(p, top(bits), config))
        for p, source, bits in zip(layer.incoming, layer.sources, layer.widths, strict=True)
    ]
    if layer.unit is not None:
        return layer.unit, [
            power_of(w, layer.unit, bits, cap)
            for w, bits, cap in zip(layer.real, layer.widths, caps, strict=True)
        ]
    unit, grid, above = np.zeros(channels), np.zeros(channels), []
    anchor = _anchor(layer)
    if layer.real:
        unit, grid, above = common_unit(
            list(layer.real),
            layer.widths,
            caps,
            uniform=uniform,
            exact=not np.any(neuron.decay),
            anchor=anchor,
        )
    unit = np.where(unit > 0, _scaled(layer, unit, grid), _in_any_step(layer, _idle_unit, config))
    least = np.maximum(
        _in_any_step(layer, _least, above, config), np.where(grid > 0, 0.0, _kept_unit(layer, config))
    )
    if uniform:
        unit, grid, least = (np.full_like(each, each.max()) for each in (unit, grid, least))
    if config.weight_bits == 1:
        unit, grid, above = _of_signs(layer, unit, grid, least, above)
    if anchor is not None and (unit < least).any():
        grid, above = _whole(layer, unit, above, anchor)
    unit = np.where(unit >= least, unit, finer(grid, least))
    if not uniform and len(layer.real) == 1 and steps_of(layer.population.bias) is None:
        unit = suited(unit, grid, per_channel(layer.population.bias, channels))
    unit = np.where(unit > 0, unit, 1.0)
    return _fitting(layer, unit, grid, above, config, uniform=uniform), above


def _in_any_step(layer: Layer, finest: Callable[..., np.ndarray], *given: object) -> np.ndarray:
    """The finest unit (C,) in all steps."""
    return np.max([finest(one, *given) for one in layer.steps_apart()], axis=0)


def _of_signs(
    layer: Layer, unit: np.ndarray, grid: np.ndarray, least: np.ndarray, above: list[int]
) -> tuple[np.ndarray, np.ndarray, list[int]]:
    """A unit that holds the halves of sums of signs; where it is too fine, coarser by powers of two, so that layers of
    one size keep it and the others lose signs."""
    pairs = list(zip(above, layer.widths, strict=True))
    if any(bits > 1 and not power for power, bits in pairs):  # twice their whole numbers are sums of signs
        unit, grid, above = unit / 2, grid / 2, [power + 1 for power in above]
    spare = min(
        [power - (bits > 1) for power, bits in zip(above, layer.widths, strict=True) if bits > 0], default=0
    )
    while spare > 0 and (unit < least).any():
        unit, grid, above, spare = 2 * unit, 2 * grid, [max(0, power - 1) for power in above], spare - 1
    return unit, grid, above


def _scaled(layer: Layer, unit: np.ndarray, grid: np.ndarray) -> np.ndarray:
    """With the scale of a correction; a grid that weights lie on stays."""
    return unit if layer.scale is None else np.where(grid > 0, unit, unit * layer.scale)


def _whole(layer: Layer, unit: np.ndarray, above: list[int], anchor: int) -> tuple[np.ndarray, list[int]]:
    """An identity's 1 as the grid of coarser units, and the powers of two of all projections: its own become a weight
    that is stored, which in a coarser unit still is a whole number."""
    places = min(above[anchor], top(layer.widths[anchor]).bit_length() - 1)
    return unit * 2.0**places, [power - places * (i == anchor) for i, power in enumerate(above)]


def _least(layer: Layer, above: list[int], config: ChipConfig) -> np.ndarray:
    """The finest unit (C,) for accumulator, membrane and what fires once."""
    highest = _reached(layer, config) / ((1 << (config.membrane_bits - 1)) - 4)
    least = np.maximum(_accumulator_unit(layer, above, config), highest)
    return np.maximum(least, _once_unit(layer, above, config)) if layer.neuron.reset == "once" else least


def room_of_once(layer: Layer, config: ChipConfig) -> np.ndarray:
    """How far below 0, in integer steps, the reset of neurons that fire once still is behind all steps, (1,) or (C,)."""
    share = np.atleast_1d(np.asarray(layer.neuron.decay, np.float64)) ** (layer.steps - 1)
    return np.maximum(-lowest(config) * share * _SAFE - layer.steps, 1.0)


def _once_unit(layer: Layer, above: list[int], config: ChipConfig) -> np.ndarray:
    """The finest unit at which neurons that fire once cannot come back from their reset, rounding of every weight
    included (`program.once`)."""
    left = layer.steps - 1
    window = 1 if layer.population.window is None else layer.population.window.size**2
    total = left * np.maximum(per_channel(layer.population.bias, layer.population.shape[0]), 0)
    slack = float(left)
    for p, source, weight, power, bits in zip(
        layer.incoming, layer.sources, layer.real, above, layer.widths, strict=True
    ):
        low, high = source.values(config.membrane_bits)
        often = (min(window, left) if source.once else left) * times(p, source.shape)
        real = plain(weight)
        total = total + often * (
            met(np.maximum(real, 0), p.up) * high - met(np.maximum(-real, 0), p.up) * low
        )
        half = 0.5 if bits > 1 else 1.0
        slack += half * most_met(weight.shape, p.up) * max(high, -low) * often * 2.0**power
    room = room_of_once(layer, config)
    return total / np.maximum(room - slack, room / 4)


def _reached(layer: Layer, config: ChipConfig) -> np.ndarray:
    """What a membrane has to hold (C,): the thresholds; without any what it gathers, where that is known: on a
    calibration, or because it reads values."""
    if layer.neuron.function:
        return np.full(layer.population.shape[0], reach_of(layer, config))
    known = layer.peak is not None or any(source.sends_values for source in layer.sources)
    if layer.neuron.threshold is None and layer.usual is not None and known:
        return layer.usual
    return thresholds(layer.neuron, layer.population.shape[0])


def _kept_unit(layer: Layer, config: ChipConfig) -> np.ndarray:
    """The finest unit (C,) at which a soft reset keeps what usually is above a threshold: what the membrane cuts off
    there is a spike of a later step."""
    theta = thresholds(layer.neuron, layer.population.shape[0])
    if layer.neuron.threshold is None or layer.neuron.reset != "soft":
        return np.zeros_like(theta)
    room = theta * ABOVE if layer.peak is None else np.minimum(theta * ABOVE, layer.peak)
    return room / ((1 << (config.membrane_bits - 1)) - 4)


def _anchor(layer: Layer) -> int | None:
    """The first projection that is an identity of values: it counts exactly 1, or a power of two. Signs of one size
    beside it have theirs."""
    if len(set(layer.widths)) > 1 and not layer.exact:
        return None
    if layer.population.sends_values:
        return None
    into = [
        (p, n)
        for n, (p, source) in enumerate(zip(layer.incoming, layer.sources, strict=True))
        if source.sends_values and _as_it_is(source) and single(p)
    ]
    gated = [n for p, n in into if isinstance(p.dynamic, Gate)]
    plain = [] if layer.neuron.v_reset else [n for _, n in into]
    return next(iter([*gated, *plain]), None)


def _as_it_is(source: Population) -> bool:
    return source.neuron is not None and source.neuron.table is None


def spare_places(largest: int, config: ChipConfig) -> int:
    """By how many places the chip could store weights of up to `largest` shifted; less than 0 for weights
    of two parts, by how many places the upper one counts more."""
    if not largest:
        return 0
    if config.weight_bits == 1:
        return -((largest - 1).bit_length())  # the last but one of `signs`
    if largest > top(config.weight_bits):
        return 1 - config.weight_bits
    return (top(config.weight_bits) // largest).bit_length() - 1


def spare_of(projection: FloatProjection, weight: np.ndarray | int, config: ChipConfig) -> int:
    """The same of a projection's integers, or the largest of them; those that are counted are not stored."""
    largest = int(np.abs(weight).max(initial=0))
    return spare_places(largest, config) if projection.dynamic is None else 0


def _idle_unit(layer: Layer, config: ChipConfig) -> np.ndarray:
    """Of channels without weights: fine enough for the bias to count, with room for what a membrane
    gathers above its threshold."""
    population, neuron, channels = layer.population, layer.neuron, layer.population.shape[0]
    room = 64 if population.sends_values else 4
    largest = np.maximum(np.abs(per_channel(population.bias, channels)), thresholds(neuron, channels))
    return largest * room / (1 << (config.membrane_bits - 1))


def _accumulator_unit(layer: Layer, above: list[int], config: ChipConfig) -> np.ndarray:
    """The finest unit (C,) at which the worst case of the real weights fits the accumulator. Signs of 1 bit are larger
    than some of their weights, by a whole one at most, whatever the unit."""
    limit, bias = (
        current_limit(config),
        per_channel(layer.population.bias, layer.population.shape[0]),
    )
    slack, parts = 1.0, []
    for p, source, weight, power in zip(layer.incoming, layer.sources, layer.real, above, strict=True):
        low, high = _sent(p, source, config)
        parts.append((weight, p.up, low, high))
        slack += most_met(weight.shape, p.up) * max(high, -low) * 2.0**power
    rough = reached(parts, bias) / limit
    return rough * (1 + min(slack / limit, 0.25)) if config.weight_bits == 1 else rough


def _fitting(
    layer: Layer, unit: np.ndarray, grid: np.ndarray, above: list[int], config: ChipConfig, *, uniform: bool
) -> np.ndarray:
    """Coarser where integers are larger than the weights that they are rounded from, so that their worst case is too: what
    fits as it is keeps its unit."""
    limit, apart = current_limit(config), layer.steps_apart()
    for least in _COARSER:
        over = np.max([_over(one, unit, above, config) for one in apart], axis=0) / limit
        if (over <= 1).all():
            break
        over = np.full_like(over, over.max()) if uniform else over
        unit = np.where(over > 1, finer(grid, unit * np.maximum(over, least)), unit)
    return unit


def _over(layer: Layer, unit: np.ndarray, above: list[int], config: ChipConfig) -> np.ndarray:
    """How far the integers of a layer without steps reach in that unit (C,)."""
    parts = [
        (integers(weight, unit * 2.0**power, bits) * 2.0**power, p.up, *_sent(p, source, config))
        for p, source, weight, power, bits in zip(
            layer.incoming, layer.sources, layer.real, above, layer.widths, strict=True
        )
    ]
    return reached(parts, np.round(per_channel(layer.population.bias, len(unit)) / unit))


def _sent(p: FloatProjection, source: Population, config: ChipConfig) -> tuple[int, int]:
    """The least and the most that a pool of a source's integers, or the tokens that a dynamic weight counts, adds up to."""
    low, high = (value * times(p, source.shape) for value in source.values(config.membrane_bits))
    return low, high
