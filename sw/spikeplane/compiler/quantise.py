"""From the float network to integers: one unit per channel, so that real = integer * unit for every
current and membrane.

```
 weights ─▶ steps.py   the step of least error, one projection a power of two of another's
            units.py   made coarser where the worst case would not fit the accumulator, or the threshold not the membrane
            guard.py   currents, bias, theta, reset and membranes counted 2^h finer; projections are shifted by it
         ─▶ integers   so a compiled program never overflows
```
A readout has one unit for all channels, because its values are compared.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from spikeplane.compiler import gates
from spikeplane.compiler.apart import changed_by_step, numbers, with_biases
from spikeplane.compiler.by_step import alike
from spikeplane.compiler.constants import refuse_one_size
from spikeplane.compiler.corrected import corrected
from spikeplane.compiler.counted import check_counted, refuse_signs
from spikeplane.compiler.guard import Drive, guard_bits, usual_current
from spikeplane.compiler.layers import Layer, Layers, per_channel, thresholds
from spikeplane.compiler.leaks import leaks
from spikeplane.compiler.off import share
from spikeplane.compiler.planes import with_planes
from spikeplane.compiler.rows import Quantised, row_of
from spikeplane.compiler.signs import affordable, fewer_signs, most_signs, signs
from spikeplane.compiler.steps import integers
from spikeplane.compiler.streams import Streams
from spikeplane.compiler.thetas import theta_of
from spikeplane.compiler.units import room_of_once, spare_of, unit_of
from spikeplane.compiler.widths import guard_widths, weight_widths
from spikeplane.config import ChipConfig
from spikeplane.encodings import Encodings, by_input
from spikeplane.float_network import FloatNetwork, FloatProjection
from spikeplane.fused import current_limit
from spikeplane.log import logger
from spikeplane.network import Network, Neuron, Population, Projection, is_stepped, times, weights
from spikeplane.network.blocks import held
from spikeplane.program.bounds import reach
from spikeplane.program.corrections import Correction
from spikeplane.program.once import gathered, lowest
from spikeplane.program.source import Widths

_log = logger(__name__)


@dataclass(frozen=True)
class Made:
    """One population in integers: its projections, one or more for each of the layer's; its row; the real value (C,)
    of one step of its currents and membranes."""

    population: Population
    projections: list[list[Projection]]
    row: Quantised
    unit: np.ndarray
    #: of its currents, in steps of the weights' unit (2, C): the power of what rounding changes, and their own
    changed: np.ndarray


#: What a layer's integers are corrected by (`compiler.correct` looks for it), None: by nothing.
Correct = Callable[[Layer], Correction | None]


def quantise(
    net: FloatNetwork,
    config: ChipConfig,
    encodings: Encodings,
    weight_bits: Widths = None,
    guard: Widths = None,
    peaks: dict[str, np.ndarray] | None = None,
    correct: Correct = lambda _: None,
    probes: int | None = None,
) -> tuple[Network, list[Quantised]]:
    """The integer network and one row per population, from a network that `check_network` has passed.

    weight_bits, guard: for all layers or by layer, see `widths`; peaks: by population the largest
    membrane (C,) on the calibration; correct: asked of each layer, in the network's order; probes: tags that the host
    takes, one for every population where None. Raises SpikeplaneError for a leak or a width that the chip lacks.
    """
    refuse_signs(net, config)
    net = gates.factored(net, config, by_input(encodings, [p.name for p in net.inputs]))
    bits, guards = weight_widths(net, config, weight_bits), guard_widths(net, guard)
    *terms, one = most_signs(net, config)
    for several in terms:
        found = _quantised(net, config, encodings, bits, guards, peaks or {}, several, correct)
        if affordable(found[0], config, probes):
            return found
    if config.weight_bits == 1:
        refuse_one_size(net)
    return _quantised(net, config, encodings, bits, guards, peaks or {}, one, correct)


def _quantised(
    net: FloatNetwork,
    config: ChipConfig,
    encodings: Encodings,
    bits: dict[str, int],
    guards: dict[str, int | None],
    peaks: dict[str, np.ndarray],
    several: int,
    correct: Correct,
) -> tuple[Network, list[Quantised]]:
    streams = Streams(alike(net), config, encodings, bits, peaks, several)
    layers = Layers(net, encodings, config, bits, guards, peaks, streams.chosen, several)
    layers.units |= gates.units(net, config)
    projections: dict[int, list[Projection]] = {}
    rows: list[Quantised] = []
    for population in net.populations:
        if population.neuron is None:
            continue
        layer = layers.layer(population, population.neuron)
        made = quantise_layer(corrected(layer, correct(layer)), config)
        layers.made[population.name] = made.population
        if population.sends_values and not gates.has_function(population):
            layers.before[population.name] = made.changed
        projections |= zip(net.tags_into(population.name), made.projections, strict=True)
        rows.append(made.row)
        _log.debug("%s: %d weight bits, %d guard bits", population.name, made.row.weight_bits, made.row.guard)
    network = Network(
        populations=tuple(layers.made[p.name] for p in net.populations),
        output=net.output,
        steps=layers.steps,
        presentations=net.presentations,
        projections=tuple(part for tag in sorted(projections) for part in projections[tag]),
    )
    return network, rows


def quantise_layer(layer: Layer, config: ChipConfig) -> Made:
    """One layer in integers. Raises SpikeplaneError for guard bits or a leak that the chip lacks."""
    unit, above = unit_of(layer, config)
    check_counted(layer, unit, above, config)
    whole = [
        integers(w, unit * 2.0**power, bits)
        for w, power, bits in zip(layer.real, above, layer.widths, strict=True)
    ]
    plain = [_projection(p, w, power, 0) for p, w, power in zip(layer.incoming, whole, above, strict=True)]
    spare = [spare_of(p, weight, config) for p, weight in zip(layer.incoming, whole, strict=True)]
    low, high = _reach(layer, plain, whole, above, spare, config)
    apart, low, high = with_biases(layer, low, high, unit)
    if (fewer := fewer_signs(layer.widths)) != layer.widths and not _fits(apart, low, high, unit, config):
        return quantise_layer(replace(layer, widths=fewer), config)
    room = [config.max_shift - source.bits(config.membrane_bits) + 1 for source in layer.sources]
    drive = Drive(
        low=low,
        high=high,
        usual=_usual(layer, plain, config),
        largest=None if layer.neuron.threshold is None else thresholds(layer.neuron, len(unit)) / unit,
        bias=per_channel(apart.population.bias, len(unit)) / unit,
        peak=None if layer.peak is None else layer.peak / unit,
        again=_again(layer, plain, unit, config),
        shift=min(
            [r + s - power for r, s, power in zip(room, spare, above, strict=True)], default=config.max_shift
        ),
    )
    h = guard_bits(layer.population, drive, config, layer.steps, layer.guard, layer.unit is not None)
    found = [
        _parts(p, w, power + h, s, source, config)
        for p, w, power, s, source in zip(layer.incoming, whole, above, spare, layer.sources, strict=True)
    ]
    made = with_planes(_population(layer, unit * 2.0**-h, config), layer, apart, (low, high), unit, config)
    if layer.neuron.function:
        made = gates.with_function(made, layer, unit * 2.0**-h, config)
    steps = [unit * 2.0**power for power in above]
    off = changed_by_step(layer, whole, steps)
    row = row_of(layer, made, whole, steps, unit, h, share(off))
    return Made(made, found, row, unit * 2.0**-h, off / unit**2)


def _fits(layer: Layer, low: np.ndarray, high: np.ndarray, unit: np.ndarray, config: ChipConfig) -> bool:
    """Whether an accumulator holds the currents; a chip of signs only, where terms reach beyond the weights."""
    bias, limit = np.round(per_channel(layer.population.bias, len(unit)) / unit), current_limit(config) + 1
    held = bool(((high + bias < limit) & (-low - bias < limit)).all())
    return config.weight_bits > 1 or layer.unit is not None or held


def _reach(
    layer: Layer,
    plain: list[Projection],
    whole: list[np.ndarray],
    above: list[int],
    spare: list[int],
    config: ChipConfig,
) -> np.ndarray:
    """The least and the largest currents (2, C). Every term of a sum of signs counts, whatever the weight is."""
    found = np.zeros((2, layer.population.shape[0]), dtype=np.int64)
    for p, one, w, power, s, source in zip(
        layer.incoming, plain, whole, above, spare, layer.sources, strict=True
    ):
        terms = _parts(p, w, power, s, source, config) if config.weight_bits == 1 else [one]
        found += np.sum([reach(term, source, config) for term in terms], axis=0)
    return found


def _again(layer: Layer, plain: list[Projection], unit: np.ndarray, config: ChipConfig) -> np.ndarray | None:
    """What a neuron that fires once may gather behind its spike, as a part of what its reset leaves room for."""
    if layer.neuron.reset != "once":
        return None
    window = 1 if layer.population.window is None else layer.population.window.size**2
    bias = (
        np.atleast_2d(np.asarray(0.0 if layer.population.bias is None else layer.population.bias)).max(0)
        / unit
    )
    added = gathered(zip(plain, layer.sources, strict=True), bias, window, layer.steps, config)
    return added / room_of_once(layer, config)


def _usual(layer: Layer, plain: list[Projection], config: ChipConfig) -> np.ndarray:
    total = np.zeros(layer.population.shape[0])
    for projection, source in zip(plain, layer.sources, strict=True):
        largest = max(source.values(config.membrane_bits)) * times(projection, source.shape)
        each = [w << projection.pre_shift for w in weights(projection)]
        total = total + np.max([usual_current(w, largest, projection.up) for w in each], axis=0)
    return total


def _parts(
    p: FloatProjection, weight: np.ndarray, power: int, spare: int, source: Population, config: ChipConfig
) -> list[Projection]:
    """One projection, or two for weights of more bits than the chip stores: w = high * 2^places + low; of signs
    as many as they take."""
    if config.weight_bits == 1:
        stored = held(p.kind, weight, source.shape[0], config.lanes)
        if (np.abs(weight) != 1)[stored].any():
            return [_projection(p, sign, power + own - 1, 0) for sign, own in signs(weight, stored)]
    if spare >= 0:
        return [_projection(p, weight, power, spare)]
    # the largest would round up to one more than is stored; the lower part has room for the rest
    high = np.minimum((weight + (1 << (-spare - 1))) >> -spare, (1 << -spare) - 1)
    low = weight - (high << -spare)
    return [_projection(p, high, power - spare, 0), _projection(p, low, power, 0)]


def _projection(p: FloatProjection, weight: np.ndarray, power: int, spare: int) -> Projection:
    """Weights that count 2^power: stored shifted as far as they can be, the rest is the packets'
    pre-shift."""
    stored = min(spare, power)
    if is_stepped(p):
        weight = np.moveaxis(weight, 1, 0)
    return Projection(
        source=p.source,
        target=p.target,
        weight=weight << stored,
        stride=p.stride,
        padding=p.padding,
        pool=p.pool,
        kind=p.kind,
        delay=p.delay,
        pre_shift=power - stored,
        up=p.up,
        dynamic=p.dynamic,
    )


def _population(layer: Layer, unit: np.ndarray, config: ChipConfig) -> Population:
    """`unit`: the real value of one step of currents and membranes, guard bits included."""
    population, neuron, channels = layer.population, layer.neuron, layer.population.shape[0]
    kept, each = leaks(neuron.decay, strict=neuron.strict, layer=population.name, config=config)
    theta, amount, reset = None, None, neuron.reset
    highest = (1 << (config.membrane_bits - 1)) - 2
    if neuron.threshold is None:
        theta, reset = np.full(channels, highest, dtype=np.int64), "none"
    else:
        odd = kept.rounding == "odd" or each is not None
        theta = theta_of(neuron, numbers(neuron.threshold, channels) / unit, config, odd=odd)
        if neuron.reset == "soft" and not neuron.kind.whole:
            real = numbers(neuron.threshold if neuron.amount is None else neuron.amount, channels)
            # A reset that rounds to nothing would leave the neuron firing for ever.
            amount = np.maximum(np.round(real / unit), real > 0).astype(np.int64)
    return Population(
        name=population.name,
        shape=population.shape,
        fold=population.fold,
        once=neuron.reset == "once",
        kept=population.kept,
        theta=theta,
        amount=amount,
        window=population.window,
        input_size=population.input_size,
        bias=np.round(numbers(population.bias, channels) / unit).astype(np.int64) + layer.half,
        leaks=each,
        hold=layer.hold,
        neuron=Neuron(
            leak=kept.kind,
            leak_value=kept.value,
            leak_round=kept.rounding,
            reset="hard" if reset == "once" else reset,
            strict=neuron.strict,
            kind=neuron.kind,
            floor=neuron.floor,
            v_reset=lowest(config) if reset == "once" else round(neuron.v_reset / float(unit[0])),
        ),
    )
