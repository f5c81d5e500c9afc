"""A part of a population in the packet model of training: its counters, what it makes of a packet, and what it may do next."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from training_rules import Net, Rules, leaked, limited, rounded, weighed

if TYPE_CHECKING:
    from training_protocol import Machine

HOST = -1


class Ready:
    """Counts events up to `expected`; then a bit is set until it is taken. A second set before that is lost."""

    def __init__(self, expected: int, ready: bool = False) -> None:
        self.expected = self.left = expected
        self.ready = ready or not expected

    def event(self) -> None:
        self.left -= 1
        if not self.left:
            self.left, self.ready = self.expected, True

    def take(self) -> None:
        self.ready = not self.expected


class Part:
    """Some neurons of a population on one core: banks, tape, deltas, and the counters of both directions."""

    def __init__(self, net: Net, name: str, core: int, first: int, count: int, rules: Rules) -> None:
        self.net, self.name, self.core, self.rules = net, name, core, rules
        self.neurons = range(first, first + count)
        self.exact: list[Counter[int]] = [Counter(), Counter()]
        self.readout: Counter[int] = Counter()
        self.delta: dict[int, int] = dict.fromkeys(self.neurons, 0)
        self.tape: dict[int, dict[int, tuple[bool, bool]]] = {}
        into, out = net.tags_into(name), net.tags_from(name)
        tokens = sum(net.count(net.projections[tag][0]) for tag in into)
        credits = sum(net.count(net.projections[tag][1]) for tag in out)
        self.tokens, self.credits = (
            [Ready(tokens), Ready(tokens)],
            [Ready(credits, True), Ready(credits, True)],
        )
        self.step = self.parity = 0
        self.into, self.out = [t for t in into if net.goes_back(t)], [t for t in out if net.goes_back(t)]
        self.gathers = net.has_delta(name) and name != net.output
        self.backward = False

    def begin_backward(self) -> None:
        """At the forward's last sweep."""
        net = self.net
        targets = sum(net.count(net.projections[tag][1]) for tag in self.out)
        self.ready, self.back = Ready(targets), Ready(targets if self.gathers else 0)
        sources = {tag: net.count(net.projections[tag][0]) for tag in self.into}
        if self.rules.tokens == "population":
            sources = {-1: sum(sources.values())} if sources else {}
        self.replayed = {key: Ready(count) for key, count in sources.items()}
        self.partials: dict[int, dict[int, int]] = {tag: {} for tag in self.into}
        self.sent = self.swept = self.told = 0
        self.served = dict.fromkeys(sources, 0)
        self.has_error = False
        self.backward = bool(self.into or self.out)


# --- what a part makes of a packet


def _to(part: Part, machine: Machine, tag: int, end: int) -> bool:
    return machine.net.projections[tag][end] == part.name


def take_spike(m: Machine, part: Part, tag: int, i: int, parity: int) -> None:
    if _to(part, m, tag, 1):
        for j in part.neurons:
            (part.readout if part.name == m.net.output else part.exact[parity])[j] += m.weights[tag, i, j]


def take_spike_token(m: Machine, part: Part, tag: int, parity: int) -> None:
    if _to(part, m, tag, 1):
        part.tokens[parity].event()


def take_credit(m: Machine, part: Part, source: str, parity: int) -> None:
    if part.name == source:
        part.credits[parity].event()


def take_ready(m: Machine, part: Part, tag: int) -> None:
    if _to(part, m, tag, 0):
        part.ready.event()


def take_replay(m: Machine, part: Part, tag: int, i: int, _: int) -> None:
    if _to(part, m, tag, 1):
        for j in part.neurons:
            m.gradients[tag, i, j] += part.delta[j]


def take_window(m: Machine, part: Part, tag: int, i: int) -> None:
    if _to(part, m, tag, 1):
        m.faults["gathered twice"] += i in part.partials[tag]
        part.partials[tag][i] = sum(weighed(m.weights[tag, i, j], part.delta[j]) for j in part.neurons)


def take_replay_token(m: Machine, part: Part, tag: int, _: int) -> None:
    if _to(part, m, tag, 1):
        part.replayed[tag if m.rules.tokens == "projection" else -1].event()


def take_partial(m: Machine, part: Part, tag: int, i: int, limb: int) -> None:
    if _to(part, m, tag, 0) and i in part.neurons:
        part.exact[0][i] += limb


def take_back_token(m: Machine, part: Part, tag: int) -> None:
    if _to(part, m, tag, 0):
        part.back.event()


def take_error(m: Machine, part: Part, n: int, e: int) -> None:
    if part.name == m.net.output and n in part.neurons:
        part.delta[n] = e


def take_error_token(m: Machine, part: Part) -> None:
    if part.name == m.net.output:
        part.has_error = True


TAKES: dict[str, Callable[..., None]] = {
    name.removeprefix("take_").replace("_", " "): made
    for name, made in list(globals().items())
    if name.startswith("take_")
}


# --- what a part may do next


def jobs_of(m: Machine, part: Part) -> list[Callable[[], Iterator[bool]]]:
    """The jobs of a part whose counters are ready, as the protocol's steps 1 to 5 ask."""
    found: list[Callable[[], Iterator[bool]]] = []
    if part.tokens[part.parity].ready and part.credits[part.parity].ready:
        found.append(lambda: forward(m, part))
    if not part.backward:
        return found
    guarded = not m.rules.guarded or not part.gathers or part.swept >= part.sent
    if part.out and part.sent < m.steps and part.ready.ready and guarded:
        found.append(lambda: replay(m, part))
    for key, counter in part.replayed.items():
        if part.served[key] < m.steps and counter.ready:
            found.append(lambda key=key: serve(m, part, key))
    free = not m.rules.served_first or all(n >= part.swept for n in part.served.values())
    if part.gathers and part.swept < m.steps and part.back.ready and free:
        found.append(lambda: sweep(m, part))
    every = m.rules.output_ready == "once" or all(n >= part.told for n in part.served.values())
    if part.name == m.net.output and part.has_error and part.told < m.steps and every:
        found.append(lambda: tell(m, part))
    if _finished(m, part):
        found.append(lambda: end(m, part))
    return found


def _finished(m: Machine, part: Part) -> bool:
    sent = not part.out or part.sent == m.steps
    swept = not part.gathers or part.swept == m.steps
    told = part.name != m.net.output or part.told == m.steps
    return sent and swept and told and all(n == m.steps for n in part.served.values())


def forward(m: Machine, part: Part) -> Iterator[bool]:
    parity, t = part.parity, part.step % m.steps
    part.tokens[parity].take()
    part.credits[parity].take()
    part.parity, part.step, last = parity ^ 1, part.step + 1, t == m.steps - 1
    m.faults["tape overwritten"] += part.backward
    if part.name == m.net.output:
        for n in part.neurons if last else ():
            yield from m.send(part.core, [HOST], "value", n, part.readout.pop(n, 0))
        if last:
            part.begin_backward()
            yield from m.send(part.core, [HOST], "value token")
    else:
        yield from fire(m, part, parity, t, last)
        if last:
            part.begin_backward()
        for tag in m.net.tags_from(part.name):
            yield from m.send(part.core, m.cores_of(m.net.projections[tag][1]), "spike token", tag, parity)
    for tag in m.net.tags_into(part.name):
        source = m.net.projections[tag][0]
        yield from m.send(part.core, m.cores_of(source), "credit", source, parity)


def fire(m: Machine, part: Part, parity: int, t: int, last: bool) -> Iterator[bool]:
    part.tape[t] = {}
    for n in part.neurons:
        v = rounded(part.exact[parity].pop(n, 0))
        part.tape[t][n] = (v >= 2, -1 <= v <= 4)
        if not last and v < 2:
            part.exact[parity ^ 1][n] += leaked(v)
        for tag in m.net.tags_from(part.name) if v >= 2 else ():
            yield from m.send(part.core, m.cores_of(m.net.projections[tag][1]), "spike", tag, n, parity)
        yield True


def replay(m: Machine, part: Part) -> Iterator[bool]:
    part.ready.take()
    t = m.steps - 1 - part.sent
    for tag in part.out:
        targets, trained = m.cores_of(m.net.projections[tag][1]), m.net.projections[tag][2]
        for n in part.neurons if trained else ():
            if part.tape[t][n][0]:
                yield from m.send(part.core, targets, "replay", tag, n, 0)
        for n in part.neurons if part.gathers else ():
            if part.tape[t][n][1]:
                yield from m.send(part.core, targets, "window", tag, n)
        yield from m.send(part.core, targets, "replay token", tag, 0)
    part.sent += 1


def serve(m: Machine, part: Part, key: int) -> Iterator[bool]:
    part.replayed[key].take()
    for tag in part.into if key == -1 else [key]:
        source = m.net.projections[tag][0]
        if m.net.has_delta(source):
            sums, part.partials[tag] = part.partials[tag], {}
            for i, total in sums.items():
                owner = next(p.core for p in m.parts if p.name == source and i in p.neurons)
                for limb in (total & 7, total & ~7):  # independent addends
                    if limb:
                        yield from m.send(part.core, [owner], "partial", tag, i, limb)
            yield from m.send(part.core, m.cores_of(source), "back token", tag)
    part.served[key] += 1
    yield True


def sweep(m: Machine, part: Part) -> Iterator[bool]:
    part.back.take()
    t = m.steps - 1 - part.swept
    for n in part.neurons:
        part.delta[n] = limited(rounded(part.exact[0].pop(n, 0)))
        if (t and not part.tape[t - 1][n][0]) or (not t and m.rules.carries_at_0):
            part.exact[0][n] += leaked(part.delta[n])
        yield True
    part.swept += 1
    yield from _ready(m, part)


def tell(m: Machine, part: Part) -> Iterator[bool]:
    part.told += 1
    yield from _ready(m, part)


def _ready(m: Machine, part: Part) -> Iterator[bool]:
    for tag in part.into:
        yield from m.send(part.core, m.cores_of(m.net.projections[tag][0]), "ready", tag)


def end(m: Machine, part: Part) -> Iterator[bool]:
    part.backward = False
    yield from m.send(part.core, [HOST], "end")
