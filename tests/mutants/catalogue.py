"""What a mutant is, and the list of all of them in the order of their numbers."""

from dataclasses import dataclass
from fnmatch import fnmatch
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).parents[2]


class UnfitError(Exception):
    """A mutant that the sources do not have."""


@dataclass(frozen=True)
class Mutant:
    """One fault: in `file` the expression or the statement `old` becomes `new` ("" for a statement that is lost).

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
    """The mutants of one folder. `tests`: per file name (or "*") the pytest selections, the quickest killers first."""

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
        """What names it: `core/sweep.py: the fault`."""
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
        return text[: find(text, self.mutant, self.path)].count("\n") + 1


def find(text: str, mutant: Mutant, path: str) -> int:
    """Where in the file's `text` the mutant's expression begins. Raises UnfitError that names it unless it stands there once."""
    place, around = 0, mutant.within or mutant.old
    if text.count(around) != 1:
        raise UnfitError(f"{path} ({mutant.why}): found {text.count(around)} times, expected once: {around!r}")
    place = text.index(around)
    if around.count(mutant.old) != 1:
        raise UnfitError(f"{path} ({mutant.why}): found {around.count(mutant.old)} times in its surroundings: {mutant.old!r}")
    return place + around.index(mutant.old)


def numbered(parts: tuple[Part, ...]) -> list[Numbered]:
    """All mutants in order."""
    pairs = [(part, mutant) for part in parts for mutant in part.mutants]
    return [Numbered(number, part, mutant) for number, (part, mutant) in enumerate(pairs, 1)]


def chosen(mutants: list[Numbered], patterns: list[str]) -> list[Numbered]:
    """Those whose label or number matches one of the glob patterns; all without a pattern."""
    return [m for m in mutants if not patterns or any(fnmatch(m.label, f"{p}*") or p == str(m.number) for p in patterns)]
