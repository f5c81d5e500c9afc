"""Who may import whom: what a user imports is light, and the specification never sees the gateware."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HEAVY = ("amaranth", "torch", "spikeplane_sim", "spikeplane_gateware")


def imports(path: Path, everywhere: bool) -> set[str]:
    """Modules imported by a file: at its top level, or (everywhere) in its functions too; not those for type checkers only."""
    found: set[str] = set()
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree) if everywhere else tree.body:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found


def files(folder: str) -> list[Path]:
    return sorted((ROOT / folder).rglob("*.py"))


@pytest.mark.parametrize("path", files("sw/spikeplane"), ids=lambda p: str(p.relative_to(ROOT)))
def test_software_is_light(path: Path) -> None:
    heavy = {name for name in imports(path, everywhere=False) if name.split(".")[0] in HEAVY}
    assert not heavy


@pytest.mark.parametrize("path", files("sim/spikeplane_sim/golden"), ids=lambda p: p.name)
def test_golden_never_sees_gateware(path: Path) -> None:
    assert not {name for name in imports(path, everywhere=True) if name.split(".")[0] in ("spikeplane_gateware", "amaranth")}


@pytest.mark.parametrize("path", files("gateware"), ids=lambda p: p.name)
def test_gateware_takes_widths_only(path: Path) -> None:
    ours = {name for name in imports(path, everywhere=True) if name.split(".")[0] == "spikeplane"}
    assert all(name.startswith(("spikeplane.config", "spikeplane.formats", "spikeplane.errors")) for name in ours)
    assert not {name for name in imports(path, everywhere=True) if name.split(".")[0] in ("torch", "spikeplane_sim")}


def test_nothing_heavy_is_loaded() -> None:
    code = f"import sys, spikeplane, spikeplane.cli; print(sorted(set({HEAVY!r}) & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
