"""What a published system is here: a small model written from its published semantics, and what is expected of it."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from torch import nn

from spikeplane.encoding import Encoding
from spikeplane.errors import SpikeplaneError

Shape = tuple[int, int, int]


@dataclass(frozen=True, kw_only=True)
class System:
    """One row of the table that `spikeplane systems` prints.

    name       as it is typed
    title      the system and its variant
    paper      where it was published
    shapes     what the smallest test consists of, at its usual size
    model      (size, seed) -> a module in evaluation mode whose batch-norms are calibrated; the same pair gives the
               same weights. size: pixels on a side of the input; seed: of weights and calibration
    inputs     (size) -> (C, H, W)
    encoding   how samples become planes
    size       the usual size
    least      the smallest size
    multiple   of which a size is: where maps are halved and laid over others again
    agreement  percent of the spikes that the integers share with the float network, each layer given the float
               network's spikes, that must be reached. Mismatches between chip and golden model must be 0.
    assumed    what the paper leaves open, or its abstract, and what was taken
    published  files that have the published model, a repository or a package and a path in it
    part       a part of a system that does not run as a whole
    weight_bits  of the chip; 1 for binary weights
    low_planes  of the chip: for values behind images
    attention  of the chip: a dynamic memory
    levels      of the chip: for integer spikes
    gates       of the chip: for products of values and what is kept of a sample's presentations
    membrane_bits  of the chip, where it is to be wider than its options need; 0: as they need
    lacks      what is missing before it runs, of the chip where it has a model; "" for one that runs
    """

    name: str
    title: str
    paper: str
    shapes: str
    model: Callable[[int, int], nn.Module] | None = None
    inputs: Callable[[int], Shape] = lambda size: (3, size, size)
    encoding: Encoding = field(default_factory=Encoding)
    size: int = 16
    least: int = 1
    multiple: int = 1
    agreement: float = 99.0
    assumed: tuple[str, ...] = ()
    published: str = ""
    part: bool = False
    weight_bits: int = 8
    low_planes: bool = False
    attention: bool = False
    levels: bool = False
    gates: bool = False
    membrane_bits: int = 0
    lacks: str = ""

    def refuse(self, size: int) -> None:
        """Raises SpikeplaneError for a size that the model does not take."""
        if size < self.least:
            raise SpikeplaneError(f"{self.name} takes at least {self.least} pixels on a side, not {size}")
        if size % self.multiple:
            raise SpikeplaneError(
                f"{self.name} takes a multiple of {self.multiple} pixels on a side, not {size}"
            )


def varied(base: System, system: System) -> System:
    """The system on the base's input, at its size."""
    return replace(system, inputs=base.inputs, encoding=base.encoding, size=base.size, least=base.least)
