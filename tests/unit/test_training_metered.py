"""Where a chip's cycles went: asked of its counters now and then, and put into figures."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from spikeplane.formats.training import TrainingCounter
from spikeplane.train import metered
from spikeplane.train.activity import Activity, activity
from spikeplane.train.driver import Figures, TrainingDriver
from spikeplane.train.metered import EVERY, Metered, cycles

#: What the counters gain by a sample, and by an update.
SAMPLE = {"ADDS": 90, "ADD_CYCLES": 100, "OUTERS": 40, "OUTER_CYCLES": 50, "SEND_CYCLES": 7, "CYCLES": 200}
UPDATE = {"UPDATE_CYCLES": 30, "CYCLES": 40}


@pytest.fixture
def chip(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A chip whose counters go on, of two cores; `asked` counts how often somebody looked."""
    made: Any = Metered.__new__(Metered)
    routes = SimpleNamespace(cores=[(0, 0), (1, 0)], sweeps=lambda name: name == "a")
    parts = {"a": (2, 1), "out": (2,)}  # groups of eight channels
    places = {
        n: [SimpleNamespace(part=SimpleNamespace(groups=g)) for g in groups] for n, groups in parts.items()
    }
    kept = {0: [SimpleNamespace(order=range(5))] * 2, 1: [SimpleNamespace(order=range(100))]}
    made.image = SimpleNamespace(routes=routes, places=places, kept=kept)
    made.network = SimpleNamespace(
        output="out",
        population=lambda name: SimpleNamespace(shape={"a": (24, 3, 2), "out": (10, 1, 1)}[name]),
        projections=[SimpleNamespace(trained=True), SimpleNamespace(trained=False)],
    )
    made.config, made.optimiser, made.steps = SimpleNamespace(lanes=8), SimpleNamespace(squared=False), 4
    made.iterations, made.asked = 0, 0
    made.counts = dict.fromkeys(TrainingCounter, 2**32 - 50)

    def gain(what: dict[str, int], times: int = 1) -> None:
        for name, count in what.items():
            made.counts[TrainingCounter[name]] += times * count

    def activity(channel: Any, cores: Any) -> Activity:
        assert list(cores) == [(0, 0), (1, 0)]
        channel.asked += 1
        return Activity({one: count % 2**32 for one, count in channel.counts.items()})

    def accumulate(self: Any, planes: Any, labels: np.ndarray) -> Figures:
        gain(SAMPLE, len(labels))
        return Figures(samples=len(labels))

    def update(self: Any, samples: int, rate: float | None = None) -> int:
        gain(UPDATE)
        self.iterations += 1
        return 5

    monkeypatch.setattr(metered, "activity", activity)
    monkeypatch.setattr(TrainingDriver, "accumulate", accumulate)
    monkeypatch.setattr(TrainingDriver, "update", update)
    return made


def test_one_of_several_iterations_is_measured(chip: Any) -> None:
    assert cycles(chip) == {}
    for n in range(2 * EVERY + 1):
        labels = np.zeros(4 if n % EVERY == 0 else 3, int)
        assert chip.accumulate({}, labels).samples == len(labels)
        chip.counts[TrainingCounter.GATHERS] += 1000  # by whoever reads in between
        assert chip.update(len(labels)) == 5
    assert (chip.asked, chip.samples) == (3 * 4, 3 * 4)
    found = cycles(SimpleNamespace(driver=chip))
    assert found == cycles(chip)
    assert found["cycles_per_sample"] == (4 * 200 + 40) / 4 / 2
    assert {row["phase"]: row["cycles"] for row in found["phases"]} == {
        "forward": 100, "gradient": 50, "backward": 0, "sweep": 0, "send": 7, "update": 7.5, "wait": 210 - 164.5,
    }  # fmt: skip
    rates = {row["phase"]: row["utilisation"] for row in found["phases"]}
    assert (rates["forward"], rates["gradient"], rates["backward"], rates["update"]) == (0.9, 0.8, None, None)
    assert found["utilisation"] == 130 / 210
    passes = 12 * 4 * (2 * 3 * 6 + 2) + 3 * 2 * 10
    assert found["bound"] == (12 * 130 + 4 * passes) / (12 * 164.5)
    chip.optimiser.squared = True  # the errors are swept as well
    assert cycles(chip)["bound"] - found["bound"] == pytest.approx(4 * 12 * 4 * 2 / (12 * 164.5))


def test_gradients_for_somebody_elses_update(chip: Any) -> None:
    """The samples of a federated round: there is no update to be measured."""
    chip.accumulate({}, np.zeros(4, int))
    chip.iterations += 1
    chip.update(4)
    assert (chip.asked, chip.samples) == (2, 4)
    assert cycles(chip)["phases"][5] == {"phase": "update", "cycles": 0, "utilisation": None}


def test_what_has_no_clock() -> None:
    assert cycles(SimpleNamespace(clipped=0)) == {}


def test_a_question_behind_start_waits_until_counters_are_cleared() -> None:
    """Of a core on which START has just come, the first answer is of what was before."""

    class Channel:
        def __init__(self) -> None:
            self.fresh = {(0, 0): False, (0, 1): False}

        def query(self, counter: Any, core: tuple[int, int]) -> int:
            fresh, self.fresh[core] = self.fresh[core], True
            return 0 if fresh else 700

    found = activity(Channel(), [(0, 0), (0, 1)])  # type: ignore[arg-type]
    assert set(found.counts.values()) == {0}
