"""Pictures of bit fields as SVG, drawn from a layout: the highest bit on the left, 32 bits a row, the lowest row on top.

They stand in the page itself and take their colours from `pictures/site.css`, light or dark.
"""

from collections.abc import Iterable
from html import escape
from typing import NamedTuple

BIT, ROW = 20, 32  #: pixels of a bit; bits of a row
LETTER = 6.7  #: pixels of a letter of a name
LOW, HIGH = 26, 92  #: heights of a row: of names that lie, of names that stand
TOP, LEFT, GAP = 15, 2, 9  #: room for the numbers above a row, at its left, and below it


class Field(NamedTuple):
    """Bits `low` to `low` + `width` - 1. `name` is "" where nothing is."""

    name: str
    low: int
    width: int


def placed(fields: Iterable[tuple[str, int]], low: int = 0) -> list[Field]:
    """Fields one above the other, the first at bit `low`."""
    found = []
    for name, width in fields:
        found.append(Field(name, low, width))
        low += width
    return found


def picture(fields: Iterable[Field], about: str) -> str:
    """The picture of these fields, a figure in one line of HTML. `about`: what it shows, for those who cannot see it."""
    rows: dict[int, list[Field]] = {}
    for field in fields:
        for row in range(field.low // ROW, (field.low + field.width - 1) // ROW + 1):
            low = max(field.low, row * ROW)
            high = min(field.low + field.width, (row + 1) * ROW)
            rows.setdefault(row, []).append(Field(field.name, low, high - low))
    drawn, y = [], 0
    for row in sorted(row for row, here in rows.items() if any(field.name for field in here)):
        height = HIGH if any(_stands(field) for field in rows[row]) else LOW
        drawn += [_box(field, row, y + TOP, height) for field in rows[row]]
        y += TOP + height + GAP
    return _figure(ROW * BIT + 2 * LEFT, y, about, drawn)


def lanes(count: int, bits: int, about: str) -> str:
    """A word of a value a lane, lane 0 lowest: its boxes have one width, however many bits they hold."""
    width, drawn = ROW * BIT / min(count, 16), []
    for lane in range(count):
        x = LEFT + ROW * BIT - (lane % 16 + 1) * width
        y = TOP + (lane // 16) * (TOP + LOW + GAP)
        low = lane * bits
        drawn.append(_rect(x, y, width, LOW, "field"))
        drawn.append(_text(x + width / 2, y + LOW / 2, str(lane), "name"))
        drawn += _numbers(x, y, width, low + bits - 1, low)
    return _figure(ROW * BIT + 2 * LEFT, -(-count // 16) * (TOP + LOW + GAP), about, drawn)


def _figure(width: float, height: float, about: str, drawn: list[str]) -> str:
    return (
        f'<figure class="bits"><svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" role="img" '
        f'aria-label="{escape(about)}">{"".join(drawn)}</svg></figure>'
    )


def _stands(field: Field) -> bool:
    """Whether its name is too long to lie in its box."""
    return len(field.name) * LETTER > field.width * BIT - 4


def _box(field: Field, row: int, y: float, height: float) -> str:
    high = field.low + field.width - 1
    x, width = LEFT + ((row + 1) * ROW - 1 - high) * BIT, field.width * BIT
    parts = [_rect(x, y, width, height, "field" if field.name else "nothing")]
    middle = (x + width / 2, y + height / 2)
    turn = f' transform="rotate(-90 {middle[0]:g} {middle[1]:g})"' if _stands(field) else ""
    if field.name:
        parts += [_text(*middle, field.name, "name", turn), *_numbers(x, y, width, high, field.low)]
    return "".join(parts)


def _rect(x: float, y: float, width: float, height: float, kind: str) -> str:
    return f'<rect class="{kind}" x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}"/>'


def _text(x: float, y: float, text: str, kind: str, more: str = "") -> str:
    return f'<text class="{kind}" x="{x:g}" y="{y:g}"{more}>{escape(text)}</text>'


def _numbers(x: float, y: float, width: float, high: int, low: int) -> list[str]:
    """The bits above a box: both ends where they have room, else the lowest."""
    if high == low or width < 44:
        return [_text(x + width / 2, y - 4, str(low), "bit")]
    return [_text(x + 9, y - 4, str(high), "bit"), _text(x + width - 9, y - 4, str(low), "bit")]
