"""The float network step by step: proves importers right, and says how far the integers are from
the trained model.

The same four lines as the golden model's, in real numbers (spikeplane.float_network). Batched;
float64 unless told.
"""

from collections.abc import Iterator

import numpy as np
import torch
import torch.nn.functional as F

from spikeplane.float_network import FloatNetwork, FloatNeuron, FloatPopulation, FloatProjection
from spikeplane.network import FUNCTIONS, Gate
from spikeplane_sim.golden.neurons import NEURON_RULES
from spikeplane_sim.golden.projections import RULES

Tensor = torch.Tensor


class FloatModel:
    """Executes a `FloatNetwork` on a batch. `dtype`: torch.float64 (default) or torch.float32."""

    def __init__(
        self, network: FloatNetwork, *, device: str = "cpu", dtype: torch.dtype = torch.float64
    ) -> None:
        self.network, self.device, self.dtype = network, torch.device(device), dtype
        self.step = 0  #: the sample's, for weights and numbers by step
        #: by tag
        self.weights = [
            torch.as_tensor(np.array(p.weight), device=self.device).to(dtype) for p in network.projections
        ]

    def run(self, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """`inputs`: per input population (N, T, C, H, W), real values. Returns, per population,
        float (N, T, C, H, W): spikes 0/1 or membrane values, of the last presentation. State starts at 0."""
        collected: dict[str, list[Tensor]] = {p.name: [] for p in self.network.populations}
        for outputs, _ in self.steps(inputs):
            for name, value in outputs.items():
                collected[name].append(value)
        return {name: torch.stack(values, 1).cpu().numpy() for name, values in collected.items()}

    def steps(
        self,
        inputs: dict[str, np.ndarray],
        given: dict[str, Tensor] | None = None,
        driven: dict[str, Tensor] | None = None,
    ) -> Iterator[tuple[dict[str, Tensor], dict[str, Tensor]]]:
        """Yield, per step, the output of every population and the membrane v that it was decided
        on, before any reset: (N, C, H, W).

        given: outputs (N, T, C, H, W) of populations as another model has them. A population
        decides for itself, and then goes on as if it had decided what is given: that is what it
        sends on, and its membrane is reset where that fired. driven: (N, T, C, H, W) that
        populations send on in place of either; no membrane is reset by it. Of several presentations the last one's
        steps are yielded.
        """
        kept: dict[str, Tensor] = {}
        for last in range(1 - self.network.presentations, 1):
            for found in self._presented(inputs, kept, given or {}, driven or {}):
                if not last:
                    yield found

    def _presented(
        self,
        inputs: dict[str, np.ndarray],
        membranes: dict[str, Tensor],
        given: dict[str, Tensor],
        driven: dict[str, Tensor],
    ) -> Iterator[tuple[dict[str, Tensor], dict[str, Tensor]]]:
        """A presentation: all steps, from `membranes`, of which those that are kept are left there."""
        planes = {k: torch.as_tensor(np.ascontiguousarray(v), device=self.device) for k, v in inputs.items()}
        first = next(iter(planes.values()))
        sent: dict[str, Tensor] = {}
        for t in range(first.shape[1]):
            self.step, before, sent = t, sent, {}
            outputs: dict[str, Tensor] = {}
            potentials: dict[str, Tensor] = {}
            for population in self.network.populations:
                name, neuron = population.name, population.neuron
                if neuron is None:
                    ones = torch.ones((len(first), *population.shape), device=self.device)
                    values = ones if population.constant else planes[name][:, t]
                    outputs[name] = sent[name] = values.to(self.dtype)
                    continue
                current = self._current(population, sent, before, first.shape[0])
                v = self._charged(neuron, membranes.get(name), current)
                fired, rule = self._fired(neuron, v), NEURON_RULES[neuron.kind.tag]
                outputs[name] = _function(neuron, rule.real(v, self._theta(neuron, v), fired))
                decided = given[name][:, t].to(self.dtype) if name in given else outputs[name]
                sent[name] = driven[name][:, t].to(self.dtype) if name in driven else decided
                membranes[name], potentials[name] = self._after(neuron, v, fired, decided), v
            yield outputs, potentials
        for population in self.network.populations:
            if not population.kept:
                membranes.pop(population.name, None)

    def _current(
        self, population: FloatPopulation, now: dict[str, Tensor], before: dict[str, Tensor], batch: int
    ) -> Tensor:
        total = (
            self._channels(population.bias, population.shape[0])
            .expand(batch, *population.current_shape)
            .clone()
        )
        for tag in self.network.tags_into(population.name):
            p = self.network.projections[tag]
            source = (before if p.delay else now).get(p.source)
            if source is not None:
                if isinstance(p.dynamic, Gate):
                    total += source * now[p.dynamic.g] * self.weights[tag].view(1, -1, 1, 1)
                    continue
                if p.dynamic is not None:
                    total += attended(source, now[p.dynamic.k], now[p.dynamic.v], self.weights[tag])
                    continue
                x = block_sums(source, p.pool)
                weight = self.weights[tag]
                weight = weight[self.step] if weight.ndim > p.kind.rank else weight
                total += _through(p, x, weight, total.shape[2:])
        window = population.window
        if window is None:
            return total
        padded = F.pad(total, (window.padding,) * 4, value=-torch.inf)
        return F.max_pool2d(padded, window.size, window.stride)

    def _charged(self, neuron: FloatNeuron, u: Tensor | None, current: Tensor) -> Tensor:
        """The membrane v from the one that is left of the step before; None: 0, at the start."""
        u = torch.zeros_like(current) if u is None else u
        v = u * self._channels(np.asarray(neuron.decay), u.shape[1]) + current
        return v.clamp(min=0) if neuron.floor else v

    def _fired(self, neuron: FloatNeuron, v: Tensor) -> Tensor | None:
        """Where v reaches the threshold, bool (N, C, H, W); None without a threshold."""
        theta = self._theta(neuron, v)
        if theta is None:
            return None
        return v > theta if neuron.strict else v >= theta

    def _theta(self, neuron: FloatNeuron, v: Tensor) -> Tensor | None:
        return None if neuron.threshold is None else self._channels(neuron.threshold, v.shape[1])

    def _after(self, neuron: FloatNeuron, v: Tensor, fired: Tensor | None, sent: Tensor) -> Tensor:
        """The membrane behind the reset, where `sent` goes on; fired: where it decided so itself."""
        if fired is None or neuron.reset == "none":
            return v
        rule = NEURON_RULES[neuron.kind.tag]
        fired = rule.decided(sent, fired)
        if neuron.reset == "once":
            return torch.where(fired, torch.full_like(v, -torch.inf), v)
        if neuron.reset == "hard":
            return torch.where(fired, torch.full_like(v, neuron.v_reset), v)
        amount = self._channels(neuron.threshold if neuron.amount is None else neuron.amount, v.shape[1])
        return torch.where(fired, v - rule.times(sent, fired) * amount, v)

    def _channels(self, values: np.ndarray | None, channels: int) -> Tensor:
        values = np.zeros(channels) if values is None else np.asarray(values)
        array = np.broadcast_to(values[self.step] if values.ndim > 1 else values, (channels,))
        return torch.as_tensor(np.array(array), device=self.device).to(self.dtype).view(1, channels, 1, 1)


def _function(neuron: FloatNeuron, sent: Tensor) -> Tensor:
    if not neuron.function:
        return sent
    found = FUNCTIONS[neuron.function].apply(sent.cpu().numpy())
    return torch.as_tensor(found, device=sent.device).to(sent.dtype)


def _through(p: FloatProjection, x: Tensor, weight: Tensor, out: tuple[int, ...]) -> Tensor:
    """A projection's currents (N, C, *out) of the pixels that it counts."""
    rule = RULES[p.kind.tag]
    if tuple(p.up) == (1, 1):
        return rule.real(x, weight, p.stride, p.padding)
    every = rule.real_spread(x, weight, p.up)
    for axis, count in enumerate(out):
        size, kernel = every.shape[2 + axis], weight.shape[axis - 2]
        places = torch.arange(count, device=x.device) * p.stride[axis] - p.padding[axis] + kernel - 1
        met = (places >= 0) & (places < size)
        picked = every.index_select(2 + axis, places.clamp(0, size - 1))
        every = picked * met.to(x.dtype).reshape(-1, *[1] * (1 - axis))
    return every


def attended(q: Tensor, k: Tensor, v: Tensor, weight: Tensor) -> Tensor:
    """Currents (N, C, H, W) of a dynamic projection: weight (C, C, 1, 1), its factors within heads and 0 outside, times
    what K and V count of each pair of channels over all pixels."""
    counted = torch.einsum("nihw,njhw->nji", k, v)
    return torch.einsum("nji,nihw->njhw", counted * weight[..., 0, 0], q)


def block_sums(source: Tensor, pool: tuple[int, int]) -> Tensor:
    """(N, C, H, W) -> (N, C, ceil(H / py), ceil(W / px)): each block of py x px pixels summed,
    those cut by the far edges too.

    The float model's own: it shares no code with the golden model, which it is held against.
    """
    batch, channels, height, width = source.shape
    (py, px), rows, columns = pool, -(-height // pool[0]), -(-width // pool[1])
    whole = source.new_zeros((batch, channels, rows * py, columns * px))
    whole[:, :, :height, :width] = source
    return whole.reshape(batch, channels, rows, py, columns, px).sum((3, 5))
