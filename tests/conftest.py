"""Simulators that tests build are kept, as everywhere, in the cache folder; one lock keeps two
workers from building the same one.

At the end of a run one line for every reason to skip says what was not tested, and where.
"""

import os
import signal
import sys
import threading
from collections import Counter
from pathlib import Path
from typing import Any

# One worker a processor core: the threads of several PyTorch processes only wait for each other.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# Simulated boards that run for a moment need no compiler that works for long.
os.environ.setdefault("SPIKEPLANE_OPTIMISE", "1")

# Chips are held against the specification; SPIKEPLANE_GOLDEN=int8 runs all tests on the fast path.
os.environ.setdefault("SPIKEPLANE_GOLDEN", "plain")

# Tests hold what stands on stderr, and a busy machine takes longer than the lines of long work wait.
os.environ.setdefault("SPIKEPLANE_LOG_SECONDS", "86400")

# Tests that are started in the background have Ctrl-C ignored, and with them every process that a
# test starts and interrupts.
if threading.current_thread() is threading.main_thread():
    signal.signal(signal.SIGINT, signal.default_int_handler)

# what tests share, the mutants' list, and what makes the site's pages
TESTS = Path(__file__).parent
sys.path[:0] = [str(TESTS / "system"), str(TESTS), str(TESTS.parent / "docs/_scripts")]


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """`not tested: REASON (3 tests in test_models.py)`, for want of data, a package or a tool."""
    found: Counter[tuple[str, str]] = Counter()
    for report in terminalreporter.stats.get("skipped", []):
        file, _, reason = (
            report.longrepr
            if isinstance(report.longrepr, tuple)
            else (report.nodeid, 0, str(report.longrepr))
        )
        found[reason.removeprefix("Skipped: "), Path(report.nodeid.split("::")[0] or file).name] += 1
    for (reason, file), count in sorted(found.items()):
        terminalreporter.write_line(f"not tested: {reason} ({count} test{'s' * (count > 1)} in {file})")
