"""Whether the compiler keeps the grids of a model, whatever its batch-norms become.

```
    a copy, its batch-norms moved ─▶ import ─▶ integers of a wide chip ─▶ error of each population's weights ── 0: kept
                                                     └──▶ stored with 8 bits? ── else left: the grids go
    the model as it is ─▶ integers of its chip ─▶ a step finer than the chip's membranes and accumulators: told
```
"""

import copy
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import torch
from torch import nn

from spikeplane.compiler.compile import prepared
from spikeplane.compiler.model import imported
from spikeplane.compiler.quantise import quantise
from spikeplane.compiler.widths import READOUT_BITS
from spikeplane.config import ChipConfig
from spikeplane.encoding import Encoding
from spikeplane.encodings import Encodings, asked_of_import
from spikeplane.float_network import FloatNetwork
from spikeplane.importers.torch_copy import without_graphs
from spikeplane.nn.grid import detach, grid_of, layers

_ON_GRID = 1e-5  #: relative error of a population's weights from which they are not kept
_MOVED = (0.3, 3.0)  #: variances and factors that batch-norms get
_WIDE = {"acc_bits": 32, "membrane_bits": 24}  #: of a chip on which every step has room
_VALUES = "its currents are added to a stream of values, which has a unit of its own"
_SEVERAL = (
    "several layers drive '{}', each behind a batch-norm or factors of its own; add spikes, not currents"
)
_MIXED = "its neurons mix the steps, and what is stored are products of its weights and theirs"
_SUMMED = (
    "its neurons' weights over the steps are a factor of its own, which training may bring near 0, "
    "where no membrane holds its steps beside a threshold"
)
_FOLDED = "it is folded with a layer or a pooling beside it; put neurons between them"


class Keeping:
    """Compiles copies of a model for `config`, as `spikeplane.compile` would."""

    def __init__(
        self, config: ChipConfig, encoding: Encodings | None, options: Mapping[str, Any], calibration: Any
    ) -> None:
        self.config, self.encoding, self.calibration = config, encoding, calibration
        self.options = {**asked_of_import(encoding or Encoding()), **options}

    def network(self, model: nn.Module) -> FloatNetwork:
        """The float network of the model. Raises SpikeplaneError."""
        return self._prepared(model, self.config)[0]

    def _prepared(self, model: nn.Module, config: ChipConfig) -> tuple[FloatNetwork, dict[str, Encoding]]:
        return prepared(self._imported(model), self.encoding, config)

    def _imported(self, model: nn.Module) -> FloatNetwork:
        return imported(model, self.options, self.calibration, self.encoding or Encoding())

    def settled(self, model: nn.Module, wanted: Mapping[str, int]) -> dict[str, str]:
        """Find the bits that every grid's weights are stored with, and take off the grids that no width keeps.
        wanted: bits by population. Returns why, by layer that lost its grid."""
        stored, left = dict(wanted), dict[str, str]()
        for population in self._imported(model).populations:
            if population.neuron is not None and population.neuron.mix is not None:
                left |= self._taken_off(model, population.name, mixes=True)
        while lost := self._lost(_moved(model), stored, replace(self.config, **_WIDE)):
            for population in lost:
                if stored[population] < READOUT_BITS <= self.config.weight_bits:
                    stored[population] = READOUT_BITS
                else:
                    left |= self._taken_off(model, population)
            if not any(grid_of(module) for module in layers(model).values()):
                break
        net = self.network(model)
        for name, module in layers(model).items():
            grid, into = grid_of(module), [p.target for p in net.projections if p.layer == name]
            if grid is not None:
                grid.stored_bits = max((stored[target] for target in into), default=grid.bits)
        return left

    def narrow(self, model: nn.Module, stored: Mapping[str, int]) -> list[str]:
        """The populations of which this chip has not the room to keep the grids."""
        return self._lost(model, stored, self.config)

    def _lost(self, model: nn.Module, stored: Mapping[str, int], config: ChipConfig) -> list[str]:
        """The populations driven by grids whose weights are not kept."""
        net, encodings = self._prepared(model, config)
        rows = quantise(net, config, encodings, dict(stored))[1]
        driven = {p.target for p in net.projections if self._gridded(model, p.layer)}
        return [r.population for r in rows if r.population in driven and r.error > _ON_GRID]

    def _gridded(self, model: nn.Module, layer: str) -> bool:
        found = layers(model).get(layer)
        return found is not None and grid_of(found) is not None

    def _taken_off(self, model: nn.Module, population: str, *, mixes: bool = False) -> dict[str, str]:
        """Take the grids off all layers that the population's weights are made of; why, by layer. mixes: its neurons
        decide on all steps at once."""
        before = self.network(model)
        driving = [p.layer for p in before.incoming(population) if self._gridded(model, p.layer)]
        why = _FOLDED
        ends = {population, *(p.source for p in before.incoming(population))}
        if any(before.population(name).sends_values for name in ends):
            why = _VALUES
        elif mixes or before.population(population).fold > 1:
            still = mixes and all(before.population(p.source).fold == 1 for p in before.incoming(population))
            why = _SUMMED if still else _MIXED
        elif len(set(driving)) > 1:
            why = _SEVERAL.format(population)
        found = {}
        for name, module in layers(model).items():
            into = any(p.layer == name for p in before.projections)
            if name in driving or (
                not into and self._gridded(model, name) and self._in(model, name, population)
            ):
                detach(module, keep=False)
                found[name] = why
        return found

    def _in(self, model: nn.Module, layer: str, population: str) -> bool:
        """Whether a layer that is folded into others is in the population's weights."""
        scaled = copy.deepcopy(model, without_graphs(model))
        grid = grid_of(layers(scaled)[layer])
        assert grid is not None
        with torch.no_grad():
            grid.step.mul_(2.0)
        before, after = (self.network(one).incoming(population) for one in (model, scaled))
        return any((one.weight != other.weight).any() for one, other in zip(before, after, strict=True))


def _moved(model: nn.Module) -> nn.Module:
    """A copy with other batch-norms, as training may make them, each channel's factor of its own."""
    moved = copy.deepcopy(model, without_graphs(model))
    draw = torch.Generator().manual_seed(0)
    for module in moved.modules():
        variance, weight = getattr(module, "running_var", None), getattr(module, "weight", None)
        if isinstance(variance, torch.Tensor):
            variance.copy_(_factors(variance, draw))
            if isinstance(weight, torch.Tensor):
                weight.data.copy_(torch.where(weight < 0, -1, 1) * _factors(weight, draw))
    return moved


def _factors(like: torch.Tensor, draw: torch.Generator) -> torch.Tensor:
    low, high = _MOVED
    return (low * (high / low) ** torch.rand(like.shape, generator=draw)).to(like)
