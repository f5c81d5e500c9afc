"""NIR graphs: nodes in topological order, each a layer of the assembler. A cycle is cut at a
neuron, whose spikes then arrive a step later.

NIR states differential equations and neither dt nor the reset; both are taken from the caller or
assumed, and said (nir_neurons.py).
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from spikeplane.errors import SpikeplaneError, number
from spikeplane.float_network import FloatNetwork
from spikeplane.importers import nir_layers as layers
from spikeplane.importers.assemble import Assembler
from spikeplane.importers.flow import Source, Spikes, Value
from spikeplane.importers.geometry import Shape, Shapes, text
from spikeplane.importers.nir_batch import batch
from spikeplane.importers.nir_cycles import cut, order
from spikeplane.importers.nir_neurons import Choices, delayed, neurons, per_channel, threshold

_NEURONS = ("IF", "LIF", "CubaLIF")
#: The kinds of nodes, and what they become.
NODES = {
    "Affine": "A fully connected layer with a bias.",
    "Linear": "A fully connected layer.",
    "Conv1d": "A convolution over a line.",
    "Conv2d": "A convolution over pixels.",
    "SumPool2d": "A sum over windows.",
    "AvgPool2d": "An average over windows.",
    "Flatten": "A row of all values.",
    "Scale": "A factor a channel.",
    "Threshold": "Neurons without memory.",
    "Delay": "Whole steps, behind neurons.",
    "IF": "v + r I, or v + r I dt.",
    "LIF": "v + dt / tau ((v_leak - v) + r I).",
    "CubaLIF": "A synaptic current as a population of values, and a LIF.",
    "I": "As IF, read out or sent as values.",
    "LI": "As LIF, read out or sent as values.",
    "CubaLI": "As CubaLIF, without a threshold.",
}


def import_nir(
    graph: Any,
    *,
    dt: float | None = None,
    reset: str | None = None,
    compare: str | None = None,
    input_shape: Shapes | None = None,
    if_gain: str | None = None,
    discretisation: str | None = None,
    read_out: str | None = None,
) -> FloatNetwork:
    """The float network of a NIR graph. Raises SpikeplaneError, one line, for a node that cannot be
    represented."""
    if dt is not None and not dt > 0:
        raise SpikeplaneError(f"dt must be more than 0 seconds, not {number(dt)}")
    choices = Choices(dt, reset, compare, if_gain, discretisation)
    return _Importer(graph, choices, input_shape, read_out).run()


class _Importer:
    def __init__(
        self,
        graph: Any,
        choices: Choices,
        input_shape: Shapes | None,
        read_out: str | None,
    ) -> None:
        self.choices, self.input_shape = choices, input_shape
        self.made, self.values = Assembler(), {}
        self.batch = 1  #: samples that the shapes of inputs and outputs are of
        self.lines = any(type(node).__name__ == "Conv1d" for node in graph.nodes.values())
        self.inputs = [name for name, node in graph.nodes.items() if type(node).__name__ == "Input"]
        self.outputs = [name for name, node in graph.nodes.items() if type(node).__name__ == "Output"]
        self.output = self._chosen(read_out)
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
            self.values["input"] = self.made.input("input", self._given("input") or (1, 1, 1))
            self.made.assume("input", "input", "one that nothing listens to", "the graph has none")
        for name in order(list(self.nodes), self.edges):
            if name in self.outputs:
                value = self._ending(name)
                last = value if name == self.output else last
            else:
                self.values[name] = self._node(name, self.nodes[name])
        if last is None:
            raise SpikeplaneError("the NIR graph has no output that its nodes reach")
        return self.made.finish(last)

    def _chosen(self, read_out: str | None) -> str | None:
        """The output that is read out."""
        names = ", ".join(self.outputs)
        if read_out is not None and read_out not in self.outputs:
            raise SpikeplaneError(f"the NIR graph has no output '{read_out}'; it has {names or 'none'}")
        if len(self.outputs) > 1:
            why = "given" if read_out else "--read-out takes another"
            self.made.assume("", "output", f"{read_out or self.outputs[0]} of {names}", why)
        return read_out or next(iter(self.outputs), None)

    def _ending(self, name: str) -> Value:
        """What arrives at an output. Raises SpikeplaneError where it is not as many numbers as the graph says."""
        value, kinds = self._incoming(name), self.nodes[name].output_type
        said = next((kinds[key] for key in kinds if kinds[key] is not None), None)
        sizes = {np.prod(value.shape), self.batch * np.prod(value.shape)}
        if said is not None and np.prod(said) not in sizes:
            raise SpikeplaneError(
                f"NIR node '{name}' has the shape {text(tuple(int(n) for n in said))} and gets "
                f"{text(value.shape)}; check the graph's edges"
            )
        return value

    def _shape(self, shape: tuple[int, ...]) -> tuple[int, int, int]:
        return layers.shape_of(shape, lines=self.lines)

    def _given(self, name: str) -> Shape | None:
        """The shape that the user gives the input; of several inputs each by its name."""
        if isinstance(self.input_shape, Mapping):
            return self.input_shape.get(name)
        return self.input_shape if len(self.inputs) < 2 else None

    def _said(self, name: str, node: Any) -> tuple[int, ...]:
        """The shape that the graph gives an input, of one sample."""
        shape = layers.whole(name, "shape", next(iter(node.input_type.values())), 0, 32)
        dropped = batch(shape, [self.nodes[b] for a, b in self.edges if a == name])
        if dropped:
            why = f"{text(shape)} has leading sizes that the layer behind has no place for: a batch"
            self.made.assume(name, "shape", text(shape[len(dropped) :]), why)
            self.batch = max(self.batch, int(np.prod(dropped)))
        return shape[len(dropped) :]

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
        return Spikes((Source(name, delay=1),), self._shape(np.shape(self.nodes[name].v_threshold)))

    def _silence(self, name: str) -> Value:
        """No current at all, for neurons that fire by themselves: synapses of weight 0, because the
        input's steps drive every layer."""
        source = self.values[self.inputs[0] if self.inputs else "input"]
        channels, height, width = self._shape(np.shape(self.nodes[name].v_threshold))
        if (height, width) != (1, 1):
            raise self.made.refuse(name, "a layer of pixels without input", "give it one row of neurons")
        self.made.assume(name, "input", "none", "its neurons fire by themselves or not at all")
        return self.made.linear(name, source, np.zeros((channels, int(np.prod(source.shape)))), None)

    def _node(self, name: str, node: Any) -> Value:
        kind, made = type(node).__name__, self.made
        if name in self.inputs:
            return made.input(name, self._given(name) or self._shape(self._said(name, node)))
        if node is None:
            raise SpikeplaneError(
                f"NIR node '{name}' is empty: the framework that wrote the graph does not know its layer; use one "
                "that it exports (of norse LIFCell, LIFBoxCell and LIBoxCell, not LIF, LICell, Flatten or recurrent cells), or "
                "put the node in"
            )
        value = self._incoming(name)
        if kind in ("Affine", "Linear"):
            return layers.linear(made, name, node, value)
        if kind in ("Conv1d", "Conv2d"):
            return layers.convolution(made, name, node, value)
        if kind in ("SumPool2d", "AvgPool2d"):
            return layers.pool(made, name, node, value, mean=kind == "AvgPool2d")
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
