"""One attention block and two in a row on the chip, in lockstep with the golden model: K, V and Q of an input, A, a readout;
heads of less than a word, a word, and more, on one core and on several, placed in more than one way."""

from dataclasses import replace

import numpy as np
import pytest
from attentions import Shape, block, spikes
from test_random import CHIPS

import spikeplane
from spikeplane import Encoding, Program
from spikeplane.compiler.images import build_image
from spikeplane.compiler.place import place
from spikeplane.config import ChipConfig
from spikeplane.host.driver import Driver
from spikeplane.program.laid import pairs_of
from spikeplane.run.lockstep import compare
from spikeplane_sim.board import SimulatedBoard
from spikeplane_sim.golden import GoldenModel

pytestmark = pytest.mark.cosim

CORE = replace(
    CHIPS["core-8"], dynamic_depth=1024, dynamic_bits=7, populations=16, projections=64, acc_depth=1024, membrane_depth=1024,
    weight_depth=1 << 14, parameter_depth=256,
)  # fmt: skip


def program(
    shape: Shape, heads: int, blocks: int, steps: int, config: ChipConfig
) -> tuple[Program, np.ndarray]:
    """Attention whose every population fires."""
    samples = spikes(shape, 3, steps)
    encoding = Encoding(kind="planes", steps=steps)
    net = block(shape, heads, blocks=blocks)
    made = spikeplane.compile(net, chip=config, encoding=encoding, calibration=samples, progress=False)
    return made, samples


def runs(made: Program, samples: np.ndarray, board: SimulatedBoard, most: int) -> int:
    """Everything that fires is what the golden model fires; on how many cores A lies."""
    config, laid = made.config, made.laid
    names = [p.name for p in made.network.populations if p.neuron is not None]
    planes = made.planes(samples)
    golden = GoldenModel(made.network, membrane_bits=config.membrane_bits, acc_bits=config.acc_bits).run(
        planes
    )
    placement = place(laid, config, most)
    driver = Driver(board, config, laid, placement, build_image(laid, placement, config, names))
    driver.load()
    found = compare(made.network, driver.run(planes), golden)
    assert found.mismatches == 0, str(found)
    assert all(np.mean(golden[name] != 0) > 0 for name in names)
    (pair,) = pairs_of(laid, "a")
    assert {p.core for p in placement.of(pair.name)} == {p.core for p in placement.of("a")}
    return len(placement.of("a"))


def test_a_block_on_a_mesh() -> None:
    """Two heads of a word, placed on two cores and on one."""
    config = CHIPS["mesh"]
    made, samples = program((16, 2, 3), 2, 1, 3, config)
    with SimulatedBoard(config) as board:
        assert [runs(made, samples, board, most) for most in (6, 1)] == [2, 1]


@pytest.mark.slow
@pytest.mark.parametrize("config", [CORE, replace(CORE, rows=2, cols=2)], ids=["core", "mesh"])
def test_blocks_of_every_size(config: ChipConfig) -> None:
    """64 tokens once; a block behind another; samples of one step."""
    cases = [
        ((16, 8, 8), 2, 1, 4),
        ((32, 3, 3), 2, 1, 3),
        ((16, 4, 4), 8, 2, 5),
        ((24, 2, 2), 1, 1, 1),
        ((32, 4, 4), 4, 2, 3),
    ]
    with SimulatedBoard(config) as board:
        for shape, heads, blocks, steps in cases:
            made, samples = program(shape, heads, blocks, steps, config)
            for most in (4, 2, 1):
                runs(made, samples, board, most)
