"""Simulators that tests build are kept, as everywhere, in the cache folder; one lock keeps two workers from building the same one."""

import os
import sys
from pathlib import Path

# One worker a processor core: the threads of several PyTorch processes only wait for each other.
os.environ.setdefault("OMP_NUM_THREADS", "1")

sys.path.insert(0, str(Path(__file__).parent / "system"))
