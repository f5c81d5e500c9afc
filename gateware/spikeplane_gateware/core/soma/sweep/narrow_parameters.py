"""The parameters of a group of neurons, for a sweep of a few lanes at a time.

```
    fetches --> [NarrowPointer] --> PARAMETER --> register --+--> tables of -theta, -amount, bias of each part
    sweeps, turn ----^                                       +--> leak, of the part that is swept
    bias_at, theta_at --> the tables' words of these parts --> theta, amount, bias
```
The memory is a part wide, so nothing is chosen of its words. Latency: ready in the cycle 3 * `sweep_turns` behind the first of
`fetches`.
"""

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from spikeplane.config import ChipConfig, bits_for
from spikeplane.formats.tables import lane_leak_layout
from spikeplane_gateware.core.soma.sweep.narrow_pointer import NarrowPointer
from spikeplane_gateware.core.soma.sweep.parameters import parameter_memory, parameter_ports
from spikeplane_gateware.core.soma.sweep.part_table import part_table


class NarrowParameters(wiring.Component):
    """The parameters of the part that is swept.

    Parameters: config: a chip with `sweep_lanes`.

    Attributes: as `Parameters`, of a part's lanes; further again: the group is not the population's first; turn, sweeps: the
    number of a part whose leaks are read; loads: sweeps, a cycle ago; bias_at, theta_at: the parts that want their bias, and their
    theta and amount; bias: of each lane.
    """

    def __init__(self, config: ChipConfig) -> None:
        self.config = config
        number = In(bits_for(config.sweep_turns))
        super().__init__(
            {
                **parameter_ports(config),
                **dict.fromkeys(("again", "sweeps", "loads"), In(1)),
                **dict.fromkeys(("turn", "bias_at", "theta_at"), number),
                "bias": Out(config.acc_bits).array(config.swept_lanes),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m, c = Module(), self.config
        count = Signal(range(3 * c.sweep_turns + 1))
        asks = Signal()
        ends, first = count == 3 * c.sweep_turns, self.fetches & (count == 0)
        m.submodules.pointer = pointer = NarrowPointer(c)
        word = parameter_memory(m, self, pointer, self.fetches | self.sweeps, self.fetches | self.loads)
        with m.If(self.fetches):
            m.d.sync += count.eq(count + 1)
            with m.If(ends):
                m.d.sync += count.eq(0)
        m.d.comb += [
            asks.eq(self.fetches & ~ends),
            self.begins.eq(self.fetches & (count == 3)),
            self.ready.eq(self.fetches & ends),
            pointer.asks.eq(asks),
            pointer.onward.eq(first & self.again),
            pointer.sweeps.eq(self.sweeps),
            pointer.turn.eq(self.turn),
        ]
        if c.leak_multiplier:
            width = lane_leak_layout(c).width
            m.d.comb += [leak.eq(word[lane * c.lane_bits :][:width]) for lane, leak in enumerate(self.leak)]
        self._tables(m, word, asks, first)
        return m

    def _tables(self, m: Module, word: Signal, asks: Signal, first: Signal) -> None:
        """What comes is put at its part's place: all of -theta, then of -amount, then of bias."""
        c, bits = self.config, self.config.membrane_bits
        next_, puts, place = (
            Signal(name="puts_next"),
            Signal(),
            Signal(range(3 * c.sweep_turns), name="put_at"),
        )
        m.d.sync += [next_.eq(asks), puts.eq(next_)]
        with m.If(first):
            m.d.sync += place.eq(0)
        with m.Elif(puts):
            m.d.sync += place.eq(place + 1)
        number = len(self.turn)
        kinds = (
            ("theta", bits, self.theta_at),
            ("amount", bits, self.theta_at),
            ("bias", c.acc_bits, self.bias_at),
        )
        for role, (name, width, at) in enumerate(kinds):
            write, found = part_table(m, c, f"{name}_table", width, at)
            m.d.comb += [
                write.en.eq(puts & (place[number:] == role)),
                write.addr.eq(place[:number]),
                write.data.eq(Cat(word[lane * c.lane_bits :][:width] for lane in range(c.swept_lanes))),
                *[out.eq(one) for out, one in zip(getattr(self, name), found, strict=True)],
            ]
