"""SpikeYOLO as its authors published it: the whole detector of their file, of few channels, up to the head's convolutions;
their boxes of these beside the host's. Only SpikeDetect's forward, which ends with boxes, is another one."""

import ast
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from published_files import beside, checked, files, images, made, system

import spikeplane
from spikeplane.boxes import Head, Wanted
from spikeplane.importers.published import detection

pytestmark = pytest.mark.slow

YOLO = "BICLab/SpikeYOLO"
#: The rows of snn_yolov8.yaml as their parse_model takes them, one block each; the maps of three scales as one output.
WHOLE = '''
from yolo_spikformer import *
from torch.nn.functional import interpolate

UP = (nn.Upsample, None, (1, 2, 2), "nearest")
ROWS = [
    (-1, MS_GetT, 3, 1), (-1, MS_DownSampling, 128, 7, 4, 2, True), (-1, MS_AllConvBlock, 4, 7),
    (-1, MS_DownSampling, 256, 3, 2, 1, False), (-1, MS_AllConvBlock, 4, 7), (-1, MS_DownSampling, 512, 3, 2, 1, False),
    (-1, MS_ConvBlock, 3, 7), (-1, MS_DownSampling, 1024, 3, 2, 1, False), (-1, MS_ConvBlock, 2, 7), (-1, SpikeSPPF, 1024, 5),
    (-1, MS_StandardConv, 512, 1, 1), (-1, *UP), (-1, MS_ConvBlock, 3, 7), ((-1, 6), None),
    (-1, MS_StandardConv, 256, 1, 1), (-1, *UP), (-1, MS_AllConvBlock, 4, 7), ((-1, 4), None),
    (-1, MS_StandardConv, 256, 1, 1), (-1, MS_AllConvBlock, 4, 7), (-1, MS_StandardConv, 256, 3, 2), ((-1, 14), None),
    (-1, MS_ConvBlock, 3, 7), (-1, MS_StandardConv, 512, 3, 2), ((-1, 10), None), (-1, MS_ConvBlock, 1, 7),
]
ENDS = (19, 22, 25)


class Maps(SpikeDetect):
    """Its convolutions, coarser maps repeated over the pixels of the finest."""

    def forward(self, x):
        maps = [torch.cat((box(one), score(one)), 2) for box, score, one in zip(self.cv2, self.cv3, x)]
        wide = [interpolate(one.flatten(0, 1), scale_factor=2**i) for i, one in enumerate(maps)]
        return torch.cat(wide, 1).unflatten(0, maps[0].shape[:2]).mean(0)


class Net(nn.Module):
    def __init__(self, steps, width, classes):
        super().__init__()
        channels, parts = [], []
        for source, kind, *args in ROWS:
            before = channels[-1] if channels else 3
            if kind is None:
                part, out = nn.Identity(), sum(channels[s] for s in source)
            elif kind is MS_GetT:
                part, out = MS_GetT(*args, steps), 3
            elif kind in (MS_DownSampling, MS_StandardConv, SpikeSPPF):
                out = int(args[0] * width)
                part = kind(before, out, *args[1:])
            else:
                part, out = kind(*args) if kind is nn.Upsample else kind(before, *args), before
            parts.append(part)
            channels.append(out)
        self.parts = nn.ModuleList(parts)
        self.head = Maps(classes, [channels[i] for i in ENDS])

    def forward(self, x):
        kept = []
        for (source, kind, *_), part in zip(ROWS, self.parts):
            x = torch.cat([x if s == -1 else kept[s] for s in source], 2) if kind is None else part(x)
            kept.append(x)
        return self.head([kept[i] for i in ENDS])


def model():
    return Net(1, 1 / 32, 3)
'''
#: A stem, both blocks, the pyramid and a head of one map: what a simulated chip runs in minutes.
PART = """
from yolo_spikformer import *

class Head(SpikeDetect):
    def forward(self, x):
        return torch.cat((self.cv2[0](x), self.cv3[0](x)), 2).mean(0)

class Net(nn.Module):
    def __init__(self, steps):
        super().__init__()
        self.stem = nn.Sequential(MS_GetT(3, 1, steps), MS_DownSampling(3, 8, 7, 4, 2, True))
        self.blocks = nn.Sequential(MS_AllConvBlock(8, 2, 7), MS_DownSampling(8, 16, 3, 2, 1, False), MS_ConvBlock(16, 2, 7))
        self.pyramid, self.head = SpikeSPPF(16, 16, 5), Head(3, [16])

    def forward(self, x):
        return self.head(self.pyramid(self.blocks(self.stem(x))))

def model():
    return Net({steps})
"""


def net(tmp_path: Path, text: str) -> Any:
    return made(beside(tmp_path, files(YOLO, "ultralytics/nn/modules"), text))


def detector(model: Any, size: int, steps: int, agreement: float) -> Any:
    shape = (3, size, size)
    found = system(model, shape, images(shape), steps=steps)
    return replace(found, levels=True, low_planes=True, agreement=agreement)


def test_the_whole_detector(tmp_path: Path) -> None:
    row = checked(detector(net(tmp_path, WHOLE), 64, 1, 99.0), "golden", 99.0)
    assert row.populations > 90


@pytest.mark.parametrize("steps", [1, 2])
def test_blocks_on_the_chip(tmp_path: Path, steps: int) -> None:
    found = checked(
        detector(net(tmp_path, PART.replace("{steps}", str(steps))), 32, steps, 97.0), "sim", 97.0
    )
    assert len(found.runs) == 3


def functions(file: Path, *names: str, **known: Any) -> SimpleNamespace:
    """Functions of a file that cannot be imported, alone."""
    tree = ast.parse(file.read_text())
    tree.body = [n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name in names]
    exec(compile(tree, str(file), "exec"), known)
    return SimpleNamespace(**{name: known[name] for name in names})


def test_helpers_of_heads_are_theirs() -> None:
    theirs = functions(files(YOLO, "ultralytics/utils") / "tal.py", "make_anchors", "dist2bbox", torch=torch)
    maps = [torch.rand(2, 5, 3, 4), torch.rand(2, 5, 2, 1)]
    for mine, other in zip(
        detection.make_anchors(maps, [8, 16], 0.5), theirs.make_anchors(maps, [8, 16], 0.5), strict=True
    ):
        assert torch.equal(mine, other)
    distance, points = torch.rand(2, 4, 7), torch.rand(2, 7)
    for wide in (True, False):
        found = detection.dist2bbox(distance, points, xywh=wide, dim=1)
        assert torch.equal(found, theirs.dist2bbox(distance, points, xywh=wide, dim=1))


def _best(boxes: Any, scores: Any, iou: float) -> Any:
    """Non-maximum suppression box by box, in the place of torchvision's."""
    kept: list[int] = []
    for n in scores.argsort(descending=True, stable=True).tolist():
        one = boxes[n]
        for k in kept:
            sides = torch.minimum(one[2:], boxes[k][2:]) - torch.maximum(one[:2], boxes[k][:2])
            both = sides.clamp(min=0).prod()
            if both / ((one[2:] - one[:2]).prod() + (boxes[k][2:] - boxes[k][:2]).prod() - both) > iou:
                break
        else:
            kept.append(n)
    return torch.tensor(kept, dtype=torch.int64)


HEAD = """
from yolo_spikformer import *

def model():
    head = SpikeDetect(5, (8, 16, 32)).double().eval()
    head.stride = torch.tensor([8.0, 16.0, 32.0])
    return head
"""


def test_their_boxes(tmp_path: Path) -> None:
    """SpikeDetect's own forward and their suppression, on maps of three scales and two steps."""
    head, draw = net(tmp_path, HEAD), torch.Generator().manual_seed(0)
    maps = [torch.randn(2, 3, c, n, n, generator=draw).double() * 3 for c, n in ((8, 8), (16, 4), (32, 2))]
    with torch.no_grad():
        for part in head.modules():  # a new head is sure of nothing
            if isinstance(part, torch.nn.Conv2d) and part.bias is not None:
                part.weight.mul_(20)
        theirs, raw = head(list(maps))
    ops = functions(
        files(YOLO, "ultralytics/utils") / "ops.py", "non_max_suppression", "xywh2xyxy",
        torch=torch, np=np, time=SimpleNamespace(time=lambda: 0.0),
        torchvision=SimpleNamespace(ops=SimpleNamespace(nms=_best)),
    )  # fmt: skip
    wanted = Wanted(0.5, 0.6, 40)
    together = np.concatenate([np.kron(one.numpy(), np.ones((2**i, 2**i))) for i, one in enumerate(raw)], 1)
    found = Head(16, 5, (8, 16, 32), (64, 64), 1.0, True).boxes(together, wanted)
    rows = ops.non_max_suppression(theirs.clone(), 0.5, 0.6, max_det=40)
    assert min(len(one) for one in rows) > 10
    for boxes, row in zip(found, rows, strict=True):
        row[:, :4] = row[:, :4].clamp(0, 64)
        assert np.allclose(np.array(boxes), row.numpy(), atol=1e-6)


def test_the_program_finds_their_boxes(tmp_path: Path) -> None:
    """A program of the part, decoded by the host, beside SpikeDetect's own forward on the same values."""
    model = detector(net(tmp_path, PART.replace("{steps}", "2")), 32, 2, 97.0).model(32, 0)
    given = np.random.default_rng(0).integers(0, 256, (2, 3, 32, 32), dtype=np.uint8)
    program = spikeplane.compile(
        model, chip="auto", input_shape=(3, 32, 32), encoding=spikeplane.Encoding(steps=2), progress=False
    )
    head = Head.of(program)
    with spikeplane.open_board("golden", program) as board:
        values = head.values(program, board.run(program.planes(given)))
    assert (head.bins, head.classes, head.strides) == (16, 3, (8,))
    with torch.no_grad():
        wanted = model(torch.tensor(given / 255.0, dtype=torch.float32)).numpy()
    assert np.corrcoef(values.ravel(), wanted.ravel())[0, 1] > 0.5  # left alone, spikes part
    slope = (values.ravel() @ wanted.ravel()) / (wanted.ravel() @ wanted.ravel())
    assert 0.5 < slope < 1.5
