"""An interpreter of NIR graphs: node by node, the equations of NIR's definition by explicit Euler.
It shares nothing with the importer.

What NIR leaves open comes as `Decisions`. A step evaluates every node once, behind the nodes that
feed it; an edge that closes a cycle carries the value of the step before (0 at first).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from spikeplane.errors import SpikeplaneError
from spikeplane.float_network import FloatNetwork, Origin
from spikeplane_sim.proof.nir_nodes import Decisions, make_node

Tensor = torch.Tensor
Edge = tuple[str, str]
_FIRING = ("IF", "LIF", "CubaLIF")  #: a cycle is cut behind one of these


@dataclass
class _Plan:
    """Nodes in an order in which each comes behind what feeds it, but for the late edges."""

    order: list[str]
    late: set[Edge]


def run_nir(
    net: FloatNetwork,
    origin: Origin,
    planes: dict[str, np.ndarray],
    driven: dict[str, Tensor],
    advance: Callable[[], None],
) -> dict[str, Tensor]:
    """Outputs (N, T, C, H, W) of the graph's neurons, and for a readout without neurons the sum of
    the graph's output over the steps.

    planes: by input real values (N, T, C, H, W); driven: (N, T, C, H, W) that neurons hand on instead of
    what they fire; `advance` is called after each step. Raises SpikeplaneError for a graph that
    this cannot run.
    """
    graph, decisions = origin.model, Decisions(**{k: v for k, v in origin.decisions.items() if v is not None})
    edges = list(dict.fromkeys((str(a), str(b)) for a, b in graph.edges))
    plan = _planned(graph.nodes, edges)
    kinds = {name: type(node).__name__ for name, node in graph.nodes.items()}
    nodes = {
        name: make_node(name, node, decisions)
        for name, node in graph.nodes.items()
        if kinds[name] not in ("Input", "Output")
    }
    given = {
        name: torch.as_tensor(np.ascontiguousarray(values), dtype=torch.float64)
        for name, values in planes.items()
    }
    inputs = next(iter(given.values()))
    collected: dict[str, list[Tensor]] = {}
    previous = {name: _silence(graph.nodes[name], inputs) for name, _ in plan.late}
    for t in range(inputs.shape[1]):
        values: dict[str, Tensor] = {}
        for name in plan.order:
            if kinds[name] == "Input":
                values[name] = given[name][:, t]
                continue
            arriving = _arriving(name, edges, plan.late, values, previous)
            if arriving is None:
                arriving = _unfed(name, graph.nodes[name], inputs)
            values[name] = arriving if kinds[name] == "Output" else nodes[name](arriving)
            collected.setdefault(name, []).append(values[name])
            synaptic = getattr(nodes.get(name), "current", None)
            if synaptic is not None:
                collected.setdefault(f"{name}.syn", []).append(synaptic)
            if name in driven:
                values[name] = driven[name][:, t].to(arriving.dtype).reshape(values[name].shape)
        previous = values
        advance()
    outputs = [name for name, kind in kinds.items() if kind == "Output"]
    return _by_population(net, decisions.read_out or outputs[0], collected)


def _arriving(
    name: str, edges: list[Edge], late: set[Edge], values: dict[str, Tensor], previous: dict[str, Tensor]
) -> Tensor | None:
    """The sum of what the edges into a node carry; None if there are none."""
    total: Tensor | None = None
    for edge in edges:
        if edge[1] != name:
            continue
        value = (previous if edge in late else values).get(edge[0])
        if value is not None:
            total = value if total is None else total + _like(value, total)
    return total


def _silence(node: Any, inputs: Tensor) -> Tensor:
    """What neurons put out that do not fire."""
    return torch.zeros((len(inputs), *np.shape(node.v_threshold)), dtype=torch.float64)


def _unfed(name: str, node: Any, inputs: Tensor) -> Tensor:
    """No current, for neurons that fire by themselves. Raises SpikeplaneError for other nodes."""
    if type(node).__name__ not in _FIRING:
        raise SpikeplaneError(f"NIR node '{name}' has no input; check the graph's edges")
    return _silence(node, inputs)


def _like(value: Tensor, other: Tensor) -> Tensor:
    return (
        value if value.shape == other.shape or value.numel() != other.numel() else value.reshape(other.shape)
    )


def _by_population(net: FloatNetwork, output: str, collected: dict[str, list[Tensor]]) -> dict[str, Tensor]:
    found = {}
    for population in net.populations:
        if population.neuron is None:
            continue
        name = population.name
        if name in collected:
            values = torch.stack(collected[name], 1)
        elif name == net.output and population.sends_values:
            values = torch.stack(collected[output], 1).cumsum(1)
        else:
            continue
        if values[0, 0].numel() != int(np.prod(population.shape)):
            found_shape, expected = (
                "x".join(str(n) for n in shape) for shape in (values.shape[2:], population.shape)
            )
            raise SpikeplaneError(
                f"layer '{name}' puts out {found_shape} in the graph and {expected} as imported; "
                "please report it with the model, "
                "or compile with --no-proof (proof=False)"
            )
        found[name] = values.reshape(*values.shape[:2], *population.shape)
    return found


def _planned(nodes: dict[str, Any], edges: list[Edge]) -> _Plan:
    """Walks the graph from its inputs, depth first. An edge back to a node on the way closes a
    cycle; late is then the edge behind the last node on that way that fires."""
    late: set[Edge] = set()
    while (closed := _closed(nodes, [e for e in edges if e not in late])) is not None:
        firing = [edge for edge in closed if type(nodes[edge[0]]).__name__ in _FIRING]
        if not firing:
            raise SpikeplaneError(
                f"the NIR nodes {', '.join(a for a, _ in closed)} form a cycle without neurons"
            )
        late.add(firing[-1])
    order: list[str] = []
    left = dict.fromkeys(nodes)
    while left:
        ready = next(n for n in left if not any(b == n and a in left for a, b in edges if (a, b) not in late))
        order.append(ready)
        del left[ready]
    return _Plan(order, late)


def _closed(nodes: dict[str, Any], edges: list[Edge]) -> list[Edge] | None:
    """The edges of the first cycle that the walk closes, in order; the closing one is the last."""
    after: dict[str, list[str]] = {name: [b for a, b in edges if a == name] for name in nodes}
    fed = {b for _, b in edges}
    done: set[str] = set()
    for start in sorted(nodes, key=lambda name: name in fed):
        way, choices = [start], [iter(after[start])]
        while way:
            if way[-1] in done:
                way.pop()
                choices.pop()
                continue
            following = next(choices[-1], None)
            if following is None:
                done.add(way[-1])
            elif following in way:
                cycle = [*way[way.index(following) :], following]
                return list(zip(cycle, cycle[1:], strict=False))
            elif following not in done:
                way.append(following)
                choices.append(iter(after[following]))
    return None
