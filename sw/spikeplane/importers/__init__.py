"""From trained models to the float network: NIR graphs, SpikingJelly and snnTorch modules."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from spikeplane.errors import SpikeplaneError
from spikeplane.float_network import FloatNetwork, Origin
from spikeplane.importers.published.load import call, told
from spikeplane.importers.published.weights import loaded
from spikeplane.importers.registry import Call, Outputs, State, register

__all__ = ["Call", "Outputs", "State", "import_model", "register"]

RESETS = ("hard", "soft", "none", "delayed")


def import_model(
    model: Any,
    *,
    input_shape: Any = None,
    dt: float | None = None,
    reset: str | None = None,
    compare: str | None = None,
    if_gain: str | None = None,
    discretisation: str | None = None,
    read_out: str | None = None,
    input_bits: int | None = None,
    input_steps: bool = False,
    weights: str | Path | None = None,
) -> FloatNetwork:
    """The float network of a model.

    model           the path of a `.nir` file, `file.py:function` (a function without arguments that returns
                    a module, a NIR graph, or either with its input shape), a NIR graph, or a PyTorch
                    module of SpikingJelly or snnTorch layers; `.spt`, what `spikeplane train` has written
    input_shape     (C, H, W), where the model does not say; of several inputs a mapping by name
    dt              seconds of a step, for NIR
    reset           "hard", "soft", "none", or "delayed": a subtraction that snnTorch does one step later,
                    undecayed; in the place of what the model says
    compare         ">=" or ">", likewise
    if_gain         what an IF node of NIR integrates: "step" r * I, "dt" r * I * dt
    discretisation  how leaks of NIR become steps: "euler" (where None) or "exponential"
    read_out        of NIR's outputs the one that is read out; the first where None
    input_bits      bits of an input value, None where unknown
    input_steps     whether samples have steps of their own (events, planes, frames): of a forward that takes images
                    as well the one, or the other, is what is imported and proved
    weights         a checkpoint for a PyTorch module, by torch.save or safetensors: tensors only

    Raises SpikeplaneError, one line.
    """
    if reset not in (None, *RESETS):
        raise SpikeplaneError(f"reset must be hard, soft, none or delayed, not '{reset}'")
    if if_gain not in (None, "step", "dt"):
        raise SpikeplaneError(f"if_gain must be step or dt, not '{if_gain}'")
    if discretisation not in (None, "euler", "exponential"):
        raise SpikeplaneError(f"discretisation must be euler or exponential, not '{discretisation}'")
    if compare not in (None, ">=", ">"):
        raise SpikeplaneError(f"compare must be '>=' or '>', not '{compare}'")
    used: list[str] = []
    if isinstance(model, str | Path):
        model = str(model)
        if ".py:" in model:
            model, used = call(model)
            if isinstance(model, tuple) and len(model) == 2:
                model, shape = model
                input_shape = shape if input_shape is None else input_shape
        elif model.endswith(".nir"):
            from spikeplane.importers.nir_file import read_nir

            model = read_nir(model)
        elif model.endswith(".spt"):
            from spikeplane.train.file import Training
            from spikeplane.train.imported import float_network

            return float_network(Training.load(model).trained())
        else:
            raise SpikeplaneError(f"a model is a .nir file or file.py:function, not '{model}'")
    notes = told(used)
    if weights is not None:
        model, note = loaded(model, weights)
        notes = (*notes, note)
    if isinstance(input_shape, Mapping):
        input_shape = {str(name): _shape(shape) for name, shape in input_shape.items()}
    elif input_shape is not None:
        input_shape = _shape(input_shape)
    if type(model).__name__ == "NIRGraph":
        from spikeplane.importers.nir_cycles import laid_open
        from spikeplane.importers.nir_graph import import_nir

        model = laid_open(model)
        decisions = {"dt": dt, "reset": reset, "compare": compare}
        decisions |= {"if_gain": if_gain, "discretisation": discretisation, "read_out": read_out}
        net = import_nir(model, input_shape=input_shape, **decisions)
        return replace(net, origin=Origin(kind="nir", model=model, decisions=decisions))
    if any(kind.__module__.startswith("torch.") for kind in type(model).__mro__):
        from spikeplane.importers.torch_modules import import_torch
        from spikeplane.importers.torch_places import located, note_places
        from spikeplane.importers.wrappers import unwrapped

        model, taken_off = unwrapped(model)
        note_places(model)
        try:
            asked = {"reset": reset, "compare": compare, "input_bits": input_bits, "input_steps": input_steps}
            traced = import_torch(model, input_shape, **asked)
        except SpikeplaneError as error:
            raise located(model, error) from None
        decisions = {"reset": reset, "compare": compare}
        how = {"called": traced.called, "places": traced.places, "samples_first": traced.samples_first}
        origin = Origin(kind="torch", model=model, decisions=decisions, **how)
        net = traced.net
        return replace(net, assumptions=(*notes, *taken_off, *net.assumptions), origin=origin)
    raise SpikeplaneError(f"a model is a NIR graph or a PyTorch module, not a {type(model).__name__}")


def _shape(shape: Any) -> tuple[int, int, int]:
    numbers = list(shape) if isinstance(shape, tuple | list) else []
    if len(numbers) != 3 or not all(type(n) is int and n > 0 for n in numbers):
        raise SpikeplaneError(f"input_shape must be (channels, height, width) of 1 or more, not {shape!r}")
    return numbers[0], numbers[1], numbers[2]
