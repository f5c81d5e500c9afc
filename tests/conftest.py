"""Simulators that tests build are kept, as everywhere, in the cache folder; one lock keeps two workers from building the same one."""

import os
import signal
import sys
import threading
from pathlib import Path

# One worker a processor core: the threads of several PyTorch processes only wait for each other.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# Tests that are started in the background have Ctrl-C ignored, and with them every process that a test starts and interrupts.
if threading.current_thread() is threading.main_thread():
    signal.signal(signal.SIGINT, signal.default_int_handler)

sys.path[:0] = [str(Path(__file__).parent / "system"), str(Path(__file__).parent)]  # what tests share, and the mutants' list
