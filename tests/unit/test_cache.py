"""The cache: what is damaged is made again, what differs in anything has a key of its own, two who
want the same wait for each other."""

import errno
import os
import signal
import subprocess
import sys
import tempfile
import time
from importlib import resources
from pathlib import Path

import pytest

from spikeplane import toolchain
from spikeplane.errors import SpikeplaneError
from spikeplane.processes import run_tool, work_folder
from spikeplane_sim import cache
from spikeplane_sim.board import build


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SPIKEPLANE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


class Maker:
    """Counts how often something is made."""

    def __init__(self, contents: bytes = b"library" * 1000) -> None:
        self.contents, self.times = contents, 0

    def __call__(self) -> bytes:
        self.times += 1
        return self.contents


def test_it_is_made_once(folder) -> None:
    make = Maker()
    path = cache.kept("board", ".so", ["a", b"b"], make)
    assert cache.kept("board", ".so", ["a", b"b"], make) == path
    assert (make.times, path.read_bytes(), path.parent) == (1, make.contents, folder)


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: path.write_bytes(path.read_bytes()[:5000]),
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(path.read_bytes() + b"\0"),
        lambda path: path.write_bytes(path.read_bytes().replace(b"y", b"x", 1)),
        lambda path: path.unlink(),
        lambda path: cache.seal_path(path).unlink(),
        lambda path: cache.seal_path(path).write_bytes(b"\xff\xfe"),
        lambda path: cache.seal_path(path).write_text("7000 0\n"),
    ],
)
def test_what_is_damaged_is_made_again(folder, damage) -> None:
    make = Maker()
    path = cache.kept("board", ".so", ["a"], make)
    damage(path)
    assert not cache.is_sound(path)
    assert cache.kept("board", ".so", ["a"], make).read_bytes() == make.contents
    assert make.times == 2
    assert cache.is_sound(path)


def test_parts_are_kept_apart() -> None:
    keys = [cache.digest(parts) for parts in (["ab", "c"], ["a", "bc"], ["abc"], ["abc", ""], [])]
    assert len(set(keys)) == 5


def test_the_key_has_processor_compiler_and_verilator(folder, monkeypatch) -> None:
    monkeypatch.setattr(build, "verilated", lambda *_: b"library")
    found = set()
    for tools in (
        ("flags: avx2", "g++ 12", "verilator 5.48"),
        ("flags: sse2", "g++ 12", "verilator 5.48"),
        ("flags: avx2",),
    ):
        monkeypatch.setattr(toolchain, "simulator_tools", lambda tools=tools: tools)
        found.add(build.build_library("board", {"chip.v": b"module"}, ("verilator",)))
    assert len(found) == 3


def test_the_tools_are_named() -> None:
    machine, *others = toolchain.simulator_tools()
    assert machine
    assert any(line.startswith(("flags", "Features")) for line in others)
    assert others[-1].startswith("verilator ")
    assert "g++" in others[-2]


def test_the_gateware_key_has_every_file_that_verilog_is_made_of(monkeypatch, tmp_path) -> None:
    """Through the packages, wherever they are: a copy of them with one byte changed anywhere has
    another key."""
    names = [name for package, inside in cache._SOURCES for name in names_of(package, inside)]
    for expected in (
        "spikeplane_gateware/link/crc.py",
        "spikeplane_gateware/ram.v",
        "spikeplane/formats/frame.py",
    ):
        assert any(name.replace("//", "/").endswith(expected) for name in names)
    assert "spikeplane/config.py" in names
    assert "spikeplane/units.py" in names
    assert "spikeplane/camera/config.py" in names
    before = cache.gateware_digest()
    monkeypatch.setattr(cache, "_files", lambda where, place: [(place, b"other")])
    assert cache.gateware_digest() != before


def names_of(package: str, inside: str) -> list[str]:
    root = resources.files(package)
    return [
        name for name, _ in cache._files(root.joinpath(inside) if inside else root, f"{package}/{inside}")
    ]


SLOW = """
import sys, time
from pathlib import Path
from spikeplane_sim import cache
log = Path(sys.argv[1])
def make():
    with log.open("a") as file: file.write("made\\n")
    time.sleep(float(sys.argv[2]))
    return b"library"
print(cache.kept("board", ".so", ["a"], make))
"""


def test_two_who_want_the_same_wait_for_each_other(folder, tmp_path) -> None:
    command = [sys.executable, "-c", SLOW, str(tmp_path / "log"), "2"]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    paths = {process.communicate(timeout=120)[0] for process in both}
    assert len(paths) == 1
    assert (tmp_path / "log").read_text() == "made\n"


def test_a_dead_holder_is_no_obstacle(folder, tmp_path) -> None:
    holder = subprocess.Popen([sys.executable, "-c", SLOW, str(tmp_path / "log"), "1000"])
    while not (tmp_path / "log").exists():
        time.sleep(0.01)
    (lock,) = folder.glob("*.lock")
    assert lock.read_text() == f"{holder.pid}\n"
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    make = Maker()
    begun = time.monotonic()
    path = cache.kept("board", ".so", ["a"], make)
    assert (path.read_bytes(), make.times) == (make.contents, 1)
    assert time.monotonic() - begun < 5


def test_a_full_disk_is_one_line_and_no_file(folder, monkeypatch) -> None:
    opened = Path.open

    def full(self, mode="r", *rest, **options):
        if "x" in mode:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return opened(self, mode, *rest, **options)

    monkeypatch.setattr(Path, "open", full)
    with pytest.raises(SpikeplaneError) as error:
        cache.kept("board", ".so", ["a"], Maker())
    assert (
        str(error.value) == f"cannot write {folder}/board-{cache.digest(['a'])}.so: No space left on device"
    )
    assert [path.name for path in folder.iterdir() if path.suffix != ".lock"] == []


def test_a_cache_that_is_no_folder(tmp_path, monkeypatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("SPIKEPLANE_CACHE", str(tmp_path / "file"))
    with pytest.raises(SpikeplaneError) as error:
        cache.kept("board", ".so", ["a"], Maker())
    assert str(error.value) == (
        f"the cache {tmp_path}/file cannot be written: File exists; set SPIKEPLANE_CACHE to another folder"
    )


def test_a_temporary_folder_with_a_blank(tmp_path, monkeypatch) -> None:
    """Tools work elsewhere, and what they leave is gone with their folder."""
    place = tmp_path / "my files"
    place.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    with work_folder() as folder:
        assert " " not in str(folder)
        (folder / "Makefile").write_text("all: $(CURDIR)/x\n$(CURDIR)/x:\n\techo $$TMPDIR > $@\n")
        done = run_tool(["make", "-f", f"{folder}/Makefile"], folder)
        assert done.returncode == 0, done.stdout
        assert (folder / "x").read_text() == f"{folder}\n"
    assert not folder.exists()
    assert list(place.iterdir()) == []


@pytest.mark.cosim
@pytest.mark.slow
def test_a_simulator_that_was_cut_is_built_again(folder, tmp_path, monkeypatch) -> None:
    """A library cut short ends the process that loads it; here TMPDIR has a blank besides."""
    from spikeplane.cli.boards import echo_board

    place = tmp_path / "my files"
    place.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    with echo_board(25e6) as board:
        assert board.exchange(b"\x7e") == b""
    (library,) = folder.glob("*.so")
    whole, times = library.read_bytes(), []
    cut = folder / "cut"  # not in place: this process has the library open
    cut.write_bytes(whole[: len(whole) // 2])
    cut.replace(library)
    monkeypatch.setattr(build, "verilated", lambda *_: times.append(1) or whole)
    with echo_board(25e6) as board:
        assert board.cycles > 0
    assert (times, library.read_bytes()) == ([1], whole)
    assert list(place.iterdir()) == []
