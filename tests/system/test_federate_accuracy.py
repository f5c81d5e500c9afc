"""What samples that are not evenly spread cost: five workers with two classes each, beside even shares and one worker.

The figures of docs/federated.md: `pytest -s -m slow tests/system/test_federate_accuracy.py`.
"""

from dataclasses import replace

import pytest
from test_training_accuracy import STEPS, layers, needs_data, read

from spikeplane import Encoding
from spikeplane.train.course import Settings
from spikeplane.train.federate import Federation, LocalGrid, Terms, Worker
from spikeplane.train.federate.rounds import federate
from spikeplane.train.federate.shards import shard, split
from spikeplane.train.federate.worker import local_settings
from spikeplane.train.file import begun
from spikeplane.train.learners import open_learner
from spikeplane.train.loop import Labelled, accuracy
from spikeplane_sim.golden.training import digest

NETWORK = layers((1, 28, 28), (128, 1, 1), (10, 1, 1))
SETTINGS = Settings(encoding=Encoding(kind="rate", steps=STEPS), samples=10_000, epochs=3)


def learned(terms: Terms, data: Labelled, test: Labelled) -> tuple[float, str]:
    """The share of the test that is told right, and the digest of the weights."""
    answers = {}
    for k, mine in enumerate(split(terms.split, data.labels, terms.workers, SETTINGS.seed)):
        learner = open_learner("golden", NETWORK, local_settings(terms, len(mine)))
        answers[f"worker {k + 1}"] = Worker(k, terms, NETWORK, learner, shard(data, mine)).answer
    grid, training = LocalGrid(answers), begun(NETWORK, terms.settings)
    federate(Federation(terms, training, grid, strict=True))
    grid.close()
    golden = open_learner("golden", NETWORK, SETTINGS)
    golden.restore(training.learned, 0)
    return accuracy(training, golden, test), digest(training.learned)


@needs_data
@pytest.mark.slow
def test_even_and_uneven_samples() -> None:
    """FedAvg loses some by even shares and much by two classes a worker; mode step loses nothing by either."""
    data, test = read("train", SETTINGS.samples), read("t10k", None)
    step, average = Terms(settings=SETTINGS), Terms(settings=SETTINGS, mode="epoch")
    found: dict[str, tuple[float, str]] = {}
    for name, terms in {
        "one worker": replace(average, workers=1),
        "mode step, iid": step,
        "mode step, labels": replace(step, split="labels"),
        "FedAvg, iid": average,
        "FedAvg, labels": replace(average, split="labels"),
    }.items():
        found[name] = learned(terms, data, test)
        print(f"{name:18} {found[name][0]:.2%}  {found[name][1]}", flush=True)
    one = found["one worker"]
    assert found["mode step, iid"] == found["mode step, labels"] == one
    assert one[0] > 0.78
    assert one[0] > found["FedAvg, iid"][0] > found["FedAvg, labels"][0] + 0.05
    assert found["FedAvg, labels"][0] > 0.3
