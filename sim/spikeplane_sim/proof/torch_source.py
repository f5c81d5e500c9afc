"""A PyTorch model run as it is, its neurons' outputs recorded: what each SpikingJelly or snnTorch
neuron fires at every step.

The model is called once a step with (N, C, H, W), or (N, features) if it starts with a fully
connected layer; with (T, N, ...) in one call if its SpikingJelly neurons are in step mode "m".
States that its forward takes behind the input are those that the call before returned.
"""

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import nn

from spikeplane.errors import SpikeplaneError
from spikeplane.float_network import Called, FloatNetwork, FloatPopulation, Origin
from spikeplane_sim.proof.called import as_steps, handed
from spikeplane_sim.proof.copies import float64_copy
from spikeplane_sim.proof.precision import doubled

Tensor = torch.Tensor
#: Layers that take (N, C, L).
_LINES = (nn.Conv1d, nn.ConvTranspose1d, nn.AvgPool1d, nn.MaxPool1d, nn.AdaptiveAvgPool1d)
_RESETS = {"subtract": "soft", "zero": "hard", "none": "none"}  #: snnTorch's names


def overridden(net: FloatNetwork, origin: Origin) -> str | None:
    """The option that makes the network another than the model on purpose, such as `reset soft`;
    None if none does."""
    reset, compare = origin.decisions.get("reset"), origin.decisions.get("compare")
    modules = dict(origin.model.named_modules())
    for module in (modules[p.name] for p in net.populations if p.name in modules):
        found = _own(module)
        if found and reset not in (None, found[0]):
            return f"reset {reset}"
        if found and compare not in (None, found[1]):
            return f"compare {compare}"
    return None


def _own(module: nn.Module) -> tuple[str, str] | None:
    """Reset and comparison of a framework's neuron."""
    if hasattr(module, "reset_mechanism"):
        late = module.reset_mechanism == "subtract" and getattr(module, "reset_delay", True)
        return "delayed" if late else _RESETS[module.reset_mechanism], ">"  # type: ignore[index]
    if hasattr(module, "v_reset"):
        return ("soft" if module.v_reset is None else "hard"), ">="
    return None


def run_torch(
    net: FloatNetwork,
    origin: Origin,
    planes: dict[str, np.ndarray],
    driven: dict[str, Tensor],
    advance: Callable[[], None],
) -> dict[str, Tensor]:
    """The model's outputs (N, T, C, H, W) for the populations that are modules of it, and for the
    readout the sum of the model's outputs.

    planes: real values (N, T, C, H, W) of the one input; driven: (N, T, C, H, W) that populations hand on instead of
    what they fire; `advance` is called after each call of the model. Raises SpikeplaneError, one
    line, where the model itself cannot run.
    """
    model = (
        origin.model
        if any(name in {p.name for p in net.populations} for name, _ in origin.model.named_modules())
        else nn.Sequential(origin.model)
    )
    copied = float64_copy(model)
    modules = dict(copied.named_modules())
    # (T, N, C, H, W)
    (values,) = planes.values()
    inputs = torch.as_tensor(np.ascontiguousarray(values), dtype=torch.float64).transpose(0, 1)
    called = origin.called
    with torch.no_grad(), torch.random.fork_rng(devices=[]):
        runner = _Whole(copied, inputs, called) if called else _Runner(copied, _laid_out(model, inputs))
        size = (len(inputs), inputs.shape[1])
        recorders = {
            p.name: _Recorder(p, modules[p.name], driven.get(p.name), origin.places.get(p.name))
            for p in net.populations
            if _watched(p, modules)
        } | {p.name: _Current(p, *found) for p in net.populations if (found := _current(p, modules))}
        results = runner.run(advance)
    found = {name: recorder.stacked(size) for name, recorder in recorders.items()}
    last = net.population(net.output)
    if last.name not in found and last.sends_values:
        every = as_steps(called, results, size[0]) if called else results.cumsum(0)
        found[last.name] = _shaped(last, every, size)
    return found


def _watched(population: FloatPopulation, modules: dict[str, nn.Module]) -> bool:
    """A neuron, or a pooling that became neurons; a readout without neurons may bear the name of
    the layer in front of it."""
    if population.neuron is None or population.name not in modules:
        return False
    module = modules[population.name]
    return not population.sends_values or hasattr(module, "decode") or _membrane(module) is not None


#: By what a current's population is called behind its layer's name: where SpikingJelly or snnTorch keep it.
_CURRENTS = {"syn": ("c", "syn"), "syn_exc": ("syn_exc",), "syn_inh": ("syn_inh",)}


def _current(population: FloatPopulation, modules: dict[str, nn.Module]) -> tuple[nn.Module, str] | None:
    """The module that holds a synaptic current, and its name for it; None for other populations, and where all
    steps are taken at once, of which only the last is kept."""
    layer, _, name = population.name.rpartition(".")
    module = modules.get(layer)
    kept = next((key for key in _CURRENTS.get(name, ()) if hasattr(module, key)), None)
    if module is None or kept is None or getattr(module, "step_mode", "s") == "m":
        return None
    return module, kept


def _membrane(module: nn.Module) -> Any:
    """What neurons hold; of all steps where they took all at once."""
    every = getattr(module, "v_seq", None) if getattr(module, "step_mode", "s") == "m" else None
    return getattr(module, "mem", getattr(module, "v", None)) if every is None else every


class _Recorder:
    """Keeps what one module puts out; a clone, because models add to their neurons' outputs in place."""

    def __init__(
        self, population: FloatPopulation, module: nn.Module, driven: Tensor | None, places: np.ndarray | None
    ) -> None:
        self.population, self.outputs, self.driven, self.places = population, [], driven, places
        if driven is not None and places is not None:
            self.driven = driven.flatten(2)[..., torch.as_tensor(places)]
        self.membrane = population.sends_values
        if self.membrane and getattr(module, "step_mode", "s") == "m" and hasattr(module, "store_v_seq"):
            module.store_v_seq = True  # type: ignore[assignment]
        # SpikingJelly's readouts then give the membranes of all steps
        if self.membrane and hasattr(module, "decode"):
            module.decode = None  # type: ignore[assignment]
        module.register_forward_hook(self._keep)

    def _keep(self, module: nn.Module, _: Any, output: Any) -> Any:
        with torch._C.DisableTorchFunction():  # spikes are kept in float32
            return self._kept(module, output)

    def _kept(self, module: nn.Module, output: Any) -> Any:
        if self.membrane:
            every = torch.stack(output) if isinstance(output, list) else _membrane(module)
            self.outputs.append(every.detach().clone())
            return output
        value = output[0] if isinstance(output, tuple) else output
        self.outputs.append(value.detach().to(torch.float32, copy=True))
        if self.driven is None:
            return output
        steps = self.driven.transpose(0, 1)
        if value.numel() != steps.numel():  # one step of them
            steps = steps[len(self.outputs) - 1]
        instead = steps.to(value.dtype).reshape(value.shape)
        return (instead, *output[1:]) if isinstance(output, tuple) else instead

    def stacked(self, size: tuple[int, int]) -> Tensor:
        if len(self.outputs) not in (1, size[0]):
            raise SpikeplaneError(
                f"layer '{self.population.name}' ran {len(self.outputs)} times in {size[0]} steps; "
                "use it once a step, "
                "or compile with --no-proof (proof=False)"
            )
        every = torch.stack(self.outputs) if len(self.outputs) == size[0] else self.outputs[0]
        shaped = _shaped(self.population, every, size)
        if self.places is None:
            return shaped
        flat = torch.empty_like(shaped.flatten(2))
        flat[..., torch.as_tensor(self.places)] = shaped.flatten(2)
        return flat.view(shaped.shape)


class _Current(_Recorder):
    """Keeps a synaptic current behind each step."""

    def __init__(self, population: FloatPopulation, module: nn.Module, key: str) -> None:
        self.key = key
        super().__init__(population, module, None, None)

    def _keep(self, module: nn.Module, _: Any, output: Any) -> Any:
        self.outputs.append(getattr(module, self.key).detach().clone())
        return output


def _shaped(population: FloatPopulation, values: Tensor, size: tuple[int, int]) -> Tensor:
    """(T, N, ...) as (N, T, C, H, W)."""
    if values.numel() != size[0] * size[1] * int(np.prod(population.shape)):
        expected = "x".join(str(n) for n in population.shape)
        raise SpikeplaneError(
            f"layer '{population.name}' puts out {'x'.join(str(n) for n in values.shape[2:])} in "
            f"the model and {expected} as imported; "
            "please report it with the model, or compile with --no-proof (proof=False)"
        )
    return values.reshape(*size, *population.shape).transpose(0, 1)


class _Runner:
    """Calls a model as its user would."""

    def __init__(self, model: nn.Module, inputs: Tensor) -> None:
        self.model, self.inputs = model, inputs

    def run(self, advance: Callable[[], None]) -> Tensor:
        """The model's first output, (T, N, ...)."""
        with doubled():
            return self._run(advance)

    def _run(self, advance: Callable[[], None]) -> Tensor:
        if _several_steps(self.model):
            result = _first(self.model(self.inputs))
            advance()
            return result
        states, results = self._states(), []
        for step in self.inputs:
            result = self.model(step, *states)
            results.append(_first(result).clone())
            states = self._next(states, result)
            advance()
        return torch.stack(results)

    def _states(self) -> list[Any]:
        """What forward takes behind the input before the first step: 0, or None where that is the default."""
        parameters = list(inspect.signature(self.model.forward).parameters.values())[1:]
        return [
            torch.zeros((), dtype=torch.float64) if p.default is p.empty else None
            for p in parameters
            if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)
            and (p.default is p.empty or p.default is None)
        ]

    def _next(self, states: list[Any], result: Any) -> list[Any]:
        """Those of the next step."""
        returned = list(result[1:]) if isinstance(result, tuple | list) else []
        if len(returned) == len(states):
            return returned
        if any(state is not None for state in states):
            raise SpikeplaneError(
                f"the model's forward takes {len(states)} states behind its input and returns "
                f"{len(returned)}; return them all, in the "
                "same order, or compile with --no-proof (proof=False)"
            )
        return states


class _Whole:
    """Calls a model once, for all steps."""

    def __init__(self, model: nn.Module, inputs: Tensor, called: Called) -> None:
        self.model, self.inputs, self.called = model, inputs, called

    def run(self, advance: Callable[[], None]) -> Tensor:
        """The model's first output, as it is."""
        try:
            with doubled():
                result = _first(self.model(handed(self.called, self.inputs)))
        except Exception as error:
            raise SpikeplaneError(
                f"the model itself does not run ({type(error).__name__}: "
                f"{' '.join(str(error).split())[:120]}); compile with --no-proof (proof=False) to leave it out"
            ) from None
        advance()
        return result


class _Rows(Exception):
    """A fully connected layer gets pixels: the model takes rows."""


def _laid_out(model: nn.Module, inputs: Tensor) -> Tensor:
    """The inputs (T, N, C, H, W) in the shape that the model takes: as they are, as lines (T, N, C, W)
    where one of its layers is for lines, or as rows. Raises SpikeplaneError if it takes none."""
    wrong = _fails(model, inputs)
    if wrong is None:
        return inputs
    if inputs.shape[3] == 1 and any(isinstance(m, _LINES) for m in model.modules()):
        lines = inputs.squeeze(3)
        if (wrong := _fails(model, lines)) is None:
            return lines
    rows = inputs.flatten(2)
    if _fails(model, rows) is None:
        return rows
    if inputs.shape[3] == 1 and _fails(model, inputs.squeeze(3)) is None:
        return inputs.squeeze(3)
    shape = "x".join(str(n) for n in inputs.shape[2:])
    raise SpikeplaneError(
        f"the model itself does not run on inputs of {shape} ({wrong}); check input_shape, or "
        "compile with --no-proof (proof=False)"
    )


def _fails(model: nn.Module, inputs: Tensor) -> str | None:
    """What is wrong with a first step of these inputs in a copy; None if nothing is."""

    def check(_: nn.Module, arguments: tuple) -> None:
        if arguments and arguments[0].dim() > 3:
            raise _Rows

    copied = float64_copy(model)
    for module in copied.modules():
        if isinstance(module, nn.Linear):
            module.register_forward_pre_hook(check)
    try:
        _Runner(copied, inputs[:1, :2]).run(lambda: None)
    except _Rows:
        return "a fully connected layer gets pixels"
    except SpikeplaneError:
        return None  # told when it runs in earnest
    except Exception as error:
        return f"{type(error).__name__}: {' '.join(str(error).split())[:120]}"
    return None


def _several_steps(model: nn.Module) -> bool:
    """Whether it takes all steps in one call: SpikingJelly's step mode "m"."""
    for module in model.modules():
        supported: Any = getattr(module, "supported_step_mode", tuple)
        if getattr(module, "step_mode", None) == "m" or tuple(supported()) == ("m",):
            return True
    return False


def _first(result: Any) -> Tensor:
    while isinstance(result, tuple | list | dict):
        result = next(iter(result.values())) if isinstance(result, dict) else result[0]
    return result
