"""The masks of a word of neurons: what fired, or one bit plane of its values after the other.

```
    fired ------------------------------------------+-> [mask], shift, negate, with load
    v --> [Limits] --> [beyond] --> plane by plane --+
    out_valid --> [Values] --planed--> [PlaneCounter]
```
Throughput: a mask a cycle. Latency: 1 cycle.
"""

from typing import Any

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from spikeplane.config import ChipConfig
from spikeplane.formats.packet import SHIFT_BITS
from spikeplane.formats.structure import SHARED_LANES
from spikeplane.formats.tables import LEVEL_BITS, core_tables
from spikeplane_gateware.core.soma.plane_counter import PlaneCounter
from spikeplane_gateware.core.soma.sweep.limits import Limits
from spikeplane_gateware.core.soma.sweep.values import Values, row_ports, table_ports
from spikeplane_gateware.structs import struct


def mask_ports(config: ChipConfig) -> dict[str, Any]:
    """The ports of `Masks` that those of a few lanes at a time have as well."""
    lanes = config.swept_lanes
    return {
        "population": In(struct(core_tables(config).population)),
        "out_valid": In(1),
        "fired": In(lanes),
        "v": In(config.membrane_bits).array(lanes),
        **({"level": In(LEVEL_BITS).array(lanes)} if config.levels else {}),
        "taken": In(1),
        **dict.fromkeys(("load", "moves", "complete", "rests", "alone", "negate"), Out(1)),
        "mask": Out(config.lanes),
        **({"spiked": Out(1)} if config.dynamic_depth else {}),
        "shift": Out(SHIFT_BITS),
        **table_ports(config),
        **row_ports(config),
    }


def connect_masks(m: Module, masks: Any, values: Any, limits: Any, planes: PlaneCounter) -> None:
    """What is alike in `Masks` and those of a few lanes at a time: the way of values, and what goes with a mask."""
    c, p = masks.config, masks.population
    shift, negate = (
        Signal(SHIFT_BITS, name="item_shift", reset_less=True),
        Signal(name="item_negate", reset_less=True),
    )
    with m.If(masks.load):
        m.d.sync += [
            shift.eq(Mux(p.membrane_out, planes.shift, 0)),
            negate.eq(p.membrane_out & planes.highest & ~p.relu),
        ]
    m.d.comb += [
        *[part.population.eq(p) for part in (values, limits)],
        *[one.eq(v) for part in (values, limits) for one, v in zip(part.v, masks.v, strict=True)],
        values.found.eq(masks.out_valid),
        masks.complete.eq(values.complete),
        masks.alone.eq(values.alone),
        masks.rests.eq(planes.rests & ~values.busy),
        masks.moves.eq(~p.membrane_out | planes.highest),
        masks.shift.eq(shift),
        masks.negate.eq(negate),
        *[getattr(masks, name).eq(getattr(values, name)) for name in row_ports(c)],
    ]
    if c.tables:
        connect(m, values.write, flipped(masks.write))
        connect(m, values.read, flipped(masks.read))
        m.d.comb += [
            getattr(masks, name).eq(getattr(values, name)) for name in ("read_data", "turn", "entry")
        ]


class Masks(wiring.Component):
    """The masks of all lanes.

    Parameters: config: the chip.

    Attributes: population: POPULATION word under way; out_valid, fired, v, level: of the neurons; load: pulse, in the next cycle
    mask, shift, negate are those of an item, until the next one; taken: nothing stands in its way (spikes do not wait for that);
    moves: the item is its word's last; complete, alone: see Values; rests: no more items come of what was complete; write, read,
    read_data, turn, entry: the memory TABLE (chips with tables); row_valid, row: a row (chips with gates). On a chip with a dynamic
    memory also spiked: mask is one of spikes, and not 0, a register; parts of a mask are not looked at.
    """

    def __init__(self, config: ChipConfig) -> None:
        self.config = config
        super().__init__(mask_ports(config))

    def elaborate(self, platform: object) -> Module:
        m, c, p = Module(), self.config, self.population
        planes, mask = PlaneCounter(c, p), Signal(c.lanes, name="item_mask", reset_less=True)
        m.submodules.values = values = Values(c)
        m.submodules.limits = limits = Limits(c)
        connect_masks(m, self, values, limits, planes)
        with m.If(~p.membrane_out):
            m.d.comb += self.load.eq(self.out_valid)
        with m.Elif(values.planed):
            m.d.sync += planes.begin()
        with m.Elif(planes.runs & self.taken):
            m.d.comb += self.load.eq(1)
            m.d.sync += planes.advance()
        bits = self._plane(m, planes, limits.beyond)
        with m.If(self.load):
            m.d.sync += mask.eq(Mux(p.membrane_out, Cat(bits), self.fired))
            if c.dynamic_depth:
                m.d.sync += self.spiked.eq(~p.membrane_out & self.fired.any())
        m.d.comb += self.mask.eq(self._levels(m, planes, mask) if c.levels else mask)
        return m

    def _levels(self, m: Module, planes: PlaneCounter, other: Signal) -> Value:
        """The mask of the level's bit that is next, or the other one, of spikes or a membrane: the way through both choices and
        from the population's word is long, so there are registers between."""
        levelled, mask = Signal(), Signal(self.config.lanes, name="level_mask", reset_less=True)
        m.d.sync += levelled.eq(self.population.levels != 0)
        with m.If(self.load):
            bits = (level.bit_select(planes.bits[n // SHARED_LANES], 1) for n, level in enumerate(self.level))
            m.d.sync += mask.eq(Cat(bits))
        return Mux(levelled, mask, other)

    def _plane(self, m: Module, planes: PlaneCounter, beyond_now: Value) -> list[Value]:
        """The mask of the plane that is next. A membrane beyond the planes sends the nearest value that they
        hold: ones if it is positive, none if it is negative, the other way round in a plane that counts
        negative."""
        p, found = self.population, []
        fill = Signal(reset_less=True)
        m.d.comb += fill.eq(planes.highest & ~p.relu)
        for lane, value in enumerate(self.v):
            sign, beyond = value[-1], Signal(name=f"beyond_{lane}", reset_less=True)
            with m.If(self.out_valid):
                m.d.sync += beyond.eq(beyond_now[lane])
            at = planes.bits[lane // SHARED_LANES]
            found.append(Mux(beyond, sign == fill, value.bit_select(at, 1)))
        return found
