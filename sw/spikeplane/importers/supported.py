"""The page of supported layers, made from what is registered: `python -m spikeplane.importers.supported -o
docs/layers.md`. A test holds page and registry together.
"""

import ast
import sys
from collections.abc import Callable, Iterable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from spikeplane.files import write_file

_FRAMEWORKS = (("torch", "torch.nn"), ("spikingjelly", "SpikingJelly"), ("snntorch", "snnTorch"))
_HEAD = """\
# Supported layers and idioms

Made from the importers: `python -m spikeplane.importers.supported -o docs/layers.md`; `spikeplane layers` prints it. What becomes
of a model, `spikeplane compile --explain` prints. A layer of another class, a subclass of one of these included, is refused by its
name; your own is taught by `register` ([importing.md](importing.md)).
"""


def page() -> str:
    """The whole page, Markdown, of the frameworks that are installed."""
    from spikeplane.importers.nir_graph import NODES

    parts = [_HEAD]
    for package, title in _FRAMEWORKS:
        if find_spec(package) is not None:
            parts.append(f"## {title}\n\n{_table('layer', 'becomes', _layers(package))}")
    parts.append(f"## NIR\n\n{_table('node', 'becomes', [([kind], text) for kind, text in NODES.items()])}")
    text = "Between the layers of a forward, as functions and methods of tensors.\n\n"
    parts.append(f"## Functions and methods\n\n{text}{_table('operator', 'becomes', _operators())}")
    parts.append(f"## Layers that are refused, and what to do\n\n{_table('layer', 'cure', _refused())}")
    text = "What a message says behind `layer '...' is`; `...` is what the model has there.\n\n"
    parts.append(f"## Uses that are refused, and what to do\n\n{text}{_table('use', 'cure', refusals())}")
    return "\n".join(parts)


def tables() -> dict[str, list[dict[str, Any]]]:
    """What stands on the page as plain values: by section, rows of `names` and `text`. Of the frameworks that are
    installed."""
    from spikeplane.importers.nir_graph import NODES

    installed = [package for package, _ in _FRAMEWORKS if find_spec(package) is not None]
    sections = {package: _layers(package) for package in installed}
    sections["nir"] = [([kind], text) for kind, text in NODES.items()]
    sections |= {"operators": _operators(), "refused": _refused(), "refused_uses": refusals()}
    return {
        name: [{"names": list(names), "text": " ".join(text.split())} for names, text in rows]
        for name, rows in sections.items()
    }


def _layers(package: str) -> list[tuple[list[str], str]]:
    """Names of layers with the same handler, and what it makes of them."""
    from spikeplane.importers import torch_modules
    from spikeplane.importers.registry import registered

    for name, _ in _FRAMEWORKS:
        if find_spec(name) is not None:
            __import__(_entry(name))
    torch_modules._install()
    rows: dict[str, list[str]] = {}
    for kind, handler in registered().items():
        if kind.__module__.split(".")[0] == package and not handler.__module__.endswith("_refused"):
            rows.setdefault(_said(handler), []).append(kind.__name__)
    return [(names, text) for text, names in rows.items()]


def _entry(package: str) -> str:
    return "spikingjelly.activation_based.neuron" if package == "spikingjelly" else package


def _operators() -> list[tuple[list[str], str]]:
    """Functions that a traced forward may call."""
    from spikeplane.importers.trace.walk import RULES

    rows: dict[str, list[str]] = {}
    for name, rule in RULES.items():
        if not name.startswith(("_", "native", "unsafe", "lift", "assert")):
            rows.setdefault(_said(rule) or "As the layer.", []).append(name)
    return [(sorted(names), text) for text, names in rows.items()]


def _refused() -> list[tuple[list[str], str]]:
    from torch import nn

    from spikeplane.importers.neurons_refused import LAYERS, SNNTORCH, SPIKINGJELLY
    from spikeplane.importers.torch_refused import CURES

    neurons = [
        (list(names), f"{why[0].upper()}{why[1:]}: {cure}.")
        for why, cure, names in (*SPIKINGJELLY, *LAYERS, *SNNTORCH)
    ]
    rows = [
        ([name for name in names if hasattr(nn, name)], f"{cure[0].upper()}{cure[1:]}.")
        for cure, names in CURES.items()
    ]
    return [row for row in rows if row[0]] + neurons


def refusals() -> list[tuple[list[str], str]]:
    """What importers refuse of layers that they know, and the cure, read from their calls of `refuse`."""
    found: set[tuple[str, str]] = set()
    for path in sorted(Path(__file__).parent.rglob("*.py")):
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if (
                isinstance(call, ast.Call)
                and isinstance(call.func, ast.Attribute)
                and call.func.attr == "refuse"
            ):
                texts = [_text(argument) for argument in call.args[-2:]]
                if len(texts) == 2 and texts[0].strip(". ") and texts[1].strip(". "):
                    found.add((texts[0], texts[1]))
    return [([what], cure) for what, cure in sorted(found)]


def _text(node: ast.expr) -> str:
    """A string's text, with ... where a value is put in; "" for anything else."""
    if isinstance(node, ast.JoinedStr):
        return "".join(_text(part) for part in node.values)
    if isinstance(node, ast.Constant):
        return str(node.value)
    return "..." if isinstance(node, ast.FormattedValue) else ""


def _said(function: Callable[..., Any]) -> str:
    """The first sentence of what it says of itself."""
    lines = (function.__doc__ or "").strip().splitlines()
    return lines[0] if lines else ""


def _table(left: str, right: str, rows: Iterable[tuple[list[str], str]]) -> str:
    lines = [f"| {left} | {right} |", "|---|---|"]
    for names, text in rows:
        cells = [
            " ".join(cell.split()).replace("|", "\\|") for cell in (", ".join(dict.fromkeys(names)), text)
        ]
        lines.append(f"| {cells[0]} | {cells[1]} |")
    return "\n".join(lines) + "\n"


def main(arguments: list[str]) -> int:
    """`-o FILE` writes the page there; without it it is printed."""
    if arguments[:1] == ["-o"] and len(arguments) == 2:
        write_file(Path(arguments[1]), page())
    elif arguments:
        print("usage: python -m spikeplane.importers.supported [-o FILE]", file=sys.stderr)
        return 2
    else:
        print(page(), end="")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
