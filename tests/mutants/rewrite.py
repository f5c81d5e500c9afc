"""From sources and mutants to sources that hold them all.

```
    gateware     expression e -> choose(n, replacement, e)            statement s -> with m.If(..): replacement  with m.Else(): s
    software     expression e -> (replacement if chosen(n) else e)    statement s -> if ..: replacement  else: s
```
A mutant inside another one's expression stays there: it is the inner one of two choices.
"""

import ast
import textwrap
from dataclasses import dataclass

from mutants.catalogue import Numbered, UnfitError, find

_IMPORT = {
    True: "from spikeplane_mutant_gateware import choose as choose__, chosen as chosen__",
    False: "from spikeplane_mutant import chosen as chosen__",
}


@dataclass(frozen=True)
class Place:
    """A mutant and the characters from `start` to `end` of the source that it replaces."""

    start: int
    end: int
    entry: Numbered
    new: str
    statement: bool


def rewritten(text: str, entries: list[Numbered]) -> str:
    """The source of one file with all of its mutants. Raises UnfitError that names a mutant which
    does not fit the source."""
    tree = ast.parse(text)
    spans = _spans(text, tree)
    places = [_place(text, spans, entry) for entry in entries]
    # Outer before inner; of equal ones any order.
    places.sort(key=lambda place: (place.start, -place.end))
    for before, after in zip(places, places[1:], strict=False):
        if before.start < after.start < before.end < after.end:
            raise UnfitError(
                f"{after.entry.path}: {after.entry.mutant.why!r} overlaps {before.entry.mutant.why!r}"
            )
    body = _apply(text, 0, len(text), places)
    return _with_import(body, _IMPORT[entries[0].part.gateware])


def _spans(text: str, tree: ast.AST) -> dict[tuple[int, int], bool]:
    """(start, end) in characters of every expression (False) and statement (True)."""
    starts = [0]
    for line in text.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    lines = text.splitlines()

    def at(line: int, column: int) -> int:  # columns of `ast` count bytes
        return starts[line - 1] + len(lines[line - 1].encode()[:column].decode())

    found: dict[tuple[int, int], bool] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.stmt | ast.expr):
            assert node.end_lineno is not None
            assert node.end_col_offset is not None
            span = (at(node.lineno, node.col_offset), at(node.end_lineno, node.end_col_offset))
            found[span] = found.get(span, False) or isinstance(node, ast.stmt)
    return found


def _place(text: str, spans: dict[tuple[int, int], bool], entry: Numbered) -> Place:
    mutant = entry.mutant
    start, end = find(text, mutant, entry.path)
    old, new = text[start:end], mutant.new
    assigned = _assigned(old), _assigned(new)
    if entry.part.gateware and assigned[0] and assigned[1] and old[: assigned[0][0]] == new[: assigned[1][0]]:
        # target.eq(value): the value is what changes
        start, end = start + assigned[0][0], start + assigned[0][1]
        old, new = (words[slice(*span)] for words, span in zip((old, new), assigned, strict=True) if span)
    inner = (start + 1, end - 1)  # an expression in parentheses
    if (start, end) in spans:
        return Place(start, end, entry, new, spans[start, end])
    if old[0] == "(" and old[-1] == ")" and inner in spans:
        return Place(start, end, entry, new, False)
    raise UnfitError(f"{entry.path} ({mutant.why}): neither an expression nor a statement: {mutant.old!r}")


def _assigned(source: str) -> tuple[int, int] | None:
    """Where the value stands in `target.eq(value)`; None for other source."""
    try:
        node = ast.parse(source, mode="eval").body
    except SyntaxError:
        return None
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "eq"):
        return None
    value = ast.get_source_segment(source, node.args[0]) or ""
    start = source.rindex(value)
    return start, start + len(value)


def _apply(text: str, start: int, end: int, places: list[Place]) -> str:
    """text[start:end] with the mutants of `places`, which all lie in there."""
    out, at, rest = "", start, list(places)
    while rest:
        outer = rest.pop(0)
        inner = [place for place in rest if place.end <= outer.end]
        rest = rest[len(inner) :]
        out += text[at : outer.start] + _choice(text, outer, _apply(text, outer.start, outer.end, inner))
        at = outer.end
    return out + text[at:end]


def _choice(text: str, place: Place, old: str) -> str:
    """Source that is the mutant where it is chosen and `old` where it is not."""
    number, new, gateware = place.entry.number, place.new, place.entry.part.gateware
    if not place.statement:
        return (
            f"choose__({number}, ({new}), ({old}))"
            if gateware
            else f"(({new}) if chosen__({number}) else ({old}))"
        )
    line = text.rindex("\n", 0, place.start) + 1
    margin = text[line : place.start]
    if margin.strip():
        raise UnfitError(
            f"{place.entry.path} ({place.entry.mutant.why}): another statement stands in front of "
            "it in its line"
        )
    inside = margin + " " * 4
    new = textwrap.indent(textwrap.dedent(new), inside).strip() or "pass"
    old = old.replace("\n", "\n    ")
    if gateware:
        if old.startswith("return"):
            raise UnfitError(f"{place.entry.path} ({place.entry.mutant.why}): a return leaves both ways")
        first, second = f"with m.If(chosen__({number})):", "with m.Else():"
    else:
        first, second = f"if chosen__({number}):", "else:"
    return f"{first}\n{inside}{new}\n{margin}{second}\n{inside}{old}"


def _with_import(text: str, line: str) -> str:
    """The import behind the module's docstring."""
    tree = ast.parse(text)
    at = tree.body[0].end_lineno if ast.get_docstring(tree) is not None else 0
    lines = text.splitlines(keepends=True)
    return "".join([*lines[:at], f"{line}\n", *lines[at:]])
