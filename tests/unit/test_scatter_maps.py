"""Projections whose source's pixels have zeros between: against PyTorch's transposed convolution, and against
every input there is."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.nn.functional import conv_transpose2d

from spikeplane.compiler.check import check_network
from spikeplane.compiler.ties import gain, single
from spikeplane.config import ChipConfig
from spikeplane.errors import SpikeplaneError
from spikeplane.estimate.forward import outputs
from spikeplane.float_network import FloatNetwork, FloatNeuron, FloatPopulation, FloatProjection
from spikeplane.importers import taps
from spikeplane.importers.maps import Map
from spikeplane.importers.regular import regular
from spikeplane.network import ALIGNED, DENSE, MEMBRANE, Network, Neuron, Population, Projection
from spikeplane.program.bounds import prove
from spikeplane.program.nir_out import to_graph
from spikeplane.program.plain import made, stated
from spikeplane.program.structure import check_structure
from spikeplane.run.report.synapses import synapse_count
from spikeplane_sim.golden import FloatModel, GoldenModel
from spikeplane_sim.golden.synapses import Synapses, pooled, spread

CHIP = ChipConfig(rows=1, cols=1)


def drawn(seed: int) -> tuple[Network, np.ndarray, np.ndarray] | None:
    """A transposed convolution as a network that reads its currents, spikes (2, 3, I, H, W), and what PyTorch makes of
    them. None where the padding leaves nothing, or too little to see that it is one."""
    rng = np.random.default_rng(seed)
    size, kernel, stride = (tuple(int(n) for n in rng.integers(1, top, 2)) for top in (6, 5, 4))
    dilation = tuple(int(n) for n in rng.integers(1, 3, 2))
    padding = tuple(int(rng.integers(0, d * (k - 1) + 1)) for k, d in zip(kernel, dilation, strict=True))
    more = tuple(int(rng.integers(0, max(s, d))) for s, d in zip(stride, dilation, strict=True))
    axes = [taps.transposed(*a) for a in zip(size, kernel, stride, padding, more, dilation, strict=True)]
    groups = int(rng.integers(2, 4)) if seed % 3 == 0 else 1
    channels, out = (groups, groups) if groups > 1 else (int(rng.integers(1, 4)), int(rng.integers(1, 4)))
    if min(axis.shape[1] for axis in axes) < 1:
        return None
    weight = rng.integers(-7, 8, (channels, out // groups, *kernel))
    found = regular(Map(weight[:, 0] if groups > 1 else weight.swapaxes(0, 1).astype(float), *axes))
    if found is None:
        return None
    data = (rng.random((2, 3, channels, *size)) < 0.5).astype(np.int64)
    real = torch.as_tensor(data.reshape(6, channels, *size), dtype=torch.float64)
    want = conv_transpose2d(
        real, torch.as_tensor(weight).double(), None, stride, padding, more, groups, dilation
    ).numpy()
    projection = Projection(
        source="in", target="out", weight=np.rint(found.weight).astype(np.int64), stride=found.stride,
        padding=found.padding, pool=found.pool, up=found.up, kind=ALIGNED if groups > 1 else DENSE,
    )  # fmt: skip
    sends = Neuron(leak="memoryless", reset="none", kind=MEMBRANE)
    populations = (
        Population(name="in", shape=(channels, size[0], size[1])),
        Population(name="out", shape=want.shape[1:], neuron=sends),
    )
    network = Network(populations=populations, projections=(projection,), output="out", steps=3)
    return network, data, want.reshape(2, 3, *want.shape[1:])


def test_every_model_is_a_transposed_convolution() -> None:
    """Golden model, by convolution and by products; float model; numpy for estimates; synapses counted."""
    seen, left = 0, 0
    for seed in range(120):
        one = drawn(seed)
        if one is None:
            left += 1
            continue
        network, data, want = one
        (p,), target = network.projections, network.population("out")
        golden = GoldenModel(network, membrane_bits=16, acc_bits=24).run({"in": data})["out"]
        np.testing.assert_array_equal(golden, want)
        np.testing.assert_array_equal(outputs(network, {"in": data}, 16)["out"], want)
        synapses = Synapses(p, network, 16, torch.int64, torch.device("cpu"))
        flat = torch.as_tensor(data.reshape(6, *data.shape[2:]))
        plain = synapses(flat)
        x = pooled(flat, p.pool).to(synapses.dtype)
        wide = (x, p.padding) if p.up == (1, 1) else (spread(x, p, target.shape[1:]), (0, 0))
        assert torch.equal(
            synapses._explicit(wide[0], synapses.weights[0], wide[1]), plain
        )  # what a GPU takes
        floats = FloatNetwork(
            populations=(
                FloatPopulation(name="in", shape=network.population("in").shape),
                FloatPopulation(
                    name="out", shape=target.shape, neuron=FloatNeuron(decay=0.0, reset="none", kind=MEMBRANE)
                ),
            ),
            projections=(
                FloatProjection(
                    source="in", target="out", weight=p.weight.astype(float), stride=p.stride, padding=p.padding,
                    pool=p.pool, up=p.up, kind=p.kind,
                ),
            ),
            output="out",
        )  # fmt: skip
        check_network(floats)
        np.testing.assert_array_equal(FloatModel(floats).run({"in": data.astype(float)})["out"], want)
        ones = replace(p, weight=np.ones_like(p.weight))
        every = GoldenModel(replace(network, projections=(ones,)), membrane_bits=16, acc_bits=24)
        met = every.run({"in": np.ones_like(data)})["out"][0, 0].sum()
        assert synapse_count(network, p) == met
        seen += p.up != (1, 1)
    assert seen > 60
    assert left < 25


def small(weight: np.ndarray, size: int, out: int, **more: object) -> Network:
    projection = Projection(source="in", target="out", weight=weight, **more)  # type: ignore[arg-type]
    target = Population(
        name="out", shape=(len(weight), 1, out), neuron=Neuron(), theta=np.ones(len(weight), int)
    )
    source = Population(name="in", shape=(weight.shape[1], 1, size))
    return Network(populations=(source, target), projections=(projection,), output="out")


@pytest.mark.parametrize(("up", "stride", "kernel"), [(2, 1, 3), (3, 1, 4), (2, 1, 5), (3, 2, 4), (4, 1, 3)])
def test_the_bounds_are_reached(up: int, stride: int, kernel: int) -> None:
    """A target pixel meets every up-th weight: the proof says the least and the most of all inputs, no more."""
    weight = np.random.default_rng(kernel * up).integers(-9, 10, (1, 1, 1, kernel))
    network = small(weight, 5, 8, up=(1, up), stride=(1, stride), padding=(0, kernel - 1))
    found: list[int] = []
    planes = np.array(list(itertools.product((0, 1), repeat=5))).reshape(-1, 1, 1, 1, 5)
    sends = replace(network.populations[1], neuron=Neuron(leak="memoryless", reset="none", kind=MEMBRANE))
    read = replace(network, populations=(network.populations[0], sends))
    made_of = GoldenModel(read, membrane_bits=16, acc_bits=24).run({"in": planes})["out"]
    found += [int(made_of.min()), int(made_of.max())]
    (bound,) = prove(network, CHIP)
    assert [bound.low, bound.high] == found


def test_shapes_that_do_not_meet_are_refused() -> None:
    weight = np.ones((1, 1, 1, 2), int)
    network = small(weight, 3, 6, up=(1, 2), padding=(0, 1))
    prove(network, CHIP)
    check_structure(network)
    most = replace(network.populations[1], shape=(1, 1, 8))
    check_structure(replace(network, populations=(network.populations[0], most)))
    wide = replace(network.populations[1], shape=(1, 1, 9))
    with pytest.raises(SpikeplaneError) as refused:
        check_structure(replace(network, populations=(network.populations[0], wide)))
    assert str(refused.value) == ("projection 'in' to 'out': its kernel makes 1x6 pixels, the target has 1x9")


def test_without_zeros_between_the_kernel_says_how_many() -> None:
    with pytest.raises(SpikeplaneError) as refused:
        check_structure(small(np.ones((1, 1, 1, 2), int), 3, 3))
    assert str(refused.value) == ("projection 'in' to 'out': its kernel makes 1x2 pixels, the target has 1x3")


def test_a_file_states_it_where_it_is() -> None:
    plain = Projection(source="in", target="out", weight=np.ones((1, 1, 1, 1), int))
    assert "up" not in stated(plain, ("weight",))
    apart = stated(replace(plain, up=(2, 1)), ("weight",))
    read = made(
        Projection,
        {**apart, "up": [2, 1], "stride": [1, 1], "padding": [0, 0], "pool": [1, 1]},
        "p",
        weight=plain.weight,
    )
    assert (read.up, read.source) == ((2, 1), "in")


def test_nir_has_no_node_for_it() -> None:
    network = small(np.ones((1, 1, 1, 2), int), 3, 6, up=(1, 2), padding=(0, 1))
    with pytest.raises(SpikeplaneError) as refused:
        to_graph(network, {}, {})
    assert str(refused.value) == (
        "layer 'out' has synapses that make more pixels of a plane (a transposed convolution, an upsampling), which "
        "NIR has no node for"
    )


def test_repeated_pixels_are_an_identity() -> None:
    """A value stream goes through an upsampling in its own unit."""
    ones = np.full((3, 2, 2), -0.5)
    repeated = FloatProjection(source="a", target="b", weight=ones, kind=ALIGNED, up=(2, 2), padding=(1, 1))
    assert single(repeated)
    assert gain(repeated).tolist() == [0.5] * 3
    assert not single(replace(repeated, up=(2, 1)))
    assert not single(replace(repeated, weight=ones * [[1, 2]]))
