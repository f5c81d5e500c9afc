"""Streamed gradients as a stopped core would make them: from the spikes and deltas that it keeps."""

import numpy as np

from spikeplane.formats.tables import AnyMemory
from spikeplane.formats.training import FRACTION_BITS, VALUE_BITS
from spikeplane.formats.training_tables import CHUNK_STEPS, TrainingMemory, column_word
from spikeplane.host.channel import Channel
from spikeplane.host.memories import read_words
from spikeplane.train.kept import Kept, Stream, bit_rows


def read_stream(chip: Channel, kept: Kept, stream: Stream) -> np.ndarray:
    """int64 units of all lanes of all weight words, in the order of `kept`."""
    config = chip.config
    assert config.training is not None
    steps, lanes = config.training.stream_steps, config.lanes

    def rows(memory: AnyMemory, first: int, count: int, bits: int) -> np.ndarray:
        return bit_rows(read_words(chip, kept.core, memory, first, count), bits)

    spikes = np.concatenate(
        [
            rows(
                TrainingMemory.COLUMNS, column_word(config, stream.column, chunk), stream.columns, CHUNK_STEPS
            )
            for chunk in range(steps // CHUNK_STEPS)
        ],
        axis=1,
    ).astype(np.int64)
    found = []
    for group in range(len(kept.order) // stream.columns):
        bits = rows(TrainingMemory.DELTA, stream.history + group * steps, steps, lanes * VALUE_BITS)
        deltas = np.packbits(bits, axis=1, bitorder="little").view("<f2").astype(np.float64)
        deltas[spikes.sum(axis=0) == 0] = 0  # others were never written
        found.append(spikes @ (deltas * 2**FRACTION_BITS).astype(np.int64))
    return np.concatenate(found).ravel()
