"""Samples as they are at hand in Python."""

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader, TensorDataset

from spikeplane import Encoding, SpikeplaneError
from spikeplane.data import Events
from spikeplane.samples import labelled

DIRECT = {"in": (Encoding(kind="direct"), (1, 4, 4))}
PIXELS = np.arange(48, dtype=np.uint8).reshape(3, 1, 4, 4) * 5


@pytest.mark.parametrize(
    "given",
    [
        PIXELS,
        torch.from_numpy(PIXELS),
        torch.from_numpy(PIXELS) / 255,
        (PIXELS / 255).astype(np.float64),
        PIXELS.reshape(3, 16),
        PIXELS[:, 0].astype(np.int64),
        DataLoader(TensorDataset(torch.from_numpy(PIXELS) / 255, torch.arange(3)), batch_size=2),
        TensorDataset(torch.from_numpy(PIXELS), torch.arange(3)),
        {"in": PIXELS},
    ],
    ids=["uint8", "tensor", "unit", "float64", "rows", "no channel", "loader", "dataset", "named"],
)
def test_the_same_pixels(given) -> None:
    found, labels = labelled(given, None, DIRECT)
    found = found["in"] if isinstance(found, dict) else found
    assert found.dtype == np.uint8
    assert np.array_equal(found, PIXELS)
    assert labels is None or labels.tolist() == [0, 1, 2]


def test_every_pixel_survives_a_normalisation() -> None:
    pixels = np.arange(256, dtype=np.uint8).reshape(1, 1, 16, 16)
    encoding = Encoding(kind="direct", mean=(0.2860,), std=(0.3530,))
    given = (torch.from_numpy(pixels).float() / 255 - 0.2860) / 0.3530
    found, _ = labelled(given, None, {"in": (encoding, (1, 16, 16))})
    assert np.array_equal(found, pixels)


def test_planes_of_bools_and_floats() -> None:
    planes = np.random.default_rng(0).random((2, 4, 3)) < 0.5
    form = {"in": (Encoding(kind="planes", steps=4), (3, 1, 1))}
    for given in (planes, planes.astype(np.float32)):
        found, _ = labelled(given, None, form)
        assert (found.dtype, found.shape) == (np.uint8, (2, 4, 3, 1, 1))
        assert np.array_equal(found[..., 0, 0], planes)


def test_frames_stay_what_they_are() -> None:
    form = {"in": (Encoding(kind="frames", steps=2, unit=0.5), (1, 2, 2))}
    given = np.full((3, 2, 1, 2, 2), 1.5)
    assert labelled(given, None, form)[0].dtype == np.float64


def test_rows_of_an_image_as_steps() -> None:
    form = {"in": (Encoding(kind="frames", steps=4, unit=1 / 255), (4, 1, 1))}
    found, _ = labelled(torch.from_numpy(PIXELS) / 255, None, form)
    assert np.array_equal(found, (PIXELS / 255).astype(np.float32).reshape(3, 4, 4, 1, 1))


def test_recordings() -> None:
    one = np.zeros(3, np.int64)
    events = Events(one, one, one, one)
    form = {"in": (Encoding(kind="events"), (2, 4, 4))}
    assert labelled(events, None, form)[0] == [events]
    _, labels = labelled(iter([(events, 3), (events, 4)]), None, form)
    assert np.array_equal(labels if labels is not None else [], [3, 4])


def test_several_inputs() -> None:
    two = {**DIRECT, "other": (Encoding(kind="direct"), (1, 2, 2))}
    found, _ = labelled((PIXELS, PIXELS[:, :, :2, :2] / 255), None, two, limit=2)
    assert {name: a.shape for name, a in found.items()} == {"in": (2, 1, 4, 4), "other": (2, 1, 2, 2)}
    assert found["other"].dtype == np.uint8


@pytest.mark.parametrize(
    ("given", "labels", "message"),
    [
        (np.full((1, 1, 4, 4), 0.5), None,
         "input 'in': 0.5 is no value of a direct encoding, which sends n / 255 for n from 0 to 255; give what the "
         "model gets, or uint8"),
        (np.full((1, 1, 4, 4), np.nan), None,
         "input 'in': nan is no value of a direct encoding, which sends n / 255 for n from 0 to 255; give what the "
         "model gets, or uint8"),
        (PIXELS, [1, 2], "labels are whole numbers, one for each of 3 samples, not int64 of shape (2,)"),
        (PIXELS, [0.5, 1, 2], "labels are whole numbers, one for each of 3 samples, not float64 of shape (3,)"),
        (np.array(["a"]), None, "input 'in': samples are numbers, not <U1"),
        ([[1, 2], [3]], None, "samples have unequal shapes; give one array, or recordings"),
        (iter(()), None, "the tuple_iterator has no samples; give one that has"),
    ],
)  # fmt: skip
def test_refused(given, labels, message) -> None:
    with pytest.raises(SpikeplaneError) as error:
        labelled(given, labels, DIRECT)
    assert str(error.value) == message


def test_limit() -> None:
    assert len(labelled(PIXELS, None, DIRECT, 2)[0]) == 2
    with pytest.raises(SpikeplaneError, match="must be at least 1, not 0"):
        labelled(PIXELS, None, DIRECT, 0)


def test_half_precision_and_labels_below_0() -> None:
    form = {"in": (Encoding(kind="planes", steps=1), (1, 1, 2))}
    for kind in (torch.float16, torch.bfloat16):
        given, _ = labelled(torch.tensor([[[[[0, 1]]]]]).to(kind), None, form)
        assert given.tolist() == [[[[[0, 1]]]]]
    with pytest.raises(SpikeplaneError) as error:
        labelled(np.zeros((1, 1, 1, 1, 2), np.uint8), [-1], form)
    assert str(error.value) == "labels are numbers of classes, 0 or more, not -1"
