"""The interpreter of NIR graphs that imports are proved with: recursions against plain Python, and
graphs with cycles and choices."""

# the frameworks annotate their layers and parameters loosely:
# pyright: reportArgumentType=false

from typing import Any

import nir
import numpy as np
import pytest
import torch
from proved_models import PLANES, compiled, refused

from spikeplane import SpikeplaneError
from spikeplane.importers import nir_neurons
from spikeplane.importers.assemble import Assembler
from spikeplane_sim.proof.nir_nodes import Decisions, make_node

DT = 1e-3


def parameters(**more: float) -> dict[str, np.ndarray]:
    return {name: np.full(3, value) for name, value in more.items()}


def stepped(node: Any, decisions: Decisions, inputs: np.ndarray) -> np.ndarray:
    run = make_node("n", node, decisions)
    return np.array([run(torch.as_tensor(x)[None])[0].numpy() for x in inputs])


def by_hand(
    decisions: Decisions, inputs: np.ndarray, slope: Any, threshold: float | None, rest: float = 0.0
) -> np.ndarray:
    """One neuron after the other, one number after the other; slope(v, x, state) is dt dv/dt."""
    outputs = np.zeros_like(inputs)
    for n in range(inputs.shape[1]):
        v, owed, state = (rest if decisions.reset == "hard" and threshold is not None else 0.0), 0.0, {}
        for t in range(len(inputs)):
            v = v + slope(v, inputs[t, n], state) - owed
            owed = 0.0
            if threshold is None:
                outputs[t, n] = v
                continue
            fired = v > threshold if decisions.compare == ">" else v >= threshold
            outputs[t, n] = fired
            if fired:
                v = {"hard": rest, "soft": v - threshold, "none": v, "delayed": v}[decisions.reset]
                owed = threshold if decisions.reset == "delayed" else 0.0
    return outputs


def inputs(levels: tuple[float, ...] = (0.0, 1.0, 2.0)) -> np.ndarray:
    return np.random.default_rng(0).choice(levels, (60, 3))


@pytest.mark.parametrize("reset", ["hard", "soft", "none", "delayed"])
@pytest.mark.parametrize("compare", [">", ">="])
def test_lif(reset: str, compare: str) -> None:
    node = nir.LIF(**parameters(tau=8e-3, r=1.5, v_leak=0.25, v_threshold=1.0, v_reset=-0.5))
    choices = Decisions(dt=DT, reset=reset, compare=compare)
    expected = by_hand(choices, inputs(), lambda v, x, _: DT / 8e-3 * (0.25 - v + 1.5 * x), 1.0, -0.5)
    np.testing.assert_array_equal(stepped(node, choices, inputs()), expected)
    assert 0.05 < expected.mean() < 0.95


def test_comparisons_differ_at_the_threshold() -> None:
    node = nir.IF(**parameters(r=0.5, v_threshold=1.0))
    ones = np.ones((12, 3))
    strict, equal = (
        stepped(node, Decisions(reset="soft", compare=c, if_gain="step"), ones)[:, 0] for c in (">", ">=")
    )
    assert strict.tolist() == [0, 0, 1] + [0, 1] * 4 + [0]
    assert equal.tolist() == [0, 1] * 6


@pytest.mark.parametrize(("r", "kind", "gain"), [
    (0.3, None, 0.3), (1 / DT, None, 1.0), (0.6 / DT, None, 0.6), (3 / DT, None, 3 / DT), (1 / DT, "step", 1 / DT), (0.3, "dt", 0.3 * DT),
])  # fmt: skip
def test_if_gain(r: float, kind: str | None, gain: float) -> None:
    """Charge a step, or charge per time: where r * dt is 0.5 to 2, per time, unless said."""
    for node, threshold in (
        (nir.IF(**parameters(r=r, v_threshold=gain * 2.5)), gain * 2.5),
        (nir.I(**parameters(r=r)), None),
    ):
        choices = Decisions(dt=DT, if_gain=kind)
        expected = by_hand(choices, inputs(), lambda v, x, _: gain * x, threshold)
        np.testing.assert_allclose(stepped(node, choices, inputs()), expected, rtol=1e-12)
        assert expected.any()


def test_integrators() -> None:
    node = nir.LI(**parameters(tau=5e-3, r=2.0, v_leak=-0.5))
    expected = by_hand(Decisions(dt=DT), inputs(), lambda v, x, _: DT / 5e-3 * (-0.5 - v + 2.0 * x), None)
    np.testing.assert_allclose(stepped(node, Decisions(dt=DT), inputs()), expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("fires", [True, False])
def test_synaptic_currents(fires: bool) -> None:
    fields = parameters(tau_syn=4e-3, tau_mem=6e-3, r=2.0, v_leak=0.1, w_in=1.5)

    def slope(v: float, x: float, state: dict) -> float:
        state["i"] = state.get("i", 0.0) + DT / 4e-3 * (1.5 * x - state.get("i", 0.0))
        return DT / 6e-3 * (0.1 - v + 2.0 * state["i"])

    node = nir.CubaLIF(**fields, **parameters(v_threshold=1.0)) if fires else nir.CubaLI(**fields)
    expected = by_hand(Decisions(dt=DT), inputs(), slope, 1.0 if fires else None)
    np.testing.assert_allclose(stepped(node, Decisions(dt=DT), inputs()), expected, rtol=0, atol=1e-12)
    assert expected.any()


def test_delays_thresholds_and_scales() -> None:
    data = inputs()
    np.testing.assert_array_equal(
        stepped(nir.Delay(np.full(3, 2 * DT)), Decisions(dt=DT), data), [*np.zeros((2, 3)), *data[:-2]]
    )
    np.testing.assert_array_equal(
        stepped(nir.Threshold(np.array([0.5, 1.0, 3.0])), Decisions(), data), data > [0.5, 1.0, 3.0]
    )
    np.testing.assert_array_equal(
        stepped(nir.Scale(np.array([2.0, -1.0, 0.5])), Decisions(), data), data * [2.0, -1.0, 0.5]
    )


def test_pixels() -> None:
    """Convolution with stride, padding, dilation and groups, and pooling, against sums over
    explicit windows."""
    rng = np.random.default_rng(1)
    image, weight, bias = rng.normal(size=(4, 7, 8)), rng.normal(size=(6, 2, 3, 2)), rng.normal(size=6)
    node = nir.Conv2d(
        input_shape=(7, 8), weight=weight, stride=(2, 1), padding=(1, 2), dilation=(1, 2), groups=2, bias=bias
    )
    padded = np.pad(image, ((0, 0), (1, 1), (2, 2)))
    expected = np.zeros((6, 4, 10))
    for o, y, x in np.ndindex(*expected.shape):
        into = padded[2 * (o // 3) : 2 * (o // 3) + 2]
        expected[o, y, x] = bias[o] + sum(
            weight[o, :, i, j] @ into[:, 2 * y + i, x + 2 * j] for i in range(3) for j in range(2)
        )
    np.testing.assert_allclose(stepped(node, Decisions(), image[None])[0], expected, atol=1e-12)
    for kind, part in ((nir.SumPool2d, 1.0), (nir.AvgPool2d, 1 / 6)):
        pool = kind(kernel_size=np.array((3, 2)), stride=np.array((3, 2)), padding=np.array((0, 0)))
        sums = image[:, :6].reshape(4, 2, 3, 4, 2).sum((2, 4))
        np.testing.assert_allclose(stepped(pool, Decisions(), image[None])[0], sums * part, atol=1e-12)


def test_unknown_nodes() -> None:
    with pytest.raises(SpikeplaneError) as refusal:
        make_node("n", nir.Output({"output": np.array([3])}), Decisions())
    assert str(refusal.value) == (
        "NIR node 'n' is a Output, which the proof of the import does not know; compile with "
        "--no-proof (proof=False)"
    )


def recurrent() -> nir.NIRGraph:
    """Two layers that feed themselves, and the second the first."""
    rng = np.random.default_rng(5)
    nodes: dict[str, Any] = {
        "input": nir.Input({"input": np.array([6])}),
        "output": nir.Output({"output": np.array([5])}),
    }
    for name, shape in (
        ("in", (8, 6)),
        ("loop", (8, 8)),
        ("on", (5, 8)),
        ("loop2", (5, 5)),
        ("back", (8, 5)),
    ):
        nodes[name] = nir.Affine(rng.normal(0.05, 0.5, shape), rng.normal(0, 0.1, shape[0]))
    for name, size in (("a", 8), ("b", 5)):
        nodes[name] = nir.LIF(
            **{
                k: np.full(size, v)
                for k, v in {"tau": 4e-4, "r": 4.0, "v_leak": 0.0, "v_threshold": 1.0}.items()
            }
        )
    edges = [
        ("input", "in"),
        ("in", "a"),
        ("a", "loop"),
        ("loop", "a"),
        ("a", "on"),
        ("on", "b"),
        ("b", "loop2"),
        ("loop2", "b"),
        ("b", "back"),
        ("back", "a"),
        ("b", "output"),
    ]
    return nir.NIRGraph(nodes=nodes, edges=edges, type_check=False)


def test_cycles() -> None:
    program = compiled(recurrent(), shape=None)
    rows = program.tables["agreement"]
    assert [row["differences"] for row in rows] == [0, 0]
    assert all(0.05 < row["rate_float"] < 0.95 for row in rows)
    assert sum(p.delay for p in program.network.projections) == 3


@pytest.mark.parametrize("late", ["loop", "loop2", "back"])
def test_faults_in_cycles(monkeypatch: pytest.MonkeyPatch, late: str) -> None:
    right = Assembler.linear

    def wrong(self: Assembler, layer: str, value: Any, weight: np.ndarray, bias: Any) -> Any:
        return right(self, layer, value, np.roll(weight, 1, 1) if layer == late else weight, bias)

    monkeypatch.setattr(Assembler, "linear", wrong)
    layer = "b" if late == "loop2" else "a"
    assert refused(recurrent(), shape=None).startswith(f"layer '{layer}' is not what the model computes: ")


@pytest.mark.parametrize(
    "given", [{"dt": 2e-4}, {"reset": "soft"}, {"reset": "delayed"}, {"compare": ">="}, {"reset": "none"}]
)
def test_what_is_given_reaches_both(given: dict) -> None:
    rows = compiled(recurrent(), shape=None, **given).tables["agreement"]
    assert [row["differences"] for row in rows] == [0, 0]


def test_another_dt_is_another_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nir_neurons, "DT", 1.1e-4)
    assert refused(recurrent(), shape=None).startswith("layer 'a' is not what the model computes: ")


def test_readouts() -> None:
    """A leaky integrator, and a last layer without neurons."""
    graph = recurrent()
    del graph.nodes["loop2"], graph.nodes["back"]
    graph.nodes["b"] = nir.LI(**{k: np.full(5, v) for k, v in {"tau": 4e-4, "r": 4.0, "v_leak": 0.1}.items()})
    graph.edges = [
        e for e in graph.edges if e not in (("b", "loop2"), ("loop2", "b"), ("b", "back"), ("back", "a"))
    ]
    rows = compiled(graph, PLANES, shape=None).tables["agreement"]
    assert [(row["population"], row["differences"], row["given"]) for row in rows][1] == ("b", 0, None)
    del graph.nodes["b"], graph.nodes["loop"]
    graph.edges = [("input", "in"), ("in", "a"), ("a", "on"), ("on", "output")]
    rows = compiled(graph, PLANES, shape=None).tables["agreement"]
    assert [(row["population"], row["differences"]) for row in rows] == [("a", 0), ("readout", 0)]
