"""Populations by the names that their model has: of a population, or of the layer in front of it."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from spikeplane.errors import SpikeplaneError
from spikeplane.program import Program


def population(program: Program, name: str) -> str:
    """The population that `name` means: its own name, that of the layer whose weights it gets (`conv1`), or of
    the container that it is in, where that holds no other. Raises SpikeplaneError."""
    known = [p.name for p in program.network.populations]
    if name in known:
        return name
    layers = () if program.source is None else program.source.network.projections
    by_layer = dict.fromkeys(p.target for p in layers if p.layer == name)
    inside = [one for one in known if one.startswith(f"{name}.")]
    for found in ([one for one in by_layer if one in known], inside):
        if len(found) == 1:
            return found[0]
    meant = f"'{name}' may be {' or '.join(inside)}" if inside else f"no population '{name}'"
    raise SpikeplaneError(f"{meant}; there are {', '.join(known)}")


class ByName(Mapping[str, np.ndarray]):
    """Arrays by population; a layer's name is as good (`population`). Raises SpikeplaneError for one that
    is not there."""

    def __init__(self, program: Program, values: dict[str, np.ndarray]) -> None:
        self._program, self._values = program, values

    def __getitem__(self, name: str) -> np.ndarray:
        found = population(self._program, name)
        if found not in self._values:
            raise SpikeplaneError(
                f"population '{found}' was not sent to the host; there are {', '.join(self._values)}"
            )
        return self._values[found]

    def __contains__(self, name: Any) -> bool:
        return name in self._values

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return "\n".join(f"{name}: {values.dtype} {values.shape}" for name, values in self.items())
