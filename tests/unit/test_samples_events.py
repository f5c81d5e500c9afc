"""Datasets of events as SpikingJelly and tonic hold them."""

from typing import Any

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

import spikeplane
from spikeplane import Encoding, SpikeplaneError
from spikeplane.data import Events
from spikeplane.encode import encode
from spikeplane.samples import labelled

SHAPE, STEPS = (2, 3, 4), 5
TONIC = np.dtype([("x", np.int16), ("y", np.int16), ("t", np.int64), ("p", bool)])


def form(kind: Any, **options):
    return {"in": (Encoding(kind=kind, steps=STEPS, **options), SHAPE)}


def planes(count: int = 6, high: int = 2) -> np.ndarray:
    return np.random.default_rng(count).integers(0, high, (count, STEPS, *SHAPE))


def structured(sample: np.ndarray) -> np.ndarray:
    """As tonic has it: an event a count, anywhere in its step of 1000 us."""
    t, p, y, x = (np.repeat(column, sample[sample > 0]) for column in np.nonzero(sample))
    found = np.zeros(len(t), TONIC)
    found["t"] = t * 1000 + np.random.default_rng(1).integers(0, 1000, len(t))
    found["x"], found["y"], found["p"] = x, y, p
    return found


class Frames(torch.utils.data.Dataset):
    """SpikingJelly's frames: float32 (T, C, H, W) and an int."""

    def __init__(self, values: np.ndarray) -> None:
        self.values = values

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, i: int):
        return self.values[i].astype(np.float32), i % 3


class Recorded(Frames):
    """tonic's events: a structured array and an int."""

    def __getitem__(self, i: int):
        return structured(self.values[i]), i % 3


@pytest.mark.parametrize("kind", ["frames", "planes", "events"])
@pytest.mark.parametrize("batch", [None, 4])
def test_frames_with_labels(kind, batch) -> None:
    given = planes(high=4 if kind == "frames" else 2)
    source = Frames(given) if batch is None else DataLoader(Frames(given), batch_size=batch)
    forms = form(kind)
    found, labels = labelled(source, None, forms)
    assert np.array_equal(encode(forms["in"][0], found, SHAPE), given)
    assert labels is not None
    assert labels.tolist() == [0, 1, 2, 0, 1, 2]
    found, labels = labelled(source, None, forms, limit=3)
    assert np.array_equal(encode(forms["in"][0], found, SHAPE), given[:3])
    assert labels is not None
    assert labels.tolist() == [0, 1, 2]


@pytest.mark.parametrize("kind", ["frames", "events"])
@pytest.mark.parametrize(
    "source",
    [
        Recorded,
        lambda given: DataLoader(Recorded(given), batch_size=4, collate_fn=list),
        lambda given: DataLoader(Recorded(given), batch_size=2, collate_fn=lambda b: tuple(zip(*b, strict=True))),
        lambda given: DataLoader(Recorded(given), batch_size=2, collate_fn=lambda b: (
            [e for e, _ in b], torch.tensor([y for _, y in b]))),
    ],
    ids=["dataset", "pairs", "two lists", "list and tensor"],
)  # fmt: skip
def test_recordings_with_labels(kind, source) -> None:
    given = planes(high=3)
    forms = form(kind)
    found, labels = labelled(source(given), None, forms)
    assert all(isinstance(one, Events) for one in found)
    wanted = given if kind == "frames" else given > 0
    assert np.array_equal(encode(forms["in"][0], found, SHAPE), wanted)
    assert labels is not None
    assert labels.tolist() == [0, 1, 2, 0, 1, 2]


def test_recordings_by_hand() -> None:
    given = planes(2)
    forms = form("events")
    arrays = [structured(one) for one in given]
    columns = [{name: one[name] for name in ("t", "x", "y", "p")} for one in arrays]
    for samples in (arrays, tuple(arrays), columns, iter(arrays)):
        assert np.array_equal(encode(forms["in"][0], labelled(samples, None, forms)[0], SHAPE), given)
    for one in (arrays[0], columns[0], {"in": [arrays[0]]}):
        found = labelled(one, None, forms)[0]
        found = found["in"] if isinstance(found, dict) else found
        assert np.array_equal(encode(forms["in"][0], found, SHAPE), given[:1])


def test_a_run_of_frames_on_an_events_program() -> None:
    from spikingjelly.activation_based import layer, neuron

    program = spikeplane.compile(
        torch.nn.Sequential(layer.Flatten(), layer.Linear(24, 3), neuron.IFNode()),
        chip="tiny", input_shape=SHAPE, proof=False, encoding=form("events")["in"][0],
    )  # fmt: skip
    result = program.run(DataLoader(Frames(planes()), batch_size=4))
    assert np.array_equal(result.inputs[program.inputs[0]], planes())
    assert result.labels.tolist() == [0, 1, 2, 0, 1, 2]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (planes(high=3), "input 'in': an events encoding sends 0 and 1, the planes hold 2; clip them, or compile with "
                         "the encoding frames, which sends counts"),
        (planes()[:, :3], "input 'in': planes of 3 steps for an encoding of 5; cut or fill them to 5 steps"),
        (np.full((1, STEPS, *SHAPE), np.nan), "input 'in': an events encoding sends 0 and 1, the planes hold nan; clip "
                                              "them, or compile with the encoding frames, which sends counts"),
    ],
)  # fmt: skip
def test_refused(given, message) -> None:
    with pytest.raises(SpikeplaneError) as error:
        labelled(given, None, form("events"))
    assert str(error.value) == message
