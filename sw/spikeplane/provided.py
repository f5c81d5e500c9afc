"""What the packages above provide to this one: the golden model, the simulated board, the proof of an import, the
table of boards.

`spikeplane` is installed without them, and nothing in it stands on them: what needs one asks for it by name,
and gets it where it is installed.
"""

from importlib import import_module
from typing import Any

#: Names by the module that has them. The only names of upper packages outside the command line
#: (tests/packaging/test_import_graph.py).
PROVIDED = {
    "BOARDS": "spikeplane_hw.boards",
    "board": "spikeplane_hw.boards",
    "ChipModule": "spikeplane_sim.module",
    "agreement": "spikeplane_sim.measured",
    "Trainer": "spikeplane_sim.golden.training",
    "alone_in_integers": "spikeplane_sim.measured",
    "digest": "spikeplane_sim.golden.training",
    "check_model": "spikeplane_sim.proof",
    "FloatModel": "spikeplane_sim.golden",
    "GoldenModel": "spikeplane_sim.golden",
    "GoldenBoard": "spikeplane_sim.golden.board",
    "SimulatedBoard": "spikeplane_sim.board",
    "drawn": "spikeplane_sim.proof.planes",
    "proof_tables": "spikeplane_sim.proof",
    "seen": "spikeplane_sim.golden.training",
    "run_layer": "spikeplane_sim.proof.integers",
}


def provided(name: str) -> Any:
    """One of PROVIDED. Raises ModuleNotFoundError where its package, or what that needs, is not installed."""
    return getattr(import_module(PROVIDED[name]), name)
