"""Windows over the accumulators with padding, straight on the chip: golden model, chip and a
maximum written out agree in every value.

Every channel of every pixel has currents of its own, negative ones among them, so that padding that
counted as 0 would be seen, and so would an accumulator that a window left over from the step
before.
"""

import numpy as np
import pytest
from chips import Chip
from test_random import CHIPS

from spikeplane.network import MEMBRANE, Network, Neuron, Population, Projection, Window
from spikeplane.run.lockstep import compare
from spikeplane_sim.golden import GoldenModel

CHANNELS, STEPS = 13, 4  #: more than the chip's lanes, and no multiple of them


def windowed(window: Window, size: tuple[int, int], rng: np.random.Generator) -> Network:
    """One channel of input for each of the window's; the biases let some channels lie below 0 throughout."""
    height, width = ((n + 2 * window.padding - window.size) // window.stride + 1 for n in size)
    read = Population(
        name="read",
        shape=(CHANNELS, height, width),
        neuron=Neuron(leak="memoryless", reset="none", kind=MEMBRANE),
        window=window,
        input_size=size,
        bias=np.arange(CHANNELS) - 9,
    )
    weight = rng.choice([-1, 1], (CHANNELS, CHANNELS, 1, 1))
    return Network(
        populations=(Population(name="in", shape=(CHANNELS, *size)), read),
        output="read",
        steps=STEPS,
        projections=(Projection(source="in", target="read", weight=weight),),
    )


def written_out(network: Network, planes: np.ndarray) -> np.ndarray:
    """(N, T, C, H, W): the largest current of each window's pixels inside the map."""
    population, weight = network.population("read"), network.projections[0].weight[..., 0, 0]
    window = population.window
    assert window is not None
    assert population.bias is not None
    currents = np.einsum("oc,ntcyx->ntoyx", weight, planes.astype(int)) + population.bias.reshape(-1, 1, 1)
    found = np.full((*planes.shape[:2], *population.shape), -(1 << 20))
    for y, x in np.ndindex(*population.shape[1:]):
        for i, j in np.ndindex(window.size, window.size):
            row, column = y * window.stride - window.padding + i, x * window.stride - window.padding + j
            if 0 <= row < planes.shape[3] and 0 <= column < planes.shape[4]:
                found[..., y, x] = np.maximum(found[..., y, x], currents[..., row, column])
    return found


@pytest.mark.cosim
def test_padded_windows() -> None:
    config, rng = CHIPS["row"], np.random.default_rng(4)
    cases = [
        (2, 1, 1, (4, 3)),
        (2, 2, 1, (3, 5)),
        (3, 1, 1, (1, 6)),
        (3, 2, 1, (5, 4)),
        (3, 3, 2, (2, 1)),
        (4, 3, 2, (6, 3)),
        (2, 1, 0, (3, 3)),
        (16, 16, 0, (16, 16)),  # a single window: any stride
    ]
    below = 0
    with Chip(config) as device:
        for size, stride, padding, pixels in cases:
            network = windowed(Window(size=size, stride=stride, padding=padding), pixels, rng)
            planes = (rng.random((3, STEPS, CHANNELS, *pixels)) < 0.4).astype(np.uint8)
            expected = {"read": written_out(network, planes)}
            golden = GoldenModel(network, membrane_bits=config.membrane_bits, acc_bits=config.acc_bits).run(
                {"in": planes}
            )
            for outputs in (golden, device.load(network).run({"in": planes})):
                found = compare(network, outputs, expected)
                assert found.mismatches == 0, f"window {size}, stride {stride}, padding {padding}: {found}"
            below += int((expected["read"] < 0).sum()) if padding else 0
    assert below > 500
