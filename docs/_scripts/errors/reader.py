"""Every error message of the sources, as a template: `program {path} is for chip {digest}`.

The sources are read, not run. A message is what an exception for users is made with; a name in it is followed to the
texts that it may stand for, so far as they stand in the sources, and is a placeholder otherwise.
"""

import ast
import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from errors.sources import Function, Module, Sources, last_name, rows, sets

#: Functions that make a refusal of what they are given last: what the layer is, and what to do.
_REFUSALS = ("refuse", "unlike", "_unfollowed")
_REFUSAL = "layer '{{layer}}' is {}, which Spikeplane cannot represent: {}"
#: Where a ValueError is why a file cannot be read, which a message ends with.
_READERS = ("sw/spikeplane/camera/", "sw/spikeplane/data/", "sw/spikeplane/formats/npy.py")
_MOST, _DEEPEST = 24, 10


@dataclass(frozen=True, order=True)
class Message:
    """A message's template, and the file that has it, from the root."""

    path: str
    line: int
    text: str


def messages(root: Path) -> list[Message]:
    """Every message of a checkout, in the order of its files."""
    sources = Sources.read(root)
    found = {}
    for module in sources.modules:
        for text, line in Reader(sources, module).messages():
            found.setdefault((module.path, text), Message(module.path, line, text))
    for path, source in sources.c.items():
        for text, line in _c_messages(source):
            found.setdefault((path, text), Message(path, line, text))
    return sorted(found.values())


def _c_messages(source: str) -> Iterator[tuple[str, int]]:
    """Template and line of what a file in C says."""
    for found in re.finditer(
        r'fprintf\(stderr, "error: ((?:[^"\\]|\\.)*)"|case \w+:\s+return "([^"]+)";', source
    ):
        text = re.sub(r"%l?[sdu]|%016$", "{...}", found[1] or found[2]).replace("\\n", "")
        if _words(text):
            yield text, source.count("\n", 0, found.start()) + 1


class Reader:
    """The messages of one file."""

    def __init__(self, sources: Sources, module: Module) -> None:
        self.sources, self.module = sources, module
        self.bare: list[tuple[str, int]] = []  #: messages without a word of their own
        self._open: list[str] = []  #: the names that are followed

    def messages(self) -> Iterator[tuple[str, int]]:
        """Template and line of each."""
        for scope, call in self.module.calls:
            for text in self._made(call, scope):
                if _words(text):
                    yield " ".join(text.split()), call.lineno
                else:
                    self.bare.append((text, call.lineno))

    def _made(self, call: ast.Call, scope: Function | None) -> list[str]:
        """The messages that a call makes."""
        name, args = last_name(call.func), call.args
        if name in _REFUSALS and len(args) >= 2 and (scope is None or scope.name not in _REFUSALS):
            what, why = (self.texts(arg, scope) for arg in args[-2:])
            return [_REFUSAL.format(*pair) for pair in itertools.product(what, why)]
        reason = name == "ValueError" and self.module.path.startswith(_READERS)
        return self.texts(args[0], scope) if args and (reason or name in self.sources.errors) else []

    def texts(self, node: ast.expr, scope: Function | None, depth: int = 0) -> list[str]:
        """The texts that an expression can be."""
        if depth > _DEEPEST:
            return [_placeholder(node)]
        match node:
            case ast.Constant(value=value):
                return [] if value is None else [str(value)]
            case ast.JoinedStr(values=values):
                return self._product([self.texts(value, scope, depth + 1) for value in values])
            case ast.FormattedValue(value=value):
                return self.texts(value, scope, depth + 1)
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                both = self._product(
                    [self.texts(left, scope, depth + 1), self.texts(right, scope, depth + 1)]
                )
                return both if any(map(_words, both)) else [_placeholder(node)]
            case ast.IfExp(body=body, orelse=other):
                return [*self.texts(body, scope, depth + 1), *self.texts(other, scope, depth + 1)]
            case ast.Name(id=name):
                return self._named(name, scope, depth)
            case ast.Attribute(attr=name) if name.isupper():
                return self._named(name, None, depth)
            case ast.Call(func=ast.Name(id="str" | "message"), args=[only]):
                return self.texts(only, scope, depth + 1)
            case ast.Call(func=func):
                made = self.sources.function(self.module, last_name(func))
                return self._returned(node, *made, depth) if made else [_placeholder(node)]
        return [_placeholder(node)]

    def _product(self, parts: list[list[str]]) -> list[str]:
        if len(list(itertools.islice(itertools.product(*parts), _MOST + 1))) > _MOST:
            parts = [part if len(part) == 1 else ["{...}"] for part in parts]
        return ["".join(each) for each in itertools.product(*parts)]

    def _named(self, name: str, scope: Function | None, depth: int) -> list[str]:
        """What a name can be: set in its function, or a constant of a module."""
        found = [value for value in sets(scope).get(name, ()) if not _number(value)] if scope else []
        if scope and not found:
            found = list(rows(scope, name, self.module))
        if not found and (constant := self.sources.constant(self.module, name)) is not None:
            found = [constant]
        if name in self._open:  # what it was before it was set to something with itself in it
            found = [value for value in found if not any(last_name(n) == name for n in _names(value))]
        self._open.append(name)
        texts = [text for value in found for text in self.texts(value, scope, depth + 1)]
        self._open.pop()
        known = [text for text in texts if not text.startswith("{") or _words(text)]
        whole = known and len(known) == len(texts) and len(known) <= _MOST
        return list(dict.fromkeys(known)) if whole else [f"{{{name.lower()}}}"]

    def _returned(self, node: ast.Call, home: Module, made: ast.FunctionDef, depth: int) -> list[str]:
        """What a function of the sources returns."""
        reader = Reader(self.sources, home)
        values = [n.value for n in ast.walk(made) if isinstance(n, ast.Return) and n.value is not None]
        texts = [text for value in values for text in reader.texts(value, made, depth + 2)]
        return texts if texts and len(texts) <= _MOST and all(map(_words, texts)) else [_placeholder(node)]


def _names(node: ast.expr) -> Iterator[ast.Name]:
    return (part for part in ast.walk(node) if isinstance(part, ast.Name))


def _number(node: ast.expr) -> bool:
    """Whether a name that is set to this counts something, from here on."""
    return isinstance(node, ast.Constant) and not isinstance(node.value, str)


def _placeholder(node: ast.expr) -> str:
    """{name} of whatever stands there."""
    match node:
        case ast.Attribute(attr="__name__"):
            return "{type}"
        case ast.Attribute(value=value, attr="name") if last_name(value) not in ("self", "cls", "file", ""):
            return _placeholder(value)
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return f"{{{name.strip('_').lower()}}}"
        case ast.Call(
            func=ast.Name(id="number" | "repr" | "str" | "len" | "reason" | "sorted" | "type"),
            args=[first, *_],
        ):
            return _placeholder(first)
        case ast.Call(func=func):
            return f"{{{last_name(func).strip('_') or '...'}}}" if last_name(func) != "join" else "{...}"
        case ast.Subscript(value=value) | ast.Starred(value=value):
            return _placeholder(value)
        case ast.BinOp(left=left):
            return _placeholder(left)
    return "{...}"


def _words(text: str) -> bool:
    """Whether a template has words of its own."""
    kept, depth = "", 0
    for letter in text:
        depth += (letter == "{") - (letter == "}")
        kept += letter if depth == 0 and letter != "}" else ""
    return sum(letter.isalpha() for letter in kept) >= 6
