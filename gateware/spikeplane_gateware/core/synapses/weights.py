"""The memory of weights, in slices of a few lanes, each with its own address register: they lie far apart, and block RAMs of a
narrow word need no multiplexer behind them to be deep.

```
    op: address, read-back: address --> address register --> RAM --> found
        write bus --> register -----------------------------> |
    with two spikes a cycle:
    op: address, read-back, write bus: address --> address register --> RAM, first port ---> found
    op: second address -------------------------> address register --> RAM, second port --> second
```
Only a core that rests is written and read back, so the first port serves ops and writes.
"""

from typing import Any

from amaranth.hdl import Module, Mux, Signal, Value

from spikeplane.config import ChipConfig, bits_for
from spikeplane.formats.structure import SHARED_LANES
from spikeplane.formats.tables import Memory, core_tables
from spikeplane_gateware.core.copies import copies
from spikeplane_gateware.core.interfaces import late_write
from spikeplane_gateware.ram import DualRam, Ram


def both_fields(config: ChipConfig) -> dict[str, Any]:
    """What an op of a chip that takes two spikes a cycle says besides: where the second word of weights is, and whether it is added."""
    return (
        {"second_address": bits_for(config.weight_depth), "both": 1} if config.spikes_per_cycle == 2 else {}
    )


class Weights:
    """The memories of an accumulate pipeline's weights. Not a module of its own.

    Parameters: m, owner: of the pipeline; taken: its op is.

    `found`: the words, two cycles behind `taken`, while `loads`; `second`: those of the second port, which mean something for an op
    with `both` only.
    """

    def __init__(self, m: Module, owner: Any, taken: Value) -> None:
        self.m, self.owner, self.taken = m, owner, taken
        c = owner.config
        self.share = SHARED_LANES * c.weight_bits
        self.accesses, self.loads, self.twice = (
            Signal(name=name) for name in ("weight_accesses", "weight_loads", "second_accesses")
        )
        self.found, self.second = (
            Signal(c.lanes * c.weight_bits, name=f"weights_{name}") for name in ("found", "second")
        )
        if c.spikes_per_cycle == 2:
            self._dual(c)
        else:
            self._single(c)

    def _single(self, c: ChipConfig) -> None:
        m, read, op = self.m, self.owner.read, self.owner.op
        late = late_write(m, self.owner.write, Memory.WEIGHT, core_tables(c), c.lanes)
        at, takes = Mux(read.fetch, read.address, op.weight_address), self.taken | read.fetch
        reads = copies(m, at, c.lanes, "weight_at", takes)
        self._enable(takes)
        for lane in range(0, c.lanes, SHARED_LANES):
            place = self._place(lane)
            m.submodules[f"weights_{lane // SHARED_LANES}"] = ram = Ram(
                width=self.share, depth=c.weight_depth
            )
            m.d.comb += [
                ram.read_en.eq(self.accesses),
                self.found[place].eq(ram.read_data),
                ram.read_address.eq(reads[lane]),
                ram.write_en.eq(late.valid[lane]),
                ram.write_address.eq(late.address[lane]),
                ram.write_data.eq(late.data[place]),
            ]

    def _dual(self, c: ChipConfig) -> None:
        m, read, write, op = self.m, self.owner.read, self.owner.write, self.owner.op
        writes = write.valid & (write.memory == Memory.WEIGHT)
        at = Mux(writes, write.address, Mux(read.fetch, read.address, op.weight_address))
        takes = self.taken | read.fetch
        firsts = copies(m, at[: bits_for(c.weight_depth)], c.lanes, "weight_at", takes | writes)
        seconds = copies(m, op.second_address, c.lanes, "second_at", self.taken)
        written = copies(m, writes, c.lanes, "weight_writes")
        word = Signal(c.lanes * c.weight_bits, name="weight_data", reset_less=True)
        self._enable(takes)
        m.d.sync += self.twice.eq(self.taken & op.both)
        with m.If(writes):
            m.d.sync += word.eq(write.data)
        for lane in range(0, c.lanes, SHARED_LANES):
            place = self._place(lane)
            m.submodules[f"weights_{lane // SHARED_LANES}"] = ram = DualRam(
                width=self.share, depth=c.weight_depth
            )
            m.d.comb += [
                ram.read_en.eq(self.accesses),
                ram.write_en.eq(written[lane]),
                ram.address.eq(firsts[lane]),
                ram.write_data.eq(word[place]),
                ram.second_en.eq(self.twice),
                ram.second_address.eq(seconds[lane]),
                self.found[place].eq(ram.read_data),
                self.second[place].eq(ram.second_data),
            ]

    def _enable(self, takes: Value) -> None:
        """Enables of the memory and of what takes its word: registers of their own, because enables that would lie behind a table
        are late for wide words."""
        self.m.d.sync += [self.accesses.eq(takes), self.loads.eq(self.accesses)]

    def _place(self, lane: int) -> slice:
        """The bits of a word that a slice has."""
        first = lane * self.owner.config.weight_bits
        return slice(first, first + self.share)
