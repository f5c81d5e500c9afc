"""What `#:` says beside a name: the code's way to describe constants and the members of enumerations."""

import ast
import inspect
import re
from enum import Enum


def beside(lines: list[str], first: int, last: int) -> str:
    """The text for the name that stands in these lines, counted from 1: behind it, or in the lines above; "" where
    there is none."""
    behind = re.search(r"\s#: (.*)", lines[last - 1])
    if behind:
        return behind[1].strip()
    above: list[str] = []
    at = first - 2
    while at >= 0 and lines[at].strip().startswith("#:"):
        above.insert(0, lines[at].strip().removeprefix("#:").strip())
        at -= 1
    return " ".join(above)


def members(kind: type[Enum]) -> dict[str, str]:
    """By name what is said of each member of an enumeration."""
    lines = inspect.getsource(kind).splitlines()
    (tree,) = ast.parse("\n".join(lines)).body
    assert isinstance(tree, ast.ClassDef)
    found = {}
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            found[node.targets[0].id] = beside(lines, node.lineno, node.end_lineno or node.lineno)
    return {one.name: found[one.name] for one in kind}
