"""The packets of a chip that learns, without its arithmetic: cores, finite channels, jobs in any order, a host.

Each core has an inbox, one job at a time, and an outbox, whose head goes to all its targets before the next packet moves.
It takes packets in without sending any. Numbers are small integers with a rounding that is not linear, so that whatever is
mixed up, lost or counted twice changes a weight. `Rules` names what the protocol asks for; each can be left out, which is how
the tests know that they would notice.
"""

from collections import Counter, deque
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

from training_parts import HOST, TAKES, Part, jobs_of
from training_rules import Net, Rules, error_of, moved


class Machine:
    """A network on a chip with its host. `samples[iteration]` is a list of samples, each a list of steps of planes by input."""

    def __init__(
        self, net: Net, weights: dict, samples: list[list[list[dict]]], rules: Rules, random: Random
    ) -> None:
        self.net, self.rules, self.random, self.samples = net, rules, random, samples
        self.steps = len(samples[0][0])
        self.weights, self.gradients = dict(weights), Counter()
        self.parts: list[Part] = []
        for name, places in net.parts.items():
            first = 0
            for core, count in places:
                self.parts.append(Part(net, name, core, first, count, rules))
                first += count
        self.cores = sorted({part.core for part in self.parts})
        places = [HOST, *self.cores]
        self.room = random.choice([1, 2, 3])
        self.inbox, self.outbox = ({c: deque() for c in places} for _ in range(2))
        ends = [(a, b) for p in net.projections for a in self.cores_of(p[0]) for b in self.cores_of(p[1])]
        pairs = {(HOST, HOST)} ^ {
            pair for a, b in [*ends, *((c, HOST) for c in places)] for pair in ((a, b), (b, a))
        }
        self.wires: dict[tuple[int, int], deque] = {pair: deque() for pair in sorted(pairs)}
        self.job: dict[int, Iterator[bool] | None] = dict.fromkeys(self.cores)
        self.changed = dict.fromkeys(places, True)
        self.host, self.heard = self._host(), Counter()
        self.values: dict[int, int] = {}
        self.updating: set[int] = set()
        self.over = False  #: the host has all answers of the last update
        self.faults: Counter[str] = Counter()
        self.traffic: Counter[str] = Counter()

    # --- channels

    def send(self, core: int, targets: list[int], kind: str, *fields: Any) -> Iterator[bool]:
        """Into the outbox, as soon as it has room."""
        while len(self.outbox[core]) >= self.room:
            yield False
        self.outbox[core].append((set(targets), (kind, *fields)))
        self.traffic[kind] += 1
        yield True

    def move_out(self, core: int) -> bool:
        """The head of an outbox onto the wires that have room."""
        if not self.outbox[core]:
            return False
        targets, packet = self.outbox[core][0]
        free = [t for t in targets if len(self.wires[core, t]) < self.room]
        for target in free:
            self.wires[core, target].append(packet)
            targets.remove(target)
        if not targets:
            self.outbox[core].popleft()
        return bool(free)

    def move_in(self, wire: tuple[int, int]) -> bool:
        if not self.wires[wire] or len(self.inbox[wire[1]]) >= self.room:
            return False
        self.inbox[wire[1]].append(self.wires[wire].popleft())
        return True

    def take(self, core: int) -> bool:
        """One packet out of an inbox: nothing is sent here."""
        if not self.inbox[core]:
            return False
        kind, *fields = self.inbox[core].popleft()
        self.changed[core] = True
        if core == HOST:
            self._heard(kind, *fields)
        elif kind == "update":
            self.updating.add(core)
        else:
            for part in [p for p in self.parts if p.core == core]:
                TAKES[kind](self, part, *fields)
        return True

    def cores_of(self, name: str) -> list[int]:
        return [core for core, _ in self.net.parts.get(name, [])] or [HOST]

    # --- jobs of a core

    def work(self, core: int) -> bool:
        """Go on with the core's job, or begin one of those that are ready."""
        if self.job[core] is None:
            if not self.changed[core]:  # nothing came in since nothing was ready
                return False
            ready = [make for p in self.parts if p.core == core for make in jobs_of(self, p)]
            if core in self.updating:
                ready.append(lambda: self._update(core))
            if not ready:
                self.changed[core] = False
                return False
            self.job[core] = self.random.choice(ready)()
        job = self.job[core]
        assert job is not None
        try:
            return next(job)
        except StopIteration:
            self.job[core] = None
            return True

    def _update(self, core: int) -> Iterator[bool]:
        self.updating.discard(core)
        for part in [p for p in self.parts if p.core == core]:
            for (tag, i, j), w in self.weights.items():
                if self.net.projections[tag][1:] == (part.name, True) and j in part.neurons:
                    self.weights[tag, i, j] = moved(w, self.gradients.pop((tag, i, j), 0))
            yield True
        yield from self.send(core, [HOST], "answer")

    # --- host

    def _heard(self, kind: str, *fields: Any) -> None:
        if kind == "value":
            self.values[fields[0]] = fields[1]
        elif kind == "credit":
            self.heard[kind, fields[1]] += 1
        elif kind == "ready" and not self.rules.own_barrier:
            self.heard["credit", 0] += 1
        else:
            self.heard[kind] += 1

    def _wait(self, key: Any, count: int) -> Iterator[bool]:
        while self.heard[key] < count:
            yield False
        self.heard[key] -= count

    def _host(self) -> Iterator[bool]:
        net = self.net
        inputs = [tag for tag, p in enumerate(net.projections) if p[0] not in net.parts]
        back = [tag for tag in inputs if net.goes_back(tag)]
        credits, readies = (
            sum(net.count(net.projections[tag][1]) for tag in tags) for tags in (inputs, back)
        )
        self.heard["credit", 0] = self.heard["credit", 1] = credits
        ends, step, number = sum(bool(p.into or p.out) for p in self.parts), 0, 0
        for batch in self.samples:
            for sample in batch:
                for planes in sample:
                    yield from self._wait(("credit", step & 1), credits)
                    yield from self._planes("spike", inputs, planes, step & 1)
                    step += 1
                yield from self._wait("value token", net.count(net.output))
                for core in (places := self.cores_of(net.output)):
                    for part in [p for p in self.parts if (p.name, p.core) == (net.output, core)]:
                        for n in part.neurons:
                            yield from self.send(
                                HOST, [core], "error", n, error_of(self.values[n], n, number)
                            )
                yield from self.send(HOST, places, "error token")
                for planes in reversed(sample) if back else ():
                    key = "ready" if self.rules.own_barrier else ("credit", 0)
                    yield from self._wait(key, readies)
                    yield from self._planes("replay", back, planes, 0)
                if self.rules.waits_for_end:
                    yield from self._wait("end", ends)
                number += 1
            yield from self.send(HOST, self.cores, "update")
            yield from self._wait("answer", len(self.cores))
        self.over = True

    def _planes(self, kind: str, tags: list[int], planes: dict, parity: int) -> Iterator[bool]:
        for tag in tags:
            source, target, trained = self.net.projections[tag]
            for i, spike in enumerate(planes[source]):
                if spike and (trained or kind == "spike"):
                    yield from self.send(HOST, self.cores_of(target), kind, tag, i, parity)
            yield from self.send(HOST, self.cores_of(target), f"{kind} token", tag, parity)

    # --- a run

    def run(self) -> str:
        """ "done", or "stuck" where nothing can move any more."""
        acts: list[Callable[[], bool]] = []
        for core in (HOST, *self.cores):
            acts += [lambda c=core: self.take(c), lambda c=core: self.move_out(c)]
            acts += [lambda w=wire: self.move_in(w) for wire in self.wires if wire[0] == core]
        acts += [lambda c=core: self.work(c) for core in self.cores]
        acts.append(lambda: next(self.host, False))
        speeds = [self.random.choice([3, 12, 60]) for _ in acts[1:]] + [self.random.choice([1, 12, 60])]
        drawn = [act for act, speed in zip(acts, speeds, strict=True) for _ in range(speed)]
        went = True
        while went and not self.over:
            went = any([act() for act in self.random.choices(drawn, k=200)]) or any([act() for act in acts])  # noqa: C419 - all of them
        return "done" if self.over else "stuck"
