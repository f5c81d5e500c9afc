"""Tables as wide as the terminal: text is folded between words, figures never; where the columns have no room
beside each other there are several tables, each with the first column again."""

from collections.abc import Iterable, Iterator, Sequence

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from spikeplane.cli.lines import shown

_BORDER = 3  #: characters of a column beside its text
_WORDS, _WORD = 14, 34  #: what a column of text is folded to at least, and up to where a word is kept whole


class Figures:
    """A table: `title`, the names of the columns, which of them are text (the others are figures, which are not
    folded), and rows of cells with Rich's markup."""

    def __init__(self, title: str, columns: Sequence[str], text: Iterable[str]) -> None:
        self.title, self.columns, self.text = title, list(columns), set(text)
        self.rows: list[tuple[str, ...]] = []
        self.sections: set[int] = set()  #: rows that a line is drawn before

    def add(self, *cells: str, section: bool = False) -> None:
        """One more row, of as many cells as there are columns."""
        if section:
            self.sections.add(len(self.rows))
        self.rows.append(cells)

    def print(self, console: Console) -> None:
        """On that console, in one table if it has the room."""
        whole = 1 + sum(self._natural(n) + _BORDER for n in range(len(self.columns)))
        groups = [list(range(len(self.columns)))] if whole <= console.width else self._groups(console.width)
        for place, group in enumerate(groups):
            title = f"{self.title}, continued" if place else self.title
            # a title longer than its table would be folded to the table's width: it is a line of its own
            console.print(f"[bold]{title}[/]", highlight=False, soft_wrap=True)
            console.print(self._table(group, console.width, whole <= console.width), crop=False)

    def _groups(self, width: int) -> list[list[int]]:
        """Columns that fit the width together, the first one in each."""
        groups: list[list[int]] = [[0]]
        for number in range(1, len(self.columns)):
            if len(groups[-1]) > 1 and self._least([*groups[-1], number]) > width:
                groups.append([0])
            groups[-1].append(number)
        return groups

    def _table(self, group: list[int], width: int, whole: bool) -> Table:
        widths = [self._natural(number) for number in group] if whole else self._widths(group, width)
        least = self._least(group)
        table = Table(width=least if least > width else None)
        for number, room in zip(group, widths, strict=True):
            name = self.columns[number]
            if name in self.text:
                table.add_column(name, overflow="fold", width=room)
            else:
                table.add_column(name, justify="right", width=room)
        for place, row in enumerate(self.rows):
            if place in self.sections:
                table.add_section()
            if whole or group[1] == 1 or any(row[number] for number in group[1:]):
                table.add_row(*(row[number] for number in group))
        return table

    def _widths(self, group: list[int], width: int) -> list[int]:
        """Characters of each column: what it can be folded to, and columns of text as much more as there is room
        for, the narrowest first. Rich would fold below what it then draws, and the table be too wide."""
        widths = [self._narrow(number) for number in group]
        for _ in range(width - self._least(group)):
            short = [
                place
                for place, number in enumerate(group)
                if self.columns[number] in self.text and widths[place] < self._natural(number)
            ]
            if not short:
                break
            widths[min(short, key=widths.__getitem__)] += 1
        return widths

    def _least(self, group: list[int]) -> int:
        return 1 + sum(self._narrow(number) + _BORDER for number in group)

    def _natural(self, number: int) -> int:
        """Characters of the longest line."""
        return max(map(_longest, self._cells(number)), default=0)

    def _narrow(self, number: int) -> int:
        """Characters that the column can be folded to: of figures the longest one and the words of the name, of
        text a few words."""
        name, *cells = self._cells(number)
        words = _word(name)
        if self.columns[number] not in self.text:
            return max([words, *map(_longest, cells)])
        longest = max(map(_word, cells), default=0)
        return max(words, min(longest, _WORD), min(self._natural(number), _WORDS))

    def _cells(self, number: int) -> Iterator[str]:
        yield self.columns[number]
        yield from (_plain(row[number]) for row in self.rows)


def _plain(cell: str) -> str:
    """The text of markup, as the console shows it."""
    return "\n".join(shown(line) for line in Text.from_markup(cell).plain.split("\n"))


def _word(text: str) -> int:
    return max(map(cell_len, text.split()), default=0)


def _longest(text: str) -> int:
    return max(map(cell_len, text.split("\n")))
