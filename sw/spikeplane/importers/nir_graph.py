"""NIR graphs: nodes in topological order, each a layer of the assembler. A cycle is cut at a neuron, whose spikes then arrive a step later.

NIR states differential equations and neither dt nor the reset; both are taken from the caller or assumed, and said. LIF: explicit Euler,
v += dt / tau * (v_leak - v + r * I); IF: v += r * I once a step; LI and I the same without a threshold. NIR fires at v > v_threshold.
"""

from pathlib import Path
from typing import Any

import numpy as np

from spikeplane.compiler.graph import FloatNetwork, FloatNeuron
from spikeplane.errors import SpikeplaneError
from spikeplane.importers.assemble import Assembler, Source, Spikes, Value, text
from spikeplane.network import ResetMode

DT = 1e-4
_NEURONS = ("IF", "LIF")


def read_nir(path: str | Path) -> Any:
    """A NIR graph from its file. Raises SpikeplaneError if it is missing, truncated or no NIR file."""
    import nir

    if not Path(path).is_file():
        raise SpikeplaneError(f"model: no file {path}")
    try:
        return nir.read(str(path))
    except Exception as error:
        reason = " ".join(str(error).split())[:120]
        raise SpikeplaneError(f"{path} is not readable as a NIR file: {type(error).__name__}: {reason}") from None


def import_nir(
    graph: Any, *, dt: float | None = None, reset: ResetMode | None = None, compare: str | None = None,
    input_shape: tuple[int, int, int] | None = None,
) -> FloatNetwork:  # fmt: skip
    """The float network of a NIR graph. Raises SpikeplaneError, one line, for a node that cannot be represented."""
    if dt is not None and not dt > 0:
        raise SpikeplaneError(f"dt must be more than 0 seconds, not {dt:g}")
    return _Importer(graph, dt, reset, compare, input_shape).run()


class _Importer:
    def __init__(
        self, graph: Any, dt: float | None, reset: ResetMode | None, compare: str | None, input_shape: tuple | None
    ) -> None:
        self.nodes: dict[str, Any] = graph.nodes
        self.dt, self.compare, self.input_shape = dt, compare, input_shape
        self.reset: ResetMode | None = reset
        self.made, self.values = Assembler(), {}
        unknown = [name for edge in graph.edges for name in edge if name not in self.nodes]
        if unknown:
            raise SpikeplaneError(f"the NIR graph has an edge to '{unknown[0]}' and no such node; check the graph's edges")
        outputs = [name for name, node in self.nodes.items() if type(node).__name__ == "Output"]
        if len(outputs) > 1:
            raise SpikeplaneError(f"the NIR graph has {len(outputs)} outputs, {', '.join(outputs)}; a program reads out one")
        self.delayed = _cut(list(graph.nodes), [(a, b) for a, b in graph.edges], self._is_neuron)
        self.edges = [edge for edge in dict.fromkeys((a, b) for a, b in graph.edges) if edge not in self.delayed]

    def run(self) -> FloatNetwork:
        last = None
        for name in _order(list(self.nodes), self.edges):
            node = self.nodes[name]
            if type(node).__name__ == "Output":
                last = self._incoming(name)
                continue
            self.values[name] = self._node(name, node)
        if last is None:
            raise SpikeplaneError("the NIR graph has no output that its nodes reach")
        return self.made.finish(last)

    def _is_neuron(self, name: str) -> bool:
        return type(self.nodes[name]).__name__ in _NEURONS

    def _incoming(self, name: str) -> Value:
        values = [self.values[a] for a, b in self.edges if b == name and a in self.values]
        values += [self._promise(a) for a, b in self.delayed if b == name]
        if not values:
            raise SpikeplaneError(f"NIR node '{name}' has no input; check the graph's edges")
        total = values[0]
        for value in values[1:]:
            total = self.made.add(name, total, value)
        return total

    def _promise(self, name: str) -> Spikes:
        """The spikes of a neuron that comes later in the order: delivered one step later."""
        self.made.assume(name, "recurrent connection", "one step later")
        return Spikes((Source(name, delay=1),), _shape(np.shape(self.nodes[name].v_threshold)))

    def _node(self, name: str, node: Any) -> Value:
        kind, made = type(node).__name__, self.made
        if kind == "Input":
            shape = self.input_shape or _shape(tuple(int(n) for n in next(iter(node.input_type.values()))))
            return made.input(name, shape)
        value = self._incoming(name)
        if kind in ("Affine", "Linear"):
            return made.linear(name, value, _weights(name, node.weight), getattr(node, "bias", None))
        if kind == "Conv2d":
            if isinstance(node.padding, str):
                raise made.refuse(name, f"a convolution with padding '{node.padding}'", "give the padding as numbers")
            return made.convolution(
                name, value, _weights(name, node.weight), node.bias, stride=_pair(node.stride), padding=_pair(node.padding),
                dilation=_pair(node.dilation), groups=int(node.groups),
            )  # fmt: skip
        if kind in ("SumPool2d", "AvgPool2d"):
            size, stride, padding = _pair(node.kernel_size), _pair(node.stride), _pair(node.padding)
            return made.pool_sum(name, value, size, stride, padding, mean=kind == "AvgPool2d")
        if kind == "Flatten":
            return made.flatten(value)
        if kind == "Scale":
            currents = made.currents(name, value)
            return made.scale(currents, _per_channel(name, "scale", node.scale, value.shape), np.zeros(value.shape[0]))
        if kind in ("IF", "LIF", "I", "LI"):
            return self._neuron(name, kind, node, value)
        raise SpikeplaneError(
            f"NIR node '{name}' is a {kind}, which Spikeplane cannot represent: use Affine, Linear, Conv2d, SumPool2d, AvgPool2d, "
            "Flatten, Scale, IF, LIF, I or LI"
        )

    def _neuron(self, name: str, kind: str, node: Any, value: Value) -> Value:
        shape, channels = value.shape, value.shape[0]
        gain = _per_channel(name, "r", node.r, shape)
        decay, offset = 1.0, np.zeros(channels)
        if kind in ("LIF", "LI"):
            if self.dt is None:
                self.made.assume(name, "dt", f"{DT:g} s", "NIR does not say; --dt changes it")
            tau = _per_channel(name, "tau", node.tau, shape)
            if not (tau > 0).all():
                raise SpikeplaneError(f"layer '{name}': its tau must be more than 0 seconds, not {float(tau[~(tau > 0)][0]):g}")
            ratio = (self.dt or DT) / tau
            if len(np.unique(ratio)) > 1:
                raise self.made.refuse(name, "a layer with several time constants", "a population has one")
            decay = float(1 - ratio[0])
            gain, offset = gain * ratio, ratio * _per_channel(name, "v_leak", node.v_leak, shape)
        else:
            self.made.assume(name, "integration", "v += r * I once a step", "the input is taken as charge per step")
        currents = self.made.scale(self.made.currents(name, value), gain, offset)
        if kind in ("I", "LI"):
            self.made.readout = "last"
            return self.made.neuron(name, currents, FloatNeuron(decay=decay, reset="none", membrane_out=True))
        threshold = _per_channel(name, "v_threshold", node.v_threshold, shape)
        rest = getattr(node, "v_reset", None)
        levels = np.unique(np.zeros(1) if rest is None else rest)
        if len(levels) > 1:
            raise self.made.refuse(name, "a layer with several reset potentials", "a population has one")
        mode = self.reset or "hard"
        self.made.assume(name, "reset", mode, "given" if self.reset else "NIR does not say; --reset changes it")
        self.made.assume(name, "compare", self.compare or ">", "given" if self.compare else "NIR's definition")
        neuron = FloatNeuron(
            decay=decay,
            threshold=threshold,
            reset=mode,
            v_reset=float(levels[0]) if mode == "hard" else 0.0,
            strict=self.compare != ">=",
        )
        return self.made.neuron(name, currents, neuron)


def _order(names: list[str], edges: list[tuple[str, str]]) -> list[str]:
    """Topological, as Kahn: what is ready first comes first."""
    waiting = {name: sum(b == name for _, b in edges) for name in names}
    ready, order = [name for name in names if waiting[name] == 0], []
    while ready:
        name = ready.pop(0)
        order.append(name)
        for a, b in edges:
            if a == name:
                waiting[b] -= 1
                if waiting[b] == 0:
                    ready.append(b)
    return order


def _cut(names: list[str], edges: list[tuple[str, str]], is_neuron: Any) -> list[tuple[str, str]]:
    """The edges to delay so that no cycle is left: the ones out of a neuron, nearest before the edge that closes the cycle.

    Raises SpikeplaneError for a cycle without neurons.
    """
    cut: list[tuple[str, str]] = []
    while True:
        cycle = _cycle(names, [edge for edge in edges if edge not in cut])
        if not cycle:
            return cut
        closing = [(cycle[i], cycle[(i + 1) % len(cycle)]) for i in range(len(cycle))]
        found = next((edge for edge in reversed(closing) if is_neuron(edge[0])), None)
        if found is None:
            raise SpikeplaneError(f"the NIR nodes {', '.join(cycle)} form a cycle without neurons")
        cut.append(found)


def _cycle(names: list[str], edges: list[tuple[str, str]]) -> list[str]:
    """One cycle, entered where a walk from the inputs enters it; empty if there is none."""
    state: dict[str, int] = {}
    path: list[str] = []

    def visit(name: str) -> list[str]:
        state[name] = 1
        path.append(name)
        for a, b in edges:
            if a == name:
                if state.get(b) == 1:
                    return path[path.index(b) :]
                if b not in state and (found := visit(b)):
                    return found
        state[name] = 2
        path.pop()
        return []

    starts = sorted(names, key=lambda name: any(b == name for _, b in edges))
    for name in starts:
        if name not in state and (found := visit(name)):
            return found
    return []


def _weights(name: str, weight: Any) -> np.ndarray:
    array = np.asarray(weight, dtype=np.float64)
    wrong = int((~np.isfinite(array)).sum())
    if wrong:
        raise SpikeplaneError(
            f"layer '{name}': {wrong} of its {array.size} weights are not finite numbers; check the trained model"
        )
    return array


def _shape(shape: tuple[int, ...]) -> tuple[int, int, int]:
    numbers = [int(n) for n in shape]
    if len(numbers) > 3:
        raise SpikeplaneError(f"a NIR shape of {text(tuple(numbers))} has more than channels, height and width")
    padded = [*numbers, 1, 1, 1][: max(3, len(numbers))] if len(numbers) != 2 else [1, *numbers]
    return padded[0], padded[1], padded[2]


def _per_channel(name: str, what: str, values: Any, shape: tuple[int, int, int]) -> np.ndarray:
    """(C,) from one value, one per channel or one per neuron."""
    array = np.asarray(values, dtype=np.float64)
    if array.size == 1:
        return np.full(shape[0], float(array.reshape(-1)[0]))
    if array.size == shape[0]:
        return array.reshape(-1)
    if array.size != np.prod(shape):
        raise SpikeplaneError(f"layer '{name}' has {text(array.shape)} values of {what} for {text(shape)} neurons")
    rows = array.reshape(shape[0], -1)
    if (rows != rows[:, :1]).any():
        raise SpikeplaneError(f"layer '{name}' is a layer whose {what} differs inside a channel; a channel has one value")
    return rows[:, 0]


def _pair(value: Any) -> tuple[int, int]:
    array = np.asarray(value).reshape(-1)
    return int(array[0]), int(array[-1])
