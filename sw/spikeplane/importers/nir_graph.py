"""NIR graphs: nodes in topological order, each a layer of the assembler. A cycle is cut at a
neuron, whose spikes then arrive a step later.

NIR states differential equations and neither dt nor the reset; both are taken from the caller or
assumed, and said (nir_neurons.py).
"""

from typing import Any

import numpy as np

from spikeplane.errors import SpikeplaneError, number
from spikeplane.float_network import FloatNetwork
from spikeplane.importers.assemble import Assembler
from spikeplane.importers.flow import Source, Spikes, Value
from spikeplane.importers.geometry import text
from spikeplane.importers.nir_cycles import cut, order
from spikeplane.importers.nir_neurons import Choices, delayed, neurons, per_channel, real, threshold

_NEURONS = ("IF", "LIF", "CubaLIF")
#: The kinds of nodes, and what they become.
NODES = {
    "Affine": "A fully connected layer with a bias.",
    "Linear": "A fully connected layer.",
    "Conv2d": "A convolution over pixels, its padding as numbers.",
    "SumPool2d": "A sum over windows.",
    "AvgPool2d": "An average over windows.",
    "Flatten": "A row of all values.",
    "Scale": "A factor a channel.",
    "Threshold": "Neurons without memory.",
    "Delay": "One step, behind neurons.",
    "IF": "v + r I, or v + r I dt.",
    "LIF": "v + dt / tau ((v_leak - v) + r I).",
    "CubaLIF": "A synaptic current as a population of values, and a LIF.",
    "I": "As IF, read out or sent as values.",
    "LI": "As LIF, read out or sent as values.",
    "CubaLI": "As CubaLIF, without a threshold.",
}
_LARGEST = 1 << 31  #: of sizes and steps: beyond it they are none


def import_nir(
    graph: Any,
    *,
    dt: float | None = None,
    reset: str | None = None,
    compare: str | None = None,
    input_shape: tuple[int, int, int] | None = None,
    if_gain: str | None = None,
    discretisation: str | None = None,
) -> FloatNetwork:
    """The float network of a NIR graph. Raises SpikeplaneError, one line, for a node that cannot be
    represented."""
    if dt is not None and not dt > 0:
        raise SpikeplaneError(f"dt must be more than 0 seconds, not {number(dt)}")
    choices = Choices(dt, reset, compare, if_gain, discretisation)
    return _Importer(graph, choices, input_shape).run()


class _Importer:
    def __init__(self, graph: Any, choices: Choices, input_shape: tuple[int, int, int] | None) -> None:
        self.choices, self.input_shape = choices, input_shape
        self.made, self.values = Assembler(), {}
        self.inputs = [name for name, node in graph.nodes.items() if type(node).__name__ == "Input"]
        self.outputs = [name for name, node in graph.nodes.items() if type(node).__name__ == "Output"]
        if len(self.outputs) > 1:
            raise SpikeplaneError(
                f"the NIR graph has {len(self.outputs)} outputs, {', '.join(self.outputs)}; a "
                "program reads out one"
            )
        self.nodes, edges = graph.nodes, [(a, b) for a, b in graph.edges]
        unknown = [name for edge in edges for name in edge if name not in self.nodes]
        if unknown:
            raise SpikeplaneError(
                f"the NIR graph has an edge to '{unknown[0]}' and no such node; check the graph's edges"
            )
        edges = list(dict.fromkeys(edges))
        self.delayed = cut(list(self.nodes), edges, self._is_neuron)
        self.edges = [edge for edge in edges if edge not in self.delayed]

    def run(self) -> FloatNetwork:
        last = None
        if not self.inputs:
            self.values["input"] = self.made.input("input", self.input_shape or (1, 1, 1))
            self.made.assume("input", "input", "one that nothing listens to", "the graph has none")
        for name in order(list(self.nodes), self.edges):
            if name in self.outputs:
                last = self._incoming(name)
            else:
                self.values[name] = self._node(name, self.nodes[name])
        if last is None:
            raise SpikeplaneError("the NIR graph has no output that its nodes reach")
        return self.made.finish(last)

    def _is_neuron(self, name: str) -> bool:
        return type(self.nodes[name]).__name__ in _NEURONS

    def _incoming(self, name: str) -> Value:
        values = [self.values[a] for a, b in self.edges if b == name and a in self.values]
        values += [self._promise(a) for a, b in self.delayed if b == name]
        if not values and self._is_neuron(name):
            values = [self._silence(name)]
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

    def _silence(self, name: str) -> Value:
        """No current at all, for neurons that fire by themselves: synapses of weight 0, because the
        input's steps drive every layer."""
        source = self.values[self.inputs[0] if self.inputs else "input"]
        channels, height, width = _shape(np.shape(self.nodes[name].v_threshold))
        if (height, width) != (1, 1):
            raise self.made.refuse(name, "a layer of pixels without input", "give it one row of neurons")
        self.made.assume(name, "input", "none", "its neurons fire by themselves or not at all")
        return self.made.linear(name, source, np.zeros((channels, int(np.prod(source.shape)))), None)

    def _node(self, name: str, node: Any) -> Value:
        kind, made = type(node).__name__, self.made
        if name in self.inputs:
            given = self.input_shape if len(self.inputs) == 1 else None  # several say their own
            shape = given or _shape(_whole(name, "shape", next(iter(node.input_type.values())), 0, 32))
            return made.input(name, shape)
        value = self._incoming(name)
        if kind in ("Affine", "Linear"):
            return made.linear(name, value, _weights(name, node.weight), _biases(name, node))
        if kind == "Conv2d":
            if isinstance(node.padding, str):
                raise made.refuse(
                    name, f"a convolution with padding '{node.padding}'", "give the padding as numbers"
                )
            return made.convolution(
                name,
                value,
                _weights(name, node.weight),
                _biases(name, node),
                stride=_pair(name, node, "stride"),
                padding=_pair(name, node, "padding"),
                dilation=_pair(name, node, "dilation"),
                groups=_whole(name, "groups", node.groups, 1, 1)[0],
            )
        if kind in ("SumPool2d", "AvgPool2d"):
            size, stride, padding = (_pair(name, node, what) for what in ("kernel_size", "stride", "padding"))
            return made.pool_sum(name, value, size, stride, padding, mean=kind == "AvgPool2d")
        return self._pointwise(name, kind, node, value)

    def _pointwise(self, name: str, kind: str, node: Any, value: Value) -> Value:
        made = self.made
        if kind == "Flatten":
            return made.flatten(value)
        if kind == "Scale":
            factors = per_channel(name, "scale", node.scale, value.shape)
            return made.scale(made.currents(name, value), factors, np.zeros(value.shape[0]))
        if kind == "Threshold":
            return threshold(made, name, node, value)
        if kind == "Delay":
            return delayed(made, name, node, value, self.choices)
        if kind in ("IF", "LIF", "CubaLIF", "I", "LI", "CubaLI"):
            return neurons(made, name, node, value, self.choices)
        *first, last = NODES
        raise SpikeplaneError(
            f"NIR node '{name}' is a {kind}, which Spikeplane cannot represent: use {', '.join(first)} or {last}"
        )


def _weights(name: str, weight: Any) -> np.ndarray:
    array = real(name, "weights", weight)
    wrong = int((~np.isfinite(array)).sum())
    if wrong:
        raise SpikeplaneError(
            f"layer '{name}': {wrong} of its {array.size} weights are not finite numbers; check "
            "the trained model"
        )
    return array


def _biases(name: str, node: Any) -> np.ndarray | None:
    bias = getattr(node, "bias", None)
    return None if bias is None else real(name, "biases", bias)


def _whole(name: str, what: str, value: Any, least: int, most: int) -> tuple[int, ...]:
    """`least` to `most` whole numbers. Raises SpikeplaneError for anything else, which numpy would
    cut, or take the first of."""
    array = np.asarray(value).reshape(-1)
    numbers = array.dtype.kind in "iu" or (array.dtype.kind == "f" and bool((array == np.trunc(array)).all()))
    if not numbers or not least <= array.size <= most or (np.abs(array.astype(np.float64)) > _LARGEST).any():
        found = " ".join(str(np.asarray(value).tolist()).split())[:60]
        raise SpikeplaneError(
            f"NIR node '{name}' has the {what} {found}; expected whole numbers, {least} to {most} of them"
        )
    return tuple(int(n) for n in array)


def _shape(shape: tuple[int, ...]) -> tuple[int, int, int]:
    numbers = [int(n) for n in shape]
    if len(numbers) > 3:
        raise SpikeplaneError(
            f"a NIR shape of {text(tuple(numbers))} has more than channels, height and width"
        )
    padded = [*numbers, 1, 1, 1][: max(3, len(numbers))] if len(numbers) != 2 else [1, *numbers]
    return padded[0], padded[1], padded[2]


def _pair(name: str, node: Any, what: str) -> tuple[int, int]:
    """A node's numbers for rows and columns; one counts for both."""
    numbers = _whole(name, what, getattr(node, what), 1, 2)
    return numbers[0], numbers[-1]
