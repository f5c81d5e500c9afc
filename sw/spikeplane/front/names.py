"""Populations by the names that their model has: of a population, or of the layer in front of it."""

import difflib
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from spikeplane.errors import UnknownName
from spikeplane.program import Program

_NAMES = 20  #: that a message lists


def population(program: Program, name: Any) -> str:
    """The population that `name` means: its own name, that of the layer whose weights it gets (`conv1`), or of
    the container that it is in, where that holds no other; a number is the index in a Sequential. Raises
    UnknownName."""
    name, known = str(name), [p.name for p in program.network.populations]
    if name in known:
        return name
    source = () if program.source is None else program.source.network.projections
    layers = dict.fromkeys(p.layer for p in source if p.layer and p.layer not in known)
    by_layer = dict.fromkeys(p.target for p in source if p.layer == name)
    inside = [one for one in known if one.startswith(f"{name}.")]
    behind = [one for one in by_layer if one in known]
    for found in (behind, inside):
        if len(found) == 1:
            return found[0]
    raise UnknownName(_unknown(name, inside or behind, known, list(layers)))


def _unknown(name: str, inside: list[str], known: list[str], layers: list[str]) -> str:
    """One line that says what there is."""
    close = difflib.get_close_matches(name, [*known, *layers], n=1)
    meant = f"no population '{name}'" + (f"; did you mean '{close[0]}'? There" if close else "; there")
    if inside:
        meant = f"'{name}' may be {_listed(inside, ' or ')}; there"
    behind = f", and the layers {_listed(layers)} in front of them" if layers else ""
    return f"{meant} are {_listed(known)}{behind}"


def _listed(names: list[str], word: str = ", ") -> str:
    more = len(names) - _NAMES
    return word.join(names[:_NAMES]) + (f" and {more} more" if more > 0 else "")


class ByName(Mapping[str, np.ndarray]):
    """Arrays by population; a layer's name is as good (`population`). Raises UnknownName for one that
    is not there."""

    def __init__(self, program: Program, values: dict[str, np.ndarray]) -> None:
        self._program, self._values = program, values

    def __getitem__(self, name: Any) -> np.ndarray:
        found = population(self._program, name)
        if found not in self._values:
            what = "is an input" if found in self._program.inputs else "was not sent to the host"
            raise UnknownName(f"population '{found}' {what}; there are {_listed(list(self._values))}")
        return self._values[found]

    def __contains__(self, name: Any) -> bool:
        try:
            return population(self._program, name) in self._values
        except UnknownName:
            return False

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return "\n".join(f"{name}: {values.dtype} {values.shape}" for name, values in self.items())
