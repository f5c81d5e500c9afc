"""The memories of stopped cores, read through the link, and held against what was written."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from spikeplane.errors import SpikeplaneError
from spikeplane.formats.packet import READ_WORDS, Counter
from spikeplane.formats.tables import AnyMemory, Memory, core_tables
from spikeplane.host.channel import Channel

Core = tuple[int, int]  #: (x, y)
Words = Sequence[tuple[AnyMemory, int, int]]  #: (memory, address, word)
_ROUNDS = 1000  #: of asking a core that ends a sweep


def read_words(channel: Channel, core: Core, memory: AnyMemory, first: int, count: int) -> list[int]:
    """`count` words of a memory of a stopped core, from address `first` on, as unsigned integers of
    `CoreTables.width(memory)` bits. Raises SpikeplaneError for a core or addresses that the chip does
    not have, for a core that runs, and for a chip that does not answer."""
    _check(channel, core, memory, first, count)
    size, words = core_tables(channel.config).chunks(memory), []
    while len(words) < count:
        block = min(READ_WORDS, count - len(words))
        chunks = _block(channel, core, memory, first + len(words), block)
        rows = chunks.astype("<u4").reshape(block, size)
        words += [int.from_bytes(row.tobytes(), "little") for row in rows]
    return words


def verify(channel: Channel, written: Mapping[Core, Words]) -> None:
    """Hold the memories of stopped cores against what was written. Raises SpikeplaneError for the
    first word that differs, and as `read_words` does."""
    for core, words in written.items():
        for memory, first, expected in _runs(words):
            found = read_words(channel, core, memory, first, len(expected))
            for address, (here, wanted) in enumerate(zip(found, expected, strict=True), first):
                if here != wanted:
                    raise SpikeplaneError(
                        f"{_name(core, memory)} holds {here:#x} at address {address}, {wanted:#x} was "
                        "written; load the program again"
                    )


def _check(channel: Channel, core: Core, memory: AnyMemory, first: int, count: int) -> None:
    config, depth = channel.config, core_tables(channel.config).depth(memory)
    if not config.cores:
        config.require_cores()
    if not (0 <= core[0] < config.cols and 0 <= core[1] < config.rows):
        raise SpikeplaneError(
            f"there is no core {core}: columns are 0 to {config.cols - 1}, rows 0 to {config.rows - 1}"
        )
    if first < 0 or count < 0 or first + count > depth:
        raise SpikeplaneError(
            f"{_name(core, memory)} has addresses 0 to {depth - 1}; asked for {count} words from {first} on"
        )
    if channel.query(Counter.FLAGS, core) & 1:
        raise SpikeplaneError(f"core {core} is running; stop it before its memories are read")


def _block(channel: Channel, core: Core, memory: AnyMemory, first: int, words: int) -> np.ndarray:
    """The chunks of at most READ_WORDS words. A core that has just been stopped may still end a sweep,
    and refuses: it is asked again."""
    wanted, came = words * core_tables(channel.config).chunks(memory), 0
    for _ in range(_ROUNDS):
        chunks, flags = channel.read_chunks(core, memory, first, words)
        came = len(chunks)
        if came == wanted:
            return chunks
        if came or not flags >> 3 & 1:
            break
    raise SpikeplaneError(
        f"{_name(core, memory)} cannot be read: {came} of {wanted} parts came; reset the chip and load it again"
    )


def _runs(words: Words) -> Iterator[tuple[AnyMemory, int, list[int]]]:
    """(memory, first address, words) for words that follow each other in a memory."""
    memory: AnyMemory = Memory.WEIGHT
    first, found = 0, []
    for one, address, word in words:
        if found and (one, address) != (memory, first + len(found)):
            yield memory, first, found
            found = []
        if not found:
            memory, first = one, address
        found.append(word)
    if found:
        yield memory, first, found


def _name(core: Core, memory: AnyMemory) -> str:
    return f"memory {memory.name.lower()} of core {core}"
