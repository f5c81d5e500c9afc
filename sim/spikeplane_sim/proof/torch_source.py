"""A PyTorch model run as it is, its neurons' outputs recorded: what each SpikingJelly or snnTorch neuron fires at every step.

The model is called once a step with (N, C, H, W), or (N, features) if it starts with a fully connected layer; with (T, N, ...) in one
call if its SpikingJelly neurons are in step mode "m". States that its forward takes behind the input are those that the call before
returned.
"""

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import nn

from spikeplane.compiler.graph import FloatNetwork, FloatPopulation, Origin
from spikeplane.errors import SpikeplaneError
from spikeplane_sim.proof.copies import float64_copy, rest

Tensor = torch.Tensor
_RESETS = {"subtract": "soft", "zero": "hard", "none": "none"}  #: snnTorch's names


def overridden(net: FloatNetwork, origin: Origin) -> str | None:
    """The option that makes the network another than the model on purpose, such as `reset soft`; None if none does."""
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
        return _RESETS[module.reset_mechanism], ">"  # type: ignore[index]
    if hasattr(module, "v_reset"):
        return ("soft" if module.v_reset is None else "hard"), ">="
    return None


def run_torch(
    net: FloatNetwork, origin: Origin, planes: np.ndarray, driven: dict[str, Tensor], advance: Callable[[], None]
) -> dict[str, Tensor]:
    """The model's outputs (N, T, C, H, W) for the populations that are modules of it, and for the readout the sum of the model's outputs.

    planes: real values (N, T, C, H, W); driven: (N, T, C, H, W) that populations hand on instead of what they fire; `advance` is called
    after each call of the model. Raises SpikeplaneError, one line, where the model itself cannot run.
    """
    copied = float64_copy(origin.model)
    modules = dict(copied.named_modules())
    inputs = torch.as_tensor(np.ascontiguousarray(planes), dtype=torch.float64).transpose(0, 1)  # (T, N, C, H, W)
    with torch.no_grad(), torch.random.fork_rng(devices=[]):
        runner = _Runner(copied, inputs)
        size = (len(inputs), inputs.shape[1])
        recorders = {p.name: _Recorder(p, modules[p.name], driven.get(p.name)) for p in net.populations if _watched(p, modules)}
        results = runner.run(advance)
    found = {name: recorder.stacked(size, runner.multi) for name, recorder in recorders.items()}
    last = net.population(net.output)
    if last.name not in found and last.neuron is not None and last.neuron.membrane_out:
        found[last.name] = _shaped(last, results, size).cumsum(1)
    return found


def _watched(population: FloatPopulation, modules: dict[str, nn.Module]) -> bool:
    """A neuron, or a pooling that became neurons; a readout without neurons may bear the name of the layer in front of it."""
    if population.neuron is None or population.name not in modules:
        return False
    return not population.neuron.membrane_out or _membrane(modules[population.name]) is not None


def _membrane(module: nn.Module) -> Any:
    return getattr(module, "mem", getattr(module, "v", None))


class _Recorder:
    """Keeps what one module puts out; a clone, because models add to their neurons' outputs in place."""

    def __init__(self, population: FloatPopulation, module: nn.Module, driven: Tensor | None) -> None:
        self.population, self.outputs, self.driven = population, [], driven
        module.register_forward_hook(self._keep)

    def _keep(self, module: nn.Module, _: Any, output: Any) -> Any:
        assert self.population.neuron is not None
        value = output[0] if isinstance(output, tuple) else output
        if self.population.neuron.membrane_out:
            value = _membrane(module)
            self.outputs.append(value.detach().clone())
        else:
            self.outputs.append(value.detach().to(torch.float32, copy=True))
        if self.driven is None:
            return output
        steps = self.driven.transpose(0, 1)
        if value.numel() != steps.numel():  # one step of them
            steps = steps[len(self.outputs) - 1]
        instead = steps.to(value.dtype).reshape(value.shape)
        return (instead, *output[1:]) if isinstance(output, tuple) else instead

    def stacked(self, size: tuple[int, int], multi: bool) -> Tensor:
        steps = size[0]
        if len(self.outputs) != (1 if multi else steps):
            raise SpikeplaneError(
                f"layer '{self.population.name}' ran {len(self.outputs)} times for {1 if multi else steps} calls of the model; "
                "call it once a step, or compile with --no-proof (proof=False)"
            )
        return _shaped(self.population, self.outputs[0] if multi else torch.stack(self.outputs), size)


def _shaped(population: FloatPopulation, values: Tensor, size: tuple[int, int]) -> Tensor:
    """(T, N, ...) as (N, T, C, H, W)."""
    if values.numel() != size[0] * size[1] * int(np.prod(population.shape)):
        expected = "x".join(str(n) for n in population.shape)
        raise SpikeplaneError(
            f"layer '{population.name}' puts out {'x'.join(str(n) for n in values.shape[2:])} in the model and {expected} as imported; "
            "please report it with the model, or compile with --no-proof (proof=False)"
        )
    return values.reshape(*size, *population.shape).transpose(0, 1)


class _Rows(Exception):
    """A fully connected layer gets pixels: the model takes rows."""


class _Runner:
    """Calls the model as its user would."""

    def __init__(self, model: nn.Module, inputs: Tensor) -> None:
        self.model = model
        self.multi = any(getattr(m, "step_mode", "s") == "m" and _membrane(m) is not None for m in model.modules())
        self.inputs = self._laid_out(inputs)

    def run(self, advance: Callable[[], None]) -> Tensor:
        """The model's first output, (T, N, ...)."""
        if self.multi:
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
        """What forward takes behind the input before the first step: 0, or nothing where it has a default."""
        parameters = list(inspect.signature(self.model.forward).parameters.values())[1:]
        return [
            torch.zeros((), dtype=torch.float64) if p.default is p.empty else p.default
            for p in parameters
            if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)
        ]

    def _next(self, states: list[Any], result: Any) -> list[Any]:
        returned = list(result[1:]) if isinstance(result, tuple | list) else []
        if states and len(returned) == len(states):
            return returned
        if any(state is not None for state in states):
            raise SpikeplaneError(
                f"the model's forward takes {len(states)} states behind its input and returns {len(returned)}; return them all, in the "
                "same order, or compile with --no-proof (proof=False)"
            )
        return states

    def _laid_out(self, inputs: Tensor) -> Tensor:
        """The inputs in the shape that the model takes: as they are, or as rows."""
        rows = inputs.flatten(2)
        hooks = [m.register_forward_pre_hook(self._check) for m in self.model.modules() if isinstance(m, nn.Linear)]
        try:
            if self._runs(inputs) is None:
                return inputs
        finally:
            for hook in hooks:
                hook.remove()
        if self._runs(rows) is None:
            return rows
        shape = "x".join(str(n) for n in inputs.shape[2:])
        raise SpikeplaneError(
            f"the model itself does not run on inputs of {shape} ({self._runs(inputs) or 'a fully connected layer gets pixels'}); "
            "check input_shape, or compile with --no-proof (proof=False)"
        )

    def _check(self, _: nn.Module, arguments: tuple) -> None:
        if arguments[0].dim() != (3 if self.multi else 2):
            raise _Rows

    def _runs(self, inputs: Tensor) -> str | None:
        """What is wrong with a first step of these inputs; None if nothing is. The state is at rest again afterwards."""
        try:
            self.model(inputs[:1] if self.multi else inputs[0], *([] if self.multi else self._states()))
        except _Rows:
            return "a fully connected layer gets pixels"
        except Exception as error:
            return f"{type(error).__name__}: {' '.join(str(error).split())[:120]}"
        finally:
            for part in self.model.modules():
                rest(part)
        return None


def _first(result: Any) -> Tensor:
    while isinstance(result, tuple | list):
        result = result[0]
    return result
