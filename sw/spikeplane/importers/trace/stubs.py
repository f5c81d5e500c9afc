"""Layers with a state as one opaque operator each, so that a trace shows what goes in and comes out
and not how a neuron computes it.

A stub is the layer's own class with another forward: it asks a copy of the layer what comes out for
such an input, hands on the states that it is handed, and notes where the model starts them anew.
"""

import copy
import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch

from spikeplane.errors import SpikeplaneError
from spikeplane.importers import torch_layers
from spikeplane.importers.registry import handler_of, is_cell, is_own, is_strange, mixes_steps
from spikeplane.importers.torch_trace import unknown
from spikeplane.importers.trace.settled import changed
from spikeplane.importers.trace.tracing import mark

#: The frameworks' names of what a neuron keeps.
STATES = ("spk", "syn", "syn_exc", "syn_inh", "mem", "c", "v", "y")
#: Classes whose membranes are attributes.
_BASES = (("snntorch", "SpikingNeuron"), ("spikingjelly", "NonSpikingBaseNode"))
_RESETS = ("reset", "reset_mem", *(f"init_{n}" for n in ("leaky", "lapicque", "synaptic", "alpha", "rleaky", "rsynaptic")))  # fmt: skip


@dataclass
class Stubbed:
    """The stubs of one trace.

    plain    the layers themselves, by path: nothing of a trace gets into them
    calls    how often each was called so far
    anew     layers whose state the forward starts, and how often they had been called by then
    started  of each of them the states that it sets, None: all
    held     of each layer: the token that its next call takes, and states that were set
    """

    plain: dict[str, Any]
    calls: dict[str, int] = field(default_factory=dict)
    anew: list[tuple[str, int]] = field(default_factory=list)
    started: dict[str, set[str] | None] = field(default_factory=dict)
    held: dict[str, dict[str, Any]] = field(default_factory=dict)
    results: dict[tuple[str, tuple[int, ...]], Any] = field(default_factory=dict)

    def result(self, path: str, x: Any) -> Any:
        """What the layer returns for an input of this shape: a tensor or a tuple of them, whose
        values mean nothing."""
        key = path, tuple(x.shape)
        if mixes_steps(type(self.plain[path])) or is_cell(type(self.plain[path])):
            return x  # which it may not take itself, because a trace has steps of another number
        if key not in self.results:
            module = copy.deepcopy(self.plain[path]).float()
            try:  # without values, because large images of many steps have many
                self.results[key] = copy.deepcopy(module).to("meta")(torch.zeros(key[1], device="meta"))
            except Exception:
                self.results[key] = module(torch.zeros(key[1]))
        return self.results[key]

    def start(self, path: str, name: str | None = None) -> None:
        """Note that the forward starts this state of the layer, or all."""
        self.anew.append((path, self.calls.get(path, 0)))
        before = self.started.setdefault(path, set())
        self.started[path] = None if name is None or before is None else before | {name}


_active: list[Stubbed] = []


@torch.library.custom_op("spikeplane::layer", mutates_args=())
def _layer(
    x: torch.Tensor,
    states: list[torch.Tensor],
    begun: list[torch.Tensor],
    token: list[torch.Tensor],
    path: str,
    call: int,
) -> list[torch.Tensor]:
    return [x.new_empty(shape) for shape in _shapes(x, path)]


@_layer.register_fake
def _(x: Any, states: Any, begun: Any, token: Any, path: str, call: int) -> Any:
    return [x.new_empty(shape) for shape in _shapes(x, path)]


def _shapes(x: Any, path: str) -> list[tuple[int, ...]]:
    """Of each thing that the layer returns, and of a number that the next call takes, so that no
    call is left out of a graph."""
    return [*(tuple(t.shape) for t in _several(_result(path, x))), ()]


def _result(path: str, x: Any) -> Any:
    from torch._subclasses.fake_tensor import unset_fake_temporarily
    from torch.fx.experimental.proxy_tensor import disable_proxy_modes_tracing

    with unset_fake_temporarily(), disable_proxy_modes_tracing(), torch.no_grad():
        return _active[-1].result(path, x)


def _several(result: Any) -> tuple[Any, ...]:
    return tuple(result) if isinstance(result, tuple | list) else (result,)


def is_opaque(module: Any) -> bool:
    """Whether a trace must not look inside: a registered layer that keeps a state, or one that its
    user registered."""
    kind = type(module)
    if drops(module):
        return False
    return handler_of(kind) is not None and (
        is_own(kind) or mixes_steps(kind) or is_cell(kind) or keeps_state(module)
    )


def drops(module: Any) -> bool:
    """Whether this is a dropout, of whose kind SpikingJelly's keep a mask: in evaluation it hands on what it gets, of one
    step or of all."""
    return (handler_of(type(module)) or (None, 0))[0] is torch_layers.dropout


def keeps_state(module: Any) -> bool:
    """Whether the module itself has membranes or the like, in one of the frameworks' ways."""
    kept = vars(module).get("_memories")
    spiking = any((p.__module__.split(".")[0], p.__name__) in _BASES for p in type(module).__mro__)
    return spiking or bool(kept) or (kept is not None and hasattr(module, "sub_module"))


def hands_on(module: Any) -> bool:
    """Whether a user's module with a memory of SpikingJelly's does nothing itself but call layers that spike: its
    memory is what they gave in the step before, and a trace sees that."""
    kinds = [k for k in type(module).__mro__ if k.__module__.startswith("spikingjelly.")]
    plain = bool(kinds) and kinds[0].__name__ == "MemoryModule" and kinds[0] is not type(module)
    return plain and any(is_opaque(part) for part in module.modules() if part is not module)


def opaque(model: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """The layers that become one operator each, by path, and those with a state that nobody knows;
    what is inside one of them belongs to it."""
    known: dict[str, Any] = {}
    strange: dict[str, Any] = {}
    for path, module in model.named_modules():
        if any(path.startswith(f"{outer}.") for outer in (*known, *strange)):
            continue
        if is_opaque(module):
            known[path] = module
        elif is_strange(type(module)) or (keeps_state(module) and not (hands_on(module) or drops(module))):
            strange[path] = module
    return known, strange


@contextmanager
def stubbing(model: Any, plain: dict[str, Any], strange: dict[str, Any]) -> Iterator[Stubbed]:
    """`model` with stubs in the place of the layers `plain`, by path, as long as this lasts; those of
    `strange` raise SpikeplaneError when they are called."""
    stubbed = Stubbed(plain)
    for path in strange:
        _refuse(model.get_submodule(path), path)
    stubs = [_stub(model.get_submodule(path), path, stubbed) for path in plain]
    everywhere = next((m.instances for m in stubs if hasattr(m, "instances")), [])
    before = list(everywhere)
    everywhere[:] = stubs  # snnTorch resets all neurons that there are
    _active.append(stubbed)
    try:
        yield stubbed
    finally:
        _active.pop()
        everywhere[:] = before


def _refuse(module: Any, path: str) -> None:
    kind = type(module)

    def forward(self: Any, *_: Any, **__: Any) -> Any:
        raise unknown(path, kind)

    module.__class__ = type(kind.__name__, (kind,), {"forward": forward})


def _stub(module: Any, path: str, stubbed: Stubbed) -> Any:
    kind, plain = type(module), stubbed.plain[path]
    module.__dict__["_stub"] = (stubbed, path)
    stubbed.held[path] = {}
    names = [n for n in STATES if n in plain._buffers or n in vars(plain).get("_memories", {})]
    for name in names:
        module._buffers.pop(name, None)
    resets = {name: _reset(name) for name in _RESETS if callable(getattr(kind, name, None))}
    states = {name: property(_no_state) for name in names}
    methods = {"forward": _forward, "__setattr__": _setter(kind, names), **resets, **states}
    module.__class__ = type(kind.__name__, (kind,), methods)
    return module


def _forward(self: Any, *given: Any, **named: Any) -> Any:
    stubbed, path = self.__dict__["_stub"]
    bound = inspect.signature(type(stubbed.plain[path]).forward).bind(self, *given, **named)
    x, *states = _in_order(bound)[1:]
    held, call = stubbed.held[path], stubbed.calls.get(path, 0)
    handed = [s for s in states if isinstance(s, torch.Tensor)]
    begun = list(held.pop("set", {}).values())
    token = [held["token"]] if "token" in held else []
    mark()
    *results, held["token"] = torch.ops.spikeplane.layer(x, handed, begun, token, path, call)
    stubbed.calls[path] = call + 1
    several = isinstance(stubbed.result(path, x), tuple | list)
    return tuple(results) if several else results[0]


def _in_order(bound: inspect.BoundArguments) -> list[Any]:
    """Every argument, those of * and ** too."""
    kinds = {n: p.kind for n, p in bound.signature.parameters.items()}
    found = []
    for name, value in bound.arguments.items():
        several = list(value.values()) if kinds[name] is inspect.Parameter.VAR_KEYWORD else value
        many = kinds[name] in (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL)
        found += several if many else [value]
    return found


def _reset(name: str) -> Any:
    """A reset method of a stub: it notes that the state starts anew; snnTorch's return it too."""

    def reset(self: Any) -> Any:
        stubbed, path = self.__dict__["_stub"]
        stubbed.start(path)
        stubbed.held[path].pop("set", None)
        _, states = handler_of(type(stubbed.plain[path])) or (None, 0)
        fresh = tuple(torch.zeros(()) for _ in range(states))
        return None if name == "reset" or not fresh else fresh[0] if len(fresh) == 1 else fresh

    return reset


def _no_state(self: Any) -> Any:
    """What the model sees of a state: something that it may only start anew."""
    return torch.zeros(())


def _setter(kind: type, names: list[str]) -> Any:
    """How attributes are set: a state that the model sets is what the next call takes."""

    def set_state(self: Any, name: str, value: Any) -> None:
        stubbed, path = self.__dict__.get("_stub", (None, ""))  # a copy has none yet
        if name not in names or stubbed is None:
            if stubbed is not None and isinstance(value, torch.Tensor) and name in dir(stubbed.plain[path]):
                raise changed(path, name)
            kind.__setattr__(self, name, value)  # pyright: ignore[reportCallIssue]
            return
        stubbed.start(path, name)
        if isinstance(value, torch.Tensor):
            stubbed.held[path].setdefault("set", {})[name] = value
        elif value is not None and value != 0:
            raise SpikeplaneError(
                f"the model's forward sets the state '{name}' of layer '{path}' to {value}, which Spikeplane "
                "cannot represent; start it at 0"
            )

    return set_state
