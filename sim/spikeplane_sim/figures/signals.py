"""Signals of one model of a simulated board, cycle by cycle, out of the waves that it writes (see `waves.board`)."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from spikeplane.errors import SpikeplaneError

_CYCLE = 10  #: units of time
_TOP = 2  #: scopes around the model's own


def read_signals(path: Path, names: Iterable[str], cycles: range) -> dict[str, np.ndarray]:
    """By name ("core.soma.sweep.element"), what each signal was in these cycles, (n,) int64. Signals of 63 bits at most.
    Raises SpikeplaneError for one that there is not."""
    found = {name: np.zeros(len(cycles), dtype=np.int64) for name in names}
    inside: list[str] = []
    wanted: dict[str, list[str]] = {}
    changes: list[tuple[int, str, int]] = []
    time = 0
    with path.open() as file:
        for line in file:
            head, *rest = line.split() or [""]
            if head == "$scope":
                inside.append(rest[1])
            elif head == "$upscope":
                inside.pop()
            elif head == "$var":
                name = ".".join([*inside[_TOP:], rest[3]])
                if name in found:
                    wanted.setdefault(rest[2], []).append(name)
            elif head[:1] == "#":
                time = -(-int(head[1:]) // _CYCLE)
            elif head[:1] in ("0", "1") and head[1:] in wanted:
                changes.append((time, head[1:], int(head[0])))
            elif head[:1] == "b" and rest[0] in wanted:
                changes.append((time, rest[0], int(head[1:], 2)))
    missing = set(found) - {name for some in wanted.values() for name in some}
    if missing:
        raise SpikeplaneError(f"the waves have no signal {', '.join(sorted(missing))}")
    for time, mark, value in changes:
        for name in wanted[mark]:
            found[name][max(time - cycles.start, 0) :] = value
    return found
