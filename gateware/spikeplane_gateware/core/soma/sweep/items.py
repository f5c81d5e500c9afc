"""The items of a sweep: masks with their places, in a queue before the egress, which takes its time.

```
    launched --> [inflight] --> room
    load --> [staged: group, y, x] + mask, shift, negate --> not 0? --> queue --> item
```
Throughput: an item a cycle. Latency: 3 cycles from load; of a word of pairs past an empty queue 1.

There the words of a population that becomes pairs are marked in the queue, so that the next sweep need not wait until they
have gone.
"""

from typing import Any

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from spikeplane.config import ChipConfig
from spikeplane.formats.dynamic_tables import Sink
from spikeplane.formats.packet import SHIFT_BITS
from spikeplane.formats.structure import SWEEP_ITEMS
from spikeplane.formats.tables import core_tables
from spikeplane_gateware.core.soma.egress import item_layout
from spikeplane_gateware.core.soma.sweep.item_queue import ItemQueue
from spikeplane_gateware.structs import struct


class Items(wiring.Component):
    """The queue of items.

    Parameters: config: the chip.

    Attributes: population: POPULATION word under way; group: its group; begin: pulse, a group begins; element: pulse, a word is
    asked for; launched: pulse, one that the neurons will have; load, mask, shift, negate, moves, complete, rests, alone: see
    Masks; taken: no item stands before the queue for longer; room: level, another word may be asked for; through: all words of
    the group have left; item: non-zero masks with their places. On a chip with a dynamic memory also spiked: see Masks; pairing:
    the sweep is one whose words become rows; outer: its words, all of which are items; drained: the last of them has gone;
    behind: some may still be before the sweep's.
    """

    def __init__(self, config: ChipConfig) -> None:
        self.config = config
        inputs = ("begin", "element", "launched", "load", "moves", "complete", "rests", "alone", "negate")
        item = Out(stream.Signature(item_layout(config)))
        paired = {
            "pairing": In(1),
            "spiked": In(1),
            "outer": item,
            **dict.fromkeys(("drained", "behind"), Out(1)),
        }
        super().__init__(
            {
                "population": In(struct(core_tables(config).population)),
                "group": In(config.group_bits + 1),
                **dict.fromkeys(inputs, In(1)),
                "mask": In(config.lanes),
                "shift": In(SHIFT_BITS),
                **dict.fromkeys(("taken", "room", "through"), Out(1)),
                "item": item,
                **(paired if config.dynamic_depth else {}),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m, c = Module(), self.config
        m.submodules.queue = queue = ItemQueue(c)
        connect(m, queue.item, flipped(self.item))
        staged = Signal(name="staged")
        self._place(m, queue.i.payload, self.group)
        inflight = Signal(5)
        idle, empty = (Signal(name=name) for name in ("idle", "empty"))
        change = Cat(
            self.launched ^ self.complete, (~self.launched & self.complete).replicate(4)
        )  # 1, 0 or -1
        m.d.sync += inflight.eq(inflight + change)
        left = (inflight == 0) & self.rests
        m.d.comb += [
            idle.eq(left & ~staged),
            empty.eq(idle & (queue.level == 0) & ~self.element),
            self.taken.eq(~staged | queue.i.ready),
        ]
        # From a register: what is launched in this cycle and the last is allowed for.
        m.d.sync += self.room.eq(Mux(self.alone, empty, (inflight + queue.level) < SWEEP_ITEMS - 5))
        with m.If(self.taken):
            m.d.sync += staged.eq(self.load)
        if c.dynamic_depth:
            self._apart(m, queue, staged, left)
        else:
            m.d.comb += [self.through.eq(idle), queue.i.valid.eq(staged & (self.mask != 0))]
        return m

    def _place(self, m: Module, item: Any, number: Signal) -> tuple[Signal, Signal]:
        """What goes with a mask: its group, by its number, and where it lies. Returns that."""
        p, c = self.population, self.config
        y, x, group, row, column = (
            Signal(bits, name=name, reset_less=name.startswith("item"))
            for name, bits in (
                ("y", c.coord_bits), ("x", c.coord_bits),
                ("item_group", c.group_bits), ("item_y", c.coord_bits), ("item_x", c.coord_bits),
            )
        )  # fmt: skip
        with m.If(self.load):
            m.d.sync += [group.eq(p.group_base + number), row.eq(y), column.eq(x)]
        with m.If(self.begin):
            m.d.sync += [y.eq(0), x.eq(0)]
        with m.Elif(self.load & self.moves):
            m.d.sync += x.eq(x + 1)
            with m.If(x == p.x_last):
                m.d.sync += [x.eq(0), y.eq(y + 1)]
        m.d.comb += [
            *[item[name].eq(getattr(self, name)) for name in ("mask", "shift", "negate")],
            *[item.group.eq(group), item.y.eq(row), item.x.eq(column)],
        ]
        return y, x

    def _apart(self, m: Module, queue: ItemQueue, staged: Signal, left: Value) -> None:
        """The words of pairs, all of them, have an end of their own. `left`: all words have left the neurons."""
        tag = Signal(name="item_to_outer", reset_less=True)
        connect(m, queue.outer, flipped(self.outer))
        with m.If(self.load):
            m.d.sync += tag.eq(self.population.sink == Sink.OUTER)
        m.d.sync += self.behind.eq(self.pairing | (self.behind & ~self.drained))
        m.d.comb += [
            queue.to_outer.eq(tag),
            queue.spikes.eq(staged & self.spiked),
            queue.i.valid.eq(staged & (tag | self.mask.any())),
            self.through.eq(left & (~staged | tag)),
            self.drained.eq(~self.pairing & queue.drained),
        ]
