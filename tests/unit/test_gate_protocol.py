"""Gates in packets: no order of events stops the chip or makes a number another, with relays and without, and without any one of
the rules some order does. The rules are those of pairs: what writes the rows, what is released, what reads them."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from random import Random
from typing import Any

import pytest
from pair_mesh import Core
from pair_protocol import Into, Machine, Net, Part, Rules

ALL = Rules()
MESHES = ((1, 1), (2, 1), (1, 2), (2, 2), (3, 2))
Planes = list[dict[str, set]]


class GateMachine(Machine):
    """With populations that write a row for each of their tokens and channels, in the place of what was there."""

    def spike(self, part: Part, p: Into, tag: int, step: int, token: int, channel: int) -> None:
        if p.kind != "gated":
            return super().spike(part, p, tag, step, token, channel)
        if channel in part.channels:
            part.acc[step % 2][token, channel] += self.rows[tag, step % 2, token, channel]
        return None

    def row(self, core: Core, *entry: Any) -> None:  # noqa: ARG002 - rows of pairs are a core's own
        key, value = entry
        self.rows[key] = value

    def outer(self, part: Part) -> Iterator[bool]:
        """A row for each word."""
        step, acc = part.step, dict(part.acc[part.step % 2])
        part.acc[step % 2].clear()
        (tag,) = [t for t, p in enumerate(self.net.projections) if part.name == p.weight]
        places = [(n, j) for n in range(self.net.tokens) for j in part.channels]
        yield from self.engage(part, step, [((tag, step % 2, *place), acc.get(place, 0)) for place in places])


def drawn(random: Random, mesh: tuple[int, int], blocks: int) -> tuple[Net, list[bool]]:
    """Blocks of x, g and a one behind the other on random cores; by block whether it has a relay."""
    channels, tokens = random.choice([1, 2, 4]), random.choice([1, 2, 3])
    cores = [(x, y) for x in range(mesh[0]) for y in range(mesh[1])]
    places: dict[str, list[tuple[Core, int, int]]] = {}
    projections, before, relays = list[Into](), "in", list[bool]()
    one = [[int(i == j) for j in range(channels)] for i in range(channels)]

    def mixed() -> list[list[int]]:
        return [[random.choice([0, 1, 1, 2]) for _ in range(channels)] for _ in range(channels)]

    def spread() -> list[tuple[Core, int, int]]:
        chosen = random.sample(cores, random.randint(1, min(len(cores), channels)))
        bounds = sorted(random.sample(range(1, channels), len(chosen) - 1))
        ends = zip([0, *bounds], [*bounds, channels], strict=True)
        return [(core, low, high - low) for core, (low, high) in zip(chosen, ends, strict=True)]

    for n in range(blocks):
        x, g, a, gate, relay = (f"{name}{n}" for name in ("x", "g", "a", "gate", "relay"))
        relays.append(random.random() < 0.6)
        places |= {name: spread() for name in (x, g, a, *([relay] if relays[-1] else []))}
        places[gate] = places[a]
        source = relay if relays[-1] else x
        projections += [Into(before, x, "mix", mixed()), Into(x if relays[-1] else before, g, "mix", mixed())]
        projections += [
            Into(g, gate, "mix", mixed()),
            Into(gate, source, "order"),
            Into(source, a, "gated", gate),
        ]
        projections += [Into(x, relay, "mix", one)] if relays[-1] else []
        if random.random() < 0.3:  # a second source of A
            projections.append(Into(before, a, "mix", mixed()))
        before = a
    probed = {before, *random.sample([name for name in sorted(places) if "gate" not in name], 2)}
    projections += [Into(name, "host", "probe") for name in sorted(probed)]
    theta = {name: 1 if "relay" in name else random.randint(1, 2) for name in places if "gate" not in name}
    return Net(2, 1, tokens, channels, places, projections, theta), relays


def expected(net: Net, sent: dict[str, set], relays: list[bool]) -> dict[str, dict]:
    """The currents of all populations in a step, from the equation."""
    sent, found = dict(sent), dict[str, dict]()
    order = [
        f"{name}{n}" for n, relay in enumerate(relays) for name in ("x", "g", "gate", *["relay"] * relay, "a")
    ]
    for name in order:
        current: dict[Any, int] = {(n, j): 0 for n in range(net.tokens) for j in range(net.channels)}
        for p in (p for p in net.projections if p.target == name and p.kind in ("mix", "gated")):
            for n, i in sent[p.source]:
                if p.kind == "gated":
                    current[n, i] += found[p.weight][n, i]
                    continue
                for j in range(net.channels):
                    current[n, j] += p.weight[i][j]
        found[name] = current
        sent[name] = {key for key, value in current.items() if value >= net.theta.get(name, 0)}
    return found


def schedule(seed: int, rules: Rules) -> tuple[str, int]:
    """How a random run ends: "ok", "wrong" or "stands still"; and how large a current behind a gate was."""
    random = Random(seed)
    mesh = random.choice(MESHES)
    net, relays = drawn(random, mesh, random.choice([1, 1, 2, 3]))
    rate, steps = random.choice([0.3, 0.6]), random.randint(1, 5)
    every = [(n, j) for n in range(net.tokens) for j in range(net.channels)]
    planes: Planes = [{"in": {key for key in every if random.random() < rate}} for _ in range(steps)]
    machine = GateMachine(net, planes, mesh, rules, random)
    end = machine.run()
    if end != "ok":
        return end, 0
    largest = 0
    for step in range(steps):
        for name, current in expected(net, planes[step], relays).items():
            if "gate" not in name and machine.seen[name, step] != current:
                return "wrong", 0
            if name.startswith("a"):
                largest = max(largest, *current.values())
    return end, largest


def check(seeds: range) -> None:
    found = [schedule(seed, ALL) for seed in seeds]
    assert Counter(end for end, _ in found) == {"ok": len(seeds)}
    assert sum(largest > 1 for _, largest in found) > len(seeds) // 3


def test_no_order_changes_a_product() -> None:
    check(range(30))


@pytest.mark.slow
def test_no_order_of_many() -> None:
    check(range(30, 2000))


@pytest.mark.parametrize("rule", ["ordered", "held", "alone", "behind"])
def test_every_rule_is_missed(rule: str) -> None:
    rules = replace(ALL, **{rule: False})
    assert any(schedule(seed, rules)[0] == "wrong" for seed in range(400))
