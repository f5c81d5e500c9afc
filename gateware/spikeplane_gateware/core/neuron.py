"""The neurons of one word: L lanes of leak, add, saturate, compare and reset, one word a cycle.

```
   u ---> leak (u * a) --> >> 8, round --> + I --> saturate -+-> v ------> v >= theta ---+--> u'
   I ----------------------------------------^               +-> v or 0 -> - amount -----+
  stage       1                2             3                 4            5                6
```
Ports: valid, u, current, last (in); parameters minus_theta, minus_amount (words; additions need no inverters), settings (levels
while words are under way); out_valid, fired (L bits), after (u' word), v (word; it stays until the next one).
Latency LATENCY cycles, throughput a word a cycle.
The leak is a multiplication by 0..256 and a floor, or (leak_up) a ceiling of the division by 256; u - (u >> k) is the ceiling
with a = 256 - 2^(8-k). Without multipliers the shift itself. Where it fires u' is v - amount, after a hard reset 0 - amount
(the compiler stores -v_reset); the compiler has proved that this difference fits the membrane.
"""

from amaranth.hdl import Cat, Module, Mux, Signal, Value, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from spikeplane.config import ChipConfig
from spikeplane.formats.tables import Reset

LATENCY = 6
NO_MEMORY = 15


def settings_layout(config: ChipConfig) -> data.StructLayout:
    """The fields of a population word that every lane shares."""
    return data.StructLayout({"leak_factor": 9, "leak_up": 1, "leak_shift": 4, "reset": 2})


class NeuronArray(wiring.Component):
    """See the module's picture. Membrane words have lanes of membrane_bits, parameter words of lane_bits, accumulator words of acc_bits."""

    def __init__(self, config: ChipConfig) -> None:
        self.config = config
        word, membranes = config.lanes * config.lane_bits, config.lanes * config.membrane_bits
        super().__init__(
            {
                "valid": In(1),
                "last": In(1),
                "u": In(membranes),
                "current": In(config.lanes * config.acc_bits),
                "minus_theta": In(word),
                "minus_amount": In(word),
                "settings": In(settings_layout(config)),
                "out_valid": Out(1),
                "fired": Out(config.lanes),
                "after": Out(membranes),
                "v": Out(config.lanes * config.membrane_bits),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        valids, lasts = [self.valid], [self.last]
        for i in range(LATENCY):
            valids.append(Signal(name=f"valid_{i + 1}"))
            lasts.append(Signal(name=f"last_{i + 1}"))
            m.d.sync += [valids[-1].eq(valids[-2]), lasts[-1].eq(lasts[-2])]
        m.d.comb += self.out_valid.eq(valids[-1])
        for lane in range(self.config.lanes):
            self._lane(m, lane, lasts[LATENCY - 1], valids[LATENCY - 1])
        return m

    def _lane(self, m: Module, lane: int, last: Value, valid: Value) -> None:
        c, s = self.config, self.settings
        bits, wide = c.membrane_bits, max(c.membrane_bits, c.acc_bits) + 1

        def lane_signal(width: int, name: str) -> Signal:
            return Signal(signed(width), name=f"{name}_{lane}")

        def field(word: Value, width: int, used: int) -> Value:
            return word[lane * width : lane * width + used].as_signed()

        u = field(self.u, bits, bits)
        currents = [field(self.current, c.acc_bits, c.acc_bits)]
        for i in (1, 2):
            currents.append(lane_signal(c.acc_bits, f"current_{i}"))
            m.d.sync += currents[i].eq(currents[i - 1])
        leaked, carry = lane_signal(bits, "leaked"), Signal(name=f"carry_{lane}")
        self._leak(m, u, leaked, carry, lane_signal(bits + 10, "product"), lane_signal(bits, "kept"))
        total, v, v_5 = lane_signal(wide + 1, "total"), lane_signal(bits, "v4"), lane_signal(bits, "v5")
        base = lane_signal(bits, "base")
        limited = lane_signal(bits, "limited")
        m.d.comb += limited.eq(saturated(total, bits))
        m.d.sync += [total.eq(leaked + currents[2] + carry), v.eq(limited), base.eq(Mux(s.reset == Reset.HARD, 0, limited))]
        minus_theta, minus_amount = (field(word, c.lane_bits, bits) for word in (self.minus_theta, self.minus_amount))
        fired, lower, resets = Signal(name=f"fired_{lane}"), lane_signal(bits, "lower"), Signal(name=f"resets_{lane}")
        over = Signal(name=f"over_{lane}")
        m.d.comb += over.eq(v + minus_theta >= 0)
        m.d.sync += [fired.eq(over), resets.eq(over & (s.reset != Reset.NONE)), lower.eq(base + minus_amount), v_5.eq(v)]
        after = lane_signal(bits, "after")
        m.d.sync += after.eq(Mux(last, 0, Mux(resets, lower, v_5)))
        m.d.sync += self.fired[lane].eq(fired)
        with m.If(valid):
            m.d.sync += self.v[lane * bits : (lane + 1) * bits].eq(v_5)
        m.d.comb += self.after[lane * bits : (lane + 1) * bits].eq(after)

    def _leak(self, m: Module, u: Value, leaked: Signal, carry: Signal, product: Signal, kept: Signal) -> None:
        """leak(u) = leaked + carry in two stages, by multiplier or by shift."""
        s = self.settings
        if self.config.leak_multiplier:
            m.d.sync += product.eq(u * s.leak_factor)
            m.d.sync += [leaked.eq(product >> 8), carry.eq(s.leak_up & product[:8].any())]
            return
        m.d.sync += [product.eq(u >> s.leak_shift), kept.eq(u)]
        nothing = (s.leak_shift == 0) | (s.leak_shift == NO_MEMORY)
        m.d.sync += leaked.eq(Mux(s.leak_shift == NO_MEMORY, 0, kept - Mux(nothing, 0, product)))


def saturated(value: Value, bits: int) -> Value:
    """`value`, signed, limited to `bits` bits: it fits if the bits above are copies of its sign."""
    sign, above = value[-1], value[bits - 1 : -1]
    fits = above == sign.replicate(len(above))
    return Mux(fits, value[:bits], Cat((~sign).replicate(bits - 1), sign)).as_signed()
