"""The list of mutants fits the sources, and the rewriting does what it says (`make mutants` runs them)."""

import subprocess
import sys
from pathlib import Path

import pytest
from mutants.__main__ import share, table
from mutants.catalogue import ROOT, Mutant, Part, UnfitError, chosen, numbered
from mutants.lists import PARTS
from mutants.rewrite import rewritten
from mutants.runner import Outcome
from mutants.tree import build, environment, sources

ENTRIES = numbered(PARTS)


def test_every_mutant_stands_in_the_sources_once_and_compiles():
    for path, text in sources(ENTRIES).items():
        compile(text, path, "exec")
        for entry in ENTRIES:
            if entry.path == path:
                assert f"__({entry.number}" in text, entry.label


def test_the_list_is_as_long_as_it_should_be():
    assert sum(entry.part.gateware for entry in ENTRIES) >= 100
    assert sum(not entry.part.gateware for entry in ENTRIES) >= 30
    assert len({entry.label for entry in ENTRIES}) == len(ENTRIES)
    for entry in ENTRIES:
        assert entry.selections, entry.label
        for selection in entry.selections:
            assert (ROOT / selection.split()[0].split("::")[0]).exists(), f"{entry.label}: {selection}"


def test_the_copy_with_all_mutants_elaborates(tmp_path: Path):
    """Every replacement in the gateware is a value that Amaranth takes where the original stood."""
    code = (
        "from dataclasses import replace\n"
        "from amaranth.hdl import Fragment\n"
        "from spikeplane.config import PRESETS, ChipConfig\n"
        "from spikeplane.training import TrainingConfig\n"
        "from spikeplane.camera.config import CameraConfig\n"
        "from spikeplane_gateware.units.camera.unit import CameraUnit\n"
        "from spikeplane_gateware.link.bridge import Bridge\n"
        "from spikeplane_gateware.link.link import Link\n"
        "from spikeplane_gateware.link.uart import Uart\n"
        "from spikeplane_gateware.tile import Tile\n"
        "def walk(fragment):\n"
        "    return 1 + sum(walk(Fragment.get(inner, None)) for inner, *_ in fragment.subfragments)\n"
        "chip = PRESETS['tiny']\n"
        "camera = [replace(chip, camera=CameraConfig(width=16, height=8, pixels=4, method=m, lookahead=a))"
        " for m in ('tfp', 'tfi', 'fsr', 'ssr') for a in (0, 16)]\n"
        "learns = [ChipConfig(rows=1, cols=1, lanes=8, weight_bits=16, training=TrainingConfig(**t))"
        " for t in ({'exact_bits': 36}, {'momentum': True, 'streamed': True, 'gradient_depth': 64})]\n"
        "parts = [Tile(chip), Tile(replace(chip, sweep_lanes=2, levels=True)), *map(Tile, learns), Link(chip), Bridge(chip)]\n"
        "parts += [Uart(25e6), *map(CameraUnit, camera)]\n"
        "import spikeplane_mutant_gateware\n"
        "print(sum(walk(Fragment.get(part, None)) for part in parts), "
        "spikeplane_mutant_gateware.selected.init)\n"
    )
    tree = build(ENTRIES, tmp_path)
    result = subprocess.run(
        [sys.executable, "-c", code], env=environment(tree, 7), capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr[-3000:]
    fragments, number = map(int, result.stdout.split())
    assert fragments > 100
    assert number == 7


def test_one_verilog_holds_all_mutants(tmp_path: Path):
    """The chosen one is asked for when the simulation begins: a simulator in the cache serves every
    number."""
    code = (
        "from spikeplane_gateware.generate import convert\nfrom "
        "spikeplane_gateware.network.arbiter import Arbiter\n"
    )
    code += "print(convert(Arbiter(3), 'top'))"
    tree = build(ENTRIES, tmp_path)
    texts = [
        subprocess.run(
            [sys.executable, "-c", code],
            env=environment(tree, number),
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for number in (0, ENTRIES[0].number)
    ]
    assert texts[0] == texts[1]
    assert "top_mutant mutant_choice" in texts[0]
    assert (
        texts[0].count("chosen_mutant ==") >= sum(entry.path.endswith("arbiter.py") for entry in ENTRIES) > 0
    )


def entries(*mutants: Mutant, gateware: bool = True):
    return numbered((Part("part", "folder", gateware, {"*": ("tests",)}, mutants),))


SOURCE = '"""Text."""\n\ndef f(m, a, b):\n    with m.If(a & b):\n        m.d.sync += a.eq(b + 1)\n'


def test_expressions_and_statements_in_gateware():
    faults = (("a & b", "a", "and"), ("b + 1", "b", "plus"), ("m.d.sync += a.eq(b + 1)", "", "lost"))
    found = rewritten(SOURCE, entries(*[Mutant("x.py", *fault) for fault in faults]))
    assert found.splitlines()[3:] == [
        "def f(m, a, b):",
        "    with m.If(choose__(1, (a), (a & b))):",
        "        with m.If(chosen__(3)):",
        "            pass",
        "        with m.Else():",
        "            m.d.sync += a.eq(choose__(2, (b), (b + 1)))",
    ]


def test_an_assignment_changes_its_value():
    found = rewritten(SOURCE, entries(Mutant("x.py", "a.eq(b + 1)", "a.eq(a)", "same")))
    assert found.splitlines()[-1] == "        m.d.sync += a.eq(choose__(1, (a), (b + 1)))"


def test_software():
    source = "def f(x):\n    y = x + 1\n    return y\n"
    found = rewritten(
        source,
        entries(Mutant("x.py", "x + 1", "x", "v"), Mutant("x.py", "y = x + 1", "y = 0", "s"), gateware=False),
    )
    assert found.splitlines()[1:] == [
        "def f(x):",
        "    if chosen__(2):",
        "        y = 0",
        "    else:",
        "        y = ((x) if chosen__(1) else (x + 1))",
        "    return y",
    ]


@pytest.mark.parametrize(
    ("mutants", "message"),
    [
        (
            (Mutant("x.py", "a ^ b", "a", "gone"),),
            "folder/x.py (gone): found 0 times, expected once: 'a ^ b'",
        ),
        ((Mutant("x.py", "b", "a", "many"),), "folder/x.py (many): found 3 times, expected once: 'b'"),
        (
            (Mutant("x.py", "If(a &", "a", "half"),),
            "folder/x.py (half): neither an expression nor a statement: 'If(a &'",
        ),
    ],
)
def test_a_mutant_that_does_not_fit_is_named(mutants, message):
    with pytest.raises(UnfitError) as error:
        rewritten(SOURCE, entries(*mutants))
    assert str(error.value) == message


def test_a_return_of_gateware_is_no_mutant():
    """It would leave the function whichever is chosen."""
    with pytest.raises(UnfitError, match="a return leaves both ways"):
        rewritten("def f(m):\n    return m\n", entries(Mutant("x.py", "return m", "return 0", "r")))


def test_numbers_and_globs_choose():
    found = entries(Mutant("x.py", "a", "b", "one"), Mutant("y.py", "a", "b", "two"))
    assert [e.number for e in chosen(found, [])] == [1, 2]
    assert [e.number for e in chosen(found, ["part/y*"])] == [2]
    assert [e.number for e in chosen(found, ["1"])] == [1]


def test_the_table_counts_and_names_survivors():
    found = [e for e in ENTRIES if not e.mutant.equivalent][:2]
    outcomes = {
        found[0].number: Outcome("killed", "tests", 1.0),
        found[1].number: Outcome("survived", "", 1.0),
    }
    lines = table(found, outcomes).splitlines()
    assert lines[-1] == f"  {found[1].path}:{found[1].line()}: {found[1].mutant.why}"
    assert lines[-4].split() == ["all", "2", "1", "1", "0", "0", "50.0%"]
    assert share(outcomes) == 0.5
