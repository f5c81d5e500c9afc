"""A PyTorch model run as it is, its neurons' outputs recorded: what each SpikingJelly or snnTorch
neuron fires at every step.

The model is called once a step with (N, C, H, W), or (N, features) if it starts with a fully
connected layer; with (T, N, ...) in one call if its SpikingJelly neurons are in step mode "m".
States that its forward takes behind the input are those that the call before returned.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import nn

from spikeplane.errors import SpikeplaneError
from spikeplane.float_network import FloatNetwork, FloatPopulation, Origin
from spikeplane_sim.proof.as_one import as_one
from spikeplane_sim.proof.batches import in_batches
from spikeplane_sim.proof.called import as_steps
from spikeplane_sim.proof.copies import float64_copy
from spikeplane_sim.proof.folded import apart, one_by_one, steps_of, together
from spikeplane_sim.proof.runners import Runner, Whole, laid_out

Tensor = torch.Tensor
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
    readout the sum of the model's outputs, or its spikes.

    planes: by input real values (N, T, C, H, W); driven: (N, T, C, H, W) that populations hand on instead of
    what they fire; `advance` is called after each call of the model. Raises SpikeplaneError, one
    line, where the model itself cannot run.
    """

    if steps_of(net) > 1:
        return _folded(net, origin, planes, driven, advance)

    def run(some: dict[str, np.ndarray], instead: dict[str, Tensor]) -> dict[str, Tensor]:
        return _run(net, origin, some, instead, advance)

    return in_batches(run, planes, driven, origin.called.batch if origin.called else None)


def _folded(
    net: FloatNetwork,
    origin: Origin,
    planes: dict[str, np.ndarray],
    driven: dict[str, Tensor],
    advance: Callable[[], None],
) -> dict[str, Tensor]:
    """As `run_torch`, of a network whose steps are channels."""
    samples, steps = next(iter(planes.values())).shape[:2]
    given = {name: one_by_one(net, name, torch.as_tensor(v)).numpy() for name, v in planes.items()}
    instead = {name: one_by_one(net, name, v) for name, v in driven.items()}
    found = run_torch(apart(net), origin, given, instead, advance)
    modules = {name for name, _ in origin.model.named_modules()}
    return together(net, found, modules, (samples, steps))


def _run(
    net: FloatNetwork,
    origin: Origin,
    planes: dict[str, np.ndarray],
    driven: dict[str, Tensor],
    advance: Callable[[], None],
) -> dict[str, Tensor]:
    """As `run_torch`, all samples at once."""
    origin, values = as_one(net, origin, planes)
    model = (
        origin.model
        if any(name in {p.name for p in net.populations} for name, _ in origin.model.named_modules())
        else nn.Sequential(origin.model)
    )
    copied = float64_copy(model)
    modules = dict(copied.named_modules())
    # (T, N, C, H, W)
    inputs = torch.as_tensor(np.ascontiguousarray(values), dtype=torch.float64).transpose(0, 1)
    called = origin.called if origin.called and origin.called.whole else None
    few = (origin.called and origin.called.batch) or 2
    with torch.no_grad(), torch.random.fork_rng(devices=[]):
        runner = Whole(copied, inputs, called) if called else Runner(copied, laid_out(model, inputs, few))
        size = (len(inputs), inputs.shape[1])
        recorders = _recorders(net, origin, modules, driven)
        results = runner.run(advance)
    found = {name: recorder.stacked(size) for name, recorder in recorders.items()}
    last = net.population(net.output)
    if last.name not in found and last.sends_values:
        every = as_steps(called, results, size[0]) if called else results.cumsum(0)
        found[last.name] = _shaped(last, every, size)
    elif last.name not in found and (called is None or called.returned == "steps"):
        # spikes of no module: a gate, a comparison that the forward makes
        every = results if called is None else results.movedim(called.returned_at, 0)
        found[last.name] = _shaped(last, every.to(torch.float32), size)
    return found


def _recorders(
    net: FloatNetwork, origin: Origin, modules: dict[str, nn.Module], driven: dict[str, Tensor]
) -> dict[str, "_Recorder"]:
    """Of every population that is a module, or a module's synaptic current."""
    return {
        p.name: (_SamplesFirst if p.name in origin.samples_first else _Recorder)(
            p, modules[p.name], driven.get(p.name), origin.places.get(p.name)
        )
        for p in net.populations
        if _watched(p, modules)
    } | {
        p.name: _Current(p, *found, origin.places.get(p.name.rpartition(".")[0]))
        for p in net.populations
        if (found := _current(p, modules))
    }


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
        instead = steps.to(value.dtype, copy=True).reshape(value.shape)  # models add to it in place
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


class _SamplesFirst(_Recorder):
    """Of a layer that takes and gives all steps behind the samples, (N, T, ...)."""

    def _kept(self, module: nn.Module, output: Any) -> Any:
        instead = super()._kept(module, output.transpose(0, 1))
        return output if self.driven is None else instead.transpose(0, 1)


class _Current(_Recorder):
    """Keeps a synaptic current behind each step."""

    def __init__(
        self, population: FloatPopulation, module: nn.Module, key: str, places: np.ndarray | None
    ) -> None:
        self.key = key
        super().__init__(population, module, None, places)

    def _kept(self, module: nn.Module, output: Any) -> Any:
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
