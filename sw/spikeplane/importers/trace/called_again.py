"""A layer with a state that gets something else in a later step than in the first: what it sent itself, late, or numbers of
each step's own."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from spikeplane.errors import SpikeplaneError
from spikeplane.importers.by_step import of_steps
from spikeplane.importers.flow import Spikes, Value
from spikeplane.importers.trace.first_steps import at_the_start, begins_as, sources
from spikeplane.importers.trace.operation import Operation
from spikeplane.importers.trace.places import place
from spikeplane.network import Window


@dataclass
class Apart:
    """What a layer gets in each step, where its numbers differ, and the calls."""

    module: Any
    values: list[Value]
    operations: list[Operation]

    def add(self, operation: Operation, value: Value) -> None:
        """The next step's."""
        self.operations.append(operation)
        self.values.append(value)


def comes_back(operation: Operation, value: Value, first: Value) -> bool:
    """Whether the value is the first step's and, late by one step, spikes that were 0 then; False where it is of the same
    populations and late in nothing, so that numbers of its own are all that it may have. Raises SpikeplaneError for what is
    neither."""
    made = operation.made
    if begins_as(at_the_start(made, operation.layer, value), made.currents(operation.layer, first)):
        return True
    if sources(value) != sources(first):
        raise operation.unlike("used more than once", "give each use its own neurons")
    if late(value) or late(first):
        raise changed(operation, 1)
    return False


def late(value: Value) -> bool:
    """Whether something in it is of the step before."""
    return (
        any(s.delay for s in value.sources)
        if isinstance(value, Spikes)
        else any(d.delay for d in value.drafts)
    )


def again(operation: Operation, handle: Callable[[], Any], since: int | None = None) -> None:
    """`handle` makes the layer's population anew; it stands where it stood, behind those from `since` on."""
    path, made = operation.layer, operation.made
    stood = next(i for i, p in enumerate(made.populations) if p.name == path)
    since = len(made.populations) - 1 if since is None else since - 1
    made.populations = [p for p in made.populations if p.name != path]
    made.projections = [p for p in made.projections if p.target != path]
    handle()
    block = made.populations[since:]
    made.populations[since:] = []
    made.populations[stood:stood] = block


def settled(apart: Apart, handled: Callable[..., Any]) -> None:
    """The layer gets all numbers, as one value. Raises SpikeplaneError where more differs."""
    operation = apart.operations[0]
    since = len(operation.made.populations)
    value = of_steps(operation.made, operation.layer, apart.values)
    if value is None:
        first = _window(apart.values[0])
        step = next((t for t, own in enumerate(apart.values) if _window(own) != first), 1)
        other = apart.operations[step]
        where = place(other.node)
        error = changed(other, step)
        raise SpikeplaneError(f"{where}: {error}") if where else error
    again(operation, lambda: handled(operation, apart.module, value, False), since)


def _window(value: Value) -> Window | None:
    return None if isinstance(value, Spikes) else value.window


def changed(operation: Operation, step: int) -> SpikeplaneError:
    """The error for a step that is not as those before."""
    return operation.unlike(
        f"called in step {step} with something else than in the step before",
        "do the same in every step, and give each use its own neurons",
    )
