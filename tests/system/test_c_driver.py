"""What the driver in C does beside running samples: it reads memories back, finds a word that is another, and stops; its
headers are C++ too; address and undefined-behaviour sanitizers have nothing to say."""

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from exported import FLAGS, SANITIZED, built, compiled, example, outputs, port_of
from served import planes, program
from test_export import golden

from spikeplane import Program
from spikeplane.formats.tables import Memory, core_tables
from spikeplane_sim.board import SimulatedBoard
from spikeplane_sim.board.faults import Faults, FaultyDevice

pytestmark = [
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="pseudo-terminals of Linux"),
    pytest.mark.skipif(shutil.which("make") is None or shutil.which("cc") is None, reason="no C compiler"),
]
SOURCES = Path(__file__).parent / "c"


def memories_flag(of: Program) -> str:
    """The table of memories that memories.c walks through."""
    tables = core_tables(of.config)
    rows = [
        f'{{"{m.name}",{int(m)},{tables.chunks(m)},{tables.depth(m)}u}}' for m in Memory if tables.depth(m)
    ]
    return f"-DMEMORIES={','.join(rows)}"


def read_back(of: Program, folder: Path, rate: float, *flags: str) -> list[str]:
    """The lines of memories.c, on a line of that many errors."""
    binary = compiled(SOURCES / "memories.c", folder, *(flags or FLAGS), memories_flag(of))
    with SimulatedBoard(of.config) as board:
        line = FaultyDevice(board, Faults(5, rate), Faults(6, rate))
        with port_of(line) as port:
            command = [binary, port, folder / "load.bin"]
            done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout[-500:] + done.stderr
    return done.stdout.splitlines()


def check_memories(of: Program, told: list[str]) -> None:
    """Every word of the program, and 0 where it has none; then the word that was made another."""
    found = {}
    for line in told[:-3]:
        name, x, y, address, word = line.split()
        found[(int(x), int(y)), Memory[name], int(address)] = int(word, 16)
    words = {(core, m, a): word for core, words in of.image.words.items() for m, a, word in words}
    assert {place: found[place] for place in words} == words
    assert len(found) == len(of.image.cores) * sum(core_tables(of.config).depth(m) for m in Memory)
    memory, address, _ = list(of.image.words.values())[-1][-1]
    assert told[-3] == f"wrong {int(memory)} {address} {core_tables(of.config).chunks(memory) - 1}"
    assert told[-1] == "done"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return built(program(), tmp_path_factory.mktemp("driver"))


def test_memories_read_back(folder):
    check_memories(program(), read_back(program(), folder, 0))


@pytest.mark.skipif(shutil.which("g++") is None, reason="no C++ compiler")
def test_the_headers_are_c_plus_plus(folder):
    (folder / "user.cpp").write_text(
        '#include "spikeplane_driver.h"\n#include "spikeplane_link.h"\n'
        "int main() { return spikeplane_message(SPIKEPLANE_OK) == nullptr; }\n"
    )
    objects = [f"spikeplane_{name}.o" for name in ("link", "control", "driver", "program")]
    command = ["g++", "-std=c++11", *FLAGS[1:], "user.cpp", *objects, "-o", "user"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert subprocess.run([folder / "user"], check=False).returncode == 0


@pytest.mark.slow
def test_sanitizers_have_nothing_to_say(tmp_path):
    """Samples and memories, over a line that errs."""
    of = program()
    folder = built(of, tmp_path, planes(12), SANITIZED)
    told = read_back(of, folder, 1e-3, *SANITIZED)
    check_memories(of, told)
    assert int(told[-2].split()[0]) > 0
    with SimulatedBoard(of.config) as board:
        line = FaultyDevice(board, Faults(5, 1e-3), Faults(6, 1e-3))
        with port_of(line) as port:
            done = example(folder, port, "-v", "-c")
    assert (done.returncode, done.stderr) == (0, ""), done.stderr[-2000:]
    found, expected = outputs(of, done.stdout, 12), golden(of, planes(12))
    assert all(np.array_equal(found[name], values) for name, values in expected.items())
