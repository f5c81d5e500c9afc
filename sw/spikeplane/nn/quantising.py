"""Which layers of a model get a grid, and of how many bits: those whose grid the compiler keeps.

```
    model ─▶ import ─▶ layers by population, their bits ─▶ a Grid each
                             ▲                                │
                             └── not kept: wider, or left ◀── import and quantise again, batch-norms moved
```
A layer between which and its neurons there is another layer of weights is folded into that one: its grid has
one step, and the product of both is stored with the bits that it needs. What no grid holds (branches of value
streams, currents of two layers behind batch-norms of their own) keeps the chip's bits, and is told.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from torch import nn

from spikeplane.compiler.widths import READOUT_BITS, weight_widths
from spikeplane.config import PRESETS, ChipConfig
from spikeplane.encodings import Encodings
from spikeplane.errors import SpikeplaneError
from spikeplane.float_network import FloatNetwork
from spikeplane.log import logger
from spikeplane.nn.grid import Grid, attach, detach, grid_of, layers
from spikeplane.nn.keeping import Keeping
from spikeplane.program.source import Widths

_log = logger(__name__)
Model = TypeVar("Model", bound=nn.Module)


@dataclass(frozen=True)
class Row:
    """A layer with weights: the bits of its grid, None where it has none, and those that the compiler stores its
    population's weights with."""

    layer: str
    bits: int | None
    stored: int | None


def quantise(
    model: Model,
    *,
    chip: ChipConfig | str = "small",
    weight_bits: Widths = 4,
    input_shape: Any = None,
    encoding: Encodings | None = None,
    calibration: Any = None,
    **decisions: Any,
) -> Model:
    """Put the chip's arithmetic on a model, in place: every layer's weights become whole multiples of a step
    a channel that is learned, so that an ordinary training loop tunes what the chip will have.

    model         a PyTorch module of SpikingJelly or snnTorch layers, as `spikeplane.compile` takes it
    chip          a ChipConfig or a preset's name, as for `compile`
    weight_bits   for all layers but the readout, which keeps 8, or by layer: {"conv1": 2}
    input_shape, encoding, calibration, decisions   as `compile` takes them; a calibration says the input's shape

    Make the optimiser afterwards: the steps are parameters. `compile` takes the bits from the model. What no grid
    holds keeps the chip's bits and is logged. Returns the model. Raises SpikeplaneError for a model that
    is refused, one that has grids already, and a layer asked for by name that no grid holds.
    """
    _check(model)
    keeping = Keeping(_config(chip), encoding, {"input_shape": input_shape, **decisions}, calibration)
    net = keeping.network(model)
    wanted = weight_widths(net, keeping.config, weight_bits)
    _attach(model, net, wanted)
    for name, why in keeping.settled(model, wanted).items():
        if isinstance(weight_bits, Mapping) and name in weight_bits:
            plain(model)
            raise SpikeplaneError(f"layer '{name}': no grid of {weight_bits[name]} bits holds: {why}")
        _log.warning("layer '%s' keeps the chip's %d bits: %s", name, keeping.config.weight_bits, why)
    for population in keeping.narrow(model, {**wanted, **_stored(net, model)}):
        _log.warning(
            "layer '%s': steps of some channels are finer than its %d-bit membranes and %d-bit accumulators hold "
            "beside its threshold; chip 'large' holds finer ones",
            *(population, keeping.config.membrane_bits, keeping.config.acc_bits),
        )
    return model


def _attach(model: nn.Module, net: FloatNetwork, wanted: Mapping[str, int]) -> None:
    """A grid for every layer, of its population's bits; of a layer that is folded into another one step."""
    for name, module in layers(model).items():
        population = next((p.target for p in net.projections if p.layer == name), None)
        bits = min(wanted.values()) if population is None else wanted[population]
        uniform = population is None or net.population(population).sends_values
        attach(module, Grid(module.weight, min(bits, READOUT_BITS), layer=module, uniform=uniform))


def _stored(net: FloatNetwork, model: nn.Module) -> dict[str, int]:
    """By population the bits that its weights are stored with."""
    stored = widths(model)
    return {p.target: stored[p.layer] for p in net.projections if p.layer in stored}


def grids(model: nn.Module) -> list[Row]:
    """One row a layer with weights, in the model's order."""
    rows = []
    for name, module in layers(model).items():
        grid = grid_of(module)
        rows.append(Row(name, grid and grid.bits, grid and grid.stored_bits))
    return rows


def widths(model: Any) -> dict[str, int]:
    """By layer the bits that the compiler stores the weights of a model with grids in; {} for any other."""
    found = {row.layer: row.stored for row in grids(model)} if isinstance(model, nn.Module) else {}
    return {layer: stored for layer, stored in found.items() if stored is not None}


def baked(model: Model) -> Model:
    """The model with the weights that its grids give, and no grids; in place. Returns the model."""
    for module in layers(model).values():
        if grid_of(module) is not None:
            detach(module, keep=True)
    return model


def plain(model: Model) -> Model:
    """The model with the weights behind its grids, and no grids: to be quantised anew, with other bits; in place.
    Returns the model."""
    for module in layers(model).values():
        if grid_of(module) is not None:
            detach(module, keep=False)
    return model


def _check(model: Any) -> None:
    if not isinstance(model, nn.Module):
        raise SpikeplaneError(
            f"a PyTorch module is quantised for training, not {type(model).__name__}; hand it the module"
        )
    if widths(model):
        raise SpikeplaneError("the model has grids already; take a fresh one, or spikeplane.nn.baked(model)")


def _config(chip: Any) -> ChipConfig:
    config = PRESETS.get(chip) if isinstance(chip, str) else chip
    if not isinstance(config, ChipConfig):
        raise SpikeplaneError(f"a chip is a ChipConfig or one of {', '.join(sorted(PRESETS))}, not {chip!r}")
    config.require_cores()
    return config
