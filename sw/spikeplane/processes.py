"""Tools as child processes, and the folders that they work in: both end with whoever started them,
by Ctrl-C, SIGTERM or an error."""

import os
import re
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from spikeplane.errors import SpikeplaneError
from spikeplane.log import logger
from spikeplane.platforms import require_posix

_log = logger(__name__)
GRACE = 2.0  #: seconds between asking a tool to end and killing it
_PLAIN = re.compile(r"[\w./+@,=-]+", re.ASCII)  # what make takes in a path as it stands


def run_tool(
    command: Sequence[str],
    folder: Path,
    environment: Mapping[str, str] | None = None,
    *,
    into: IO[str] | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run a command in `folder` to its end. What it prints, both streams together, is the result's
    `stdout`, or goes `into` a file.

    It has a process group of its own, so Ctrl-C at the terminal comes to this process alone.
    Whatever interrupts the wait ends the group: a make with its compilers too. Its temporary files
    lie in `folder`, if `environment` (what to add) has no other TMPDIR. Raises SpikeplaneError on Windows, which has
    no such groups.
    """
    require_posix()
    _log.debug("%s", " ".join(command))
    inherited = {**os.environ, "TMPDIR": str(folder), **(environment or {})}
    with subprocess.Popen(
        command,
        cwd=folder,
        env=inherited,
        stdin=subprocess.DEVNULL,
        stdout=into or subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        process_group=0,
    ) as process:
        try:
            printed, _ = process.communicate()
        except BaseException:
            _end_group(process)
            raise
    return subprocess.CompletedProcess(command, process.returncode, printed or "", "")


def _end_group(process: subprocess.Popen[str]) -> None:
    try:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(GRACE)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@contextmanager
def work_folder(prefix: str = "spikeplane-") -> Iterator[Path]:
    """A temporary folder for a tool, gone at the end. Its path holds no blank, quote or other
    character that make stumbles over, whatever TMPDIR says. Raises SpikeplaneError where there is
    no such place."""
    with tempfile.TemporaryDirectory(prefix=prefix, dir=_plain_place(), ignore_cleanup_errors=True) as name:
        yield Path(name)


def _plain_place() -> str:
    for place in (tempfile.gettempdir(), "/tmp", "/var/tmp", os.path.expanduser("~")):
        if _PLAIN.fullmatch(place) and os.path.isdir(place) and os.access(place, os.W_OK | os.X_OK):
            return place
    raise SpikeplaneError(
        f"tools need a folder to work in whose path has no blanks, and {tempfile.gettempdir()!r} "
        "has: set TMPDIR to another"
    )
