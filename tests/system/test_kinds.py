"""A kind of projection, or of neuron, is a file beside the others, its golden rule another, and a row in each of two
lists: a dummy kind is compiled, kept, estimated, reported, and runs on the chip, without an edit elsewhere."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from grouped import Grouped, GroupedRule, whole
from networks import random_network
from reference import reference

import spikeplane
from spikeplane import Encoding, SpikeplaneError
from spikeplane.config import preset
from spikeplane.estimate import counts, forward
from spikeplane.estimate.activity import assumed
from spikeplane.estimate.work import plan
from spikeplane.float_network import FloatNetwork, FloatNeuron, FloatPopulation, FloatProjection
from spikeplane.network import DENSE, KINDS, NEURONS, Neuron
from spikeplane.network.neurons.membrane import Membrane
from spikeplane.program import Program
from spikeplane.program.file import to_bytes
from spikeplane.run.report.page import write_run
from spikeplane.run.report.synapses import synapse_count
from spikeplane_sim.golden import FloatModel, GoldenModel
from spikeplane_sim.golden.neurons import NEURON_RULES
from spikeplane_sim.golden.neurons.membrane import Membrane as MembraneRule
from spikeplane_sim.golden.projections import RULES

ROOT = Path(__file__).parents[2]
GROUPED = Grouped()
FOLDERS = ("sw", "sim", "gateware", "hw")


@pytest.fixture
def registered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(KINDS, GROUPED.tag, GROUPED)
    monkeypatch.setitem(RULES, GROUPED.tag, GroupedRule())


def float_network() -> FloatNetwork:
    """12 channels to 12 in 3 groups over 2 parts of lanes, with stride, padding and pooling, then a readout."""
    rng = np.random.default_rng(6)
    return FloatNetwork(
        populations=(
            FloatPopulation(name="in", shape=(12, 6, 6)),
            FloatPopulation(
                name="mid", shape=(12, 2, 2), neuron=FloatNeuron(decay=0.5, threshold=np.full(12, 0.4))
            ),
            FloatPopulation(name="out", shape=(3, 1, 1), neuron=FloatNeuron(threshold=np.ones(3))),
        ),
        projections=(
            FloatProjection(
                source="in", target="mid", weight=rng.normal(0.1, 0.2, (12, 4, 3, 2)), kind=GROUPED,
                stride=(2, 1), padding=(1, 0), pool=(2, 2),
            ),
            FloatProjection(source="mid", target="out", weight=rng.normal(0.1, 0.3, (3, 12, 2, 2))),
        ),
        output="out",
    )  # fmt: skip


def compiled(network: FloatNetwork) -> Program:
    encoding = Encoding(kind="planes", steps=5)
    return spikeplane.compile(network, chip="tiny", encoding=encoding, probes=["mid", "out"])


def as_dense(program: Program) -> Program:
    """The same synapses, of a kind that there is."""
    first, *others = program.network.projections
    first = replace(first, kind=DENSE, weight=whole(first.weight, 12))
    return replace(program, network=replace(program.network, projections=(first, *others)))


@pytest.mark.usefixtures("registered")
def test_a_new_kind_runs_on_the_chip() -> None:
    program = compiled(float_network())
    samples = np.random.default_rng(8).random((4, 5, 12, 6, 6)) < 0.3
    with spikeplane.open_board("sim", program) as board:
        result = spikeplane.execute(program, board, samples.astype(np.uint8), lockstep=True)
    assert result.comparison is not None
    assert result.comparison.mismatches == 0
    assert result.comparison.spikes > 100


@pytest.mark.usefixtures("registered")
def test_its_golden_rule_is_that_of_its_synapses() -> None:
    program = compiled(float_network())
    network, planes = program.network, {"in": np.random.default_rng(9).integers(0, 2, (3, 5, 12, 6, 6))}
    widths = {"membrane_bits": program.config.membrane_bits, "acc_bits": program.config.acc_bits}
    expected = reference(as_dense(program).network, planes, **widths).outputs
    golden = GoldenModel(network, membrane_bits=widths["membrane_bits"], acc_bits=widths["acc_bits"]).run(
        planes
    )
    rough = forward.outputs(network, planes, widths["membrane_bits"])
    assert expected["mid"].any()
    assert not expected["mid"].all()
    for name, values in expected.items():
        assert np.array_equal(golden[name], values)
        assert np.array_equal(rough[name], values)
    columns, weight = torch.rand(2, 12 * 6, 5), torch.rand(12, 4, 3, 2)
    dense = torch.as_tensor(whole(weight.numpy(), 12)).flatten(1) @ columns
    assert torch.allclose(GroupedRule().explicit(columns, weight), dense)


@pytest.mark.usefixtures("registered")
def test_it_is_quantised_as_its_synapses_are() -> None:
    network = float_network()
    first, *others = network.projections
    dense = replace(first, kind=DENSE, weight=whole(np.asarray(first.weight), 12))
    ours, theirs = compiled(network), compiled(replace(network, projections=(dense, *others)))
    assert ours.tables["bounds"] == theirs.tables["bounds"]
    assert ours.image.words == theirs.image.words
    planes = {"in": np.random.default_rng(4).integers(0, 2, (2, 5, 12, 6, 6))}
    outputs = FloatModel(network).run(planes)
    other = FloatModel(replace(network, projections=(dense, *others))).run(planes)
    assert np.array_equal(outputs["mid"], other["mid"])
    assert outputs["mid"].any()


@pytest.mark.usefixtures("registered")
def test_it_is_kept_estimated_and_reported(tmp_path: Path) -> None:
    program = compiled(float_network())
    program.save(tmp_path / "net.spk")
    loaded = Program.load(tmp_path / "net.spk")
    assert loaded.network.projections[0].kind == GROUPED
    assert loaded.source is not None
    assert loaded.source.network.projections[0].kind == GROUPED
    assert to_bytes(loaded) == to_bytes(program)
    dense = as_dense(program)
    ours, theirs = (assumed(p.network, p.config, 0.2) for p in (program, dense))
    mine, other = (counts.count(p, a, plan(p, a)) for p, a in ((program, ours), (dense, theirs)))
    assert mine.words == other.words > 0
    assert mine.synaptic < other.synaptic
    first = program.network.projections[0]
    assert 3 * synapse_count(program.network, first) == synapse_count(
        dense.network, dense.network.projections[0]
    )


class Stream(Membrane):
    """A dummy kind of neuron: membranes that are sent on, by a name of their own."""

    tag = "stream"
    stored = "kind", "stream"
    title = "stream"


class StreamRule(MembraneRule):
    """Its golden rule."""


def test_a_new_kind_of_neuron_runs_on_the_chip(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(NEURONS, "stream", Stream())
    monkeypatch.setitem(NEURON_RULES, "stream", StreamRule())
    rng = np.random.default_rng(2)
    first = FloatPopulation(name="in", shape=(10, 2, 2))
    readout = FloatPopulation(name="out", shape=(9, 1, 1), neuron=FloatNeuron(reset="none", kind=Stream()))
    synapses = FloatProjection(source="in", target="out", weight=rng.normal(0, 0.3, (9, 10, 2, 2)))
    network = FloatNetwork(
        populations=(first, readout), projections=(synapses,), output="out", readout="last"
    )
    program = spikeplane.compile(network, chip="tiny", encoding=Encoding(kind="planes", steps=4))
    program.save(tmp_path / "net.spk")
    loaded = Program.load(tmp_path / "net.spk")
    assert loaded.network.populations[1].neuron == Neuron(reset="none", kind=Stream())
    assert to_bytes(loaded) == to_bytes(program)
    samples = (rng.random((3, 4, 10, 2, 2)) < 0.4).astype(np.uint8)
    with spikeplane.open_board("sim", loaded) as board:
        result = spikeplane.execute(loaded, board, samples, lockstep=True)
    assert result.comparison is not None
    assert result.comparison.mismatches == 0
    assert result.comparison.spikes > 50
    write_run(tmp_path / "report.html", loaded, result, {"board": "sim"}, None)
    assert '"kind":"stream"' in (tmp_path / "report.html").read_text()


def test_a_kind_that_is_not_there_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with monkeypatch.context() as there:
        there.setitem(KINDS, GROUPED.tag, GROUPED)
        there.setitem(RULES, GROUPED.tag, GroupedRule())
        compiled(float_network()).save(tmp_path / "net.spk")
    with pytest.raises(SpikeplaneError, match="projection 0 must have the fields aligned, delay, "):
        Program.load(tmp_path / "net.spk")
    monkeypatch.setitem(
        KINDS, "other", type("Other", (Grouped,), {"tag": "other", "stored": ("kind", "other")})()
    )
    refusal = "projection 0, kind must be one of other, not 'grouped'"
    with pytest.raises(SpikeplaneError, match=refusal):
        Program.load(tmp_path / "net.spk")


@pytest.mark.usefixtures("registered")
def test_weights_that_connect_nothing_are_refused() -> None:
    network = float_network()
    first, *others = network.projections
    wrong = replace(first, weight=np.ones((12, 5, 3, 2)))
    with pytest.raises(SpikeplaneError, match="do not connect 12x6x6 to 12x2x2, group by group"):
        compiled(replace(network, projections=(wrong, *others)))


def test_every_kind_has_a_rule() -> None:
    assert set(KINDS) == set(RULES)
    assert set(NEURONS) == set(NEURON_RULES)
    for kinds in (KINDS, NEURONS):
        assert len({kind.stored for kind in kinds.values()}) == len(kinds)
    network, _ = random_network(3, preset("small"))
    assert all(KINDS[p.kind.tag] is p.kind for p in network.projections)


def test_no_kind_is_asked_for_by_name_elsewhere() -> None:
    """What depends on the kind is asked of it: the importers alone say which one they make."""
    asked = re.compile(
        r"\.kind (is|is not|==|!=) (DENSE|ALIGNED|SPIKING|MEMBRANE)|isinstance\(.*\b(Dense|Aligned|Spiking|Membrane)\)|kind\.tag =="
    )
    for folder in FOLDERS:
        for path in (ROOT / folder).rglob("*.py"):
            assert not asked.search(path.read_text()), path


@pytest.mark.parametrize("family", ["projections", "neurons"])
def test_a_kind_is_imported_by_two_lists_alone(family: str) -> None:
    """The existing files that a new kind edits."""
    sources = {
        path.relative_to(ROOT): path.read_text()
        for folder in FOLDERS
        for path in (ROOT / folder).rglob("*.py")
    }
    lists = {
        Path("sw/spikeplane/network", family, "__init__.py"),
        Path("sim/spikeplane_sim/golden", family, "__init__.py"),
    }
    kinds = {path.stem for path in (ROOT / "sw/spikeplane/network" / family).glob("*.py")} - {
        "__init__",
        "kind",
    }
    assert len(kinds) >= 2
    for kind in kinds:
        assert {path for path, text in sources.items() if f"{family}.{kind} import" in text} == lists
