"""What it costs to begin: `import spikeplane` and `spikeplane --help`, in CPU seconds of a process of their own.

The best of several runs is taken. Processors that are shared make even CPU time longer, by up to a half: that is the
slack, and what is loaded is looked at, too.
"""

import resource
import subprocess
import sys

import pytest

from spikeplane.cli.commands import Commands
from spikeplane.cli.lazy import load

SLACK, RUNS = 1.5, 8
#: The command line's first line is what the entry point does.
HELP = "import sys; sys.argv = ['spikeplane', '--help']; from spikeplane.cli import main; main()"
LOADED = "\nimport sys; print(*{name.partition('.')[0] for name in sys.modules}, file=sys.stderr)"


def seconds(code: str) -> float:
    """CPU seconds, user and system, of a Python that runs the code; the best of RUNS."""
    found = []
    for _ in range(RUNS):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        found.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return min(found)


def test_the_import() -> None:
    assert seconds("import spikeplane") - seconds("pass") < 0.15 * SLACK


def test_the_help() -> None:
    assert seconds(HELP) < 0.3 * SLACK


@pytest.mark.parametrize("code", ["import spikeplane", f"try:\n    {HELP}\nexcept SystemExit: pass"])
def test_nothing_heavy_is_loaded(code: str) -> None:
    heavy = {"numpy", "torch", "h5py", "amaranth", "scipy", "serial", "spikeplane_sim", "spikeplane_gateware"}
    done = subprocess.run([sys.executable, "-c", code + LOADED], capture_output=True, text=True, check=True)
    modules = set(done.stderr.split())
    assert "spikeplane" in modules
    assert modules & heavy == set()


@pytest.mark.parametrize("entry", Commands.entries, ids=[entry.name for entry in Commands.entries])
def test_the_table_says_what_the_commands_say(entry) -> None:
    """The first paragraph of the docstring, which the help of the command begins with."""
    command = load(entry)
    assert command.name == entry.name
    assert " ".join(command.help.split("\n\n")[0].split()) == entry.help
