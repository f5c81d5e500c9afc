"""Weights, thresholds, amounts, biases and leaks that differ from step to step: what they mean, what is refused, and what the
compiler makes of them."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spikeplane import Program, compile
from spikeplane.compiler.by_step import alike
from spikeplane.config import ChipConfig, preset
from spikeplane.encoding import Encoding
from spikeplane.errors import SpikeplaneError
from spikeplane.estimate.forward import outputs
from spikeplane.float_network import FloatNetwork, FloatNeuron, FloatPopulation, FloatProjection
from spikeplane.formats.tables import Memory, core_tables
from spikeplane.network import ALIGNED, MEMBRANE, Network, Neuron, Population, Projection
from spikeplane.program.bounds import prove, reach
from spikeplane.training import TrainingConfig
from spikeplane_sim.golden import GoldenModel
from spikeplane_sim.golden.float_model import FloatModel

STEPS = 3
CHIP = replace(preset("tiny"), step_bits=2, acc_bits=24)


def integers(**numbers: Any) -> Network:
    """One neuron a channel behind one input pixel."""
    shape = (2, 1, 1)
    plain = {"theta": np.array([5, 5]), "bias": np.array([0, 0]), "weight": np.array([[[[1]]], [[[2]]]])}
    given = {**plain, **numbers}
    weight = given.pop("weight")
    neuron = given.pop("neuron", Neuron(leak="none", reset="none"))
    return Network(
        populations=(
            Population(name="in", shape=(1, 1, 1), value_bits=4),
            Population(name="a", shape=shape, neuron=neuron, **given),
        ),
        projections=(Projection(source="in", target="a", weight=weight),),
        output="a",
        steps=STEPS,
    )


def sent(network: Network, values: list[int]) -> list[list[int]]:
    """By step what the two neurons send, the same of golden model and estimate."""
    planes = {"in": np.array(values).reshape(1, -1, 1, 1, 1)}
    made = GoldenModel(network, membrane_bits=16, acc_bits=24).run(planes)["a"]
    assert np.array_equal(made, outputs(network, planes, 16)["a"])
    return made[0, :, :, 0, 0].tolist()


def by_step(*values: int) -> np.ndarray:
    return np.stack([np.full(2, v) for v in values])


def test_each_step_has_its_own_numbers() -> None:
    values = MEMBRANE
    neuron = Neuron(leak="memoryless", reset="none", kind=values)
    weight = np.arange(1, 7).reshape(STEPS, 2, 1, 1, 1)
    assert sent(integers(weight=weight, neuron=neuron), [1, 2, 3]) == [[1, 2], [6, 8], [15, 18]]
    assert sent(integers(bias=by_step(7, 0, -9), neuron=neuron), [1, 1, 1]) == [[8, 9], [1, 2], [-8, -7]]
    assert sent(integers(bias=by_step(7, 0, -9), neuron=neuron, hold=True), [1, 1, 1])[2] == [-8, -7]
    gate = Neuron(leak="memoryless", reset="none")
    assert sent(integers(theta=by_step(1, 2, 3), neuron=gate), [1, 1, 1]) == [[1, 1], [0, 1], [0, 0]]
    soft = Neuron(leak="none", reset="soft")
    amount = by_step(1, 5, 5)
    assert sent(integers(amount=amount, neuron=soft), [5, 1, 0]) == [[1, 1], [1, 1], [0, 1]]
    leaks = np.array([[0, 0], [65536, 32768], [0, 65536]])
    kept = Neuron(leak="multiply", reset="none", kind=values)
    assert sent(integers(leaks=leaks, neuron=kept), [4, 4, 4]) == [[4, 8], [8, 12], [4, 20]]


def test_a_delayed_weight_is_that_of_the_step_in_which_it_arrives() -> None:
    network = integers(weight=np.array([[[[9]]], [[[0]]]]), neuron=Neuron(leak="memoryless", reset="none"))
    back = Projection(
        source="a",
        target="a",
        weight=np.array([[[0, 0], [1, 0]], [[0, 0], [5, 0]], [[0, 0], [0, 0]]])[..., None, None],
        delay=1,
    )
    network = replace(network, projections=(*network.projections, back))
    assert sent(network, [1, 1, 1]) == [[1, 0], [1, 1], [1, 0]]


def test_the_worst_case_is_that_of_any_one_step() -> None:
    weight = np.array([[[[[7]]], [[[-1]]]], [[[[-7]]], [[[1]]]], [[[[0]]], [[[0]]]]])
    bound = prove(integers(weight=weight, bias=by_step(-100, 50, 0)), CHIP)[0]
    assert (bound.low, bound.high) == (-115, 105), (
        "of the first step with its bias, and of the second; and without biases"
    )
    least, most = reach((net := integers(weight=weight)).projections[0], net.population("in"), CHIP)
    assert (least.tolist(), most.tolist()) == ([-105, -15], [105, 15]), "of a channel in any step"


def network(steps: int = STEPS, channels: int = 20, reset: Any = "hard") -> FloatNetwork:
    """All that may differ does: into neurons, a stream of values, a recurrent layer and a readout."""
    rng = np.random.default_rng(3)
    draw = rng.standard_normal

    def neuron(**more: Any) -> FloatNeuron:
        return FloatNeuron(decay=0.5, threshold=1 + 0.2 * rng.random((steps, channels)), **more)

    shape = (channels, 4, 4)
    return FloatNetwork(
        populations=(
            FloatPopulation(name="in", shape=(2, 4, 4)),
            FloatPopulation(name="a", shape=shape, neuron=neuron(), bias=0.2 * draw((steps, channels))),
            FloatPopulation(
                name="v",
                shape=shape,
                neuron=FloatNeuron(decay=0.0, kind=MEMBRANE),
                bias=0.2 * draw((steps, channels)),
            ),
            FloatPopulation(
                name="b", shape=shape, neuron=neuron(reset=reset), bias=0.1 * draw((steps, channels))
            ),
            FloatPopulation(
                name="out",
                shape=(5, 1, 1),
                neuron=FloatNeuron(decay=1.0, kind=MEMBRANE),
                bias=draw((steps, 5)),
            ),
        ),
        projections=(
            FloatProjection(
                source="in", target="a", weight=draw((steps, channels, 2, 3, 3)) * 0.5, padding=(1, 1)
            ),
            FloatProjection(source="a", target="v", weight=draw((steps, channels, channels, 1, 1)) * 0.2),
            FloatProjection(source="in", target="v", weight=draw((channels, 2, 1, 1)) * 0.4),
            FloatProjection(source="v", target="b", weight=np.ones((channels, 1, 1)), kind=ALIGNED),
            FloatProjection(
                source="b",
                target="b",
                weight=draw((steps, channels, 3, 3)) * 0.1,
                padding=(1, 1),
                kind=ALIGNED,
                delay=1,
            ),
            FloatProjection(source="b", target="out", weight=draw((steps, 5, channels, 4, 4)) * 0.05),
        ),
        output="out",
        readout="last",
    )


def planes(steps: int = STEPS, count: int = 6) -> np.ndarray:
    return (np.random.default_rng(1).random((count, steps, 2, 4, 4)) < 0.4).astype(np.uint8)


def compiled(net: FloatNetwork, chip: ChipConfig | str = "auto", steps: int = STEPS) -> Program:
    return compile(net, chip=chip, encoding=Encoding(kind="planes", steps=steps), calibration=planes(steps))


@pytest.mark.parametrize("reset", ["hard", "soft"])
def test_a_network_by_step_is_quantised_as_one_that_is_not(reset: str, tmp_path: Path) -> None:
    program = compiled(network(reset=reset))
    assert program.config.step_bits == 2
    agreed = {row["population"]: row["agreement"] for row in program.tables["quantisation"]}
    assert agreed["a"] > 99.5, agreed
    assert agreed["b"] > 98.5, agreed
    for p in program.network.projections:
        other = next(q for q in network().projections if (q.source, q.target) == (p.source, p.target))
        assert p.weight.shape == other.weight.shape
        if p.weight.ndim > p.kind.rank:
            assert all(np.abs(one).max() >= 30 for one in p.weight), (
                "one scale a channel over all steps, of 8 bits"
            )
    program.save(tmp_path / "net.spk")
    again = Program.load(tmp_path / "net.spk")
    inputs = {"in": planes()}
    first, second = (
        GoldenModel(p.network, membrane_bits=p.config.membrane_bits, acc_bits=p.config.acc_bits).run(inputs)
        for p in (program, again)
    )
    assert all(np.array_equal(first[name], second[name]) for name in first)
    assert first["b"].any()
    assert first["out"].any()


def test_the_float_network_is_what_its_steps_say() -> None:
    """Against networks without steps, one for each: layers without memory."""
    net = network()
    gates = tuple(
        replace(p, neuron=replace(p.neuron, decay=0.0, reset="none")) if p.neuron else p
        for p in net.populations
    )
    net = replace(net, populations=gates, projections=tuple(p for p in net.projections if not p.delay))
    found = FloatModel(net).run({"in": planes().astype(float)})
    for t in range(STEPS):
        one = replace(
            net,
            populations=tuple(_of(p, t) for p in net.populations),
            projections=tuple(
                replace(p, weight=p.weight[t]) if p.weight.ndim > p.kind.rank else p for p in net.projections
            ),
        )
        alone = FloatModel(one).run({"in": planes()[:, t : t + 1].astype(float)})
        for name in ("a", "v", "b", "out"):
            assert np.array_equal(alone[name][:, 0], found[name][:, t]), (name, t)


def _of(p: FloatPopulation, t: int) -> FloatPopulation:
    neuron = p.neuron
    if neuron is not None and neuron.threshold is not None:
        neuron = replace(neuron, threshold=neuron.threshold[t])
    return replace(p, bias=None if p.bias is None else p.bias[t], neuron=neuron)


def test_levels_of_a_constant_are_weights_by_step() -> None:
    """What is added differently in each step, as an embedding of time, beside neurons that keep membranes."""
    levels = np.array([1.0, 0.0, -2.0])
    shape = (4, 3, 3)
    net = FloatNetwork(
        populations=(
            FloatPopulation(name="in", shape=shape),
            FloatPopulation(name="time", shape=(1, 3, 3), constant=True, levels=levels),
            FloatPopulation(name="v", shape=shape, neuron=FloatNeuron(decay=0.5, kind=MEMBRANE)),
        ),
        projections=(
            FloatProjection(source="in", target="v", weight=np.ones((4, 1, 1)), kind=ALIGNED),
            FloatProjection(source="time", target="v", weight=np.arange(1.0, 5.0).reshape(4, 1, 1, 1)),
        ),
        output="v",
        readout="last",
    )
    program = compile(net, chip="auto", encoding=Encoding(kind="planes", steps=3))
    out = GoldenModel(
        program.network, membrane_bits=program.config.membrane_bits, acc_bits=program.config.acc_bits
    ).run({"in": np.zeros((1, 3, *shape), np.uint8)})["v"][0, :, :, 0, 0]
    unit = out[0] / np.arange(1, 5)
    expected = np.arange(1, 5) * np.array([[1.0], [0.5], [-1.75]])
    assert np.allclose(out / unit, expected, atol=0.02)


def test_what_does_not_fit_is_refused_by_name() -> None:
    net = network()
    with pytest.raises(
        SpikeplaneError, match=r"'a' has weights, thresholds or biases for 3 steps, a sample has 4"
    ):
        compiled(net, steps=4)
    with pytest.raises(
        SpikeplaneError, match=r"differ in 3 steps need a chip with step_bits = 2 or more, not 0"
    ):
        compiled(net, replace(preset("small"), acc_bits=24))
    with pytest.raises(SpikeplaneError, match="which a chip with 1-bit weights does not have"):
        compiled(net, replace(preset("small"), weight_bits=1, step_bits=2))
    with pytest.raises(SpikeplaneError, match=r"do not connect"):
        compiled(
            replace(
                net,
                projections=(
                    replace(net.projections[0], weight=np.ones((1, 3, 20, 2, 3, 3))),
                    *net.projections[1:],
                ),
            )
        )
    odd = replace(net.populations[1], bias=np.zeros((3, 19)))
    net = replace(net, populations=(net.populations[0], odd, *net.populations[2:]))
    with pytest.raises(SpikeplaneError, match=r"biases must be 1 or 20 numbers, not an array of shape 3x19"):
        compiled(net)
    with pytest.raises(SpikeplaneError, match="a chip that learns has no weights by step"):
        ChipConfig(weight_bits=16, lanes=8, step_bits=1, training=TrainingConfig())


def test_a_program_says_what_a_chip_would_do() -> None:
    program = compiled(network())
    shorter = replace(program.network, steps=2)
    with pytest.raises(SpikeplaneError, match=r"biases for 3 steps, a sample has 2"):
        replace(program, network=shorter, encoding=replace(program.encoding, steps=2)).check()


def test_chips_without_it_have_no_field_of_it() -> None:
    without, with_it = core_tables(preset("tiny")), core_tables(CHIP)
    more = {"stepped", "delayed", "parameter_step"}
    for memory in ("projection", "population"):
        names = [{name for name, _ in getattr(t, memory).fields} for t in (without, with_it)]
        assert names[1] - names[0] <= more
        assert not names[0] & more
    assert "step_bits" not in preset("tiny").to_dict()
    assert with_it.depth(Memory.GROUP) == without.depth(Memory.GROUP)


def test_what_is_chosen_by_size_sees_the_largest_step() -> None:
    net = alike(network())
    assert net.projections[0].weight.shape == (20, 2, 3, 3)
    assert net.populations[1].bias is not None
    assert net.populations[1].bias.shape == (20,)
    real = np.abs(network().projections[0].weight).sum((2, 3, 4)).max(0)
    assert np.allclose(np.abs(net.projections[0].weight).sum((1, 2, 3)), real)
