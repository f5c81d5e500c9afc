"""What a chip cannot hold: one line each, nothing wraps."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from spikeplane import ChipConfig, SpikeplaneError
from spikeplane.compiler import build_image, place
from spikeplane.compiler.fit import fit
from spikeplane.config import preset
from spikeplane.formats.tables import Memory, core_tables
from spikeplane.network import MEMBRANE, Network, Neuron, Population, Projection, Window


def layers(*channels: int, **neuron: Any) -> Network:
    """Fully connected integer layers of so many channels, weights +1 and -1."""
    rng = np.random.default_rng(0)
    names = ["in", *(f"p{i}" for i in range(1, len(channels)))]
    populations = [Population(name="in", shape=(channels[0], 1, 1))]
    projections = []
    for source, name, into, out in zip(names, names[1:], channels, channels[1:], strict=False):
        populations.append(
            Population(name=name, shape=(out, 1, 1), neuron=Neuron(**neuron), theta=np.full(out, 3))
        )
        projections.append(
            Projection(source=source, target=name, weight=rng.choice([-1, 1], (out, into, 1, 1)))
        )
    return Network(populations=tuple(populations), projections=tuple(projections), output=names[-1])


def looped(network: Network) -> Network:
    """With every layer onto itself, a step later."""
    loops = []
    for p in network.populations[1:]:
        weight = np.ones((p.shape[0], p.shape[0], 1, 1), dtype=int)
        loops.append(Projection(source=p.name, target=p.name, weight=weight, delay=1))
    return replace(network, projections=(*network.projections, *loops))


def image_error(network: Network, chip: ChipConfig) -> str:
    with pytest.raises(SpikeplaneError) as refused:
        build_image(network, place(network, chip), chip, [])
    assert "\n" not in str(refused.value)
    return str(refused.value)


@pytest.mark.parametrize("strict", [False, True])
def test_lanes_without_channel_never_fire(strict: bool) -> None:
    """A 1-bit weight is never 0, so the lanes beyond the channels are driven to the membrane's
    limit. `>` is `>=` of one more."""
    chip = ChipConfig(lanes=8, weight_bits=1, membrane_bits=8, rows=1, cols=1)
    network = layers(9, 5, 3, strict=strict)
    image = build_image(network, place(network, chip), chip, [])
    parameters = {address: word for memory, address, word in image.words[0, 0] if memory == Memory.PARAMETER}
    thetas = [parameters[0] >> (lane * chip.lane_bits) & 0xFF for lane in range(8)]
    assert thetas == [0x100 - 3 - strict] * 5 + [0x80] * 3


def test_counts_do_not_wrap() -> None:
    """256 output groups are one more than a coordinate table's count: 0 without the check."""
    chip = ChipConfig(rows=1, cols=1, lanes=8, group_bits=9, parameter_depth=1024, group_depth=512)
    assert image_error(layers(1, 2048), chip) == (
        "projection 'in' to 'p1': count is 256, a coordinate word holds 0 to 255; use a smaller "
        "kernel, or a chip with more lanes or "
        "more cores"
    )
    network = layers(1, 2040)
    image = build_image(network, place(network, chip), chip, [])
    words = {(memory, address): word for memory, address, word in image.words[0, 0]}
    assert core_tables(chip).coordinate.unpack(words[Memory.GROUP, 0])["count"] == 255


def test_integers_do_not_wrap() -> None:
    chip, network = ChipConfig(membrane_bits=10, acc_bits=12), layers(2, 1)
    given, out = network.populations
    for change, message in (
        ({"theta": np.array([513])}, "minus its thresholds must be from -512 to 511 on this chip, not -513"),
        ({"theta": np.array([-512])}, "minus its thresholds must be from -512 to 511 on this chip, not 512"),
        ({"neuron": Neuron(v_reset=-513)}, "its resets must be from -512 to 511 on this chip, not -513"),
        ({"bias": np.array([2048])}, "its biases must be from -2048 to 2047 on this chip, not 2048"),
    ):
        changed = replace(network, populations=(given, replace(out, **change)))
        assert image_error(changed, chip) == f"population 'p1': {message}; use a chip with wider words"
    heavy = replace(
        network, projections=(replace(network.projections[0], weight=np.full((1, 2, 1, 1), 128)),)
    )
    assert image_error(heavy, chip) == (
        "projection 'in' to 'p1': weights must be from -128 to 127 on this chip, not 128; use a "
        "chip with wider words"
    )
    light = replace(
        network, projections=(replace(network.projections[0], weight=np.array([1, 0]).reshape(1, 2, 1, 1)),)
    )
    assert image_error(light, ChipConfig(weight_bits=1)) == (
        "projection 'in' to 'p1': weights must be +1 or -1 on a chip with 1-bit weights, not 0"
    )


@pytest.mark.parametrize(("theta", "amount", "refused"), [
    (-100, 28, False), (-100, 29, True), (3, 0, False), (3, -1, True), (-127, 1, False), (127, 127, False),
])  # fmt: skip
def test_a_soft_reset_stays_in_the_membrane(theta: int, amount: int, refused: bool) -> None:
    """The least membrane that fires is theta: less the amount it has to be one of -128 to 127."""
    chip, network = ChipConfig(membrane_bits=8, acc_bits=12), layers(2, 1, reset="soft")
    given, out = network.populations
    network = replace(
        network, populations=(given, replace(out, theta=np.array([theta]), amount=np.array([amount])))
    )
    if not refused:
        build_image(network, place(network, chip), chip, [])
        return
    assert image_error(network, chip) == (
        f"population 'p1': a soft reset by {amount}..{amount} at thresholds {theta}..{theta} could "
        "leave the 8-bit membrane; "
        "amounts must be 0 or more and thresholds higher"
    )


@pytest.mark.parametrize(("window", "advice"), [
    (Window(size=17, stride=2), "pool over a smaller window"), (Window(size=2, stride=16), "pool with a smaller stride"),
    (Window(size=17, stride=2, padding=16), "pool over a smaller window"),
])  # fmt: skip
def test_windows_do_not_wrap(window: Window, advice: str) -> None:
    network = layers(2, 2)
    given, out = network.populations
    size = (20 + 2 * window.padding - window.size) // window.stride + 1
    out = replace(out, shape=(2, size, size), input_size=(20, 20), window=window)
    network = replace(network, populations=(replace(given, shape=(2, 20, 20)), out))
    assert image_error(network, ChipConfig()).endswith(f", a population word holds 0 to 15; {advice}")


def test_many_connections_take_fewer_cores() -> None:
    """Sixteen parts fed by sixteen and by themselves would be 32 credits to return, a core counts 31."""
    chip, network = preset("medium"), looped(layers(4, 256, 256))
    assert image_error(network, chip) == (
        "the network does not fit: population 'p2' on core (0, 0) has 32 credits to return, the "
        "core holds 31; use fewer projections "
        "or a chip with fewer cores"
    )
    _, placement, _ = fit(network, chip, ["p2"])
    assert len(placement.of("p2")) == 15


def test_full_memory_and_nothing_to_store() -> None:
    """A population without membranes behind one that fills them."""
    chip = ChipConfig(rows=1, cols=1, lanes=8, membrane_depth=16, coord_bits=2)
    network = layers(2, 2, 2, leak="memoryless")
    given, full, out = network.populations
    full = replace(full, shape=(2, 4, 4), neuron=Neuron())
    network = replace(
        network, populations=(replace(given, shape=(2, 4, 4)), full, replace(out, shape=(2, 4, 4)))
    )
    build_image(network, place(network, chip), chip, [])


def test_slots_of_other_cores() -> None:
    """The least loaded core is full of small populations, the other has slots left."""
    chip = ChipConfig(rows=1, cols=2, lanes=8, populations=2, coord_bits=4)
    network = layers(8, 8, 8, 8, 8)
    given, large, *small = network.populations
    network = replace(network, populations=(given, replace(large, shape=(8, 9, 9)), *small))
    assert [part.core for part in place(network, chip).parts] == [(0, 0), (1, 0), (1, 0), (0, 0)]
    with pytest.raises(SpikeplaneError) as refused:
        place(network, replace(chip, populations=1))
    assert str(refused.value) == (
        "population 'p3' does not fit: every core already holds 1 populations; use a chip with "
        "more populations per core or more cores"
    )


def test_membranes_of_one_bit_chips() -> None:
    chip = ChipConfig(lanes=8, weight_bits=1, membrane_bits=8)
    network = layers(9, 5, 3)
    values = replace(network.populations[1], neuron=Neuron(kind=MEMBRANE, reset="none"))
    network = replace(network, populations=(network.populations[0], values, network.populations[2]))
    with pytest.raises(SpikeplaneError) as refused:
        fit(network, chip, [])
    assert str(refused.value).startswith(
        "population 'p1' sends membrane values of 5 channels, a chip with 1-bit weights needs a "
        "multiple of its 8 lanes; "
        "use a chip with weight_bits = 2"
    )
