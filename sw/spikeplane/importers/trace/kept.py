"""Tensors that a forward keeps as attributes: no next call may read them."""

from typing import Any

import torch
from torch.utils import _pytree as pytree

from spikeplane.importers.torch_places import Key


def held(model: Any, layers: dict[str, Any]) -> dict[Key, list[Any]]:
    """What attributes of the model hold, but for those of `layers`: tensors and nothing, also in lists and the
    like. Not the memories of modules that take all steps at once: a reset between samples empties them."""
    found = {}
    for path, module in model.named_modules():
        if any(path == layer or path.startswith(f"{layer}.") for layer in layers):
            continue
        for key, value in vars(module).items():
            plain = value is None or isinstance(value, torch.Tensor | list | tuple | dict)
            memory = key == "_memories" and getattr(module, "step_mode", None) == "m"
            if plain and not memory and not (key.startswith("_") and key in vars(torch.nn.Module())):
                found[path, key] = pytree.tree_leaves(value)
    return found


def kept(before: dict[Key, list[Any]], after: dict[Key, list[Any]]) -> list[Key]:
    """The attributes in which a forward left other tensors than were there."""
    return [
        key
        for key, leaves in after.items()
        if any(isinstance(leaf, torch.Tensor) for leaf in leaves) and not _same(leaves, before.get(key, []))
    ]


def _same(some: list[Any], others: list[Any]) -> bool:
    return len(some) == len(others) and all(a is b for a, b in zip(some, others, strict=True))


def planted(model: Any, called: Any, keys: list[Key]) -> dict[int, Key]:
    """`model` with tensors in the place of those that `called` has kept; by id whose each is."""
    found: dict[int, Key] = {}

    def plant(key: Key, thing: Any) -> Any:
        if not isinstance(thing, torch.Tensor):
            return thing
        tensor = torch.zeros(tuple(thing.shape), dtype=thing.dtype)
        found[id(tensor)] = key
        return tensor

    for path, name in keys:
        value = vars(called.get_submodule(path))[name]
        vars(model.get_submodule(path))[name] = pytree.tree_map(lambda t, k=(path, name): plant(k, t), value)
    return found
