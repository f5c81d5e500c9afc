"""What checks each part of the gateware: a table made from the tests' imports, the benches and the lists of mutants.

The golden rule and the benches of a part are named here, the rest is found.
"""

import ast
from collections import Counter
from functools import cache
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[3]
GATEWARE = ROOT / "gateware" / "spikeplane_gateware"
GOLDEN = ROOT / "sim" / "spikeplane_sim" / "golden"
MARK = "<!-- checks -->"


class Part(NamedTuple):
    """A part of the gateware: its folder or file, what computes the same, and the cocotb benches around it."""

    path: str
    golden: tuple[str, ...]
    benches: tuple[str, ...]


#: The first whose path a file begins with.
PARTS = (
    Part("core/synapses", ("golden/projections",), ("core",)),
    Part("core/soma", ("golden/neurons",), ("core", "gates")),
    Part("core", ("golden/model.py",), ("core",)),
    Part("network", ("golden/model.py",), ("router", "mesh")),
    Part("link", (), ("bridge",)),
    Part("units/camera", ("golden/camera",), ("camera",)),
    Part("units", (), ()),
    Part("verilog", (), ()),
    Part("wrappers", (), ("axi_lite", "axi_stream", "wishbone")),
    Part("", ("golden/board.py",), ("chip",)),
)


def table() -> str:
    """The table, in Markdown."""
    mutants = _mutants()
    rows = [
        "| part | the rule, in `spikeplane_sim` | benches | formal | unit tests and simulations | mutants |",
        "|---|---|---|---|---|---|",
    ]
    for part in PARTS:
        tests = sorted(name for name, paths in tested().items() if part in paths)
        formal = [name for name in tests if name.startswith("formal/")]
        rest = [name for name in tests if not name.startswith("formal/")]
        cells = (
            f"`{part.path or 'chip.py, tile.py and beside them'}`", _quoted(part.golden), _quoted(part.benches),
            _quoted(formal), _quoted(rest), str(mutants[part]) if mutants[part] else "",
        )  # fmt: skip
        rows.append("| " + " | ".join(cells) + " |")
    return "\n".join(rows)


def part_of(path: str) -> Part:
    """The part of a file, from `spikeplane_gateware` on."""
    return next(part for part in PARTS if not part.path or path.startswith(f"{part.path}/"))


@cache
def tested() -> dict[str, set[Part]]:
    """The parts that each test file imports."""
    found: dict[str, set[Part]] = {}
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        parts = {part_of(name) for name in _imported(path)}
        if parts:
            found[path.relative_to(ROOT / "tests").as_posix()] = parts
    return found


def _imported(path: Path) -> set[str]:
    """The files of the gateware that a test imports."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == GATEWARE.name:
            place = GATEWARE.joinpath(*str(node.module).split(".")[1:])
            for alias in node.names:
                inner = place / alias.name
                file = inner if inner.is_dir() or inner.with_suffix(".py").is_file() else place
                names.add(
                    f"{file.relative_to(GATEWARE).as_posix()}/"
                    if file.is_dir()
                    else file.relative_to(GATEWARE).as_posix() + ".py"
                )
    return names


def _mutants() -> Counter[Part]:
    """How many deliberate faults each part has."""
    from mutants.lists import PARTS as LISTS

    counts: Counter[Part] = Counter()
    top = GATEWARE.relative_to(ROOT).as_posix()
    for part in LISTS:
        for mutant in part.mutants:
            path = f"{part.folder}/{mutant.file}"
            if path.startswith(f"{top}/"):
                counts[part_of(path.removeprefix(f"{top}/"))] += 1
    return counts


def _quoted(names: list[str] | tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in names)
