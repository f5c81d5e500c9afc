"""The least chip that holds a program: nothing larger than it must be, and the same spikes."""

from dataclasses import replace

import numpy as np
import pytest
from chips import on_chip
from networks import random_network

from spikeplane import Encoding, Program, SpikeplaneError
from spikeplane.camera.config import camera_preset
from spikeplane.compiler import build_image, place
from spikeplane.compiler.fit import try_fit
from spikeplane.compiler.size import _COUNTS, _DEPTHS, sized
from spikeplane.config import RANGES, ChipConfig, preset
from spikeplane.network import MEMBRANE, Network, Neuron, Population, Projection
from spikeplane_sim.golden import GoldenModel

ROOMY = ChipConfig(rows=2, cols=2, lanes=8, acc_bits=20, max_shift=15)


def of(network: Network, config: ChipConfig, steps: int = 4) -> Program:
    """A program of a network as it stands."""
    probes = tuple(p.name for p in network.populations if p.neuron is not None)
    encoding = Encoding(kind="planes", steps=steps)
    return Program(
        name="x",
        config=config,
        network=network,
        placement=place(network, config),
        encoding=encoding,
        probes=probes,
    )


def layer(name: str, size: int, **neuron) -> Population:
    return Population(name=name, shape=(size, 1, 1), neuron=Neuron(**neuron), theta=np.full(size, 3))


def chain(weight: np.ndarray, **neuron) -> Network:
    """An input and one layer."""
    out, inputs = weight.shape
    populations = (Population(name="in", shape=(inputs, 1, 1)), layer("out", out, **neuron))
    projection = Projection(source="in", target="out", weight=weight[:, :, None, None])
    return Network(populations=populations, projections=(projection,), output="out")


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("lanes", [8, 16])
def test_nothing_could_be_smaller(seed, lanes) -> None:
    """One step less of any size and the network is refused; the sizes themselves hold it."""
    network, _ = random_network(seed, ROOMY)
    found = sized(of(network, ROOMY), rows=1, cols=1, lanes=lanes)
    chip, probes = found.config, list(found.probes)
    assert (chip.lanes, chip.membrane_bits) == (lanes, ROOMY.membrane_bits)
    try_fit(network, chip, probes)
    for name in (*_DEPTHS, *_COUNTS):
        low = RANGES[name][0]
        if getattr(chip, name) > low:
            smaller = replace(chip, **{name: getattr(chip, name) - (low if name in _DEPTHS else 1)})
            with pytest.raises(SpikeplaneError):
                try_fit(network, smaller, probes)


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize(("rows", "cols", "lanes"), [(2, 2, 8), (1, 3, 32), (4, 4, 8)])
def test_several_cores(seed, rows, cols, lanes) -> None:
    """The fullest core decides; rows and columns without work are left out."""
    network, _ = random_network(seed, ROOMY)
    found = sized(of(network, ROOMY), rows=rows, cols=cols, lanes=lanes)
    chip, cores = found.config, {part.core for part in found.placement.parts}
    assert (chip.rows, chip.cols) == (1 + max(y for _, y in cores), 1 + max(x for x, _ in cores))
    assert (chip.rows <= rows, chip.cols <= cols) == (True, True)
    for name in _DEPTHS:
        low = RANGES[name][0]
        if getattr(chip, name) > low:
            smaller = replace(chip, **{name: getattr(chip, name) - low})
            with pytest.raises(SpikeplaneError):
                build_image(network, found.placement, smaller, list(found.probes))


@pytest.mark.parametrize("seed", [3, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(4, 10))])
def test_the_same_spikes_on_the_chip(seed) -> None:
    """The simulated chip of just these sizes against the golden model of the program given."""
    network, planes = random_network(seed, ROOMY)
    found = sized(of(network, ROOMY, network.steps), rows=1, cols=2, lanes=16)
    expected = GoldenModel(network, membrane_bits=ROOMY.membrane_bits, acc_bits=ROOMY.acc_bits).run(planes)
    outputs = on_chip(found.network, planes, found.config, found.placement)
    assert any(values.any() for values in expected.values())
    for name, values in outputs.items():
        assert np.array_equal(values, expected[name]), name


def test_a_chip_of_the_least_sizes_of_all() -> None:
    chip = sized(of(chain(np.array([[1, -1], [-1, 1]])), ROOMY), rows=4, cols=4, lanes=8).config
    assert chip == ChipConfig(
        rows=1,
        cols=1,
        lanes=8,
        weight_bits=1,
        acc_bits=12,
        membrane_bits=16,
        weight_depth=16,
        acc_depth=16,
        membrane_depth=16,
        parameter_depth=16,
        populations=1,
        projections=2,
        row_depth=4,
        column_depth=4,
        group_depth=4,
        egress_depth=4,
        coord_bits=1,
        group_bits=1,
        max_shift=0,
        leak_multiplier=False,
    )


@pytest.mark.parametrize(("weights", "bits"), [
    ([1, -1], 1), ([1, 0], 2), ([1, -2], 2), ([2, 1], 4), ([7, -8], 4), ([8, 0], 8), ([-9, 0], 8), ([127, -128], 8),
])  # fmt: skip
def test_the_width_of_weights(weights, bits) -> None:
    assert sized(of(chain(np.array([weights])), ROOMY), rows=1, cols=1, lanes=8).config.weight_bits == bits


@pytest.mark.parametrize(
    ("leak", "value", "multiplier"),
    [
        ("none", 0, False),
        ("multiply", 57344, False),
        ("multiply", 8192, False),
        ("multiply", 200, True),
    ],
)
def test_multipliers_only_where_a_leak_needs_them(leak, value, multiplier) -> None:
    network = chain(np.array([[1, 2]]), leak=leak, leak_value=value)
    assert sized(of(network, ROOMY), rows=1, cols=1, lanes=8).config.leak_multiplier is multiplier


def test_accumulators_as_wide_as_their_proof() -> None:
    weights = np.full((1, 40), 127)
    assert sized(of(chain(weights), ROOMY), rows=1, cols=1, lanes=8).config.acc_bits == 14  # 5,080 and a sign


def test_membranes_that_are_sent_on() -> None:
    """A readout with spare lanes keeps two bits a weight, and the shifter reaches every bit of its
    membranes."""
    first = chain(np.array([[1, -1, 1]] * 3), kind=MEMBRANE)
    last = Projection(source="out", target="end", weight=np.ones((2, 3, 1, 1), dtype=int))
    network = replace(
        first,
        populations=(*first.populations, layer("end", 2)),
        projections=(*first.projections, last),
        output="end",
    )
    chip = sized(of(network, ROOMY), rows=1, cols=1, lanes=8).config
    assert (chip.weight_bits, chip.max_shift) == (2, ROOMY.membrane_bits - 1)


def test_a_camera_stays_and_the_file_is_bound_to_the_new_chip(tmp_path) -> None:
    config = replace(preset("tiny"), camera=camera_preset("vidar"), grabber_depth=64)
    found = sized(of(chain(np.array([[1, 2]])), config, steps=1), rows=1, cols=1, lanes=8)
    assert (found.config.camera, found.config.grabber_depth) == (config.camera, 64)
    assert found.config.digest != config.digest
    found.save(tmp_path / "net.spk")
    assert Program.load(tmp_path / "net.spk", found.config).tables["mapping"] == found.tables["mapping"]
    with pytest.raises(SpikeplaneError) as error:
        Program.load(tmp_path / "net.spk", config)
    assert str(error.value) == (
        f"program {tmp_path / 'net.spk'} is for chip {found.config.digest}, not for chip "
        f"{config.digest}; compile it for that chip"
    )


def test_what_no_chip_of_the_shape_holds() -> None:
    population = Population(name="wide", shape=(40, 1, 1), neuron=Neuron(), theta=np.full(40, 3))
    populations = [Population(name="in", shape=(2, 1, 1))]
    projections = []
    for i in range(17):
        populations.append(replace(population, name=f"p{i}"))
        projections.append(Projection(source="in", target=f"p{i}", weight=np.ones((40, 2, 1, 1), dtype=int)))
    network = Network(populations=tuple(populations), projections=tuple(projections), output="p16")
    with pytest.raises(SpikeplaneError) as error:
        sized(of(network, preset("large")), rows=1, cols=1, lanes=8)
    assert str(error.value) == (
        "population 'p16' does not fit: every core already holds 16 populations; use a chip with "
        "more populations per core or more cores"
    )
