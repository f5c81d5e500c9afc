"""Words of a core's memories as WRITE packets."""

from collections.abc import Sequence

import numpy as np

from spikeplane.config import ChipConfig
from spikeplane.formats.packet import CHUNK_BITS, SEEK, Kind, packet_format
from spikeplane.formats.tables import AnyMemory, core_tables
from spikeplane.host.packets import pack_many


def write_packets(
    config: ChipConfig, core: tuple[int, int], words: Sequence[tuple[AnyMemory, int, int]]
) -> np.ndarray:
    """A seek where memory or address jump, then each word's chunks; uint8 (n, size)."""
    tables, values, seeks = core_tables(config), [], []
    expected, chunks = None, {memory: tables.chunks(memory) for memory in {memory for memory, _, _ in words}}
    for memory, address, word in words:
        if (memory, address) != expected:
            seeks.append(len(values))
            values.append(SEEK.pack(memory=memory, address=address))
        values += [word >> (CHUNK_BITS * i) & 0xFFFFFFFF for i in range(chunks[memory])]
        expected = (memory, address + 1)
    seek = np.zeros(len(values), dtype=np.int64)
    seek[seeks] = 1
    x, y = core
    fields = {"x0": x, "y0": y, "x1": x, "y1": y, "seek": seek, "data": np.array(values, dtype=np.uint64)}
    return pack_many(packet_format(config), Kind.WRITE, len(values), fields)
