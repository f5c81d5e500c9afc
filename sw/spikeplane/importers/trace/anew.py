"""Layers whose state a forward of one step starts anew: every step begins at rest, so their neurons have no
memory."""

from dataclasses import replace
from typing import Any

from spikeplane.errors import SpikeplaneError
from spikeplane.importers.assemble import Assembler
from spikeplane.importers.registry import handler_of
from spikeplane.importers.trace.stubs import STATES, Stubbed

_TOLD = (
    "nothing is kept from step to step; keep it outside of forward, or init_hidden=True, if that is not meant"
)


def started(stubbed: Stubbed) -> dict[str, bool]:
    """The layers, by path, of which the forward resets or sets what they keep, and whether all of it."""
    found = {}
    for path, given in stubbed.started.items():
        needed = _needed(stubbed.plain[path])
        if given is None or given & needed or not needed:
            found[path] = given is None or given >= needed
    return found


def _needed(module: Any) -> set[str]:
    """The states that the next step would take: of snnTorch's as many as its forward takes."""
    names = [n for n in STATES if n in module._buffers or n in vars(module).get("_memories", {})]
    _, takes = handler_of(type(module)) or (None, 0)
    return set(names[-takes:] if takes else names)


def without_memory(made: Assembler, layer: str, populations: int, told: int, *, changed: bool) -> None:
    """The populations that the layer has put behind the first `populations` keep nothing, nor do their spikes
    come back to them; of what it has told behind the first `told` no reset stays. changed: it hands on
    something else than it gets. Raises SpikeplaneError for a layer that is not made of neurons."""
    own = {p.name for p in made.populations[populations:]}
    if not own and changed:
        raise SpikeplaneError(
            f"the model's forward starts the state of layer '{layer}' anew, so nothing is kept from step to step; "
            "take the reset out of it"
        )
    for place, population in enumerate(made.populations):
        if population.name in own and population.neuron is not None:
            neuron = replace(population.neuron, decay=0.0, reset="none", v_reset=0.0, amount=None)
            made.populations[place] = replace(population, neuron=neuron)
    made.projections[:] = [
        p for p in made.projections if p.target not in own or not (p.delay and p.source in own)
    ]
    if own:
        made.assumptions[told:] = [a for a in made.assumptions[told:] if a.what != "reset"]
        made.assume(layer, "state", "started anew in each step", _TOLD)


def check_started_once(anew: list[tuple[str, int]], calls: dict[str, int]) -> None:
    """Raise SpikeplaneError for a state that starts anew between the steps of one forward."""
    for layer, call in anew:
        if 0 < call < calls.get(layer, 0):
            raise SpikeplaneError(
                f"the model's forward starts the state of layer '{layer}' anew between its steps; start it "
                "in front of the loop over steps"
            )
