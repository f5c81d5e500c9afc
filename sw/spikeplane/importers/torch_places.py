"""Where a model's source mentions its layers: `file:line` of the first use in the forward of the class that has
it, or of its making in `__init__`."""

import inspect
import re
from pathlib import Path
from typing import Any

from spikeplane.errors import SpikeplaneError
from spikeplane.explain import note_place

Key = tuple[str, str]  #: a module's path, and the name of an attribute


def note_places(model: Any) -> None:
    """Notes the place of every layer of a module, as far as its source is there."""
    sources: dict[type, tuple[str, list[tuple[int, str]]] | None] = {}
    for path, _ in model.named_modules():
        if path:
            note_place(path, _place(model, path, sources))


def located(model: Any, error: SpikeplaneError) -> SpikeplaneError:
    """The error with the line where the model's source mentions the layer that it names; as it is where it has a
    line, and where no file of the user's does."""
    named = re.search(r"\blayer '([^']+)'", str(error))
    if re.match(r"\S+\.py:\d+: ", str(error)) or not named or named[1] not in dict(model.named_modules()):
        return error
    where = _place(model, named[1], {})
    return SpikeplaneError(f"{where}: {error}") if where else error


def _place(model: Any, path: str, sources: dict[type, tuple[str, list[tuple[int, str]]] | None]) -> str:
    """Of the innermost class of the user's that the layer is inside of."""
    parts = path.split(".")
    for depth in range(len(parts) - 1, -1, -1):
        owner = model.get_submodule(".".join(parts[:depth]))
        kind = type(owner)
        if kind.__module__.startswith(("torch.", "spikingjelly.", "snntorch.")):
            continue
        if kind not in sources:
            sources[kind] = _source(kind)
        found = sources[kind]
        if found is not None:
            word = re.compile(rf"\bself\.{re.escape(parts[depth])}\b")
            numbers = [number for number, text in found[1] if word.search(text)]
            if numbers:
                return f"{found[0]}:{numbers[0]}"
    return ""


def _source(kind: type) -> tuple[str, list[tuple[int, str]]] | None:
    """The file's name, and the numbered lines of forward, then those of __init__."""
    numbered: list[tuple[int, str]] = []
    name = ""
    for method in ("forward", "__init__"):
        function = getattr(kind, method, None)
        try:
            text, first = inspect.getsourcelines(function)  # type: ignore[arg-type]
            name = name or Path(inspect.getsourcefile(function) or "").name  # type: ignore[arg-type]
        except (OSError, TypeError):
            continue
        numbered += [(first + i, line) for i, line in enumerate(text)]
    return (name, numbered) if numbered else None


def _line(module: Any, name: str) -> str:
    """`model.py:12`, where the class's forward first says `self.name`; "" where it does not, or has no source."""
    found = _source(type(module))
    word = re.compile(rf"\bself\.{re.escape(name)}\b")
    numbers = [number for number, text in found[1] if word.search(text)] if found else []
    return f"{found[0]}:{numbers[0]}" if found and numbers else ""


def keeps(model: Any, key: Key) -> SpikeplaneError:
    """The error for an attribute that the next call of the forward reads."""
    path, name = key
    where = _line(model.get_submodule(path), name)
    owner = f" of layer '{path}'" if path else ""
    return SpikeplaneError(
        f"{where and where + ': '}the model's forward keeps '{name}'{owner} from call to call; take it as an argument "
        "and return it, or let the layer keep it (init_hidden=True)"
    )
