"""What the memory words of a chip with a dynamic memory say besides those of `tables`.

The dynamic memory D has two banks, by the step's parity, of rows of `lanes` unsigned numbers. A *pair population* writes it:
for every token (a pixel of K and V) it holds `pair_groups` words of K, then `value_groups` words of V, side by side.

```
    group h of the sweep: token 0: k_0 .. k_(G-1), v_0 .. v_(U-1); token 1: ...        G = pair_groups, U = value_groups
    for each v_u that is not 0 and each set bit i of each k_j:
        D[parity][((row_base + (h * U + u) * G + j) * lanes) + i] += v_u AND the lanes l with l >> head = i >> head
```
So the lanes of a spike's mask meet rows that follow each other, as in the weight memory: the reader's GROUP entry for
(head h, group j) has weight = (row_base + h * U * G + j) * lanes, its weight_group is G * lanes and its count U.

A *gate population* (sink ROWS) writes a row for each word of its sweep, D[parity][row_base * lanes + number of the word] = the
low dynamic_bits bits of what its lanes would send; it has no egress entries but such of tokens.
"""

from enum import IntEnum

from spikeplane.config import ChipConfig, bits_for

SINK_BITS = 2
PAIR_BITS = 4  #: of a count of a token's words
HEAD_BITS = 3


class Sink(IntEnum):
    """Where the words of a sweep go."""

    EGRESS = 0  #: to the destinations, as packets
    OUTER = 1  #: to the outer engine, which adds them up in the dynamic memory
    ROWS = 2  #: of values, on a chip with `gates`: to the dynamic memory, a row each


def row_base_bits(config: ChipConfig) -> int:
    """Of a first row in blocks of `lanes` rows."""
    return bits_for(config.dynamic_depth // config.lanes)


def dynamic_projection(config: ChipConfig) -> tuple[tuple[str, int], ...]:
    """What a PROJECTION word says besides: its weights are rows of the dynamic memory, unsigned."""
    return (("dynamic", 1),) if config.dynamic_depth else ()


def dynamic_population(config: ChipConfig) -> tuple[tuple[str, int], ...]:
    """What a POPULATION word says besides: where its sweep's words go, and of a pair population how they make rows."""
    if not config.dynamic_depth:
        return ()
    return (
        ("sink", SINK_BITS),
        ("pair_groups", PAIR_BITS),  # words of K in a token
        ("value_groups", PAIR_BITS),  # words of V behind them
        ("head", HEAD_BITS),  # log2 of a head's lanes
        ("row_base", row_base_bits(config)),  # its first row / lanes
        ("row_blocks", row_base_bits(config) + 1),  # its rows / lanes, of all groups
    )


def dynamic_egress(config: ChipConfig) -> tuple[tuple[str, int], ...]:
    """What an EGRESS word says besides: tokens go there, but no spikes."""
    return (("order", 1),) if config.dynamic_depth else ()
