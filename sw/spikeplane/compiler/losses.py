"""What rounding to integers does to a network beyond a little error: refused where nothing is left,
told where something changes."""

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from spikeplane.compiler.leaks import MOVED, leak
from spikeplane.compiler.rows import Quantised
from spikeplane.compiler.signs import SEVERAL, alike, power_apart, step_of
from spikeplane.compiler.widths import FINE, READOUT_BITS, looped, narrow
from spikeplane.config import PRESETS, ChipConfig
from spikeplane.errors import SpikeplaneError
from spikeplane.float_network import Assumption, FloatNetwork, FloatPopulation
from spikeplane.network import LEAK_ONE, Network, Population, is_stepped
from spikeplane.program.bounds import reach

_WIDTHS = (20, 22, 24, 28, 32)  #: of accumulators that are tried where weights vanish
FEW = 16  #: levels of a branch's weights, below which it is told
LEVELS = "weights"  #: what is told where weights lose levels
_WIDER = "chips with 18-bit membranes and 16-bit leak factors ('large', 'auto')"
LOST = 4  #: of a layer's: the part of them that it keeps, below which it is told
ROUNDED = 0.02  #: error of weights, relative to them, from which lost levels are missed


def check_losses(
    net: FloatNetwork, rows: list[Quantised], config: ChipConfig, lossless: Callable[[ChipConfig], bool]
) -> None:
    """Raise SpikeplaneError for a layer whose weights are all smaller than half a step, or far
    below a 1-bit weight. lossless: whether all are larger on another chip."""
    for row in rows:
        if vanished(row):
            largest = max(float(np.abs(p.weight).max()) for p in net.incoming(row.population))
            raise SpikeplaneError(
                f"layer '{row.population}': its weights of up to {largest:.3g} vanish beside its "
                "threshold, reset, bias or the range of "
                f"its inputs in {config.membrane_bits}-bit membranes and {config.acc_bits}-bit "
                f"accumulators; {_cure(config, lossless)}"
            )


def vanished(row: Quantised) -> bool:
    """Whether nothing is left of a layer's weights."""
    return row.error >= 1


def _cure(config: ChipConfig, lossless: Callable[[ChipConfig], bool]) -> str:
    """The smallest preset that does, or the widths of this chip that do."""
    larger = (
        n
        for n, c in PRESETS.items()
        if (c.acc_bits, c.membrane_bits) > (config.acc_bits, config.membrane_bits)
    )
    found = next((f"chip = '{name}'" for name in larger if lossless(PRESETS[name])), "")
    for bits in (n for n in _WIDTHS if n > config.acc_bits):
        membrane = max(config.membrane_bits, bits)
        if found:
            break
        if lossless(replace(config, acc_bits=bits)):
            found = f"acc_bits = {bits}"
        elif lossless(replace(config, acc_bits=bits, membrane_bits=membrane)):
            found = f"acc_bits = {bits} and membrane_bits = {membrane}"
    if not found:
        return "no chip is wide enough: check its scale and dt"
    return f"use {found}, or check the layer's scale and dt"


def told_losses(
    net: FloatNetwork, network: Network, rows: list[Quantised], config: ChipConfig
) -> list[Assumption]:
    """Where integers behave otherwise than the trained model: time constants and soft resets."""
    found = _loops(net, rows, config)
    for row in rows:
        name = row.population
        real, made = net.population(name), network.population(name)
        found += _leak(real, config) + _reset(real, made, row.scale_high * 2.0**-row.guard)
        found += _weights(net, network, row, config)
        found += _signs(net, network, name, config) if config.weight_bits == 1 else []
        if made.sends_values and network.outgoing(name):
            found += _saturates(network, made, config) + _coarse(net, network, made)
    return found


def _loops(net: FloatNetwork, rows: list[Quantised], config: ChipConfig) -> list[Assumption]:
    """Synaptic currents in a network in which spikes come back, where they are rounded coarsely."""
    layers = looped(net)
    bits = min((row.weight_bits for row in rows if row.population in layers), default=FINE)
    found = [
        (bits < FINE and config.weight_bits == READOUT_BITS, f"{bits}-bit weights", f"--weight-bits {FINE}"),
        (
            narrow(config),
            f"{config.membrane_bits}-bit membranes, {config.leak_bits}-bit leak factors",
            _WIDER,
        ),
    ]
    coarse = [(what, cure) for is_so, what, cure in found if is_so]
    if not layers or not coarse:
        return []
    cures = " and ".join(cure for _, cure in coarse)
    why = (
        f"spikes come back, and what rounding changes comes back too; {cures} keep more of the model's spikes"
    )
    return [
        Assumption(layer=layers[0], what="rounding", value=", ".join(what for what, _ in coarse), why=why)
    ]


def _signs(net: FloatNetwork, network: Network, name: str, config: ChipConfig) -> list[Assumption]:
    """Weights on a chip of signs that take more projections than one."""
    made, real = len(network.tags_into(name)), len(net.tags_into(name))
    if made == real:
        return _one_sign(net, name, config)
    why = (
        "a weight of 1 bit is +1 or -1: weights with zeros, and branches of another size, are sums of signs times "
        "powers of two"
    )
    return [Assumption(layer=name, what="signs", value=f"{made} projections for {real}", why=why)]


def _one_sign(net: FloatNetwork, name: str, config: ChipConfig) -> list[Assumption]:
    """Branches of another size for whose terms the chip has no room."""
    weights = [np.asarray(p.weight) for p in net.incoming(name) if not net.population(p.source).sends_values]
    main = max(weights, key=np.size, default=np.zeros(0))
    others = [w for w in weights if w is not main]
    if all(alike(w) and power_apart(step_of(w), step_of(main)) for w in others):
        return []
    why = (
        f"the chip's {config.projections} projections and its weight memories have no room for the up to {SEVERAL[0]} "
        "signs of a branch of another size"
    )
    return [Assumption(layer=name, what="signs", value="one for each weight", why=why)]


def _weights(net: FloatNetwork, network: Network, row: Quantised, config: ChipConfig) -> list[Assumption]:
    """Weights that lose bits, because the layer's step had to be made larger."""
    tags, most = network.tags_into(row.population), (1 << (row.weight_bits - 1)) - 1
    if row.error < ROUNDED or len(tags) != len(net.tags_into(row.population)):
        return []
    largest = max((int(np.abs(network.projections[t].weight).max(initial=0)) for t in tags), default=most)
    if largest * LOST > most:
        return []
    why = (
        f"the worst case of its inputs in {config.acc_bits}-bit accumulators, or its threshold in {config.membrane_bits}-bit "
        "membranes; a chip with wider ones keeps more (chip 'auto' has them), and so do inputs of fewer --value-bits"
    )
    return [
        Assumption(layer=row.population, what=LEVELS, value=f"-{largest} to {largest} of {most}", why=why)
    ]


def _leak(real: FloatPopulation, config: ChipConfig) -> list[Assumption]:
    """Of the channel whose leak moves most."""
    assert real.neuron is not None
    found = [
        (leak(float(decay), strict=real.neuron.strict, layer=real.name, config=config), float(decay))
        for decay in np.unique(real.neuron.decay)
    ]
    moved, decay = max(found, key=lambda one: one[0].moved)
    if moved.moved <= MOVED:
        return []
    steps = LEAK_ONE >> config.leak_bits if config.leak_multiplier else 1
    why = f"a decay of {decay:g} in steps of {steps}/65536"
    if moved.kind != "multiply":
        return [
            Assumption(layer=real.name, what="leak", value="none" if moved.kind == "none" else "all", why=why)
        ]
    real_tau, tau = (-1 / math.log(kept) for kept in (decay, moved.value / LEAK_ONE))
    return [
        Assumption(
            layer=real.name, what="time constant", value=f"{tau:.4g} steps for {real_tau:.4g}", why=why
        )
    ]


def _reset(real: FloatPopulation, made: Population, scale: float) -> list[Assumption]:
    neuron = real.neuron
    assert neuron is not None
    subtracted = neuron.threshold if neuron.amount is None else neuron.amount
    if made.neuron is None or made.neuron.reset != "soft" or subtracted is None or made.amount is None:
        return []
    wanted = np.broadcast_to(subtracted, made.amount.shape)
    few = int(np.atleast_2d((made.amount == 1) & (wanted > 0) & (wanted < scale / 2)).any(0).sum())
    if not few:
        return []
    why = f"{few} of {made.shape[0]} channels; their weights are larger than their thresholds"
    return [Assumption(layer=real.name, what="soft reset", value="1 step", why=why)]


def _saturates(network: Network, made: Population, config: ChipConfig) -> list[Assumption]:
    """Values whose worst case is more than they are sent with."""
    assert made.neuron is not None
    (least, most), total = made.neuron.limits(config.membrane_bits), np.zeros((2, made.shape[0]))
    for projection in network.incoming(made.name):
        total = total + np.array(reach(projection, network.population(projection.source), config), np.float64)
    if made.bias is not None:
        biases = np.atleast_2d(made.bias)
        total = total + np.stack([biases.min(0), biases.max(0)])
    beyond = (total[0] < least) | (total[1] > most)
    if made.neuron.table is not None:
        return []
    if made.neuron.stateless and not beyond.any():
        return []
    what = f"{int(beyond.sum())} of {len(beyond)} channels" if made.neuron.stateless else "they add up"
    largest = max(float(-total[0].min()), float(total[1].max()))
    return [
        Assumption(
            layer=made.name,
            what="values",
            value=f"saturate at {least} and {most}",
            why=f"{what}; the worst case of a step is {largest:.0f}, and room is for what usually comes",
        )
    ]


def _coarse(net: FloatNetwork, network: Network, made: Population) -> list[Assumption]:
    """Branches of a stream whose channels keep few levels in the stream's unit."""
    found = []
    if len(network.tags_into(made.name)) != len(net.tags_into(made.name)):
        return []  # weights of two parts have levels enough
    for tag, other in zip(network.tags_into(made.name), net.tags_into(made.name), strict=True):
        weight = np.asarray(network.projections[tag].weight, np.float64)
        real = np.asarray(net.projections[other].weight, np.float64)
        if is_stepped(net.projections[other]):
            weight, real = np.moveaxis(weight, 1, 0), np.moveaxis(real, 1, 0)
        whole, real = weight.reshape(len(weight), -1), real.reshape(len(real), -1)
        if network.population(network.projections[tag].source).sends_values:
            continue
        size = (whole**2).sum(1)
        step = (whole * real).sum(1) / np.maximum(size, 1)
        wrong = np.abs(whole * step[:, None] - real).max(1) > 0.01 * np.abs(real).max(1)
        few = int(((np.abs(whole).max(1) < FEW) & wrong & (np.abs(real).max(1) > 0)).sum())
        if few:
            source = net.projections[other].layer or net.projections[other].source
            why = f"{few} of {len(whole)} channels of '{source}'; the stream's unit is too coarse for them"
            found.append(
                Assumption(layer=made.name, what="branch", value=f"fewer than {FEW} levels", why=why)
            )
    return found
