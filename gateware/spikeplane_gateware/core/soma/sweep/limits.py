"""Whether a value lies beyond the planes that its population sends.

```
    v --> bits that should repeat its sign <-- [above] <-- plane_last, relu
                    +--> beyond
```
Latency: 0 cycles from v, 1 from the population's word.
"""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from spikeplane.config import ChipConfig
from spikeplane.formats.tables import core_tables
from spikeplane_gateware.structs import struct


class Limits(wiring.Component):
    """The limits of a population's values.

    Parameters: config: the chip.

    Attributes: population: POPULATION word, a level; v: of each lane; beyond: a bit a lane, it does not fit.
    """

    def __init__(self, config: ChipConfig) -> None:
        self.config = config
        lanes = config.swept_lanes
        super().__init__(
            {
                "population": In(struct(core_tables(config).population)),
                "v": In(config.membrane_bits).array(lanes),
                "beyond": Out(lanes),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m, c, p = Module(), self.config, self.population
        above = Signal(c.membrane_bits - 1)  # the bits that only repeat the sign of a value that fits
        bits = range(c.membrane_bits - 1)
        with m.Switch(p.plane_last):  # spelt out: a comparison a bit would be a carry chain a bit
            for last in bits:
                fits, positive = (Cat(Const(first <= bit, 1) for bit in bits) for first in (last, last + 1))
                with m.Case(last):
                    m.d.sync += above.eq(Mux(p.relu, positive, fits))
            with m.Default():
                m.d.sync += above.eq(0)
        m.d.comb += self.beyond.eq(Cat(self._beyond(value, above) for value in self.v))
        return m

    def _beyond(self, value: Value, above: Value) -> Value:
        c, p, sign = self.config, self.population, value[-1]
        differs = ((value[:-1] ^ sign.replicate(c.membrane_bits - 1)) & above).any()
        beyond_planes = differs | (p.relu & sign)
        return beyond_planes & ~p.tabled if c.tables else beyond_planes
