"""NIR files, quantisation, the proof against overflow, and program files."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import nir
import numpy as np
import pytest

import spikeplane
from spikeplane import ChipConfig, Encoding, Program, SpikeplaneError
from spikeplane.compiler.graph import FloatNetwork, FloatNeuron, FloatPopulation, FloatProjection
from spikeplane.compiler.leaks import leak
from spikeplane.compiler.quantise import quantise
from spikeplane.config import preset
from spikeplane.importers import import_model
from spikeplane.network import MEMBRANE, Network, Neuron, Population, Projection
from spikeplane.program.bounds import prove
from spikeplane_sim.golden import FloatModel, GoldenModel

DATA = Path(__file__).parents[2] / "../shared/data/nir"


def float_network(weight: np.ndarray, threshold: float = 1.0, **fields: object) -> FloatNetwork:
    """One fully connected layer."""
    out, into = weight.shape
    neuron = FloatNeuron(**{"threshold": np.full(out, threshold), **fields})  # type: ignore[arg-type]
    return FloatNetwork(
        populations=(
            FloatPopulation(name="in", shape=(into, 1, 1)),
            FloatPopulation(name="out", shape=(out, 1, 1), neuron=neuron),
        ),
        projections=(FloatProjection(source="in", target="out", weight=weight.reshape(out, into, 1, 1)),),
        output="out",
    )


@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize("bits", [1, 2, 4, 8])
def test_exact_where_weights_are(bits: int, strict: bool) -> None:
    """Weights on the grid of their width, thresholds on it too: integers and floats agree in every
    spike, ties included."""
    rng = np.random.default_rng(bits)
    top = max(1, (1 << (bits - 1)) - 1)
    levels = rng.choice([-1, 1], (6, 9)) if bits == 1 else rng.integers(-top, top + 1, (6, 9))
    levels[:, 0] = top
    net = float_network(levels * 0.125, threshold=0.25, strict=strict, reset="soft")
    chip = ChipConfig(weight_bits=bits)
    encoding = Encoding(kind="planes", steps=12)
    network, rows = quantise(net, chip, encoding)
    planes = {"in": rng.integers(0, 2, (5, 12, 9, 1, 1))}
    ours = GoldenModel(network, membrane_bits=chip.membrane_bits, acc_bits=chip.acc_bits).run(planes)["out"]
    np.testing.assert_array_equal(ours, FloatModel(net).run(planes)["out"])
    assert 0.05 < ours.mean() < 0.95
    assert rows[0].error < 1e-9


def test_leaks() -> None:
    def found(decay: float, strict: bool = False, **chip: Any) -> tuple[str, int, str]:
        one = leak(decay, strict=strict, layer="a", config=ChipConfig(**chip))
        return one.kind, one.value, one.rounding

    plain: dict[str, Any] = {"leak_multiplier": False}
    assert found(1.0, **plain) == ("none", 0, "down")
    assert found(0.0, **plain) == ("memoryless", 0, "down")
    chips: list[dict[str, Any]] = [plain, {}, {"membrane_bits": 20}]
    for chip in chips:
        assert found(0.5, **chip) == ("multiply", 32768, "down")
        assert found(0.25, strict=True, **chip) == ("multiply", 16384, "up")
        assert found(0.875, **chip) == ("multiply", 57344, "odd")
    assert found(0.7) == ("multiply", 45876, "odd")  # 45875.2: upwards for >=
    assert found(0.7, strict=True) == ("multiply", 45875, "odd")
    assert found(0.7, membrane_bits=20) == ("multiply", 179 * 256, "odd")
    with pytest.raises(SpikeplaneError) as refused:
        found(0.7, **plain)
    assert str(refused.value) == (
        "layer 'a': a membrane decay of 0.7 needs a chip with leak_multiplier = true, or a decay "
        "of 1/2^k or 1 - 1/2^k, k from 1 to 8"
    )


def test_proof() -> None:
    """The bound is reached by the worst input and by no other; beyond the accumulator it is refused."""
    weight = np.array([[90, -100, 30], [5, 6, -128]]).reshape(2, 3, 1, 1)
    network = Network(
        populations=(
            Population(name="in", shape=(3, 1, 1), value_bits=8),
            Population(
                name="out",
                shape=(2, 1, 1),
                neuron=Neuron(reset="none", kind=MEMBRANE),
                bias=np.array([7, -7]),
            ),
        ),
        projections=(Projection(source="in", target="out", weight=weight),),
        output="out",
    )
    bound = prove(network, ChipConfig())[0]
    assert (bound.low, bound.high, bound.bits) == (-32647, 30607, 16)
    worst = np.stack([np.where(weight[c, :, 0, 0] * sign > 0, 255, 0) for c in range(2) for sign in (1, -1)])
    reached = GoldenModel(network, membrane_bits=24, acc_bits=18).run({"in": worst.reshape(4, 1, 3, 1, 1)})[
        "out"
    ]
    assert (reached.min(), reached.max()) == (bound.low, bound.high)
    with pytest.raises(SpikeplaneError) as refused:
        prove(network, ChipConfig(acc_bits=15))
    assert str(refused.value) == (
        "population 'out': its worst case 30607 exceeds the 15-bit accumulator (16383); use "
        "acc_bits = 16 or smaller weights"
    )


def test_program_file(tmp_path: Path) -> None:
    net = float_network(np.random.default_rng(0).normal(0, 0.3, (20, 30)))
    program = spikeplane.compile(net, chip="tiny", encoding=Encoding(kind="rate", steps=5))
    program.save(tmp_path / "a.spk")
    again = Program.load(tmp_path / "a.spk")
    again.save(tmp_path / "b.spk")
    assert (tmp_path / "a.spk").read_bytes() == (tmp_path / "b.spk").read_bytes()
    planes = {"in": np.random.default_rng(1).integers(0, 2, (2, 5, 30, 1, 1))}
    for one, other in zip(
        *(
            GoldenModel(p.network, membrane_bits=16, acc_bits=18).run(planes).values()
            for p in (program, again)
        ),
        strict=True,
    ):
        np.testing.assert_array_equal(one, other)
    for cut in range(0, 4000, 397):
        (tmp_path / "cut.spk").write_bytes((tmp_path / "a.spk").read_bytes()[:cut])
        with pytest.raises(
            SpikeplaneError, match="is not a Spikeplane program, or is damaged; compile it again"
        ):
            Program.load(tmp_path / "cut.spk")
    with pytest.raises(
        SpikeplaneError, match=f"is for chip {preset('tiny').digest}, not for chip {preset('small').digest}"
    ):
        Program.load(tmp_path / "a.spk", preset("small"))


def test_smallest_preset() -> None:
    weight = np.random.default_rng(0).normal(0, 0.3, (600, 600))
    with pytest.raises(SpikeplaneError, match=r"the smallest preset that holds it is 'medium'$"):
        spikeplane.compile(float_network(weight), chip="tiny", encoding=Encoding(kind="planes", steps=2))


def test_nir_recurrent_is_delayed() -> None:
    rng = np.random.default_rng(2)
    ones = np.ones(4)
    nodes = {
        "input": nir.Input({"input": np.array([3])}),
        "in": nir.Linear(rng.normal(0, 1, (4, 3))),
        "fire": nir.IF(r=ones, v_threshold=ones),
        "loop": nir.Linear(rng.normal(0, 1, (4, 4))),
        "output": nir.Output({"output": np.array([4])}),
    }
    edges = [("input", "in"), ("in", "fire"), ("fire", "loop"), ("loop", "fire"), ("fire", "output")]
    net = import_model(nir.NIRGraph(nodes=nodes, edges=edges))
    assert [(p.source, p.target, p.delay) for p in net.projections] == [
        ("input", "fire", 0),
        ("fire", "fire", 1),
    ]


@pytest.mark.skipif(not DATA.exists(), reason="needs ../shared/data/nir")
def test_nir_trace() -> None:
    """One LIF neuron on a recorded input spikes in the steps of the recorded trace, one step of tolerance."""
    trace = np.loadtxt(DATA / "lif_norse.csv", delimiter=",")
    program = spikeplane.compile(
        DATA / "lif_norse.nir", chip="tiny", encoding=Encoding(kind="planes", steps=1000), dt=1e-4
    )
    planes = {"input": trace[:, :1].astype(np.uint8).reshape(1, 1000, 1, 1, 1)}
    spikes = np.flatnonzero(GoldenModel(program.network, membrane_bits=16, acc_bits=18).run(planes)["1"])
    recorded = np.flatnonzero(trace[:, 2])
    assert len(spikes) == len(recorded) == 4
    assert np.abs(spikes - recorded).max() <= 1


def test_sixteen_bits_saturate() -> None:
    """Driven far up and then far down, a membrane stands at its limits, and leaves them from there:
    nothing wraps or is remembered."""
    net = float_network(np.array([[1.0, -1.0]]), threshold=200.0, reset="none")
    network, _ = quantise(net, ChipConfig(membrane_bits=16), Encoding(kind="planes", steps=1500))
    step = int(network.projections[0].weight.ravel()[0])
    assert step > 100
    out = replace(network.populations[1], neuron=Neuron(reset="none", kind=MEMBRANE))
    network = replace(network, populations=(network.populations[0], out))
    planes = np.zeros((1, 1500, 2, 1, 1), dtype=int)
    planes[:, :500, 0], planes[:, 500:, 1] = 1, 1
    values = GoldenModel(network, membrane_bits=16, acc_bits=18).run({"in": planes})["out"].ravel()
    expected, v = [], 0
    for t in range(1500):
        v = min(max(v + (step if t < 500 else -step), -32768), 32767)
        expected.append(v)
    assert (expected[499], expected[-1]) == (32767, -32768)
    np.testing.assert_array_equal(values, expected)
