"""Spikeplane: from a trained spiking network to a verified chip. What a user imports; neither
amaranth nor torch here.

The names are imported when they are first used: the command line has to handle signals before numpy
is loaded, and as soon as it can, so that not even `typing` is imported here.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from spikeplane.compiler.compile import compile
    from spikeplane.config import PRESETS, ChipConfig
    from spikeplane.encoding import Encoding
    from spikeplane.errors import SpikeplaneError
    from spikeplane.front.estimates import Estimate, boards_for
    from spikeplane.front.images import show_images
    from spikeplane.front.result import RunResult
    from spikeplane.front.train import train
    from spikeplane.front.trained import Inference, TrainingResult
    from spikeplane.program import Program
    from spikeplane.run.board import Board
    from spikeplane.run.boards import open_board
    from spikeplane.run.execute import Result, execute, summarise
    from spikeplane.run.lockstep import Comparison, compare
    from spikeplane.train.file import Training
    from spikeplane_sim.module import ChipModule

__version__ = "0.1.0"
__all__ = [
    "PRESETS", "Board", "ChipConfig", "ChipModule", "Comparison", "Encoding", "Estimate", "Inference", "Program", "Result",
    "RunResult", "SpikeplaneError", "Training", "TrainingResult", "__version__", "boards_for", "compare", "compile", "execute",
    "open_board", "show_images", "summarise", "train",
]  # fmt: skip

_HOME = {
    "compile": "spikeplane.compiler.compile",
    "PRESETS": "spikeplane.config",
    "ChipConfig": "spikeplane.config",
    "Encoding": "spikeplane.encoding",
    "SpikeplaneError": "spikeplane.errors",
    "Program": "spikeplane.program",
    "Board": "spikeplane.run.board",
    "open_board": "spikeplane.run.boards",
    "ChipModule": "spikeplane.provided",
    "Estimate": "spikeplane.front.estimates",
    "boards_for": "spikeplane.front.estimates",
    "Result": "spikeplane.run.execute",
    "RunResult": "spikeplane.front.result",
    "Inference": "spikeplane.front.trained",
    "TrainingResult": "spikeplane.front.trained",
    "Training": "spikeplane.train.file",
    "show_images": "spikeplane.front.images",
    "execute": "spikeplane.run.execute",
    "summarise": "spikeplane.run.execute",
    "Comparison": "spikeplane.run.lockstep",
    "compare": "spikeplane.run.lockstep",
}


def __getattr__(name: str) -> Any:
    from importlib import import_module

    if name == "train":  # a package that can be called
        return import_module("spikeplane.train")
    if name not in _HOME:
        raise AttributeError(f"module 'spikeplane' has no attribute {name!r}")
    home = import_module(_HOME[name])
    value = home.provided(name) if _HOME[name] == "spikeplane.provided" else getattr(home, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
