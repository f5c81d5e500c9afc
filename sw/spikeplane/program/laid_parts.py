"""What a chip has beside a network's own populations and projections: see `program.laid`."""

from dataclasses import dataclass

from spikeplane.network import Population, Projection


@dataclass(frozen=True, kw_only=True)
class Writer(Population):
    """A population that writes dynamic memory, on the cores and with the channels of the population that reads it.

    reader   the tag of the projection that reads it
    words    the reader's groups to one of its own
    """

    reader: int
    words: int = 1


@dataclass(frozen=True, kw_only=True)
class PairPopulation(Writer):
    """Words of K and V of every token: per group (a head, or as many heads as there are in a word) and token `words`
    of K and as many of V.

    head     log2 of the lanes of a head, where several are in a word; of the chip's lanes otherwise
    """

    head: int


@dataclass(frozen=True, kw_only=True)
class GatePopulation(Writer):
    """What a gate sends, a row for each channel group of the reader and pixel of the gate."""


@dataclass(frozen=True, kw_only=True)
class IntoPair(Projection):
    """K or V into a pair population, to the words of each token from `offset` on."""

    pair: PairPopulation
    offset: int


@dataclass(frozen=True, kw_only=True)
class Order(Projection):
    """Tokens and no spikes: the target's step comes after the source's."""
