"""The contents of every memory of every core, for `$readmemh`.

A file holds a memory's words from address 0 on, one a line. The gateware keeps weights in slices of SHARED_LANES
lanes, each a memory of its own; their files are beside that of the whole words.
"""

from collections.abc import Iterator

from spikeplane.config import ChipConfig
from spikeplane.formats.structure import SHARED_LANES
from spikeplane.formats.tables import AnyMemory, Memory, core_tables
from spikeplane.program import Program


def memory_files(program: Program) -> dict[str, str]:
    """By name the text of every file: `core_X_Y_MEMORY.mem`, and `core_X_Y_weights_N.mem` of the slices."""
    found: dict[str, str] = {}
    for core, words in program.image.words.items():
        for memory in core_tables(program.config).memories:
            column = _column(words, memory)
            name = f"core_{core[0]}_{core[1]}_{memory.name.lower()}"
            found[f"{name}.mem"] = _text(column, core_tables(program.config).width(memory))
            if memory == Memory.WEIGHT:
                found |= dict(_slices(column, program.config, f"core_{core[0]}_{core[1]}"))
    return found


def _column(words: list[tuple[AnyMemory, int, int]], memory: AnyMemory) -> list[int]:
    """Words by address; addresses that nothing is written to are 0."""
    mine = {address: word for one, address, word in words if one == memory}
    return [mine.get(address, 0) for address in range(max(mine, default=-1) + 1)]


def _slices(column: list[int], config: ChipConfig, core: str) -> Iterator[tuple[str, str]]:
    width = SHARED_LANES * config.weight_bits
    for number in range(config.lanes // SHARED_LANES):
        part = [word >> number * width & (1 << width) - 1 for word in column]
        yield f"{core}_weights_{number}.mem", _text(part, width)


def _text(column: list[int], width: int) -> str:
    digits = -(-width // 4)
    return "".join(
        [f"// {len(column)} words of {width} bits\n", *(f"{word:0{digits}x}\n" for word in column)]
    )
