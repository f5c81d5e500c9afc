"""Boxes from a detection head's values, against a computation of the test's own in plain Python."""

import math
import warnings
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from spikingjelly.activation_based import functional, layer, neuron
from torch import nn

import spikeplane
from spikeplane import Encoding, SpikeplaneError
from spikeplane.boxes import Box, Head, Wanted, decode, suppressed
from spikeplane.boxes.draw import COLOURS, drawn, picture

BINS, CLASSES = 4, 3


def corners_of(logits: np.ndarray, x: int, y: int, bins: int, stride: float) -> list[float]:
    """Of one pixel (4 * bins,), as the paper says it: expected distances from the pixel's centre."""
    found = []
    for side in range(4):
        weights = [math.exp(logits[side * bins + place]) for place in range(bins)]
        expected = sum(place * w for place, w in enumerate(weights)) / sum(weights)
        found.append(expected if bins > 1 else logits[side])
    return [
        stride * (x + 0.5 - found[0]), stride * (y + 0.5 - found[1]), stride * (x + 0.5 + found[2]), stride * (y + 0.5 + found[3])
    ]  # fmt: skip


@pytest.mark.parametrize("bins", [1, 4, 16])
def test_corners_and_scores(bins: int) -> None:
    values = np.random.default_rng(bins).normal(0, 2, (2, 4 * bins + CLASSES, 3, 5))
    corners, scores = decode(values, bins, 8)
    assert corners.shape == (2, 15, 4)
    assert scores.shape == (2, 15, CLASSES)
    for n, y, x in product(range(2), range(3), range(5)):
        here, at = values[n, :, y, x], 5 * y + x
        assert np.allclose(corners[n, at], corners_of(here, x, y, bins, 8), rtol=1e-12)
        assert np.allclose(scores[n, at], [1 / (1 + math.exp(-v)) for v in here[4 * bins :]], rtol=1e-12)


def test_large_values_overflow_nothing() -> None:
    values = np.zeros((1, 4 * BINS + CLASSES, 1, 1))
    values[0, :BINS, 0, 0] = [-1e5, 1e5, 0, 0]
    values[0, 4 * BINS :, 0, 0] = [1e5, -1e5, 0]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        corners, scores = decode(values, BINS, 1)
    assert corners[0, 0, 0] == 0.5 - 1
    assert scores[0, 0].tolist() == [1.0, 0.0, 0.5]


def overlap(a: Any, b: Any) -> float:
    wide, high = (min(a[i + 2], b[i + 2]) - max(a[i], b[i]) for i in (0, 1))
    both = max(0.0, wide) * max(0.0, high)
    area = sum((one[2] - one[0]) * (one[3] - one[1]) for one in (a, b))
    return both / (area - both)


def random_boxes(seed: int, count: int = 90) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    corner, size = rng.uniform(0, 30, (count, 2)), rng.uniform(3, 20, (count, 2))
    return np.concatenate((corner, corner + size), 1), rng.random((count, CLASSES)) ** 2


@pytest.mark.parametrize(("seed", "iou"), [(0, 0.3), (1, 0.5), (2, 0.6)])
def test_of_overlapping_boxes_the_best_is_left(seed: int, iou: float) -> None:
    corners, scores = random_boxes(seed)
    found = suppressed(corners, scores, Wanted(0.3, iou))
    order = sorted(range(len(corners)), key=lambda n: -scores[n].max())
    kept: list[int] = []
    for n in order:
        mine = scores[n].argmax()
        rivals = [k for k in kept if scores[k].argmax() == mine and overlap(corners[k], corners[n]) > iou]
        if scores[n].max() > 0.3 and not rivals:
            kept.append(n)
    assert 5 < len(kept) < sum(scores.max(1) > 0.3) - 2
    assert found == [Box._make((*corners[n], scores[n].max(), scores[n].argmax())) for n in kept]


def test_boxes_at_a_limit() -> None:
    """A score at the threshold is left out, an overlap at iou is none; the best `top` are left, cut to the image."""
    corners = np.array([[0, 0, 4, 4], [0, 2, 4, 6], [-2, -3, 9, 99.0], [5, 5, 6, 6]])
    scores = np.array([[0.9], [0.8], [0.95], [0.5]])
    third = 1 / 3  # of the first two
    assert len(suppressed(corners[:2], scores[:2], Wanted(0.5, third))) == 2
    assert len(suppressed(corners[:2], scores[:2], Wanted(0.5, third - 1e-9))) == 1
    found = suppressed(corners, scores, Wanted(0.5, 1.0, 2), (10, 8))
    assert found == [Box(0, 0, 8, 10, 0.95, 0), Box(0, 0, 4, 4, 0.9, 0)]
    assert suppressed(corners[3:], scores[3:], Wanted(0.5)) == []
    assert suppressed(corners, scores, Wanted(0.99)) == []


def test_boxes_without_an_area() -> None:
    corners = np.zeros((2, 4))
    assert len(suppressed(corners, np.full((2, 1), 0.5), Wanted(0.1, 0.5))) == 2


class Steps(nn.Module):
    """A head of a convolution over bright pixels of an image that is repeated over the steps; `how` says what of them is
    returned."""

    def __init__(self, how: str, steps: int) -> None:
        super().__init__()
        self.how, self.steps = how, steps
        self.fire = nn.Sequential(
            layer.Conv2d(1, 1, 1, bias=False, step_mode="m"), neuron.IFNode(0.501, step_mode="m")
        )
        self.fire.apply(_ones)
        self.conv = nn.Conv2d(1, 4 * BINS + CLASSES, 4, 4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.fire(x.unsqueeze(0).repeat(self.steps, 1, 1, 1, 1))
        x = self.conv(x.flatten(0, 1)).unflatten(0, (self.steps, -1))
        return {"mean": lambda: x.mean(0), "sum": lambda: x.sum(0), "last": lambda: x[-1]}[self.how]()


class Parallel(nn.Module):
    """Neurons that decide on all steps at once, which become channels."""

    def __init__(self, last: bool) -> None:
        super().__init__()
        self.last, self.psn = last, neuron.PSN(4)
        self.psn.weight.data = torch.tril(torch.ones(4, 4))
        self.psn.bias.data = -torch.tensor([0.3, 1.0, 2.5, 3.5])[:, None]
        self.conv = layer.Conv2d(1, 4 * BINS + CLASSES, 4, 4, step_mode="m")

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.conv(self.psn(x.unsqueeze(0).repeat(4, 1, 1, 1, 1)))
        return x[-1] if self.last else x.mean(0)


def of_one_step() -> nn.Module:
    """The same of images that are given once."""
    net = Steps("last", 1)
    return nn.Sequential(nn.Conv2d(1, 1, 1, bias=False), neuron.IFNode(0.501), net.conv).apply(_ones)


def _ones(part: nn.Module) -> None:
    if isinstance(part, nn.Conv2d) and part.bias is None:
        part.weight.data.fill_(1.0)


IMAGES = np.random.default_rng(0).integers(0, 256, (3, 1, 8, 12), dtype=np.uint8)


def compiled(model: nn.Module, steps: int) -> spikeplane.Program:
    encoding = Encoding(kind="direct", steps=steps)
    return spikeplane.compile(
        model.eval(), chip="auto", input_shape=(1, 8, 12), encoding=encoding, calibration=IMAGES, progress=False, proof=False
    )  # fmt: skip


@pytest.mark.parametrize(
    ("how", "steps"),
    [("once", 1), ("mean", 4), ("sum", 4), ("last", 4), ("parallel", 4), ("parallel last", 4)],
)
def test_values_of_a_program_are_the_models(how: str, steps: int) -> None:
    """Their mean over the steps, to what rounding the weights costs."""
    torch.manual_seed(0)
    several = Parallel(how == "parallel last") if "parallel" in how else Steps(how, steps)
    model = several if steps > 1 else of_one_step()
    program = compiled(model, steps)
    head = Head.of(program, BINS)
    with spikeplane.open_board("golden", program) as board:
        found = head.values(program, board.run(program.planes(IMAGES)))
    given = torch.tensor(IMAGES / 255.0).float()
    with torch.no_grad():
        functional.reset_net(model)
        wanted = model(given).numpy()
    wanted = wanted / (steps if how == "sum" else 1)
    assert wanted.std() > 0.1
    assert found.shape == wanted.shape
    assert np.abs(found - wanted).max() < 0.02 * np.abs(wanted).max()
    assert (head.classes, head.strides, head.size) == (CLASSES, (4,), (8, 12))


def test_coarser_maps_repeated_over_the_first() -> None:
    """Three maps side by side in the channels, as a model's upsampling makes them one output."""
    rng, strides = np.random.default_rng(1), (4, 8, 16)
    maps = [rng.normal(0, 2, (2, 4 * BINS + CLASSES, 32 // s, 48 // s)) for s in strides]
    together = np.concatenate(
        [np.kron(m, np.ones((s // 4, s // 4))) for m, s in zip(maps, strides, strict=True)], 1
    )
    head, wanted = Head(BINS, CLASSES, strides, (32, 48), 1.0, True), Wanted(0.5, 0.5)
    found = head.boxes(together, wanted)
    for n in range(2):
        parts = [decode(m[n : n + 1], BINS, s) for m, s in zip(maps, strides, strict=True)]
        corners, scores = (np.concatenate([part[i][0] for part in parts]) for i in (0, 1))
        assert len(corners) == 96 + 24 + 6
        assert found[n] == suppressed(corners, scores, wanted, (32, 48))
    assert min(map(len, found)) > 5


def test_pictures_of_planes() -> None:
    direct, spikes = Encoding(kind="direct", steps=2), Encoding(kind="planes", steps=4)
    image = np.arange(12, dtype=np.int64).reshape(1, 3, 2, 2).repeat(2, 0) * 20
    assert (picture(image, direct, 8, False) == np.moveaxis(image[0], 0, 2)).all()
    grey = picture(image[:, :1], direct, 8, False)
    assert (grey == image[0, 0][..., None]).all()
    events = np.zeros((4, 2, 2, 2), int)
    events[:2, 0, 0, 0] = events[0, 1, 1, 1] = 1
    found = picture(events, spikes, 1, False)
    assert found[0, 0].tolist() == [255, 0, 0]
    assert found[1, 1].tolist() == [0, 0, 128]
    signed = picture(
        np.full((1, 1, 1, 1), -8), Encoding(kind="frames", steps=1, value_bits=4, signed=True), 4, True
    )
    assert signed.tolist() == [[[0, 0, 0]]]


def test_boxes_are_drawn_where_they_are() -> None:
    black = np.zeros((40, 60, 3), np.uint8)
    page = drawn(black, [Box(10, 20, 30, 35, 0.9, 2)], ["a", "b", "Löwe 狮"])
    scale = 8  # to 480 pixels
    assert page.shape == (320, 480, 3)
    colour = [int(COLOURS[2][i : i + 2], 16) for i in (1, 3, 5)]
    for y, x in ((20, 20), (34.9, 20), (27, 10), (27, 29.9)):
        assert page[int(scale * y), int(scale * x)].tolist() == colour
    for y, x in ((27, 20), (27, 9.5), (35.2, 20), (27, 30.2)):
        assert not page[int(scale * y), int(scale * x)].any()
    label = page[: scale * 20, scale * 10 : scale * 20].reshape(-1, 3).tolist()
    assert colour in label  # above the corner
    assert [255, 255, 255] in label


def refused(program: spikeplane.Program, **options: Any) -> str:
    with pytest.raises(SpikeplaneError) as error:
        program.detect(IMAGES, progress=False, **({"bins": BINS} | options))
    return str(error.value)


def test_refusals() -> None:
    program = compiled(of_one_step(), 1)
    assert "19 channels, a head of 16 bins has 64" in refused(program, bins=16)
    assert "bins must be 1 or more" in refused(program, bins=0)
    assert "0 to 1, not 1.5" in refused(program, threshold=1.5)
    assert "0 to 1, not nan" in refused(program, iou=math.nan)
    assert "1 box an image or more, not 0" in refused(program, top=0)
    assert "multiples of it that divide the image, not 4,6" in refused(program, strides=(4, 6))
    assert "must begin with the output's own, 4" in refused(program, strides=(8, 16))
    assert "2 maps of 8 and one more" in refused(program, strides=(4, 4), bins=2)
    assert "one text for each of 3 classes" in refused(program, names=["a", "b"])
    assert "boxes have no labels" in refused(program, labels=[0, 1, 2])
    spiking = nn.Sequential(layer.Conv2d(1, 8, 4, 4), neuron.IFNode())
    assert "sends spikes" in refused(compiled(spiking, 1), bins=1)
    uneven = nn.Sequential(layer.Conv2d(1, 8, 3), neuron.IFNode(), layer.Conv2d(8, 8, 1))
    assert "a multiple of the output's, not 8x12 and 6x10" in refused(compiled(uneven, 1), bins=1)


def test_from_python(tmp_path: Path) -> None:
    torch.manual_seed(0)
    program = compiled(of_one_step(), 1)
    found = program.detect(
        IMAGES, bins=BINS, threshold=0.4, names=["a", "b", "c"], lockstep=True, progress=False
    )
    assert len(found) == found.result.samples == 3
    assert found.result.mismatches == 0
    assert sum(map(len, found.boxes)) > 3
    assert found[0][0].score == max(box.score for box in found[0])
    assert "sample 0, " in repr(found)
    assert found._repr_html_().startswith("<div>")
    found.draw(tmp_path / "pictures")
    assert len(list((tmp_path / "pictures").glob("*.png"))) == 3
    rows = found.save(tmp_path / "boxes.csv").read_text().splitlines()
    assert rows[0] == "sample,class,name,score,left,upper,right,lower"
    sample, number, name, score, *sides = rows[1].split(",")
    assert Box._make((*map(float, sides), float(score), int(number))) == found[0][0]
    assert (sample, name) == ("0", "abc"[int(number)])
    with pytest.raises(SpikeplaneError, match=r"\.json or \.csv, not to"):
        found.save(tmp_path / "boxes.txt")
