"""Numbers far beyond any chip: proved without wrapping, refused before they are unpacked or built."""

from dataclasses import replace

import numpy as np
import pytest
from bases import networks
from networks import random_network

from spikeplane import SpikeplaneError
from spikeplane.compiler import images
from spikeplane.compiler.synapses import build_synapses, weight_words
from spikeplane.config import ChipConfig
from spikeplane.network import MEMBRANE, Neuron, Population, Projection
from spikeplane.program.bounds import reach


def test_bounds_beyond_64_bits() -> None:
    """Values, pools and shifts are multiplied as whole numbers are."""
    weight = np.full((1, 2, 1, 1), -127)
    far = Projection(source="a", target="b", weight=weight, pool=(1024, 1024), pre_shift=31)
    source = Population(name="a", shape=(2, 1, 1), neuron=Neuron(kind=MEMBRANE))
    least, most = reach(far, source, ChipConfig(membrane_bits=32))
    assert (least[0], most[0]) == (-254 * ((1 << 31) - 1) << 51, 254 << 82)


def test_weights_are_counted_before_they_are_built(monkeypatch: pytest.MonkeyPatch) -> None:
    """A few bytes of zeros may stand for more words than anybody waits for."""

    def built(*_: object) -> None:
        raise AssertionError("built")

    monkeypatch.setattr(images, "build_synapses", built)
    _, loop = networks()
    first, *others = loop.network.projections
    weight = np.zeros((20, 10, 41, 41), dtype=np.int64)
    weight[::8, ::8, 0, 0] = 1  # every block, and not the same everywhere: that would be stored once
    first = replace(first, weight=weight, padding=(20, 20))
    large = replace(loop, network=replace(loop.network, projections=(first, *others)))
    with pytest.raises(SpikeplaneError, match="needs words 0 to 80687 of the weight memory"):
        large.check()


@pytest.mark.parametrize("seed", range(6))
def test_as_many_words_as_are_counted(seed: int) -> None:
    chip = ChipConfig(rows=1, cols=2, lanes=8)
    net, _ = random_network(seed, chip)
    for one in net.projections:
        for groups in (1, 2):
            made = build_synapses(one, net, chip, 0, groups)
            assert weight_words(one, net, chip, 0, groups) == len(made.weights)
