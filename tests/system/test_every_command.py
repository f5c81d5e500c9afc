"""What holds for every command: `--json` gives one object on stdout and nothing else there, and the last thing that is
said is the next command, one that the command line takes."""

import hashlib
import json
import shlex
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from served import call

import spikeplane
from spikeplane import Encoding
from spikeplane.cli.answer import plain
from spikeplane.cli.commands import Commands
from spikeplane.cli.lazy import load
from spikeplane.cli.serve import Design, _tell
from spikeplane.config import preset
from spikeplane_gateware import generate as generating
from spikeplane_hw.area import Account, Block
from spikeplane_sim.bench import runner
from spikeplane_sim.board.build import cached_verilog

MODEL = """
import torch
from torch import nn
from spikingjelly.activation_based import neuron

def net():
    torch.manual_seed(0)
    return nn.Sequential(nn.Flatten(), nn.Linear(16, 8), neuron.IFNode(), nn.Linear(8, 3)), (1, 4, 4)
"""
ENTRIES = {entry.name: entry for entry in Commands.entries}
#: Commands without --json, and why.
NO_JSON: dict[str, str] = {}
#: Parameters that name what has to be there.
INPUTS = ("program", "file", "folder", "data", "config", "sample")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a model, its program, samples, a recording and a build."""
    place = tmp_path_factory.mktemp("every command")
    (place / "models.py").write_text(MODEL)
    spikeplane.compile(f"{place}/models.py:net", chip="tiny", encoding=Encoding(steps=2), name="net").save(
        place / "net.spk"
    )
    rng = np.random.default_rng(0)
    np.save(place / "images.npy", rng.integers(0, 256, (12, 1, 4, 4), dtype=np.uint8))
    np.save(place / "labels.npy", rng.integers(0, 3, 12))
    np.save(place / "clip.npy", (rng.random((60, 12, 20)) < 0.3).astype(np.uint8))
    np.save(place / "light.npy", np.full((3, 8, 8), 255, np.uint8))
    return place


#: By command what is typed; the heavy ones are below.
TYPED = {
    "generate": ["generate --preset tiny -o chip", "generate --program net.spk -o chip",
                 "generate --program net.spk --sample images.npy -o chip"],
    "boards": ["boards", "boards --connected"],
    "estimate": ["estimate net.spk --board ulx3s-85f", "estimate 784-128-10"],
    "build": ["build --board ulx3s-85f --program net.spk --dry-run"],
    "compile": ["compile models.py:net -o other.spk --preset tiny", "compile models.py:net -o other.spk --preset auto"],
    "train": ["train models.py:net --data images.npy --labels labels.npy -o net.spt --epochs 1 --batch 5 --steps 2"],
    "federate": ["federate models.py:net --data images.npy --labels labels.npy -o net.spt --workers 2 --local --epochs 1 --steps 2"],
    "run": ["run net.spk -i images.npy", "run net.spk -i images.npy --lockstep"],
    "upgrade": ["upgrade net.spk -o 'another one.spk'"],
    "layers": ["layers"],
    "export": ["export net.spk -o out"],
    "inspect": ["inspect net.spk"],
    "record": ["record light.npy -o light.dat"],
    "view": ["view clip.npy -o clip.html"],
    "reconstruct": ["reconstruct clip.npy -m tfp --window 5 -a 3 -o clip.png", "reconstruct clip.npy --roi 2,2,8,8 -o clip.mp4"],
    "doctor": ["doctor"],
}  # fmt: skip
#: Commands of which a run takes minutes or a board: see the tests behind this table.
HEAVY = {"flash", "serve", "simulate", "synth", "demo", "systems"}


def test_every_command_is_looked_at() -> None:
    assert TYPED.keys() | HEAVY == ENTRIES.keys()
    assert not TYPED.keys() & HEAVY


@pytest.mark.parametrize("name", ENTRIES)
def test_every_command_has_json_or_a_reason(name: str) -> None:
    options = [option for parameter in load(ENTRIES[name]).params for option in parameter.opts]
    assert ("--json" in options) != (name in NO_JSON)


def check(line: str, place: Path) -> None:
    """A command that Spikeplane takes, whose inputs are there or are named in capitals; or one of a tool."""
    words = shlex.split(line)
    if words[0] == "make":
        assert (place / words[-1] / "Makefile").is_file()
        return
    if words[0] == "cd":
        assert (place / words[1] / words[words.index("-c") + 1]).is_file()
        return
    assert words[0] == "spikeplane"
    if words[1:] == ["--help"]:
        return
    found = load(ENTRIES[words[1]]).make_context(words[1], words[2:])
    for name in INPUTS:
        values: Any = found.params.get(name) or []
        for value in values if isinstance(values, list | tuple) else [values]:
            assert str(value).partition(".")[0].isupper() or (place / str(value)).exists(), value


def refuse(text: str) -> None:
    raise ValueError(f"{text} is no JSON")


@pytest.mark.parametrize("typed", [line for lines in TYPED.values() for line in lines])
def test_the_end_is_the_next_command(made: Path, monkeypatch: pytest.MonkeyPatch, typed: str) -> None:
    monkeypatch.chdir(made)
    written = generating.generate  # of Verilog that is in the cache: making it takes seconds
    monkeypatch.setattr(
        generating, "generate", lambda chip, *a, **b: written(chip, *a, verilog=cached_verilog(chip), **b)
    )
    words = shlex.split(typed)
    if "clip.mp4" in words:
        pytest.importorskip("imageio_ffmpeg")
    status, out, err, _ = call(*words)
    assert (status, err) == (0, "")
    label, _, line = out.splitlines()[-1].partition(" ")
    assert label in ("next:", "next", "then:")
    check(line.strip(), made)
    status, out, err, _ = call(*words, "--json")
    found = json.loads(out, parse_constant=refuse)
    assert (status, err) == (0, "")
    if isinstance(found, dict) and words[0] not in ("boards", "doctor"):
        said = found["next"]
        if "seconds" not in found:  # what is measured differs
            assert said == line.strip()
        check(said, made)


def both(place: Path, *words: object, status: int = 0) -> tuple[dict[str, Any], str]:
    """The object with --json, and the next command without, which is one."""
    left, out, err, _ = call(*words)
    assert (left, err) == (status, "")
    line = out.splitlines()[-1]
    assert line.startswith("next: ")
    check(line.removeprefix("next: "), place)
    left, out, _, _ = call(*words, "--json")
    found = json.loads(out, parse_constant=refuse)
    assert (left, found["next"]) == (status, line.removeprefix("next: "))
    return found, out


@pytest.mark.parametrize("passed", [True, False])
def test_simulate(made: Path, monkeypatch: pytest.MonkeyPatch, passed: bool) -> None:
    """Its benches are replaced: what they find is told on stderr beside the object."""
    result = runner.Result("core", passed, 3, int(not passed), 0.5, None, Path("core.log"))
    monkeypatch.setattr(runner, "run", lambda *a, **b: result)
    found, _ = both(made, "simulate", "core", "--seed", 4, status=int(not passed))
    assert found["benches"][0]["tests"] == 3
    assert found["failed"] == ([] if passed else ["core"])
    expected = "--netlist --preset tiny" if passed else "core --seed 4 --waves"
    assert found["next"] == f"spikeplane simulate {expected}"
    failed = "" if passed else "           log: core.log\n"
    verdict = "passed" if passed else "failed"
    assert call("simulate", "core", "--json")[2] == f"core       {verdict}  3 tests in 0.5 s\n{failed}"


def test_synth(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    account = Account("cells", [Block("chip", 0, 1, 12.5, 3, 1)], [], [], {"NAND2": 2, "DFF": 1}, {})
    monkeypatch.setattr("spikeplane_hw.asic.synthesise", lambda *a: account)
    found, _ = both(made, "synth", "--liberty", "cells.lib", "-o", "asic")
    assert (found["chip"], found["cells"]) == (preset("tiny").digest, {"NAND2": 2, "DFF": 1})
    assert found["blocks"][0]["area"] == 12.5


@pytest.mark.parametrize("chip", [None, "tiny"])
def test_flash(made: Path, monkeypatch: pytest.MonkeyPatch, chip: str | None) -> None:
    """Before it is loaded, and after it."""
    config = preset(chip) if chip else None
    folder, board = made / f"build of {chip}", "ulx3s-85f" if chip else "icebreaker"
    folder.mkdir()
    (folder / "board.bin").write_bytes(b"bits")
    record = {"board": board, "bitstream": "board.bin", "sha256": hashlib.sha256(b"bits").hexdigest(),
              "digest": config.digest if config else None, "config": config.to_dict() if config else None, "clock": 25}  # fmt: skip
    (folder / "build.json").write_text(json.dumps(record))
    assert both(made, "flash", "--board", board, folder, "--dry-run")[0]["loaded"] is False
    monkeypatch.setattr("spikeplane_hw.flash.command_path", lambda name: "/bin/true")
    monkeypatch.setattr("serial.tools.list_ports.comports", list)
    monkeypatch.setattr("spikeplane_hw.check.BOOT", 0.0)
    found, out = both(made, "flash", "--board", board, folder)
    assert (found["loaded"], found["checked"], out.count("\n")) == (True, None, 1)
    expected = "compile MODEL -o net.spk --preset tiny" if chip else "boards --connected"
    assert found["next"] == f"spikeplane {expected}"
    if chip:
        (folder / "program.spk").write_bytes((made / "net.spk").read_bytes())
        found, _ = both(made, "flash", "--board", board, folder)
        assert found["next"].endswith("/program.spk' --input DATA --board PORT --baud 3000000")


def test_serve(made: Path, capsys: pytest.CaptureFixture) -> None:
    """What it says before it serves."""
    design = Design(preset("tiny"), 25.0, 3_000_000)
    _tell(design, "/dev/pts/9", made / "net.spk", 3_000_000, as_json=False)
    line = capsys.readouterr().out.splitlines()[-1]
    _tell(design, "/dev/pts/9", made / "net.spk", 3_000_000, as_json=True)
    found = json.loads(capsys.readouterr().out)
    assert (found["port"], f"next: {found['next']}") == ("/dev/pts/9", line)
    check(found["next"], made)


def test_what_cannot_be_said_in_json_is_null() -> None:
    values = {"a": float("nan"), "b": [np.float32("inf"), np.int64(3)], Path("c"): Path("d"), "e": (1, True)}
    assert plain(values) == {"a": None, "b": [None, 3], "c": "d", "e": [1, True]}
