"""Foreign files whose libraries may run for ever, crash or take all memory: a process of its own
reads them, within limits of time and memory, and hands plain values back.

```
    ask ─▶ CHILD ARGUMENTS ─▶ answer: 8 bytes, the length of a JSON object; that; then bytes, as the object says
```
What such a child does is in `foreign_child.py`.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

BYTES_A_SECOND = 10_000_000  #: of a file, at least: a longer one may take longer


class NoAnswer(Exception):
    """A reader that did not answer; the message says why."""


def ask(
    child: Path, arguments: Sequence[str], seconds: float, library: str
) -> tuple[dict[str, Any], memoryview]:
    """What the program `child` answers to the arguments: the object, and the bytes behind it.
    Ctrl-C ends it at once.

    seconds: by the clock; the child limits its processor time itself. library: what it reads with,
    for messages. Raises NoAnswer if it is not done in time, ends by a signal, or says nothing.
    """
    command = [sys.executable, "-P", "-W", "ignore", str(child), *arguments]
    with contextlib.ExitStack() as undo:
        process = undo.enter_context(
            subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=_environment(),
            )
        )
        undo.callback(process.wait)  # whatever happens here, Ctrl-C included
        undo.callback(process.kill)
        try:
            answer, complaints = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            raise _endless(library) from None
    if process.returncode == -getattr(signal, "SIGXCPU", 0):
        raise _endless(library)
    if process.returncode < 0:
        raise NoAnswer(
            f"{library} ended with {signal.Signals(-process.returncode).name}; is the file damaged?"
        )
    end = 8 + int.from_bytes(answer[:8], "little")
    if process.returncode or not 8 < end <= len(answer):
        last = next(
            reversed(complaints.decode(errors="replace").split("\n")[:-1]), f"status {process.returncode}"
        )
        raise NoAnswer(f"its reader ended: {last[:120]}")
    return json.loads(answer[8:end]), memoryview(answer)[end:]


def _endless(library: str) -> NoAnswer:
    return NoAnswer(f"{library} finds no end of it; is the file damaged?")


def _environment() -> dict[str, str]:
    """This package for the child, wherever it lies; one thread a library, whose stacks count as
    memory; no plug-ins of HDF5: a file could name them."""
    places = [str(Path(__file__).parents[1]), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(places),
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "HDF5_PLUGIN_PRELOAD": "::",
    }
