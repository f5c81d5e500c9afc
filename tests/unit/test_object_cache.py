"""The objects of Verilator's run time: compiled once, copied afterwards, compiled again when damaged;
everything else goes to the compiler."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from spikeplane_sim.board import object_cache, objects

SCRIPT = object_cache.__file__


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with sources and a compiler that notes each of its calls."""
    for name in ("verilated.cpp", "chip.cpp"):
        (tmp_path / name).write_text(f"// {name}\n")
    compiler = tmp_path / "c c"
    compiler.write_text(
        '#!/bin/sh\necho "$*" >> calls\n'
        'while [ "$1" != "-o" ]; do shift; done\n'
        '[ -e fails ] && exit 3\necho "object of $3" > "$2"\n'
    )
    compiler.chmod(compiler.stat().st_mode | stat.S_IXUSR)
    return tmp_path


def compiled(place: Path, source: str, *flags: str) -> tuple[int, str, int]:
    """Exit status, the object's text, calls of the compiler so far."""
    (place / "out.o").unlink(missing_ok=True)
    command = [sys.executable, "-I", "-S", SCRIPT, str(place / "c c"), *flags, "-c", "-o", "out.o", source]
    environment = {**os.environ, object_cache.FOLDER: str(place / "kept objects")}
    status = subprocess.run(command, cwd=place, env=environment, check=False).returncode
    out, calls = place / "out.o", place / "calls"
    text = out.read_text() if out.exists() else ""
    return status, text, len(calls.read_text().splitlines()) if calls.exists() else 0


def test_the_run_time_is_compiled_once(place: Path) -> None:
    for _ in range(3):
        assert compiled(place, "verilated.cpp") == (0, "object of verilated.cpp\n", 1)
    assert compiled(place, "verilated.cpp", "-O3")[2] == 2  # another command
    (place / "verilated.cpp").write_text("// another version\n")
    assert compiled(place, "verilated.cpp")[2] == 3


def test_a_chip_is_compiled_every_time(place: Path) -> None:
    assert compiled(place, "chip.cpp") == (0, "object of chip.cpp\n", 1)
    assert compiled(place, "chip.cpp")[2] == 2
    assert not (place / "kept objects").exists()


def test_a_damaged_object_is_compiled_again(place: Path) -> None:
    compiled(place, "verilated.cpp")
    (kept,) = (place / "kept objects").iterdir()
    for damage in (b"", b"short", kept.read_bytes()[:-1] + b"!", kept.read_bytes()[:32]):
        before = compiled(place, "verilated.cpp")[2]
        kept.write_bytes(damage)
        assert compiled(place, "verilated.cpp") == (0, "object of verilated.cpp\n", before + 1)


def test_a_failure_is_the_compilers_and_is_not_kept(place: Path) -> None:
    (place / "fails").touch()
    assert compiled(place, "verilated.cpp") == (3, "", 1)
    assert not (place / "kept objects").exists()
    (place / "fails").unlink()
    assert compiled(place, "verilated.cpp")[:2] == (0, "object of verilated.cpp\n")


def test_a_cache_that_cannot_be_written_costs_time_only(place: Path) -> None:
    (place / "kept objects").write_text("a file")
    assert compiled(place, "verilated.cpp")[:2] == (0, "object of verilated.cpp\n")


def test_parts_and_harness_are_one_compilation(place: Path) -> None:
    makefile = (
        "default: parts\nVM_FAST := fast\nVM_SLOW := slow\nVM_USER_CLASSES := harness\nVK_GLOBAL_OBJS := verilated.o\n"
        "VERILATOR_INCLUDER := echo\nLINK := 'OUT/c c'\n%.o: %.cpp\n\t'OUT/c c' -c -o $@ $<\n"
    )
    (place / "Vtop.mk").write_text(makefile.replace("OUT", str(place)))
    for name in ("fast", "slow", "harness"):
        (place / f"{name}.cpp").touch()
    command = ["make", "-f", "Vtop.mk", "-f", str(objects.ONE), "ONE=whole.so", "one"]
    subprocess.run(command, cwd=place, check=True)
    assert (place / "one.cpp").read_text() == "fast.cpp slow.cpp harness.cpp\n"
    compiled_one, compiled_run_time, linked = sorted((place / "calls").read_text().splitlines())
    assert compiled_one == "-c -o one.o one.cpp"
    assert compiled_run_time == "-c -o verilated.o verilated.cpp"
    assert linked.split() == ["one.o", "verilated.o", "-o", "whole.so"]
    assert (place / "whole.so").exists()


def test_a_users_own_object_cache_stays(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SPIKEPLANE_CACHE", str(tmp_path))
    monkeypatch.setattr("spikeplane.toolchain.verilator_environment", dict)
    monkeypatch.delenv("OBJCACHE", raising=False)
    made = objects.environment()
    assert SCRIPT in made["OBJCACHE"]
    assert Path(made[object_cache.FOLDER]).parent == tmp_path
    monkeypatch.setenv("OBJCACHE", "ccache")
    assert objects.environment() == {}
