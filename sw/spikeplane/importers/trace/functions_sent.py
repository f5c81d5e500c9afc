"""A function of currents as the values of a population that sends it: a sigmoid in front of a layer."""

from dataclasses import replace
from typing import Any

from spikeplane.importers.gated import function_of, sent_function
from spikeplane.importers.trace.items import Bent, Item


def sent(operation: Any, bent: Bent) -> Item:
    """The values, of a population of their own. Raises SpikeplaneError for a function that no chip has."""
    found = function_of(bent.function)
    if found is None:
        raise bent.refused
    value = replace(bent.item.value, flat=False)
    made = sent_function(operation.made, f"{operation.layer}.{found.name}", value, found)
    return replace(bent.item, value=replace(made, flat=bent.item.value.flat))
