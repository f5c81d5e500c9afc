"""Simulators that tests build are kept, as everywhere, in the cache folder; one lock keeps two workers from building the same one."""

import os
import sys
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # one worker a core: PyTorch's threads of several workers only wait for each other

sys.path.insert(0, str(Path(__file__).parent / "system"))
