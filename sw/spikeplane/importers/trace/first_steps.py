"""What a layer with a state gets in its first steps, in which what is late is 0."""

from dataclasses import replace

import numpy as np

from spikeplane.importers.assemble import Assembler
from spikeplane.importers.flow import Currents, Spikes, Value
from spikeplane.importers.trace.axes import SAMPLES, Atom, Dims, dim, features
from spikeplane.importers.trace.items import Const, Item
from spikeplane.importers.trace.likeness import alike
from spikeplane.importers.trace.operation import Operation


def sources(value: Value) -> set[str]:
    """The populations that a value comes from."""
    return (
        {s.population for s in value.sources}
        if isinstance(value, Spikes)
        else {d.source for d in value.drafts}
    )


def constant(operation: Operation, thing: Const, step: int) -> Item:
    """Numbers in the place of a layer's input: currents of a first step, in which nothing fired."""
    tensor = thing.tensor
    if step or tensor.ndim not in (2, 4):
        raise operation.unlike(
            "called with numbers instead of a layer's output", "hand it a layer's output first"
        )
    one = tensor[0].reshape(len(tensor[0]), -1)
    if not bool((tensor == tensor[:1]).all()) or not bool((one == one[:, :1]).all()):
        raise operation.unlike("called with numbers that differ", "hand it a layer's output first")
    c, h, w = (*tensor.shape[1:], 1, 1)[:3]
    shape = (c, h, w)
    value = Currents((), one[:, 0].numpy(), shape)
    dims: Dims = (dim(Atom(SAMPLES, len(tensor))), *features(shape)[: tensor.ndim - 1])
    return Item(value, dims, step)


def at_the_start(made: Assembler, layer: str, value: Value) -> Currents:
    """The value in the first step, in which everything late is 0."""
    if isinstance(value, Spikes):
        value = replace(value, sources=tuple(s for s in value.sources if not s.delay))
    currents = made.currents(layer, value)
    return replace(currents, drafts=tuple(d for d in currents.drafts if not d.delay))


def begins_as(start: Currents, first: Currents) -> bool:
    """Whether they are alike but for rounding: torch computes the constants of a first step layer by layer."""
    ours, theirs = np.broadcast_arrays(start.image, first.image)
    close = np.allclose(ours, theirs, rtol=0, atol=1e-12 * (1 + np.abs(theirs).max(initial=0)))
    return close and alike(replace(start, bias=first.bias), first)
