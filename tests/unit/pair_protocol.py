"""The packets around pair populations without a clock: routers with multicast, finite FIFOs, sweeps in any order, an outer
engine, a host. Whoever can move moves, in any order, so that what is only usually in time shows.

Masks are of `LANES` lanes, currents are exact. `Rules` names what the protocol asks for; each can be left out, which is how the
tests know that they would notice.
"""

from collections import defaultdict, deque
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import chain
from random import Random
from typing import Any

from pair_mesh import HOST, Core, Mesh

PATIENCE = 40  #: rounds without a move until everybody is asked, however slow


@dataclass(frozen=True)
class Rules:
    """ordered      the pair's tokens release Q
    held         a read waits while the engine writes rows of its step's bank: a pair's tokens go when its sweep has begun
    alone        the engine has written all of a pair's rows before the next pair's sweep begins
    behind       a credit comes behind the spikes of its sweep
    """

    ordered: bool = True
    held: bool = True
    alone: bool = True
    behind: bool = True


@dataclass(frozen=True)
class Into:
    """A projection: 'mix' (weights by source channel and target channel), 'into' a pair, 'order', 'dynamic', 'probe'."""

    source: str
    target: str
    kind: str
    weight: Any = None


@dataclass
class Net:
    """heads of `size` channels; places: by population the (core, first channel, channels) of its parts."""

    lanes: int
    size: int
    tokens: int
    channels: int
    places: dict[str, list[tuple[Core, int, int]]]
    projections: list[Into]
    theta: dict[str, int]

    def head(self, channel: int) -> range:
        first = channel // self.size * self.size
        return range(first, first + self.size)


@dataclass
class Part:
    """Currents by bank, token and channel; of a pair its keys and values."""

    name: str
    core: Core
    channels: range
    tokens: int
    credits: int
    step: int = 0
    acc: list[dict[Any, int]] = field(default_factory=lambda: [defaultdict(int), defaultdict(int)])
    in_step: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    freed: dict[int, int] = field(default_factory=lambda: defaultdict(int))


class Machine(Mesh):
    """A network on a mesh; `planes[step]`: set (token, channel) by input."""

    def __init__(
        self, net: Net, planes: list[dict[str, set]], mesh: tuple[int, int], rules: Rules, random: Random
    ) -> None:
        projections = [p for p in net.projections if rules.ordered or p.kind != "order"]
        self.net, self.planes, self.rules = replace(net, projections=projections), planes, rules
        super().__init__(mesh, random)
        self.parts = [self._part(name, *place) for name, places in net.places.items() for place in places]
        self.jobs: dict[Core, Iterator[bool] | None] = dict.fromkeys(self.cores)
        self.rows: dict[Any, int] = defaultdict(int)  #: D by (tag, parity, i, j)
        self.engine: dict[Core, deque] = {core: deque() for core in self.cores}
        self.unready: dict[Core, int | None] = dict.fromkeys(self.cores)  #: the bank that the engine writes
        self.host, self.host_credits = self._host(), defaultdict(int)
        self.seen: dict[tuple[str, int], dict] = defaultdict(dict)
        self.ended: dict[tuple[int, int], int] = defaultdict(int)
        self.done = False

    def _part(self, name: str, core: Core, first: int, count: int) -> Part:
        into = [p for p in self.net.projections if p.target == name]
        out = [p for p in self.net.projections if p.source == name]
        tokens = sum(len(self.net.places.get(p.source, [0])) for p in into)
        return Part(name, core, range(first, first + count), tokens, sum(len(self._at(p)) for p in out))

    def _at(self, p: Into) -> list[Core]:
        return [core for core, _, _ in self.net.places[p.target]] if p.kind != "probe" else [(0, 0)]

    # --- a core

    def take(self, core: Core) -> bool:
        """A packet at a core: nothing is sent here, and nothing waited for but the engine."""
        kind, tag, step, *rest = self.queues[core][0]
        reads = kind == "spike" and self.net.projections[tag].kind in ("dynamic", "gated")
        if reads and self.rules.held and self.unready[core] == step % 2:
            return False
        self.queues[core].popleft()
        if kind == "credit":
            part = next(p for p in self.parts if p.core == core and p.name == rest[0])
            part.freed[step] += 1
            return True
        p = self.net.projections[tag]
        for part in (q for q in self.parts if q.core == core and q.name == p.target):
            if kind == "token":
                part.in_step[step] += 1
            else:
                self.spike(part, p, tag, step, *rest)
        return True

    def spike(self, part: Part, p: Into, tag: int, step: int, token: int, channel: int) -> None:
        acc = part.acc[step % 2]
        if p.kind == "into":
            if channel in part.channels:
                acc[p.weight, token, channel] += 1
            return
        for j in part.channels:
            if p.kind == "mix":
                acc[token, j] += p.weight[channel][j]
            elif j in self.net.head(channel):
                acc[token, j] += self.rows[tag, step % 2, channel, j]

    def write(self, core: Core) -> bool:
        """The outer engine: a row, or the end of a pair's."""
        entry = self.engine[core].popleft()
        if entry is None:
            self.unready[core] = None
        else:
            self.row(core, *entry)
        return True

    def row(self, core: Core, *entry: Any) -> None:
        tag, parity, rows = entry
        if rows is None:
            for key in [k for k in self.rows if k[:2] == (tag, parity) and k[3] in self._own(core, tag)]:
                self.rows[key] = 0
            return
        i, values = rows
        for j in values:
            self.rows[tag, parity, i, j] += 1

    def _own(self, core: Core, tag: int) -> range:
        return next(
            p.channels for p in self.parts if p.core == core and p.name == self.net.projections[tag].target
        )

    def work(self, core: Core) -> bool:
        """Goes on with the core's sweep, or begins one of those that may."""
        if self.jobs[core] is None:
            ready = [p for p in self.parts if p.core == core and self.ready(p)]
            if not ready:
                return False
            part = self.random.choice(ready)
            self.jobs[core] = self.sweep(part) if part.name in self.net.theta else self.outer(part)
        job = self.jobs[core]
        assert job is not None
        try:
            return next(job)
        except StopIteration:
            self.jobs[core] = None
            return True

    def ready(self, part: Part) -> bool:
        step = part.step
        free = step < 2 or part.freed[step - 2] == part.credits
        return step < len(self.planes) and part.in_step[step] == part.tokens and free

    def sweep(self, part: Part) -> Iterator[bool]:
        """Packets by token and channel, tokens, credits."""
        step, acc = part.step, dict(part.acc[part.step % 2])
        part.acc[step % 2].clear()
        self.seen[part.name, step] |= {
            (n, j): acc.get((n, j), 0) for n in range(self.net.tokens) for j in part.channels
        }
        if not self.rules.behind:
            yield from self._credits(part, step)
        out = [(t, p) for t, p in enumerate(self.net.projections) if p.source == part.name]
        for n, j in sorted(key for key, value in acc.items() if value >= self.net.theta[part.name]):
            for tag, p in out:
                yield from self.send(part.core, self._at(p), ("spike", tag, step, n, j), p.kind == "probe")
        yield from self._end(part, step)
        if self.rules.behind:
            yield from self._credits(part, step)

    def outer(self, part: Part) -> Iterator[bool]:
        """Keys and values of each token."""
        step, acc = part.step, dict(part.acc[part.step % 2])
        part.acc[step % 2].clear()
        (tag,) = [t for t, p in enumerate(self.net.projections) if part.name == p.weight]
        rows: list[Any] = [None]
        for n in range(self.net.tokens):
            values = {j for j in part.channels if acc.get(("v", n, j), 0)}
            for i in part.channels:
                if acc.get(("k", n, i), 0) and (mine := values & set(self.net.head(i))):
                    rows.append((i, mine))
        yield from self.engage(part, step, [(tag, step % 2, row) for row in rows])

    def engage(self, part: Part, step: int, entries: list[Any]) -> Iterator[bool]:
        """All into the engine's queue; from any of them on the pair's tokens and credits, beside it."""
        core, queue = part.core, self.engine[part.core]
        while self.unready[core] is not None and self.rules.alone:
            yield False
        self.unready[core] = step % 2
        ends, early = (
            chain(self._end(part, step), self._credits(part, step)),
            self.random.randrange(len(entries) + 1),
        )
        for number, entry in enumerate([*entries, None]):
            while len(queue) >= 2 * self.room:
                yield next(ends, False) if number >= early else False
            queue.append(entry)
            if number >= early:
                next(ends, None)
            yield True
        yield from ends

    def _end(self, part: Part, step: int) -> Iterator[bool]:
        for tag, p in enumerate(self.net.projections):
            if p.source == part.name:
                yield from self.send(part.core, self._at(p), ("token", tag, step), p.kind == "probe")
        part.step += 1

    def _credits(self, part: Part, step: int) -> Iterator[bool]:
        for p in self.net.projections:
            if p.target == part.name:
                for core in [core for core, _, _ in self.net.places.get(p.source, [])]:
                    yield from self.send(part.core, [core], ("credit", -1, step, p.source))
                if p.source not in self.net.places:
                    yield from self.send(part.core, [(0, 0)], ("credit", -1, step, HOST), True)

    # --- host

    def hear(self, _: Any) -> bool:
        kind, tag, step, *_ = self.queues[HOST].popleft()
        if kind == "credit":
            self.host_credits[step] += 1
        elif kind == "token":
            self.ended[tag, step] += 1
            (source,) = {self.net.projections[tag].source}
            for part in (p for p in self.parts if p.name == source):  # a credit at once
                if self.ended[tag, step] == len(self.net.places[source]):
                    part.freed[step] += 1
        return True

    def _host(self) -> Iterator[bool]:
        into = [(t, p) for t, p in enumerate(self.net.projections) if p.source not in self.net.places]
        due = sum(len(self._at(p)) for _, p in into)
        for step, planes in enumerate(self.planes):
            while step > 1 and self.host_credits[step - 2] < due:
                yield False
            for tag, p in into:
                for n, j in sorted(planes[p.source]):
                    yield from self.send(HOST, self._at(p), ("spike", tag, step, n, j))
                yield from self.send(HOST, self._at(p), ("token", tag, step))
        self.done = True

    def step_host(self, _: Any) -> bool:
        try:
            return next(self.host)
        except StopIteration:
            return False

    def run(self) -> str:
        """ "ok", or what stands still."""
        idle = 0
        while idle <= PATIENCE:
            actors: list[Any] = [(self.move, key) for key in self.inputs if self.queues[key]]
            actors += [(self.take, core) for core in self.cores if self.queues[core]]
            actors += [(self.work, core) for core in self.cores]
            actors += [(self.write, core) for core in self.cores if self.engine[core]]
            actors += [(self.hear, HOST)] * bool(self.queues[HOST]) + [(self.step_host, HOST)] * (
                not self.done
            )
            self.random.shuffle(actors)
            moved = False
            for act, key in actors:
                if idle == PATIENCE or self.random.randrange(self.speeds[act, key]) == 0:
                    moved |= act(key)
            idle = 0 if moved else idle + 1
        ended = all(part.step == len(self.planes) for part in self.parts)
        return "ok" if self.done and ended else "stands still"
