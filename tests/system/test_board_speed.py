"""The simulated board of tiles against the same chip in one model: faster, and built as soon."""

import pytest

from spikeplane_sim.figures import board

pytestmark = [pytest.mark.cosim, pytest.mark.slow]


@pytest.fixture(autouse=True)
def for_speed(monkeypatch) -> None:
    """Simulators as users build them: tests build theirs in a hurry."""
    monkeypatch.setattr("spikeplane_sim.board.build.LEVEL", "3")


def test_the_demos_bytes_in_both() -> None:
    """Faster by how much, `make bench` says: it depends on what else the machine does."""
    run = board.replay(*board.demo_calls(samples=60))
    assert run.cycles > 200_000
    assert run.ratio > 1.05


def test_a_large_mesh_is_built_as_a_small_one() -> None:
    small, large = board.mesh_build_seconds()
    assert large <= 2 * small
