"""Spiking self-attention: the spikes of keys and values make weights, in every step anew, that the spikes of queries meet.

```
    (Q K^T) V = Q (K^T V)        exactly: whole numbers. A factor in between is the target's, whatever the order
```
Of a population of which keys, values and queries are parts (one layer makes them all), or of queries that keys come from,
neurons that repeat the part are in between, because a population is sent as a whole, and queries behind keys and values; and
of all three where heads lie on no core's lanes (heads.py).
"""

from typing import Any

import numpy as np

from spikeplane.float_network import SPIKES_ALONE, FloatNeuron
from spikeplane.importers import gates
from spikeplane.importers.flow import Currents, Draft, Spikes, Value
from spikeplane.importers.geometry import text
from spikeplane.importers.heads import laid_out
from spikeplane.importers.kernels import sources
from spikeplane.importers.maps import channels_of, identity
from spikeplane.importers.pointwise import level
from spikeplane.network import Pair

#: What the populations are called that repeat a part of another.
ROLES = ("q", "k", "v")


def attended(
    made: Any,
    layer: str,
    values: tuple[Value, Value, Value],
    heads: int,
    factor: float,
    input_bits: int | None,
) -> Currents:
    """factor * Q (K^T V), of queries, keys and values, within `heads` heads of channels that stand behind one another.
    Raises SpikeplaneError for what is not spikes of 0 and 1, and where shapes differ."""
    shapes = {value.shape for value in values}
    if len(shapes) > 1:
        each = ", ".join(text(value.shape) for value in values)
        raise made.refuse(
            layer,
            f"an attention of queries, keys and values of {each}",
            "give all three the same channels and pixels",
        )
    spikes = [_spikes(made, layer, value, input_bits) for value in values]
    put = laid_out(values[0].shape[0], heads)
    query, keys, vals = ((*one, role, put) for one, role in zip(spikes, ROLES, strict=True))
    k, v = (_population(made, *one) for one in (keys, vals))
    q = _population(made, *query, behind=(k, v))
    channels, *pixels = values[0].shape
    shape = (channels if put is None else len(put), pixels[0], pixels[1])
    gain = np.full(shape[0], factor * float(np.prod([high for _, high in spikes])))
    draft = Draft(q, identity(shape).scaled(gain), dynamic=Pair(k, v, heads))
    counted = Currents((draft,), np.zeros(shape[0]), shape)
    if put is None:
        return counted
    made.assume(
        layer,
        "heads",
        f"{channels // heads} channels as {len(put) // heads}",
        "they lie on the lanes of a core",
    )
    return made.seen(layer, counted, channels_of(shape, put.T))


def _spikes(made: Any, layer: str, value: Value, input_bits: int | None) -> tuple[Spikes, float]:
    """The values, and the one number beside 0 that they are."""
    found = level(made, value, input_bits)
    late = isinstance(value, Spikes) and any(source.delay for source in value.sources)
    if not isinstance(value, Spikes) or found is None or late:
        what = "spikes of the step before" if late else "something else than spikes of 0 and 1"
        raise made.refuse(
            layer,
            f"an attention on {what}",
            "put neurons in front of queries, keys and values, of which no two meet",
        )
    return value, found


def _population(
    made: Any, value: Spikes, high: float, role: str, put: np.ndarray | None, behind: tuple[str, ...] = ()
) -> str:
    """The name of the population whose spikes these are, times `high`; of one that repeats them where they are a part of
    another's, an input's, such as populations of `behind` come from, or `put` on other channels (heads.py)."""
    first = value.sources[0]
    factored = (1.0, None) if first.map is None else gates.factored(first.map)
    whole = len(value.sources) == 1 and factored is not None and factored[1] is None
    if put is None and whole and not made.has_input(value) and first.population not in _before(made, behind):
        return first.population
    name = gates.title(made, f"{first.population}.{role}")
    ones = np.full(value.shape[0], 1 / high)
    spikes = made.scale(made.currents(name, value), ones, np.zeros(len(ones)))
    if put is not None:
        spikes = made.seen(name, spikes, channels_of(value.shape, put))
    made.neuron(name, spikes, FloatNeuron(decay=0.0, threshold=np.ones(spikes.shape[0]), reset="none"))
    made.assume(name, "spikes of attention", f"those of {first.population}, repeated", SPIKES_ALONE)
    return name


def _before(made: Any, names: tuple[str, ...]) -> set[str]:
    """These populations, and those that they come from in a step."""
    found, left = set(names), list(names)
    while left:
        target = left.pop()
        into = {s for p in made.projections if p.target == target and not p.delay for s in sources(p)}
        into |= {
            s for p in made.projections if p.source == target for s in sources(p)[1:]
        }  # queries wait for these
        for source in into - found:
            found.add(source)
            left.append(source)
    return found
