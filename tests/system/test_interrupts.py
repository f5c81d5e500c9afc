"""SIGINT and SIGTERM to the process alone, at any moment: one word, its compilers gone, no folder
and no half of a file left."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import spikeplane

SPIKEPLANE = str(Path(sys.executable).with_name("spikeplane"))
SIGNALS = [(signal.SIGINT, 130, "interrupted\n"), (signal.SIGTERM, 143, "terminated\n")]
MARK = "SPIKEPLANE_TEST_MARK"

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="/proc")


def started(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    """A command whose temporary files, cache and children can be found."""
    (folder / "tmp").mkdir(exist_ok=True)
    environment = {
        **os.environ,
        "TMPDIR": str(folder / "tmp"),
        "SPIKEPLANE_CACHE": str(folder / "cache"),
        MARK: str(folder),
    }
    environment.pop("OBJCACHE", None)
    return subprocess.Popen(
        [SPIKEPLANE, *arguments],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def family(folder: Path) -> dict[str, str]:
    """Process number -> name, of all that inherited the mark."""
    found = {}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if f"{MARK}={folder}".encode() in (process / "environ").read_bytes().split(b"\0"):
                found[process.name] = (process / "comm").read_text().strip()
        except OSError:
            continue
    return found


def handles(process: subprocess.Popen[str]) -> bool:
    """Whether it has a handler for SIGTERM: Python itself has none, so ours stand."""
    try:
        status = Path(f"/proc/{process.pid}/status").read_text()
    except OSError:
        return False
    caught = next((line.split()[1] for line in status.splitlines() if line.startswith("SigCgt")), "0")
    return bool(int(caught, 16) >> (signal.SIGTERM - 1) & 1)


def wait_for(what, seconds: float = 300.0) -> None:
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end
        time.sleep(0.002)


@pytest.mark.parametrize(("number", "status", "word"), SIGNALS)
def test_while_it_imports(tmp_path, number, status, word) -> None:
    """From the first moment that signals are handled, before numpy and all the rest are there."""
    for delay in (0, 0.1, 0.4, 1.5):
        process = started(tmp_path, "generate", "--preset", "large", "-o", str(tmp_path / "chip"))
        wait_for(lambda process=process: handles(process))
        time.sleep(delay)
        process.send_signal(number)
        out, err = process.communicate(timeout=60)
        assert (process.returncode, out, err) == (status, "", word), delay
        assert not family(tmp_path)
        assert not (tmp_path / "chip").exists()
        assert os.listdir(tmp_path / "tmp") == []


def test_little_is_imported_before_signals_are_handled() -> None:
    """Until then Ctrl-C is Python's own affair, with a page of it."""
    places = [str(Path(spikeplane.__file__).parents[1])]
    code = f"import sys; sys.path[:0] = {places}; import spikeplane.cli; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-S", "-E", "-c", code], capture_output=True, text=True, check=True
    )
    found = {name.partition(".")[0] for name in done.stdout.split() if not name.startswith("_")}
    assert "spikeplane" in found
    assert not found & {"typing", "pathlib", "numpy", "typer", "rich", "subprocess", "importlib.metadata"}
    assert len(found) < 45


@pytest.mark.cosim
@pytest.mark.parametrize(("number", "status", "word"), SIGNALS)
def test_while_compilers_are_at_work(tmp_path, number, status, word) -> None:
    process = started(tmp_path, "serve", "--board", "icebreaker")  # the UART echo: little to generate
    try:
        wait_for(lambda: "cc1plus" in family(tmp_path).values() or process.poll() is not None)
        assert process.poll() is None
        process.send_signal(number)
        out, err = process.communicate(timeout=30)
    finally:
        process.kill()
    assert (process.returncode, out, err) == (status, "", word)
    assert not family(tmp_path)
    assert os.listdir(tmp_path / "tmp") == []
    left = [path for path in (tmp_path / "cache").iterdir() if path.suffix != ".lock"]
    # objects of Verilator's run time that were whole before the signal are kept, by the first compiler of several
    assert [path.name for path in left if not path.name.startswith("objects-")] == []
    assert all(part.suffix == ".o" for folder in left for part in folder.iterdir())


def test_a_signal_that_is_ignored_stays_so(tmp_path) -> None:
    """As nohup and background jobs of shells want it."""
    code = "import signal; from spikeplane.cli.interrupts import interrupts\n"
    code += (
        "signal.signal(2, signal.SIG_IGN)\nwith interrupts(): print(signal.getsignal(2) == signal.SIG_IGN)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "True\n"


@pytest.mark.parametrize("how", ["2>/dev/full", "2>&-", ">&- 2>&-", ">/dev/full"])
def test_streams_that_take_nothing(tmp_path, how) -> None:
    """The status is told where the line cannot be, and the line never goes to stdout or into a file
    that took the stream's number."""
    for arguments in ("inspect none.spk", "frobnicate"):
        command = f"{SPIKEPLANE} {arguments} {how}"
        done = subprocess.run(
            ["sh", "-c", command], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr == "" if "2>" in how else done.stderr.startswith("error: ")
    assert os.listdir(tmp_path) == []


def test_output_that_a_full_disk_does_not_take(tmp_path) -> None:
    done = subprocess.run(
        ["sh", "-c", f"{SPIKEPLANE} --help >/dev/full"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (2, "error: No space left on device\n")
