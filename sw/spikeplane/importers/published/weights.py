"""A checkpoint's numbers into a model: tensors only, never code."""

import copy
from pathlib import Path
from typing import Any

from spikeplane.errors import SpikeplaneError
from spikeplane.float_network import Assumption

#: Under which names checkpoints keep the weights.
_WITHIN = ("state_dict", "model_state_dict", "model", "net", "module", "network", "weights", "params")
#: What wrappers put in front of every name: DataParallel, torch.compile, and the names above.
_PREFIXES = ("module.", "_orig_mod.", "model.", "net.", "network.")
#: Ends of names that are states, not weights: membranes, counters.
_STATES = (".mem", ".spk", ".syn", ".v", ".v_seq", ".num_batches_tracked", ".total_ops", ".total_params")


def loaded(model: Any, path: str | Path) -> tuple[Any, Assumption]:
    """A copy of the model with the weights of a file, and the row that says so. Raises SpikeplaneError, one
    line, for files that hold more than tensors and for weights that are not this model's."""
    import torch

    if not isinstance(model, torch.nn.Module):
        raise SpikeplaneError(
            f"weights are for PyTorch modules, not a {type(model).__name__}; leave them out"
        )
    path = Path(path)
    if not path.is_file():
        raise SpikeplaneError(f"weights: no file {path}")
    weights, within = _weights(_read(path), path)
    wanted = model.state_dict()
    weights, prefix = _named(weights, wanted)
    ignored = _check(path, weights, wanted)
    try:
        model = copy.deepcopy(model)
        model.load_state_dict({n: t for n, t in weights.items() if n in wanted}, strict=False)
    except Exception as error:
        raise SpikeplaneError(
            f"{path} does not load into the model ({type(error).__name__}: {' '.join(str(error).split())[:120]}); "
            "load it in the function, or give the checkpoint of this model"
        ) from None
    parts = [f"in '{within}'"] if within else []
    parts += [f"'{prefix}' taken off the names"] if prefix else []
    parts += [f"{len(ignored)} states left out ({ignored[0]})"] if ignored else []
    return model, Assumption(layer="", what="weights", value=path.name, why="; ".join(parts) or "given")


def _read(path: Path) -> Any:
    """What the file holds."""
    import torch

    if path.suffix == ".safetensors":
        try:
            from safetensors.torch import load_file  # pyright: ignore[reportMissingImports]
        except ImportError:
            raise SpikeplaneError(
                f"{path} needs the package safetensors; install it, or save the weights with torch.save"
            ) from None
        try:
            return load_file(str(path))
        except Exception as error:
            raise _damaged(path, error) from None
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        with path.open("rb") as file:
            known = file.read(2) in (b"PK", b"\x80\x02")  # what torch.save writes
        if known and "weights_only" in str(error):
            raise SpikeplaneError(
                f"{path} holds more than weights (objects, which are code); save torch.save(model.state_dict(), "
                f"'{path.name}') and give that"
            ) from None
        raise _damaged(path, error) from None


def _damaged(path: Path, error: Exception) -> SpikeplaneError:
    reason = " ".join(str(error).split())[:100]
    return SpikeplaneError(
        f"{path} is no file of weights ({type(error).__name__}: {reason}); save it with torch.save(model.state_dict(), ...)"
    )


def _weights(held: Any, path: Path) -> tuple[dict[str, Any], str]:
    """The dictionary of tensors, and under which name it was."""
    import torch

    def tensors(thing: Any) -> bool:
        return isinstance(thing, dict) and any(isinstance(v, torch.Tensor) for v in thing.values())

    inside = [n for n in _WITHIN if isinstance(held, dict) and tensors(held.get(n))]
    if inside:
        return {str(n): t for n, t in held[inside[0]].items() if isinstance(t, torch.Tensor)}, inside[0]
    if tensors(held):
        return {str(n): t for n, t in held.items() if isinstance(t, torch.Tensor)}, ""
    what = (
        f"a dictionary of {', '.join(map(str, list(held)[:5])) or 'nothing'}"
        if isinstance(held, dict)
        else f"a {type(held).__name__}"
    )
    raise SpikeplaneError(
        f"{path} holds {what}; expected weights by name: model.state_dict(), or a dictionary with it under "
        f"'{_WITHIN[0]}' or '{_WITHIN[2]}'"
    )


def _named(weights: dict[str, Any], wanted: dict[str, Any]) -> tuple[dict[str, Any], str]:
    """The weights by the model's names, and what was taken off in front."""
    taken = ""
    for _ in _PREFIXES:
        prefix = next((p for p in _PREFIXES if weights and all(n.startswith(p) for n in weights)), None)
        if prefix is None or any(n in wanted for n in weights):
            break
        weights = {n.removeprefix(prefix): t for n, t in weights.items()}
        taken += prefix
    return weights, taken


def _check(path: Path, weights: dict[str, Any], wanted: dict[str, Any]) -> list[str]:
    """Raise SpikeplaneError unless the names and shapes are the model's; the names of states besides."""
    missing = [n for n in wanted if n not in weights and not n.endswith(_STATES)]
    others = [n for n in weights if n not in wanted]
    states = [n for n in others if n.endswith(_STATES)]
    unexpected = [n for n in others if n not in states]
    shaped = [n for n in wanted if n in weights and wanted[n].shape != weights[n].shape]
    states += [n for n in shaped if n.endswith(_STATES)]
    shaped = [n for n in shaped if n not in states]
    if missing and unexpected:
        raise SpikeplaneError(
            f"{path} is of another model: it lacks {_some(missing)} and has {_some(unexpected)}; make the model as it "
            "was trained, or give its checkpoint"
        )
    if missing:
        raise SpikeplaneError(
            f"{path} lacks {_some(missing)} of the model; give the checkpoint of the whole model, or make the "
            "model without them"
        )
    if unexpected:
        raise SpikeplaneError(
            f"{path} has {_some(unexpected)}, which the model has not; make the model as it was trained"
        )
    if shaped:
        name = shaped[0]
        theirs, ours = ("x".join(map(str, t.shape)) or "one number" for t in (weights[name], wanted[name]))
        more = f" ({len(shaped) - 1} more)" if len(shaped) > 1 else ""
        raise SpikeplaneError(
            f"{path}: '{name}' is {theirs} there and {ours} in the model{more}; make the model of the trained sizes"
        )
    for name in states:
        weights.pop(name)
    return states


def _some(names: list[str]) -> str:
    """A few of the names."""
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(f"'{n}'" for n in names[:3]) + more
