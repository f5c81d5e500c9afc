"""What a page says beside the planes: membranes of the golden model, energy, rates, and checksums of what was run."""

import hashlib
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from bases import networks
from browser import browser
from test_report import content, unpacked
from typer.testing import CliRunner

import spikeplane
from spikeplane.cli import app
from spikeplane.front.result import RunResult
from spikeplane.run import execute as module
from spikeplane.run.execute import Result
from spikeplane.run.report import membranes, write_run

NET = networks()[0]
SAMPLES = np.random.default_rng(0).integers(0, 256, (30, 2, 5, 6)).astype(np.uint8)
LAST = (29, "gate", 2, 11, 0, 1)  #: sample, population, step, c, y, x of a wrong value


class Wrong(spikeplane.Board):
    """The golden model, but for the value LAST."""

    name = "simulated board"

    def __init__(self) -> None:
        self.golden = spikeplane.open_board("golden", NET)

    def run(self, inputs, progress=None):
        outputs = self.golden.run(inputs, progress)
        outputs[LAST[1]][(LAST[0], *LAST[2:])] ^= 1
        return outputs


def ran() -> Result:
    return spikeplane.execute(NET, Wrong(), SAMPLES, lockstep=True)


def paged(folder: Path, result: Result, **more: object) -> dict:
    summary = spikeplane.summarise(NET, result, Wrong(), None, 100.0)
    write_run(folder / "r.html", NET, result, summary | more, None)
    return content(folder / "r.html")


def check_traces(found: dict, result: Result) -> int:
    """What the page has of every seventh sample are the potentials that Python gives; returns how many there are."""
    front, at = (
        RunResult(NET, spikeplane.execute(NET, Wrong(), SAMPLES, result=Result(30)), "", None, 100.0, None),
        0,
    )
    for order, shown in list(enumerate(found["membranes"]["samples"]))[::7]:
        for name, entry in found["membranes"]["traces"].items():
            v, which = front.potentials(name, found["numbers"][shown]), unpacked(entry["neurons"])[order]
            v = v.reshape(len(v), -1)[:, which]
            assert np.array_equal(unpacked(entry["v"])[order], v)
            sent = result.differing[0].golden if found["numbers"][shown] == LAST[0] else None
            if sent is not None:
                golden = sent[name].reshape(len(v), -1)[:, which] != 0
                assert np.array_equal(unpacked(entry["fired"])[order], golden)
            at += v.size
    return at


def test_all_membranes_of_a_small_network(tmp_path: Path) -> None:
    result = ran()
    found = paged(tmp_path, result)
    assert set(found["membranes"]["traces"]) == {"conv", "gate", "out"}
    assert found["membranes"]["samples"] == [23, *range(23)]  # the one that differs before the others
    assert found["membranes"]["left_out"] is None
    assert check_traces(found, result) == 4 * 3 * (72 + 24 + 9)
    thetas = {name: entry["theta"] for name, entry in found["membranes"]["traces"].items()}
    assert np.array_equal(thetas["conv"], np.asarray(NET.network.population("conv").theta))
    with browser() as page:
        page.open(tmp_path / "r.html")
        said = "document.querySelector('#first .membranes p').textContent"
        v = unpacked(found["membranes"]["traces"]["gate"]["v"])[0, 2, 11 * 2 + 1]
        fires = "fires" if v >= thetas["gate"][11] else "does not fire"
        assert page.value(said) == (
            f"Membrane of the neuron in the golden model: {v} in step 2, threshold {thetas['gate'][11]}: it {fires}"
        )
        assert page.value("document.querySelectorAll('#sample .sparks .spark').length") == 3 * 8
        assert page.value(
            "document.querySelector('[data-layer=gate] .sparks .differs figcaption').textContent"
        ) == ("c=11, y=0, x=1")
        page.value("document.querySelector('#first .spark').scrollIntoView({ block: 'center' })")
        x, y = page.value(
            "(({ right, y }) => [right - 3, y + 9])(document.querySelector('#first .spark').getBoundingClientRect())"
        )
        page.point("mouseMoved", x, y)
        assert page.value("document.querySelector('#tip').textContent").startswith(
            f"gate (c=11, y=0, x=1), step 2: membrane {v}, threshold"
        )
        assert page.errors == []


def test_membranes_in_bounds(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    result = ran()
    monkeypatch.setattr(membranes, "EVERY", 24 * 3 * 9)  # all of `out`, eight of the others
    found = paged(tmp_path, result)
    traces = found["membranes"]["traces"]
    assert [entry["v"]["shape"] for entry in traces.values()] == [[24, 3, 8], [24, 3, 8], [24, 3, 9]]
    assert 11 * 2 + 1 in unpacked(traces["gate"]["neurons"])[0]  # the one that differs
    check_traces(found, result)
    monkeypatch.setattr(membranes, "MOST", 3 * (8 + 8 + 9) * 2)
    found = paged(tmp_path, result)
    assert found["membranes"]["samples"] == [23, 0]
    assert found["membranes"]["left_out"] == "they are of 2 of the 24 samples shown, those that differ first"
    check_traces(found, result)
    monkeypatch.setattr(membranes, "RUN", 100)
    found = paged(tmp_path, result)
    assert found["membranes"] == {
        "samples": [],
        "left_out": "a sample has 495 values, and up to 100 are gone through for them",
        "traces": {},
    }
    with browser() as page:
        page.open(tmp_path / "r.html")
        rows = page.value("[...document.querySelectorAll('#about tr')].map((r) => r.textContent)")
        assert f"membranesleft out: {found['membranes']['left_out']}" in rows
        assert page.errors == []


def test_a_page_without_the_golden_model(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def absent(name: str):
        raise ModuleNotFoundError(f"No module named {name}")

    monkeypatch.setattr(membranes, "provided", absent)
    found = paged(tmp_path, ran())
    assert found["membranes"]["left_out"] == "the golden model did not run: No module named GoldenModel"
    assert found["differs"] == [23]


@pytest.mark.parametrize("probes", [("conv", "gate", "out"), ("out",)])
def test_energy_is_that_of_the_estimate(tmp_path: Path, probes: tuple[str, ...]) -> None:
    """From what came out, and from what is worked out where it did not come."""
    net = replace(NET, probes=probes)
    board = spikeplane.open_board("golden", net)
    result = spikeplane.execute(net, board, SAMPLES)
    write_run(tmp_path / "r.html", net, result, spikeplane.summarise(net, result, board, None, 100.0), None)
    found = content(tmp_path / "r.html")
    assert set(found["outputs"]) == set(probes)
    assert set(found["membranes"]["traces"]) == {"conv", "gate", "out"}  # of those that are not sent as well
    energy, wanted = found["figures"]["energy"], net.estimate("ulx3s-85f", SAMPLES[:8])
    assert energy["pj"] * 1e-6 == pytest.approx(wanted.energy_uj, rel=1e-12)
    assert energy["activity"] == "counted on 8 samples of this run"
    assert energy["fpga_factor"] == wanted.values["energy_factor"]
    with browser() as page:
        page.open(tmp_path / "r.html")
        head = page.value("document.querySelector('[data-layer=gate] h3').textContent")
        assert head.endswith("not sent to the host") == ("gate" not in probes)
        assert page.errors == []


@pytest.mark.parametrize("batch", [7, 100])
def test_what_was_run_by_its_checksums(monkeypatch, tmp_path: Path, batch: int) -> None:
    monkeypatch.setattr(module, "BATCH", batch)
    monkeypatch.chdir(tmp_path)
    NET.save("net.spk")
    np.save("x.npy", SAMPLES)
    Path("y.txt").write_text("".join(f"{n % 9}\n" for n in range(30)))
    done = CliRunner().invoke(
        app, ["run", "net.spk", "--input", "x.npy", "--labels", "y.txt", "--report", "r.html"]
    )
    assert done.exit_code == 0, done.output
    found = content(tmp_path / "r.html")["provenance"]
    for name, file in (("program net.spk", "net.spk"), ("data x.npy", "x.npy"), ("labels y.txt", "y.txt")):
        assert found[name] == f"SHA-256 {hashlib.sha256(Path(file).read_bytes()).hexdigest()}"
    planes = hashlib.sha256(NET.planes(SAMPLES)["in"].astype("<i4").tobytes()).hexdigest()
    assert found["samples"] == f"30, SHA-256 {planes} of the planes sent"
    assert found["program"] == f"net, SHA-256 {NET.digest} of what it loads"
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d UTC", found["date"])
    assert {"version", "chip", "command"} <= found.keys()


def test_a_folder_of_recordings_has_one_sum(tmp_path: Path) -> None:
    from spikeplane.run.provenance import files_of

    (tmp_path / "data" / "a").mkdir(parents=True)
    (tmp_path / "data" / "a" / "1.bin").write_bytes(b"one")
    (tmp_path / "data" / "2.bin").write_bytes(b"two")
    sums = "".join(
        f"{hashlib.sha256(b).hexdigest()}  {n}\n" for n, b in (("2.bin", b"two"), ("a/1.bin", b"one"))
    )
    found = files_of(tmp_path / "none.spk", [f"left={tmp_path / 'data'}"], None)
    assert found == {
        "program none.spk": "not summed: No such file or directory",
        "data data": f"SHA-256 {hashlib.sha256(sums.encode()).hexdigest()} of 2 files",
    }
