"""Operators of several spikes, or of a sum of spikes, as gates."""

from collections.abc import Callable
from typing import Any

import numpy as np

from spikeplane.errors import SpikeplaneError
from spikeplane.importers.flow import Currents, Spikes, Value
from spikeplane.importers.gates import built, of, opened, table
from spikeplane.importers.trace.broadcast import of_one_step, together
from spikeplane.importers.trace.items import Item
from spikeplane.importers.trace.operation import Operation

#: Of what each value is in turn what comes out, arrays of one shape.
Function = Callable[..., np.ndarray]


def gated(operation: Operation, names: list[str], function: Function, what: str) -> Item | None:
    """The function of the arguments of these names; None where they are no sums of a few spikes of 0 and 1. `what`:
    the operator in words."""
    items = [operation.item(name) for name in names]
    items, step = of_one_step(operation, items)
    values, dims = together(operation, items, what)
    bits = operation.wanted.input_bits
    tables = [table(operation.made, value, bits) for value in values]
    known = [one for one in tables if one is not None]
    total = of(known, function) if len(known) == len(tables) else None
    made = None if total is None else built(operation.made, title(operation), total, values[0])
    return None if made is None else Item(made, dims, step)


def simplified(operation: Operation, value: Value) -> Value:
    """A sum of spikes of which some are gates as one gate, where it is 0 or 1: a + b - a * b is a OR b."""
    made = operation.made
    if not isinstance(value, Spikes) or not any(s.population in made.gates for s in value.sources[1:]):
        return value
    one = table(made, value, operation.wanted.input_bits)
    inside = None if one is None else opened(made, one)
    if inside is None or not inside.binary:
        return value
    return built(made, title(operation), inside, value) or value


def title(operation: Operation) -> str:
    """What a gate is called: a framework's layer has others beside it, and an output of its own."""
    layer = operation.layer
    return layer if layer == operation.node.name else f"{layer}.{operation.name}"


def binary(operation: Operation, value: Value) -> bool:
    """Whether a value is provably 0 or 1 everywhere."""
    one = table(operation.made, value, operation.wanted.input_bits)
    inside = None if one is None else opened(operation.made, one)
    return (one is not None and one.binary) or (inside is not None and inside.binary)


def unlike_spikes(operation: Operation) -> SpikeplaneError:
    """The error for a product or quotient of two values that are not both spikes of 0 and 1."""
    if operation.name != "mul":
        return operation.unlike(
            f"a division by values ({operation.name})", "divide by numbers that no input changes"
        )
    one, other = (_kind(operation, operation.args[name]) for name in ("self", "other"))
    if one == other == "spikes of 0 and 1":
        return operation.unlike(
            f"a product of too many layers' spikes ({operation.name})",
            "multiply fewer, or fewer sums of them",
        )
    return operation.unlike(
        f"a product of {one} and {other} ({operation.name})",
        "put neurons in front of both, of which a gate is made, or multiply by numbers that no input changes; a membrane "
        "that forward resets so itself belongs into a neuron of SpikingJelly or snnTorch, or register your own",
    )


def _kind(operation: Operation, thing: Any) -> str:
    """What a value is, in words."""
    value = getattr(thing, "value", None)
    if value is None:
        return "values of several steps"
    if table(operation.made, value, operation.wanted.input_bits) is not None:
        return "spikes of 0 and 1"
    if isinstance(value, Spikes) and operation.made.has_input(value):
        return "the input, which may have several bits"
    if isinstance(value, Currents) or operation.made.has_values(value):
        return "currents"
    return "sums of spikes over pixels or channels"
