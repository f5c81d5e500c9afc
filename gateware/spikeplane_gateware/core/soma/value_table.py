"""What a population of values sends in the place of v: an entry of one of the core's tables, lane by lane.

```
    lanes --v of lane 0--> >> table_shift --> limited to -128..127 --> TABLE --> word --> last lane
      ^----------------------- all lanes move one on, lanes + AHEAD times ------------------'
```
The lanes' own registers turn, so that no lane is chosen and no entry put: AHEAD words of no meaning go in first, and have gone
out again at the end. Throughput: a word in lanes + AHEAD + 2 cycles. Registers rest while nothing passes.
"""

from amaranth.hdl import Cat, Module, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from spikeplane.config import ChipConfig, bits_for
from spikeplane.formats.packet import CHUNK_BITS
from spikeplane.formats.tables import core_tables
from spikeplane.formats.value_tables import INDEX_BITS, OptionMemory
from spikeplane_gateware.core.interfaces import WriteBus
from spikeplane_gateware.core.reads import ReadBus, output_register
from spikeplane_gateware.core.soma.neuron import saturated
from spikeplane_gateware.ram import Ram
from spikeplane_gateware.structs import struct

AHEAD = 4  #: cycles from a lane's v to its entry


class ValueTable(wiring.Component):
    """The tables of a core.

    Parameters: config: a chip with `tables`.

    Attributes: write, read, read_data: the memory TABLE, on the buses of the loader and of the read-back; population:
    POPULATION word under way, a level; found: pulse, a word of neurons stands in the lanes; v: of lane 0; turn: the lanes move
    one on, the last one takes entry; ready: pulse, what is to be sent stands in the lanes, in the cycle of found where there is
    no table; busy: from found on, until behind ready.
    """

    def __init__(self, config: ChipConfig) -> None:
        self.config, self.tables = config, core_tables(config)
        super().__init__(
            {
                "write": In(WriteBus(config)),
                "read": In(ReadBus(config)),
                "read_data": Out(CHUNK_BITS),
                "population": In(struct(self.tables.population)),
                "found": In(1),
                "v": In(config.membrane_bits),
                "turn": Out(1),
                "entry": Out(config.membrane_bits),
                "ready": Out(1),
                "busy": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m, p = Module(), self.population
        turns = self.config.swept_lanes + AHEAD
        # the turns left, whether there are any: all lanes wait for that
        left, turning, complete = Signal(range(turns + 1)), Signal(), Signal()
        m.d.comb += [
            self.turn.eq(turning),
            self.busy.eq(self.turn | complete),
            self.ready.eq(complete | (self.found & ~p.tabled)),
        ]
        last = Signal(name="last_turn")
        m.d.comb += last.eq(left == 1)
        m.d.sync += complete.eq(last & turning)
        with m.If(self.found & p.tabled):
            m.d.sync += [left.eq(turns), turning.eq(1)]
        with m.Elif(self.turn):
            m.d.sync += [left.eq(left - 1), turning.eq(~last)]
        self._ask(m)
        return m

    def _ask(self, m: Module) -> None:
        """The memory between its address register and its output register."""
        c, p, memory = self.config, self.population, OptionMemory.TABLE
        depth = self.tables.depth(memory)
        m.submodules.store = store = Ram(width=c.membrane_bits, depth=depth)
        # a bit more than membranes have, so that there are bits to limit
        shifted = Signal(signed(c.membrane_bits + 1), reset_less=True)
        at, limited = Signal(bits_for(depth)), Signal(INDEX_BITS)
        m.d.comb += limited.eq(saturated(shifted, INDEX_BITS))
        with m.If(self.turn):
            m.d.sync += [
                shifted.eq(self.v.as_signed() >> p.table_shift),
                at.eq(Cat(limited[:-1], ~limited[-1], p.table)),
            ]
        with m.Elif(self.read.fetch):
            m.d.sync += at.eq(self.read.address)
        loads = self.turn | self.read.load
        shown = output_register(m, self.read, memory, self.tables, self.entry, store.read_data, loads)
        m.d.comb += [
            store.read_en.eq(self.turn | self.read.access),
            store.read_address.eq(at),
            store.write_en.eq(self.write.valid & (self.write.memory == memory)),
            store.write_address.eq(self.write.address),
            store.write_data.eq(self.write.data),
            self.read_data.eq(shown),
        ]
