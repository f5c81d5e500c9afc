"""What a mutant is, and the list of all of them in the order of their numbers."""

import re
from dataclasses import dataclass
from fnmatch import fnmatch
from functools import cache, cached_property
from pathlib import Path

ROOT = Path(__file__).parents[2]


class UnfitError(Exception):
    """A mutant that the sources do not have."""


@dataclass(frozen=True)
class Mutant:
    """One fault: in `file` the expression or the statement `old` becomes `new` ("" for a statement
    that is lost).

    why         the fault in a few words; with the file it names the mutant
    within      text around `old`, where `old` alone stands in the file more than once
    equivalent  the argument that nothing can see the difference; such a mutant is listed and not run
    tests       pytest selections that come before those of its part (the likely killers)
    """

    file: str
    old: str
    new: str
    why: str
    within: str = ""
    equivalent: str = ""
    tests: tuple[str, ...] = ()


@dataclass(frozen=True)
class Part:
    """The mutants of one folder. `tests`: per file name (or "*") the pytest selections, the
    quickest killers first."""

    name: str
    folder: str
    gateware: bool
    tests: dict[str, tuple[str, ...]]
    mutants: tuple[Mutant, ...]


@dataclass(frozen=True)
class Numbered:
    """A mutant with its number (from 1) and its part."""

    number: int
    part: Part
    mutant: Mutant

    @cached_property
    def path(self) -> str:
        """The file below the root of the repository."""
        return f"{self.part.folder}/{self.mutant.file}"

    @property
    def label(self) -> str:
        """What names it: `core/soma/egress.py: the fault`."""
        return f"{self.part.name}/{self.mutant.file}: {self.mutant.why}"

    @property
    def selections(self) -> tuple[str, ...]:
        """The pytest selections in the order to run them."""
        tests = self.part.tests
        own = tests.get(self.mutant.file, tests.get("*", ()))
        return (*self.mutant.tests, *[one for one in own if one not in self.mutant.tests])

    def line(self) -> int:
        """Where it stands in the source."""
        text = (ROOT / self.path).read_text()
        return text[: find(text, self.mutant, self.path)[0]].count("\n") + 1


def find(text: str, mutant: Mutant, path: str) -> tuple[int, int]:
    """Where in the file's `text` the mutant's expression begins and ends: as it is written, or
    broken into lines by the formatter.

    Raises UnfitError that names it unless it stands there once."""
    around = mutant.within or mutant.old
    start, end = _once(text, around, f"{path} ({mutant.why})", "")
    if not mutant.within:
        return start, end
    first, last = _once(text[start:end], mutant.old, f"{path} ({mutant.why})", " in its surroundings")
    return start + first, start + last


def _once(text: str, source: str, name: str, where: str) -> tuple[int, int]:
    places = [match.span() for match in _pattern(source).finditer(text)]
    if len(places) != 1:
        raise UnfitError(f"{name}: found {len(places)} times{where}, expected once: {source!r}")
    return places[0]


@cache
def _pattern(source: str) -> re.Pattern[str]:
    """The tokens of `source` with any space between them; the formatter also sets a comma before a
    bracket that it moves down."""
    tokens = re.findall(r"\w+|[^\w\s]", source)
    pattern = re.escape(tokens[0])
    for before, token in zip(tokens, tokens[1:], strict=False):
        comma = ",?" if token in ")]}" and before not in "([{," else ""
        space = r"\s+" if re.match(r"\w", before) and re.match(r"\w", token) else r"\s*"
        pattern += comma + space + re.escape(token)
    return re.compile(pattern)


def numbered(parts: tuple[Part, ...]) -> list[Numbered]:
    """All mutants in order."""
    pairs = [(part, mutant) for part in parts for mutant in part.mutants]
    return [Numbered(number, part, mutant) for number, (part, mutant) in enumerate(pairs, 1)]


def chosen(mutants: list[Numbered], patterns: list[str]) -> list[Numbered]:
    """Those whose label or number matches one of the glob patterns; all without a pattern."""
    return [
        m
        for m in mutants
        if not patterns or any(fnmatch(m.label, f"{p}*") or p == str(m.number) for p in patterns)
    ]
