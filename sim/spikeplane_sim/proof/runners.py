"""How a PyTorch model is called, step by step or once: in which shape it takes its inputs, and the states
that it hands on."""

import inspect
from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from spikeplane.errors import SpikeplaneError
from spikeplane.float_network import Called
from spikeplane_sim.proof.called import first_of, handed, parts_of
from spikeplane_sim.proof.copies import float64_copy, known
from spikeplane_sim.proof.precision import doubled

Tensor = torch.Tensor
#: Layers that take (N, C, L).
_LINES = (nn.Conv1d, nn.ConvTranspose1d, nn.AvgPool1d, nn.MaxPool1d, nn.AdaptiveAvgPool1d)


class Runner:
    """Calls a model as its user would."""

    def __init__(self, model: nn.Module, inputs: Tensor) -> None:
        self.model, self.inputs = model, inputs

    def run(self, advance: Callable[[], None]) -> Tensor:
        """The model's first output, (T, N, ...)."""
        with doubled(), known(self.model):
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


class Whole:
    """Calls a model once, for all steps."""

    def __init__(self, model: nn.Module, inputs: Tensor, called: Called) -> None:
        self.model, self.inputs, self.called = model, inputs, called

    def run(self, advance: Callable[[], None]) -> Tensor:
        """The model's first output, as it is."""
        try:
            with doubled(), known(self.model):
                result = first_of(
                    self.model(handed(self.called, self.inputs)),
                    len(self.inputs) if self.called.returned == "steps" else 1,
                )
        except Exception as error:
            raise SpikeplaneError(
                f"the model itself does not run ({type(error).__name__}: "
                f"{' '.join(str(error).split())[:120]}); compile with --no-proof (proof=False) to leave it out"
            ) from None
        advance()
        return result


class _Rows(Exception):
    """A fully connected layer gets pixels: the model takes rows."""


def laid_out(model: nn.Module, inputs: Tensor, few: int = 2) -> Tensor:
    """The inputs (T, N, C, H, W) in the shape that the model takes: as they are, as lines (T, N, C, W)
    where one of its layers is for lines, or as rows; `few`: the samples that it is tried with. Raises
    SpikeplaneError if it takes none."""
    wrong = _fails(model, inputs, few)
    if wrong is None:
        return inputs
    if inputs.shape[3] == 1 and any(isinstance(m, _LINES) for m in model.modules()):
        lines = inputs.squeeze(3)
        if (wrong := _fails(model, lines, few)) is None:
            return lines
    rows = inputs.flatten(2)
    if _fails(model, rows, few) is None:
        return rows
    if inputs.shape[3] == 1 and _fails(model, inputs.squeeze(3), few) is None:
        return inputs.squeeze(3)
    shape = "x".join(str(n) for n in inputs.shape[2:])
    raise SpikeplaneError(
        f"the model itself does not run on inputs of {shape} ({wrong}); check input_shape, or "
        "compile with --no-proof (proof=False)"
    )


def _fails(model: nn.Module, inputs: Tensor, few: int) -> str | None:
    """What is wrong with a first step of these inputs in a copy, or with all where it takes no fewer; None if nothing
    is."""
    wrong = _fails_on(model, inputs[: _least_steps(model), :few])
    if wrong is not None and _several_steps(model) and _fails_on(model, inputs[:, :few]) is None:
        return None
    return wrong


def _fails_on(model: nn.Module, inputs: Tensor) -> str | None:
    """What is wrong with these inputs in a copy; None if nothing is."""

    def check(_: nn.Module, arguments: tuple) -> None:
        if arguments and arguments[0].dim() > 3:
            raise _Rows

    copied = float64_copy(model)
    for module in copied.modules():
        if isinstance(module, nn.Linear):
            module.register_forward_pre_hook(check)
    try:
        Runner(copied, inputs).run(lambda: None)
    except _Rows:
        return "a fully connected layer gets pixels"
    except SpikeplaneError:
        return None  # told when it runs in earnest
    except Exception as error:
        return f"{type(error).__name__}: {' '.join(str(error).split())[:120]}"
    return None


def _least_steps(model: nn.Module) -> int:
    """Steps of the shortest run: those that SpikingJelly's PSN mixes, or one."""
    return max((n for m in model.modules() if isinstance(n := getattr(m, "T", 1), int)), default=1)


def _several_steps(model: nn.Module) -> bool:
    """Whether it takes all steps in one call: SpikingJelly's step mode "m"."""
    for module in model.modules():
        supported: Any = getattr(module, "supported_step_mode", tuple)
        if getattr(module, "step_mode", None) == "m" or tuple(supported()) == ("m",):
            return True
    return False


def _first(result: Any) -> Tensor:
    while not isinstance(result, Tensor):
        result = parts_of(result)[0]
    return result
