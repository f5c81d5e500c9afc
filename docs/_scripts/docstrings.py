"""Docstrings as the code writes them, as Markdown: a row `name   what it is` becomes an entry of a definition list, and
`#:` beside a name its docstring. A griffe extension; it imports nothing of what it reads.
"""

import re
from textwrap import dedent
from typing import Any

import griffe

#: The first line of an entry: names from the first column on, two spaces or more, what they are.
ROW = re.compile(r"(\*{0,2}[A-Za-z_][\w.]*(?:, \*{0,2}\w+)*) {2,}(\S.*)")


def markdown(text: str) -> str:
    """A docstring as Markdown: its lists of names as definition lists, everything else as it stands."""
    lines, found, at = text.splitlines(), list[str](), 0
    while at < len(lines):
        match = ROW.fullmatch(lines[at])
        if match is None or (at and lines[at - 1].strip() and not found[-1].startswith((":", " "))):
            found.append(lines[at])
            at += 1
            continue
        end = at + 1
        while end < len(lines) and lines[end].startswith("  "):
            end += 1
        about = markdown("\n".join([match[2], dedent("\n".join(lines[at + 1 : end]))]).rstrip()).splitlines()
        nested = any(line.startswith(":   ") for line in about)
        if found and found[-1].strip():
            found.append("")
        found += [", ".join(f"`{name}`" for name in match[1].split(", "))]
        # a list inside: behind an empty first line, or it would be the text's
        found += [":   &#8203;", ""] if nested else []
        start = "    " if nested else ":   "
        found += [(start if n == 0 else "    ") + line if line else "" for n, line in enumerate(about)]
        at = end
    return "\n".join(found)


def beside(lines: list[str], first: int, last: int) -> str:
    """What `#:` says of the name that stands in these lines, counted from 1: behind it, or in the lines above."""
    behind = re.search(r"(?:^|\s)#: (.*)", lines[last - 1])
    if behind and not lines[last - 1].lstrip().startswith("#:"):
        return behind[1].strip()
    above: list[str] = []
    at = first - 2
    while at >= 0 and lines[at].strip().startswith("#:"):
        above.insert(0, lines[at].strip().removeprefix("#:").strip())
        at -= 1
    return " ".join(above)


class Docstrings(griffe.Extension):
    """What griffe calls for each thing that it has read."""

    def on_instance(self, *, obj: Any, **_: Any) -> None:
        """Docstrings become Markdown once."""
        if not obj.is_alias and obj.docstring is not None:
            obj.docstring.value = markdown(obj.docstring.value)

    def on_attribute_instance(self, *, attr: Any, **_: Any) -> None:
        """A `#:` comment is the docstring of a name that has none."""
        if attr.docstring is None and attr.lineno and attr.endlineno and isinstance(attr.filepath, object):
            said = beside(attr.lines_collection[attr.filepath], attr.lineno, attr.endlineno)
            if said:
                attr.docstring = griffe.Docstring(said, lineno=attr.lineno, parent=attr)
