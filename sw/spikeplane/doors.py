"""What the methods of a Program and of a Board do stands above them, and they find it here by name: no module
imports one that is above it."""

from importlib import import_module
from typing import Any

#: Functions by the name that a method asks for.
DOORS = {
    "run": "spikeplane.front.run",
    "detect": "spikeplane.front.detect",
    "compare": "spikeplane.front.compare",
    "sensitivity": "spikeplane.front.compare",
    "estimate": "spikeplane.front.estimates",
    "line": "spikeplane.front.card",
    "card": "spikeplane.front.card",
    "stream": "spikeplane.front.stream",
    "train": "spikeplane.front.train",
    "train_program": "spikeplane.front.train",
    "to_inference": "spikeplane.front.trained",
    "compare_training": "spikeplane.front.trained",
    "telling": "spikeplane.front.progress",
}


def door(name: str) -> Any:
    """One of DOORS. Raises ModuleNotFoundError where what it needs is not installed."""
    return getattr(import_module(DOORS[name]), name)
