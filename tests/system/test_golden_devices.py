"""The golden model on a GPU: the bits of the CPU, whatever a network has."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
import torch
from mixed import mixed
from test_random_mixed import CHIPS

from spikeplane.network import Network
from spikeplane_sim.golden import GoldenModel

NETWORKS, DEVICES = 10, ("cpu", "cuda")

pytestmark = pytest.mark.skipif(
    not torch.cuda.is_available(), reason="no CUDA device: the golden model runs on the CPU alone"
)


def _both(network: Network, planes: dict[str, np.ndarray], acc_bits: int, membrane_bits: int) -> int:
    """Spikes and values that are not 0; each the same on both."""
    on = {
        device: GoldenModel(network, membrane_bits=membrane_bits, acc_bits=acc_bits, device=device).run(
            planes
        )
        for device in DEVICES
    }
    for population, expected in on["cpu"].items():
        assert np.array_equal(expected, on[DEVICES[1]][population]), population
    return sum(int((values != 0).sum()) for values in on["cpu"].values())


@pytest.fixture(params=["highest", "medium"])
def precision(request: pytest.FixtureRequest) -> Iterator[str]:
    """What products of single precision keep on a GPU."""
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision(request.param)
    yield request.param
    torch.set_float32_matmul_precision(before)


@pytest.mark.usefixtures("precision")
@pytest.mark.parametrize("name", CHIPS)
def test_a_gpu_has_the_bits_of_the_cpu(name: str) -> None:
    """However much of its products a user lets be cut."""
    config, sent = CHIPS[name], 0
    for seed in range(NETWORKS):
        sent += _both(*mixed(seed, config), config.acc_bits, config.membrane_bits)
    assert sent > 100 * NETWORKS


def test_sums_beyond_double_precision() -> None:
    """Weights so large that their sums are made on the CPU."""
    config, met = CHIPS["core-32"], 0
    for seed in range(NETWORKS):
        network, planes = mixed(seed, config)
        grown = [
            replace(p, pre_shift=p.pre_shift + 44) if p.dynamic is None else p for p in network.projections
        ]
        large = replace(network, projections=tuple(grown))
        model = GoldenModel(large, membrane_bits=24, acc_bits=62, device=DEVICES[1])
        met += sum(getattr(s, "dtype", None) == torch.int64 for s in model.synapses)
        _both(large, planes, 62, 24)
    assert met > NETWORKS
