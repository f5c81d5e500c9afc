"""The golden model's fast path: products of bytes, summed in 32 bits, and neurons in one pass, in C++ that is built for this
processor. Every value is the plain path's.

```
    GoldenModel(path=...) -> choose -> FastPopulation by population -> Kernel
                                +----> none: the plain path
```
"""

import os
from typing import TYPE_CHECKING

from spikeplane.errors import SpikeplaneError
from spikeplane.log import logger
from spikeplane_sim.golden.int8.binding import Kernel, kernel
from spikeplane_sim.golden.int8.layer import FastPopulation, Given, Moved

if TYPE_CHECKING:
    from spikeplane_sim.golden.model import GoldenModel

__all__ = ["PATHS", "FastPopulation", "Given", "Moved", "fast_populations"]

PATHS = ("auto", "plain", "int8")
VARIABLE = "SPIKEPLANE_GOLDEN"  #: the path of models that are told none
_log = logger(__name__)


def fast_populations(model: "GoldenModel", path: str | None, membrane_bits: int) -> dict[str, FastPopulation]:
    """The populations of a model that the kernel does something for, by name; none on the plain path.

    `path`: "plain"; "int8", which raises SpikeplaneError where there is no compiler or processor for it; "auto", which is
    plain there, and on CUDA. None: what the variable SPIKEPLANE_GOLDEN says, or "auto".
    """
    path = path or os.environ.get(VARIABLE) or "auto"
    if path not in PATHS:
        raise SpikeplaneError(f"no path '{path}' of the golden model; choose from {', '.join(PATHS)}")
    found = _kernel(path, model.device.type)
    if found is None:
        return {}
    neurons = (p for p in model.network.populations if p.neuron is not None)
    populations = {p.name: FastPopulation(model, p, found, membrane_bits) for p in neurons}
    return {name: population for name, population in populations.items() if population.any}


def _kernel(path: str, device: str) -> Kernel | None:
    if path == "plain" or (path == "auto" and device != "cpu"):
        return None
    if device != "cpu":
        raise SpikeplaneError(
            f"the golden model's int8 path runs on the CPU, not on {device}; choose auto or plain"
        )
    try:
        found = kernel()
    except SpikeplaneError as error:
        if path == "int8":
            raise
        _log.warning("the golden model takes its plain path: %s", error)
        return None
    if found is None and path == "int8":
        raise SpikeplaneError(
            "the golden model's int8 path needs g++ and a processor with SSSE3, not found: apt-get install g++; or choose auto or plain"
        )
    return found
