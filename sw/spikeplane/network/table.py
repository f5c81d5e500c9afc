"""A function of the membrane, as a table."""

from dataclasses import dataclass

ENTRIES = 256


@dataclass(frozen=True)
class Table:
    """What a population of values sends in the place of v: values[clamp((v >> shift) + 128, 0, 255)].

    values   256 integers
    shift    the lowest bits of v, which do not count
    """

    values: tuple[int, ...]
    shift: int = 0
