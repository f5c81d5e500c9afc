"""NIR graphs as the float network, against plain Euler recursions of NIR's equations."""

from pathlib import Path
from typing import Any

import nir
import numpy as np
import pytest
from frameworks import STEPS, equal, outputs, planes

import spikeplane
from spikeplane import Encoding, SpikeplaneError
from spikeplane.importers import import_model
from spikeplane_sim.golden import FloatModel

DATA = Path(__file__).parents[2].parent / "shared/data/nir"
DT = 1e-4


def one(shape: Any, value: float) -> np.ndarray:
    return np.full(shape, value)


def chain(*nodes: Any, inputs: int = 5, extra: tuple = ()) -> nir.NIRGraph:
    """Input, the nodes n0, n1, ... in a row, output."""
    named = {f"n{i}": node for i, node in enumerate(nodes)}
    names = ["input", *named, "output"]
    ends = {
        "input": nir.Input({"input": np.array([inputs])}),
        "output": nir.Output({"output": np.array([4])}),
    }
    return nir.NIRGraph(
        nodes={**ends, **named}, edges=[*zip(names, names[1:], strict=False), *extra], type_check=False
    )


WEIGHT = np.random.default_rng(1).normal(0.2, 0.5, (4, 5))
BACK = np.random.default_rng(2).normal(0.1, 0.6, (4, 4))
THETA = np.array([0.3, 0.5, 0.8, 1.1])


def euler(
    kind: str,
    inputs: np.ndarray,
    *,
    gain: float = 1.0,
    tau: float = 3 * DT,
    leak: float = 0.0,
    rest: float = 0.0,
    reset: str = "hard",
    back: np.ndarray | None = None,
) -> np.ndarray:
    """Spikes (N, T, 4) of one layer behind WEIGHT, or its membranes for reset "read"."""
    batch, steps = inputs.shape[:2]
    v, fired, owed = (
        np.full((batch, 4), rest if reset == "hard" else 0.0),
        np.zeros((batch, 4)),
        np.zeros((batch, 4)),
    )
    out = np.zeros((batch, steps, 4))
    for t in range(steps):
        current = inputs[:, t].reshape(batch, -1) @ WEIGHT.T + (0 if back is None else fired @ back.T)
        v = v + (gain * current if kind == "IF" else DT / tau * ((leak - v) + gain * current)) - owed
        fired = (v > THETA).astype(float)
        out[:, t] = v if reset == "read" else fired
        if reset == "hard":
            v = np.where(fired > 0, rest, v)
        elif reset == "soft":
            v = v - fired * THETA
        owed = fired * THETA if reset == "delayed" else 0 * owed
    return out


def lif(tau: float = 3 * DT, r: float = 2.0, leak: float = 0.0, rest: float = 0.0) -> nir.LIF:
    return nir.LIF(tau=one(4, tau), r=one(4, r), v_leak=one(4, leak), v_threshold=THETA, v_reset=one(4, rest))


@pytest.mark.parametrize("reset", ["hard", "soft", "none", "delayed"])
@pytest.mark.parametrize(
    ("tau", "leak", "rest"), [(2, 0, 0), (3, 0.1, -0.25), (10 / 7, -0.1, 0.2), (1, 0, 0.1), (100, 0, 0)]
)
def test_lif(tau: float, leak: float, rest: float, reset: str) -> None:
    inputs = planes((5, 1, 1))
    if reset == "delayed" and tau == 1:
        with pytest.raises(SpikeplaneError, match="a delayed reset of neurons that keep nothing"):
            outputs(chain(nir.Linear(WEIGHT), lif(tau * DT)), inputs, reset=reset)
        return
    gain = 2.0 if tau < 50 else 60.0
    ours = outputs(chain(nir.Linear(WEIGHT), lif(tau * DT, gain, leak, rest)), inputs, reset=reset)
    equal(ours, euler("LIF", inputs, gain=gain, tau=tau * DT, leak=leak, rest=rest, reset=reset))


@pytest.mark.parametrize(("r", "if_gain", "gain"), [
    (1.0, None, 1.0), (1 / DT, None, 1.0), (0.5 / DT, None, 0.5), (2 / DT, None, 2.0), (0.4 / DT, None, 4000.0), (1.0, "step", 1.0),
    (1 / DT, "step", 1e4), (3 / DT, "dt", 3.0),
])  # fmt: skip
def test_if_gain(r: float, if_gain: str | None, gain: float) -> None:
    node = nir.IF(r=one(4, r), v_threshold=THETA, v_reset=one(4, -0.5))
    inputs = planes((5, 1, 1))
    ours = outputs(chain(nir.Linear(WEIGHT), node), inputs, if_gain=if_gain)
    equal(ours, euler("IF", inputs, gain=gain, rest=-0.5))


@pytest.mark.parametrize("reset", ["hard", "soft", "none", "delayed"])
def test_recurrence(reset: str) -> None:
    graph = chain(nir.Linear(WEIGHT), lif(), extra=(("n1", "back"), ("back", "n1")))
    graph.nodes["back"] = nir.Linear(BACK)
    inputs = planes((5, 1, 1))
    equal(outputs(graph, inputs, reset=reset), euler("LIF", inputs, gain=2.0, reset=reset, back=BACK))


def test_recurrence_that_delays_more() -> None:
    graph = chain(nir.Linear(WEIGHT), lif(), extra=(("n1", "back"), ("back", "n1"), ("back", "output")))
    graph.nodes["back"] = nir.Linear(BACK)
    with pytest.raises(
        SpikeplaneError,
        match="NIR node 'back' is part of a cycle and has other edges too, which would be delayed",
    ):
        import_model(graph)


@pytest.mark.parametrize("node", ["LI", "I"])
def test_readouts(node: str) -> None:
    """Membranes of leaky and perfect integrators."""
    made = (
        nir.LI(tau=one(4, 3 * DT), r=one(4, 2.0), v_leak=one(4, 0.1))
        if node == "LI"
        else nir.I(r=one(4, 2.0))
    )
    inputs = planes((5, 1, 1))
    theirs = euler("LIF" if node == "LI" else "IF", inputs, gain=2.0, leak=0.1, reset="read")
    np.testing.assert_allclose(
        outputs(chain(nir.Threshold(one(5, 0.5)), nir.Linear(WEIGHT), made), inputs),
        theirs,
        rtol=0,
        atol=1e-12,
    )
    assert np.abs(theirs).max() > 0.5


def test_threshold_scale_delay() -> None:
    """A step function of scaled currents, and of currents of which half come a step late."""
    scale = np.array([2.0, 1.0, 0.5, -1.0])
    inputs = planes((5, 1, 1))
    currents = inputs.reshape(4, STEPS, 5) @ WEIGHT.T
    steps = chain(nir.Linear(WEIGHT), nir.Scale(scale), nir.Threshold(THETA))
    first = (currents * scale > THETA).astype(float)
    equal(outputs(steps, inputs), first)
    late = chain(
        nir.Linear(WEIGHT), nir.Scale(scale), nir.Threshold(THETA), nir.Linear(BACK), nir.Threshold(THETA / 4)
    )
    late.nodes["late"] = nir.Delay(one(4, DT))
    late.edges += [("n2", "late"), ("late", "n4")]
    before = np.concatenate((np.zeros((4, 1, 4)), first[:, :-1]), 1)
    equal(outputs(late, inputs), (first @ BACK.T + before > THETA / 4).astype(float))
    late.nodes["late"] = nir.Delay(one(4, 2 * DT))
    earlier = np.concatenate((np.zeros((4, 2, 4)), first[:, :-2]), 1)
    assert (earlier != before).any()
    equal(outputs(late, inputs), (first @ BACK.T + earlier > THETA / 4).astype(float))
    late.edges.remove(("n2", "n3"))
    late.edges.remove(("n3", "n4"))
    del late.nodes["n3"]
    equal(outputs(late, inputs), (earlier > THETA / 4).astype(float))
    late.nodes["late"] = nir.Delay(one(5, DT))
    late.edges = [("input", "late"), ("late", "n0"), *late.edges[1:-2], ("n2", "n4"), ("n4", "output")]
    with pytest.raises(
        SpikeplaneError, match="layer 'late' is a delay of 1 steps, which .*: spikes of neurons can be late"
    ):
        import_model(late)
    late.nodes["late"] = nir.Delay(one(5, 0.5 * DT))
    with pytest.raises(SpikeplaneError, match="or of no whole step"):
        import_model(late)


REFUSED: dict[str, tuple[Any, str]] = {
    "complex weights": (lambda: chain(nir.Linear(WEIGHT + 1j), lif()), ("layer 'n0': its weights " "are complex numbers; "
                                                                                                   "give real numbers")),
    "complex threshold": (lambda: chain(nir.Linear(WEIGHT), nir.Threshold(THETA + 1j)), "layer 'n1': its threshold are complex numbers"),
    "tau below dt": (lambda: chain(nir.Linear(WEIGHT), lif(DT / 2)), ("layer 'n1': its tau of 5e-05 " "s is less than a step "
                                                                                                      "of 0.0001 s")),
    "a tau below dt": (lambda: chain(nir.Linear(WEIGHT), nir.LIF(tau=DT * np.arange(0.5, 4), r=THETA, v_leak=THETA, v_threshold=THETA)),
                       "layer 'n1': its tau of 5e-05 s is less than a step"),
    "fewer values": (lambda: chain(nir.Linear(WEIGHT), nir.Threshold(THETA[:3])), "layer 'n1' has 3 values of threshold for 4x1x1 neurons"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name: str) -> None:
    make, message = REFUSED[name]
    with pytest.raises(SpikeplaneError) as refused:
        import_model(make(), dt=DT)
    assert str(refused.value).startswith(message)
    assert "\n" not in str(refused.value)


def test_neurons_without_input() -> None:
    """v_leak alone drives them, whether the graph has an input that feeds others, or none."""
    recursion, v = [], 0.0
    for _ in range(40):
        v += DT / (10 * DT) * (1.2 - v)
        recursion.append(v > 1.0)
        v = 0.0 if v > 1.0 else v
    alone = nir.LIF(tau=one(1, 10 * DT), r=one(1, 1.0), v_leak=one(1, 1.2), v_threshold=one(1, 1.0))
    graph = nir.NIRGraph(
        nodes={"alone": alone, "output": nir.Output({"output": np.array([1])})},
        edges=[("alone", "output")],
        type_check=False,
    )
    ours = outputs(graph, np.zeros((1, 40, 1, 1, 1)), dt=DT)
    equal(ours[0, :, 0], np.array(recursion))
    program = spikeplane.compile(graph, chip="tiny", dt=DT, encoding=Encoding(kind="planes", steps=40))
    assert program.network.populations[0].shape == (1, 1, 1)


@pytest.mark.skipif(not DATA.exists(), reason="needs ../shared/data/nir")
def test_two_neurons_that_fire_by_themselves() -> None:
    net = import_model(DATA / "two_lif_neurons.nir", dt=DT)
    fired = np.flatnonzero(FloatModel(net).run({net.inputs[0].name: np.zeros((1, 2000, 1, 1, 1))})["lif1"])
    v, steps = 0.0, []
    for t in range(2000):
        v += DT / 0.01 * (1.2 - v)
        if v > 1:
            steps.append(t)
            v = 0.0
    assert len(steps) == 11
    np.testing.assert_array_equal(fired, steps)


@pytest.mark.skipif(not DATA.exists(), reason="needs ../shared/data/nir")
def test_foreign_files() -> None:
    rockpool = nir.read(DATA / "lif_rockpool.nir", type_check=False)
    assert import_model(rockpool).populations[-1].name == "1_LIFNeuronTorch"


WHOLE = [
    ("conv", "stride", np.array([1, 2, 3]), ("NIR node 'conv' has the stride [1, 2, 3]; expected " "whole numbers, 1 to "
                                                                                                   "2 of them")),
    ("conv", "stride", 1.5, "NIR node 'conv' has the stride 1.5; expected whole numbers, 1 to 2 of them"),
    ("conv", "dilation", np.zeros(0, int), "NIR node 'conv' has the dilation []; expected whole numbers, 1 to 2 of them"),
    ("conv", "groups", np.ones((2, 2)), ("NIR node 'conv' has the groups [[1.0, 1.0], [1.0, 1.0]]; " "expected whole numbers, "
                                                                                                     "1 to 1 of them")),
    ("conv", "groups", np.nan, "NIR node 'conv' has the groups nan; expected whole numbers, 1 to 1 of them"),
    ("conv", "padding", np.array([1e300, 1]), ("NIR node 'conv' has the padding [1e+300, 1.0]; " "expected whole numbers, "
                                                                                                 "1 to 2 of them")),
    ("pool", "kernel_size", np.inf, "NIR node 'pool' has the kernel_size inf; expected whole numbers, 1 to 2 of them"),
    ("pool", "padding", "same", "NIR node 'pool' has the padding same; expected whole numbers, 1 to 2 of them"),
    ("in", "input_type", {"input": np.array([1, 4.5, 4])},
     "NIR node 'in' has the shape [1.0, 4.5, 4.0]; expected whole numbers, 0 to 32 of them"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "what", "value", "message"), WHOLE)
def test_sizes_are_whole_numbers(name: str, what: str, value: Any, message: str) -> None:
    """int() would cut them, and a pair would take the first and the last of three."""
    nodes = {
        "in": nir.Input({"input": np.array([1, 4, 4])}),
        "conv": nir.Conv2d((4, 4), np.ones((2, 1, 3, 3)), 1, 1, 1, 1, np.zeros(2)),
        "neurons": nir.IF(one((2, 4, 4), 1.0), one((2, 4, 4), 2.0)),
        "pool": nir.SumPool2d(np.array([2, 2]), np.array([2, 2]), np.array([0, 0])),
        "flat": nir.Flatten({"input": np.array([2, 2, 2])}, 0),
        "last": nir.Linear(np.ones((3, 8))),
        "end": nir.IF(one(3, 1.0), one(3, 2.0)),
        "out": nir.Output({"output": np.array([3])}),
    }
    names = list(nodes)
    graph = nir.NIRGraph(nodes, list(zip(names, names[1:], strict=False)))
    import_model(graph, dt=DT)
    setattr(graph.nodes[name], what, value)
    with pytest.raises(SpikeplaneError) as refused:
        import_model(graph, dt=DT)
    assert str(refused.value) == message


def test_an_empty_node() -> None:
    """What nirtorch leaves of a module that the framework has no NIR for."""
    graph = chain(nir.Linear(WEIGHT), lif())
    graph.nodes["n1"] = None  # type: ignore[assignment]
    with pytest.raises(
        SpikeplaneError, match="NIR node 'n1' is empty: the framework that wrote the graph does not"
    ):
        import_model(graph, dt=DT)
