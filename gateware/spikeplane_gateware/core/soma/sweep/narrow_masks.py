"""The masks of a word of neurons whose lanes come a part at a time.

```
    fired of a part -----------------------------------------+-> [mask], shift, negate, with load behind the last part
    v of a part --> [Limits] --> kept --> a plane's part ----+
    out_valid --> [Values] --planed--> [PlaneCounter]
```
Throughput: a part a cycle. Latency: 1 cycle from the last part.
"""

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import Out

from spikeplane.config import ChipConfig, bits_for
from spikeplane_gateware.core.soma.plane_counter import PlaneCounter
from spikeplane_gateware.core.soma.sweep.limits import Limits
from spikeplane_gateware.core.soma.sweep.masks import connect_masks, mask_ports
from spikeplane_gateware.core.soma.sweep.part_table import part_table
from spikeplane_gateware.core.soma.sweep.values import Values


class NarrowMasks(wiring.Component):
    """The masks of all lanes, made of parts, lane 0 first.

    Parameters: config: a chip with `sweep_lanes`.

    Attributes: as `Masks`; out_valid, fired, v, level: of a part; part: pulse, what is to be sent of one stands in the lanes.
    """

    def __init__(self, config: ChipConfig) -> None:
        self.config = config
        super().__init__({**mask_ports(config), "part": Out(1)})

    def elaborate(self, platform: object) -> Module:
        m, c, p = Module(), self.config, self.population
        planes, mask = PlaneCounter(c, p), Signal(c.lanes, name="item_mask", reset_less=True)
        at, shifts = Signal(bits_for(c.sweep_turns), name="plane_part"), Signal(name="shifts")
        m.submodules.values = values = Values(c)
        m.submodules.limits = limits = Limits(c)
        connect_masks(m, self, values, limits, planes)
        m.d.comb += self.part.eq(values.part)
        with m.If(~p.membrane_out):
            m.d.comb += [self.load.eq(values.complete), shifts.eq(values.part)]
        with m.Elif(values.planed):
            m.d.sync += planes.begin()
        with m.Elif(planes.runs & self.taken):
            m.d.comb += [self.load.eq(at.all()), shifts.eq(1)]
            m.d.sync += at.eq(at + 1)
            with m.If(at.all()):
                m.d.sync += planes.advance()
        kept = self._kept(m, values, limits.beyond, at)
        bits = Mux(p.membrane_out, self._plane(m, kept, planes), self.fired)
        with m.If(shifts):
            m.d.sync += mask.eq(Cat(mask, bits)[len(bits) :])
        m.d.comb += self.mask.eq(mask)
        return m

    def _kept(self, m: Module, values: Values, beyond: Value, at: Value) -> list[Value]:
        """A word's values, part by part, with whether they are beyond the planes: those of the part at `at`."""
        c, p = self.config, self.population
        write, found = part_table(m, c, "kept", c.membrane_bits + 1, at)
        lanes = []
        for lane, v in enumerate(self.v):
            value, over = v, beyond[lane]
            if c.levels:
                value = Mux(p.levels != 0, self.level[lane], v)[: c.membrane_bits]
                over = over & (p.levels == 0)
            lanes += [value, over]
        m.d.comb += [
            write.en.eq(values.part & p.membrane_out),
            write.addr.eq(values.number),
            write.data.eq(Cat(lanes)),
        ]
        return found

    def _plane(self, m: Module, kept: list[Value], planes: PlaneCounter) -> Value:
        """A part of the plane that is next, as `Masks` makes them."""
        fill = Signal(reset_less=True)
        m.d.comb += fill.eq(planes.highest & ~self.population.relu)
        signs, overs = ([one[place] for one in kept] for place in (-2, -1))
        return Value.cast(
            Cat(
                Mux(over, sign == fill, one[:-1].bit_select(planes.bit, 1))
                for one, sign, over in zip(kept, signs, overs, strict=True)
            )
        )
