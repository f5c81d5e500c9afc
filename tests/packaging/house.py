"""Figures of how the code is arranged, counted from the sources: sizes of files, classes and
functions, widths of lines, attributes that a component makes late, names without a docstring, components whose
docstring lacks a section."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
FOLDERS = ("sw", "gateware", "sim", "hw")


@cache
def sources(*folders: str) -> dict[Path, ast.Module]:
    """The modules of these top folders (all four without one) by path below the root."""
    paths = sorted(path for folder in folders or FOLDERS for path in (ROOT / folder).rglob("*.py"))
    return {path.relative_to(ROOT): ast.parse(path.read_text()) for path in paths}


def share(values: list[int], part: float = 0.9) -> int:
    """The value that `part` of them do not exceed."""
    return sorted(values)[min(len(values) - 1, int(part * len(values)))]


def lines(path: Path) -> list[str]:
    return (ROOT / path).read_text().splitlines()


def size(node: ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of a class or function."""
    return (node.end_lineno or node.lineno) - node.lineno + 1


def classes(*folders: str) -> Iterator[tuple[Path, ast.ClassDef]]:
    for path, tree in sources(*folders).items():
        yield from ((path, node) for node in ast.walk(tree) if isinstance(node, ast.ClassDef))


def components() -> Iterator[tuple[Path, ast.ClassDef]]:
    """The classes of the gateware that are elaborated."""
    for path, node in classes("gateware"):
        if any(isinstance(part, ast.FunctionDef) and part.name == "elaborate" for part in node.body):
            yield path, node


def functions(*folders: str) -> Iterator[tuple[Path, ast.FunctionDef | ast.AsyncFunctionDef]]:
    for path, tree in sources(*folders).items():
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield path, node


def late_attributes(node: ast.ClassDef) -> set[str]:
    """The attributes of `self` that only methods other than `__init__` set."""
    early: set[str] = set()
    late: set[str] = set()
    for method in node.body:
        if isinstance(method, ast.FunctionDef):
            for part in ast.walk(method):
                if not isinstance(part, ast.Attribute) or not isinstance(part.ctx, ast.Store):
                    continue
                if isinstance(part.value, ast.Name) and part.value.id == "self":
                    (early if method.name == "__init__" else late).add(part.attr)
    return late - early


def sections_missing(node: ast.ClassDef) -> set[str]:
    """What the docstring of this component lacks: "Attributes", and "Parameters" if `__init__` takes any.

    A section begins a line, followed by a colon or by a line of dashes.
    """
    wanted = {"Attributes"}
    for method in node.body:
        if isinstance(method, ast.FunctionDef) and method.name == "__init__":
            taken = method.args
            others = [*taken.posonlyargs, *taken.args][1:] + taken.kwonlyargs
            if others or taken.vararg or taken.kwarg:
                wanted.add("Parameters")
    text = ast.get_docstring(node) or ""
    return {name for name in wanted if not re.search(rf"^{name}(: \S|\n-+\n\S)", text, re.MULTILINE)}


def undocumented() -> list[str]:
    """Public classes, functions and methods without a docstring, as `file:line name`.

    Not those inside a function, nor `elaborate`, which its class documents.
    """
    found = []
    for path, tree in sources().items():
        for node in _public(tree):
            if ast.get_docstring(node) is None:
                found.append(f"{path}:{node.lineno} {node.name}")
    return found


def _public(
    tree: ast.Module | ast.ClassDef,
) -> Iterator[ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            yield node
            yield from _public(node)
        function = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        if function and not node.name.startswith("_") and node.name != "elaborate":
            yield node
