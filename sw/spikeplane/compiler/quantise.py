"""From the float network to integers: one scale per channel, so that real = integer * scale for every current and membrane.

A population's weights of all projections, its bias, threshold and reset share the scale of their channel; a readout has one scale for all
channels, because its values are compared. The scale starts from the largest weight and is made coarser where the worst case would
not fit the accumulator or the threshold not the membrane, so a compiled program never overflows.
"""

from dataclasses import dataclass

import numpy as np

from spikeplane.compiler.bounds import value_range
from spikeplane.compiler.graph import FloatNetwork, FloatNeuron, FloatPopulation, FloatProjection
from spikeplane.compiler.leaks import leak
from spikeplane.config import ChipConfig
from spikeplane.encode import Encoding
from spikeplane.errors import SpikeplaneError
from spikeplane.network import Network, Neuron, Population, Projection

#: Candidates for the largest weight kept, as a part of the largest there is; what lies beyond is clipped.
CLIPPING = (1.0, 0.95, 0.9, 0.85, 0.8, 0.7, 0.6, 0.5)
_TINY = 1e-30  #: magnitudes below are no weights
_ROUNDED = {"down": "down", "up": "up", "odd": "to odd"}
_CLOSE = 1e-6  #: relative rounding of float32 models, forgiven at thresholds


@dataclass(frozen=True, kw_only=True)
class Quantised:
    """What happened to one population: scale range, weights clipped (%), root-mean-square weight error relative to the weights."""

    population: str
    weight_bits: int
    scale_low: float
    scale_high: float
    clipped: float
    error: float
    leak: str


def quantise(
    net: FloatNetwork, config: ChipConfig, encoding: Encoding, weight_bits: int | None = None
) -> tuple[Network, list[Quantised]]:
    """The integer network and one row per population, from a network that `check_network` has passed. Raises SpikeplaneError for a
    leak that the chip lacks."""
    bits = _checked_bits(weight_bits, config)
    units = {p.name: 1.0 / ((1 << encoding.bits) - 1) for p in net.inputs}
    made: dict[str, Population] = {p.name: Population(name=p.name, shape=p.shape, value_bits=encoding.bits) for p in net.inputs}
    projections: dict[int, Projection] = {}
    rows = []
    for population in net.populations:
        if population.neuron is None:
            continue
        incoming = net.incoming(population.name)
        if population.neuron.membrane_out:
            made.setdefault(
                population.name, Population(name=population.name, shape=population.shape, neuron=Neuron(membrane_out=True))
            )
        ranges = [value_range(made.get(p.source, Population(name=p.source, shape=(1, 1, 1))), config) for p in incoming]
        real = [np.asarray(p.weight, dtype=np.float64) * units.get(p.source, 1.0) for p in incoming]
        scale = _scale(population, incoming, real, ranges, bits, config)
        if population.neuron.membrane_out:
            units[population.name] = float(scale[0])
        integers = [_integers(w, scale, bits) for w in real]
        for projection, weight in zip(incoming, integers, strict=True):
            projections[id(projection)] = Projection(**{**projection.__dict__, "weight": weight})
        made[population.name] = _population(population, scale, config, _holds(net, incoming, encoding))
        rows.append(_row(population, made[population.name], real, integers, scale, bits))
    network = Network(
        populations=tuple(made[p.name] for p in net.populations), output=net.output, steps=encoding.steps,
        projections=tuple(projections[id(p)] for p in net.projections),
    )  # fmt: skip
    return network, rows


def _checked_bits(weight_bits: int | None, config: ChipConfig) -> int:
    if weight_bits is None:
        return config.weight_bits
    if weight_bits not in (2, 4, 8) and weight_bits != config.weight_bits or weight_bits > config.weight_bits:
        raise SpikeplaneError(f"weight bits must be 2, 4 or 8 and at most the chip's {config.weight_bits}, not {weight_bits}")
    return weight_bits


def _holds(net: FloatNetwork, incoming: tuple[FloatProjection, ...], encoding: Encoding) -> bool:
    """All of its input is the same in every step, so it is accumulated once per sample."""
    inputs = {p.name for p in net.inputs}
    return encoding.kind == "direct" and encoding.steps > 1 and bool(incoming) and all(p.source in inputs for p in incoming)


def _flat(weights: list[np.ndarray]) -> np.ndarray:
    return np.concatenate([w.reshape(len(w), -1) for w in weights], axis=1)


def _scale(
    population: FloatPopulation, incoming: tuple[FloatProjection, ...], real: list[np.ndarray], ranges: list[tuple[int, int]], bits: int,
    config: ChipConfig,
) -> np.ndarray:  # fmt: skip
    """Real value of one integer step, per channel (C,)."""
    neuron = population.neuron
    assert neuron is not None
    flat = _flat(real)
    flat = np.where(np.abs(flat) < _TINY, 0.0, flat)
    uniform = neuron.membrane_out or neuron.v_reset != 0
    scale = _best_scale(flat, bits, uniform, exact=neuron.decay == 0)
    scale = np.where(scale > 0, scale, _idle_scale(population, config))
    scale = np.maximum(scale, _accumulator_scale(population, incoming, real, ranges, bits, config))
    scale = np.maximum(scale, _threshold_scale(neuron, population.shape[0], config))
    if uniform:
        scale = np.full_like(scale, scale.max())
    return np.where(scale > 0, scale, 1.0)


def _best_scale(flat: np.ndarray, bits: int, uniform: bool, exact: bool) -> np.ndarray:
    """The scale of least squared weight error over the clipping candidates; without weights 0."""
    magnitude = np.abs(flat)
    if uniform:
        magnitude = magnitude.reshape(1, -1)
    largest, top = magnitude.max(1, keepdims=True), (1 << (bits - 1)) - 1
    if bits == 1:
        best = magnitude.mean(1, keepdims=True)
    else:
        errors, scales = [], []
        for factor in CLIPPING:
            scale = np.where(largest > 0, largest * factor / top, 1.0)
            kept = np.minimum(np.round(magnitude / scale), top) * scale
            errors.append(((kept - magnitude) ** 2).sum(1))
            scales.append(scale[:, 0])
        best = np.take_along_axis(np.array(scales), np.argmin(errors, axis=0)[None], axis=0).reshape(-1, 1)
        if exact:  # without memory small integers are as good as large ones: pooling, AND, OR
            alike = ((magnitude == largest) | (magnitude == 0)).all(1, keepdims=True)
            best = np.where(alike & (largest > 0), largest, best)
    best = np.where(largest > 0, best, 0.0)[:, 0]
    return np.broadcast_to(best, (len(flat),)).astype(np.float64) if uniform else best


def _idle_scale(population: FloatPopulation, config: ChipConfig) -> np.ndarray:
    """Of channels without weights: fine enough for the bias to count, with room for what a membrane gathers above its threshold."""
    neuron, channels = population.neuron, population.shape[0]
    assert neuron is not None
    room = 64 if neuron.membrane_out else 4
    largest = np.maximum(np.abs(_channels(population.bias, channels)), abs(neuron.v_reset))
    for values in (neuron.threshold, neuron.amount):
        largest = np.maximum(largest, np.abs(_channels(values, channels)))
    return largest * room / (1 << (config.membrane_bits - 1))


def _accumulator_scale(
    population: FloatPopulation, incoming: tuple[FloatProjection, ...], real: list[np.ndarray], ranges: list[tuple[int, int]], bits: int,
    config: ChipConfig,
) -> np.ndarray:  # fmt: skip
    """The finest scale at which the worst case fits the accumulator, rounding of every weight included."""
    bias = np.abs(_channels(population.bias, population.shape[0]))
    total, slack = bias.copy(), 1.0
    for projection, weight, (low, high) in zip(incoming, real, ranges, strict=True):
        flat = np.abs(weight).reshape(len(weight), -1)
        largest = max(high, -low) * projection.pool[0] * projection.pool[1]
        total += flat.sum(1) * largest
        slack += (0.5 if bits > 1 else 1.0) * flat.shape[1] * largest
    limit = (1 << (config.acc_bits - 1)) - 1
    rough = total / limit
    # Rounding moves a weight by half a step at most, by a whole one to 1 bit; where that matters the step is a little coarser.
    return rough * (1 + min(slack / limit, 0.25) * (rough > 0))


def _threshold_scale(neuron: FloatNeuron, channels: int, config: ChipConfig) -> np.ndarray:
    largest = np.abs(_channels(neuron.threshold, channels)) if neuron.threshold is not None else np.zeros(channels)
    if neuron.amount is not None:
        largest = np.maximum(largest, np.abs(_channels(neuron.amount, channels)))
    return np.maximum(largest, abs(neuron.v_reset)) / ((1 << (config.membrane_bits - 1)) - 4)


def _integers(weight: np.ndarray, scale: np.ndarray, bits: int) -> np.ndarray:
    ratio = weight / scale.reshape(-1, *[1] * (weight.ndim - 1))
    if bits == 1:
        return np.where(ratio < 0, -1, 1).astype(np.int64)
    top = (1 << (bits - 1)) - 1
    return np.clip(np.round(ratio), -top, top).astype(np.int64)


def _population(population: FloatPopulation, scale: np.ndarray, config: ChipConfig, hold: bool) -> Population:
    neuron, channels = population.neuron, population.shape[0]
    assert neuron is not None
    kept = leak(neuron.decay, strict=neuron.strict, layer=population.name, config=config)
    theta, amount, reset = None, None, neuron.reset
    highest = (1 << (config.membrane_bits - 1)) - 2
    if neuron.threshold is None:
        theta, reset = np.full(channels, highest, dtype=np.int64), "none"
    else:
        ratio = _channels(neuron.threshold, channels) / scale
        # v > t exactly where the integer is above floor(t), v >= t where it is at least ceil(t)
        theta = np.floor(ratio * (1 + _CLOSE)) if neuron.strict else np.ceil(ratio * (1 - _CLOSE))
        theta = theta.astype(np.int64)
        if neuron.reset == "soft":
            subtracted = neuron.threshold if neuron.amount is None else neuron.amount
            real = _channels(subtracted, channels)
            # A reset that rounds to nothing would leave the neuron firing for ever.
            amount = np.maximum(np.round(real / scale), real > 0).astype(np.int64)
    return Population(
        name=population.name, shape=population.shape, theta=theta, amount=amount, window=population.window,
        input_size=population.input_size, bias=np.round(_channels(population.bias, channels) / scale).astype(np.int64), hold=hold,
        neuron=Neuron(
            leak=kept.kind, leak_value=kept.value, leak_round=kept.rounding,
            reset=reset, strict=neuron.strict, membrane_out=neuron.membrane_out,
            v_reset=round(neuron.v_reset / float(scale[0])),
        ),
    )  # fmt: skip


def _row(
    population: FloatPopulation,
    made: Population,
    real: list[np.ndarray],
    integers: list[np.ndarray],
    scale: np.ndarray,
    bits: int,
) -> Quantised:
    top = max((1 << (bits - 1)) - 1, 1)
    flat, whole = _flat(real), _flat(integers)
    power = (flat**2).mean()
    error = np.sqrt(((whole * scale[:, None] - flat) ** 2).mean() / power) if power > _TINY**2 else 0.0
    assert made.neuron is not None
    return Quantised(
        population=population.name, weight_bits=bits, scale_low=float(scale.min()), scale_high=float(scale.max()),
        clipped=float((np.abs(flat) > (top + 0.5) * scale[:, None]).mean() * 100), error=float(error),
        leak={"none": "none", "memoryless": "all"}.get(
            made.neuron.leak, f"keeps {made.neuron.leak_value}/65536, rounded {_ROUNDED[made.neuron.leak_round]}"
        ),
    )  # fmt: skip


def _channels(values: np.ndarray | None, channels: int) -> np.ndarray:
    return np.zeros(channels) if values is None else np.broadcast_to(np.asarray(values, dtype=np.float64), (channels,))
