"""The graph of imports, those inside functions too: no circle, and nothing below imports what is above, but the
command line when it is asked to."""

import ast
from collections.abc import Iterable, Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from spikeplane.provided import PROVIDED, provided

ROOT = Path(__file__).parents[2]
FOLDERS = {
    "spikeplane": "sw",
    "spikeplane_gateware": "gateware",
    "spikeplane_sim": "sim",
    "spikeplane_hw": "hw",
}
LEVEL = {"spikeplane": 0, "spikeplane_gateware": 1, "spikeplane_sim": 2, "spikeplane_hw": 2}
GATEWARE, SIM, HW = "spikeplane_gateware", "spikeplane_sim", "spikeplane_hw"
#: The arrows that go up, all of them inside functions: of the command line, by its modules.
UPWARD = {
    "spikeplane.cli.boardlist": {HW},
    "spikeplane.cli.boards": {GATEWARE, HW, SIM},
    "spikeplane.cli.build": {HW},
    "spikeplane.cli.cameras": {SIM},
    "spikeplane.cli.complete": {HW, SIM},
    "spikeplane.cli.demo": {GATEWARE, SIM},
    "spikeplane.cli.estimate": {HW},
    "spikeplane.cli.federate": {SIM},
    "spikeplane.cli.flash": {HW},
    "spikeplane.cli.generate": {GATEWARE, SIM},
    "spikeplane.cli.serve": {HW, SIM},
    "spikeplane.cli.simulate": {SIM},
    "spikeplane.cli.systems": {SIM},
    "spikeplane.cli.synth": {HW},
    "spikeplane.cli.view": {SIM},
    "spikeplane.cli.waves": {SIM},
}
Graph = dict[str, dict[str, bool]]  #: by module what it imports, and whether only inside functions


def modules(root: Path) -> dict[str, ast.Module]:
    """The source of every module of the four packages, by its name."""
    found = {}
    for package, folder in FOLDERS.items():
        for path in sorted((root / folder / package).rglob("*.py")):
            name = ".".join(path.relative_to(root / folder).with_suffix("").parts).removesuffix(".__init__")
            found[name] = ast.parse(path.read_text(encoding="utf-8"))
    return found


def imported(tree: ast.AST, known: Iterable[str], lazy: bool = False) -> Iterator[tuple[str, bool]]:
    """(module, whether inside a function) of the imports of the four packages, but those for types alone."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            continue
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            whole = [f"{node.module}.{alias.name}" for alias in node.names]
            names = [name if name in known else str(node.module) for name in whole]
        else:
            inside = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            yield from imported(node, known, lazy or inside)
        yield from ((name, lazy) for name in names if name in known)


def graph(trees: dict[str, ast.Module]) -> Graph:
    found: Graph = {name: {} for name in trees}
    for name, tree in trees.items():
        for other, lazy in imported(tree, trees):
            if other != name:
                found[name][other] = found[name].get(other, True) and lazy
    return found


def circle(found: Graph) -> list[str]:
    """The modules of one circle; none: []."""
    try:
        TopologicalSorter({name: set(others) for name, others in found.items()}).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def upward(found: Graph) -> tuple[dict[str, set[str]], list[str]]:
    """By module the packages above it, or beside it, that it imports; and the arrows that are not inside a
    function."""
    arrows: dict[str, set[str]] = {}
    eager = []
    for name, others in found.items():
        for other, lazy in others.items():
            here, there = name.split(".")[0], other.split(".")[0]
            if here != there and LEVEL[there] >= LEVEL[here]:
                arrows.setdefault(name, set()).add(there)
                eager += [] if lazy else [f"{name} imports {other}"]
    return arrows, eager


def named(trees: dict[str, ast.Module]) -> dict[str, set[str]]:
    """By module of `spikeplane` the modules above that a text in it names in full: an import by name."""
    found: dict[str, set[str]] = {}
    for name, tree in trees.items():
        for node in ast.walk(tree):
            text = node.value if isinstance(node, ast.Constant) else None
            if isinstance(text, str) and text in trees and text.startswith((GATEWARE, SIM, HW)):
                found.setdefault(name, set()).add(text)
    return {name: texts for name, texts in found.items() if name.split(".")[0] == "spikeplane"}


@pytest.fixture(scope="module")
def trees() -> dict[str, ast.Module]:
    return modules(ROOT)


def test_there_are_no_circles(trees: dict[str, ast.Module]) -> None:
    found = graph(trees)
    assert len(found) > 250
    assert sum(map(len, found.values())) > 900
    assert circle(found) == []


def test_no_arrow_goes_up_but_those_of_the_command_line(trees: dict[str, ast.Module]) -> None:
    arrows, eager = upward(graph(trees))
    assert eager == []
    assert arrows == UPWARD


def test_names_of_upper_packages_stand_in_one_place(trees: dict[str, ast.Module]) -> None:
    assert named(trees) == {"spikeplane.provided": set(PROVIDED.values())}


@pytest.mark.parametrize("name", sorted(PROVIDED))
def test_what_is_named_is_there(name: str) -> None:
    assert provided(name)


def test_the_public_names_are_there() -> None:
    import spikeplane

    for name in spikeplane.__all__:
        assert getattr(spikeplane, name) is not None


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"sw/spikeplane/a.py": "def f():\n    import spikeplane.b", "sw/spikeplane/b.py": "import spikeplane.a"},
         "circle"),
        ({"sw/spikeplane/a.py": "from spikeplane import b", "sw/spikeplane/b.py": "from spikeplane import a"}, "circle"),
        ({"sw/spikeplane/a.py": "def f():\n    from spikeplane_sim import x", "sim/spikeplane_sim/x.py": ""}, "upward"),
        ({"gateware/spikeplane_gateware/a.py": "import spikeplane_hw.x", "hw/spikeplane_hw/x.py": ""}, "eager"),
        ({"sim/spikeplane_sim/a.py": "def f():\n    import spikeplane_hw.x", "hw/spikeplane_hw/x.py": ""}, "upward"),
        ({"sw/spikeplane/a.py": "X = 'spikeplane_sim.x'", "sim/spikeplane_sim/x.py": ""}, "named"),
        ({"sw/spikeplane/a.py": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import spikeplane.b",
          "sw/spikeplane/b.py": "import spikeplane.a"}, ""),
    ],
)  # fmt: skip
def test_the_rules_bite(tmp_path: Path, files: dict[str, str], expected: str) -> None:
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    trees = modules(tmp_path)
    found = graph(trees)
    arrows, eager = upward(found)
    broken = {"circle": circle(found), "eager": eager, "upward": arrows, "named": named(trees)}
    assert [rule for rule, wrong in broken.items() if wrong and (rule != "upward" or not eager)] == (
        [expected] if expected else []
    )
