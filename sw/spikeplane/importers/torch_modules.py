"""SpikingJelly and snnTorch modules: traced with torch.fx, one step at a time, spiking neurons and layers as leaves.

Semantics were read from the installed sources: SpikingJelly fires at v >= v_threshold, resets to v_reset or (None) by subtraction,
and starts at v_reset; snnTorch fires at mem > threshold and subtracts in the step after, undecayed, which is `amount` = threshold / beta.
"""

import operator
from typing import Any

import numpy as np

from spikeplane.compiler.graph import FloatNetwork, FloatNeuron
from spikeplane.errors import SpikeplaneError
from spikeplane.importers.assemble import Assembler, Currents, Value, text
from spikeplane.network import ResetMode

_LEAVES = ("IFNode", "LIFNode", "ParametricLIFNode", "Leaky")
_NOTHING = ("Dropout", "Dropout1d", "Dropout2d", "Identity", "AlphaDropout")
_RESETS: dict[str, ResetMode] = {"subtract": "soft", "zero": "hard", "none": "none"}  #: snnTorch's reset_mechanism


def import_torch(
    module: Any, input_shape: tuple[int, int, int] | None, *, reset: ResetMode | None = None, compare: str | None = None
) -> FloatNetwork:
    """The float network of a module whose forward takes one step's input (N, C, H, W) or (N, C).

    input_shape: (C, H, W); guessed for a module that starts with a fully connected layer. Raises SpikeplaneError, one line, for a
    layer that cannot be represented and for shapes that do not match.
    """
    import torch

    if input_shape is None:
        input_shape = _guess(module)
    tracer = _tracer()
    try:
        graph = tracer.trace(module)
    except Exception as error:
        raise SpikeplaneError(
            f"the model's forward cannot be traced ({type(error).__name__}: {' '.join(str(error).split())[:120]}); "
            "write it without loops over steps and without decisions on values"
        ) from None
    with torch.no_grad():
        return _Walk(module, input_shape, reset, compare).run(graph)


def _tracer() -> Any:
    import torch.fx

    class Tracer(torch.fx.Tracer):
        """Layers of the two frameworks are leaves, containers are not."""

        def is_leaf_module(self, m: Any, module_qualified_name: str) -> bool:
            names = _names(m)
            if "Sequential" in names:
                return False
            return m.__module__.startswith(("torch.nn", "spikingjelly", "snntorch")) or any(leaf in names for leaf in _LEAVES)

    return Tracer()


def _names(module: Any) -> list[str]:
    return [kind.__name__ for kind in type(module).__mro__]


def _guess(module: Any) -> tuple[int, int, int]:
    for child in module.modules():
        if "Linear" in _names(child):
            return child.in_features, 1, 1
        if "Conv2d" in _names(child):
            break
    raise SpikeplaneError("the model does not say its input's shape; give input_shape = (channels, height, width)")


def _numbers(tensor: Any) -> np.ndarray:
    return tensor.detach().cpu().double().numpy()


def _bias(module: Any) -> np.ndarray | None:
    return None if module.bias is None else _numbers(module.bias)


class _Walk:
    """Carries values along the traced graph."""

    def __init__(self, module: Any, input_shape: tuple[int, int, int], reset: ResetMode | None, compare: str | None) -> None:
        self.module, self.input_shape, self.compare = module, input_shape, compare
        self.reset: ResetMode | None = reset
        self.made = Assembler()

    def run(self, graph: Any) -> FloatNetwork:
        values: dict[Any, Any] = {}
        started = False
        for node in graph.nodes:
            if node.op == "placeholder":
                if started:
                    continue  # membrane states that a step is handed
                values[node], started = self.made.input("input", self.input_shape), True
            elif node.op == "call_module":
                values[node] = self._module(node.target, self.module.get_submodule(node.target), self._argument(node, values))
            elif node.op in ("call_function", "call_method"):
                values[node] = self._function(node, values)
            elif node.op == "output":
                return self.made.finish(self._output(node.args[0], values))
        raise SpikeplaneError("the model's forward returns nothing")

    def _argument(self, node: Any, values: dict[Any, Any]) -> Value:
        """The value that a layer is called with."""
        value = values.get(node.args[0]) if node.args else None
        if value is None:
            raise self.made.refuse(
                str(node.target), "called with something else than a layer's output", "pass it first, by position"
            )
        return value

    def _output(self, result: Any, values: dict[Any, Any]) -> Value:
        first = result[0] if isinstance(result, tuple | list) else result
        value = values.get(first)
        if value is None:
            raise SpikeplaneError("the model's output does not come from its layers")
        return value

    def _function(self, node: Any, values: dict[Any, Any]) -> Value:
        name = getattr(node.target, "__name__", str(node.target))
        arguments = [values.get(a, a) for a in node.args if not isinstance(a, tuple | list)]
        if node.target in (operator.add, operator.iadd) or name in ("add", "add_"):
            if len(arguments) != 2 or node.kwargs:
                raise self.made.refuse(node.name, "an addition with options", "add two layers by position")
            return self.made.add(node.name, arguments[0], arguments[1])
        if name in ("flatten", "reshape", "view"):
            return self._flattened(node, name, self._argument(node, values))
        if node.target is operator.getitem and node.args[1] == 0:
            return arguments[0]
        if name in ("contiguous", "dropout", "float"):
            return arguments[0]
        raise SpikeplaneError(
            f"the model's forward calls '{name}', which Spikeplane cannot represent; use layers, additions and flatten"
        )

    def _flattened(self, node: Any, name: str, value: Value) -> Value:
        """A sample's channels and pixels as one row; any other shape would move pixels between channels."""
        sizes = [n for a in node.args[1:] for n in (a if isinstance(a, tuple | list) else [a])]
        row = sizes[1:] in ([-1], [int(np.prod(value.shape))])
        if name == "flatten":
            row = [*sizes, *node.kwargs.values()] in ([1], [1, -1])
        if not row and value.shape[1:] != (1, 1):
            raise self.made.refuse(node.name, f"a {name} to something else than a row", "use nn.Flatten()")
        return self.made.flatten(value)

    def _module(self, layer: str, module: Any, value: Value) -> Value:
        names, made = _names(module), self.made
        if any(n in names for n in _NOTHING):
            if any("Dropout" in n for n in names):
                made.assume(layer, "dropout", "removed", "inference")
            return value
        if "Flatten" in names:
            return made.flatten(value)
        if "Linear" in names:
            return made.linear(layer, value, _numbers(module.weight), _bias(module))
        if "Conv2d" in names:
            return self._convolution(layer, module, value)
        if "BatchNorm2d" in names or "BatchNorm1d" in names:
            return self._norm(layer, module, value)
        if "MaxPool2d" in names:
            size, stride, padding = (_same(layer, getattr(module, n)) for n in ("kernel_size", "stride", "padding"))
            cut = any((n + 2 * padding - size) % stride for n in value.shape[1:])
            if _pair(module.dilation) != (1, 1) or (module.ceil_mode and cut):
                raise made.refuse(layer, "a maximum with dilation or ceil_mode", "use neither")
            return made.pool_max(layer, value, size, stride, padding)
        if "AvgPool2d" in names:
            size, stride, padding = (_pair(getattr(module, n)) for n in ("kernel_size", "stride", "padding"))
            if module.divisor_override is not None:
                raise made.refuse(layer, "an average with a divisor of its own", "fold the factor into the layer behind")
            return made.pool_sum(layer, value, size, stride, padding, mean=True)
        if "AdaptiveAvgPool2d" in names and _pair(module.output_size) == (1, 1):
            size = (value.shape[1], value.shape[2])
            return made.pool_sum(layer, value, size, size, (0, 0), mean=True)
        if "Leaky" in names:
            return self._leaky(layer, module, value)
        if any(n in names for n in ("IFNode", "LIFNode", "ParametricLIFNode")):
            return self._spikingjelly(layer, module, names, value)
        raise made.refuse(
            layer, f"a {type(module).__name__}", "use Linear, Conv2d, BatchNorm, pooling, Flatten, IF, LIF or Leaky"
        )

    def _convolution(self, layer: str, module: Any, value: Value) -> Currents:
        if isinstance(module.padding, str) or module.padding_mode != "zeros":
            raise self.made.refuse(
                layer, f"a convolution with padding '{module.padding}' ({module.padding_mode})", "give zeros as numbers"
            )
        return self.made.convolution(
            layer, value, _numbers(module.weight), _bias(module), stride=_pair(module.stride), padding=_pair(module.padding),
            dilation=_pair(module.dilation), groups=module.groups,
        )  # fmt: skip

    def _norm(self, layer: str, module: Any, value: Value) -> Currents:
        if not isinstance(value, Currents):
            raise self.made.refuse(layer, "a batch-norm of spikes", "put it behind a convolution or a fully connected layer")
        if module.running_var is None:
            raise self.made.refuse(layer, "a batch-norm without running statistics", "train it with track_running_stats")
        if len(module.running_var) != value.shape[0]:
            raise SpikeplaneError(f"layer '{layer}' normalises {len(module.running_var)} channels, it gets {text(value.shape)}")
        gain = 1 / np.sqrt(_numbers(module.running_var) + module.eps)
        offset = -_numbers(module.running_mean) * gain
        if module.affine:
            gain, offset = gain * _numbers(module.weight), offset * _numbers(module.weight) + _numbers(module.bias)
        self.made.assume(layer, "batch-norm", "folded", "running statistics")
        return self.made.scale(value, gain, offset)

    def _spikingjelly(self, layer: str, module: Any, names: list[str], value: Value) -> Value:
        """v + (x - (v - v_reset)) / tau, or v - (v - v_reset) / tau + x; counted from v_reset, where the membrane starts."""
        rest = 0.0 if module.v_reset is None else float(module.v_reset)
        decay, gain = 1.0, 1.0
        if "IFNode" not in names:
            tau = float(module.tau) if "LIFNode" in names else 1.0 / float(module.w.sigmoid())
            decay, gain = 1 - 1 / tau, (1 / tau if module.decay_input else 1.0)
        mode = self.reset or ("soft" if module.v_reset is None else "hard")
        neuron = FloatNeuron(
            decay=decay,
            threshold=np.full(value.shape[0], float(module.v_threshold) - rest),
            reset=mode,
            strict=self.compare == ">",
        )
        self._told(layer, mode, self.compare or ">=", "SpikingJelly")
        return self.made.neuron(layer, value, neuron, gain)

    def _leaky(self, layer: str, module: Any, value: Value) -> Value:
        channels = value.shape[0]
        beta = float(_one(layer, "beta", module.beta))
        if not 0 <= beta <= 1:
            beta = min(max(beta, 0.0), 1.0)
        given = _numbers(module.threshold)
        if given.size not in (1, channels):
            raise SpikeplaneError(
                f"layer '{layer}' has {given.size} thresholds for {channels} channels; give one, or one a channel"
            )
        threshold = np.broadcast_to(given.reshape(-1), (channels,)).copy()
        if (
            module.inhibition
            or module.state_quant
            or float(_one(layer, "graded_spikes_factor", module.graded_spikes_factor)) != 1.0
        ):
            raise self.made.refuse(layer, "a Leaky with inhibition, state_quant or graded spikes", "use a plain Leaky")
        mode = self.reset or _RESETS[module.reset_mechanism]
        amount = None
        if mode == "soft" and module.reset_delay and beta > 0:
            amount = threshold / beta
            self.made.assume(layer, "reset", "subtracts threshold / beta", "snnTorch subtracts one step later, undecayed")
        elif mode == "soft" and not module.reset_delay:
            self.made.assume(layer, "reset", "at once", "exact as long as no membrane exceeds twice its threshold")
        neuron = FloatNeuron(decay=beta, threshold=threshold, reset=mode, amount=amount, strict=self.compare != ">=")
        self._told(layer, mode, self.compare or ">", "snnTorch")
        return self.made.neuron(layer, value, neuron)

    def _told(self, layer: str, mode: str, compare: str, framework: str) -> None:
        self.made.assume(layer, "reset", mode, "given" if self.reset else f"from the {framework} module")
        self.made.assume(layer, "compare", compare, "given" if self.compare else f"what {framework} does")


def _one(layer: str, what: str, tensor: Any) -> float:
    values = np.unique(np.asarray(tensor.detach().cpu().numpy() if hasattr(tensor, "detach") else tensor))
    if len(values) != 1:
        raise SpikeplaneError(f"layer '{layer}' has {len(values)} different values of {what}; a population has one")
    return float(values[0])


def _pair(value: Any) -> tuple[int, int]:
    return (int(value), int(value)) if isinstance(value, int) else (int(value[0]), int(value[1]))


def _same(layer: str, value: Any) -> int:
    pair = _pair(value)
    if pair[0] != pair[1]:
        raise SpikeplaneError(f"layer '{layer}' pools {text(pair)} pixels; a maximum takes squares only")
    return pair[0]
