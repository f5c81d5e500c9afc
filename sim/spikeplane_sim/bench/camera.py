"""The camera pipeline as Verilated: planes in, images out, in a compiled loop. Built once per
configuration and gateware source.

```
    CameraConfig -> Verilog -> Verilator -> one shared library (in the cache folder) -> SimulatedPipeline
```
"""

import ctypes
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import numpy as np

from spikeplane.camera.config import CameraConfig
from spikeplane_gateware.verilog.waivers import waivers
from spikeplane_sim.board.build import build_library, compiler
from spikeplane_sim.cache import gateware_digest, kept

HARNESS = Path(__file__).with_name("camera_harness.cpp")
_VERILATOR = (
    "verilator", "--cc", "--exe", "-O3", "--x-assign", "fast", "--x-initial", "fast", "--noassert",
    "--top-module", "spikeplane_camera", "--prefix", "Vcamera", "-Mdir", "obj",
    *compiler("2"), "-LDFLAGS", "-shared", "camera.vlt", "camera.v",
    "camera_harness.cpp",
)  # fmt: skip
#: Lanes stay functions of their own: inlined, 50 of them take the compiler a minute.
_SETTINGS = waivers("*camera.v") + 'no_inline -module "spikeplane_camera_lane"\n'


@dataclass(frozen=True)
class Words:
    """Words of images as they came out, in order: values (n, P), and of each its image's number,
    flags and cycle."""

    values: np.ndarray
    number: np.ndarray
    first: np.ndarray
    last: np.ndarray
    cycle: np.ndarray


class SimulatedPipeline:
    """One pipeline. Cycles are numbered from the first of the first `run`; the state stays between calls.

    `verilog`: other text than the configuration's, of the same ports (for tests of the tests).
    """

    def __init__(self, config: CameraConfig, verilog: str | None = None) -> None:
        self.config = config
        self._library = _load(build_camera(config, verilog))
        self._camera = self._library.camera_open()

    def __enter__(self) -> "SimulatedPipeline":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._library.camera_close(self._camera)

    def run(self, planes: np.ndarray, gaps: float = 0.0, seed: int = 0, idle: int = 64) -> Words:
        """Feed (n, H, W) planes of 0 and 1, a word a cycle but for a fraction of `gaps`; then
        `idle` cycles without a word."""
        words = pack_words(planes, self.config)
        free = np.random.default_rng(seed).random(int(len(words) / max(1e-3, 1 - gaps) * 1.2) + 100) >= gaps
        valid = (
            np.ones(len(words), bool)
            if not gaps
            else free[: int(np.searchsorted(np.cumsum(free), len(words))) + 1]
        )
        control = np.zeros(len(valid) + idle, np.uint8)
        control[: len(valid)] = valid
        # a word that is not valid is all spikes
        given = np.full(len(control), (1 << self.config.pixels) - 1, np.uint64)
        given[control == 1] = words
        return self.cycles(control, given)

    def cycles(self, control: np.ndarray, words: np.ndarray) -> Words:
        """Run a cycle for each of `control` (uint8: bit 0 valid, bit 1 restart) and `words` (uint64)."""
        control, words = np.ascontiguousarray(control, np.uint8), np.ascontiguousarray(words, np.uint64)
        room, size = len(control) + 1, -(-self.config.pixels * self.config.output_bits // 8)
        images, numbers = np.empty((room, size), np.uint8), np.empty(room, np.uint32)
        flags, at = np.empty(room, np.uint8), np.empty(room, np.uint64)
        arrays = (images, numbers, flags, at)
        count = self._library.camera_run(
            self._camera,
            control.ctypes.data,
            words.ctypes.data,
            len(control),
            size,
            *[a.ctypes.data for a in arrays],
            room,
        )
        images, numbers, flags, at = (a[:count] for a in arrays)
        return Words(
            _values(images, self.config), numbers, flags & 1 == 1, flags & 2 == 2, at.astype(np.int64)
        )


def pack_words(planes: np.ndarray, config: CameraConfig) -> np.ndarray:
    """uint64: the words of (n, H, W) planes, one after the other, pixel 0 in bit 0."""
    bits = np.zeros((len(planes) * config.words, 64), np.uint8)
    bits[:, : config.pixels] = np.asarray(planes, np.uint8).reshape(-1, config.pixels)
    return np.packbits(bits, axis=1, bitorder="little").view("<u8")[:, 0]


def _values(images: np.ndarray, config: CameraConfig) -> np.ndarray:
    """uint16 (words, P)."""
    if config.output_bits == 8:
        return images.astype(np.uint16)
    bits = np.unpackbits(images, axis=1, bitorder="little")[:, : config.pixels * 12].reshape(
        -1, config.pixels, 12
    )
    return (bits.astype(np.uint16) << np.arange(12, dtype=np.uint16)).sum(axis=2, dtype=np.uint16)


def difference(
    words: Words, images: list[np.ndarray] | np.ndarray, config: CameraConfig, first_plane: int = 0
) -> str | None:
    """None if the words are these whole images, of planes `first_plane` on; else the first
    difference, in one line."""
    expected = np.asarray(images).reshape(-1, config.pixels)
    place = np.arange(len(expected))
    for name, found, want in (
        ("number", words.number, first_plane + place // config.words),
        ("first", words.first, place % config.words == 0),
        ("last", words.last, place % config.words == config.words - 1),
    ):
        if len(found) == len(want) and (found != want).any():
            where = int(np.flatnonzero(found != want)[0])
            plane, word = first_plane + where // config.words, where % config.words
            return (
                f"plane {plane}, word {word}: chip's {name} {int(found[where])}, expected {int(want[where])}"
            )
    both = min(len(expected), len(words.values))
    wrong = np.argwhere(words.values[:both] != expected[:both])
    if len(wrong):
        word, pixel = (int(i) for i in wrong[0])
        chip, golden = int(words.values[word, pixel]), int(expected[word, pixel])
        plane, place_in = first_plane + word // config.words, word % config.words * config.pixels + pixel
        row, column = divmod(place_in, config.width)
        return (
            f"plane {plane}, row {row}, column {column}: chip {chip}, golden {golden} "
            f"({len(wrong)} of {expected.size} differ)"
        )
    if len(words.values) != len(expected):
        return f"{len(words.values)} words of images came out, expected {len(expected)}"
    return None


def build_camera(config: CameraConfig, verilog: str | None = None) -> Path:
    """The shared library of one pipeline. Raises SpikeplaneError where the tools are missing or fail."""
    text = verilog if verilog is not None else cached_verilog(config).read_text()
    sources = {
        "camera.v": text.encode(),
        "camera.vlt": _SETTINGS.encode(),
        HARNESS.name: HARNESS.read_bytes(),
    }
    return build_library("camera", sources, _VERILATOR)


def cached_verilog(config: CameraConfig) -> Path:
    """The Verilog of the pipeline, generated at most once per configuration and gateware source."""
    from spikeplane_gateware.units.camera.generate import camera_verilog

    return kept(f"camera-{config.digest}", ".v", [gateware_digest()], lambda: camera_verilog(config).encode())


def _load(path: Path) -> ctypes.CDLL:
    library = ctypes.CDLL(str(path))
    pointer, u64 = ctypes.c_void_p, ctypes.c_uint64
    library.camera_open.restype = pointer
    library.camera_close.argtypes = [pointer]
    library.camera_run.restype = ctypes.c_int64
    library.camera_run.argtypes = [
        pointer,
        pointer,
        pointer,
        u64,
        u64,
        pointer,
        pointer,
        pointer,
        pointer,
        u64,
    ]
    return library
