"""Mutated files of every kind that the command line reads: the right result and status 0, or one
line and status 2. Never a hang, a signal, a traceback, much memory, or a file that is left over.

A few of each kind run in this process, two thousand in processes forked from it, which have
everything imported, and some by the command itself."""

import gc
import gzip
import importlib
import io
import json
import os
import random
import resource
import signal
import struct
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mutate import mutated
from PIL import Image

import spikeplane
import spikeplane_sim.golden.board  # noqa: F401 - commands import it late: here it is there in every process that is forked
import spikeplane_sim.golden.camera  # noqa: F401
from spikeplane.cli import main
from spikeplane.encoding import Encoding

SECONDS, KILOBYTES = 20, 2 << 20
MODELS = """
import torch
from torch import nn
from spikingjelly.activation_based import neuron

def net(*shape):
    torch.manual_seed(0)
    size = shape[0] * shape[1] * shape[2]
    return nn.Sequential(nn.Flatten(), nn.Linear(size, 8), neuron.IFNode(), nn.Linear(8, 3)), shape

def images():
    return net(1, 4, 4)

def events():
    return net(2, 4, 4)

def columns():
    return net(5, 1, 1)
"""
RNG = np.random.default_rng(0)
IMAGES = RNG.integers(0, 256, (5, 1, 4, 4), dtype=np.uint8)
PLANES = RNG.integers(0, 2, (40, 6, 8), dtype=np.uint8)
LIGHT = RNG.integers(0, 256, (20, 24), dtype=np.uint8)


@dataclass(frozen=True)
class Kind:
    """A file as it should be, and the command that reads it; what it writes is called `out`,
    whatever its suffix."""

    name: str
    data: bytes
    command: str
    weight: int = 1


def _numpy(save, *arrays, **named) -> bytes:
    buffer = io.BytesIO()
    save(buffer, *arrays, **named)
    return buffer.getvalue()


def _picture(form: str, *frames: np.ndarray, **options) -> bytes:
    buffer = io.BytesIO()
    first, *others = [Image.fromarray(frame) for frame in frames]
    first.save(buffer, form, **({"save_all": True, "append_images": others} if others else {}), **options)
    return buffer.getvalue()


def _model() -> bytes:
    nir: Any = importlib.import_module("nir")
    rng, ones = np.random.default_rng(3), np.ones((3, 4, 4))
    weight = rng.normal(size=(3, 1, 3, 3)).astype(np.float32)
    graph = nir.NIRGraph.from_list(
        nir.Input(np.array([1, 4, 4])),
        nir.Conv2d((4, 4), weight, 1, 1, 1, 1, np.zeros(3)),
        nir.IF(ones, 2 * ones),
        nir.Flatten({"input": np.array([3, 4, 4])}, 0),
        nir.Affine(rng.normal(size=(2, 48)), np.ones(2)),
        nir.Output(np.array([2])),
    )
    buffer = io.BytesIO()
    nir.write(buffer, graph)
    return buffer.getvalue()


def _kinds(folder: Path) -> list[Kind]:
    idx = bytes([0, 0, 8, 4]) + struct.pack(">4I", *IMAGES.shape) + IMAGES.tobytes()
    events = b"".join(bytes([i % 4, i % 3, (i & 1) << 7, 0, i]) for i in range(20))
    columns = "\n".join(",".join(str(v) for v in row) for row in RNG.integers(0, 2, (2, 6)))
    run = "run net.spk --json --input"
    clip = "reconstruct {} --plane 9 --method tfp --lookahead 8 --window 5 --json -o out.npy --size 8x6"
    return [
        Kind("a.idx", idx, run),
        Kind("a.gz", gzip.compress(idx, mtime=0), run),
        Kind("a.npy", _numpy(np.save, IMAGES), run),
        Kind("b.npy", _numpy(np.save, np.asfortranarray(IMAGES / 255)), run),
        Kind("c.npy", _numpy(np.save, IMAGES.astype(">i4")), run),
        Kind("a.npz", _numpy(np.savez, images=IMAGES), run),
        Kind("b.npz", _numpy(np.savez_compressed, IMAGES), run),
        Kind("a.csv", columns.encode(), "run columns.spk --json --input"),
        Kind("a.bs2", events, "run events.spk --json --input"),
        Kind("a.txt", b"a 0\nb 1\nc 2\nd 0\ne 1\n", "run net.spk --json --input images.npy --labels"),
        Kind("a.spk", (folder / "net.spk").read_bytes(), "run {} --json --input images.npy"),
        Kind("b.spk", (folder / "net.spk").read_bytes(), "inspect"),
        Kind(
            "a.toml",
            b'preset = "tiny"\nlanes = 8\nleak_multiplier = true\n',
            "run net.spk --json --input images.npy -c",
        ),
        Kind("clip.dat", np.packbits(PLANES.reshape(40, -1), axis=1, bitorder="little").tobytes(), clip),
        Kind("clip.npy", _numpy(np.save, PLANES), clip),
        Kind("clip.npz", _numpy(np.savez_compressed, PLANES), clip),
        Kind("clip.yaml", b"filename: planes.dat\nspike_w: 8\nspike_h: 6\n", clip.replace(" --size 8x6", "")),
        Kind("view.npz", _numpy(np.savez_compressed, PLANES), "view {} -o out.html"),
        Kind("a.png", _picture("PNG", LIGHT), "record {} -n 3 -o out.dat"),
        Kind(
            "b.png",
            _picture("PNG", LIGHT[:6, :8]),
            "reconstruct planes.dat --size 8x6 --plane 9 --compare {} -o out.png",
        ),
        Kind(
            "a.gif",
            _picture("GIF", LIGHT, LIGHT.T[:20, :20].copy()),
            "record {} --planes-per-frame 2 -o out.npy",
        ),
        Kind(
            "a.tif", _picture("TIFF", LIGHT, 255 - LIGHT, compression="tiff_lzw"), "record {} -n 3 -o out.dat"
        ),
        Kind("a.jpg", _picture("JPEG", LIGHT), "record {} -n 3 -o out.dat"),
        Kind("a.bmp", _picture("BMP", LIGHT), "record {} -n 3 -o out.dat"),
        Kind("light.npy", _numpy(np.save, LIGHT / 255), "record {} -n 3 -o out.dat"),
        Kind("a.nir", _model(), "compile {} -p tiny -o out.spk", 3),
    ]


@pytest.fixture(scope="module")
def kinds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Kind]]:
    """The working folder has what the commands need besides the mutated file."""
    folder = tmp_path_factory.mktemp("mutated")
    (folder / "models.py").write_text(MODELS)
    encodings: dict[str, Any] = {"net": "direct", "events": "events", "columns": "planes"}
    for name, kind in encodings.items():
        model = f"{folder / 'models.py'}:{name.replace('net', 'images')}"
        spikeplane.compile(model, chip="tiny", encoding=Encoding(kind=kind, steps=2), name=name).save(
            folder / f"{name}.spk"
        )
    np.save(folder / "images.npy", IMAGES)
    (folder / "planes.dat").write_bytes(
        np.packbits(PLANES.reshape(40, -1), axis=1, bitorder="little").tobytes()
    )
    before = Path.cwd()
    os.chdir(folder)
    gc.collect()
    gc.freeze()  # or each process copies all memory when it collects its first garbage
    yield _kinds(folder)
    gc.unfreeze()
    os.chdir(before)


@dataclass(frozen=True)
class Outcome:
    """What a command left: its exit status (below 0: the signal that ended it), its output,
    seconds, and its largest memory."""

    status: int
    out: str
    err: str
    seconds: float
    kilobytes: int


def inside(arguments: list[str]) -> Outcome:
    """The command in this process: the fastest way, without a chance for what ends a process."""
    out, err, start = io.StringIO(), io.StringIO(), time.monotonic()
    before, kept, status = signal.signal(signal.SIGVTALRM, _late), sys.argv, 70
    sys.argv = ["spikeplane", *arguments]
    signal.setitimer(signal.ITIMER_VIRTUAL, SECONDS)
    with redirect_stdout(out), redirect_stderr(err):
        try:
            main()
        except SystemExit as left:
            status = int(left.code or 0)
        finally:
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)
            signal.signal(signal.SIGVTALRM, before)
            sys.argv = kept
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return Outcome(status, out.getvalue(), err.getvalue(), time.monotonic() - start, memory)


def _late(*_: object) -> None:
    raise KeyboardInterrupt(f"not done within {SECONDS} s")


def forked(arguments: list[str]) -> Outcome:
    """The command in a process forked from this one; a signal ends it after SECONDS."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        start, child = time.monotonic(), os.fork()
        if child == 0:
            _be_spikeplane(arguments, out.fileno(), err.fileno())
        _, status, usage = os.wait4(child, 0)
        for file in (out, err):
            file.seek(0)
        said, told = (file.read().decode(errors="replace") for file in (out, err))
    return Outcome(os.waitstatus_to_exitcode(status), said, told, time.monotonic() - start, usage.ru_maxrss)


def _be_spikeplane(arguments: list[str], out: int, err: int) -> None:
    status = 70
    try:
        os.dup2(out, 1)
        os.dup2(err, 2)
        sys.stdout, sys.stderr = (
            open(place, "w", 1, closefd=False, errors="backslashreplace")  # noqa: SIM115
            for place in (1, 2)
        )
        sys.argv = ["spikeplane", *arguments]
        signal.setitimer(signal.ITIMER_VIRTUAL, SECONDS)  # of its own time: the machine may be busy
        main()
    except SystemExit as left:
        status = int(left.code or 0)
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(status)


def real(arguments: list[str]) -> Outcome:
    """The command itself."""
    tool, start = Path(sys.executable).with_name("spikeplane"), time.monotonic()
    done = subprocess.run(
        [tool, *arguments], capture_output=True, text=True, errors="replace", timeout=300, check=False
    )
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return Outcome(done.returncode, done.stdout, done.stderr, time.monotonic() - start, usage.ru_maxrss)


def check(kind: Kind, data: bytes, run=forked) -> int:
    """Run the kind's command on the data; its exit status, after every check."""
    before = {path.name for path in Path().iterdir()}
    path = Path(kind.name)
    path.write_bytes(data)
    arguments = (kind.command if "{}" in kind.command else f"{kind.command} {{}}").format(path).split()
    found = run(arguments)
    kept = Path(tempfile.gettempdir()) / f"mutated-{kind.name}"
    kept.write_bytes(data)
    text = f"{' '.join(arguments)} on {kept}: {found}"
    lines = found.err.count("\n")
    assert found.status in (0, 2), text
    assert found.kilobytes < KILOBYTES, text
    made = {path.name for path in Path().iterdir()} - before - {kind.name}
    if found.status == 2:
        assert (found.out, lines, found.err[:7], made) == ("", 1, "error: ", set()), text
        assert not any(word in found.err for word in ("defect", "Traceback", "allow_pickle", "\x1b")), text
    else:
        assert lines == found.err.count("warning: "), text
        assert all(name.startswith("out.") for name in made), text
        _check_result(kind, data, found, text)
    for name in (*made, kind.name):
        Path(name).unlink()
    kept.unlink()
    return found.status


def _check_result(kind: Kind, data: bytes, found: Outcome, text: str) -> None:
    """That it is the result of what the file says, as read by code that is not the project's; a
    sealed file says what it said before."""
    if kind.name in ("a.idx", "a.gz", "a.npy", "b.npy", "c.npy", "a.npz", "b.npz"):
        assert json.loads(found.out)["guesses"] == _guesses(_independent(kind.name, data)), text
    elif kind.name in ("a.spk", "b.spk"):
        assert data == kind.data, text
    elif kind.name == "a.toml":
        assert json.loads(found.out)["guesses"] == _guesses(IMAGES), text
    elif kind.name in ("clip.dat", "clip.npy", "clip.npz", "clip.yaml"):
        count = _planes(kind.name, data)[7:12].sum(0, dtype=int)
        np.testing.assert_array_equal(np.load("out.npy")[0], (255 * count + 2) // 5, text)


def _independent(name: str, data: bytes) -> np.ndarray:
    """uint8 (N, 1, 4, 4) of a file of images."""
    if name.endswith((".idx", ".gz")):
        data = gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data
        sizes = struct.unpack_from(f">{data[3]}I", data, 4)
        array = np.frombuffer(data, np.uint8, offset=4 + 4 * data[3]).reshape(sizes)
    else:
        array = np.load(io.BytesIO(data), allow_pickle=False)
        array = array if isinstance(array, np.ndarray) else array[array.files[0]]
    array = np.rint(array * 255.0) if array.dtype.kind in "fb" else array
    return array.astype(np.uint8).reshape(-1, 1, 4, 4)


def _guesses(images: np.ndarray) -> list[int]:
    from spikeplane_sim.golden.board import GoldenBoard

    program = spikeplane.Program.load("net.spk")
    return program.scores(GoldenBoard(program).run(program.planes(images))).argmax(1).tolist()


def _planes(name: str, data: bytes) -> np.ndarray:
    if name in ("clip.npy", "clip.npz"):
        found = np.load(io.BytesIO(data), allow_pickle=False)
        return np.asarray(found if isinstance(found, np.ndarray) else found[found.files[0]]) != 0
    raw = np.frombuffer(data if name == "clip.dat" else Path("planes.dat").read_bytes(), np.uint8)
    return np.unpackbits(raw.reshape(-1, 6), axis=1, bitorder="little").reshape(-1, 6, 8)[:, ::-1]


def _fuzz(kinds: list[Kind], seed: int, count: int, run=forked) -> Counter:
    """`count` mutated files of each kind (fewer of those that take long), and how many of each were
    refused and accepted."""
    tally: Counter = Counter()
    for kind in kinds:
        source = random.Random(f"{seed} {kind.name}")
        assert check(kind, kind.data, run) == 0
        for _ in range(max(1, count // kind.weight)):
            tally[kind.name, check(kind, mutated(kind.data, source), run)] += 1
    return tally


def test_mutated_files(kinds) -> None:
    tally = _fuzz(kinds, 1, 4, inside)
    assert sum(count for (_, status), count in tally.items() if status == 2) > 50
    assert sum(count for (_, status), count in tally.items() if status == 0) > 10


@pytest.mark.slow
def test_two_thousand_mutated_files(kinds) -> None:
    tally = _fuzz(kinds, 2, 80)
    assert sum(tally.values()) >= 2000
    assert {name for name, status in tally if status == 2} == {kind.name for kind in kinds}


@pytest.mark.slow
def test_mutated_files_by_the_command_itself(kinds) -> None:
    _fuzz(kinds, 3, 3, real)
