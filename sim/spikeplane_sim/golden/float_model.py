"""The float network step by step: proves importers right, and says how far the integers are from the trained model.

The same four lines as the golden model's, in real numbers (spikeplane.compiler.graph). Batched; float64 unless told.
"""

import numpy as np
import torch
import torch.nn.functional as F

from spikeplane.compiler.graph import FloatNetwork, FloatNeuron, FloatPopulation, FloatProjection

Tensor = torch.Tensor


class FloatModel:
    """Executes a `FloatNetwork` on a batch. `dtype`: torch.float64 (default) or torch.float32."""

    def __init__(self, network: FloatNetwork, *, device: str = "cpu", dtype: torch.dtype = torch.float64) -> None:
        self.network, self.device, self.dtype = network, torch.device(device), dtype
        self.weights = {id(p): torch.as_tensor(np.array(p.weight), device=self.device).to(dtype) for p in network.projections}

    def run(self, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """`inputs`: per input population (N, T, C, H, W), real values. Returns, per population, float (N, T, C, H, W): spikes 0/1
        or membrane values. State starts at 0."""
        planes = {k: torch.as_tensor(np.ascontiguousarray(v), device=self.device) for k, v in inputs.items()}
        first = next(iter(planes.values()))
        membranes: dict[str, Tensor] = {}
        now: dict[str, Tensor] = {}
        collected: dict[str, list[Tensor]] = {p.name: [] for p in self.network.populations}
        for t in range(first.shape[1]):
            before, now = now, {}
            for population in self.network.populations:
                if population.neuron is None:
                    now[population.name] = planes[population.name][:, t].to(self.dtype)
                else:
                    current = self._current(population, now, before, first.shape[0])
                    u = membranes.get(population.name, torch.zeros_like(current))
                    now[population.name], membranes[population.name] = self._fire(population.neuron, u, current)
                collected[population.name].append(now[population.name])
        return {name: torch.stack(values, 1).cpu().numpy() for name, values in collected.items()}

    def _current(self, population: FloatPopulation, now: dict[str, Tensor], before: dict[str, Tensor], batch: int) -> Tensor:
        total = self._channels(population.bias, population.shape[0]).expand(batch, *population.current_shape).clone()
        for projection in self.network.incoming(population.name):
            source = (before if projection.delay else now).get(projection.source)
            if source is not None:
                total += self._synapses(projection, source)
        window = population.window
        if window is None:
            return total
        padded = F.pad(total, (window.padding,) * 4, value=-torch.inf)
        return F.max_pool2d(padded, window.size, window.stride)

    def _synapses(self, p: FloatProjection, source: Tensor) -> Tensor:
        weight, x = self.weights[id(p)], block_sums(source, p.pool)
        if p.aligned:
            return F.conv2d(x, weight[:, None], stride=p.stride, padding=p.padding, groups=len(weight))
        return F.conv2d(x, weight, stride=p.stride, padding=p.padding)

    def _fire(self, neuron: FloatNeuron, u: Tensor, current: Tensor) -> tuple[Tensor, Tensor]:
        v = neuron.decay * u + current
        if neuron.threshold is None:
            return v, v
        theta = self._channels(neuron.threshold, v.shape[1])
        fired = v > theta if neuron.strict else v >= theta
        after = v
        if neuron.reset == "hard":
            after = torch.where(fired, torch.full_like(v, neuron.v_reset), v)
        elif neuron.reset == "soft":
            amount = theta if neuron.amount is None else self._channels(neuron.amount, v.shape[1])
            after = torch.where(fired, v - amount, v)
        return (v if neuron.membrane_out else fired.to(self.dtype)), after

    def _channels(self, values: np.ndarray | None, channels: int) -> Tensor:
        array = np.zeros(channels) if values is None else np.broadcast_to(values, (channels,))
        return torch.as_tensor(np.array(array), device=self.device).to(self.dtype).view(1, channels, 1, 1)


def block_sums(source: Tensor, pool: tuple[int, int]) -> Tensor:
    """(N, C, H, W) -> (N, C, ceil(H / py), ceil(W / px)): each block of py x px pixels summed, those cut by the far edges too.

    The float model's own: it shares no code with the golden model, which it is held against.
    """
    batch, channels, height, width = source.shape
    (py, px), rows, columns = pool, -(-height // pool[0]), -(-width // pool[1])
    whole = source.new_zeros((batch, channels, rows * py, columns * px))
    whole[:, :, :height, :width] = source
    return whole.reshape(batch, channels, rows, py, columns, px).sum((3, 5))
