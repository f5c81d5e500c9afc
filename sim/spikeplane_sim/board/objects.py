"""Verilator's environment for a build: its run time is compiled once for all simulators.

verilated.cpp and its like take the compiler half of the time that a small simulator takes in all.
"""

import os
import shlex
import sys
from pathlib import Path

from spikeplane import toolchain
from spikeplane_sim.board.object_cache import FOLDER
from spikeplane_sim.cache import cache_folder, digest

#: One compilation of all that is a chip's own, instead of a dozen: rules that follow Verilator's makefile.
ONE = Path(__file__).with_name("one.mk")
#: Verilator's parts as `ONE` takes them.
PARTS = ("--output-split", "0")
_SCRIPT = Path(__file__).with_name("object_cache.py")


def environment() -> dict[str, str]:
    """`toolchain.verilator_environment`, and the object cache in front of the compiler. A user's own
    OBJCACHE (ccache) stays."""
    base = toolchain.verilator_environment()
    if base.get("OBJCACHE") or os.environ.get("OBJCACHE"):
        return base
    folder = cache_folder() / f"objects-{digest(toolchain.simulator_tools())}"
    # -I: whatever the user's environment says of Python, this is one file of the standard library
    command = f"{shlex.quote(sys.executable)} -I -S {shlex.quote(str(_SCRIPT))}"
    return {**base, "OBJCACHE": command, FOLDER: str(folder.absolute())}
