"""The published systems: two of them on the golden model, all of them on the simulated chip; the table's verdicts, and the
page that is made of it."""

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest
from served import call
from torch import nn

from spikeplane.errors import SpikeplaneError
from spikeplane_sim.systems import SYSTEMS
from spikeplane_sim.systems.page import main, page
from spikeplane_sim.systems.prove import Row, Run, proved

DOCS = Path(__file__).parents[2] / "docs"
RUNNING = [name for name, system in SYSTEMS.items() if not system.lacks]
MODELS = [name for name, system in SYSTEMS.items() if system.model]
#: On 8x8 pixels, so that they take a second each.
FAST = ("cml-values", "rsc")


def checked(row: Row) -> Row:
    assert row.failed == "", row.plain()
    assert row.compared > 10_000
    assert 0.002 < row.rates[0] <= row.rates[1] < 0.998, row.rates  # ORs of many fire nearly always
    return row


@pytest.mark.parametrize("name", FAST)
def test_small_systems(name: str) -> None:
    checked(proved(SYSTEMS[name], "golden", size=8, seed=1))


@pytest.mark.cosim
@pytest.mark.slow
@pytest.mark.parametrize("name", RUNNING)
def test_systems_on_the_chip(name: str) -> None:
    row = checked(proved(SYSTEMS[name], "sim"))
    assert [run.places for run in row.runs] == [
        *row.runs[0].places.split(),
        row.runs[1].places,
        f"{row.runs[1].places} other places",
    ]
    assert row.runs[1].cycles != row.runs[2].cycles
    assert len({(run.spikes, run.values) for run in row.runs}) == 1
    assert min(run.spikes for run in row.runs) > 1000


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("name", MODELS)
def test_other_sizes_and_seeds(name: str, seed: int) -> None:
    system = SYSTEMS[name]
    checked(
        proved(system, "golden", size=(system.size // 2, system.size, 2 * system.size)[seed - 1], seed=seed)
    )


@pytest.mark.slow
def test_many_tokens() -> None:
    """14 x 14 of them, no power of two."""
    checked(proved(SYSTEMS["spikformer"], "golden", size=56))


def test_a_model_without_its_chip() -> None:
    """Its row is measured on the golden model, and says on the chip what it lacks."""
    system = replace(SYSTEMS["csnn"], lacks="gates", model=lambda size, seed: refuse())
    assert proved(system, "sim").lacks == "gates"
    assert (row := proved(system, "golden")).lacks == ""
    assert row.refused == "asked for"


def refuse() -> nn.Module:
    raise SpikeplaneError("asked for")


ROW = Row("net", "A net", 8, 0, False, 99.0, agreement=99.5, lowest=99.1)
RUN = Run("1x1", 1, 5, 10, 0, None, 7)


@pytest.mark.parametrize(
    ("row", "failed"),
    [
        (ROW, ""),
        (replace(ROW, runs=(RUN, RUN)), ""),
        (replace(ROW, runs=(RUN, replace(RUN, mismatches=1))), "mismatches"),
        (replace(ROW, runs=(replace(RUN, spikes=0),)), "silent"),
        (replace(ROW, agreement=98.99), "agreement"),
        (replace(ROW, refused="a line"), "refused"),
        (replace(ROW, lacks="gates", agreement=0.0), ""),
    ],
)
def test_verdicts(monkeypatch: pytest.MonkeyPatch, row: Row, failed: str) -> None:
    """The command ends with 1 where a row is not as expected; one that says what it lacks is no failure."""
    assert row.failed == failed
    monkeypatch.setattr("spikeplane_sim.systems.prove.proved", lambda *a: row)
    status, out, err, _ = call("systems", "csnn", "--board", "sim", "--json")
    found = json.loads(out)
    assert status == (1 if failed else 0)
    assert found["failed"] == (["net"] if failed else [])
    assert ("failed" in err) == bool(failed)
    status, out, err, _ = call("systems", "csnn", "--board", "sim")
    assert (status, err) == (1 if failed else 0, "")
    then = "systems net --board sim --seed 0" if failed else "compile MODEL -o net.spk"
    assert out.splitlines()[-1] == f"next: spikeplane {then}"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("csnx",), "no system 'csnx'; did you mean 'csnn'?"),
        (("zzz",), f"no system 'zzz'; there are {', '.join(SYSTEMS)}"),
        (("csnn", "--board", "gold"), "--board is one of golden, sim, not 'gold'"),
        (("lottery", "--size", "3"), "lottery takes at least 4 pixels on a side, not 3"),
        (("csnn", "cortex", "--size", "7"), "cortex takes a multiple of 2 pixels on a side, not 7"),
    ],
)
def test_refusals(words: tuple[str, ...], said: str) -> None:
    status, out, err, _ = call("systems", *words)
    assert (status, out, err) == (2, "", f"error: {said}\n")


@pytest.mark.slow
def test_several_at_a_time_find_the_same() -> None:
    """The table has the order of the names, whoever ends first; the time alone differs."""
    names, found = ("ttfs", "cml-values", "rsc"), []
    for jobs in ("1", "2"):
        status, out, _, _ = call("systems", *names, "--size", "8", "--jobs", jobs, "--json")
        assert status == 0
        found.append([{**row, "seconds": 0} for row in json.loads(out)["rows"]])
    assert found[0] == found[1]
    assert [row["name"] for row in found[0]] == list(names)


def _dies(*_: object, **__: object) -> Row:
    os._exit(1)


@pytest.mark.slow
def test_a_process_that_dies_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("spikeplane_sim.systems.side_by_side._row", _dies)
    status, out, err, _ = call("systems", "rsc", "ttfs", "--jobs", "2")
    said = (
        "or of one beside it, has ended; there may be too little memory: run fewer at a time, with --jobs 1"
    )
    assert (status, out) == (2, "")
    assert err in [f"error: the process of {name}, {said}\n" for name in ("rsc", "ttfs")]


@pytest.mark.parametrize("name", ["lottery", "rsc", "ttfs", "cortex"])
def test_the_smallest_sizes(name: str) -> None:
    """Models can be made of them, and of nothing smaller."""
    system = SYSTEMS[name]
    assert system.model is not None
    size = max(system.least, system.multiple)
    system.refuse(size)
    assert system.model(size, 0)
    with pytest.raises((RuntimeError, ZeroDivisionError)):
        system.model(size - 1, 0)


def test_the_page_is_the_table(tmp_path: Path) -> None:
    """What stands in the documentation is what the registry says; the figures are a run's."""
    text = (DOCS / "systems.md").read_text()
    head, table = page({"rows": []}).split("\n| system ")
    assert text.startswith(head), "run: python -m spikeplane_sim.systems.page FOUND.json -o docs/systems.md"
    assert text.endswith(table[table.index("\n## ") :])
    for name, system in SYSTEMS.items():
        (line,) = [line for line in text.splitlines() if line.startswith(f"| [{name}](#{name})")]
        assert ("lacks" in line) == bool(system.lacks)
    found = tmp_path / "found.json"
    rows = [replace(ROW, name="csnn", populations=3, runs=(RUN, RUN)).plain()]
    found.write_text(json.dumps({"rows": rows}))
    assert main([str(found), "-o", str(tmp_path / "page")]) == 0
    made = (tmp_path / "page").read_text()
    assert "Not on one core" not in made
    larger = [*rows, replace(ROW, name="spikeyolo", populations=17).plain()]
    assert "16 populations, and these have more: spikeyolo." in page({"rows": larger})
    assert "| [csnn](#csnn) | 3 | 0 | 1, 1 | 99.50 % | 99.10 % | 10 | 0 | 7 / 7 |" in made
