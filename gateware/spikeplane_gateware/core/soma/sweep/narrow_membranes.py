"""The membranes of a core whose sweep takes a few lanes at a time: a word's parts lie one after the other.

```
    opening --> [read_at] --> membranes --> words          launched --> + 1
            --> [write_at] <-- + 1, out_valid or zeroes <-- after
```
The memory is a part wide, so nothing is chosen of its words. Throughput: a read and a write a cycle. Latency: 1 cycle.
"""

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In

from spikeplane.config import ChipConfig, bits_for
from spikeplane_gateware.core.soma.sweep.membranes import membrane_ports
from spikeplane_gateware.core.soma.sweep.turns import parts_of
from spikeplane_gateware.ram import Ram


class NarrowMembranes(wiring.Component):
    """The membranes of all lanes, a part a word.

    Parameters: config: a chip with `sweep_lanes`.

    Attributes: as `Membranes`, of a part's lanes; sweeps: pulse, a part is read; launched: it is one of its window's last element.
    """

    def __init__(self, config: ChipConfig) -> None:
        self.config = config
        super().__init__({**membrane_ports(config), "sweeps": In(1)})

    def elaborate(self, platform: object) -> Module:
        m, c, p = Module(), self.config, self.population
        m.submodules.store = ram = Ram(
            width=c.swept_lanes * c.membrane_bits, depth=c.membrane_depth * c.sweep_turns
        )
        read_at, write_at = (Signal(bits_for(ram.depth), name=name) for name in ("read_at", "write_at"))
        writes = self.out_valid | self.zeroes
        with m.If(self.opening):
            m.d.sync += [
                read_at.eq(parts_of(c, p.membrane_base)),
                write_at.eq(parts_of(c, p.membrane_base)),
            ]
        with m.Else():
            m.d.sync += [read_at.eq(read_at + self.launched), write_at.eq(write_at + writes)]
        m.d.comb += [
            ram.read_en.eq(self.sweeps),
            ram.read_address.eq(read_at),
            ram.write_address.eq(write_at),
            ram.write_en.eq((self.out_valid & ~p.stateless) | self.zeroes),
            ram.write_data.eq(Cat(self.after)),
            Cat(self.words).eq(ram.read_data),
        ]
        return m
