"""What the memory words of a core say where values go through tables, and where samples are presented several times.

A population of values with `tabled` sends an entry of the memory TABLE in the place of v:

```
    TABLE[table * ENTRIES + min(max((v >> table_shift) + ENTRIES / 2, 0), ENTRIES - 1)]
```
An entry is membrane_bits wide, in two's complement. The host writes the memory as it writes others; a run does not change it.
"""

from enum import IntEnum

from spikeplane.config import ChipConfig, bits_for

INDEX_BITS = 8
ENTRIES = 1 << INDEX_BITS  #: of a table


class OptionMemory(IntEnum):
    """Memory ids of options of a core, beside `tables.Memory`."""

    TABLE = 16  #: by table and index: what a population of values sends in the place of v


def option_widths(config: ChipConfig) -> dict[OptionMemory, int]:
    """Bits of a word of the memories that the chip has."""
    return {OptionMemory.TABLE: config.membrane_bits} if config.tables else {}


def option_depths(config: ChipConfig) -> dict[OptionMemory, int]:
    """Words of these memories."""
    return {OptionMemory.TABLE: config.tables * ENTRIES} if config.tables else {}


def option_population(config: ChipConfig) -> tuple[tuple[str, int], ...]:
    """What a POPULATION word says besides: its table, and after how many `last` its membranes become 0."""
    fields: tuple[tuple[str, int], ...] = ()
    if config.tables:
        fields += (
            ("tabled", 1),
            ("table", bits_for(config.tables)),
            ("table_shift", bits_for(config.membrane_bits)),
        )
    if config.presentations > 1:
        fields += (("presentations_last", bits_for(config.presentations)),)
    return fields
