"""The outer engine: adds the outer products of a pair population's words of K and V up in the dynamic memory.

```
    item --> FIFO --> PairWords --pair--> FIFO --pair--> RowScan --row--> RowAdder --rows--> DynamicMemory
    row of values (chips with gates) -----------------------------^
    begin, population ---> counts, blocks           ^-- cleared, writing --'   ---> clears its rows first
                                     quiet <-- nothing is under way, all is written
```
Throughput: a row a cycle: for each token and each word of V that is not 0 a cycle for each set bit of K, or one for each
word of the sweep, whichever is more. It writes rows from `begin` until `quiet` only.
"""

from typing import Any

from amaranth.hdl import Module
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from spikeplane.config import ChipConfig
from spikeplane.formats.tables import core_tables
from spikeplane_gateware.core.dynamic.pair_words import PairWords
from spikeplane_gateware.core.dynamic.ports import RowPort, pair_layout, values_port
from spikeplane_gateware.core.dynamic.row_adder import RowAdder
from spikeplane_gateware.core.dynamic.row_scan import RowScan
from spikeplane_gateware.core.soma.egress import item_layout
from spikeplane_gateware.network.fifo import StreamFifo
from spikeplane_gateware.structs import struct


def rows_port(config: ChipConfig) -> dict[str, Any]:
    """The port of the soma stage to the dynamic memory, where there is one."""
    return {"rows": Out(RowPort(config))} if config.dynamic_depth else {}


class OuterEngine(wiring.Component):
    """The outer engine of a core.

    Parameters: config: a chip with `dynamic_depth`.

    Attributes: population, parity: POPULATION word and step's parity of the pair population that is swept, levels from
    `begin` (pulse) until its end; item: all words of its sweep; rows: to the dynamic memory; quiet: nothing is under way
    behind `item`. On a chip with gates also row_valid, row: the words of a gate population's sweep, which has no items.
    """

    def __init__(self, config: ChipConfig) -> None:
        self.config = config
        super().__init__(
            {
                "population": In(struct(core_tables(config).population)),
                "parity": In(1),
                "begin": In(1),
                "item": In(stream.Signature(item_layout(config))),
                **values_port(config),
                "rows": Out(RowPort(config)),
                "quiet": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m, c = Module(), self.config
        m.submodules.words = words = PairWords(c)
        m.submodules.taken = taken = StreamFifo(item_layout(c))  # cuts the way to the sweep's queue
        m.submodules.pairs = pairs = StreamFifo(pair_layout(c))
        m.submodules.scan = scan = RowScan(c)
        m.submodules.adder = adder = RowAdder(c)
        connect(m, flipped(self.item), taken.i)
        connect(m, taken.o, words.i)
        connect(m, words.o, pairs.i)
        connect(m, pairs.o, scan.i)
        connect(m, scan.o, adder.i)
        for name in values_port(c):
            m.d.comb += getattr(adder, name).eq(getattr(self, name))
        for part in (words, adder):
            m.d.comb += [part.population.eq(self.population), part.begin.eq(self.begin)]
        for name in self.rows.signature.members:
            if name in ("read_ready", "word"):
                m.d.comb += getattr(adder.port, name).eq(getattr(self.rows, name))
            elif name != "bank":
                m.d.comb += getattr(self.rows, name).eq(getattr(adder.port, name))
        m.d.comb += [
            self.rows.bank.eq(self.parity),
            scan.cleared.eq(adder.cleared),
            scan.all_cleared.eq(adder.all_cleared),
            scan.writing.eq(adder.writing),
            self.quiet.eq(~taken.o.valid & words.rests & ~pairs.o.valid & scan.quiet & adder.quiet),
        ]
        return m
