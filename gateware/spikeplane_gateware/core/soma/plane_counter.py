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
from spikeplane.formats.structure import SHARED_LANES


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
        #: copies of `bit`, one for a few lanes, as it chooses among all of theirs; none where a few lanes are all
        self.bits = [
            Signal(len(self.bit), name=f"bit_{number}", attrs={"keep": 1})
            for number in range(0 if config.sweep_lanes else config.lanes // SHARED_LANES)
        ]

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
            bits = [one.eq(p.plane_low) for one in (self.bit, *self.bits)]
            return [self.busy.eq(1), *bits, self.shift.eq(0)]
        return [self.plane.eq(p.plane_last + 1), *[one.eq(0) for one in (self.shift, *self.bits)]]

    def advance(self) -> list[Any]:
        """The plane has been taken."""
        on = [self.shift.eq(self.shift + 1), *[one.eq(self.bit + 1) for one in self.bits]]
        if self.config.low_planes:
            return [self.busy.eq(~self.highest), self.bit.eq(self.bit + 1), *on]
        return [self.plane.eq(self.plane - 1), *on]
