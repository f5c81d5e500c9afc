"""From trained models to the float network: NIR graphs, SpikingJelly and snnTorch modules."""

import importlib.util
import inspect
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from spikeplane.errors import SpikeplaneError
from spikeplane.extras import missing_extra
from spikeplane.float_network import FloatNetwork, Origin
from spikeplane.importers.registry import Call, Outputs, State, register

__all__ = ["Call", "Outputs", "State", "import_model", "register"]

RESETS = ("hard", "soft", "none", "delayed")


def import_model(
    model: Any,
    *,
    input_shape: tuple[int, int, int] | None = None,
    dt: float | None = None,
    reset: str | None = None,
    compare: str | None = None,
    if_gain: str | None = None,
    discretisation: str | None = None,
    input_bits: int | None = None,
) -> FloatNetwork:
    """The float network of a model.

    model: the path of a `.nir` file, `file.py:function` (a function without arguments that returns
    a module, a NIR graph, or either with its input shape), a NIR graph, or a PyTorch module of
    SpikingJelly or snnTorch layers. reset ("hard", "soft", "none", or "delayed": a subtraction that
    snnTorch does one step later, undecayed) and compare (">=" or ">") override what the model says.
    For NIR: dt in seconds; if_gain, what an IF node integrates: "step" r * I, "dt" r * I * dt;
    discretisation, how leaks become steps: "euler" (where None) or "exponential".
    input_bits: bits of an input value, None where unknown. Raises SpikeplaneError, one line.
    """
    if reset not in (None, *RESETS):
        raise SpikeplaneError(f"reset must be hard, soft, none or delayed, not '{reset}'")
    if if_gain not in (None, "step", "dt"):
        raise SpikeplaneError(f"if_gain must be step or dt, not '{if_gain}'")
    if discretisation not in (None, "euler", "exponential"):
        raise SpikeplaneError(f"discretisation must be euler or exponential, not '{discretisation}'")
    if compare not in (None, ">=", ">"):
        raise SpikeplaneError(f"compare must be '>=' or '>', not '{compare}'")
    if isinstance(model, str | Path):
        model = str(model)
        if ".py:" in model:
            model, shape = _call(model)
            input_shape = shape if input_shape is None else input_shape
        elif model.endswith(".nir"):
            from spikeplane.importers.nir_file import read_nir

            model = read_nir(model)
        else:
            raise SpikeplaneError(f"a model is a .nir file or file.py:function, not '{model}'")
    input_shape = None if input_shape is None else _shape(input_shape)
    if type(model).__name__ == "NIRGraph":
        from spikeplane.importers.nir_cycles import laid_open
        from spikeplane.importers.nir_graph import import_nir

        model = laid_open(model)
        decisions = {"dt": dt, "reset": reset, "compare": compare}
        decisions |= {"if_gain": if_gain, "discretisation": discretisation}
        net = import_nir(model, input_shape=input_shape, **decisions)
        return replace(net, origin=Origin(kind="nir", model=model, decisions=decisions))
    if any(kind.__module__.startswith("torch.") for kind in type(model).__mro__):
        from spikeplane.importers.torch_modules import import_torch

        net = import_torch(model, input_shape, reset=reset, compare=compare, input_bits=input_bits)
        return replace(
            net, origin=Origin(kind="torch", model=model, decisions={"reset": reset, "compare": compare})
        )
    raise SpikeplaneError(f"a model is a NIR graph or a PyTorch module, not a {type(model).__name__}")


def _shape(shape: Any) -> tuple[int, int, int]:
    numbers = list(shape) if isinstance(shape, tuple | list) else []
    if len(numbers) != 3 or not all(type(n) is int and n > 0 for n in numbers):
        raise SpikeplaneError(f"input_shape must be (channels, height, width) of 1 or more, not {shape!r}")
    return numbers[0], numbers[1], numbers[2]


def _call(reference: str) -> tuple[Any, tuple[int, int, int] | None]:
    """Load file.py and call its function."""
    path, _, name = reference.rpartition(":")
    if not Path(path).is_file():
        raise SpikeplaneError(f"model: no file {path}")
    spec = importlib.util.spec_from_file_location(Path(path).stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.path.insert(0, os.path.dirname(os.path.realpath(path)))
    try:
        spec.loader.exec_module(module)
        function = getattr(module, name, None)
        if function is None:
            known = [
                n
                for n, f in inspect.getmembers(module, inspect.isfunction)
                if f.__module__ == module.__name__
            ]
            raise SpikeplaneError(f"{path} has no function '{name}'; it has {', '.join(known) or 'none'}")
        result = function()
    except SpikeplaneError:
        raise
    except Exception as error:
        if isinstance(error, ModuleNotFoundError) and (missing := missing_extra(error.name or "")):
            raise SpikeplaneError(f"{reference}: {missing}") from None
        raise SpikeplaneError(
            f"{reference} failed: {type(error).__name__}: {' '.join(str(error).split())}"
        ) from None
    finally:
        sys.path.pop(0)
    if isinstance(result, tuple) and len(result) == 2:
        return result[0], result[1]
    return result, None
