"""The neurons of one word: L lanes of leak, add, saturate, compare and reset, one word a cycle.

```
   u ---> leak (u * a) --> >> 8, round --> + I --> saturate -+-> v ------> v >= theta ---+--> u'
   I ----------------------------------------^               +-> v or 0 -> - amount -----+
  stage       0                1             2                 3              4
```
Ports: valid, u (in); current (in, of the word of two cycles before); parameters minus_theta, minus_amount (words; additions need no
inverters), settings, zero (levels while words are under way; zero: u' is 0); out_valid, fired (L bits), after (u' word), v (word;
it stays until the next one).
Latency LATENCY cycles, throughput a word a cycle.
The leak is a multiplication by 0..256 and a floor, or (leak_up) a ceiling of the division by 256; u - (u >> k) is the ceiling
with a = 256 - 2^(8-k). Without multipliers the shift itself. Where it fires u' is v - amount, after a hard reset 0 - amount
(the compiler stores -v_reset); the compiler has proved that this difference fits the membrane.
"""

from amaranth.hdl import Const, Module, Mux, Signal, Value, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from spikeplane.config import ChipConfig
from spikeplane.formats.tables import Reset

LATENCY = 5
NO_MEMORY = 15


def settings_layout(config: ChipConfig) -> data.StructLayout:
    """The fields of a population word that every lane shares."""
    return data.StructLayout({"leak_factor": 9, "leak_up": 1, "leak_shift": 4, "reset": 2})


class NeuronArray(wiring.Component):
    """See the module's picture. Lanes are signals of their own: membranes and parameters of membrane_bits, currents of acc_bits."""

    def __init__(self, config: ChipConfig) -> None:
        self.config = config
        lanes, membrane = config.lanes, config.membrane_bits
        super().__init__(
            {
                "valid": In(1),
                "zero": In(1),
                "u": In(membrane).array(lanes),
                "current": In(config.acc_bits).array(lanes),
                "minus_theta": In(membrane).array(lanes),
                "minus_amount": In(membrane).array(lanes),
                "settings": In(settings_layout(config)),
                "out_valid": Out(1),
                "fired": Out(config.lanes),
                "after": Out(membrane).array(lanes),
                "v": Out(membrane).array(lanes),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        valids = [self.valid]
        for i in range(LATENCY):
            valids.append(Signal(name=f"valid_{i + 1}"))
            m.d.sync += valids[-1].eq(valids[-2])
        keeps = Signal()  # a word comes out, and not to be zero
        m.d.comb += self.out_valid.eq(valids[-1])
        m.d.sync += keeps.eq(valids[-2] & ~self.zero)
        for lane in range(self.config.lanes):
            self._lane(m, lane, valids, keeps)
        return m

    def _lane(self, m: Module, lane: int, valids: list, keeps: Signal) -> None:
        """One lane; each stage rests while no word is in it."""
        c, s = self.config, self.settings
        bits, wide = c.membrane_bits, max(c.membrane_bits, c.acc_bits) + 1

        def register(width: int, name: str) -> Signal:
            return Signal(signed(width), name=f"{name}_{lane}", reset_less=True)

        leaked, carry = register(bits, "leaked"), Signal(name=f"carry_{lane}", reset_less=True)
        self._leak(m, self.u[lane].as_signed(), leaked, carry, valids, lane)
        total, v, lower = register(wide + 1, "total"), register(bits, "v3"), register(bits, "lower")
        fired, resets = Signal(name=f"fired_{lane}", reset_less=True), Signal(name=f"resets_{lane}", reset_less=True)
        with m.If(valids[2]):
            m.d.sync += total.eq(leaked + self.current[lane].as_signed() + carry)
        base, limited = register(bits, "base"), register(bits, "limited")
        with m.If(valids[3]):
            m.d.comb += limited.eq(saturated(total, bits))
            m.d.sync += [v.eq(limited), base.eq(limited)]
            with m.If(s.reset == Reset.HARD):  # a synchronous reset of the register: no table of its own
                m.d.sync += base.eq(0)
        over = v + self.minus_theta[lane].as_signed() >= 0
        with m.If(valids[4]):
            m.d.sync += [fired.eq(over), resets.eq(over & (s.reset != Reset.NONE)), self.v[lane].eq(v)]
            m.d.sync += lower.eq(base + self.minus_amount[lane].as_signed())
        with m.If(keeps):
            m.d.comb += self.after[lane].eq(Mux(resets, lower, self.v[lane]))
        m.d.comb += self.fired[lane].eq(fired)

    def _leak(self, m: Module, u: Value, leaked: Signal, carry: Signal, valids: list, lane: int) -> None:
        """leak(u) = leaked + carry in two stages, by multiplier or by shift."""
        s, bits = self.settings, self.config.membrane_bits
        product = Signal(signed(bits + 10), name=f"product_{lane}", reset_less=True)
        if self.config.leak_multiplier:
            with m.If(valids[0]):
                m.d.sync += product.eq(u * s.leak_factor)
            with m.If(valids[1]):
                m.d.sync += [leaked.eq(product >> 8), carry.eq(s.leak_up & product[:8].any())]
            return
        kept = Signal(signed(bits), name=f"kept_{lane}", reset_less=True)
        nothing = (s.leak_shift == 0) | (s.leak_shift == NO_MEMORY)
        with m.If(valids[0]):
            m.d.sync += [product.eq(u >> s.leak_shift), kept.eq(u)]
        with m.If(valids[1]):
            m.d.sync += leaked.eq(Mux(s.leak_shift == NO_MEMORY, 0, kept - Mux(nothing, 0, product)))


def saturated(value: Value, bits: int) -> Value:
    """`value`, signed, limited to `bits` bits: it fits if the bits above are copies of its sign."""
    sign, above = value[-1], value[bits - 1 : -1]
    fits = Mux(sign, above.all(), ~above.any())
    low = 1 << (bits - 1)
    return Mux(fits, value[:bits], Mux(sign, Const(low, bits), Const(low - 1, bits))).as_signed()
