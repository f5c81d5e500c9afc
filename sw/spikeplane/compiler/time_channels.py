"""Time as channels: a network whose neurons decide on the currents of all steps (PSN) as one step of T * C channels.

```
 T steps, C channels                       one step, T * C channels: (step 0, c 0), (step 0, c 1), ... (step 1, c 0), ...
   spikes[t] ─ K ─▶ PSN: W                   block (u, t) of the synapses is W[u, t] * K;  theta = threshold[u]
   spikes[t] ─ K ─▶ no memory                block (t, t) is K
   spikes[t] ─ K ─▶ readout, keeps d         block (0, t) is d^(T-1-t) * K
   the same in all steps ─ K ─▶ PSN          block (u) is the sum over t of W[u, t] * K: one block a step of the target
   levels[t], constant ─ K ─▶ PSN            block (u) is the sum over t of W[u, t] * levels[t] * K
```
"""

from dataclasses import replace

import numpy as np

from spikeplane.compiler.by_step import levelled, stepped
from spikeplane.encoding import Encoding
from spikeplane.errors import SpikeplaneError
from spikeplane.float_network import FloatNetwork, FloatNeuron, FloatPopulation, FloatProjection
from spikeplane.network import ALIGNED, DENSE, Pair


def mixed_steps(net: FloatNetwork) -> int | None:
    """The number of steps that neurons of the network mix, or that numbers are given for, where they say it. Raises
    SpikeplaneError where they do not agree."""
    found = {
        p.name: p.neuron.mix.steps for p in _mixing(net) if p.neuron and p.neuron.mix and p.neuron.mix.steps
    }
    found |= {p.name: len(p.levels) for p in net.populations if p.levels is not None}
    if len(set(found.values())) > 1:
        few, many = min(found, key=lambda n: found[n]), max(found, key=lambda n: found[n])
        raise SpikeplaneError(
            f"layer '{few}' mixes {found[few]} steps and layer '{many}' {found[many]}; give all of them one T"
        )
    return next(iter(found.values()), None)


def in_channels(
    net: FloatNetwork, encodings: dict[str, Encoding]
) -> tuple[FloatNetwork, dict[str, Encoding]]:
    """The network of one step and its encodings; both as they are where no neurons mix steps. Raises SpikeplaneError for
    neurons that keep membranes beside those that mix, and for what comes back from later layers."""
    if any(one.fold > 1 for one in encodings.values()):
        raise SpikeplaneError(
            "encoding: fold is what the compiler says of a network that mixes steps; leave it out"
        )
    if not _mixing(net):
        return levelled(net), encodings
    if by_step := next(iter(stepped(net)), None):
        raise SpikeplaneError(
            f"layer '{by_step}' has numbers of its own for each step in a network of layer '{_mixing(net)[0].name}', which decides on "
            "all steps at once (PSN), which Spikeplane cannot represent: use one of the two"
        )
    steps = next(iter(encodings.values())).steps
    folded = {name: replace(one, steps=1, fold=steps) for name, one in encodings.items()}
    fold = _Fold(net, steps, {name for name, one in encodings.items() if one.kind == "direct"})
    populations = tuple(fold.population(p) for p in net.populations)
    projections = tuple(fold.projection(p) for p in net.projections)
    return replace(net, populations=populations, projections=projections), folded


def _mixing(net: FloatNetwork) -> list[FloatPopulation]:
    return [p for p in net.populations if p.neuron is not None and p.neuron.mix is not None]


class _Fold:
    """One network. `still`: inputs that are the same in every step."""

    def __init__(self, net: FloatNetwork, steps: int, still: set[str]) -> None:
        self.net, self.steps = net, steps
        self.order = {p.name: place for place, p in enumerate(net.populations)}
        self.still = still | {p.name for p in net.populations if p.constant}
        #: by population how its currents are made of those of all steps, (U, T, C or 1): U = T, or 1 for a readout
        self.blocks = {p.name: self._block(p, p.neuron) for p in net.populations if p.neuron is not None}

    def _block(self, p: FloatPopulation, neuron: FloatNeuron) -> np.ndarray:
        if neuron.mix is not None:
            return neuron.mix.of(self.steps)[:, :, None]
        if p.name == self.net.output and not neuron.kind.spikes:
            return self._readout(np.atleast_1d(np.asarray(neuron.decay, np.float64)))
        if np.any(neuron.decay):
            first = _mixing(self.net)[0].name
            raise SpikeplaneError(
                f"layer '{p.name}' keeps its membranes from step to step in a network of layer '{first}', which decides on "
                "all steps at once, which Spikeplane cannot represent: use neurons of one family, PSN or those with "
                "membranes, in all layers"
            )
        return np.eye(self.steps)[:, :, None]

    def _readout(self, decay: np.ndarray) -> np.ndarray:
        """How much of each step's current is read out at the end, (1, T, C or 1)."""
        late = np.arange(self.steps - 1, -1, -1)[:, None]
        left = decay[None] ** late
        if self.net.readout == "sum":  # what of it is there in each of the steps from then on
            left = np.cumsum(left[::-1], 0)[::-1]
        return left[None]

    def population(self, p: FloatPopulation) -> FloatPopulation:
        """With the channels of all steps."""
        if p.neuron is None:
            return replace(p, levels=None) if p.name in self.still else self._wider(p, self.steps)
        blocks = self.blocks[p.name]
        count = len(blocks)
        made = self._wider(p, count)
        shares = blocks.sum(1)  # (U, C or 1): of what is the same in every step
        bias = None if p.bias is None else (shares * np.broadcast_to(p.bias, p.shape[:1])).reshape(-1)
        return replace(made, bias=bias, neuron=_repeated(p.neuron, count, p.shape[0], self.steps))

    def _wider(self, p: FloatPopulation, count: int) -> FloatPopulation:
        return replace(p, shape=(count * p.shape[0], *p.shape[1:]), fold=count)

    def projection(self, p: FloatProjection) -> FloatProjection:
        """Of all steps at once."""
        source, blocks = self.net.population(p.source), self.blocks[p.target]
        if p.delay:
            if self.order[p.source] >= self.order[p.target]:
                raise SpikeplaneError(
                    f"layer '{p.target}' gets spikes of the step before from layer '{p.source}' behind it, and decides on "
                    "all steps at once, which Spikeplane cannot represent: use neurons with membranes"
                )
            blocks = np.einsum("utc,ts->usc", blocks, np.eye(self.steps, k=-1))
        if source.levels is not None:
            blocks = blocks * source.levels[:, None]
        if p.source in self.still:
            blocks = blocks.sum(1, keepdims=True)
        weight, kind = np.asarray(p.weight, np.float64), p.kind
        if p.dynamic is not None and not _diagonal(blocks):
            raise SpikeplaneError(
                f"layer '{p.target}' mixes steps of keys, values and queries, which Spikeplane cannot represent: use neurons "
                "without memory behind attention, or those with membranes in all layers"
            )
        if kind is ALIGNED and _diagonal(blocks):
            return replace(p, weight=np.concatenate([weight] * len(blocks)), delay=0)
        if kind is ALIGNED:
            weight = weight[:, None] * np.eye(source.shape[0])[:, :, None, None]
        out, into, rows, columns = weight.shape
        shares = np.broadcast_to(blocks, (*blocks.shape[:2], out))
        weight = np.einsum("uto,oihw->uotihw", shares, weight)
        weight = weight.reshape(len(blocks) * out, blocks.shape[1] * into, rows, columns)
        dynamic = p.dynamic
        if isinstance(dynamic, Pair):
            dynamic = replace(dynamic, heads=dynamic.heads * len(blocks))
        return replace(p, weight=weight, kind=DENSE, delay=0, dynamic=dynamic)


def _diagonal(blocks: np.ndarray) -> bool:
    """Whether every step is for itself, and as it is."""
    return blocks.shape[0] == blocks.shape[1] and bool((blocks == np.eye(len(blocks))[:, :, None]).all())


def _repeated(neuron: FloatNeuron, count: int, channels: int, steps: int) -> FloatNeuron:
    """Neurons without memory, of `count` steps."""
    if neuron.mix is not None:
        theta = np.repeat(np.broadcast_to(neuron.mix.threshold, (steps,)), channels)
        return replace(neuron, mix=None, decay=0.0, reset="none", threshold=theta)

    def each(values: np.ndarray | None) -> np.ndarray | None:
        return None if values is None else np.tile(np.broadcast_to(values, (channels,)), count)

    reset = "none" if neuron.threshold is None else neuron.reset
    return replace(
        neuron, decay=0.0, reset=reset, threshold=each(neuron.threshold), amount=each(neuron.amount)
    )
