"""Modules that stand in for libraries that a published file imports and that are not there.

Only while a user's file loads, and only where the import would fail: the finder comes last. Names that
no network needs (datasets, progress bars) are there to be imported, and say so when they are used.
"""

import importlib
import importlib.abc
import importlib.machinery
import os
import sys
import traceback
from collections.abc import Callable, Iterator, MutableSequence
from contextlib import contextmanager
from types import ModuleType
from typing import Any

from spikeplane.errors import SpikeplaneError

#: Modules with names of their own, and who makes them.
_MADE: dict[str, Callable[[], dict[str, Any]]] = {}
#: Libraries that files import at the top for training, data and figures.
_UNUSED = (
    "timm", "torchvision", "einops", "cupy", "cv2", "PIL", "matplotlib", "seaborn", "pandas", "sklearn", "scipy", "tqdm",
    "wandb", "tensorboardX", "tensorboard", "torchinfo", "torchsummary", "thop", "fvcore", "ptflops", "torchtoolbox",
    "tonic", "yaml", "apex", "visdom", "h5py", "skimage", "imageio", "progress", "prettytable", "termcolor", "colorama",
    "pytorch_lightning", "lightning", "hydra", "omegaconf", "accelerate", "mmcv", "mmengine", "mmseg", "mmdet",
    "simplejson", "iopath", "pytorchvideo",
)  # fmt: skip
_OLD = ("spikingjelly.clock_driven", "spikingjelly.cext")


def stands_in(*names: str) -> Callable[[Callable[[], dict[str, Any]]], Callable[[], dict[str, Any]]]:
    """Register what makes the contents of these modules."""

    def keep(make: Callable[[], dict[str, Any]]) -> Callable[[], dict[str, Any]]:
        for name in names:
            _MADE[name] = make
        return make

    return keep


@contextmanager
def found(used: list[str], instead: tuple[str, ...] = ()) -> Iterator[None]:
    """Missing modules are found inside, and those of the libraries `instead`, which are broken; their names
    are noted in `used`. All is as before behind."""
    finder, first, before = _Finder(used), _Finder(used, instead), dict(sys.modules)
    for name in [n for n in sys.modules if n.partition(".")[0] in instead]:
        del sys.modules[name]
    sys.meta_path.insert(0, first)
    sys.meta_path.append(finder)
    try:
        yield
    finally:
        sys.meta_path.remove(first)
        sys.meta_path.remove(finder)
        for name in [n for n in sys.modules if isinstance(sys.modules[n], _Module)]:
            parent, _, last = name.rpartition(".")
            if parent in sys.modules and vars(sys.modules[parent]).get(last) is sys.modules[name]:
                delattr(sys.modules[parent], last)
            del sys.modules[name]
        for name in [n for n in before if n.partition(".")[0] in instead]:
            sys.modules[name] = before[name]


def broken_of(error: Exception) -> str | None:
    """The library that could not be imported though it is there, because it does not match another one."""
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        parts = frame.filename.replace(os.sep, "/").split("/site-packages/")
        root = parts[-1].partition("/")[0].removesuffix(".py") if len(parts) > 1 else ""
        if root in _UNUSED and frame.name == "<module>":
            return root
    return None


class _Module(ModuleType):
    """A module that stands in: names that it does not have can be imported, not used."""

    __path__: MutableSequence[str] = []  # its submodules are asked for
    __all__: list[str] = []

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if f"{self.__name__}.{name}" in _MADE:
            return importlib.import_module(f"{self.__name__}.{name}")
        value = absent(f"{self.__name__}.{name}")
        setattr(self, name, value)
        return value


class _Names(type):
    """Its classes have every name, as enumerations' defaults want it: `InterpolationMode.BILINEAR`."""

    def __getattr__(cls, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return absent(f"{cls._path}.{name}")


def absent(path: str) -> type:
    """A name that can be imported, inherited from and decorated with, and whose own names can; using it raises
    SpikeplaneError."""

    class Absent(metaclass=_Names):
        """Stands for what is not installed."""

        _path = path

        def __init__(self, *_: Any, **__: Any) -> None:
            raise SpikeplaneError(
                f"{path} is not installed here, and the model uses it; install {path.split('.')[0]}"
            )

        def __init_subclass__(cls) -> None:
            """Classes of the file may inherit from it."""

    Absent.__name__ = path.rpartition(".")[2]
    return Absent


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds what nothing else found."""

    def __init__(self, used: list[str], only: tuple[str, ...] | None = None) -> None:
        self.used, self.only = used, only

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> Any:
        if self.only is not None and fullname.partition(".")[0] not in self.only:
            return None
        inside = (*_UNUSED, *_OLD)
        if fullname not in _MADE and not any(fullname == n or fullname.startswith(f"{n}.") for n in inside):
            return None
        if (
            path is not None
            and fullname not in _MADE
            and not isinstance(sys.modules.get(fullname.rpartition(".")[0]), _Module)
        ):
            return None  # a module that an installed library has not: its own error says so
        return importlib.machinery.ModuleSpec(fullname, self, is_package=True)

    def create_module(self, spec: Any) -> ModuleType:
        return _Module(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        self.used.append(module.__name__)
        for name, value in _MADE.get(module.__name__, dict)().items():
            setattr(module, name, value)
        module.__all__ = [n for n in vars(module) if not n.startswith("_")]  # type: ignore[attr-defined]
