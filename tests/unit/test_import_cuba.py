"""Neurons with a synaptic current, from NIR, as two populations: spikes against a recursion in plain numbers; and
leaks that are exponentials."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import nir
import numpy as np
import pytest
from frameworks import equal, outputs, planes

import spikeplane
from spikeplane import Encoding, SpikeplaneError
from spikeplane.compiler.quantise import _parts
from spikeplane.config import preset
from spikeplane.float_network import FloatProjection
from spikeplane.importers import import_model
from spikeplane.network import Population
from spikeplane_sim.golden import FloatModel

DATA = Path(__file__).parents[2].parent / "shared/data/nir"
DT = 1e-4
WEIGHT = np.random.default_rng(1).normal(0.3, 0.8, (4, 5))
BACK = np.random.default_rng(2).normal(0.1, 0.9, (4, 4))
THETA = np.array([0.3, 0.5, 0.8, 1.1])
VALUES = replace(preset("tiny"), max_shift=15)


def one(value: float, shape: Any = 4) -> np.ndarray:
    return np.full(shape, value)


def cuba(leak: float = 0.0, rest: float = 0.0) -> nir.CubaLIF:
    return nir.CubaLIF(
        tau_syn=one(3 * DT),
        tau_mem=one(5 * DT),
        r=one(4.0),
        v_leak=one(leak),
        v_threshold=THETA,
        v_reset=one(rest),
        w_in=one(2.0),
    )


def graph(node: Any, *, back: bool) -> nir.NIRGraph:
    nodes = {
        "input": nir.Input({"input": np.array([5])}),
        "fc": nir.Linear(WEIGHT),
        "cell": node,
        "back": nir.Linear(BACK),
        "output": nir.Output({"output": np.array([4])}),
    }
    edges = [("input", "fc"), ("fc", "cell"), ("cell", "output"), ("cell", "back"), ("back", "cell")]
    if not back:
        del nodes["back"]
        edges = edges[:3]
    return nir.NIRGraph(nodes, edges, type_check=False)


def recursion(
    inputs: np.ndarray, reset: str, *, leak: float, rest: float, back: bool, exponential: bool
) -> np.ndarray:
    """Spikes (T, 4) of one sample, number by number: the current first, and the membrane takes what it is then."""
    syn, mem = DT / (3 * DT), DT / (5 * DT)
    keep_syn, keep_mem = (np.exp(-syn), np.exp(-mem)) if exponential else (1 - syn, 1 - mem)
    current, v, owed = np.zeros(4), np.full(4, rest if reset == "hard" else 0.0), np.zeros(4)
    fired, out = np.zeros(4), []
    for x in inputs.reshape(len(inputs), 5):
        drive = WEIGHT @ x + (BACK @ fired if back else 0)
        current = keep_syn * current + syn * 2.0 * drive
        v = keep_mem * v + (1 - keep_mem) * leak + mem * 4.0 * current - owed
        fired = (v > THETA).astype(float)
        out.append(fired)
        v = {"hard": np.where(fired > 0, rest, v), "soft": v - fired * THETA}.get(reset, v)
        owed = fired * THETA if reset == "delayed" else 0 * owed
    return np.array(out)


@pytest.mark.parametrize("reset", ["hard", "soft", "delayed", "none"])
@pytest.mark.parametrize(("leak", "rest", "back"), [(0.0, 0.0, False), (0.1, -0.2, False), (0.0, 0.0, True)])
@pytest.mark.parametrize("discretisation", [None, "euler", "exponential"])
def test_spikes(reset: str, leak: float, rest: float, back: bool, discretisation: str | None) -> None:
    inputs = planes((5, 1, 1))
    exponential = discretisation == "exponential"
    ours = outputs(
        graph(cuba(leak, rest), back=back), inputs, dt=DT, reset=reset, discretisation=discretisation
    )
    expected = [recursion(x, reset, leak=leak, rest=rest, back=back, exponential=exponential) for x in inputs]
    equal(ours, np.array(expected))


def test_the_current_is_a_population() -> None:
    net = import_model(graph(cuba(), back=True), dt=DT)
    assert [p.name for p in net.populations] == ["input", "cell.syn", "cell"]
    assert {(p.source, p.target, p.delay) for p in net.projections} == {
        ("input", "cell.syn", 0), ("cell", "cell.syn", 1), ("cell.syn", "cell", 0)
    }  # fmt: skip
    assert net.readout == "count"


def test_synaptic_integrator_is_read_out_as_its_membrane() -> None:
    node = nir.CubaLI(tau_syn=one(3 * DT), tau_mem=one(5 * DT), r=one(4.0), v_leak=one(0.25), w_in=one(2.0))
    model = graph(node, back=False)
    model.nodes["spikes"] = nir.Threshold(one(0.5, 5))
    model.edges = [("input", "spikes"), ("spikes", "fc"), *model.edges[1:]]
    net = import_model(model, dt=DT)
    assert (net.output, net.readout) == ("cell", "last")
    inputs = planes((5, 1, 1))
    ours = FloatModel(net).run({"input": inputs})["cell"][0, :, :, 0, 0]
    current, v = np.zeros(4), np.zeros(4)
    for x, found in zip(inputs[0].reshape(len(inputs[0]), 5), ours, strict=True):
        current = 2 / 3 * current + 2 / 3 * (WEIGHT @ x)
        v = 0.8 * v + 0.2 * (0.25 + 4.0 * current)
        np.testing.assert_allclose(found, v, rtol=0, atol=1e-12)


def compiled(node: Any, **options: Any) -> spikeplane.Program:
    encoding = Encoding(kind="planes", steps=40)
    return spikeplane.compile(graph(node, back=True), chip=VALUES, dt=DT, encoding=encoding, **options)


def test_proved_and_close_in_integers() -> None:
    program = compiled(cuba())
    rows = {row["population"]: row for row in program.tables["agreement"]}
    assert rows["cell"]["differences"] == rows["cell.syn"]["differences"] == 0
    assert rows["cell"]["compared"] > 1000
    assert 0.05 < rows["cell"]["rate_float"] < 0.95
    assert rows["cell"]["free"] > 97


def test_a_wrong_current_does_not_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    """The membrane would take the current of the step before."""
    from spikeplane_sim.proof import nir_nodes

    def late(self: Any, v: Any, x: Any) -> Any:
        before = 0 * x if self.current is None else self.current
        self.current = before + self.step("tau_syn", -before, self.field("w_in", x) * x)
        return self.step("tau_mem", self.field("v_leak", x) - v, self.field("r", x) * before)

    monkeypatch.setattr(nir_nodes._Cuba, "slope", late)
    with pytest.raises(SpikeplaneError, match="layer 'cell' is not what the model computes"):
        compiled(cuba())


def test_a_chip_of_a_short_shifter_sends_fewer_planes() -> None:
    chip = replace(preset("tiny"), max_shift=7)
    program = spikeplane.compile(
        graph(cuba(), back=False), chip=chip, dt=DT, encoding=Encoding(kind="planes")
    )
    neuron = program.network.population("cell.syn").neuron
    assert neuron is not None
    assert 1 < (neuron.planes or chip.membrane_bits) <= 8


def test_time_constants_below_a_step() -> None:
    node = cuba()
    node.tau_syn = one(0.5 * DT)
    message = "layer 'cell': its tau_syn of 5e-05 s is less than a step of 0.0001 s"
    with pytest.raises(SpikeplaneError, match=message):
        import_model(graph(node, back=False), dt=DT)
    net = import_model(graph(node, back=False), dt=DT, discretisation="exponential")
    assert net.populations[1].neuron is not None
    assert net.populations[1].neuron.decay == pytest.approx(np.exp(-2))


def test_discretisation_is_one_of_two() -> None:
    with pytest.raises(SpikeplaneError, match="discretisation must be euler or exponential, not 'exact'"):
        import_model(graph(cuba(), back=False), discretisation="exact")


@pytest.mark.skipif(not DATA.exists(), reason="needs ../shared/data/nir")
@pytest.mark.parametrize(
    ("discretisation", "steps"), [("euler", [460, 510, 710, 760]), ("exponential", [450, 500, 710, 760])]
)
def test_published_spike_times(discretisation: str, steps: list[int]) -> None:
    """Of one neuron: norse and snnTorch by Euler, sinabs and rockpool by exponentials."""
    spikes = np.loadtxt(DATA / "lif_norse.csv", delimiter=",")[:, 0].reshape(1, -1, 1, 1, 1)
    net = import_model(DATA / "lif_norse.nir", dt=DT, discretisation=discretisation)
    assert np.flatnonzero(FloatModel(net).run({"input": spikes})[net.output]).tolist() == steps


@pytest.mark.skipif(not DATA.exists(), reason="needs ../shared/data/nir")
@pytest.mark.parametrize("name", ["braille_noDelay_bias_zero", "braille_noDelay_noBias_subtract"])
def test_published_recurrent_networks_compile(name: str) -> None:
    encoding = Encoding(kind="planes", steps=16)
    program = spikeplane.compile(DATA / f"{name}.nir", chip="small", dt=DT, encoding=encoding)
    rows = program.tables["agreement"]
    assert [row["differences"] for row in rows] == [0] * 4
    widths = {row["population"]: row["weight_bits"] for row in program.tables["quantisation"]}
    assert widths == {"lif1.lif.syn": 15, "lif1.lif": 8, "lif2.syn": 15, "lif2": 8}


@pytest.mark.parametrize(
    ("chip", "bits", "told"),
    [
        ("small", None, ["16-bit membranes, 16-bit leak factors"]),
        ("small", 8, ["8-bit weights, 16-bit membranes, 16-bit leak factors"]),
        (preset("large"), None, []),
        (replace(preset("large"), membrane_bits=20), None, ["20-bit membranes, 8-bit leak factors"]),
        ("auto", None, []),
        ("auto", 8, ["8-bit weights"]),
    ],
)
@pytest.mark.parametrize("back", [True, False])
def test_rounding_that_comes_back_is_told(chip: Any, bits: int | None, told: list[str], back: bool) -> None:
    """Wide membranes come first where spikes come back to synaptic currents; narrow ones are told there alone."""
    program = spikeplane.compile(
        graph(cuba(), back=back),
        chip=chip,
        weight_bits=bits,
        encoding=Encoding(kind="planes", steps=16),
        proof=False,
    )
    rows = [row for row in program.tables["assumptions"] if row["what"] == "rounding"]
    assert [row["value"] for row in rows] == (told if back else [])
    if chip == "auto":
        assert program.config.membrane_bits == (18 if back else 16)


@pytest.mark.parametrize(
    ("bits", "message"),
    [(16, "weight bits must be 2, 4 or 8 and at most the chip's 8, or 15 in two parts, not 16"), (15, None)],
)
def test_weights_of_two_parts(bits: int, message: str | None) -> None:
    """w = high * 128 + low: the two projections together are the integers of 15 bits."""
    if message:
        with pytest.raises(SpikeplaneError, match=message):
            compiled(cuba(), weight_bits={"cell.syn": bits}, proof=False)
        return
    program = compiled(cuba(), weight_bits={"cell.syn": bits}, proof=False)
    high, low = (p for p in program.network.incoming("cell.syn") if p.source == "input")
    assert high.pre_shift == low.pre_shift + 7
    assert max(np.abs(high.weight).max(), np.abs(low.weight).max()) <= 128
    whole = (high.weight << 7) + low.weight
    assert program.source is not None
    (real,) = (p for p in program.source.network.incoming("cell.syn") if p.source == "input")
    step = np.abs(whole).max((1, 2, 3)) / np.abs(real.weight).max((1, 2, 3))
    assert step.min() > 0
    np.testing.assert_allclose(whole, real.weight * step[:, None, None, None], atol=1.5)
    assert np.abs(whole).max() > 1000


def test_the_largest_weight_of_two_parts() -> None:
    """16,383 would round to 128 * 128; both of its parts are words of 8 bits."""
    weight = np.full((1, 1, 1, 1), 16383)
    projection = FloatProjection(source="a", target="b", weight=weight)
    source = Population(name="a", shape=(1, 1, 1))
    high, low = _parts(projection, weight, 0, -7, source, preset("small"))
    assert (int(high.weight.item()), high.pre_shift, int(low.weight.item())) == (127, 7, 127)
