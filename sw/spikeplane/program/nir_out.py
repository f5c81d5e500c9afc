"""A program's integer network as a NIR graph, for other tools.

```
 Input ─▶ Scale (to the integers that are sent) ─▶ [SumPool2d] ─▶ Conv2d | Flatten, Linear ─▶ IF | LIF | I | LI ─▶ Output
```
Weights, biases and thresholds are the integers that the chip has; only the inputs are real, what the model gets.
Neurons fire by NIR's `v > v_threshold`: thresholds lie between the integers. The reset is NIR's to v_reset, or a
subtraction of v_threshold, which NIR does not tell apart: the graph's metadata does, with dt and what else NIR
cannot say.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from spikeplane.errors import SpikeplaneError
from spikeplane.network import ALIGNED, DENSE, Gate, Network, Population, Projection
from spikeplane.program.nir_neurons import DT, Told, neurons

Edge = tuple[str, str]


@dataclass
class _Graph:
    """Nodes and edges so far; behind: by population the node that sends its values."""

    nir: Any
    network: Network
    told: Told
    nodes: dict[str, Any] = field(default_factory=dict[str, Any])
    edges: list[Edge] = field(default_factory=list[Edge])
    behind: dict[str, str] = field(default_factory=dict[str, str])

    def put(self, name: str, node: Any, *before: str) -> str:
        """A node behind others; the name that it gets."""
        while name in self.nodes:
            name += "_"
        self.nodes[name] = node
        self.edges += [(one, name) for one in before]
        return name


def to_graph(network: Network, values: dict[str, float], notes: dict[str, str]) -> Any:
    """The graph; values: by input what the model gets for 1; notes: more metadata. Raises SpikeplaneError,
    with the layer, for what NIR has no nodes for."""
    import nir  # pyright: ignore[reportMissingTypeStubs] - it has none

    graph = _Graph(nir, network, Told())
    if network.presentations > 1:
        raise SpikeplaneError(
            f"the network takes {network.presentations} presentations of a sample, which NIR cannot say"
        )
    for population in network.populations:
        if population.neuron is None:
            _input(graph, population, values.get(population.name, 1.0))
        else:  # by name first: spikes may come back to it
            name = graph.put(population.name, neurons(nir, population, graph.told))
            graph.behind[population.name] = name
    for population in network.populations:
        for number, projection in enumerate(network.incoming(population.name)):
            _synapses(graph, projection, population, number)
    last = network.population(network.output)
    graph.put("output", nir.Output({"output": np.array(_shape(last.shape))}), graph.behind[last.name])
    metadata = {"dt": str(DT), **graph.told.metadata(), **notes}
    return nir.NIRGraph(nodes=graph.nodes, edges=graph.edges, metadata=metadata, type_check=False)


def _shape(shape: tuple[int, ...]) -> tuple[int, ...]:
    """A row of neurons has one axis."""
    return shape[:1] if tuple(shape[1:]) == (1, 1) else tuple(shape)


def _input(graph: _Graph, population: Population, value: float) -> None:
    nir, shape = graph.nir, _shape(population.shape)
    if population.constant:
        _constant(graph, population)
        return
    name = graph.put(population.name, nir.Input({"input": np.array(shape)}))
    if value != 1.0:
        name = graph.put(f"{name}_steps", nir.Scale(np.full(shape, 1.0 / value)), name)
    graph.behind[population.name] = name


def _constant(graph: _Graph, population: Population) -> None:
    """1 everywhere, whatever comes: nothing of the first input is above a threshold below 0."""
    nir, network = graph.nir, graph.network
    first = next(p for p in network.inputs if p.shape[1:] == population.shape[1:])
    weight = np.zeros((population.shape[0], first.shape[0], 1, 1))
    nothing = nir.Conv2d(first.shape[1:], weight, 1, 0, 1, 1, np.zeros(population.shape[0]))
    name = graph.put(f"{population.name}_nothing", nothing, graph.behind[first.name])
    one = nir.Threshold(np.full(population.shape, -0.5))
    graph.behind[population.name] = graph.put(population.name, one, name)


def _dynamic_refused(p: Projection, target: Population) -> SpikeplaneError:
    if isinstance(p.dynamic, Gate):
        return SpikeplaneError(
            f"layer '{target.name}' has a gate, which multiplies what it gets, and NIR has no node for that"
        )
    return SpikeplaneError(
        f"layer '{target.name}' has synapses that are counted from spikes (attention), which NIR has no node for"
    )


def _synapses(graph: _Graph, p: Projection, target: Population, number: int) -> None:
    """From the source to the target's neurons; the first projection brings the bias."""
    nir, source = graph.nir, graph.network.population(p.source)
    if p.kind not in (DENSE, ALIGNED):
        raise SpikeplaneError(f"layer '{target.name}' has {p.kind.tag} synapses, which NIR has no node for")
    if tuple(p.up) != (1, 1):
        raise SpikeplaneError(
            f"layer '{target.name}' has synapses that make more pixels of a plane (a transposed convolution, an "
            "upsampling), which NIR has no node for"
        )
    if p.dynamic is not None:
        raise _dynamic_refused(p, target)
    before = graph.behind[p.source]
    if p.delay and not _comes_back(graph.network, p):
        before = graph.put(f"{before}_late", nir.Delay(np.full(_shape(source.shape), DT)), before)
    high, wide = source.shape[1:]
    if p.pool != (1, 1):
        if high % p.pool[0] or wide % p.pool[1]:
            raise SpikeplaneError(
                f"layer '{target.name}' pools pixels that its pool does not divide; NIR leaves them out"
            )
        pooled = nir.SumPool2d(np.array(p.pool), np.array(p.pool), np.array([0, 0]))
        before = graph.put(f"{target.name}_pool{number or ''}", pooled, before)
        high, wide = high // p.pool[0], wide // p.pool[1]
    bias = np.zeros(target.shape[0]) if target.bias is None or number else np.asarray(target.bias, np.float64)
    weight = np.asarray(p.weight, np.float64) * 2.0**p.pre_shift
    name = f"{target.name}_synapses{number or ''}"
    if weight.shape[-2:] == (high, wide) and not any(p.padding):
        node, before = _row(graph, weight, bias, before, (source.shape[0], high, wide))
    else:
        groups = len(weight) if weight.ndim == 3 else 1
        kernel = weight[:, None] if weight.ndim == 3 else weight
        node = nir.Conv2d((high, wide), kernel, np.array(p.stride), np.array(p.padding), 1, groups, bias)
    name = graph.put(name, node, before)
    graph.edges.append((name, graph.behind[target.name]))


def _row(
    graph: _Graph, weight: np.ndarray, bias: np.ndarray, before: str, shape: tuple[int, int, int]
) -> tuple[Any, str]:
    """A kernel that covers the source is a fully connected layer."""
    if weight.ndim == 3:
        weight = np.eye(len(weight))[:, :, None, None] * weight[:, None]
    if shape[1:] != (1, 1):
        flat = graph.nir.Flatten({"input": np.array(shape)}, start_dim=0)
        before = graph.put(f"{before}_row", flat, before)
    return graph.nir.Affine(weight.reshape(len(weight), -1), bias), before


def _comes_back(network: Network, p: Projection) -> bool:
    """Whether the target's spikes reach the source: NIR's cycle delays by itself."""
    seen, left = set[str](), [p.target]
    while left:
        name = left.pop()
        if name == p.source:
            return True
        if name not in seen:
            seen.add(name)
            left += [one.target for one in network.outgoing(name)]
    return False
