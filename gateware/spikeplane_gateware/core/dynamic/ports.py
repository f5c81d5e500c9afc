"""The signatures around the dynamic memory: its reader's port, the engine's, and what flows inside the engine."""

from typing import Any

from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from spikeplane.config import ChipConfig, bits_for


def lane_index_bits(config: ChipConfig) -> int:
    """Bits of a lane's number."""
    return bits_for(config.lanes)


def block_bits(config: ChipConfig) -> int:
    """Bits of the number of a block of `lanes` rows."""
    return bits_for(config.dynamic_depth // config.lanes)


def row_bits(config: ChipConfig) -> int:
    """Bits of a row's number: its block and the bit of the mask that it belongs to."""
    return block_bits(config) + lane_index_bits(config)


def row_width(config: ChipConfig) -> int:
    """Bits of a row."""
    return config.lanes * config.dynamic_bits


def pair_layout(config: ChipConfig) -> data.StructLayout:
    """A word of V and a word of K, neither of them 0, and the block where their product goes."""
    return data.StructLayout({"value": config.lanes, "key": config.lanes, "block": block_bits(config)})


def values_port(config: ChipConfig) -> dict[str, Any]:
    """The words of a gate population, one row each in any cycle; on a chip with gates only."""
    return {"row_valid": In(1), "row": In(row_width(config))} if config.gates else {}


class ReadPort(wiring.Signature):
    """Reads rows as weights, seen from the reader. It is served in every cycle.

    fetch, bank, row; `words`, the rows of both banks, stand two cycles after `fetch`, for one cycle.
    """

    def __init__(self, config: ChipConfig) -> None:
        super().__init__(
            {
                "fetch": Out(1),
                "bank": Out(1),
                "row": Out(row_bits(config)),
                "words": In(row_width(config)).array(2),
            }
        )


class RowPort(wiring.Signature):
    """Reads and writes rows of the bank of a step, seen from the engine.

    bank: of both, a level while anything is under way; read_valid, read_row, until read_ready (the reader's port comes
    first); `word` stands in the cycle after; write_valid, write_row, write_word: written in every cycle.
    """

    def __init__(self, config: ChipConfig) -> None:
        super().__init__(
            {
                "bank": Out(1),
                "read_valid": Out(1),
                "read_ready": In(1),
                "read_row": Out(row_bits(config)),
                "word": In(row_width(config)),
                "write_valid": Out(1),
                "write_row": Out(row_bits(config)),
                "write_word": Out(row_width(config)),
            }
        )
