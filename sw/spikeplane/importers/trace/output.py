"""What is read out of what a forward returns."""

from dataclasses import replace
from typing import Any

import numpy as np

from spikeplane.errors import SpikeplaneError
from spikeplane.float_network import LAST_STEP, FloatNetwork, FloatNeuron
from spikeplane.importers.assemble import Assembler
from spikeplane.importers.by_step import of_steps
from spikeplane.importers.flow import Source, Spikes, Value
from spikeplane.importers.maps import identity
from spikeplane.importers.trace.axes import STEPS, Atom, Dims
from spikeplane.importers.trace.items import Bent, Held, Item, Reduced, Sum, is_mean
from spikeplane.importers.trace.likeness import alike, same_map
from spikeplane.importers.trace.operation import scaled
from spikeplane.importers.trace.stacks import steps_in_order
from spikeplane.network import MEMBRANE


def read_out(
    made: Assembler, returned: list[Any], keys: list[str], steps: int | None, every: int | None
) -> tuple[FloatNetwork, Any, int]:
    """The network of what is returned first, and of which steps that is, as `Called` has it. steps: of
    one call of forward, None where they are the caller's; every: of the trace. Raises SpikeplaneError for what is no output
    of a layer."""
    if not returned:
        raise SpikeplaneError("the model's forward returns nothing")
    returned = _stacked(returned, every)
    if len(returned) > 1:
        which = (
            f"'{keys[0]}', the first of {len(returned)}"
            if keys and keys[0]
            else f"the first of {len(returned)}"
        )
        made.assume("", "output", which, "the others are not read out")
    thing = _whole(made, returned[0], every)
    if isinstance(thing, Held):
        net = made.finish(_membranes(made, thing, every))
        how = {"all": "steps", "sum": "sum"}.get(thing.over, "last")
        return net, how, _steps_at(thing.dims)
    if isinstance(thing, Reduced):
        if thing.mean:
            made.assume(
                "", "output", "summed over the steps", "the model returns the mean: a positive factor"
            )
        return _finished(made, thing.item.value), "mean" if thing.mean else "sum", 0
    if isinstance(thing, Item):
        if every and thing.step is not None and not thing.all_steps:
            return _last(made, thing, every), "last", 0
        return _finished(made, thing.value), "steps", _steps_at(thing.dims)
    if isinstance(thing, Bent):
        raise thing.refused
    raise SpikeplaneError(
        "the model's output does not come from its layers; return first what a layer puts out"
    )


def _stacked(returned: list[Any], steps: int | None) -> list[Any]:
    """A list of every step's output, or of what holds that first in every step, as one output of all steps."""
    if steps is None or steps < 2 or len(returned) < steps:
        return returned
    for apart in {1, len(returned) // steps}:
        each = returned[: apart * steps : apart]
        if steps_in_order(each) == steps:
            first = each[0]
            dims = ((Atom(STEPS, steps),), *first.dims)
            held = isinstance(first, Held)
            whole = replace(first, dims=dims, over="all") if held else Item(first.value, dims)
            return [whole, *(r for r in returned if not any(r is e for e in each))]
    return returned


def _steps_at(dims: Dims) -> int:
    """Which dimension holds the steps."""
    return next((d for d, atoms in enumerate(dims) if any(a.axis == STEPS for a in atoms)), 0)


def _whole(made: Assembler, thing: Any, steps: int | None) -> Any:
    """Values of all steps added are a sum over the steps."""
    if not isinstance(thing, Sum):
        return thing
    thing = _by_step(made, thing)
    first = thing.terms[0]
    factors = {factor for factor, _ in thing.terms}
    places = sorted(item.step or 0 for _, item in thing.terms)
    same = all(alike(item.value, first[1].value) for _, item in thing.terms)
    if places == list(range(steps or 0)) and (len(factors) > 1 or not same):
        parts = [scaled(made, item.value, factor) for factor, item in thing.terms]
        value = of_steps(made, "steps of readout", parts)
        if value is not None:
            return Reduced(Item(value, thing.dims), False, steps or 0, fixed=True)
    if len(factors) > 1 or not same or places != list(range(steps or 0)):
        raise SpikeplaneError(
            "the model returns a sum of some of its steps, of steps with different factors or of several "
            "layers, which Spikeplane cannot represent: return the sum or the mean of all steps of one layer"
        )
    if first[0] <= 0:
        raise SpikeplaneError(
            "the model returns a sum of its steps times a factor of 0 or less; use a positive one"
        )
    parts = round(1 / (first[0] * steps)) if steps else 0
    if parts and is_mean(first[0] * parts, steps):  # a mean of so many layers, too
        return Reduced(replace(first[1], value=scaled(made, first[1].value, 1 / parts)), True, steps or 0)
    value = scaled(made, first[1].value, first[0])
    return Reduced(replace(first[1], value=value), False, steps or 0)


def _by_step(made: Assembler, total: Sum) -> Sum:
    """What several layers give in a step as one value, where each of them has one factor in all steps."""
    by: dict[int, list[tuple[float, Item]]] = {}
    for factor, item in total.terms:
        by.setdefault(item.step or 0, []).append((factor, item))
    steps = list(by.values())
    if any(_unlike(terms, steps[0]) for terms in steps) or len(steps[0]) < 2:
        return total
    factor = steps[0][0][0]
    value = steps[0][0][1].value
    for own, item in steps[0][1:]:
        value = made.add("", value, scaled(made, item.value, own / factor))
    return Sum(tuple((factor, Item(value, total.dims, step)) for step in by))


def _unlike(terms: list[tuple[float, Item]], first: list[tuple[float, Item]]) -> bool:
    """Whether these are other layers' values, or times other factors."""
    pairs = list(zip(terms, first, strict=False))
    return len(terms) != len(first) or any(
        a[0] != b[0] or not alike(a[1].value, b[1].value) for a, b in pairs
    )


def _membranes(made: Assembler, held: Held, steps: int | None) -> Spikes:
    if not held.before_reset:
        raise made.refuse(
            held.layer, "read out as membranes after their reset", "use reset_delay=True, or no reset"
        )
    if steps and held.over == "one" and held.call != steps - 1:
        raise made.refuse(
            held.layer, f"read out as membranes of step {held.call}", "return those of the last step"
        )
    spikes = made.membranes(held.layer)
    made.readouts[held.layer] = "sum" if held.over == "sum" else "last"
    return spikes


def _last(made: Assembler, item: Item, steps: int) -> FloatNetwork:
    """The output of the last step alone."""
    if item.step != steps - 1:
        raise SpikeplaneError(
            f"the model returns the output of step {item.step} of {steps}; return the last step's, or all steps'"
        )
    value = item.value
    if not (isinstance(value, Spikes) and _factor(value) == 1.0):
        value = made.neuron(made.free("readout"), value, FloatNeuron(decay=0.0, reset="none", kind=MEMBRANE))
    made.assume("", "readout", LAST_STEP, "the model returns it")
    return replace(made.finish(value), readout="last")


def _factor(value: Spikes) -> float:
    """What one population's spikes are multiplied by; 0 where the value is something else."""
    source = value.sources[0]
    if len(value.sources) > 1 or source.delay:
        return 0.0
    if source.map is None:
        return 1.0
    gain = source.map.weight.reshape(-1)[0]
    plain = identity(source.map.source).scaled(np.full(source.map.source[0], gain))
    return float(gain) if same_map(source.map, plain) and gain > 0 else 0.0


def _finished(made: Assembler, value: Value) -> FloatNetwork:
    """Pooled, added or scaled spikes at the end are read out by synapses of their own."""
    if isinstance(value, Spikes) and (gain := _factor(value)) not in (0.0, 1.0):
        made.assume("", "output", "spikes", f"the model returns {gain:g} times as much: a positive factor")
        value = replace(value, sources=(Source(value.sources[0].population),))
    if isinstance(value, Spikes) and _relayed(made, value):  # what it sends is no sum over the steps
        value = made.currents("", value)
    return made.finish(value)


def _relayed(made: Assembler, value: Spikes) -> bool:
    """Whether values are of a population that sends what it gets, and no layer says how it is read out."""
    name = value.sources[0].population
    neuron = next(p.neuron for p in made.populations if p.name == name)
    return len(value.sources) == 1 and name not in made.readouts and neuron is not None and neuron.relays
