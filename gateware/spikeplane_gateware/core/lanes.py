"""Memories of lanes: every lane has its word at the same place, so two lanes may share a memory.

```
    lane 0 --+-- Ram of two words side by side     (up to SHORT_MEMORY words deep)
    lane 1 --+
```
A block RAM of 18 kbit is 36 bits wide up to 512 words: a short memory of one lane would leave half
of it empty. A longer one takes the same blocks either way and stays the lane's own, near it. Timing
and ports are those of `Ram`.
"""

from dataclasses import dataclass

from amaranth.hdl import Module, Value

from spikeplane.formats.structure import SHORT_MEMORY
from spikeplane_gateware.ram import Ram


@dataclass(frozen=True)
class LaneRam:
    """One lane's part of a memory. `leads`: the first of those that share it, who alone connects
    what they have in common."""

    ram: Ram
    leads: bool
    low: int
    width: int

    @property
    def read_data(self) -> Value:
        """The lane's word of the cycle before."""
        return self.ram.read_data[self.low : self.low + self.width]

    @property
    def write_data(self) -> Value:
        """Where the lane's new word goes."""
        return self.ram.write_data[self.low : self.low + self.width]

    def connect(
        self, m: Module, *, read_en: Value, read_address: Value, write_en: Value, write_address: Value
    ) -> None:
        """Enables and addresses; the same for lanes that share a memory."""
        if self.leads:
            ram = self.ram
            m.d.comb += [
                ram.read_en.eq(read_en),
                ram.read_address.eq(read_address),
                ram.write_en.eq(write_en),
                ram.write_address.eq(write_address),
            ]


def lane_rams(m: Module, name: str, *, lanes: int, width: int, depth: int) -> list[LaneRam]:
    """For each lane `depth` words of `width` bits, in submodules `name`_0 and so on."""
    share = 2 if depth <= SHORT_MEMORY else 1
    found = []
    for lane in range(0, lanes, share):
        m.submodules[f"{name}_{lane}"] = ram = Ram(width=share * width, depth=depth)
        found += [LaneRam(ram, number == 0, number * width, width) for number in range(share)]
    return found
