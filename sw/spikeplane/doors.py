"""What a Program's methods do stands above Program, which finds it here by name: no module imports one
that is above it."""

from importlib import import_module
from typing import Any

#: Functions by the name that a Program's method asks for.
DOORS = {
    "run": "spikeplane.front.run",
    "compare": "spikeplane.front.compare",
    "sensitivity": "spikeplane.front.compare",
    "estimate": "spikeplane.front.estimates",
    "line": "spikeplane.front.card",
    "card": "spikeplane.front.card",
}


def door(name: str) -> Any:
    """One of DOORS. Raises ModuleNotFoundError where what it needs is not installed."""
    return getattr(import_module(DOORS[name]), name)
