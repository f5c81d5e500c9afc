"""Chips that store weights of 1 bit: what is not of one size a channel becomes several projections of +1 and -1.

```
    k    =  +-2^m  in every place                        1 projection, shifted
    k    =  +-2^(n-1)  ...  +-2  +-1                     any odd number of up to 2^n - 1: n projections
    2 k  =  +-2^t  +-2^(t-1)  ...  +-2  +-1  +-1         any whole number k of up to 2^t, 0 too: t + 2 projections
```
The packets' pre-shift is the power of two, so a term costs a visit, not a bit. Which weights have more than one
bit: those with zeros that are stored (pruning, groups that are not whole lanes), those of one pixel and a channel of
its own (shortcuts, gains), and those of constant populations; all others are signs times one step a channel.
"""

from collections.abc import Sequence

import numpy as np

from spikeplane.compiler.ties import is_identity
from spikeplane.config import ChipConfig
from spikeplane.float_network import FloatNetwork, FloatProjection
from spikeplane.formats.tables import core_tables
from spikeplane.network import Network, Population

TERNARY = 2  #: bits of weights with zeros: -1, 0, 1
#: Signs of a weight beside others of another size, shortcuts and small branches, the most that the chip has room for.
SEVERAL = (10, 9, 8, 7, 6, 5, 4, 3, 2, 1)
STREAM = 8  #: signs of branches of values, and beside them, the most: a kernel of spikes each
_SHARE = 3  #: of the shifts of values, what the signs of their weights have: 1 / _SHARE
PART = 2  #: of the chip's weights that such a network may be: 1 / PART
_TINY = 1e-30  #: magnitudes below are no weights
_SAME = 1e-3  #: relative difference of steps that are the same


def sign_bits(
    real: Sequence[np.ndarray],
    zeros: Sequence[bool],
    rooms: Sequence[int],
    unit: np.ndarray | None,
    several: int,
    into: int,
) -> tuple[int, ...]:
    """Bits of each projection's whole numbers before they become signs, less than 0 for odd numbers of so many signs
    (`steps.integers`). The largest projection has one size a channel, its step; so have those whose steps are a
    power of two of it, the same in all channels.

    real: weights (C, ...) in units of the sources' integers; zeros: whether a core would store some of each; rooms:
    powers of two that the packets' shifts leave each; unit: of the population (C,), where it is chosen already;
    several: signs of the others, 1 for none; into: connections that a core counts.
    """
    if not real:
        return ()
    found = _sign_bits(real, zeros, rooms, unit, several)
    while several > 1 and sum(bits + (bits > TERNARY) if bits > 0 else -bits for bits in found) > into:
        several -= 1
        found = _sign_bits(real, zeros, rooms, unit, several)
    return found


def _sign_bits(
    real: Sequence[np.ndarray],
    zeros: Sequence[bool],
    rooms: Sequence[int],
    unit: np.ndarray | None,
    several: int,
) -> tuple[int, ...]:
    main = int(np.argmax([weight.size for weight in real]))
    step = step_of(real[main]) if unit is None else unit
    found = []
    for weight, zero, room in zip(real, zeros, rooms, strict=True):
        plain = TERNARY if zero else 1
        other = (unit is not None or weight is not real[main]) and not (
            alike(weight) and power_apart(step_of(weight), step)
        )
        most = min(several, room, SEVERAL[0] if unit is None else STREAM)
        found.append(plain if not other or most < 2 else max(plain, most) if zero else -most)
    return tuple(found)


def fewer_signs(widths: tuple[int, ...]) -> tuple[int, ...]:
    """Each sum of signs of what `sign_bits` finds has one less; themselves where none has more than two."""
    return tuple(bits + 1 if bits < -2 else bits - 1 if bits > TERNARY else bits for bits in widths)


def most_signs(net: FloatNetwork, config: ChipConfig) -> tuple[int, ...]:
    """How many signs are tried for weights beside others of another size, on a chip of signs. Values that others read
    share the packets' shifts with the signs of their weights: a third is for these."""
    if config.weight_bits > 1:
        return (1,)
    shared = any(share_shifts(net, p) for p in net.projections)
    most = min(STREAM, max(2, (config.max_shift + _SHARE) // _SHARE)) if shared else SEVERAL[0]
    return tuple(several for several in SEVERAL if several <= most)


def share_shifts(net: FloatNetwork, projection: FloatProjection) -> bool:
    """Whether a population's values meet weights that are sums of signs: beside other branches, or with zeros. An
    identity has one sign, where the branches beside it have several (`rooms`)."""
    source = net.population(projection.source)
    if not source.sends_values or source.neuron is None or is_identity(net, projection):
        return False
    return len(net.incoming(projection.target)) > 1 or not np.asarray(projection.weight).all()


def room_of(net: FloatNetwork, projection: FloatProjection, source: Population, config: ChipConfig) -> int:
    """Signs that weights have at most: the packets' shifts and the accumulator hold them and the source's planes, and
    cores count the connections of the source."""
    sent = sum(p.source == projection.source for p in net.projections)
    room = min(config.max_shift + 2, config.acc_bits - 1) - source.bits(config.membrane_bits)
    return min(room, (connections(config)[1] - sent) // sent)  # zeros take one more


def connections(config: ChipConfig) -> tuple[int, int]:
    """Projections that a core counts into a population, and out of it beside a probe."""
    widths = dict(core_tables(config).population.fields)
    return (1 << widths["credit_count"]) - 1, (1 << widths["egress_count"]) - 2


def affordable(network: Network, config: ChipConfig, probes: int | None = None) -> bool:
    """Whether the chip has tags and weights for the terms, and its cores count as many connections. probes: tags that
    the host takes, one for every population where None."""
    neurons = [p.name for p in network.populations if p.neuron is not None]
    tags, size = len(network.projections) + (len(neurons) if probes is None else probes), stored(network)
    into, out = connections(config)
    counted = all(len(network.tags_into(n)) <= into and len(network.tags_from(n)) <= out for n in neurons)
    room = config.cores * config.weight_depth * config.lanes
    return tags <= config.projections and counted and size * PART <= room


def stored(network: Network) -> int:
    """Weights that are not 0."""
    return sum(int(np.count_nonzero(p.weight)) for p in network.projections)


def step_of(weight: np.ndarray) -> np.ndarray:
    """The size (C,) of a weight's signs: the mean of what is not 0."""
    rows = np.abs(np.asarray(weight, dtype=np.float64)).reshape(len(weight), -1)
    return rows.sum(1) / np.maximum((rows > _TINY).sum(1), 1)


def alike(weight: np.ndarray) -> bool:
    """Whether the weights of a channel have one size, or are 0."""
    rows = np.abs(np.asarray(weight, dtype=np.float64)).reshape(len(weight), -1)
    return bool(((rows <= _TINY) | (np.abs(rows - step_of(weight)[:, None]) <= _SAME * rows)).all())


def power_apart(one: np.ndarray, other: np.ndarray) -> bool:
    """Whether the steps (C,) differ by the same power of two in all channels that both have."""
    both = (one > 0) & (other > 0)
    ratio = np.log2(one[both] / other[both])
    return not both.any() or bool((np.abs(ratio - round(float(ratio.mean()))) <= _SAME).all())


def signs(whole: np.ndarray, stored: np.ndarray | None = None) -> list[tuple[np.ndarray, int]]:
    """Whole numbers as a sum of signs times powers of two: (array of +1 and -1, power), the sum twice `whole`.
    stored: of its shape, where a core stores them, everywhere if None; elsewhere they are 0, and so are the signs."""
    stored = np.ones(whole.shape, dtype=bool) if stored is None else stored
    largest = int(np.abs(whole).max(initial=0))
    if not stored.any():
        return [(whole, 1)]
    common = 0
    while largest and not (whole & 1).any():
        whole, largest, common = whole >> 1, largest >> 1, common + 1
    rest, found = 2 * whole, list[tuple[np.ndarray, int]]()
    odd, top = (whole & 1)[stored].all(), (largest - 1).bit_length() if largest else 0
    for power in range(largest.bit_length(), 0, -1) if odd else (*range(top, 0, -1), 0, 0):
        sign = np.where(rest >= 0, 1, -1) * stored
        rest = rest - (sign << power)
        found.append((sign, power + common))
    assert not rest.any()
    return found
