"""Docstrings as the code writes them, as Markdown: a row `name   what it is` becomes an entry of a definition list, the name
of something that has a place in the reference a link to it."""

import re
from collections.abc import Mapping
from textwrap import dedent

#: The first line of an entry: names from the first column on, two spaces or more, or a space and a colon, what they are.
ROW = re.compile(r"(\*{0,2}[A-Za-z_][\w.]*(?:, \*{0,2}\w+)*)(?: {2,}| +: )(\S.*)")


def markdown(text: str) -> str:
    """A docstring as Markdown: its lists of names as definition lists, everything else as it stands."""
    # a section of a docstring is no heading of the page
    text = re.sub(r"^(\w+)\n-+$", r"**\1**\n", text, flags=re.M)
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


def linked(text: str, known: Mapping[str, str]) -> str:
    """Names in backticks that the reference has, as links that vanish where the place does. `known`: full paths by the
    names that they go by; what stands behind a dot is a member."""

    def link(match: re.Match[str]) -> str:
        first, dot, rest = match[1].partition(".")
        path = known.get(match[1]) or (known.get(first, "") and f"{known[first]}{dot}{rest}")
        return f'<autoref identifier="{path}" optional>`{match[1]}`</autoref>' if path else match[0]

    return re.sub(r"(?<!`)`([A-Za-z_][\w.]*)`(?!`)", link, text)
