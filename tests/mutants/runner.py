"""Runs the relevant tests on each mutant and keeps what came of it, so that a run which was cut off goes on.

A selection of tests has to pass on the copy without a mutant first: that shows the copy to be the
gateware, and how long it takes.
"""

import contextlib
import hashlib
import json
import os
import shlex
import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path

from mutants.catalogue import ROOT, Numbered
from mutants.child import context, run
from mutants.tree import environment

#: A selection hangs after so many seconds of processor time more than so many times what it takes
#: without a mutant; one that waits for ever uses none, so the clock has a limit as well.
PATIENCE, TIMES, CLOCK = 20, 3, 900


@dataclass(frozen=True)
class Outcome:
    """`state`: killed, survived, equivalent, or open (alive, but not all of its selections ran).
    `by`: the selection that failed. `seconds`: of all that ran."""

    state: str
    by: str
    seconds: float


class NotNeutral(Exception):
    """Tests fail on the copy without any mutant."""


class Runner:
    """On one copy of the packages; results are kept in the folder beside it."""

    def __init__(
        self, tree: Path, *, again: bool = False, plain: bool = True, most: int | None = None
    ) -> None:
        """`again`: also what is known already. `plain`: each selection first without a mutant.
        `most`: selections of each mutant."""
        self.most = most
        self.tree, self.again, self.first, self.lock = tree, again, plain, threading.Lock()
        self.file = tree.parent / "results.json"
        self.known: dict[str, dict] = json.loads(self.file.read_text()) if self.file.exists() else {}
        self.plain: dict[str, float] = {}
        self.starting: dict[str, threading.Lock] = {}
        self.context = context()
        self.running: set[BaseProcess] = set()
        self.ended = False

    def all(
        self, mutants: list[Numbered], jobs: int, tell: Callable[[Numbered, Outcome], None]
    ) -> dict[int, Outcome]:
        """Every mutant's outcome by number; `tell` is called as they come."""

        def one(entry: Numbered) -> tuple[int, Outcome]:
            outcome = self.outcome(entry)
            tell(entry, outcome)
            return entry.number, outcome

        pool = ThreadPoolExecutor(jobs)
        try:
            return dict(pool.map(one, mutants))
        finally:  # what an interruption or an error leaves is ended, not waited for
            self.ended = True
            pool.shutdown(wait=False, cancel_futures=True)
            for process in list(self.running):
                _end(process)

    def outcome(self, entry: Numbered) -> Outcome:
        """Of one mutant: from its selections in order, until one fails."""
        if entry.mutant.equivalent:
            return Outcome("equivalent", "", 0.0)
        key = self._key(entry)
        if key in self.known and not self.again:
            return Outcome(**self.known[key])
        begun, by = time.monotonic(), ""
        selections = entry.selections[: self.most]
        for selection in selections:
            limit = PATIENCE + TIMES * self._plain_seconds(selection)
            if not self._passes(selection, entry.number, limit):
                by = selection
                break
        seconds = round(time.monotonic() - begun, 1)
        if not by and len(selections) < len(entry.selections):
            return Outcome("open", "", seconds)
        outcome = Outcome("killed" if by else "survived", by, seconds)
        self._keep(key, asdict(outcome))
        return outcome

    def _plain_seconds(self, selection: str) -> float:
        """How long the selection takes without a mutant. Raises NotNeutral if it does not pass."""
        if not self.first:
            return 25
        with self.lock:
            mine = self.starting.setdefault(selection, threading.Lock())
        with mine:
            if selection in self.plain:
                return self.plain[selection]
            key = f"plain {self.tree.name} {_digest(selection)} {selection}"
            if key not in self.known:
                begun = time.monotonic()
                if not self._passes(selection, 0, CLOCK):
                    raise NotNeutral(
                        f"fails without a mutant: {selection}\n{self._log(selection, 0).read_text()[-3000:]}"
                    )
                self._keep(key, {"seconds": time.monotonic() - begun})
            self.plain[selection] = self.known[key]["seconds"]
            return self.plain[selection]

    def _log(self, selection: str, number: int) -> Path:
        name = hashlib.sha256(selection.encode()).hexdigest()[:8]
        return self.tree.parent / "logs" / f"{number}-{name}.log"

    def _passes(self, selection: str, number: int, limit: float) -> bool:
        log = self._log(selection, number)
        log.parent.mkdir(exist_ok=True)
        options = [
            "-x",
            "-q",
            "-p",
            "no:cacheprovider",
            "-m",
            "not slow",
            "--tb=short",
            *shlex.split(selection),
        ]
        arguments = (options, environment(self.tree, number), str(ROOT), str(log), int(limit))
        process = self.context.Process(target=run, args=arguments)
        process.start()
        self.running.add(process)
        process.join(CLOCK)
        status = process.exitcode
        _end(process)
        self.running.discard(process)
        if self.ended:
            raise KeyboardInterrupt
        if not self.tree.is_dir():  # the packages that are installed would have been tested instead
            raise NotNeutral(
                f"{self.tree} is gone: another run has other mutants or sources; run one at a time"
            )
        if status in (4, 5):  # wrong use of pytest, nothing selected
            raise NotNeutral(f"pytest could not run (exit {status}): {selection}\n{log.read_text()[-2000:]}")
        return status == 0

    def _key(self, entry: Numbered) -> str:
        mutant = entry.mutant
        selections = "\n".join(f"{one} {_digest(one)}" for one in entry.selections)
        source = (ROOT / entry.path).read_text()
        text = "\0".join((source, entry.path, mutant.old, mutant.new, mutant.within, selections))
        return hashlib.sha256(text.encode()).hexdigest()[:24]

    def _keep(self, key: str, value: dict) -> None:
        with self.lock:
            if self.file.exists():  # another run beside this one has written since
                self.known |= json.loads(self.file.read_text())
            self.known[key] = value
            draft = self.file.with_suffix(".draft")
            draft.write_text(json.dumps(self.known, indent=0))
            os.replace(draft, self.file)


def _end(process: BaseProcess) -> None:
    """The process and what it has started."""
    if process.exitcode is None and process.pid is not None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.kill()
        process.join()


def _digest(selection: str) -> str:
    """Of the test files that a selection names."""
    files = [ROOT / word.split("::")[0] for word in shlex.split(selection) if word.startswith("tests/")]
    return hashlib.sha256(b"".join(file.read_bytes() for file in files if file.is_file())).hexdigest()[:16]
