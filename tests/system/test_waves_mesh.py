"""Waves of a mesh of four cores with four faults in it (wave_faults.py): each window's marker is at the first packet
that is not the golden model's, in a cycle that the faults themselves tell; the window is what was asked for."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from test_waves import check_page, cycles, marker_of, named_by, names_in, times
from typer.testing import CliRunner
from wave_faults import FLIP, MISSING, MORE, Fault, core, router

import spikeplane
from spikeplane.cli import app
from spikeplane.compiler.place import place
from spikeplane.config import preset
from spikeplane.encoding import Encoding
from spikeplane.formats.packet import Kind, packet_format
from spikeplane.host.packets import offsets
from spikeplane.network import Network, Neuron, Population, Projection
from spikeplane.program import Program
from spikeplane_sim.board import build

CONFIG = replace(preset("tiny"), rows=2, cols=2)
STEPS, SAMPLES = 3, np.random.default_rng(4).integers(0, 256, (10, 2, 5, 6)).astype(np.uint8)
FIELDS = offsets(packet_format(CONFIG), Kind.SPIKE) | offsets(packet_format(CONFIG), Kind.TOKEN)


def program() -> Program:
    """A convolution of three groups, on three cores, and what they lead to on the fourth."""
    rng = np.random.default_rng(11)
    network = Network(
        populations=(
            Population(name="in", shape=(2, 5, 6), value_bits=3),
            Population(
                name="conv",
                shape=(24, 5, 6),
                neuron=Neuron(reset="soft"),
                theta=rng.integers(15, 70, 24),
                hold=True,
            ),
            Population(
                name="out", shape=(9, 1, 1), neuron=Neuron(reset="hard"), theta=rng.integers(30, 90, 9)
            ),
        ),
        projections=(
            Projection(
                source="in", target="conv", weight=rng.integers(-20, 30, (24, 2, 3, 3)), padding=(1, 1)
            ),
            Projection(source="conv", target="out", weight=rng.integers(-20, 20, (9, 24, 5, 6))),
        ),
        output="out",
        steps=STEPS,
    )
    placement = place(network, CONFIG)
    assert [part.core for part in placement.of("conv")] == [(0, 0), (1, 0), (0, 1)]
    encoding = Encoding(kind="direct", steps=STEPS, value_bits=3)
    return Program(
        name="net", config=CONFIG, network=network, placement=placement, encoding=encoding, readout="count",
        probes=("conv", "out"), tables={},
    )  # fmt: skip


NET = program()
TAG = next(tag for tag, name in NET.image.probes.items() if name == "conv")
#: by sample
FAULTS = {
    1: Fault(FLIP, (0, 0), TAG, 1 * STEPS + 1, (0, 1, 2)),
    3: Fault(MISSING, (1, 0), TAG, 3 * STEPS + 0, (1, 2, 3)),
    5: Fault(MORE, (0, 1), TAG, 5 * STEPS + 2, (2, 3, 1)),
    7: Fault(MISSING, (1, 0), TAG, 7 * STEPS + 1, (1, 0, 4)),  # of a router
    8: Fault(MISSING, (0, 0), TAG, 8 * STEPS + 1, (0, 4, 5)),  # the last of its step
}


@pytest.fixture
def faulty(monkeypatch: pytest.MonkeyPatch) -> None:
    files = build.harness
    cores = [fault for sample, fault in FAULTS.items() if sample != 7]

    def broken(names: Iterable[str], *rest) -> dict[str, bytes]:
        texts = {"core.v": core(CONFIG, cores).encode(), "router.v": router(CONFIG, FAULTS[7]).encode()}
        return {n: texts.get(n, text) for n, text in files(names, *rest).items()}

    monkeypatch.setattr(build, "harness", broken)


def passed(path: Path, scope: str, side: str) -> Iterator[tuple[int, dict[str, int]]]:
    """(cycle, fields) of every packet of a stream that is the host's, under TAG."""
    for cycle, now in cycles(path, scope, (f"{side}_valid", f"{side}_ready", f"{side}_payload")):
        valid, ready, payload = now.values()
        fields = {name: payload >> at & (1 << width) - 1 for name, (at, width) in FIELDS.items()}
        if valid and ready and fields["host"] and fields["tag"] == TAG:
            yield cycle, fields


def cycle_of(path: Path, sample: int) -> int:
    """Where the marker should be, from the waves alone."""
    fault = FAULTS[sample]
    scope = "router_0_0" if sample == 7 else "core_{}_{}".format(*fault.core)
    (at,) = [cycle for cycle, now in cycles(path, scope, ("fault",)) if now["fault"]]
    if fault.kind != MISSING:
        return at
    side = "o_west" if sample == 7 else "o_local"
    for cycle, fields in passed(path, scope, side):
        spike = fields["kind"] == Kind.SPIKE and fields["group"] == fault.place[0]
        token = fields["kind"] == Kind.TOKEN and (fields["source_x"], fields["source_y"]) == fault.core
        if cycle > at and (spike or token):
            assert token == (sample == 8)
            return cycle
    raise AssertionError("nothing came in its place")


@pytest.mark.slow
@pytest.mark.cosim
def test_each_fault_has_the_marker(faulty, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    NET.save("net.spk")
    np.save("x.npy", SAMPLES)
    common = ["run", "net.spk", "--input", "x.npy", "--board", "sim", "--json"]
    done = CliRunner().invoke(app, [*common, "--lockstep", "--report", "r.html"])
    assert done.exit_code == 1, done.output
    found = json.loads(done.stdout)["lockstep"]
    assert (found["where"]["sample"], found["where"]["step"], found["where"]["neuron"][1:]) == (1, 1, [1, 2])
    assert found["command"].endswith("--samples 10 --waves waves --sample 1 --steps 0:3")
    check_page(Path("r.html"), found["where"], found["command"])
    golden = spikeplane.open_board("golden", NET).run(NET.planes(SAMPLES))["conv"]
    for sample, fault in FAULTS.items():
        group, y, x = fault.place
        assert golden[sample, fault.step % STEPS, 8 * group : 8 * group + 8, y, x].any()
        step = fault.step % STEPS
        window = (step, step + 1)
        options = ["--waves", f"{sample}.vcd", "--sample", str(sample), "--steps", "{}:{}".format(*window)]
        done = CliRunner().invoke(app, [*common, *options])
        assert done.exit_code == 1, done.output
        found = json.loads(done.stdout)
        made, path = found["waves"], tmp_path / f"{sample}.vcd"
        assert made["differs"]
        assert found["lockstep"]["samples"] == list(FAULTS)
        assert (times(path)[0], times(path)[-1]) == (10 * made["cycles"][0], 10 * made["cycles"][1] + 5)
        assert made["marker"] == cycle_of(path, sample)
        assert made["cycles"][0] <= made["marker"] <= made["cycles"][1]
        assert marker_of(tmp_path / made["save"]) == 10 * made["marker"]
        assert named_by(tmp_path / made["save"]) <= names_in(path)
        check_edges(path, step)
        path.unlink()


def check_edges(path: Path, step: int) -> None:
    """In the first cycle and in the last one a packet passes, and every part's step is whole: its token is there."""
    sides = [("host", "mesh_o"), ("host", "mesh_i")]
    sides += [(f"core_{x}_{y}", "o_local") for x, y in ((0, 0), (1, 0), (0, 1), (1, 1))]
    ends = []
    for scope, side in sides:
        seen = list(cycles(path, scope, (f"{side}_valid", f"{side}_ready")))
        ends.append([all(seen[at][1].values()) for at in (0, -1)])
    assert all(any(edge) for edge in zip(*ends, strict=True))
    for part in NET.placement.of("conv"):
        tokens = [
            c for c, f in passed(path, "core_{}_{}".format(*part.core), "o_local") if f["kind"] == Kind.TOKEN
        ]
        assert len(tokens) >= 1
