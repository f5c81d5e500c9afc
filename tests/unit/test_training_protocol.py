"""The protocol by which a chip learns: with all its rules no order of packets changes a weight or stops the chip, and
without any one of them some order does."""

from collections import Counter
from dataclasses import replace
from random import Random

import pytest
from training_protocol import Machine
from training_rules import Net, Rules, error_of, leaked, limited, moved, rounded, weighed

NETS = {
    "chain": Net(
        {"I": 3, "A": 3, "O": 2}, {"A": [(0, 3)], "O": [(1, 2)]}, [("I", "A", True), ("A", "O", True)]
    ),
    "one core": Net(
        {"I": 3, "A": 3, "O": 2}, {"A": [(0, 3)], "O": [(0, 2)]}, [("I", "A", True), ("A", "O", True)]
    ),
    "readout": Net({"I": 3, "O": 3}, {"O": [(0, 2), (1, 1)]}, [("I", "O", True)]),
    "split": Net(
        {"I": 3, "A": 4, "B": 4, "O": 4},
        {"A": [(0, 2), (1, 2)], "B": [(1, 2), (2, 2)], "O": [(0, 2), (3, 2)]},
        [("I", "A", True), ("A", "B", True), ("B", "O", True)],
    ),
    "diamond": Net(
        {"I": 3, "A": 3, "C": 3, "O": 2},
        {"A": [(0, 2), (1, 1)], "C": [(1, 3)], "O": [(2, 1), (3, 1)]},
        [("I", "A", True), ("A", "C", True), ("A", "O", True), ("C", "O", True)],
    ),
    "branches": Net(
        {"I": 3, "A": 3, "B": 3, "C": 3, "O": 2},
        {"A": [(0, 3)], "B": [(1, 3)], "C": [(2, 3)], "O": [(3, 2)]},
        [
            ("I", "A", True),
            ("A", "B", True),
            ("A", "C", True),
            ("B", "O", True),
            ("C", "O", True),
            ("I", "C", True),
        ],
    ),
    "frozen middle": Net(
        {"I": 3, "A": 3, "B": 3, "O": 2},
        {"A": [(0, 3)], "B": [(1, 3)], "O": [(2, 2)]},
        [("I", "A", True), ("A", "B", False), ("B", "O", True)],
    ),
    "frozen first": Net(
        {"I": 3, "A": 3, "B": 3, "O": 2},
        {"A": [(0, 3)], "B": [(1, 3)], "O": [(2, 2)]},
        [("I", "A", False), ("A", "B", True), ("B", "O", True)],
    ),
}
ALL = Rules()
#: A rule left out, and a network that shows it.
SIMPLER = {
    "a step is replayed before the own sweep": (replace(ALL, guarded=False), "chain"),
    "deltas are overwritten before they are served": (replace(ALL, served_first=False), "split"),
    "replay tokens of all projections are one count": (replace(ALL, tokens="population"), "diamond"),
    "the output is ready for all steps at once": (replace(ALL, output_ready="once"), "chain"),
    "the host counts READY as CREDIT": (replace(ALL, own_barrier=False), "chain"),
    "the next sample does not wait": (replace(ALL, waits_for_end=False), "chain"),
    "the carry of step 0 stays": (replace(ALL, carries_at_0=True), "chain"),
}


def drawn(net: Net, random: Random, steps: int) -> tuple[dict, list]:
    """Weights, and one or two iterations of one or two samples, of one to `steps` steps."""
    weights = {
        (tag, i, j): random.randint(-3, 4)
        for tag, (source, target, _) in enumerate(net.projections)
        for i in range(net.sizes[source])
        for j in range(net.sizes[target])
    }
    inputs = [name for name in net.sizes if name not in net.parts]
    steps = random.randint(1, steps)

    def planes() -> dict[str, list[int]]:
        return {name: [random.randint(0, 1) for _ in range(net.sizes[name])] for name in inputs}

    batches = [random.randint(1, 2) for _ in range(random.randint(1, 2))]
    return weights, [[[planes() for _ in range(steps)] for _ in range(size)] for size in batches]


def sequential(net: Net, weights: dict, samples: list) -> dict:
    """The weights that one neuron after the other, without a packet, leaves."""
    weights, number = dict(weights), 0
    for batch in samples:
        gradients: Counter = Counter()
        for sample in batch:
            spikes, windows, readout = forward(net, weights, sample)
            errors = {n: error_of(readout[n], n, number) for n in range(net.sizes[net.output])}
            for t, delta in backward(net, weights, errors, spikes, windows, len(sample)):
                for tag, i, j in weights:
                    source, target, trained = net.projections[tag]
                    if trained and spikes[source, t][i]:
                        gradients[tag, i, j] += delta[target][j]
            number += 1
        for tag, i, j in weights:
            if net.projections[tag][2]:
                weights[tag, i, j] = moved(weights[tag, i, j], gradients[tag, i, j])
    return weights


def forward(net: Net, weights: dict, sample: list) -> tuple[dict, dict, Counter]:
    spikes, windows, readout, kept = {}, {}, Counter(), Counter()
    for t, planes in enumerate(sample):
        for name, size in net.sizes.items():
            if name in planes:
                spikes[name, t] = [bool(bit) for bit in planes[name]]
                continue
            current: Counter = Counter()
            for (tag, i, j), w in weights.items():
                source, target, _ = net.projections[tag]
                if target == name and spikes[source, t][i]:
                    current[j] += w
            if name == net.output:
                readout.update(current)
                continue
            v = [rounded(current[n] + kept[name, n]) for n in range(size)]
            spikes[name, t], windows[name, t] = [x >= 2 for x in v], [-1 <= x <= 4 for x in v]
            kept.update({(name, n): (leaked(v[n]) if v[n] < 2 else 0) - kept[name, n] for n in range(size)})
    return spikes, windows, readout


def backward(net: Net, weights: dict, errors: dict, spikes: dict, windows: dict, steps: int):
    """(t, deltas by population and neuron), from the last step to the first."""
    after: dict[str, dict[int, int]] = {}
    for t in reversed(range(steps)):
        delta = {net.output: errors}
        for name in [
            n for n in reversed(net.sizes) if n in net.parts and n != net.output and net.has_delta(n)
        ]:
            total: Counter = Counter()
            for i in range(net.sizes[name]):
                for tag in net.tags_from(name) if windows[name, t][i] else ():
                    back = delta[net.projections[tag][1]]
                    total[i] += sum(weighed(weights[tag, i, j], d) for j, d in back.items())
                if name in after and not spikes[name, t][i]:
                    total[i] += leaked(after[name][i])
            delta[name] = {i: limited(rounded(total[i])) for i in range(net.sizes[name])}
            after[name] = delta[name]
        yield t, delta


def trial(name: str, rules: Rules, seed: int, traffic: Counter | None = None, steps: int = 6) -> str:
    """ "right", "wrong" or "stuck"."""
    random = Random(f"{name} {seed}")
    net = NETS[name]
    weights, samples = drawn(net, random, steps)
    machine = Machine(net, weights, samples, rules, random)
    ended = machine.run()
    if ended != "done":
        return ended
    if traffic is not None:
        traffic.update(machine.traffic)
        traffic["changed"] += machine.weights != weights
    faults = sum(machine.faults.values())
    return "right" if machine.weights == sequential(net, weights, samples) and not faults else "wrong"


@pytest.mark.parametrize("name", NETS)
def test_any_order_of_packets_gives_the_same_weights(name: str) -> None:
    traffic: Counter = Counter()
    assert Counter(trial(name, ALL, seed, traffic, steps=4) for seed in range(13)) == {"right": 13}
    assert traffic["changed"] >= 9
    assert min(traffic[kind] for kind in ("spike", "replay", "ready", "error", "end", "update")) > 10
    hidden = name != "readout"
    assert min(traffic[kind] for kind in ("window", "partial", "back token")) > 10 or not hidden


@pytest.mark.parametrize("simpler", SIMPLER)
def test_without_a_rule_some_order_stops_the_chip_or_changes_a_weight(simpler: str) -> None:
    rules, name = SIMPLER[simpler]
    assert any(trial(name, rules, seed) != "right" for seed in range(40))


@pytest.mark.slow
@pytest.mark.parametrize("name", NETS)
def test_ten_thousand_orders(name: str) -> None:
    """1,250 of each network."""
    assert Counter(trial(name, ALL, seed) for seed in range(1250)) == {"right": 1250}
