"""What gates and attention over steps are made of, piece by piece: each piece's float network against the rule in numpy."""

import operator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from spikeplane.errors import SpikeplaneError
from spikeplane.float_network import FloatNetwork, FloatNeuron, FloatPopulation, FloatProjection
from spikeplane.importers.assemble import Assembler
from spikeplane.importers.flow import Source, Spikes, Value
from spikeplane.importers.gated import function_of, is_gate, largest_channel, multiplied, sent_function
from spikeplane.importers.maps import channels_of, identity
from spikeplane.importers.presented import presentations, whole
from spikeplane.importers.trace import functions_sent, largest, mixed, presented, products
from spikeplane.importers.trace.axes import CHANNELS, COLUMNS, ROWS, SAMPLES, STEPS, Atom, Dims, dim
from spikeplane.importers.trace.by_step import of_all_steps
from spikeplane.importers.trace.items import Bent, Item, Reduced
from spikeplane.network import ALIGNED, DENSE, MEMBRANE, Gate
from spikeplane_sim.golden.float_model import FloatModel

STEPS_, SHAPE = 3, (6, 2, 3)
SAMPLE = (Atom(SAMPLES, 2),)
EVERY: Dims = ((Atom(STEPS, STEPS_),),)
PIXELS: Dims = ((Atom(ROWS, 2),), (Atom(COLUMNS, 3),))
WHOLE: Dims = ((Atom(CHANNELS, 6),), *PIXELS)


class Made:
    """An input of values, and what is made of it."""

    def __init__(self, shape: tuple[int, int, int] = SHAPE, seed: int = 0) -> None:
        self.made = Assembler(presents=True)
        self.input = self.made.input("input", shape)
        self.x = np.random.default_rng(seed).normal(size=(2, STEPS_, *shape)) - 1.0

    def operation(self, name: str = "", /, **args: Any) -> Any:
        def unlike(what: str, cure: str) -> SpikeplaneError:
            return SpikeplaneError(f"{what}; {cure}")

        return SimpleNamespace(
            made=self.made,
            layer="m",
            name=name,
            args=args,
            unlike=unlike,
            wanted=SimpleNamespace(input_bits=8),
        )

    def run(self, value: Value, times: int = 1) -> np.ndarray:
        """What a population of this value sends: (N, T, C, H, W)."""
        sent = self.made.values("found", replace(value, flat=False), "asked")
        output = sent.sources[0].population
        net = FloatNetwork(
            populations=tuple(self.made.populations),
            projections=tuple(self.made.projections),
            output=output,
            presentations=presentations(self.made.populations, self.made.projections),
        )
        assert net.presentations == times
        return FloatModel(net).run({"input": self.x})[output]


@pytest.mark.parametrize("groups", [[[0, 2, 5]], [[0, 3], [4, 1], [5, 2]], [[0, 1, 2, 3, 4]]])
def test_the_largest_of_channels(groups: list[list[int]]) -> None:
    """Of fewer channels than a square has places, and of values below 0."""
    of = Made()
    found = of.run(largest_channel(of.made, "m", of.input, np.array(groups)))
    np.testing.assert_allclose(found, np.stack([of.x[:, :, g].max(2) for g in groups], 2))


def gated(of: Made, x: Spikes, g: Spikes) -> np.ndarray:
    found = of.run(multiplied(of.made, "product", x, g))
    assert all((p.weight > 0).all() for p in of.made.projections if p.dynamic), "a factor below 0"
    return found


@pytest.mark.parametrize(("gain", "other"), [(1.0, 3.0), (2.0, 1.0), (-2.0, 0.5)])
def test_factors_of_both_sides(gain: float, other: float) -> None:
    of = Made()
    g = of.made.rectified("g", of.made.scale(of.made.currents("", of.input), -np.ones(6), np.zeros(6)))
    x: Any = of.made.seen("x", of.input, identity(SHAPE).scaled(np.full(6, gain)))
    g_seen: Any = of.made.seen("g", g, identity(SHAPE).scaled(np.full(6, other)))
    np.testing.assert_allclose(gated(of, x, g_seen), gain * of.x * other * np.maximum(-of.x, 0))


def test_pixels_that_are_moved_are_no_factor() -> None:
    of = Made()
    g = of.made.rectified("g", of.input)
    turned = identity(SHAPE)
    turned = replace(turned, rows=turned.rows[:, ::-1].copy())
    x: Any = of.made.seen("x", of.input, turned)
    np.testing.assert_allclose(gated(of, x, g), of.x[:, :, :, ::-1] * np.maximum(of.x, 0))


def test_values_of_the_step_before_are_refused() -> None:
    of = Made()
    late = Spikes((Source("input", delay=1),), SHAPE)
    with pytest.raises(SpikeplaneError, match="a product with a value of the step before"):
        multiplied(of.made, "product", late, of.made.rectified("g", of.input))


@pytest.mark.parametrize(("function", "gate"), [(np.tanh, False), (lambda v: 1 / (1 + np.exp(-v)), True)])
def test_what_goes_below_0_is_no_gate(function: Any, gate: bool) -> None:
    of = Made()
    found = function_of(function)
    assert found is not None
    assert found.is_gate == gate
    sent = sent_function(of.made, "f", of.input, found)
    assert is_gate(of.made, sent) == gate
    np.testing.assert_allclose(of.run(sent), function(of.x))
    assert function_of(np.square) is None
    refused = SpikeplaneError("no function")
    with pytest.raises(SpikeplaneError, match="no function"):
        functions_sent.sent(of.operation(), Bent(Item(of.input, WHOLE), np.square, refused))


def latched(of: Made) -> np.ndarray:
    """(N, T * C, H, W) of all steps, those of step 0 first."""
    return of.x.reshape(len(of.x), -1, *of.x.shape[3:])


@pytest.mark.parametrize("dense", [False, True])
def test_what_is_kept_of_all_steps(dense: bool) -> None:
    """Single channels, or sums of them, and a bias, which counts once."""
    of = Made()
    weight = np.eye(6) + dense * np.arange(36).reshape(6, 6) / 10
    bias = np.arange(6.0)
    value = of.made.through("", of.input, channels_of(SHAPE, weight) if dense else identity(SHAPE), bias)
    found = of.run(whole(of.made, "m", value, STEPS_), times=2)
    of.x = np.einsum("oc,ntchw->ntohw", weight, of.x) + bias[:, None, None]
    for step in range(STEPS_):
        np.testing.assert_allclose(found[:, step], latched(of))


@pytest.mark.parametrize("mean", [False, True])
def test_sums_over_the_steps(mean: bool) -> None:
    of = Made()
    item = presented.reduced(of.operation(), Reduced(Item(of.input, WHOLE), mean, STEPS_))
    want = of.x.mean(1) if mean else of.x.sum(1)
    for step, found in enumerate(np.moveaxis(of.run(item.value, times=2), 1, 0)):
        np.testing.assert_allclose(found, want, err_msg=str(step))


def test_of_all_steps_that_of_each() -> None:
    """There and back: in each step what there was."""
    of = Made()
    dims = (*EVERY, *WHOLE)
    item = presented.all_steps(of.operation(), Item(of.input, dims))
    assert item.dims == ((Atom(CHANNELS, STEPS_, 6),), *WHOLE)
    back = presented.in_its_step(of.operation(), item, dims)
    assert back.dims == dims
    np.testing.assert_allclose(of.run(back.value, times=2), of.x)


def test_channels_beside_those_of_steps() -> None:
    """Steps as the inner ones of channels: what is left of these moves together."""
    of = Made()
    dims = ((Atom(CHANNELS, 2, STEPS_),), (Atom(CHANNELS, STEPS_),), *PIXELS)
    item = presented.in_its_step(of.operation(), Item(of.input, dims), (dims[0], *EVERY, *PIXELS))
    assert item.dims == ((Atom(CHANNELS, 2, 1),), *EVERY, *PIXELS)
    found = of.run(item.value)
    for step in range(STEPS_):
        np.testing.assert_allclose(found[:, step], of.x[:, step, step::STEPS_])


INNER = ((Atom(CHANNELS, 2, 3),), (Atom(CHANNELS, 3),), *PIXELS)


@pytest.mark.parametrize("d", [0, 1])
def test_a_layer_along_a_part_of_the_channels(d: int) -> None:
    of, draw = Made(), np.random.default_rng(1)
    weight, bias = draw.normal(size=(4, (2, 3)[d])), draw.normal(size=4)
    item = mixed.along(of.operation(), Item(of.input, INNER), d, weight, bias)
    assert item is not None
    x = of.x.reshape(2, STEPS_, 2, 3, 2, 3)
    want = np.einsum(("oa,ntabhw->ntobhw", "ob,ntabhw->ntaohw")[d], weight, x)
    want += bias.reshape(4, *[1] * (3 - d))
    np.testing.assert_allclose(of.run(item.value), want.reshape(2, STEPS_, -1, 2, 3))
    sizes = ((4, 3), (2, 4))[d]
    assert item.dims == ((dim(Atom(CHANNELS, sizes[0], sizes[1]))), dim(Atom(CHANNELS, sizes[1])), *PIXELS)


@pytest.mark.parametrize(("gone", "axes"), [([0], 2), ([1], 3), ([2], 4), ([3], 5), ([2, 3], (4, 5))])
def test_maxima_along(gone: list[int], axes: Any) -> None:
    """Over channels of values, over pixels of spikes."""
    of = Made()
    value: Value = of.made.currents("", of.input)
    if gone[0] > 1:
        of.x, value = (of.x > -0.7).astype(float), of.input
    item = largest.over(of.operation("amax"), Item(value, INNER), gone, True)
    want = of.x.reshape(2, STEPS_, 2, 3, 2, 3).max(axes)
    np.testing.assert_array_equal(of.run(item.value).reshape(want.shape), want)


def test_maxima_over_samples_are_refused() -> None:
    of = Made()
    with pytest.raises(SpikeplaneError, match="over samples"):
        largest.over(of.operation("amax"), Item(of.input, ((Atom(SAMPLES, 5),), *WHOLE)), [0], False)


def test_some_rows_are_not_all() -> None:
    of = Made((1, 4, 3))
    item = Item(of.input, ((Atom(ROWS, 2, 2),), (Atom(ROWS, 2),), (Atom(COLUMNS, 3),)))
    with pytest.raises(SpikeplaneError, match="over a part of the rows"):
        largest.over(of.operation("amax"), item, [0], False)


def test_a_gate_has_the_dimensions_of_what_it_multiplies() -> None:
    of = Made()
    whole = Item(of.input, WHOLE)
    for shape, fits in (((6, 2, 3), True), ((1, 1, 1), True), ((6, 1, 1), True), ((1, 2, 3), True)):
        axes = [
            ((Atom(a, n),) if n > 1 else ()) for a, n in zip((CHANNELS, ROWS, COLUMNS), shape, strict=True)
        ]
        assert products._fits(whole, Item(Spikes((Source("g"),), shape), tuple(axes))) == fits
    row = Item(Spikes((Source("g"),), (1, 2, 1)), ((), PIXELS[0], ()))
    assert not products._fits(whole, row)
    half = Item(Spikes((Source("g"),), (3, 1, 1)), ((), (), ()))
    assert not products._fits(whole, half)
    turned = Item(Spikes((Source("g"),), SHAPE), (WHOLE[0], WHOLE[2], WHOLE[1]))
    assert not products._fits(whole, turned)


def test_a_gate_of_fewer_dimensions_is_of_the_last_ones() -> None:
    """The same in every step."""
    of = Made()
    sigmoid = function_of(lambda v: 1 / (1 + np.exp(-v)))
    assert sigmoid is not None
    gate = sent_function(of.made, "g", of.input, sigmoid)
    args = {"self": Item(of.input, (*EVERY, *WHOLE)), "other": Item(gate, WHOLE)}
    operation = of.operation("mul", **args)
    operation.item = args.get
    item = products.product(operation)
    assert item is not None
    assert item.dims == (*EVERY, *WHOLE)
    np.testing.assert_allclose(of.run(item.value), of.x / (1 + np.exp(-of.x)))


@pytest.mark.parametrize(
    ("sizes", "wanted"), [((4, 1, 1), [-2, -1]), ((4, 6, 6), []), ((1, 1, 6), [-3, -2]), ((4, 3, 6), None)]
)
def test_sizes_that_an_adaptive_maximum_has(sizes: tuple[int, ...], wanted: list[int] | None) -> None:
    operation = Made().operation("adaptive_max_pool3d", output_size=sizes)
    before = SimpleNamespace(meta={"val": np.zeros((2, 5, 4, 6, 6))})
    operation.node = SimpleNamespace(args=[before])
    if wanted is not None:
        assert largest._to_one(operation, (2, 5, *sizes)) == wanted
        return
    with pytest.raises(SpikeplaneError, match="to several values"):
        largest._to_one(operation, (2, 5, *sizes))


def test_which_is_the_largest_is_nothing_that_is_known() -> None:
    of = Made()
    which = SimpleNamespace(target=operator.getitem, args=(None, 1), users={"somebody": None})
    operation = of.operation("max", dim=0, keepdim=True)
    operation.item = lambda name: Item(of.made.currents("", of.input), INNER)
    operation.node = SimpleNamespace(users=[which])
    with pytest.raises(SpikeplaneError, match="max"):
        largest.largest(operation)
    which.users = {}
    item, nothing = largest.largest(operation)
    assert (item.dims[0], nothing) == ((), None)


def test_what_channels_of_all_steps_are() -> None:
    steps, value = EVERY[0], Made().input
    assert of_all_steps(Item(value, (SAMPLE, (*steps, *WHOLE[0]), *PIXELS))) == STEPS_
    assert of_all_steps(Item(value, (SAMPLE, (*steps, *PIXELS[0]), WHOLE[0], PIXELS[1]))) is None
    assert of_all_steps(Item(value, (SAMPLE, *WHOLE))) is None


def test_presentations_are_those_of_the_longest_way() -> None:
    """a, b and d are kept; c gets b and what is not behind it; d gets c, or is gated by it."""
    neuron = FloatNeuron(decay=0.0, reset="none", kind=MEMBRANE)

    def population(name: str, kept: bool = False) -> FloatPopulation:
        return FloatPopulation(name=name, shape=(1, 1, 1), neuron=neuron, kept=kept)

    def synapse(source: str, target: str, gate: str = "") -> FloatProjection:
        one = np.ones((1, 1, 1)) if gate else np.ones((1, 1, 1, 1))
        kind = ALIGNED if gate else DENSE
        return FloatProjection(
            source=source, target=target, weight=one, kind=kind, dynamic=Gate(gate) if gate else None
        )

    names = [population("input"), population("a", True), population("b", True), population("c")]
    synapses = [synapse("input", "a"), synapse("a", "b"), synapse("input", "c"), synapse("b", "c")]
    assert presentations(names[:1], []) == 1
    assert presentations(names[:2], synapses[:1]) == 2
    assert presentations(names, synapses) == 3
    late = population("d", True)
    assert presentations([*names, late], [*synapses, synapse("input", "d"), synapse("c", "d")]) == 4
    assert presentations([*names, late], [*synapses, synapse("input", "d", "c")]) == 4
