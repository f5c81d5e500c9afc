"""Networks that others published, imported from their files as they are: where the files lie, a model out of one, weights for
a model that was never trained, and what import, golden model and chip make of it.

SPIKEPLANE_PUBLISHED names a folder of clones, OWNER/NAME, bare or with their files; docs/developer/tests.md has the lines
that fetch them. What is not there is skipped, by its name.
"""

import os
import subprocess
import tarfile
import tempfile
from collections.abc import Mapping
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import spikeplane
from spikeplane.encoding import Encoding
from spikeplane.importers.published.load import call
from spikeplane.program import Program
from spikeplane_sim.systems.calibrated import calibrated
from spikeplane_sim.systems.prove import Row, proved, samples
from spikeplane_sim.systems.system import System

PLACE = "SPIKEPLANE_PUBLISHED"
RATE = 0.3  #: of random events


def files(repository: str, under: str = ".") -> Path:
    """A folder of a repository, "owner/name"; the test is skipped where there is none."""
    place = os.environ.get(PLACE)
    if not place:
        pytest.skip(f"no published files: {PLACE} names a folder of clones")
    clone = Path(place) / repository
    if not clone.is_dir():
        pytest.skip(f"no clone of {repository} in {PLACE}")
    return (_checked_out(clone) if (clone / "objects").is_dir() else clone) / under


@cache
def _checked_out(clone: Path) -> Path:
    """The files of a bare clone."""
    packed = subprocess.run(["git", "--git-dir", clone, "archive", "HEAD"], check=True, capture_output=True)
    out = Path(tempfile.mkdtemp(prefix="spikeplane-published-"))
    with tarfile.open(fileobj=BytesIO(packed.stdout)) as archive:
        archive.extractall(out, filter="data")
    return out


def beside(tmp_path: Path, folder: Path, text: str) -> Path:
    """A user's file beside the published ones, which are links: what it imports is theirs, unchanged."""
    here = tmp_path / "beside"
    here.mkdir()
    for path in folder.iterdir():
        (here / path.name).symlink_to(path.resolve())
    file = here / "wanted.py"
    file.write_text(text)
    return file


def made(file: Path, function: str = "model", seed: int = 0) -> Any:
    """What a function of the user's file returns, with the weights of a seed; stand-ins as for any user."""
    torch.manual_seed(seed)
    found, _ = call(f"{file}:{function}")
    return found


def narrower(net: nn.Module, by: int) -> nn.Module:
    """The same network with one channel in `by`, for constructors that choose their channels: numbers that `by` does not
    divide stay, such as those of pixels and classes."""

    def few(count: int) -> int:
        return count // by if count % by == 0 else count

    def cut(part: nn.Module, name: str, *sizes: int) -> None:
        tensor = getattr(part, name)
        if tensor is None:
            return
        left = tensor.detach()[tuple(slice(n) for n in sizes)].clone()
        setattr(part, name, nn.Parameter(left) if isinstance(tensor, nn.Parameter) else left)

    for part in net.modules():
        for name in (
            "in_channels",
            "out_channels",
            "groups",
            "num_features",
            "in_features",
            "out_features",
            "sub_module_out_channels",
            "hiddenSize",
        ):
            if hasattr(part, name):
                setattr(part, name, few(getattr(part, name)))
        if isinstance(part, nn.Conv1d | nn.Conv2d | nn.Conv3d):
            cut(part, "weight", part.out_channels, part.in_channels // part.groups)
            cut(part, "bias", part.out_channels)
        elif isinstance(part, nn.ConvTranspose2d):
            cut(part, "weight", part.in_channels, part.out_channels // part.groups)
        elif isinstance(part, nn.BatchNorm1d | nn.BatchNorm2d | nn.BatchNorm3d):
            for name in ("weight", "bias", "running_mean", "running_var"):
                cut(part, name, part.num_features)
        elif isinstance(part, nn.Linear):
            cut(part, "weight", part.out_features, part.in_features)
            cut(part, "bias", part.out_features)
    return net


def images(shape: tuple[int, int, int], count: int = 8, seed: int = 0) -> Tensor:
    """Random images (N, C, H, W), from 0 to 1."""
    return torch.rand(count, *shape, generator=torch.Generator().manual_seed(seed))


def events(shape: tuple[int, int, int], steps: int, count: int = 8, seed: int = 0) -> Tensor:
    """Random spikes (T, N, C, H, W)."""
    generator = torch.Generator().manual_seed(seed)
    return (torch.rand(steps, count, *shape, generator=generator) < RATE).float()


def system(
    model: nn.Module,
    shape: tuple[int, int, int],
    inputs: Tensor,
    *,
    steps: int = 4,
    kind: str = "direct",
    name: str = "published",
    rare: Mapping[nn.Module, float] | None = None,
    gain: float = 1.0,
) -> System:
    """A published model as one of our systems, its batch-norms calibrated by `inputs`, what the model itself takes."""

    def calibrate(_: int, seed: int) -> nn.Module:
        return calibrated(model, inputs, seed, gain, rare)

    encoding = Encoding(kind=kind, steps=steps)  # type: ignore[arg-type]
    return System(
        name=name, title=name, paper="", shapes="", model=calibrate, inputs=lambda _: shape, encoding=encoding,
        size=shape[-1],
    )  # fmt: skip


def on_auto(found: System) -> Program:
    """Compiled for the least chip that holds it, proved, and run in the golden model: every population fires or sends."""
    assert found.model is not None
    given = samples(found, found.size, 0)
    program = spikeplane.compile(
        found.model(found.size, 0), chip="auto", input_shape=found.inputs(found.size), encoding=found.encoding,
        calibration=given, progress=False,
    )  # fmt: skip
    assert sum(each["compared"] for each in program.tables["agreement"]) > 10_000
    assert not sum(each["ties"] or 0 for each in program.tables["agreement"])
    with spikeplane.open_board("golden", program) as board:
        outputs = board.run(program.planes(given[:2]))
    silent = [name for name, sent in outputs.items() if not sent.any()]
    assert not silent
    print(program.config.rows, program.config.cols, program.config.lanes, sorted(outputs))  # shown by -s
    return program


def checked(found: System, board: str = "sim", agreement: float = 99.0, saturated: bool = False) -> Row:
    """The float network is the model in every spike, the integers are near it, the chip is the golden model; everywhere
    something fires. saturated: an OR over many may always fire."""
    row = proved(found, board)
    print(row.plain())  # shown by -s
    assert row.refused == "", row.refused
    assert row.compared > 1000
    assert row.agreement >= agreement, row.plain()
    assert 0.002 < row.rates[0] <= row.rates[1] < (1.001 if saturated else 0.998), row.rates
    assert [run.mismatches for run in row.runs] == [0] * len(row.runs), row.plain()
    assert all(run.spikes > 100 for run in row.runs), row.plain()
    return row
