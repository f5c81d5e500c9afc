"""The developer's table of checks is whole: every file of the gateware has a part, every bench and formal contract is
in it, and the rules and pictures that it names are there."""

import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "docs" / "_scripts"))

from pages import checks  # noqa: E402 - the folder of the site's scripts is no package

BENCHES = ROOT / "sim" / "spikeplane_sim" / "bench"


def test_the_table_is_whole() -> None:
    text = checks.table()
    rows = [line for line in text.splitlines() if line.startswith("| `")]
    assert len(rows) == len(checks.PARTS) == 10
    for path in (ROOT / "tests" / "formal").glob("test_*.py"):
        assert f"`formal/{path.name}`" in text, "a contract of a part that nobody finds"
    benches = {path.stem.removeprefix("bench_") for path in BENCHES.glob("bench_*.py")}
    assert benches == {name for part in checks.PARTS for name in part.benches}
    files = [p.relative_to(checks.GATEWARE).as_posix() for p in checks.GATEWARE.rglob("*.py")]
    assert {checks.part_of(name) for name in files} == {*checks.PARTS}


def test_rules_are_there() -> None:
    for part in checks.PARTS:
        for path in part.golden:
            assert (ROOT / "sim" / "spikeplane_sim" / path).exists(), path
        assert not part.path or (checks.GATEWARE / part.path).is_dir(), part.path


def test_what_a_test_imports() -> None:
    found = checks.tested()
    assert {part.path for part in found["formal/test_fifo.py"]} == {"network"}
    assert {part.path for part in found["unit/test_core_lookup.py"]} >= {"core/synapses"}
    assert "unit/test_data.py" not in found


def test_mutants_are_counted() -> None:
    counts = {row.split("`")[1]: row.split("|")[-2].strip() for row in checks.table().splitlines()[2:]}
    assert all(int(counts[name]) > 20 for name in ("core/synapses", "core/soma", "core", "network", "link"))
    assert counts["wrappers"] == ""
