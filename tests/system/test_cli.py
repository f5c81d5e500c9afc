"""The command line as a user meets it: what each bad input says, to the letter, and that nothing is
left behind."""

import gzip
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from served import processor_seconds

import spikeplane
from spikeplane import Program
from spikeplane.cli import main
from spikeplane.config import ChipConfig, preset
from spikeplane.encoding import Encoding

BUSY = 6  #: seconds of a processor after which a run is under way
MODELS = """
import numpy as np, torch, nir
from torch import nn
from spikingjelly.activation_based import neuron

def net():
    torch.manual_seed(0)
    return nn.Sequential(nn.Flatten(), nn.Linear(16, 8), neuron.IFNode(), nn.Linear(8, 3)), (1, 4, 4)

def nans():
    model, shape = net()
    model[1].weight.data[0, 0] = float("nan")
    return model, shape

def gelu():
    return nn.Sequential(nn.Linear(4, 3), nn.GELU())

def shapes():
    return nn.Sequential(nn.Linear(4, 3), neuron.IFNode(), nn.Linear(5, 2), neuron.IFNode())

def big():
    return nn.Sequential(nn.Linear(1000, 1000), neuron.IFNode(), nn.Linear(1000, 10), neuron.IFNode())

def broken():
    raise RuntimeError("no\\nweights")

def delay():
    nodes = {"input": nir.Input(np.array([2])), "d": nir.Delay(np.array([1.0, 2.0])), "output": nir.Output(np.array([2]))}
    return nir.NIRGraph(nodes=nodes, edges=[("input", "d"), ("d", "output")])
"""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with models, a program, images and their labels."""
    monkeypatch.chdir(tmp_path)
    Path("models.py").write_text(MODELS)
    np.save("images.npy", np.random.default_rng(0).integers(0, 256, (5, 1, 4, 4), dtype=np.uint8))
    Path("labels.txt").write_text("0\n1\n2\n0\n1\n")
    spikeplane.compile("models.py:net", chip="tiny", encoding=Encoding(steps=2), name="net").save("net.spk")
    return tmp_path


def call(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture, *arguments: str
) -> tuple[int, str, str]:
    """Exit status, stdout and stderr of one command."""
    monkeypatch.setattr(sys, "argv", ["spikeplane", *arguments])
    capsys.readouterr()
    with pytest.raises(SystemExit) as left:
        main()
    captured = capsys.readouterr()
    return int(left.value.code or 0), captured.out, captured.err


COMPILE = [
    ("missing.nir", "model: no file missing.nir"),
    ("missing.py:net", "model: no file missing.py"),
    ("models.onnx", "a model is a .nir file or file.py:function, not 'models.onnx'"),
    (
        "models.py:nothing",
        "models.py has no function 'nothing'; it has big, broken, delay, gelu, nans, net, shapes",
    ),
    (
        "models.py:broken",
        "models.py:broken failed: RuntimeError: no weights (models.py, line 25: raise "
        'RuntimeError("no\\nweights"))',
    ),
    ("models.py:nans", "layer '1': 1 of its 128 weights are not finite numbers; check the trained model"),
    (
        "models.py:gelu",
        "layer '1' is a GELU, which Spikeplane cannot represent: its outputs are values, not spikes: "
        "put neurons in its place (IFNode, LIFNode, Leaky)",
    ),
    ("models.py:shapes", "layer '2' expects 5 inputs, it gets 3 (3x1x1)"),
    (
        "models.py:delay",
        "layer 'd' is a delay of several times, or of no whole step, which Spikeplane cannot "
        "represent: give one delay, a multiple of "
        "dt (0.0001 s)",
    ),
    (
        "models.py:big",
        "the network does not fit: projection 'input' to '1' needs words 0 to 15119 of the weight "
        "memory of core (0, 0), which has 4096; "
        "the smallest preset that holds it is 'medium'",
    ),
]


@pytest.mark.parametrize(("model", "message"), COMPILE)
def test_models_refused(place, monkeypatch, capsys, model, message) -> None:
    before = sorted(os.listdir())
    status, out, err = call(monkeypatch, capsys, "compile", model, "-o", "out/new.spk")
    assert (status, out, err) == (2, "", f"error: {message}\n")
    assert sorted(set(os.listdir()) - {"__pycache__"}) == before


CHIPS = [
    ("rows = 2\nlanez = 3\n", "chip configuration: unknown key 'lanez'; did you mean 'lanes'?"),
    ('preset = "smal"\n', "unknown preset 'smal'; did you mean 'small'?"),
    ("lanes = 12\n", "chip configuration: lanes must be one of 8, 16, 32, not 12"),
    ("rows = 0\n", "chip configuration: rows must be an integer from 1 to 8, not 0"),
    (
        "rows = = 2\n",
        "chip configuration: chip.toml is not readable as TOML: Invalid value (at line 1, column 8)",
    ),
]


@pytest.mark.parametrize(("text", "message"), CHIPS)
def test_chips_refused(place, monkeypatch, capsys, text, message) -> None:
    Path("chip.toml").write_text(text)
    status, out, err = call(monkeypatch, capsys, "generate", "--config", "chip.toml", "-o", "out")
    assert (status, out, err) == (2, "", f"error: {message}\n")
    assert not Path("out").exists()


def test_a_chip_without_cores(place, monkeypatch, capsys) -> None:
    """Its files are written, a network is refused."""
    Path("alone.toml").write_text("rows = 0\ncols = 0\n[camera]\nwidth = 16\nheight = 8\npixels = 4\n")
    status, out, err = call(monkeypatch, capsys, "generate", "--config", "alone.toml", "-o", "out")
    assert (status, err) == (0, "")
    digest = ChipConfig.from_toml("alone.toml").digest
    assert out.splitlines()[-3:-1] == [
        f"chip {digest}: no cores",
        "camera: 16 x 8 pixels, 4 a cycle, fsr, look-ahead 0",
    ]
    assert not Path("out/spikeplane_tile.v").exists()
    Path("none.toml").write_text("rows = 0\ncols = 0\n")
    refusals = {
        ("compile", "models.py:net", "--config", "alone.toml", "-o", "new.spk"): (
            "this chip has no cores, so no network runs on it; take one with rows and cols from 1 to 8"
        ),
        ("generate", "--config", "none.toml", "-o", "new"): (
            "chip configuration: rows = 0 and cols = 0 is a chip without cores, which needs a unit; add a "
            "table [camera]"
        ),
    }
    for arguments, message in refusals.items():
        assert call(monkeypatch, capsys, *arguments) == (2, "", f"error: {message}\n")
    assert not Path("new.spk").exists()
    assert not Path("new").exists()


def damage(name: str) -> None:
    """Files that are not what they should be."""
    Path("cut.spk").write_bytes(Path("net.spk").read_bytes()[:3000])
    Path("text.spk").write_text("no program")
    Path("cut.gz").write_bytes(gzip.compress(bytes(3000), mtime=0)[:20])
    Path("cut.npy").write_bytes(Path("images.npy").read_bytes()[:100])
    np.save("wide.npy", np.zeros((5, 1, 4, 5), dtype=np.uint8))
    Path("short.txt").write_text("0\n1\n")


RUNS = [
    (["none.spk", "--input", "images.npy"], "program: no file none.spk"),
    (
        ["cut.spk", "--input", "images.npy"],
        "cut.spk is not a Spikeplane program, or is damaged; compile it again",
    ),
    (
        ["text.spk", "--input", "images.npy"],
        "text.spk is not a Spikeplane program, or is damaged; compile it again",
    ),
    (["net.spk", "--input", "none.npy"], "no file none.npy"),
    (["net.spk", "--input", "images.npy", "--board", "simm"], "unknown board 'simm'; did you mean 'sim'?"),
    (["net.spk", "--input", "images.npy", "--samples", "0"], "--samples must be 1 or more, not 0"),
    (
        ["net.spk", "--input", "wide.npy"],
        "wide.npy: expected samples of shape (1, 4, 4), the array has the shape (5, 1, 4, 5)",
    ),
    (["net.spk", "--input", "images.npy", "--labels", "short.txt"], "short.txt has 2 labels for 5 samples"),
]


@pytest.mark.parametrize(("arguments", "message"), RUNS)
def test_runs_refused(place, monkeypatch, capsys, arguments, message) -> None:
    damage("all")
    status, out, err = call(monkeypatch, capsys, "run", *arguments)
    assert (status, out, err) == (2, "", f"error: {message}\n")


def test_damaged_samples(place, monkeypatch, capsys) -> None:
    damage("all")
    for name in ("cut.gz", "cut.npy"):
        status, out, err = call(monkeypatch, capsys, "run", "net.spk", "--input", name)
        assert (status, out, err.count("\n")) == (2, "", 1)
        assert err.startswith(f"error: {name} ")


def test_program_for_another_chip(place, monkeypatch, capsys) -> None:
    status, _, err = call(monkeypatch, capsys, "run", "net.spk", "--input", "images.npy", "--preset", "small")
    digests = preset("tiny").digest, preset("small").digest
    assert status == 2
    assert err == (
        f"error: program net.spk is for chip {digests[0]}, not for chip {digests[1]}; compile "
        "it for that chip\n"
    )


def test_no_compiler(place, monkeypatch, capsys) -> None:
    folder = place / "bin"
    folder.mkdir()
    for tool in ("make", "perl"):
        (folder / tool).symlink_to(shutil.which(tool) or "/bin/true")
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setenv("SPIKEPLANE_CACHE", str(place / "cache"))
    status, _, err = call(monkeypatch, capsys, "run", "net.spk", "--input", "images.npy", "--board", "sim")
    assert status == 2
    assert err == "error: the simulated board needs g++, not found: apt-get install g++ make perl\n"


def test_usage_is_one_line(place, monkeypatch, capsys) -> None:
    for arguments in (["frobnicate"], ["run"], ["generate", "--bogus"]):
        status, out, err = call(monkeypatch, capsys, *arguments)
        assert (status, out, err.count("\n")) == (2, "", 1)


def test_run_and_json(place, monkeypatch, capsys) -> None:
    status, out, _ = call(
        monkeypatch,
        capsys,
        "run",
        "net.spk",
        "--input",
        "images.npy",
        "--labels",
        "labels.txt",
        "--json",
        "--report",
        "r.html",
    )
    result = json.loads(out)
    assert (status, result["samples"], len(result["guesses"])) == (0, 5, 5)
    assert set(result["spikes_per_sample"]) == {"2", "readout"}
    assert Path("r.html").read_text().startswith("<!doctype html>")
    status, out, _ = call(monkeypatch, capsys, "run", "net.spk", "--input", "images.npy", "-n", "2")
    assert (status, "classes" in out) == (0, True)


def test_generate_inspect_doctor(place, monkeypatch, capsys) -> None:
    assert call(monkeypatch, capsys, "generate", "--preset", "tiny", "-o", "chip")[0] == 0
    others = {"README.md", "manifest.json", "spikeplane.f", "spikeplane.h", "spikeplane.vlt"}
    assert {*others, *Path("chip/spikeplane.f").read_text().splitlines()} == set(os.listdir("chip"))
    manifest = json.loads(Path("chip/manifest.json").read_text())
    assert ChipConfig.from_dict(manifest["config"]).digest == manifest["digest"] == preset("tiny").digest
    status, out, _ = call(monkeypatch, capsys, "inspect", "net.spk")
    assert (status, "Quantisation" in out, "Mapping" in out) == (0, True, True)
    status, out, _ = call(monkeypatch, capsys, "doctor")
    assert "verilator" in out
    assert status == 0  # what the tests need is there


def test_help_is_light() -> None:
    code = "import sys, spikeplane.cli; print(sorted({'torch', 'amaranth'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_names_that_look_like_markup(place, monkeypatch, capsys) -> None:
    path = Path("a[b", "]b.spk")  # "[b/]" is what the console would take for a tag
    assert call(monkeypatch, capsys, "compile", "models.py:net", "-o", str(path))[0] == 0
    assert Program.load(path).name == "models"
    spikeplane.compile("models.py:net", chip="tiny", encoding=Encoding(steps=1), name="[/x]").save(path)
    status, out, _ = call(monkeypatch, capsys, "inspect", str(path))
    assert (status, out[:5]) == (0, "[/x] ")
    status, out, _ = call(
        monkeypatch, capsys, "run", str(path), "--input", "images.npy", "--report", "a[b/]b.html"
    )
    assert (status, out[:5], "a[b/]b.html" in out) == (0, "[/x] ", True)


def test_defects_are_one_line_too(place, monkeypatch, capsys) -> None:
    def wrong(*_: object) -> None:
        raise TypeError("two\nlines")

    monkeypatch.setattr("spikeplane.program.Program.load", wrong)
    status, out, err = call(monkeypatch, capsys, "inspect", "net.spk")
    assert (status, out) == (2, "")
    assert (
        err
        == "error: TypeError: two lines; this is a defect, please report what SPIKEPLANE_TRACEBACK=1 shows\n"
    )
    monkeypatch.setenv("SPIKEPLANE_TRACEBACK", "1")
    with pytest.raises(TypeError):
        main()


def test_interrupt_says_so(place, monkeypatch, capsys) -> None:
    """Ctrl-C during a run leaves one line and an older report as it was."""
    Path("r.html").write_text("old")

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("spikeplane_sim.golden.board.GoldenBoard.run", interrupted)
    before = sorted(os.listdir())
    status, out, err = call(
        monkeypatch, capsys, "run", "net.spk", "--input", "images.npy", "--report", "r.html"
    )
    assert (status, out, err) == (130, "", "interrupted\n")
    assert (sorted(os.listdir()), Path("r.html").read_text()) == (before, "old")


@pytest.mark.cosim
def test_interrupt_ends_the_simulator(place) -> None:
    """SIGINT while the simulated chip runs: status 130 within seconds, no traceback, no process left."""
    spikeplane.compile("models.py:net", chip="small", encoding=Encoding(steps=400), name="net").save(
        "long.spk"
    )
    np.save("many.npy", np.zeros((4000, 1, 4, 4), dtype=np.uint8))
    command = [
        str(Path(sys.executable).with_name("spikeplane")),
        "run",
        "long.spk",
        "--input",
        "many.npy",
        "--board",
        "sim",
    ]
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        while processor_seconds(process.pid) < BUSY:
            assert process.poll() is None, process.communicate()
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        started = time.perf_counter()
        _, err = process.communicate(timeout=20)
    assert time.perf_counter() - started < 10
    assert process.returncode == 130
    assert err == "interrupted\n"
