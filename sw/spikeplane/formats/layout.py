"""Bit layouts as data: an ordered list of named fields, least significant first.

Gateware makes Amaranth structs of them, the compiler and the driver pack and unpack integers, so a
field has one home.
"""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Layout:
    """Named bit fields, least significant first. `fields` is a tuple of (name, width in bits)."""

    name: str
    fields: tuple[tuple[str, int], ...]

    @property
    def width(self) -> int:
        """Total bits."""
        return sum(width for _, width in self.fields)

    def pack(self, **values: int) -> int:
        """The integer that holds `values`; fields not named are 0, negative values are taken two's
        complement.

        Raises ValueError for an unknown field or a value that does not fit.
        """
        unknown = set(values) - {name for name, _ in self.fields}
        if unknown:
            raise ValueError(f"layout {self.name} has no field {sorted(unknown)[0]}")
        word, offset = 0, 0
        for name, width in self.fields:
            value = int(values.get(name, 0))
            if not -(1 << (width - 1)) <= value < 1 << width:
                raise ValueError(f"layout {self.name}: {name} = {value} does not fit {width} bits")
            word |= (value & ((1 << width) - 1)) << offset
            offset += width
        return word

    def unpack(self, word: int) -> dict[str, int]:
        """The fields of `word`, unsigned."""
        values: dict[str, int] = {}
        for name, width in self.fields:
            values[name] = word & ((1 << width) - 1)
            word >>= width
        return values


def lanes_word(values: Iterable[int], bits: int) -> int:
    """Pack one value per lane, lane 0 least significant, `bits` bits each, two's complement."""
    word = 0
    for lane, value in enumerate(values):
        word |= (int(value) & ((1 << bits) - 1)) << (lane * bits)
    return word
