"""Federated learning by workers of this process: the same bits as one computer, whatever the order of the answers; and workers
that die, start again, are late, hang or lie, each with one line."""

import threading
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest
from federations import SAMPLES, Run, Shuffled, alone, data, terms, workers
from learning_networks import drawn

from spikeplane.errors import SpikeplaneError
from spikeplane.train.federate import LocalGrid
from spikeplane.train.federate.message import Message
from spikeplane.train.federate.shards import split

Facts = dict[str, Any]


@pytest.mark.parametrize(
    ("name", "kind", "momentum"),
    [
        ("mlp", "iid", 0.0),
        ("conv", "labels", 0.0),
        ("diamond with biases", "iid", 0.5),
        ("frozen middle", "labels", 0.0),
    ],
)
def test_five_workers_learn_what_one_learns_in_any_order(name: str, kind: str, momentum: float) -> None:
    """Ten rounds, in each a batch of 16 of every worker: as one worker with five of them, bit for bit."""
    epochs = 10 if name == "mlp" else 4
    agreed = terms(split=kind, momentum=momentum, rate=0.5 if momentum else 2.0, epochs=epochs)
    grids: list[Shuffled] = []

    def shuffled(made: dict[str, Any]) -> LocalGrid:
        grids.append(Shuffled(made, len(grids)))
        return grids[-1]

    runs = [Run(agreed, name, shuffled) for _ in range(3 if name == "mlp" else 1)]
    assert {run.sha256 for run in runs} == {alone(agreed, name), Run(replace(agreed, workers=1), name).sha256}
    assert len({order for grid in grids for order in grid.orders}) > 3
    assert all(run.lines == [] and run.server.number == epochs for run in runs)
    assert runs[0].sha256 != alone(agreed, name, rounds=epochs - 1)


def test_workers_of_no_samples_in_a_batch_add_nothing() -> None:
    agreed = terms(batch=3, epochs=1)
    assert Run(agreed).sha256 == alone(agreed)


def test_in_mode_epoch_the_order_does_not_count_and_one_worker_is_one_computer() -> None:
    agreed = terms(mode="epoch", batch=16, epochs=6, local_epochs=2, momentum=0.5)
    runs = [Run(agreed, grid=lambda made, k=k: Shuffled(made, k)) for k in range(3)]
    assert len({run.sha256 for run in runs}) == 1
    assert len(set().union(*(run.grid.orders for run in runs))) > 3  # pyright: ignore[reportAttributeAccessIssue]
    assert runs[0].server.number == agreed.rounds == 3
    assert runs[0].sha256 != Run(replace(agreed, split="labels")).sha256
    agreed = terms(mode="epoch", batch=16, epochs=4, workers=1)
    assert Run(agreed).sha256 == alone(agreed)


def test_a_federation_goes_on_with_equal_bits() -> None:
    for agreed in (terms(momentum=0.5, rate=0.5), terms(mode="epoch", batch=8, epochs=4, momentum=0.5)):
        whole, half = Run(agreed), Run(agreed, rounds=2)
        rest = Run(agreed, rounds=0)
        rest.server.training.learned = half.training.learned
        rest.server.training.iterations = half.training.iterations
        assert half.sha256 != whole.sha256
        grid = LocalGrid(
            {address: worker.answer for address, worker in workers(drawn("mlp"), agreed).items()}
        )
        rest.server.grid = grid
        while rest.server.number < agreed.rounds:
            rest.server.round()
        grid.close()
        assert (rest.training.learned.weights[0] == whole.training.learned.weights[0]).all()


# --- workers that go wrong


@cache
def lost(agreed: Any, number: int, without: frozenset[int]) -> str:
    """What is learned if these workers are missing in that round, and back in the next."""

    def before(k: int, grid: LocalGrid) -> None:
        for worker in without:
            if k == number:
                grid.leave(f"node {worker}")
            elif k == number + 1:
                grid.join(f"node {worker}", kept[f"node {worker}"].answer)

    kept = workers(drawn("mlp"), agreed)
    return Run(agreed, rounds=number + 2, before=before).sha256


class Wrong:
    """A worker that answers otherwise in round `number`."""

    def __init__(self, worker: Any, number: int, change: Any) -> None:
        self.worker, self.number, self.change = worker, number, change
        self.before: Message | None = None

    def answer(self, task: Message) -> Message:
        found = self.worker(task)
        if task.facts["round"] == self.number:
            found = self.change(self, found)
        self.before = found
        return found


def with_array(of: Any) -> Any:
    return lambda _, m: Message(m.facts, {**m.arrays, "1": of(m.arrays["1"])})


def with_facts(**facts: Any) -> Any:
    return lambda _, m: Message({**m.facts, **facts}, m.arrays)


def raising(_: Wrong, message: Message) -> Message:
    raise OSError("the board is gone\nfor good")


def nan(array: np.ndarray) -> np.ndarray:
    made = array.astype(np.float64)
    made[0, 0] = np.nan
    return made


def one_more(_: Wrong, message: Message) -> Message:
    return Message(message.facts, message.arrays | {"7": message.arrays["1"]})


LIES = {
    "a shape": (with_array(lambda a: a[:, :3]), "its array of hid->out has the shape (3, 3, 1, 1), not (3, 7, 1, 1)"),
    "a type": (with_array(lambda a: a.astype(np.int32)), "its array of hid->out is int32, not int64"),
    "numbers of another type": (with_array(lambda a: a / 2), "its array of hid->out is float64, not int64"),
    "NaN": (with_array(nan), "1 numbers of its array of hid->out are NaN or infinite"),
    "too much": (with_array(lambda a: a + 2**40), "its gradient of hid->out is beyond what 16 samples can have"),
    "too little": (with_array(lambda a: np.full_like(a, -(2**63))), "its gradient of hid->out is beyond what 16 samples can have"),
    "no arrays": (lambda _, m: Message(m.facts), "it has arrays none, not those of the trained projections 0, 1"),
    "another array": (one_more, "it has arrays 0, 1, 7, not those of the trained projections 0, 1"),
    "the answer before": (lambda w, _: w.before, "it answers round 1, and this is round 2"),
    "a round to come": (with_facts(round=5), "it answers round 6, and this is round 2"),
    "no round": (with_facts(round="x"), "it answers round x, and this is round 2"),
    "another program": (with_facts(digest="0"), "it answers for another network or course; start it with the server's options"),
    "more samples": (with_facts(samples=81), "it counts 81 samples, and there are 80 at most"),
    "no count": (with_facts(samples=-1), "its samples are -1, which is no count"),
    "half a count": (with_facts(right=0.5), "its right are 0.5, which is no count"),
    "a loss": (with_facts(loss=float("nan")), "its loss is nan, which is no finite number"),
    "a defect": (raising, "OSError: the board is gone"),
    "a refusal": (lambda _, m: Message({**m.facts, "error": "no room"}), "no room"),
}  # fmt: skip


@pytest.mark.parametrize("lie", LIES)
def test_an_answer_that_is_wrong_does_not_count_and_is_told(lie: str) -> None:
    """In round 2 worker 3 lies: it is as if it were not there, and in round 3 it is taken again."""
    change, line = LIES[lie]
    agreed = terms()

    def grid(made: dict[str, Any]) -> LocalGrid:
        return LocalGrid({**made, "node 2": Wrong(made["node 2"], 1, change).answer})

    run = Run(agreed, rounds=3, grid=grid)
    assert run.lines == [f"round 2: worker 3 is left out: {line}"]
    assert run.sha256 == lost(agreed, 1, frozenset({2}))
    assert run.sha256 != alone(agreed, rounds=3)


@pytest.mark.parametrize("number", [0, 1])
def test_a_worker_that_is_killed_and_starts_again_or_comes_late(number: int) -> None:
    """It is missing for a round, and gets the weights of now with its first task."""
    agreed = terms()

    def before(k: int, grid: LocalGrid) -> None:
        if k == number:
            grid.leave("node 4")
        if k == number + 1:
            grid.join("another place", workers(drawn("mlp"), agreed)["node 4"].answer)

    run = Run(agreed, rounds=number + 2, before=before)
    assert run.lines == [f"round {number + 1}: worker 5 is left out: it is not there"]
    assert run.sha256 == lost(agreed, number, frozenset({4}))


def test_a_worker_that_stays_away_is_named_in_every_round() -> None:
    def before(_: int, grid: LocalGrid) -> None:
        grid.leave("node 4")

    lines = Run(terms(), rounds=3, before=before).lines
    assert lines == [f"round {k}: worker 5 is left out: it is not there" for k in (1, 2, 3)]


def test_a_worker_that_is_late_or_hangs_keeps_nobody_waiting() -> None:
    """Its answer comes in the next round, and counts in neither; then it is back."""
    agreed, free = terms(), threading.Event()

    def late(worker: Any, message: Message) -> Message:
        assert free.wait(60)
        return message

    def before(number: int, _: LocalGrid) -> None:
        if number == 2:
            free.set()

    def grid(made: dict[str, Any]) -> LocalGrid:
        return LocalGrid({**made, "node 0": Wrong(made["node 0"], 1, late).answer})

    run = Run(agreed, rounds=3, grid=grid, before=before, timeout=1.0)
    assert run.lines == [
        "round 2: worker 1 is left out: no answer within 1 s",
        "round 3: worker 1 is left out: it answers round 2, and this is round 3",
    ]
    assert run.sha256 == lost(agreed, 1, frozenset({0}))


def test_a_worker_that_is_late_in_a_strict_round_counts_once_and_has_one_line() -> None:
    """The round is repeated, and has both of its answers: they are the same, and neither is a lie."""
    agreed, free = terms(), threading.Event()

    def late(_: Any, message: Message) -> Message:
        assert free.wait(60)
        return message

    class Patient(LocalGrid):
        def ask(self, task: Message, addresses: Any, timeout: float) -> Any:
            """See Grid."""
            if addresses == ["node 0"]:
                free.set()
            return super().ask(task, addresses, timeout)

    def grid(made: dict[str, Any]) -> LocalGrid:
        return Patient({**made, "node 0": Wrong(made["node 0"], 1, late).answer})

    run = Run(agreed, rounds=3, grid=grid, timeout=1.0, strict=True)
    assert run.lines == ["round 2: worker 1 is left out: no answer within 1 s"]
    assert run.sha256 == alone(agreed, rounds=3)


def test_an_answer_of_before_does_not_end_the_wait() -> None:
    """The worker that was too late for the first task is waited for in the second one."""
    begun, free = threading.Event(), threading.Event()

    def slow(task: Message) -> Message:
        begun.set()
        assert free.wait(60)
        return Message(task.facts)

    grid = LocalGrid({"node 0": slow})
    assert list(grid.ask(Message({"round": 0}), ["node 0"], 0.05)) == []
    assert begun.wait(60)
    free.set()
    answers = list(grid.ask(Message({"round": 1}), ["node 0"], 60))
    grid.close()
    assert [answer.facts["round"] for _, answer in answers] == [0, 1]


class Twice(LocalGrid):
    """Every answer of one worker comes twice."""

    def ask(self, task: Message, addresses: Any, timeout: float) -> Any:
        """See Grid."""
        for address, answer in super().ask(task, addresses, timeout):
            yield address, answer
            if address == "node 1":
                yield address, Message(answer.facts, {k: v + 1 for k, v in answer.arrays.items()})


def test_a_second_answer_does_not_count() -> None:
    agreed = terms()
    run = Run(agreed, rounds=2, grid=Twice)
    assert run.lines == [
        f"round {k}: worker 2 is left out: it answers a second time; the first answer counts" for k in (1, 2)
    ]
    assert run.sha256 == alone(agreed, rounds=2)


def test_two_workers_of_one_name_count_once() -> None:
    agreed = terms()

    def grid(made: dict[str, Any]) -> LocalGrid:
        return LocalGrid({**made, "node 9": made["node 3"]})

    run = Run(agreed, rounds=1, grid=grid)
    assert run.lines == ["round 1: worker 4 is left out: it answers a second time; the first answer counts"]
    assert run.sha256 == alone(agreed, rounds=1)


class Once:
    """A change of the first answer only: what is asked again is answered well."""

    def __init__(self, change: Any) -> None:
        self.change, self.done = change, False

    def __call__(self, worker: Wrong, message: Message) -> Message:
        if self.done:
            return message
        self.done = True
        return self.change(worker, message)


@pytest.mark.parametrize(("strict", "momentum"), [(True, 0.0), (False, 0.5), (False, 0.0)])
def test_strict_and_momentum_repeat_a_round(strict: bool, momentum: float) -> None:
    agreed = terms(momentum=momentum, rate=0.5)

    def grid(made: dict[str, Any]) -> LocalGrid:
        return LocalGrid({**made, "node 2": Wrong(made["node 2"], 1, Once(raising)).answer})

    run = Run(agreed, rounds=3, grid=grid, strict=strict)
    assert run.lines == ["round 2: worker 3 is left out: OSError: the board is gone"]
    assert (run.sha256 == alone(agreed, rounds=3)) == (strict or momentum > 0)


def test_too_few_answers_stop_it_and_leave_the_weights() -> None:
    agreed = terms()
    calls: list[Any] = []

    def grid(made: dict[str, Any]) -> LocalGrid:
        broken = {f"node {k}": Wrong(made[f"node {k}"], 1, raising).answer for k in (0, 2)}
        return LocalGrid({**made, **broken})

    def before(number: int, grid: LocalGrid) -> None:
        calls.append((number, grid))

    with pytest.raises(SpikeplaneError) as refused:
        Run(agreed, grid=grid, before=before, least=4)
    assert str(refused.value) == (
        "round 2: 3 of 5 workers gave an answer that counts, and 4 are needed, with samples; the weights are as before it; start the "
        "missing ones, or ask for fewer with --min-workers"
    )
    assert len(calls) == 2
    assert sorted(Run(agreed, rounds=3, grid=grid, least=3).lines) == [
        f"round 2: worker {k} is left out: OSError: the board is gone" for k in (1, 3)
    ]


@pytest.mark.parametrize("mode", ["step", "epoch"])
def test_workers_that_share_samples_are_refused(mode: str) -> None:
    agreed = terms(mode=mode, batch=80 if mode == "step" else 16)
    network = drawn("mlp")
    made = workers(network, agreed)
    made["node 1"].shard = made["node 2"].shard = workers(network, replace(agreed, workers=2))["node 1"].shard
    with pytest.raises(
        SpikeplaneError, match=r"round 1: the workers count 1(28|44) samples together, and it has 80"
    ):
        Run(agreed, grid=lambda _: LocalGrid({a: w.answer for a, w in made.items()}))
    made = workers(network, agreed)
    made["node 1"].shard = workers(network, replace(agreed, workers=40))["node 1"].shard
    with pytest.raises(SpikeplaneError, match=r"the workers count 66 samples together, and it has 80"):
        Run(agreed, grid=lambda _: LocalGrid({a: w.answer for a, w in made.items()}))


def test_a_mean_of_weights_that_are_wrong_is_none() -> None:
    agreed = terms(mode="epoch", batch=16, epochs=2)

    def run(change: Any) -> list[str]:
        made = Run(agreed, grid=lambda w: LocalGrid({**w, "node 2": Wrong(w["node 2"], 1, change).answer}))
        return made.lines

    beyond = with_array(lambda a: np.full_like(a, 8.01))
    assert run(beyond) == [
        "round 2: worker 3 is left out: a weight of hid->out of it is beyond the limit 2^3"
    ]
    assert run(with_array(lambda a: np.full_like(a, 8))) == []
    assert run(with_array(nan)) == [
        "round 2: worker 3 is left out: 1 numbers of its array of hid->out are NaN or infinite"
    ]
    assert run(with_array(lambda a: a.astype(np.float32))) == [
        "round 2: worker 3 is left out: its array of hid->out is float32, not float16"
    ]


def test_a_worker_of_another_course_says_so() -> None:
    agreed = terms()
    other = workers(drawn("mlp"), terms(seed=1))

    run = Run(agreed, rounds=1, grid=lambda made: LocalGrid({**made, "node 1": other["node 1"].answer}))
    assert run.lines == [
        "round 1: worker 2 is left out: the task is for another network or course than this worker's"
    ]


def test_an_overflow_leaves_its_worker_out() -> None:
    agreed = terms(rate=100_000, last_rate=100_000)
    with pytest.raises(SpikeplaneError, match="gave an answer that counts"):
        Run(
            agreed,
            "deep, leak 1",
            grid=lambda made: LocalGrid({a: Wrong(w, 0, overflow).answer for a, w in made.items()}),
        )


def overflow(_: Wrong, __: Message) -> Message:
    raise SpikeplaneError("iteration 0, forward: 3 numbers left binary16")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"mode": "steps"}, "--mode steps: choose from step, epoch"),
        ({"split": "even"}, "--split even: choose from iid, labels"),
        ({"workers": 0}, "--workers must be from 1 to the 80 samples there are, not 0"),
        ({"workers": 81}, "--workers must be from 1 to the 80 samples there are, not 81"),
        ({"local_epochs": 0}, "--local-epochs must be 1 or more, not 0"),
        (
            {"mode": "epoch", "samples": 2**21 + 1},
            "a mean of weights counts 2097152 samples at most, and there are 2097153; use --mode step",
        ),
        ({"batch": 0}, "--batch must be 1 or more, not 0"),
    ],
)
def test_terms_that_cannot_be(options: Any, message: str) -> None:
    with pytest.raises(SpikeplaneError) as refused:
        terms(**options).check()
    assert str(refused.value) == message


def test_with_momentum_a_worker_needs_a_full_batch() -> None:
    with pytest.raises(SpikeplaneError, match="worker 1 has 16 samples for batches of 17"):
        workers(drawn("mlp"), terms(mode="epoch", batch=17, momentum=0.5, rate=0.1, last_rate=0.1))


def test_splits_have_every_sample_once() -> None:
    labels = np.repeat(np.arange(10), 30)
    for kind in ("iid", "labels"):
        parts = split(kind, labels, 5)
        assert sorted(np.concatenate(parts).tolist()) == list(range(300))
        assert all((np.diff(part) > 0).all() and len(part) == 60 for part in parts)
        classes = {len(set(labels[part])) for part in parts}
        assert classes == ({2} if kind == "labels" else {10})
        assert [part.tolist() for part in split(kind, labels, 5)] == [part.tolist() for part in parts]
    assert split("iid", labels, 5, seed=1)[0].tolist() != split("iid", labels, 5)[0].tolist()
    assert [len(part) for part in split("iid", labels[:7], 3)] == [3, 2, 2]
    assert len(data(drawn("mlp")).labels) == SAMPLES
