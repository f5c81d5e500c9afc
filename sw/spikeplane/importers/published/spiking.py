"""SpikingJelly's old names: `clock_driven` and `cext` as the layers of `activation_based` in step mode
"m", and options that it has no more (`backend`), ignored.

They fire as they did: the equations have not changed; `backend` chose among kernels of one result.
"""

import functools
import inspect
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from spikeplane.errors import SpikeplaneError
from spikeplane.importers.published.names import stands_in

#: Options of kernels, which change no spike.
_KERNELS = ("backend", "cupy_fp32_inference", "lava_s_cale")


class _Old(type):
    """A class whose objects are those of the class that it stands for, and its own if it is inherited from."""

    def __call__(cls, *arguments: Any, **options: Any) -> Any:
        made = super().__call__(*arguments, **options)
        if cls.__dict__.get("_stands_for"):
            made.__class__ = cls._stands_for  # type: ignore[attr-defined]
        return made

    def __instancecheck__(cls, thing: Any) -> bool:
        kind = cls.__dict__.get("_stands_for")
        return isinstance(thing, kind) if kind else super().__instancecheck__(thing)


def several(kind: type, *, mode: str = "m") -> type:
    """`kind` as its old class: in step mode `mode`, without options of kernels."""
    names = inspect.signature(kind.__init__).parameters

    def __init__(self: Any, *arguments: Any, **options: Any) -> None:
        if arguments[1:] and "decay_input" in names and not isinstance(arguments[1], bool):
            raise SpikeplaneError(
                f"{kind.__name__}: versions of SpikingJelly order its options differently; give them by name"
            )
        for name in (*_KERNELS, "step_mode"):
            options.pop(name, None)
        if isinstance(options.get("surrogate_function"), str):  # cext takes names
            del options["surrogate_function"]
            options.pop("alpha", None)
        kind.__init__(self, *arguments, **options)
        self.step_mode = mode

    meta = type("_Meta", (_Old, type(kind)), {})
    return meta(
        kind.__name__, (kind,), {"__init__": __init__, "_stands_for": kind, "__module__": kind.__module__}
    )


def _neurons(mode: str) -> dict[str, Any]:
    from spikingjelly.activation_based import neuron

    found = {}
    for name, kind in vars(neuron).items():
        if inspect.isclass(kind) and issubclass(kind, neuron.BaseNode) and "__init__" in vars(kind):
            found[name] = several(kind, mode=mode)
    return found


@stands_in("spikingjelly.clock_driven.neuron", "spikingjelly.cext.neuron")
def neuron() -> dict[str, Any]:
    """Neurons of one step, and MultiStep... of all."""
    many = {f"MultiStep{name}": kind for name, kind in _neurons("m").items()}
    return {**_neurons("s"), **many, "surrogate": _surrogate()}


@stands_in("spikingjelly.clock_driven.layer", "spikingjelly.cext.layer")
def layer() -> dict[str, Any]:
    """Layers and containers; MultiStepDropout takes all steps."""
    from spikingjelly.activation_based import layer as now

    containers = ("SeqToANNContainer", "MultiStepContainer")
    kinds = {n: k for n, k in vars(now).items() if inspect.isclass(k) and n not in containers}
    many = {f"MultiStep{n}": several(kinds[n]) for n in ("Dropout", "Dropout2d")}
    return {**kinds, **many, **{n: getattr(now, n) for n in containers}}


@stands_in("spikingjelly.clock_driven.functional")
def functional() -> dict[str, Any]:
    """As today."""
    from spikingjelly.activation_based import functional as now

    return {n: f for n, f in vars(now).items() if callable(f) and not n.startswith("_")}


@stands_in("spikingjelly.clock_driven.surrogate")
def surrogate() -> dict[str, Any]:
    """As today."""
    return {n: c for n, c in vars(_surrogate()).items() if not n.startswith("_")}


@stands_in("spikingjelly.clock_driven.encoding")
def encoding() -> dict[str, Any]:
    """As today."""
    from spikingjelly.activation_based import encoding as now

    return {n: c for n, c in vars(now).items() if inspect.isclass(c)}


@stands_in("spikingjelly.clock_driven", "spikingjelly.cext")
def package() -> dict[str, Any]:
    """Its modules come when they are asked for."""
    return {}


def _surrogate() -> Any:
    from spikingjelly.activation_based import surrogate as now

    return now


@contextmanager
def options_ignored(used: list[str]) -> Iterator[None]:
    """Neurons of `activation_based` take `backend` inside, and `functional` has set_backend, where the
    installed SpikingJelly has neither. Noted in `used` where a file needs it."""
    restore: list[Callable[[], None]] = []
    try:
        from spikingjelly.activation_based import functional as now
        from spikingjelly.activation_based import neuron as nodes
    except ImportError:
        yield
        return
    for kind in {k for k in vars(nodes).values() if inspect.isclass(k) and issubclass(k, nodes.BaseNode)}:
        own = vars(kind).get("__init__")
        if own is not None and "backend" not in inspect.signature(own).parameters:
            kind.__init__ = _without(own, used)  # type: ignore[misc]
            restore.append(functools.partial(setattr, kind, "__init__", own))
    if not hasattr(now, "set_backend"):
        now.set_backend = _nothing(used)  # type: ignore[attr-defined]
        restore.append(functools.partial(delattr, now, "set_backend"))
    try:
        yield
    finally:
        for undo in restore:
            undo()


def steps_looped(used: list[str]) -> None:
    """Give classes of users' files that inherit from SpikingJelly's MemoryModule and have a single_step_forward of
    their own what they inherited before version 2: all steps, one after the other. Noted in `used`."""
    base = sys.modules.get("spikingjelly.activation_based.base")
    whole = getattr(base, "MemoryModule", None)
    if whole is None or not hasattr(whole, "single_step_functional_forward"):
        return
    for kind in _below(whole):
        theirs = kind.__module__.partition(".")[0] != "spikingjelly"
        names = ("multi_step_forward", "single_step_functional_forward", "multi_step_functional_forward")
        if (
            theirs
            and "single_step_forward" in vars(kind)
            and all(getattr(kind, n) is getattr(whole, n) for n in names)
        ):
            kind.multi_step_forward = _looped
            _note(used, "spikingjelly.activation_based.base.MemoryModule.multi_step_forward")


def _below(kind: type) -> Iterator[type]:
    for other in kind.__subclasses__():
        yield other
        yield from _below(other)


def _looped(self: Any, x_seq: Any, *others: Any, **named: Any) -> Any:
    import torch

    return torch.stack([self.single_step_forward(x, *others, **named) for x in x_seq])


def _without(own: Callable[..., None], used: list[str]) -> Callable[..., None]:
    """The method without options of kernels."""

    @functools.wraps(own)
    def __init__(self: Any, *arguments: Any, **options: Any) -> None:
        for name in _KERNELS:
            if name in options and options.pop(name) != "torch":
                _note(used, f"{name} of SpikingJelly's neurons")
        own(self, *arguments, **options)

    return __init__


def _nothing(used: list[str]) -> Callable[..., None]:
    def set_backend(*_: Any, **__: Any) -> None:
        _note(used, "spikingjelly.activation_based.functional.set_backend")

    return set_backend


def _note(used: list[str], what: str) -> None:
    if what not in used:
        used.append(what)
