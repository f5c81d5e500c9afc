"""A test run in a process forked from one that has imported what is slow to import: half of the
time of a short run."""

import multiprocessing
import os
import resource
import sys
from typing import Any

#: Of other projects only: the packages under test come from the copy, in each child.
PRELOAD = (
    "torch",
    "numpy",
    "amaranth.sim",
    "amaranth.back.verilog",
    "h5py",
    "pytest",
    "hypothesis",
    "typer",
    "rich.table",
)


def context() -> Any:
    """Whose `Process` forks from the server with everything imported."""
    made = multiprocessing.get_context("forkserver")
    made.set_forkserver_preload([*PRELOAD])
    return made


def run(options: list[str], environment: dict[str, str], folder: str, log: str, seconds: int) -> None:
    """Pytest with these options in `folder`, its output in the file `log`; ends the process with
    pytest's status, or with a signal when it has used so many `seconds` of processor time: a busy
    machine is no hanging test."""
    os.setsid()
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 5))
    with open(log, "w") as out:
        os.dup2(out.fileno(), 1)
        os.dup2(out.fileno(), 2)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    # This tests' folder has been in front: its place is behind the copy's packages.
    sys.path[:0] = environment["PYTHONPATH"].split(os.pathsep)
    import pytest

    status = pytest.main(options)
    sys.stdout.flush()
    os._exit(int(status))
