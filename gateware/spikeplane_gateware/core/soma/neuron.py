"""The neurons of one word: L lanes of leak, add, saturate, compare and reset, one word a cycle.

```
   u ---> leak (u * a) --> >> 16, round --> + I --> saturate -+-> v ------> v >= theta ---+--> u'
   I -----------------------------------------^               +-> v or 0 -> - amount -----+
  stage       0                1              2                 3              4
```
Latency LATENCY cycles, throughput a word a cycle. The leak is a multiplication by 0..1 in parts of
2^leak_bits, each lane its own (`lane_leak_layout`), rounded to the floor, to the ceiling or to odd.
Without multipliers it is u >> k or u - (u >> k), rounded the same (`LeakRound`), and what it cuts comes
from a register, so that the settings have to stand two cycles before the first word. With `floor` a
saturated membrane below 0 is 0: its register is reset. Where it fires u' is
v - amount, after a hard reset 0 - amount (the compiler stores -v_reset); the compiler has proved
that this difference fits the membrane. Threshold and amount come negated: additions need no inverters.

Integer spikes (`LevelSteps`), on chips that have them, take as many cycles more as they have bits, one word at a time:
what is compared is v + theta / 2, with the amount, half of it and so on; what is left of it less theta / 2 is u'.
"""

from typing import Any

from amaranth.hdl import Const, Module, Mux, Signal, Value, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from spikeplane.config import ChipConfig
from spikeplane.formats.tables import (
    LEVEL_BITS,
    Reset,
    lane_leak_layout,
    settings_layout,
)
from spikeplane_gateware.core.soma.leak import cut_by_shift, product, shifted
from spikeplane_gateware.core.soma.level_steps import LevelSteps
from spikeplane_gateware.structs import struct

LATENCY = 5


class NeuronArray(wiring.Component):
    """The neurons of one word: lanes of membrane_bits (current: of acc_bits), all of them signed.

    Parameters: config: the chip.

    Attributes: valid, u: a word of membranes; current: its input, two cycles later; minus_theta,
    minus_amount, leak (only with multipliers), bias (only by step), settings, zero (u' is to be 0): levels while words are under way;
    out_valid, after, fired: u' and the lanes that spike, LATENCY cycles after u; v: until the next word comes; level (only
    with integer spikes): as v, the spike of each lane. With tables also turn, entry: while no word comes, v of each lane becomes
    that of the next, of the last one entry."""

    latency = LATENCY

    def __init__(self, config: ChipConfig) -> None:
        self.config = config
        #: a bias that differs from step to step is added here
        self.biased = bool(config.step_bits) and config.sweep_turns == 1
        super().__init__(self._ports())
        self.steps = LevelSteps(self.settings, config.sweep_turns > 1) if config.levels else None

    def _ports(self) -> dict[str, Any]:
        config = self.config
        lanes, membrane = config.swept_lanes, config.membrane_bits
        leak = In(lane_leak_layout(config).width).array(lanes)
        return {
            "valid": In(1),
            "zero": In(1),
            "u": In(membrane).array(lanes),
            "current": In(config.acc_bits).array(lanes),
            "minus_theta": In(membrane).array(lanes),
            "minus_amount": In(membrane).array(lanes),
            **({"leak": leak} if config.leak_multiplier else {}),
            "settings": In(struct(settings_layout(config))),
            **({"bias": In(config.acc_bits).array(lanes)} if self.biased else {}),
            "out_valid": Out(1),
            "fired": Out(lanes),
            "after": Out(membrane).array(lanes),
            "v": Out(membrane).array(lanes),
            **({"level": Out(LEVEL_BITS).array(lanes)} if config.levels else {}),
            **({"turn": In(1), "entry": In(membrane)} if config.tables else {}),
        }

    def elaborate(self, platform: object) -> Module:
        m = Module()
        valids = [self.valid]
        for i in range(self.latency):
            valids.append(Signal(name=f"valid_{i + 1}"))
            m.d.sync += valids[-1].eq(valids[-2])
        keeps = Signal()  # a word comes out, and not to be zero
        leaves = valids[-2]
        if self.steps is not None:
            self.steps.count(m, valids[-2])
            leaves = self.steps.leaves
            valids[-1] = Signal(name="valid_last")
            m.d.sync += valids[-1].eq(leaves)
        m.d.comb += self.out_valid.eq(valids[-1])
        m.d.sync += keeps.eq(leaves & ~self.zero)
        self._lanes(m, valids, keeps)
        if self.config.tables:
            with m.If(self.turn):
                m.d.sync += [v.eq(other) for v, other in zip(self.v, [*self.v, self.entry][1:], strict=True)]
        return m

    def _lanes(self, m: Module, valids: list, keeps: Signal) -> None:
        """Each stage rests while no word is in it."""
        for lane, factor in enumerate(self._factors(m)):
            self._fire(m, lane, valids, keeps, self._total(m, lane, valids, factor))

    def _factors(self, m: Module) -> list[Signal]:
        """What the leak of each lane takes besides the settings."""
        return list(self.leak) if self.config.leak_multiplier else cut_by_shift(m, self.config, self.settings)

    def _register(self, width: int, name: str, lane: int) -> Signal:
        return Signal(signed(width), name=f"{name}_{lane}", reset_less=True)

    def _total(self, m: Module, lane: int, valids: list, factor: Signal) -> Value:
        """leak(u) + current, at stage 3."""
        c, s = self.config, self.settings
        bits, wide = c.membrane_bits, max(c.membrane_bits, c.acc_bits) + 1
        bias = self.bias[lane].as_signed() if self.biased else None
        leaked = self._register(bits if bias is None else wide, "leaked", lane)
        carry = Signal(name=f"carry_{lane}", reset_less=True)
        form = product if c.leak_multiplier else shifted
        form(m, c, s, self.u[lane], lane, valids, factor, leaked, carry, bias)  # leak(u) = leaked + carry
        total = self._register(wide + 1, "total", lane)
        with m.If(valids[2]):
            m.d.sync += total.eq(leaked + self.current[lane].as_signed() + carry)
        return total

    def _fire(self, m: Module, lane: int, valids: list, keeps: Signal, total: Value) -> None:
        """Saturation, comparison and reset, over the last two stages."""
        c, s = self.config, self.settings
        bits = c.membrane_bits
        v, lower = (self._register(bits, name, lane) for name in ("v3", "lower"))
        fired, resets = (Signal(name=f"{name}_{lane}", reset_less=True) for name in ("fired", "resets"))
        base, limited = (
            self._register(width, name, lane)
            for width, name in ((bits + c.levels, "base"), (bits, "limited"))
        )
        with m.If(valids[-3]):
            m.d.comb += limited.eq(saturated(total, bits))
            m.d.sync += [v.eq(limited), base.eq(limited)]
            below = s.floor & total[-1]
            with m.If(below):  # a synchronous reset of the register: no table of its own
                m.d.sync += v.eq(0)
            with m.If((s.reset == Reset.HARD) | below):
                m.d.sync += base.eq(0)
        compared, amount = v + self.minus_theta[lane].as_signed(), self.minus_amount[lane].as_signed()
        over, left = compared >= 0, base + amount
        if self.steps is not None:
            left = self.steps.lane(m, lane, base, compared, amount, self.level[lane])
            over = over | self.steps.word
            with m.If(self.steps.takes):
                m.d.sync += lower.eq(left)
        with m.If(valids[-2]):
            m.d.sync += [fired.eq(over), resets.eq(over & (s.reset != Reset.NONE)), self.v[lane].eq(v)]
            m.d.sync += lower.eq(left)
        with m.If(keeps):
            m.d.comb += self.after[lane].eq(Mux(resets, lower, self.v[lane]))
        m.d.comb += self.fired[lane].eq(fired)


def saturated(value: Value, bits: int) -> Value:
    """`value`, signed, limited to `bits` bits: it fits if the bits above are copies of its sign."""
    sign, above = value[-1], value[bits - 1 : -1]
    fits = Mux(sign, above.all(), ~above.any())
    low = 1 << (bits - 1)
    return Mux(fits, value[:bits], Mux(sign, Const(low, bits), Const(low - 1, bits))).as_signed()
