"""Which bit of the values in a word of neurons is sent next.

```
    chips with all planes:        plane  counts down from as many as there are;  shift  is the bit of v
    chips with `low_planes`:      bit    counts up from `plane_low` to `plane_last`;  shift  from 0 on
```
"""

from typing import Any

from amaranth.hdl import Signal, Value
from amaranth.lib import data

from spikeplane.config import ChipConfig, bits_for


class PlaneCounter:
    """The registers of the count; the sweep says when it begins and when it goes on. Not a module of its own.

    Parameters: config: the chip; population: its POPULATION word under way.
    """

    def __init__(self, config: ChipConfig, population: data.View) -> None:
        self.config, self.population = config, population
        self.shift = Signal(bits_for(config.membrane_bits))  #: what the plane counts
        self.bit = self.shift  #: of v
        if config.low_planes:
            self.bit, self.busy = Signal.like(self.shift, name="v_bit"), Signal(name="busy")
        else:
            self.plane = Signal(range(config.membrane_bits + 1))

    @property
    def rests(self) -> Value:
        """All planes of the word are sent."""
        return ~self.busy if self.config.low_planes else self.plane == 0

    @property
    def runs(self) -> Value:
        """A plane is to be sent."""
        return self.busy if self.config.low_planes else self.plane != 0

    @property
    def highest(self) -> Value:
        """It is the last one of the word."""
        return self.bit == self.population.plane_last if self.config.low_planes else self.plane == 1

    def begin(self) -> list[Any]:
        """A word has come."""
        p = self.population
        if self.config.low_planes:
            return [self.busy.eq(1), self.bit.eq(p.plane_low), self.shift.eq(0)]
        return [self.plane.eq(p.plane_last + 1), self.shift.eq(0)]

    def advance(self) -> list[Any]:
        """The plane has been taken."""
        shift = self.shift.eq(self.shift + 1)
        if self.config.low_planes:
            return [self.busy.eq(~self.highest), self.bit.eq(self.bit + 1), shift]
        return [self.plane.eq(self.plane - 1), shift]
