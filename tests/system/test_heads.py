"""Self-attention of heads and tokens of any number: every neuron of the float network is the module's, the integers are near it,
and the chip, which "auto" finds, is the golden model."""

from dataclasses import dataclass

import numpy as np
import pytest
from token_nets import transformer

import spikeplane
from spikeplane.encoding import Encoding

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Case:
    """Channels of a head, heads, pixels, steps, blocks; lanes that "auto" takes; stream: between blocks go values."""

    size: int
    heads: int
    pixels: tuple[int, int]
    steps: int
    blocks: int = 1
    lanes: int = 16
    stream: bool = False

    def __str__(self) -> str:
        return f"{self.heads}x{self.size}-{self.pixels[0] * self.pixels[1]}-{self.steps}-{self.blocks}"


CASES = (
    Case(4, 4, (3, 3), 1), Case(6, 2, (3, 3), 1, 2), Case(6, 1, (3, 3), 4), Case(8, 4, (6, 6), 4, 2), Case(12, 2, (3, 3), 3),
    Case(12, 1, (3, 12), 3), Case(16, 2, (14, 14), 1), Case(20, 2, (4, 9), 1, lanes=8, stream=True), Case(20, 1, (7, 7), 1),
    Case(24, 2, (6, 6), 3, lanes=8), Case(32, 2, (10, 10), 1, stream=True), Case(48, 1, (7, 7), 3), Case(64, 1, (8, 8), 4, stream=True),
)  # fmt: skip
ON_THE_CHIP = (
    Case(12, 2, (2, 3), 2, 2), Case(6, 2, (3, 3), 1), Case(24, 2, (2, 3), 2, lanes=8), Case(20, 2, (2, 2), 1, lanes=8, stream=True),
    Case(12, 1, (3, 3), 3),
)  # fmt: skip


def compiled(case: Case) -> tuple[spikeplane.Program, np.ndarray]:
    """Proved: what differs would be refused."""
    planes = (np.random.default_rng(2).random((3, case.steps, 2, *case.pixels)) < 0.3).astype(np.uint8)
    program = spikeplane.compile(
        transformer(case.size, case.heads, case.pixels, case.steps, case.blocks, stream=case.stream),
        chip="auto",
        input_shape=(2, *case.pixels),
        encoding=Encoding(kind="planes", steps=case.steps),
        calibration=planes,
        progress=False,
    )
    rows = program.tables["agreement"]
    assert sum(row["compared"] or 0 for row in rows) > 1000
    assert not sum(row["ties"] or 0 for row in rows)
    attended = [row["rate_float"] for row in rows if row["population"].endswith("attends")]
    assert len(attended) == case.blocks
    assert all(0.01 < rate < 0.97 for rate in attended), attended
    assert min(row["given"] for row in rows if row["given"] is not None) > 98
    assert program.config.lanes == case.lanes
    return program, planes


@pytest.mark.parametrize("case", CASES, ids=str)
def test_any_heads(case: Case) -> None:
    compiled(case)


@pytest.mark.cosim
@pytest.mark.parametrize("case", ON_THE_CHIP, ids=str)
def test_on_the_chip(case: Case) -> None:
    program, planes = compiled(case)
    found = program.run(planes[:2], board="sim", lockstep=True, progress=False).comparison
    assert found is not None
    assert (found.mismatches, found.spikes > 100) == (0, True)
