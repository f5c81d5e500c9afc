"""A user's file: loaded, its function called, with stand-ins for what it imports and is not there."""

import importlib.util
import inspect
import os
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from spikeplane.errors import SpikeplaneError
from spikeplane.extras import missing_extra
from spikeplane.float_network import Assumption
from spikeplane.importers.published import axes, detection, vision
from spikeplane.importers.published.names import broken_of, found
from spikeplane.importers.published.optimisers import verbose_ignored
from spikeplane.importers.published.spiking import options_ignored, steps_looped

__all__ = ["call", "told"]
_REGISTERED = (axes, detection, vision)  #: importing them fills the table of names.py
#: By a word of the error the options that a library has no more.
_IGNORED = {"backend": options_ignored, "'verbose'": verbose_ignored}


def call(reference: str) -> tuple[Any, list[str]]:
    """What `file.py:function` returns, and the names of modules that stood in for missing ones. Raises
    SpikeplaneError, one line, with the line of the file that failed."""
    path, _, name = reference.rpartition(":")
    if not Path(path).is_file():
        raise SpikeplaneError(f"model: no file {path}")
    folder = os.path.dirname(os.path.realpath(path))
    ignored: list[Callable[[list[str]], AbstractContextManager[None]]] = []
    instead: tuple[str, ...] = ()
    while True:
        used: list[str] = []
        try:
            with _beside(folder), found(used, instead), ExitStack() as stack:
                for without in ignored:
                    stack.enter_context(without(used))
                return _made(path, name, used), used
        except SpikeplaneError:
            raise
        except Exception as error:
            broken = broken_of(error)
            without = next((each for word, each in _IGNORED.items() if word in str(error)), None)
            if without and without not in ignored and isinstance(error, TypeError | AttributeError):
                ignored.append(without)
            elif broken and broken not in instead:
                instead = (*instead, broken)
            else:
                raise _failed(reference, folder, error) from None


def _made(path: str, name: str, used: list[str]) -> Any:
    """What the function of the file returns."""
    function = _function(path, name)
    steps_looped(used)
    made = function()
    steps_looped(used)  # what it imported itself
    return made


def told(used: list[str]) -> tuple[Assumption, ...]:
    """The row of the table of assumptions that names the stand-ins; none if none were used."""
    kept = [name for name in used if not any(other.startswith(f"{name}.") for other in used)]
    if not kept:
        return ()
    why = "not installed as the file wants them; names of the same meaning stood in for them while the file was loaded"
    return (Assumption(layer="", what="stand-ins", value=", ".join(sorted(kept)), why=why),)


def _function(path: str, name: str) -> Any:
    """The function of the loaded file."""
    spec = importlib.util.spec_from_file_location(Path(path).stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    with _known(module):
        spec.loader.exec_module(module)
    function = getattr(module, name, None)
    if function is None:
        known = [
            n for n, f in inspect.getmembers(module, inspect.isfunction) if f.__module__ == module.__name__
        ]
        raise SpikeplaneError(f"{path} has no function '{name}'; it has {', '.join(known) or 'none'}")
    if wanted := _wanted(function):
        raise SpikeplaneError(
            f"{path}: '{name}' takes {', '.join(wanted)}, and is called with nothing; give default values, or name "
            "a function that returns the model"
        )
    return function


def _wanted(function: Any) -> list[str]:
    """The arguments that a function has to be given."""
    try:
        arguments = inspect.signature(function, follow_wrapped=False).parameters.values()
    except (TypeError, ValueError):  # no function, or one that does not say
        return []
    return [
        a.name for a in arguments if a.default is a.empty and a.kind not in (a.VAR_POSITIONAL, a.VAR_KEYWORD)
    ]


@contextmanager
def _known(module: ModuleType) -> Iterator[None]:
    """The module is in sys.modules while it is executed, as dataclasses want it."""
    before = sys.modules.get(module.__name__)
    sys.modules.setdefault(module.__name__, module)
    try:
        yield
    finally:
        if before is None:
            sys.modules.pop(module.__name__, None)


@contextmanager
def _beside(folder: str) -> Iterator[None]:
    """The file's neighbours can be imported; behind, others of their names can be."""
    before = set(sys.modules)
    sys.path.insert(0, folder)
    try:
        yield
    finally:
        sys.path.remove(folder)
        for name in [n for n in sys.modules if n not in before]:
            if str(getattr(sys.modules[name], "__file__", None)).startswith(folder + os.sep):
                del sys.modules[name]


def _failed(reference: str, folder: str, error: Exception) -> SpikeplaneError:
    """The error in one line, with the line of the user's files that it came through last."""
    if isinstance(error, ModuleNotFoundError) and (missing := missing_extra(error.name or "")):
        return SpikeplaneError(f"{reference}: {missing}")
    frames = [
        f
        for f in traceback.extract_tb(error.__traceback__)
        if os.path.realpath(f.filename).startswith(folder)
    ]
    said = " ".join(str(error).split())
    where = ""
    if isinstance(error, SyntaxError) and error.filename:
        where, said = f" ({os.path.basename(error.filename)}, line {error.lineno})", str(error.msg)
    elif frames:
        last = frames[-1]
        where = f" ({os.path.relpath(last.filename, folder)}, line {last.lineno}: {(last.line or '').strip()[:80]})"
    return SpikeplaneError(f"{reference} failed: {type(error).__name__}: {said}{where}")
