"""Values whose maps differ from pixel to pixel, because a layer pads what another one without neurons made: the
value in front of that layer, and what was made of it since. If pixels are needed behind, the former becomes
a population of values, of which the latter is a plain projection."""

from dataclasses import replace

from spikeplane.importers.flow import Source, Spikes, Split, Value
from spikeplane.importers.maps import Map
from spikeplane.importers.regular import even


def uneven(value: Value) -> bool:
    """Whether the map of a source is another one from pixel to pixel."""
    return any(part.uneven for part in (value.sources if isinstance(value, Spikes) else value.drafts))


def worth(before: Value, map: Map) -> bool:
    """Whether a population of `before` would make `map` a plain projection, where both as one are none."""
    there = isinstance(before, Spikes) and all(s.map is None for s in before.sources)
    return not there and not uneven(before) and even(map)


def stand_in(before: Value, number: int) -> Spikes:
    """What the population of `before` will send."""
    return Spikes((Source(f"\0{number}"),), before.shape, before.flat)


def resolved(value: Value, old: str, new: str) -> Value:
    """The value with population `new` for the stand-in `old`."""
    split = None
    if value.split is not None:
        split = Split(
            value.split.layer,
            resolved(value.split.before, old, new),
            value.split.name,
            resolved(value.split.since, old, new),
        )
    if isinstance(value, Spikes):
        sources = tuple(replace(s, population=new) if s.population == old else s for s in value.sources)
        return replace(value, sources=sources, split=split)
    drafts = tuple(replace(d, source=new) if d.source == old else d for d in value.drafts)
    return replace(value, drafts=drafts, split=split)
