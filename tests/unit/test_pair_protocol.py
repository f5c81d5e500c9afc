"""Attention in packets: no order of events stops the chip or makes a number another, and without any one of the rules some
order does."""

from collections import Counter
from dataclasses import replace
from random import Random

import pytest
from pair_protocol import Into, Machine, Net, Rules

ALL = Rules()
MESHES = ((1, 1), (2, 1), (1, 2), (2, 2), (3, 1), (3, 2))
Planes = list[dict[str, set]]


def drawn(random: Random, mesh: tuple[int, int], blocks: int) -> Net:
    """Blocks of q, k, v, a one behind the other, on random cores, in parts of whole heads."""
    size, heads, tokens = random.choice([1, 2, 3]), random.choice([1, 2, 3]), random.choice([1, 2, 3])
    channels = size * heads
    cores = [(x, y) for x in range(mesh[0]) for y in range(mesh[1])]
    places: dict[str, list[tuple[tuple[int, int], int, int]]] = {}
    projections, before = list[Into](), "in"

    def mixed() -> list[list[int]]:
        return [[random.choice([0, 1, 1, 2]) for _ in range(channels)] for _ in range(channels)]

    def spread() -> list[tuple[tuple[int, int], int, int]]:
        chosen = random.sample(cores, random.randint(1, min(len(cores), heads)))
        bounds = sorted(random.sample(range(1, heads), len(chosen) - 1))
        ends = zip([0, *bounds], [*bounds, heads], strict=True)
        return [
            (core, low * size, (high - low) * size) for core, (low, high) in zip(chosen, ends, strict=True)
        ]

    for n in range(blocks):
        q, k, v, a, pair = (f"{name}{n}" for name in ("q", "k", "v", "a", "pair"))
        places |= {name: spread() for name in (k, v, q, a)}
        places[pair] = places[a]
        projections += [Into(before, name, "mix", mixed()) for name in (q, k, v)]
        projections += [Into(k, pair, "into", "k"), Into(v, pair, "into", "v"), Into(pair, q, "order")]
        projections += [Into(q, a, "dynamic", pair)]
        if random.random() < 0.3:  # a second source of A
            projections.append(Into(before, a, "mix", mixed()))
        before = a
    projections += [
        Into(name, "host", "probe")
        for name in {before, *random.sample(sorted(places), 2)}
        if "pair" not in name
    ]
    theta = {name: random.randint(1, 3) for name in places if "pair" not in name}
    return Net(2, size, tokens, channels, places, projections, theta)


def expected(net: Net, planes: Planes, step: int) -> dict[str, dict]:
    """The currents of all populations in a step, from the equation."""
    sent: dict[str, set] = dict(planes[step])
    found: dict[str, dict] = {}
    pairs = {p.target: p.source for p in net.projections if p.kind == "into" and p.weight == "k"}
    values = {p.target: p.source for p in net.projections if p.kind == "into" and p.weight == "v"}
    order = [name for n in range(len(pairs)) for name in (f"k{n}", f"v{n}", f"q{n}", f"a{n}")]
    for name in order:
        current = {(n, j): 0 for n in range(net.tokens) for j in range(net.channels)}
        for p in (p for p in net.projections if p.target == name and p.kind in ("mix", "dynamic")):
            for n, i in sent[p.source]:
                for j in range(net.channels) if p.kind == "mix" else net.head(i):
                    if p.kind == "mix":
                        current[n, j] += p.weight[i][j]
                    else:
                        k, v = sent[pairs[p.weight]], sent[values[p.weight]]
                        current[n, j] += sum((m, i) in k and (m, j) in v for m in range(net.tokens))
        found[name] = current
        sent[name] = {key for key, value in current.items() if value >= net.theta[name]}
    return found


def schedule(seed: int, rules: Rules) -> tuple[str, int]:
    """How a random run ends: "ok", "wrong" or "stands still"; and how large a current of attention was."""
    random = Random(seed)
    mesh = random.choice(MESHES)
    net = drawn(random, mesh, random.choice([1, 1, 2, 3]))
    steps = random.randint(1, 5)
    rate = random.choice([0.3, 0.6])
    planes = [
        {"in": {(n, j) for n in range(net.tokens) for j in range(net.channels) if random.random() < rate}}
        for _ in range(steps)
    ]
    machine = Machine(net, planes, mesh, rules, random)
    end = machine.run()
    if end != "ok":
        return end, 0
    largest = 0
    for step in range(steps):
        for name, current in expected(net, planes, step).items():
            if machine.seen[name, step] != current:
                return "wrong", 0
            if name.startswith("a"):
                largest = max(largest, *current.values())
    return end, largest


def check(seeds: range) -> None:
    found = [schedule(seed, ALL) for seed in seeds]
    assert Counter(end for end, _ in found) == {"ok": len(seeds)}
    assert sum(largest > 1 for _, largest in found) > len(seeds) // 2


def test_no_order_changes_a_number() -> None:
    check(range(60))


@pytest.mark.slow
def test_no_order_of_many() -> None:
    check(range(60, 2000))


@pytest.mark.parametrize("rule", ["ordered", "held", "alone", "behind"])
def test_every_rule_is_missed(rule: str) -> None:
    rules = replace(ALL, **{rule: False})
    assert any(schedule(seed, rules)[0] == "wrong" for seed in range(200))
