"""Rows under way: the outer engine goes on with a pair population's words when its sweep has ended, and reads wait for it.

```
    begins --> population, parity kept --> begin --> OuterEngine          sweep -- ends --> next job
           --> unready (of the parity's bank) --> ops that read rows wait
    ended, then quiet --> ready
```
So the pair's tokens may go early, and the reader's sweep begins while the last rows are still added up: a row is read
only when the engine has done with all of them. The engine waits for nobody but reads of the other bank, so that what
waits for it always goes on.
"""

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from spikeplane.config import ChipConfig
from spikeplane.formats.tables import core_tables
from spikeplane_gateware.structs import struct


class UnderWay(wiring.Component):
    """Whose rows the outer engine writes, and until when.

    Parameters: config: a chip with `dynamic_depth`.

    Attributes: begins: pulse, the sweep of `population` in a step of `parity` begins, while not busy; ended: level, the engine
    has all of its words; quiet: of the engine; begin: pulse, a cycle after `begins`; kept, kept_parity: population and parity for
    the engine, levels; busy: level, from `begins` until all rows are written; unready: the same by bank.
    """

    def __init__(self, config: ChipConfig) -> None:
        population = struct(core_tables(config).population)
        super().__init__(
            {
                "population": In(population),
                "parity": In(1),
                "begins": In(1),
                "ended": In(1),
                "quiet": In(1),
                "begin": Out(1),
                "kept": Out(population),
                "kept_parity": Out(1),
                "busy": Out(1),
                "unready": Out(2),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m, all_in = Module(), Signal()
        m.d.sync += [self.begin.eq(self.begins), all_in.eq(all_in | self.ended)]
        with m.If(all_in & self.quiet):
            m.d.sync += [self.unready.eq(0), self.busy.eq(0)]
        with m.If(self.begins):
            m.d.sync += [
                self.kept.eq(self.population),
                self.kept_parity.eq(self.parity),
                all_in.eq(0),
                self.busy.eq(1),
            ]
            for bank in range(2):
                m.d.sync += self.unready[bank].eq(self.parity if bank else ~self.parity)
        return m
