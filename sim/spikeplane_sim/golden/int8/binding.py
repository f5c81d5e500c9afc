"""The kernel: built once for this processor, and its structures.

kernel.cpp, sums.h, fire.h, lanes.h -- g++ -march=native --> golden-*.so in the cache -- ctypes --> Kernel
"""

import ctypes
import functools
import os
from pathlib import Path

from spikeplane.errors import SpikeplaneError
from spikeplane.platforms import is_posix
from spikeplane.processes import run_tool, work_folder
from spikeplane.toolchain import NATIVE, byte_products, compiler_macros
from spikeplane_sim.cache import kept

_HERE = Path(__file__).parent
_FILES = ("kernel.cpp", "sums.h", "fire.h", "lanes.h")
_FLAGS = ("-O3", *NATIVE, "-fwrapv", "-fPIC", "-shared", "-std=c++17")
_INT, _LONG, _POINTER = ctypes.c_int32, ctypes.c_int64, ctypes.c_void_p


def _fields(kind: type, names: str) -> list[tuple[str, type]]:
    return [(name, kind) for name in names.split()]


class Source(ctypes.Structure):
    """sums.h's struct of that name."""

    _fields_ = (
        ("values", _POINTER),
        ("strides", _LONG * 4),
        ("weights", _POINTER),
        ("corrections", _POINTER),
        *_fields(_INT, "channels height width plane_height plane_width top left up_y up_x"),
        *_fields(_INT, "kernel_y kernel_x stride_y stride_x out_width digit mask offset shift aligned"),
    )


class Fire(ctypes.Structure):
    """fire.h's struct of that name."""

    _fields_ = (
        *_fields(_POINTER, "theta least amount factor up odd table"),
        *_fields(_INT, "leak reset sends wide low high reset_low reset_high v_reset top table_shift"),
        *_fields(_INT, "sent_low sent_high sent_shift span"),
    )


class Layer(ctypes.Structure):
    """kernel.cpp's struct of that name."""

    _fields_ = (
        ("sources", ctypes.POINTER(Source)),
        ("fire", ctypes.POINTER(Fire)),
        *_fields(_POINTER, "bias others current u after sent v"),
        *_fields(_INT, "count places channels"),
    )


class Kernel:
    """The functions of a library that was built: `run(layer, first image, last image)`. `digit_bits`: of the bytes that
    it multiplies, from 0 on."""

    def __init__(self, path: Path) -> None:
        library = ctypes.CDLL(str(path))
        library.run.argtypes, library.run.restype = [ctypes.POINTER(Layer), _LONG, _LONG], None
        self.run = library.run
        self.digit_bits = int(library.digit_bits())


def kernel(*more: str) -> Kernel | None:
    """The kernel for this processor, built where the cache has none; None without POSIX or a compiler, or
    where nothing multiplies bytes. `more`: flags, of tests. Raises SpikeplaneError where it cannot be built."""
    if not is_posix() or byte_products(*more) is None:
        return None
    return _kernel(os.environ.get("SPIKEPLANE_CACHE", ""), more, compiler_macros(*more))


@functools.cache
def _kernel(cache: str, more: tuple[str, ...], defined: str) -> Kernel:  # noqa: ARG001 - another cache has another file
    sources = {name: (_HERE / name).read_bytes() for name in _FILES}
    made_of = [*(part for pair in sources.items() for part in pair), *_FLAGS, *more, defined]
    return Kernel(kept("golden", ".so", made_of, lambda: _built(sources, more)))


def _built(sources: dict[str, bytes], more: tuple[str, ...]) -> bytes:
    with work_folder() as folder:
        for name, contents in sources.items():
            (folder / name).write_bytes(contents)
        result = run_tool(("g++", *_FLAGS, *more, "-o", "golden.so", _FILES[0]), folder)
        if result.returncode:
            said = next((line for line in result.stdout.splitlines() if "error" in line), "no message")
            raise SpikeplaneError(
                f"g++ could not build the golden model's int8 path: {said}; set SPIKEPLANE_GOLDEN=plain to do without"
            )
        return (folder / "golden.so").read_bytes()
