"""The order of a NIR graph's nodes: graphs inside it laid open, cycles cut at neurons, what is
ready first comes first."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from spikeplane.errors import SpikeplaneError

Edge = tuple[str, str]


def laid_open(graph: Any) -> Any:
    """The graph with what its inner graphs hold in their place, as `inner.node`; the graph itself
    if it has none.

    Inner inputs and outputs fall away: what they get goes on to whom they feed. Raises
    SpikeplaneError for an inner graph of several.
    """
    if not any(type(node).__name__ == "NIRGraph" for node in graph.nodes.values()):
        return graph
    nodes: dict[str, Any] = {}
    edges, ends = [(a, b) for a, b in graph.edges], []
    for name, node in graph.nodes.items():
        if type(node).__name__ != "NIRGraph":
            nodes[name] = node
            continue
        inner = laid_open(node)
        gates = [_only(name, inner.nodes, kind) for kind in ("Input", "Output")]
        nodes |= {f"{name}.{key}": value for key, value in inner.nodes.items() if key not in gates}
        entry, leave = (f"{name}.{gate}" for gate in gates)
        edges = [(leave if a == name else a, entry if b == name else b) for a, b in edges]
        edges += [(f"{name}.{a}", f"{name}.{b}") for a, b in inner.edges]
        ends += [entry, leave]
    for end in ends:
        before, behind = [a for a, b in edges if b == end], [b for a, b in edges if a == end]
        edges = [edge for edge in edges if end not in edge] + [(a, b) for a in before for b in behind]
    return SimpleNamespace(nodes=nodes, edges=edges)


def _only(graph: str, nodes: dict[str, Any], kind: str) -> str:
    found = [name for name, node in nodes.items() if type(node).__name__ == kind]
    if len(found) != 1:
        raise SpikeplaneError(
            f"the NIR graph '{graph}' inside the graph has {len(found)} nodes of {kind}; it needs one"
        )
    return found[0]


def order(names: list[str], edges: list[Edge]) -> list[str]:
    """Topological, as Kahn: what is ready first comes first."""
    waiting = {name: sum(b == name for _, b in edges) for name in names}
    ready, found = [name for name in names if waiting[name] == 0], []
    while ready:
        name = ready.pop(0)
        found.append(name)
        for a, b in edges:
            if a == name:
                waiting[b] -= 1
                if waiting[b] == 0:
                    ready.append(b)
    return found


def cut(names: list[str], edges: list[Edge], is_neuron: Callable[[str], bool]) -> list[Edge]:
    """The edges to delay so that no cycle is left: the ones out of a neuron, nearest before the
    edge that closes the cycle.

    Raises SpikeplaneError for a cycle without neurons, and where more than the cycle would be delayed.
    """
    found: list[Edge] = []
    while True:
        cycle = _cycle(names, [edge for edge in edges if edge not in found])
        if not cycle:
            return found
        last = next((i for i in reversed(range(len(cycle))) if is_neuron(cycle[i])), None)
        if last is None:
            raise SpikeplaneError(f"the NIR nodes {', '.join(cycle)} form a cycle without neurons")
        for name in cycle[last + 1 :]:
            if sum(a == name for a, _ in edges) > 1 or sum(b == name for _, b in edges) > 1:
                raise SpikeplaneError(
                    f"NIR node '{name}' is part of a cycle and has other edges too, which would be "
                    "delayed with it; give the cycle a node "
                    "of its own"
                )
        found.append((cycle[last], cycle[(last + 1) % len(cycle)]))


def _cycle(names: list[str], edges: list[Edge]) -> list[str]:
    """One cycle, entered where a walk from the inputs enters it; empty if there is none."""
    following: dict[str, list[str]] = {name: [] for name in names}
    for a, b in edges:
        following[a].append(b)
    targets = {b for _, b in edges}
    done: set[str] = set()
    for start in sorted(names, key=lambda name: name in targets):
        path, left = [start], [iter(following[start])]
        while path:
            name = next((n for n in left[-1] if n not in done), None)
            if name in path:
                return path[path.index(name) :]
            if name is None:
                done.add(path.pop())
                left.pop()
            else:
                path.append(name)
                left.append(iter(following[name]))
    return []
