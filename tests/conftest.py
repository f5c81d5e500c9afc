"""Simulators that tests build are kept, as everywhere, in the cache folder; one lock keeps two workers from building the same one."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "system"))
