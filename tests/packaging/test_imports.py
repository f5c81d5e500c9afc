"""Who may import whom (docs/design.md, "Imports"): read from the source of every module, and seen in a
fresh interpreter."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from spikeplane.config import ChipConfig
from spikeplane.units import unit_fields

ROOT = Path(__file__).parents[2]
PACKAGES = {
    "spikeplane": ROOT / "sw/spikeplane",
    "spikeplane_gateware": ROOT / "gateware/spikeplane_gateware",
    "spikeplane_sim": ROOT / "sim/spikeplane_sim",
    "spikeplane_hw": ROOT / "hw/spikeplane_hw",
}
HEAVY = ("torch", "amaranth", "spikeplane_gateware", "spikeplane_sim", "spikeplane_hw")
#: Stand on torch: loaded when a torch model is traced, or trained for a chip.
ON_TORCH = (("importers", "trace"), ("nn",))
SHARED = (
    "spikeplane.config",
    *(kind.__module__ for kind in unit_fields(ChipConfig).values()),
    "spikeplane.formats",
    "spikeplane.errors",
    "spikeplane.files",
)
FILES = sorted((name, path) for name, folder in PACKAGES.items() for path in folder.rglob("*.py"))


def imports(tree: ast.AST, package: str, *, lazily: bool) -> Iterator[tuple[int, str]]:
    """(line, module) of the imports; without `lazily` only those that run when the module is imported."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) and not lazily:
            continue
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            continue
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{package}: a relative import in line {node.lineno}"
            module = str(node.module)
            yield from ((node.lineno, f"{module}.{alias.name}") for alias in node.names)
        else:
            yield from imports(node, package, lazily=lazily)


def under(module: str, names: tuple[str, ...]) -> bool:
    """The module is one of these or inside one."""
    return any(module == name or module.startswith(f"{name}.") for name in names)


def found(where: Path, package: str, *, lazily: bool) -> list[tuple[int, str]]:
    return list(imports(ast.parse(where.read_text()), package, lazily=lazily))


def violations(package: str, path: Path) -> list[str]:
    """Every import of one file that breaks a rule, as `file:line imports module`."""
    eager, every = (found(path, package, lazily=lazily) for lazily in (False, True))
    inside = path.relative_to(PACKAGES[package])
    bad: list[tuple[int, str]] = []
    if package == "spikeplane":
        inner = any(inside.parts[: len(place)] == place for place in ON_TORCH)
        heavy = HEAVY[1:] if inner else (*HEAVY, *(".".join((package, *place)) for place in ON_TORCH))
        bad += [(line, module) for line, module in eager if under(module, heavy)]
        if inside.parts[0] in (
            "config.py",
            "errors.py",
            "files.py",
            "formats",
            "network",
        ):  # the contract depends on nobody, not even lazily
            bad += [(line, module) for line, module in every if under(module, HEAVY)]
    elif package == "spikeplane_gateware":
        bad += [
            (line, module)
            for line, module in every
            if under(module, ("spikeplane",)) and not under(module, SHARED)
        ]
        bad += [
            (line, module)
            for line, module in every
            if under(module, ("torch", "spikeplane_sim", "spikeplane_hw"))
        ]
    elif package == "spikeplane_sim":
        bad += [
            (line, module) for line, module in every if under(module, ("spikeplane_hw", "spikeplane.cli"))
        ]
        if inside.parts[0] == "golden":
            bad += [
                (line, module) for line, module in every if under(module, ("spikeplane_gateware", "amaranth"))
            ]
        if inside.parts[0] == "proof":  # what proves an import shares nothing with the importer
            bad += [(line, module) for line, module in every if under(module, ("spikeplane.importers",))]
    else:
        bad += [
            (line, module)
            for line, module in every
            if under(module, ("torch", "spikeplane_sim", "spikeplane.cli"))
        ]
    return [f"{path.relative_to(ROOT)}:{line} imports {module}" for line, module in sorted(set(bad))]


def test_there_is_something_to_check():
    assert {package for package, _ in FILES} == set(PACKAGES)
    assert len(FILES) > 60


@pytest.mark.parametrize(("package", "path"), FILES, ids=[str(path.relative_to(ROOT)) for _, path in FILES])
def test_rules(package, path):
    assert violations(package, path) == []


@pytest.mark.parametrize(
    ("package", "inside", "source"),
    [
        ("spikeplane", "host/x.py", "import torch"),
        ("spikeplane", "importers/x.py", "from spikeplane.importers.trace import walk"),
        ("spikeplane", "importers/trace/x.py", "import spikeplane_sim"),
        ("spikeplane", "x.py", "if 1:\n    from amaranth import hdl"),
        ("spikeplane", "formats/x.py", "def f():\n    import amaranth"),
        ("spikeplane_gateware", "x.py", "from spikeplane import network"),
        ("spikeplane_sim", "proof/x.py", "def f():\n    from spikeplane.importers import registry"),
        ("spikeplane_sim", "golden/x.py", "def f():\n    from spikeplane_gateware import chip"),
    ],
)
def test_the_rules_bite(monkeypatch, tmp_path, package, inside, source):
    monkeypatch.setitem(PACKAGES, package, tmp_path)
    monkeypatch.setattr(sys.modules[__name__], "ROOT", tmp_path)
    path = tmp_path / inside
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(source)
    assert len(violations(package, path)) == 1


def loaded(statement: str) -> set[str]:
    """The top-level packages that a fresh interpreter holds after a statement."""
    code = f"{statement}\nimport sys\nprint(*sorted({{name.split('.')[0] for name in sys.modules}}))"
    return set(
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        ).stdout.split()
    )


@pytest.mark.parametrize(
    "statement",
    [
        "import spikeplane",
        "import spikeplane.cli",
        "import spikeplane.host.driver, spikeplane.compiler, spikeplane.program",
    ],
)
def test_nothing_heavy_is_loaded(statement):
    assert loaded(statement) & set(HEAVY) == set()


def test_the_golden_model_loads_no_gateware():
    modules = loaded("import spikeplane_sim.golden")
    assert "torch" in modules
    assert modules & {"amaranth", "spikeplane_gateware"} == set()
