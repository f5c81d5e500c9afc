"""What it costs to begin: `import spikeplane` and `spikeplane --help`, in CPU seconds of a process of their own.

The best of several runs is taken. Processors that are shared make even CPU time longer, by up to a half: that is the
slack, and what is loaded is looked at, too.
"""

import re
import resource
import subprocess
import sys

import pytest
from typer.main import get_command

from spikeplane.cli import overview
from spikeplane.cli.commands import Commands, app
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
    assert seconds(HELP) < 0.15 * SLACK


def test_the_help_is_that_of_the_commands_and_options() -> None:
    """It is drawn without Typer, and says what Typer would."""
    command = get_command(app)
    params = command.get_params(command.make_context("spikeplane", [], resilient_parsing=True))
    found = set()
    for one in params:
        long, *short = sorted(one.opts, key=len, reverse=True)
        found.add((long, "".join(short), getattr(one, "help", None)))
    assert found == set(overview.OPTIONS)
    for width in (50, 80, 132):
        lines = overview.page(width)
        assert max(map(len, lines)) == width
        drawn = " ".join(" ".join(line.strip("│ ").split()) for line in lines)
        # names stand in a column of their own, and long words may be broken
        missing = [e.name for e in Commands.entries if f"{e.name} {e.help.split()[0]}" not in drawn]
        assert missing == []
        if width == 132:
            assert all(entry.help.split()[-1] in drawn for entry in Commands.entries)
    plain = [re.sub("\x1b\\[[0-9;]*m", "", line) for line in overview.page(80, colours=True)]
    assert plain == overview.page(80) != overview.page(80, colours=True)


@pytest.mark.parametrize("arguments", [["-h"], ["-v", "--help"], []], ids=str)
def test_it_is_one_page_however_it_is_asked_for(arguments) -> None:
    code = f"import sys; sys.argv = ['spikeplane', *{arguments}]; from spikeplane.cli import main; main()"
    run = [
        subprocess.run([sys.executable, "-c", one], capture_output=True, text=True) for one in (HELP, code)
    ]  # noqa: PLW1510
    assert run[0].stdout == run[1].stdout.rstrip("\n") + "\n" != ""
    assert run[0].returncode == 0


@pytest.mark.parametrize("code", ["import spikeplane", f"try:\n    {HELP}\nexcept SystemExit: pass"])
def test_nothing_heavy_is_loaded(code: str) -> None:
    heavy = {
        "numpy",
        "torch",
        "h5py",
        "amaranth",
        "scipy",
        "serial",
        "rich",
        "typer",
        "spikeplane_sim",
        "spikeplane_gateware",
    }
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


def test_python_m_is_the_command() -> None:
    """Refusals and statuses too."""
    asked = [sys.executable, "-m", "spikeplane", "compile", "nothing", "-o", "x.spk"]
    found = subprocess.run(asked, capture_output=True, text=True, check=False)
    assert (found.returncode, found.stdout, found.stderr) == (
        2,
        "",
        "error: a model is a .nir file or file.py:function, not 'nothing'\n",
    )
