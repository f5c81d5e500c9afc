"""Routers of a mesh with multicast and finite FIFOs, whose packets move one by one, whoever's turn it is."""

from collections import deque
from collections.abc import Iterator
from random import Random
from typing import Any

Core = tuple[int, int]
HOST = "host"
#: By the side that a packet comes from where it may go on; x before y.
_WAYS = {"local": "ewns", "w": "ens", "e": "wns", "n": "s", "s": "n"}
_STEPS = {"e": (1, 0, "w"), "w": (-1, 0, "e"), "s": (0, 1, "n"), "n": (0, -1, "s")}


class Mesh:
    """`queues`: by core and side what waits in a router, by core what waits for it, and for the host. Items are
    (rectangle, packet, ways left), in front of cores packets."""

    def __init__(self, mesh: tuple[int, int], random: Random) -> None:
        self.random, self.room = random, random.choice([1, 2, 4])
        self.cores = [(x, y) for x in range(mesh[0]) for y in range(mesh[1])]
        self.inputs = [(core, side) for core in self.cores for side in ("local", *"ewns")] + [((0, 0), HOST)]
        self.queues: dict[Any, deque] = {key: deque() for key in [*self.inputs, *self.cores, HOST]}
        self.speeds = _Speeds(random)

    def outputs(self, core: Core, side: str, rect: Any) -> set[str]:
        x0, y0, x1, y1 = rect[:4]
        (x, y), ways = core, _WAYS["local" if side == HOST else side]
        found = {w for w, more in (("e", x < x1), ("w", x > x0)) if more and w in ways}
        if x0 <= x <= x1:
            found |= {w for w, more in (("s", y < y1), ("n", y > y0)) if more and w in ways}
            if y0 <= y <= y1:
                found.add(HOST if rect[4:] else "local out")
        return found

    def move(self, key: tuple[Core, str]) -> bool:
        """Copies of the head of a router's input to where there is room."""
        core, side = key
        rect, packet, left = self.queues[key][0]
        left = left if left is not None else self.outputs(core, side, rect)
        moved = False
        for way in sorted(left):
            if way in ("local out", HOST):
                target: Any = core if way == "local out" else HOST
                item: Any = packet
            else:
                dx, dy, came = _STEPS[way]
                target, item = ((core[0] + dx, core[1] + dy), came), (rect, packet, None)
            if len(self.queues[target]) < self.room:
                self.queues[target].append(item)
                left, moved = left - {way}, True
        self.queues[key][0] = rect, packet, left
        if not left:
            self.queues[key].popleft()
        return moved

    def send(self, core: Any, targets: list[Core], packet: tuple, host: bool = False) -> Iterator[bool]:
        """To rectangles that cover the targets (here: a column at a time, or all where they fill one)."""
        key = ((0, 0), HOST) if core == HOST else (core, "local")
        for rect in rectangles(targets):
            while len(self.queues[key]) >= self.room:
                yield False
            self.queues[key].append(((*rect, HOST) if host else rect, packet, None))
            yield True


class _Speeds(dict):
    """How seldom an actor gets its turn."""

    def __init__(self, random: Random) -> None:
        super().__init__()
        self.random = random

    def __missing__(self, actor: Any) -> int:
        self[actor] = self.random.choice([1, 1, 2, 4])
        return self[actor]


def rectangles(targets: list[Core]) -> list[tuple[int, int, int, int]]:
    """Disjoint rectangles that cover exactly these cores."""
    left, found = sorted(set(targets)), []
    while left:
        x0, y0 = left[0]
        y1 = y0
        while (x0, y1 + 1) in left:
            y1 += 1
        x1 = x0
        while all((x1 + 1, y) in left for y in range(y0, y1 + 1)):
            x1 += 1
        found.append((x0, y0, x1, y1))
        left = [c for c in left if not (x0 <= c[0] <= x1 and y0 <= c[1] <= y1)]
    return found
