"""Memory words: from numbers to the bytes of a program file and back, their checksum, and whether they
are those that the network compiles to.

A file's words are what a chip is loaded with, wherever that is. Where the compiler is installed they are
built from the network once more and must be equal, so that a file that was changed and sealed again cannot
run one network in the golden model and another on the chip.
"""

import hashlib
import json
from importlib.util import find_spec
from math import prod
from typing import TYPE_CHECKING

import numpy as np

from spikeplane.config import ChipConfig
from spikeplane.errors import SpikeplaneError
from spikeplane.formats.tables import AnyMemory, core_tables
from spikeplane.program.hdf5 import Dataset
from spikeplane.program.image import Image

if TYPE_CHECKING:
    from spikeplane.program.program import Program

Core = tuple[int, int]
Words = dict[Core, list[tuple[AnyMemory, int, int]]]  #: by core (memory, address, word)

IMAGES, BYTES = 64, 1 << 28  #: of a program, and of their words, at most


def build_images(program: "Program") -> tuple[Image, ...]:
    """The images of a program, from its network and its placement. Raises SpikeplaneError where they do not
    fit the chip, and where the compiler is not installed."""
    if not compiler_installed():
        raise SpikeplaneError(
            "the program has no memory words, and spikeplane.compiler, which builds them, is not installed; "
            "load a program file"
        )
    from spikeplane.compiler.images import build_image

    return (build_image(program.laid, program.placement, program.config, list(program.probes)),)


def compiler_installed() -> bool:
    """Whether words can be built here."""
    return find_spec("spikeplane.compiler") is not None


def check_words(program: "Program") -> None:
    """Raise SpikeplaneError unless the words that the program was loaded with are those that its network
    compiles to. Without a compiler they are taken as they are."""
    if len(program.images) != 1:
        raise SpikeplaneError(f"a program has one image of the chip's memories, not {len(program.images)}")
    if program.stored is None or not compiler_installed():
        return
    for ours, theirs in zip(program.images, build_images(program), strict=True):
        for core, words in theirs.words.items():
            _check_core(core, ours.words[core], words)


def _check_core(
    core: Core, found: list[tuple[AnyMemory, int, int]], expected: list[tuple[AnyMemory, int, int]]
) -> None:
    if found == expected:
        return
    ours = {(memory, address): word for memory, address, word in found}
    theirs = {(memory, address): word for memory, address, word in expected}
    memory, address = min(
        place for place in ours.keys() | theirs.keys() if ours.get(place) != theirs.get(place)
    )
    shown = [
        f"{side[memory, address]:#x}" if (memory, address) in side else "nothing" for side in (ours, theirs)
    ]
    raise SpikeplaneError(
        f"word {address} of the {memory.name.lower()} memory of core {core} is {shown[0]}, its network "
        f"compiles to {shown[1]}"
    )


def word_bytes(config: ChipConfig, memory: AnyMemory) -> int:
    """Bytes that one word of `memory` takes in a file."""
    return -(-core_tables(config).width(memory) // 8)


def to_arrays(image: Image, config: ChipConfig) -> dict[tuple[Core, AnyMemory], np.ndarray]:
    """By core and memory the words from address 0 on, uint8 (words, bytes), the lowest byte first."""
    arrays: dict[tuple[Core, AnyMemory], np.ndarray] = {}
    for core, words in image.words.items():
        by_memory: dict[AnyMemory, list[int]] = {}
        for memory, address, word in words:
            column = by_memory.setdefault(memory, [])
            assert address == len(column), "words lie one behind the other, from address 0 on"
            column.append(word)
        for memory, column in by_memory.items():
            size = word_bytes(config, memory)
            raw = b"".join(word.to_bytes(size, "little") for word in column)
            arrays[core, memory] = np.frombuffer(raw, np.uint8).reshape(len(column), size)
    return arrays


def read_words(found: dict[str, Dataset], count: int, config: ChipConfig) -> tuple[Words, ...]:
    """The words of `count` images, whose arrays are taken out of `found`. Raises SpikeplaneError for arrays
    that the chip's memories do not hold; nothing is unpacked before its size is known."""
    if count not in range(1, IMAGES + 1):
        raise SpikeplaneError(f"images must be from 1 to {IMAGES}, not {count}")
    cores = [(x, y) for y in range(config.rows) for x in range(config.cols)]
    images: tuple[Words, ...] = tuple({core: [] for core in cores} for _ in range(count))
    places = {
        name: (images[number][core], memory)
        for number in range(count)
        for core in cores
        for memory in core_tables(config).memories
        if (name := dataset_name(number, core, memory)) in found
    }
    _check_size(sum(prod(found[name].shape) for name in places))
    for name, (words, memory) in places.items():
        words += _read(found.pop(name), name, memory, config)
    return images


def _read(
    dataset: Dataset, name: str, memory: AnyMemory, config: ChipConfig
) -> list[tuple[AnyMemory, int, int]]:
    depth, size = core_tables(config).depth(memory), word_bytes(config, memory)
    shape = dataset.shape
    if dataset.dtype != np.uint8 or len(shape) != 2 or not 0 < shape[0] <= depth or shape[1] != size:
        raise SpikeplaneError(
            f"{name} is {dataset.dtype} {shape}, the memory holds {depth} words of {size} bytes"
        )
    return [(memory, i, int.from_bytes(row.tobytes(), "little")) for i, row in enumerate(dataset.read())]


def dataset_name(number: int, core: Core, memory: AnyMemory) -> str:
    """Where the words of one memory lie in a file."""
    return f"images/{number}/{core[0]}-{core[1]}/{memory.name.lower()}"


def write_words(images: tuple[Image, ...], config: ChipConfig) -> dict[str, np.ndarray]:
    """The arrays of `read_words`, by name. Raises SpikeplaneError for more words than a file holds."""
    arrays = {
        dataset_name(number, *place): array
        for number, image in enumerate(images)
        for place, array in to_arrays(image, config).items()
    }
    _check_size(sum(array.size for array in arrays.values()))
    return arrays


def _check_size(size: int) -> None:
    if size > BYTES:
        raise SpikeplaneError(
            f"a program holds at most {BYTES:,} bytes of memory words, not {size:,}; use a smaller network"
        )


def digest(program: "Program") -> str:
    """SHA-256, 64 hexadecimal digits: over the chip, what every memory is loaded with, and the tables."""
    found = hashlib.sha256(program.config.digest.encode())
    for number, image in enumerate(program.images):
        for (core, memory), array in to_arrays(image, program.config).items():
            found.update(f"\n{number} {core} {memory.name} {array.shape}\n".encode())
            found.update(array.tobytes())
    found.update(json.dumps(program.tables, sort_keys=True).encode())
    return found.hexdigest()
