"""The sources as trees: the texts, functions, classes and calls of each file."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path

Function = ast.FunctionDef | ast.AsyncFunctionDef

#: The packages whose messages a user can meet.
PACKAGES = ("sw/spikeplane", "gateware/spikeplane_gateware", "sim/spikeplane_sim", "hw/spikeplane_hw")
#: What takes a whole message, and what takes the end of one: why a file cannot be read.
_TAKES = ("SpikeplaneError", "failed", "NoAnswer", "Refused", "EOFError")
#: The example in C, and its driver.
_C = ("sw/spikeplane/export/c/main.c", "sw/spikeplane/export/c/spikeplane_link.c")


@dataclass
class Module:
    """One file: its tree, and the texts and functions of its own."""

    path: str
    tree: ast.Module
    constants: dict[str, ast.expr] = field(default_factory=dict)
    functions: dict[str, ast.FunctionDef] = field(default_factory=dict)
    classes: list[ast.ClassDef] = field(default_factory=list)
    calls: list[tuple[Function | None, ast.Call]] = field(
        default_factory=list
    )  #: the function around each, too

    def __post_init__(self) -> None:
        """All of them, in one walk."""
        for node in self.tree.body:
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                self.constants[node.targets[0].id] = node.value
            if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value:
                self.constants[node.target.id] = node.value
        self._walk(self.tree, None)

    def _walk(self, node: ast.AST, scope: Function | None) -> None:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.Call):
                self.calls.append((scope, child))
            elif isinstance(child, ast.FunctionDef):
                self.functions.setdefault(child.name, child)
            elif isinstance(child, ast.ClassDef):
                self.classes.append(child)
            self._walk(child, child if isinstance(child, Function) else scope)


@dataclass
class Sources:
    """All files together."""

    modules: list[Module]
    c: dict[str, str] = field(default_factory=dict)  #: the text of a file in C by its path

    @classmethod
    def read(cls, root: Path) -> "Sources":
        """Those of a checkout."""
        paths = [path for package in PACKAGES for path in sorted((root / package).rglob("*.py"))]
        modules = [Module(path.relative_to(root).as_posix(), ast.parse(path.read_text())) for path in paths]
        return cls(modules, {path: (root / path).read_text() for path in _C})

    @cached_property
    def errors(self) -> set[str]:
        """The names of the classes that are a SpikeplaneError, and of what takes a whole message."""
        classes = [one for module in self.modules for one in module.classes]
        found = {*_TAKES}
        for _ in range(4):
            found |= {c.name for c in classes if found & {last_name(base) for base in c.bases}}
        return found

    @cached_property
    def _constants(self) -> dict[str, ast.expr]:
        return {
            name: value
            for m in reversed(self.modules)
            for name, value in m.constants.items()
            if name.isupper()
        }

    @cached_property
    def _texts(self) -> dict[str, tuple[Module, ast.FunctionDef]]:
        return {
            name: (m, made)
            for m in reversed(self.modules)
            for name, made in m.functions.items()
            if _is_text(made)
        }

    def constant(self, module: Module, name: str) -> ast.expr | None:
        """What a name stands for in a module: its own, or another's that is written in capitals."""
        return module.constants.get(name) or self._constants.get(name)

    def function(self, module: Module, name: str) -> tuple[Module, ast.FunctionDef] | None:
        """A function that makes text, and the module that it stands in."""
        own = module.functions.get(name)
        return (module, own) if own is not None and _is_text(own) else self._texts.get(name)


def _is_text(function: ast.FunctionDef) -> bool:
    return function.returns is not None and ast.unparse(function.returns) in ("str", "str | None")


def last_name(node: ast.expr) -> str:
    """`refuse` of `self.made.refuse`."""
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


@cache
def sets(scope: Function) -> dict[str, list[ast.expr]]:
    """What a function sets each of its names to, one by one of a tuple too."""
    found: dict[str, list[ast.expr]] = {}
    for node in ast.walk(scope):
        if isinstance(node, ast.NamedExpr):
            found.setdefault(node.target.id, []).append(node.value)
        if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
            before = found.get(node.target.id, [])
            before.extend([ast.BinOp(one, node.op, node.value) for one in before])
        if isinstance(node, ast.Assign):
            for target in node.targets:
                for name, value in _paired(target, node.value):
                    found.setdefault(name, []).append(value)
    return found


def _paired(target: ast.expr, value: ast.expr) -> Iterator[tuple[str, ast.expr]]:
    """Each name of a target, and what it is set to: itself where that does not stand there."""
    if isinstance(target, ast.Name):
        yield target.id, value
    if isinstance(target, ast.Tuple):
        same = isinstance(value, ast.Tuple) and len(value.elts) == len(target.elts)
        values = value.elts if same and isinstance(value, ast.Tuple) else target.elts
        for part, one in zip(target.elts, values, strict=True):
            if isinstance(part, ast.Name):
                yield part.id, one


def rows(scope: Function, name: str, module: Module) -> Iterator[ast.expr]:
    """What a name becomes in a loop over a table of the module."""
    for node in ast.walk(scope):
        if (
            isinstance(node, ast.For)
            and isinstance(node.iter, ast.Name)
            and isinstance(node.target, ast.Tuple)
        ):
            table = module.constants.get(node.iter.id)
            place = next((i for i, e in enumerate(node.target.elts) if last_name(e) == name), None)
            if isinstance(table, ast.Tuple) and place is not None:
                yield from (row.elts[place] for row in table.elts if isinstance(row, ast.Tuple))
