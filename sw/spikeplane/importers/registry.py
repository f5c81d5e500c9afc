"""Which PyTorch layer becomes what: one handler per exact type. A model's layers go in one by one,
values of the assembler come out.

A subclass may compute anything, so it is not its parent: it is refused by name until its user
registers a handler for it, with `spikeplane.importers.register(Type)(handler)`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from spikeplane.errors import SpikeplaneError
from spikeplane.float_network import FloatNeuron
from spikeplane.importers.assemble import Assembler
from spikeplane.importers.flow import Spikes, Value
from spikeplane.importers.values import merged, per_channel


@dataclass(frozen=True)
class State:
    """A state that the neurons `layer` hand out beside their spikes: a membrane, or the values of the
    population `values`; `before_reset` if a membrane is v as it was compared; `place`: among the states
    that the layer is handed."""

    layer: str
    before_reset: bool = True
    values: str | None = None
    place: int | None = None


@dataclass(frozen=True)
class Outputs:
    """What a layer returns as a tuple: its spikes and its states."""

    spikes: Value
    states: tuple[State, ...]


Result = Value | State | Outputs


@dataclass(frozen=True, kw_only=True)
class Call:
    """One use of a layer: what its handler gets.

    layer    its path in the model, which names its population and stands in messages
    module   the layer, in float64 and evaluation mode, parametrizations replaced by their values
    value    what it is called with: `Spikes` or `Currents` of one sample and step, with their shape (C, H, W)
    made     the assembler, which turns values into synapses and populations
    reset, compare   what the user wants instead of the layer's own reset ("hard", "soft", "none",
                     "delayed") and comparison
    several_steps    the model takes (T, N, ...) at once (SpikingJelly's step mode "m")
    input_bits       bits of an input value, None where unknown
    states           how many states of its own from the step before the layer is handed
    walk             puts a layer inside this one to work: walk(name, module, value, several_steps)
    """

    layer: str
    module: Any
    value: Value
    made: Assembler
    reset: str | None = None
    compare: str | None = None
    several_steps: bool = False
    input_bits: int | None = None
    states: int = 0
    walk: "Callable[[str, Any, Value, bool], Result]"

    def refuse(self, what: str, why: str) -> SpikeplaneError:
        """The error for a layer that cannot be represented: what it is, what to do."""
        return self.made.refuse(self.layer, what, why)

    def neurons(
        self, neuron: FloatNeuron, gain: float | np.ndarray = 1.0, offset: np.ndarray | float = 0.0
    ) -> Spikes:
        """Neurons in this layer's name that receive gain * value + offset."""
        return self.made.neuron(self.layer, self.value, neuron, gain, offset)

    def per_channel(self, what: str, tensor: Any) -> np.ndarray:
        """(C,) from values that PyTorch broadcasts over the layer's input; SpikeplaneError where
        they differ inside a channel."""
        return per_channel(self.layer, what, tensor, self.value.shape, self.value.flat)

    def merged(self, what: str, tensor: Any) -> float | np.ndarray:
        """As `per_channel`; one number where all channels have the same."""
        return merged(self.per_channel(what, tensor))


Handler = Callable[[Call], Result]

_handlers: dict[type, tuple[Handler, int]] = {}
_mixing: set[type] = set()  #: those of the project's that take all steps at once
_own: set[type] = set()  #: those that a user registered
#: Users' classes that an importer recognises; they take all steps at once, in this dimension, or, None, one.
_learned: dict[type, tuple[Handler, int | None]] = {}
_strange: set[type] = set()  #: users' classes that keep what no importer knows


def register(kind: type, *, states: int = 0) -> Callable[[Handler], Handler]:
    """Teach the importer a layer: `register(MyNeuron)(handler)`, or as a decorator of the handler.

    kind     the exact class of the layer; subclasses are not meant
    handler  takes a `Call` and returns the value behind the layer, usually `call.neurons(FloatNeuron(...))`
             or what one of `call.made`'s methods gives
    states   how many states from the step before the layer's forward takes behind its input

    The last handler registered for a class counts. Raises SpikeplaneError if `kind` is no class.
    """
    if not isinstance(kind, type):
        raise SpikeplaneError(f"register takes the class of a layer, not {kind!r}")

    def keep(handler: Handler) -> Handler:
        _handlers[kind] = (handler, states)
        _own.add(kind)
        return handler

    return keep


def builtin(*kinds: type, states: int = 0, mixes: bool = False) -> Callable[[Handler], Handler]:
    """As `register`, for the project's own handlers: one that a user registered stays. mixes: the layers take all
    steps at once."""

    def keep(handler: Handler) -> Handler:
        for kind in kinds:
            _handlers.setdefault(kind, (handler, states))
        _mixing.update(kinds if mixes else ())
        return handler

    return keep


def learn(kind: type, handler: Handler, steps_at: int | None) -> None:
    """Let a user's class be a layer that takes all steps at once, as long as it is none that is registered.
    steps_at: the dimension of the steps, 0, or 1 behind the samples; None: it takes one, and keeps a state."""
    _learned[kind] = handler, steps_at


def strange(kind: type) -> None:
    """Let a user's class be one whose spikes depend on the steps before, in a way that nobody knows."""
    _strange.add(kind)


def forget(kind: type) -> None:
    """Undo `learn` and `strange`."""
    _learned.pop(kind, None)
    _strange.discard(kind)


def is_strange(kind: type) -> bool:
    """Whether a user's class keeps what nobody knows, and no handler is registered for it."""
    return kind in _strange and kind not in _handlers


def handler_of(kind: type) -> tuple[Handler, int] | None:
    """The handler of exactly this class, and how many states the class takes."""
    return _handlers.get(kind) or ((_learned[kind][0], 0) if kind in _learned else None)


def mixes_steps(kind: type) -> bool:
    """Whether a layer of this class decides on all steps at once, though it keeps no state."""
    return kind in _mixing or is_learned(kind)


def is_learned(kind: type) -> bool:
    """Whether an importer recognised a user's class as one that takes all steps at once."""
    return kind in _learned and kind not in _handlers and _learned[kind][1] is not None


def is_cell(kind: type) -> bool:
    """Whether an importer recognised a user's class as one that takes one step at a time."""
    return kind in _learned and kind not in _handlers and _learned[kind][1] is None


def samples_first(kind: type) -> bool:
    """Whether a layer of this class takes all steps at once behind the samples, (N, T, ...)."""
    return is_learned(kind) and _learned[kind][1] == 1


def is_own(kind: type) -> bool:
    """Whether a user registered the class, and it is not one of the project's."""
    return kind in _own


def registered() -> dict[type, Handler]:
    """Every class that there is a handler for, in the order of their registration."""
    return {kind: handler for kind, (handler, _) in _handlers.items()}


def parent_of(kind: type) -> type | None:
    """The nearest class that a handler is registered for and that this one inherits from."""
    return next((parent for parent in kind.__mro__[1:] if parent in _handlers), None)
