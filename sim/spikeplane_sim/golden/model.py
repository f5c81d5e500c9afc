"""The integer network step by step: the specification that every chip is held against (DESIGN.md section 3).

    I  = bias + sum of weight * value        (maximum over a window of currents where the population has one)
    v  = saturate(leak(u) + I)
    s  = v >= theta, or v > theta
    u' = v_reset | v - amount | v            where it fired;  v where it did not

All values are exact integers. Currents are sums of at most 2^24 in magnitude in float32, else float64, where every partial sum
is an integer and exact. PyTorch's CPU convolution is direct (a test holds it against explicit products at the largest sums);
on CUDA, where libraries may choose transforms that round, the product is explicit. CPU or CUDA.
"""

from collections.abc import Iterator

import numpy as np
import torch
import torch.nn.functional as F

from spikeplane.network import Network, Neuron, Population, Projection

Tensor = torch.Tensor


class GoldenModel:
    """Executes a `Network` on a batch.

    `network`: the integer network; `membrane_bits`: saturation width of the chip; `device`: "cpu" or "cuda".
    """

    def __init__(self, network: Network, *, membrane_bits: int, device: str = "cpu") -> None:
        self.network, self.device = network, torch.device(device)
        self.limits = (-(1 << (membrane_bits - 1)), (1 << (membrane_bits - 1)) - 1)
        self.wide = torch.int32 if membrane_bits <= 24 else torch.int64  #: holds the sum of two membranes' worth
        self.synapses = {id(p): Synapses(p, network, self.device) for p in network.projections}

    def steps(self, inputs: dict[str, np.ndarray]) -> Iterator[dict[str, Tensor]]:
        """Yield, per step, the output of every population: int32 (N, C, H, W); spikes 0/1 or membrane values.

        `inputs`: per input population an integer array (N, T, C, H, W). State starts at 0.
        """
        planes = {k: torch.as_tensor(np.ascontiguousarray(v), device=self.device) for k, v in inputs.items()}
        first = next(iter(planes.values()))
        membranes: dict[str, Tensor] = {}
        outputs: dict[str, Tensor] = {}
        held: dict[str, Tensor] = {}
        for t in range(first.shape[1]):
            previous, outputs = outputs, {}
            for population in self.network.populations:
                if population.neuron is None:
                    outputs[population.name] = planes[population.name][:, t].to(torch.int32)
                    continue
                # The same input in every step gives the same current: what `hold` means.
                current = (
                    held[population.name]
                    if population.name in held
                    else self._current(population, outputs, previous, len(first))
                )
                if population.hold:
                    held[population.name] = current
                u = membranes.get(population.name, torch.zeros_like(current))
                outputs[population.name], membranes[population.name] = self._fire(population, u, current)
            yield outputs

    def run(self, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """All steps: per population int32 (N, T, C, H, W)."""
        collected: dict[str, list[Tensor]] = {}
        for outputs in self.steps(inputs):
            for name, value in outputs.items():
                collected.setdefault(name, []).append(value)
        return {name: torch.stack(values, 1).cpu().numpy() for name, values in collected.items()}

    def _current(self, population: Population, now: dict[str, Tensor], before: dict[str, Tensor], batch: int) -> Tensor:
        bias = _channels(population.bias, population.shape[0], self.device)
        total = None
        for projection in self.network.incoming(population.name):
            source = (before if projection.delay else now).get(projection.source)
            if source is not None:
                added = self.synapses[id(projection)](source)
                total = added.add_(bias) if total is None else total.add_(added)
        if total is None:  # nothing has arrived yet: a recurrent projection at step 0
            total = bias.expand(batch, *population.current_shape).clone()
        if population.window is None:
            return total
        window = population.window
        lowest = torch.iinfo(torch.int32).min
        padded = F.pad(total, (window.padding,) * 4, value=lowest)
        return padded.unfold(2, window.size, window.stride).unfold(3, window.size, window.stride).amax((-1, -2))

    def _fire(self, population: Population, u: Tensor, current: Tensor) -> tuple[Tensor, Tensor]:
        neuron = population.neuron
        assert neuron is not None
        theta = _channels(population.theta, population.shape[0], self.device)
        v = (leak(neuron, u).to(self.wide) + current).clamp(*self.limits).to(torch.int32)
        fired = v > theta if neuron.strict else v >= theta
        if neuron.reset == "hard":
            after = v.masked_fill(fired, neuron.v_reset)
        elif neuron.reset == "soft":
            amount = theta if population.amount is None else _channels(population.amount, population.shape[0], self.device)
            after = torch.where(fired, (v.to(self.wide) - amount).clamp(*self.limits).to(torch.int32), v)
        else:
            after = v
        return (v if neuron.membrane_out else fired.to(torch.int32)), after


def leak(neuron: Neuron, u: Tensor) -> Tensor:
    """leak(u): u, u - (u >> k), (u * a) >> 8 (both shifts arithmetic, towards minus infinity), or 0."""
    if neuron.leak == "shift":
        return u - (u >> neuron.leak_value)
    if neuron.leak == "multiply":
        return (u.to(torch.int64) * neuron.leak_value) >> 8
    return torch.zeros_like(u) if neuron.leak == "memoryless" else u


class Synapses:
    """One projection as an exact convolution of source pixels: (N, C, H, W) -> (N, Cout, H', W')."""

    def __init__(self, projection: Projection, network: Network, device: torch.device) -> None:
        self.projection = projection
        self.shape = network.population(projection.target).current_shape
        bound = _bound(projection, network)
        self.dtype = torch.float32 if bound < 1 << 24 else torch.float64
        weight = torch.as_tensor(np.ascontiguousarray(projection.weight), device=device).to(self.dtype)
        self.kernel = (weight.shape[-2], weight.shape[-1])
        self.weight = weight[:, None] if projection.aligned else weight

    def __call__(self, source: Tensor) -> Tensor:
        p = self.projection
        x = pooled(source, p.pool).to(self.dtype)
        if source.is_cuda:
            return self._explicit(x)
        groups = len(self.weight) if p.aligned else 1
        return F.conv2d(x, self.weight, stride=p.stride, padding=p.padding, groups=groups).to(torch.int32)

    def _explicit(self, x: Tensor) -> Tensor:
        """The same by unfolding and a matrix product."""
        p, batch, channels = self.projection, len(x), x.shape[1]
        columns = F.unfold(x, self.kernel, padding=p.padding, stride=p.stride)
        if p.aligned:
            out = (columns.view(batch, channels, self.kernel[0] * self.kernel[1], -1) * self.weight.flatten(1)[:, :, None]).sum(
                2
            )
        else:
            out = self.weight.flatten(1) @ columns
        return out.view(batch, -1, *self.shape[1:]).to(torch.int32)


def pooled(source: Tensor, pool: tuple[int, int]) -> Tensor:
    """Sums over pool[0] x pool[1] blocks of pixels; incomplete blocks at the far edges count too."""
    if pool == (1, 1):
        return source
    height, width = source.shape[-2:]
    padded = F.pad(source, (0, -width % pool[1], 0, -height % pool[0]))
    return padded.unfold(2, pool[0], pool[0]).unfold(3, pool[1], pool[1]).sum((-1, -2))


def _bound(projection: Projection, network: Network) -> int:
    source = network.population(projection.source)
    membrane = source.neuron is not None and source.neuron.membrane_out
    largest = 1 << 32 if membrane else (1 << source.value_bits) - 1
    weight = np.abs(np.asarray(projection.weight, dtype=np.int64)).reshape(len(projection.weight), -1)
    return int(weight.sum(1).max()) * largest * projection.pool[0] * projection.pool[1]


def _channels(values: np.ndarray | None, channels: int, device: torch.device) -> Tensor:
    array = np.zeros(channels) if values is None else np.broadcast_to(values, (channels,))
    return torch.as_tensor(array.astype(np.int32), device=device).view(1, channels, 1, 1)
