"""Energy and traffic of training, by counting what each op, sweep and update reads, writes and computes.

Operations and SRAM: `estimate.energy` (45 nm), and of the same source a product of binary16 1.1 pJ and its addition 0.4 pJ;
times `SCALE` for 28 nm, an assumption. DRAM: 20.3 pJ a bit. Left out, as there: clock tree, leakage, registers, long wires.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from spikeplane.estimate.energy import FIFO, access, add
from spikeplane.estimate.learning.activity import LANES
from spikeplane.estimate.learning.counts import LearningCounts, Walks

SCALE = 0.54  #: dynamic energy at 28 nm over that at 45 nm: an assumption
DRAM = 20.3  #: pJ a bit
PRODUCT, ADDITION = 1.1, 0.4  #: pJ of binary16 at 45 nm (Horowitz, ISSCC 2014)
NUMBER = 16  #: bits
PACKET = 46  #: bits of a packet of 8 lanes
BANK = 1 << 16  #: bits of a small bank: one of 64 kbit
OUTSIDE = ("network", "DRAM")  #: what the published energy models set to zero
PARTS = ("weights", "sums", "gradients", "deltas", "arithmetic", "sweeps", "update", *OUTSIDE)


@dataclass(frozen=True)
class Core:
    """A core that learns, and how it keeps its numbers.

    exact_bits    of a sum
    weight_words  words of its weights, and of its gradients
    sum_words     words of sums of a bank, and of deltas; sums have two banks
    bank          bits of a bank of memory: an access pays for its bank, not for the whole memory; 0: one bank each
    combined      the word of X stays in the lane over a mask's bits: read and written once a mask
    streamed      no gradient memory for projections of one position: their deltas are kept, and added up at the update
    hops          routers that a packet passes
    multiplies    additions are products with a sum, as where values are no spikes
    """

    exact_bits: int = 48
    weight_words: int = 2048
    sum_words: int = 512
    bank: int = 0
    combined: bool = False
    streamed: bool = False
    hops: float = 1.0
    multiplies: bool = False

    def access(self, bits: int, words: int) -> float:
        """pJ of one access to a memory."""
        return access(bits, max(1, min(words, self.bank // bits)) if self.bank else words)

    @property
    def weight(self) -> float:
        """pJ of reading or writing a word of weights."""
        return self.access(LANES * NUMBER, self.weight_words)

    @property
    def delta(self) -> float:
        """pJ of a word of deltas of the step under way."""
        return self.access(LANES * NUMBER, self.sum_words)

    @property
    def sum(self) -> float:
        """pJ of reading or writing the sums of all lanes."""
        return LANES * self.access(self.exact_bits, 2 * self.sum_words)

    @property
    def gradient(self) -> float:
        """pJ of reading or writing the gradients of all lanes."""
        return LANES * self.access(self.exact_bits, self.weight_words)


@dataclass(frozen=True)
class Batch:
    """What an iteration learns from. `kept`: bits that DRAM moves for a sample."""

    samples: int
    steps: int
    kept: float = 0.0


@dataclass
class LearningEnergy:
    """pJ of a sample by part (`PARTS`), at 28 nm."""

    parts: dict[str, float] = field(default_factory=lambda: dict.fromkeys(PARTS, 0.0))

    def total(self, *, outside: bool = True) -> float:
        """pJ; without `outside` those of DRAM and network are left out."""
        return sum(value for name, value in self.parts.items() if outside or name not in OUTSIDE)


def energy(core: Core, counts: LearningCounts, batch: Batch) -> LearningEnergy:
    """Of a sample, its share of the update included."""
    found = LearningEnergy()
    for walk in counts.walks:
        for name, value in _walked(core, walk, batch):
            found.parts[name] += value
        if walk.trained:
            found.parts["update"] += _updated(core, walk, batch) / batch.samples
    exact = LANES * add(core.exact_bits)
    # a limb of a partial sum: one lane's word
    found.parts["sums"] += counts.partials * (2 * core.sum + exact) / LANES
    found.parts["sweeps"] += _swept(core, counts)
    found.parts["network"] += counts.packets * core.hops * 2 * access(PACKET, FIFO // PACKET + 1)
    scaled = {name: SCALE * value for name, value in found.parts.items()}
    return LearningEnergy({**scaled, "DRAM": batch.kept * DRAM})


def _walked(core: Core, walk: Walks, batch: Batch) -> Iterator[tuple[str, float]]:
    """Of the three verbs of a projection."""
    added = walk.add_masks if core.combined else walk.add
    yield "weights", (walk.add + walk.gather) * core.weight
    yield "sums", added * 2 * core.sum
    if core.streamed and walk.dense:  # a set bit of a column is a read of all steps' deltas, at the update
        kept = core.access(LANES * NUMBER, batch.samples * batch.steps * walk.groups)
        column = core.access(batch.steps, batch.samples * core.weight_words)
        yield "deltas", walk.outer * kept
        yield "gradients", walk.outer / walk.groups * 2 * column
    else:
        yield "deltas", (walk.outer_masks if core.combined else walk.outer) * core.delta
        yield "gradients", walk.outer * 2 * core.gradient
    yield "deltas", walk.gather * core.delta
    # a shift to fixed point is about an addition of the same width
    one = LANES * (PRODUCT + ADDITION if core.multiplies else 2 * add(core.exact_bits))
    product = LANES * (PRODUCT + (ADDITION if core.multiplies else 2 * add(core.exact_bits)))
    yield "arithmetic", (walk.add + walk.outer) * one + walk.gather * product


def _updated(core: Core, walk: Walks, batch: Batch) -> float:
    """Of an update: weight and gradient read and written, two roundings, a product, a sum."""
    each = 2 * core.weight + LANES * (PRODUCT + 5 * add(core.exact_bits))
    if core.streamed and walk.dense:  # the column of a source neuron, once for all its words
        return walk.weights * each + walk.weights / walk.groups * core.access(
            batch.samples * batch.steps, core.weight_words
        )
    return walk.weights * (each + 2 * core.gradient)


def _swept(core: Core, counts: LearningCounts) -> float:
    """Sums taken, rounded, compared, leaked into the next step's; tape and deltas."""
    tape = core.access(2 * LANES, core.sum_words)
    row = LANES * (PRODUCT + 5 * add(core.exact_bits) + 3 * add(NUMBER))
    taken = (counts.forward + counts.backward) * (2 * core.sum + row)
    carried = counts.carries * 2 * core.sum
    taped = counts.taped * 2 * tape + counts.backward * tape
    parameters = counts.groups * 3 * core.access(LANES * NUMBER, 256)
    return taken + carried + taped + parameters + counts.backward * core.delta
