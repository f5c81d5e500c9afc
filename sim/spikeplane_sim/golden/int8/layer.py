"""A population in the kernel: the currents of the projections that fit, its neurons; what does not fit goes the plain way.

    projections that fit --+
    the others, plainly ---+-> currents -> [accumulator's ends, window: plainly] -> neurons

Tensors are (N, C, H, W) as everywhere, and lie in memory as (N, H, W, C).
"""

from concurrent.futures import ThreadPoolExecutor
from ctypes import byref
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from spikeplane.network import Population
from spikeplane_sim.golden.int8.binding import Kernel, Layer, Source
from spikeplane_sim.golden.int8.neurons import Neurons, differs, of_channels
from spikeplane_sim.golden.int8.synapses import ByteSynapses

if TYPE_CHECKING:
    from spikeplane_sim.golden.model import GoldenModel

_ALONE = 1 << 16  #: neurons that are not worth a thread


@dataclass
class Given:
    """What a population is given in a step: what populations send in it and sent before it, and of how many images."""

    now: dict[str, Tensor]
    before: dict[str, Tensor]
    batch: int


@dataclass
class Moved:
    """What comes of it: what is sent, u', v where it was asked for, and the currents where they were made apart."""

    sent: Tensor
    after: Tensor
    v: Tensor | None
    current: Tensor | None


class FastPopulation:
    """One population of a model. `any`: the kernel does something for it."""

    def __init__(
        self, model: "GoldenModel", population: Population, kernel: Kernel, membrane_bits: int
    ) -> None:
        self.model, self.population, self.kernel = model, population, kernel
        network = model.network
        self.tags = network.tags_into(population.name)
        narrow = model.wide == torch.int32
        taken = {
            tag: ByteSynapses(network.projections[tag], network, membrane_bits, kernel.digit_bits)
            for tag in (self.tags if narrow else ())
        }
        #: by tag, the projections that fit
        self.synapses = {tag: synapses for tag, synapses in taken.items() if synapses.fits}
        self.neurons = Neurons.of(population, model.limits) if narrow else None
        #: nothing looks at currents on their way to the neurons
        self.through = (
            self.neurons is not None and population.window is None and not model.watched(population)
        )
        self._biases: dict[int, tuple[np.ndarray, int]] = {}
        self._after: Tensor | None = None

    @property
    def any(self) -> bool:
        """The kernel does something for it."""
        return bool(self.synapses or self.neurons)

    def __call__(
        self, given: Given, u: Tensor | None, held: Tensor | None, *, apart: bool, potentials: bool
    ) -> Moved:
        """A step from membranes `u` on (None: 0). `held`: its currents, where they are known. `apart`: they are asked for.
        `potentials`: v is asked for."""
        kept: list[Tensor] = []
        sources, others = ([], None) if held is not None else self._given(given, kept)
        if sources and self.through and not apart:
            return self._fired(
                given.batch, self._layer(sources, others, kept), u, kept, potentials=potentials
            )
        if held is not None:
            current = held
        elif sources:
            current = self._summed(given.batch, self._layer(sources, others, kept))
        else:
            current = self.model.current(self.population, given)
        return self._moved(current, u, potentials=potentials)

    def _given(self, given: Given, kept: list[Tensor]) -> tuple[list[Source], Tensor | None]:
        """What the kernel takes of a step, and what the other projections and the bias add up to (None: the bias alone)."""
        sources, others = [], None
        for tag in self.tags:
            projection = self.model.network.projections[tag]
            x = (given.before if projection.delay else given.now).get(projection.source)
            if x is None:
                continue
            if tag in self.synapses and self.synapses[tag].holds(x):
                sources += self.synapses[tag].sources(x, self.model.step, kept)
            else:
                added = self.model.added(tag, x, given.now)
                others = added if others is None else others.add_(added)
        if others is None or not sources:
            return sources, None
        return sources, others.add_(torch.from_numpy(self._bias()[0])[:, None, None])

    def _bias(self) -> tuple[np.ndarray, int]:
        """By channel, in this step, and where it stands."""
        step = self.model.step if differs(self.population.bias) else 0
        if step not in self._biases:
            bias = of_channels(self.population.bias, self.population, step).astype(np.int32)
            self._biases[step] = bias, bias.ctypes.data
        return self._biases[step]

    def _layer(self, sources: list[Source], others: Tensor | None, kept: list[Tensor]) -> Layer:
        channels, height, width = self.population.current_shape
        layer = Layer(
            sources=(Source * len(sources))(*sources),
            bias=self._bias()[1],
            count=len(sources),
            places=height * width,
            channels=channels,
        )
        if others is not None:
            kept.append(side_by_side(others))
            layer.others = kept[-1].data_ptr()
        return layer

    def _summed(self, batch: int, layer: Layer) -> Tensor:
        """The currents of the projections, and what is left of them at the accumulator's ends and by a window."""
        current = empty(batch, self.population.current_shape)
        layer.current = current.data_ptr()
        self._run(layer, batch)
        return self.model.ended(self.population, current)

    def _moved(self, current: Tensor, u: Tensor | None, *, potentials: bool) -> Moved:
        """The neurons, from their currents."""
        if self.neurons is None:
            u = torch.zeros_like(current) if u is None else u
            return Moved(*self.model.fire(self.population, u, current), current)
        lying = side_by_side(current)
        channels, height, width = self.population.shape
        layer = Layer(current=lying.data_ptr(), places=height * width, channels=channels)
        moved = self._fired(len(current), layer, u, [lying], potentials=potentials)
        moved.current = current
        return moved

    def _fired(
        self, batch: int, layer: Layer, u: Tensor | None, kept: list[Tensor], *, potentials: bool
    ) -> Moved:
        """What the kernel makes of a layer, the neurons with it. `kept`: what the layer's pointers lead to."""
        assert self.neurons is not None
        sent = empty(batch, self.population.shape)
        # Membranes that came from here and went nowhere else are written over.
        after = u if u is not None and u is self._after else empty(batch, self.population.shape)
        self._after = after
        v = empty(batch, self.population.shape) if potentials else None
        layer.fire, layer.sent, layer.after = (
            self.neurons.at(self.model.step),
            sent.data_ptr(),
            after.data_ptr(),
        )
        if u is not None:
            kept.append(u if u is after else side_by_side(u))
            layer.u = kept[-1].data_ptr()
        if v is not None:
            layer.v = v.data_ptr()
        self._run(layer, batch)
        return Moved(sent, after, v, None)

    def _run(self, layer: Layer, batch: int) -> None:
        """In as many threads as PyTorch has, where there is enough to do."""
        threads = min(torch.get_num_threads(), batch * layer.places * layer.channels // _ALONE, batch)
        if threads < 2:
            self.kernel.run(byref(layer), 0, batch)
            return
        ends = [batch * i // threads for i in range(threads + 1)]
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(partial(self.kernel.run, byref(layer)), ends, ends[1:]))


def side_by_side(x: Tensor) -> Tensor:
    """x (N, C, H, W), its channels side by side in memory."""
    return x.permute(0, 2, 3, 1).contiguous().permute(0, 3, 1, 2)


def empty(batch: int, shape: tuple[int, int, int]) -> Tensor:
    """Room for int32 (batch, *shape), channels side by side."""
    channels, height, width = shape
    return torch.empty((batch, height, width, channels), dtype=torch.int32).permute(0, 3, 1, 2)
