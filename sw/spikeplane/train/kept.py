"""Where a core that learns keeps what the host asks for, and how its words become arrays."""

from dataclasses import dataclass

import numpy as np

from spikeplane.formats.layout import lanes_word
from spikeplane.formats.training import VALUE_BITS
from spikeplane.train.routes import Core, LearningPart


@dataclass(frozen=True)
class Kept:
    """Where a core keeps a projection's weights: from word `first` on, `order` (words, lanes) being for each lane 1 + the
    place in the flat weight, 0 for none."""

    core: Core
    first: int
    order: np.ndarray
    stream: "Stream | None" = None  #: where its streamed gradient comes from

    def words(self, weight: np.ndarray) -> list[int]:
        """The memory words of a float16 weight."""
        bits = np.concatenate([[0], np.ascontiguousarray(weight, "<f2").view(np.uint16).ravel()])
        return [lanes_word(row, VALUE_BITS) for row in bits[self.order].tolist()]

    def put(self, words: list[int], weight: np.ndarray) -> None:
        """The inverse: into a float16 weight, which is contiguous."""
        lanes = self.order.shape[1]
        raw = b"".join(word.to_bytes(lanes * VALUE_BITS // 8, "little") for word in words)
        found, place = np.frombuffer(raw, "<u2"), self.order.ravel()
        weight.reshape(-1).view(np.uint16)[place[place > 0] - 1] = found[place > 0]

    def sum_up(self, words: list[int], exact_bits: int, sums: np.ndarray) -> None:
        """Words of the memory of gradients into int64 `sums` of the weight's shape, which is contiguous."""
        found = bit_rows(words, self.order.shape[1] * exact_bits).reshape(-1, exact_bits).astype(np.int64)
        found[:, -1] *= -1  # the sign
        self.place_sums(found @ (1 << np.arange(exact_bits, dtype=np.int64)), sums)

    def place_sums(self, values: np.ndarray, sums: np.ndarray) -> None:
        """Units int64 of all lanes of all words into `sums` of the weight's shape, which is contiguous."""
        place = self.order.ravel()
        sums.reshape(-1)[place[place > 0] - 1] = values[place > 0]


@dataclass(frozen=True)
class Stream:
    """Where a core keeps what a streamed gradient is made of: the spikes from column `column` on, one a source neuron, and the
    deltas from word `history` of DELTA on."""

    column: int
    columns: int
    history: int


@dataclass(frozen=True)
class Place:
    """Where a core keeps a part of a population: its deltas from accumulator word `acc` on, its planes from word `tape` on."""

    part: LearningPart
    acc: int
    tape: int


def bit_rows(words: list[int], bits: int) -> np.ndarray:
    """uint8 (words, bits) of 0 and 1, the lowest first."""
    size = -(-bits // 8)
    raw = np.frombuffer(b"".join(word.to_bytes(size, "little") for word in words), np.uint8)
    return np.unpackbits(raw.reshape(len(words), size), axis=1, count=bits, bitorder="little")
