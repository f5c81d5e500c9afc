"""Bad input of every kind through the command line: one line on stderr to the letter, status 2,
files as they were."""

import gzip
import io
import os
import socket
import stat
import struct
import subprocess
import sys
import zipfile
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import numpy as np
import pytest

import spikeplane
from spikeplane.cli import main
from spikeplane.encoding import Encoding

MODELS = """
import sys, torch
from torch import nn
from spikingjelly.activation_based import neuron

def net(inputs=16):
    torch.manual_seed(0)
    return nn.Sequential(nn.Flatten(), nn.Linear(inputs, 8), neuron.IFNode(), nn.Linear(8, 3)), (inputs // 16, 4, 4)

def events():
    return net(32)

def checkpoint():
    return net()[0].load_state_dict(torch.load("none.pt"))

def nothing(): ...

def leaves():
    sys.exit(5)
"""
IMAGES = np.random.default_rng(0).integers(0, 256, (5, 1, 4, 4), dtype=np.uint8)
RECORDING = b"".join(bytes([i % 4, i % 3, (i & 1) << 7, 0, i]) for i in range(20))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Models, a program of each kind of input, samples and labels; the tests leave it as it is."""
    path = tmp_path_factory.mktemp("bad")
    (path / "models.py").write_text(MODELS)
    (path / "syntax.py").write_text("def net(:\n")
    np.save(path / "images.npy", IMAGES)
    np.save(path / "light.npy", IMAGES[0, 0])
    np.savez(path / "images.npz", images=IMAGES, labels=np.arange(5) % 3)
    (path / "rec").mkdir()
    (path / "rec" / "a.bs2").write_bytes(RECORDING)
    (path / "cut").mkdir()
    (path / "cut" / "a.bs2").write_bytes(RECORDING[:-1])
    (path / "folder.npy").mkdir()
    for name in ("loop", "loop.spk", "loop.py", "loop.dat", "loop.png"):
        (path / name).symlink_to(name)
    direct, planes, events = (Encoding(kind=kind, steps=2) for kind in ("direct", "planes", "events"))
    for name, encoding, function in (
        ("net", direct, "net"),
        ("planes", planes, "net"),
        ("events", events, "events"),
    ):
        model = f"{path / 'models.py'}:{function}"
        spikeplane.compile(model, chip="tiny", encoding=encoding, name=name).save(path / f"{name}.spk")
    return path


@pytest.fixture
def place(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    return folder


def call(*arguments: str) -> tuple[int, str, str]:
    """Exit status, stdout and stderr of one command."""
    out, err, before = io.StringIO(), io.StringIO(), sys.argv
    sys.argv = ["spikeplane", *arguments]
    try:
        with redirect_stdout(out), redirect_stderr(err), pytest.raises(SystemExit) as left:
            main()
    finally:
        sys.argv = before
    return int(left.value.code or 0), out.getvalue(), err.getvalue()


def contents() -> dict[str, bytes | None]:
    """Every file of the working folder."""
    return {
        str(p): p.read_bytes() if p.is_file() else None
        for p in Path().rglob("*")
        if "__pycache__" not in p.parts
    }


def refused(*arguments: str) -> str:
    """What a command says that must refuse."""
    before = contents()
    status, out, err = call(*arguments)
    assert (status, out, err.count("\n"), err[:7]) == (2, "", 1, "error: "), (status, out, err)
    assert contents() == before
    return err[7:-1]


def refused_file(name: str, data: bytes, *arguments: str) -> str:
    """The same with a file that is there only meanwhile."""
    Path(name).write_bytes(data)
    try:
        return refused(*arguments)
    finally:
        Path(name).unlink()


COMPILE = [
    (["--steps", "0"], "--steps must be 1 or more, not 0"),
    (["--steps", "16385"], "--steps must be from 1 to 16384, not 16385"),
    (["--value-bits", "9"], "--value-bits must be from 1 to 8, not 9"),
    (["--step-us", "0"], "--step-us must be from 1 to 8388608, not 0"),
    (["--seed", "-1"], "--seed must be from 0 to 9223372036854775808, not -1"),
    (["--dt", "nan"], "--dt must be more than 0 seconds, not nan"),
    (["--samples", "-1"], "--samples must be 1 or more, not -1"),
    (["--input-shape", "\u00b2"], "an input shape is CHANNELSxHEIGHTxWIDTH, such as 1x28x28, not '\u00b2'"),
    (["--preset", ""], "unknown chip ''; choose from large, medium, small, tiny, auto, or a board (spikeplane boards)"),
    (["--probe", "x"], "no population 'x' to probe; there are 2, readout"),
    (["--labels", "l.txt"], "--labels belongs to --calibrate: give the samples too"),
    (["--calibrate", "images.npy", "--labels", "folder.npy"],
     "folder.npy is no readable .npy file: [Errno 21] Is a directory: 'folder.npy'"),
    (["-o", "rec"], "cannot write rec: Is a directory"),
    (["-o", "net.spk/x"], "cannot write net.spk/x: Not a directory"),
    (["-o", "/dev/full"], "cannot write /dev/full: No space left on device"),
]  # fmt: skip


def test_models(place) -> None:
    missing = "FileNotFoundError: [Errno 2] No such file or directory: 'none.pt'"
    at = '(models.py, line 14: return net()[0].load_state_dict(torch.load("none.pt")))'
    for model, message in (
        ("models.py:checkpoint", f"models.py:checkpoint failed: {missing} {at}"),
        ("models.py:leaves", "models.py:leaves left Python (exit status 5); expected it to return a model"),
        ("models.py:nothing", "a model is a NIR graph or a PyTorch module, not a NoneType"),
        ("syntax.py:net", "syntax.py:net failed: SyntaxError: invalid syntax (syntax.py, line 1)"),
    ):
        assert refused("compile", model, "-o", "net.spk") == message


RUN = [
    (["--clock", "0"], "--clock must be more than 0 MHz, not 0"),
    (["--samples", "6"], "images.npy has 5 samples, --samples asks for 6"),
    (["--report", "rec"], "cannot write rec: Is a directory"),
    (["--report", "/dev/full"], "cannot write /dev/full: No space left on device"),
    (["--config", "rec"], "chip configuration: cannot read rec: Is a directory"),
    (["--preset", ""], "unknown preset ''; choose from large, medium, small, tiny"),
]
WHOLE = {
    "compile": ["models.py:net", "-o", "net.spk", "-p", "tiny"],
    "run": ["net.spk", "--input", "images.npy"],
}


@pytest.mark.parametrize(
    ("command", "arguments", "message"), [("compile", *c) for c in COMPILE] + [("run", *r) for r in RUN]
)
def test_options(place, command, arguments, message) -> None:
    assert refused(command, *WHOLE[command], *arguments) == message


def npy(array: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


def header(shape: str) -> bytes:
    """An .npy file that claims a shape."""
    text = f"{{'descr': '|u1', 'fortran_order': False, 'shape': {shape}, }}".encode().ljust(117) + b"\n"
    return b"\x93NUMPY\1\0" + struct.pack("<H", 118) + text + bytes(100)


def archive(name: str, data: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        file.writestr(name, data)
    return buffer.getvalue()


def idx(*sizes: int, data: bytes = b"") -> bytes:
    return bytes([0, 0, 8, len(sizes)]) + struct.pack(f">{len(sizes)}I", *sizes) + data


SAMPLES = [
    ("a.npy", npy(np.zeros((0, 1, 4, 4), np.uint8)), "a.npy holds no samples: the array has the shape (0, 1, 4, 4)"),
    ("a.npy", npy(np.full((1, 4, 4), np.inf)), ("a.npy: float images must lie in 0..1, found " "inf..inf; scale them, "
                                                                                               "or store uint8")),
    ("a.npy", npy(np.full((1, 4, 4), -1)), "a.npy: integer images must lie in 0..255, found -1..-1"),
    ("a.npy", npy(np.zeros(3, [("a", int)])), "a.npy: expected an array of numbers, found elements of type [('a', '<i8')]"),
    ("a.npy", header("(9999999999999, 4, 4)"),
     "a.npy: 9999999999999 x 16 values of type uint8 take 159999999999984 bytes, 536870912 at most: take fewer samples"),
    ("a.npy", header("(9999, 4, 4)"), "a.npy is truncated: an array of (9999, 4, 4) takes 159984 bytes, found 100"),
    ("a.npy", npy(np.full((1, 4, 4), 1.0000001)),
     "a.npy: float images must lie in 0..1, found 1.0000001..1.0000001; scale them, or store uint8"),
    ("a.npz", archive("a.txt", b"text"), "a.npz is no readable .npz file: its member is no array"),
    ("a.npz", archive("a.npy", b"text"),
     "a.npz is no readable .npz file: EOF: reading magic string, expected 8 bytes got 4"),
    ("a.npz", archive("a.npy", npy(np.array([{}], object))),
     "a.npz: expected an array of numbers, found elements of type object"),
    ("a.idx", idx(0, 4, 4), "a.idx holds no samples: the array has the shape (0, 4, 4)"),
    ("a.idx", idx(*[1] * 70, data=b"x"), "a.idx is no IDX file of samples: its header gives 70 dimensions"),
    ("a.idx", idx(0, *[2**32 - 1] * 3),
     "a.idx: expected samples of shape (1, 4, 4), the array has the shape (0, 4294967295, 4294967295, 4294967295)"),
    ("a.gz", gzip.compress(idx(2, 4, 4, data=bytes(31)), mtime=0),
     "a.gz is truncated: expected 2 x 4 x 4 = 32 bytes after the header, found 31"),
    ("a.csv", b"# nothing\n", "a.csv is no table of comma-separated numbers: it is empty"),
    ("a.csv", b"1,2\n3\n", ("a.csv is no table of comma-separated numbers: the number of columns " "changed from 2 to 1 "
                                                                                                   "at row 2")),
    ("a.csv", b"nan,1\n", "a.csv: expected samples of shape (1, 4, 4), the array has the shape (1, 2)"),
    ("a.npy", npy(np.full((1, 4, 4), np.nan)), "a.npy holds NaN in 16 of 16 values; remove them"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "data", "message"), SAMPLES)
def test_samples(place, name, data, message) -> None:
    found = refused_file(name, data, "run", "net.spk", "--input", name)
    assert found == message if message else found.startswith(f"{name} is no readable .npy file: ")


def test_planes_and_recordings(place, tmp_path) -> None:
    np.save(tmp_path / "three.npy", np.zeros((2, 3, 1, 4, 4), np.uint8))
    assert refused("run", "planes.spk", "--input", str(tmp_path / "three.npy")) == (
        f"{tmp_path / 'three.npy'}: expected planes of 2 steps, found 3"
    )
    assert refused("run", "events.spk", "--input", "cut") == (
        "cut/a.bs2 is truncated: expected whole events of 5 bytes, found 99 bytes"
    )
    (tmp_path / "a.bin").write_bytes(b"")
    assert refused("run", "events.spk", "--input", str(tmp_path)) == (
        f"{tmp_path / 'a.bin'} is empty: expected events of 5 bytes"
    )
    assert (
        refused("run", "events.spk", "--input", "rec", "-n", "2") == "rec has 1 samples, --samples asks for 2"
    )
    assert call("run", "events.spk", "--input", "rec")[0] == 0


LABELS = [
    ("l.txt", b"0\n1\n2\n0\n9\n", "l.txt: sample 4 has the label 9; the network has 3 classes, 0 to 2"),
    ("l.txt", b"\xc2\xb2\n", "l.txt line 1: expected a label or 'name label', found '\u00b2'"),
    ("l.txt", b"9" * 5000, f"l.txt line 1: expected a label or 'name label', found '{'9' * 40}'"),
    ("l.npy", npy(np.array([0, 1, 2, 0, np.inf])), "l.npy: labels must be whole numbers from 0, found inf"),
    ("l.npy", npy(np.full(5, 2**64 - 1, np.uint64)), "l.npy: labels must be whole numbers from 0, found 18446744073709551615"),
    ("l.npy", npy(np.array([{}], object)),
     "l.npy: expected an array of numbers, found elements of type object"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "data", "message"), LABELS)
def test_labels(place, name, data, message) -> None:
    assert refused_file(name, data, "run", "net.spk", "--input", "images.npy", "--labels", name) == message


CHIPS = [
    ("lanes = 8.0", "chip configuration: lanes must be one of 8, 16, 32, not 8.0"),
    ("rows = '2'", "chip configuration: rows must be an integer from 1 to 8, not '2'"),
    ("leak_multiplier = 1", "chip configuration: leak_multiplier must be true or false, not 1"),
    ("preset = 3", "a preset is a name in quotes, not 3; choose from large, medium, small, tiny"),
    (
        "preset = ['tiny']",
        "a preset is a name in quotes, not ['tiny']; choose from large, medium, small, tiny",
    ),
    ("x = " + "[" * 3000, "chip configuration: {} is not readable as TOML: maximum recursion depth exceeded"),
]


@pytest.mark.parametrize(("text", "message"), CHIPS)
def test_chips(place, tmp_path, text, message) -> None:
    path = tmp_path / "c.toml"
    path.write_text(text)
    assert refused("generate", "-c", str(path), "-o", "out").startswith(message.format(path))


def test_outputs_of_generate(place, tmp_path, monkeypatch) -> None:
    assert (
        refused("generate", "-p", "tiny", "-o", "net.spk")
        == "cannot write net.spk/manifest.json: Not a directory"
    )
    monkeypatch.setattr(
        "spikeplane_gateware.generate.verilog_text", lambda _: "module spikeplane_chip; endmodule\n"
    )
    (tmp_path / "chip" / "README.md").mkdir(parents=True)
    assert refused("generate", "-p", "tiny", "-o", str(tmp_path / "chip")).endswith(
        "README.md: Is a directory"
    )
    assert [p.name for p in (tmp_path / "chip").iterdir()] == ["README.md"]
    before = os.umask(0o022)
    try:
        assert call("generate", "-p", "tiny", "-o", str(tmp_path / "new"))[0] == 0
    finally:
        os.umask(before)
    assert {stat.S_IMODE(p.stat().st_mode) for p in (tmp_path / "new").iterdir()} == {0o644}


def test_damaged_files_of_every_format(place) -> None:
    """Whatever happens to a file: results, or one line; never a defect."""
    random = np.random.default_rng(3)
    plain = idx(*IMAGES.shape, data=IMAGES.tobytes())
    formats = {
        ".npy": Path("images.npy").read_bytes(),
        ".npz": Path("images.npz").read_bytes(),
        ".gz": gzip.compress(plain, mtime=0),
        ".idx": plain,
        ".bs2": RECORDING,
        ".spk": Path("net.spk").read_bytes(),
        ".txt": b"a 0\nb 1\nc 2\nd 0\ne 1\n",
        ".toml": b'preset = "tiny"\nlanes = 8\nleak_multiplier = true\n',
    }
    runs = {".spk": ["inspect", "f.spk"], ".bs2": ["run", "events.spk", "--input", "f.bs2"]}
    extra = {".txt": ["--labels", "f.txt"], ".toml": ["--config", "f.toml"]}
    for suffix, whole in formats.items():
        samples = "images.npy" if suffix in extra else f"f{suffix}"
        command = runs.get(suffix, ["run", "net.spk", "--input", samples, *extra.get(suffix, [])])
        for number in range(60):
            broken = bytearray(whole if number % 4 else whole[: random.integers(len(whole))])
            for place_ in random.integers(len(broken), size=2) if number % 4 else ():
                broken[place_] = random.integers(256)
            Path(f"f{suffix}").write_bytes(broken)
            status, _, err = call(*command)
            assert (status, err) == (0, "") or (status, err.count("\n")) == (2, 1), (suffix, number, err)
            assert "defect" not in err
        Path(f"f{suffix}").unlink()


LOOP = "Too many levels of symbolic links"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("inspect loop.spk", f"program: cannot read loop.spk: {LOOP}"),
        ("compile loop.py:net -o x.spk", "model: no file loop.py"),
        ("generate -p tiny -o loop", f"cannot write loop/manifest.json: {LOOP}"),
        ("record light.npy -o loop.dat", f"cannot write loop.dat: {LOOP}"),
        ("record loop.png -o x.dat", "no file loop.png"),
        ("view loop.dat -o x.html", "no file loop.dat"),
        ("reconstruct loop.dat -o loop.png", f"cannot write loop.png: {LOOP}"),
        ("run net.spk --input loop.dat", "no file loop.dat"),
    ],
)
def test_loops_of_links(place, line, message) -> None:
    assert refused(*line.split()) == message


def test_control_characters_are_escaped(place, tmp_path) -> None:
    assert (
        refused("run", "net.spk", "--input", "a\x1b[31m\n\u202e\x9b.npy")
        == "no file a\\x1b[31m\\n\\u202e\\x9b.npy"
    )
    (tmp_path / "c.toml").write_text('"la\\u001bnes" = 8\n')
    assert refused("generate", "-c", str(tmp_path / "c.toml"), "-o", "x").startswith(
        "chip configuration: unknown key 'la\\x1bnes'; did you mean 'lanes'?"
    )
    assert (
        refused("run", "net.spk", "--input", "a" * 5000) == f"{'a' * 1500}...{'a' * 480}: File name too long"
    )


SPECIAL = "{} is a {}, no regular file: save what it gives to a file first"


@pytest.mark.parametrize("kind", ["device", "pipe", "socket"])
def test_what_may_never_end_is_refused(place, tmp_path, kind) -> None:
    name = {"device": "/dev/zero", "pipe": str(tmp_path / "p"), "socket": str(tmp_path / "s")}[kind]
    server = socket.socket(socket.AF_UNIX)
    if kind == "pipe":
        os.mkfifo(name)
    elif kind == "socket":
        server.bind(name)
    for suffix in ("", ".npy", ".npz", ".csv", ".nir", ".toml", ".png", ".mp4", ".txt", ".spk"):
        path = f"{tmp_path / 'x'}{suffix}"
        os.symlink(name, path)
        message = SPECIAL.format(path, kind)
        assert refused("run", "net.spk", "--input", path) == message
        assert refused("run", "net.spk", "--input", "images.npy", "--labels", path) == message
        assert refused("run", path, "--input", "images.npy") == message
        assert refused("generate", "-c", path, "-o", "x") == message
        assert refused("record", path, "-o", "x.dat") == message
        if suffix == ".nir":
            assert refused("compile", path, "-o", "x.spk") == message
        assert refused("compile", "models.py:net", "-o", "x.spk", "--calibrate", path) == message
        assert refused("estimate", "net.spk", "-b", "ulx3s-85f", "--input", path) == message
    assert refused("run", "events.spk", "--input", f"{tmp_path / 'x'}.bin").startswith("no file")
    folder = tmp_path / "rec"
    folder.mkdir()
    os.symlink(name, folder / "a.bin")
    assert refused("run", "events.spk", "--input", str(folder)) == SPECIAL.format(folder / "a.bin", kind)
    for command in ("reconstruct", "view"):
        output = "x.png" if command == "reconstruct" else "x.html"
        assert refused(command, name, "--size", "8x8", "-o", output) == (
            f"{name} is no regular file; planes are read from anywhere in a recording: save it to "
            "a file first"
        )
    server.close()


@pytest.mark.parametrize(
    ("line", "status", "message"),
    [
        ("inspect net.spk > /dev/full", 2, "error: No space left on device\n"),
        ("inspect net.spk >&-", 0, ""),
        ("inspect net.spk | true; exit ${PIPESTATUS[0]}", 1, ""),
        (
            "(ulimit -f 1; record light.npy -o big.dat -n 9000)",
            2,
            "error: cannot write big.dat: File too large\n",
        ),
        ("inspect $'none\\xff\\n.spk'", 2, "error: program: no file none\\udcff\\n.spk\n"),
    ],
)
def test_in_a_shell(place, line, status, message) -> None:
    tool, nested = str(Path(sys.executable).with_name("spikeplane")), "; "
    command = line.replace(nested, f"{nested}{tool} ", 1) if line.startswith("(") else f"{tool} {line}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (status, message)
