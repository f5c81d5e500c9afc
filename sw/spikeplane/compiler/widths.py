"""Weight bits and guard bits as the user asks for them: one number for all layers, or one a layer by name.

A layer is named as its population is, or as the layer that its weights come from. The readout keeps
8 bits unless it is named itself, because its sums are compared with one another. FINE bits are two
projections of 8 bits; synaptic currents that spikes come back to have them, where they are few: what
rounding changes comes back too.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from spikeplane.config import ChipConfig
from spikeplane.errors import SpikeplaneError
from spikeplane.float_network import FloatNetwork
from spikeplane.program.source import Widths

READOUT_BITS = 8
FINE = 15  #: bits of weights in two parts, on a chip that stores 8
LOOP_BITS, LEAK_BITS = 18, 16  #: of membranes and leak factors, for networks in which rounding comes back
_FEW = 8  #: the part of the chip's weights that those of a layer in two parts may be: 1 / _FEW


def weight_widths(net: FloatNetwork, config: ChipConfig, asked: Widths) -> dict[str, int]:
    """Bits of every population's weights. Raises SpikeplaneError for a width that the chip does not
    store, or a layer that is not there."""
    layers = _layers(net)
    if isinstance(asked, Mapping):
        named = _by_population(net, asked, "weight bits")
        return {name: _width(named.get(name, config.weight_bits), config, name) for name in layers}
    if asked is None:
        return {name: FINE if _fine(net, name, config) else config.weight_bits for name in layers}
    wanted = _width(asked, config, None)
    readout = max(wanted, min(READOUT_BITS, config.weight_bits))
    return {name: readout if name == net.output else wanted for name in layers}


def population_widths(net: FloatNetwork, asked: Widths) -> dict[str, int]:
    """What is asked for by layer, by population. Raises SpikeplaneError for a layer that is not there."""
    return _by_population(net, asked, "weight bits") if isinstance(asked, Mapping) else {}


def trained_widths(net: FloatNetwork, config: ChipConfig, asked: Widths) -> Widths:
    """What is asked for, but of the layers that a model was trained with grids for (`spikeplane.nn`) their bits;
    a layer asked for by its name has what was asked. Raises SpikeplaneError as `weight_widths` does."""
    known = {p.layer for p in net.projections}
    trained = {layer: bits for layer, bits in gridded(net) if layer in known}
    if not trained or isinstance(asked, Mapping):
        return {**trained, **asked} if isinstance(asked, Mapping) else asked
    return {**({} if asked is None else weight_widths(net, config, asked)), **trained}


def gridded(net: FloatNetwork) -> Iterator[tuple[str, int]]:
    """The layers of a PyTorch model whose weights have a grid, and its bits: a parametrization says them."""
    if net.origin is None or net.origin.kind != "torch":
        return
    for name, module in net.origin.model.named_modules():
        for grid in getattr(getattr(module, "parametrizations", None), "weight", ()):
            if isinstance(bits := getattr(grid, "stored_bits", None), int):
                yield name, bits


def _fine(net: FloatNetwork, name: str, config: ChipConfig) -> bool:
    """Of those in which rounding comes back, layers of few weights."""
    count = sum(p.weight.size for p in net.incoming(name))
    room = config.cores * config.weight_depth * config.lanes // _FEW
    return config.weight_bits == READOUT_BITS and name in looped(net) and count <= room


def looped(net: FloatNetwork) -> list[str]:
    """Synaptic currents of spikes, in a network in which spikes come back: what rounding changes comes back too."""
    back = any(p.delay for p in net.projections)
    on = {p.source for p in net.projections}
    found = [p for p in net.populations if back and p.sends_values and p.name in on]
    return [p.name for p in found if p.neuron is not None and p.neuron.leaks and _of_spikes(net, p.name)]


def _of_spikes(net: FloatNetwork, name: str) -> bool:
    return not any(net.population(p.source).sends_values for p in net.incoming(name))


def narrow(config: ChipConfig) -> bool:
    """Whether membranes, or the factors of their leaks, are narrower than such networks are best with."""
    return config.membrane_bits < LOOP_BITS or config.leak_bits < LEAK_BITS


def guard_widths(net: FloatNetwork, asked: Widths) -> dict[str, int | None]:
    """Guard bits of every population, None where the compiler chooses. Raises SpikeplaneError."""
    layers = _layers(net)
    named = (
        _by_population(net, asked, "guard bits")
        if isinstance(asked, Mapping)
        else dict.fromkeys(layers, asked)
    )
    found = {name: named.get(name) for name in layers}
    for name, bits in found.items():
        if bits is not None and not (_whole(bits) and 0 <= bits <= 31):
            raise SpikeplaneError(f"layer '{name}': guard bits must be from 0 to 31, not {bits!r}")
    return found


def _layers(net: FloatNetwork) -> list[str]:
    return [p.name for p in net.populations if p.neuron is not None]


def _by_population(net: FloatNetwork, asked: Mapping[str, int], what: str) -> dict[str, int]:
    """What is asked for by any name of a layer, by its population."""
    layers = _layers(net)
    names = {p.layer: p.target for p in net.projections if p.layer} | {name: name for name in layers}
    for name in asked:
        if name not in names:
            raise SpikeplaneError(f"{what}: there is no layer '{name}'; there are {', '.join(names)}")
    return {names[name]: bits for name, bits in asked.items()}


def two_parts(config: ChipConfig) -> int:
    """The bits of weights in two parts, each of the chip's bits less its sign; the chip's own where it stores signs."""
    return max(1, 2 * config.weight_bits - 1)


def _width(bits: Any, config: ChipConfig, layer: str | None) -> int:
    fine, where = bits == two_parts(config), f"layer '{layer}': " if layer else ""
    if _whole(bits) and bits == 1 < config.weight_bits:
        raise SpikeplaneError(
            f"{where}weights of 1 bit are for all layers of a chip that stores them: weight_bits = 1 in its configuration, "
            "or the chip 'auto' and weight bits 1"
        )
    if (
        not _whole(bits)
        or (bits not in (2, 4, 8) and bits != config.weight_bits and not fine)
        or (bits > config.weight_bits and not fine)
    ):
        two = f", or {two_parts(config)} in two parts" if config.weight_bits > 1 else ""
        raise SpikeplaneError(
            f"{where}weight bits must be 2, 4 or 8 and at most the chip's {config.weight_bits}{two}, not {bits}"
        )
    return int(bits)


def _whole(value: Any) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool)
