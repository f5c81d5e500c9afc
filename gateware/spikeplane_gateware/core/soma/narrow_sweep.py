"""The sweep of a chip whose neurons are computed a few lanes at a time: a word in as many cycles as it has parts.

```
    accumulators --> word --> part + bias --> maximum <-> best ----+
                     parts of membranes, leaks --> u --------------+-> NeuronArray --> parts of a mask --> items
                     parts of -theta, -amount ---------------------+        +--> membranes
```
Membranes and parameters lie in memories that are a part wide, so nothing is chosen of them. -theta, -amount and bias of a
group are kept in small tables, which the part's number reads in the stage where they are wanted; leaks come from their
memory. Accumulators are cleared to 0, and the bias is added here, to the same bits.

Throughput: `sweep_turns` cycles for each element; a part of integer spikes or of a table's entries waits for the one before.
About 3 * `sweep_turns` + 20 cycles a group besides.
"""

from collections.abc import Iterator
from typing import Any

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, unsigned
from amaranth.lib import memory

from spikeplane.config import ChipConfig, bits_for
from spikeplane.formats.tables import lane_leak_layout
from spikeplane_gateware.core.soma.narrow_pointer import NarrowPointer
from spikeplane_gateware.core.soma.narrow_values import NarrowValues
from spikeplane_gateware.core.soma.sweep import EARLY, URGENT, Sweep
from spikeplane_gateware.core.soma.turns import STAGES, Turns
from spikeplane_gateware.ram import Ram

BIAS, BEST = 2, 3  #: the stages in which a part takes its bias, and its window's maximum so far


class NarrowSweep(Sweep):
    """The sweep of a core with `sweep_lanes`: it does what `Sweep` does, at the same ports.

    Parameters: config: the chip.
    """

    def __init__(self, config: ChipConfig) -> None:
        super().__init__(config)
        self.turns, self.wide = Turns(config), config.swept_lanes
        self.loaded = 3 * config.sweep_turns
        self.few, self.urgent = (
            max(1, n // config.sweep_turns) for n in (EARLY, URGENT)
        )  # words that take as long
        self.ahead = False
        #: pulses: a part, and with it a word, has left the neurons
        self.part, self.complete = Signal(name="part"), Signal(name="complete")
        self.asks = Signal(name="asks_parameters")
        self.of_part: dict[str, list[Value]] = {}  #: parameters of the part that wants them
        self.apart = Signal(bits_for(config.sweep_turns))  # cycles until the next element
        self.plane_at = Signal.like(self.apart)  # the part of the plane
        self.kept_at: Value = Const(0, 1)  #: the part that leaves the neurons
        self.bits: Value = Const(0, 1)  #: the next part of a mask

    def _parts(self, words: Value) -> Value:
        return Value.cast(Cat(Const(0, bits_for(self.config.sweep_turns)), words))

    def _store(self, m: Module, name: str, width: int, place: Value) -> tuple[Any, Value]:
        """A small table of `width` bits for each lane of a part: its write port, and what it has at `place`."""
        count = self.config.sweep_turns
        m.submodules[name] = table = memory.Memory(shape=unsigned(width * self.wide), depth=count, init=[])
        write, read = table.write_port(), table.read_port(domain="comb")
        m.d.comb += read.addr.eq(place)
        return write, read.data

    # -- parameters

    def _parameters(self, m: Module) -> Value:
        c, lanes = self.config, range(self.wide)
        parameter, shown = self._parameter(m, self.loading | self.turns.runs[1])
        for lane, factor in enumerate(self.neurons.leak if c.leak_multiplier else ()):
            m.d.comb += factor.eq(parameter[lane * c.lane_bits :][: lane_leak_layout(c).width])
        puts = [self.asks, Signal(name="puts_next"), Signal(name="puts")]
        m.d.comb += self.asks.eq(self.loading & (self.count < self.loaded))
        m.d.sync += [after.eq(before) for before, after in zip(puts, puts[1:], strict=False)]
        place = Signal(range(self.loaded), name="put_at")
        with m.If(self.loading & (self.count == 0)):
            m.d.sync += place.eq(0)
        with m.Elif(puts[-1]):
            m.d.sync += place.eq(place + 1)
        number = len(self.turns.at[0])
        for role, (name, bits, stage) in enumerate(
            (
                ("theta", c.membrane_bits, STAGES),
                ("amount", c.membrane_bits, STAGES),
                ("bias", c.acc_bits, BIAS),
            )
        ):
            write, found = self._store(m, name, bits, self.turns.at[stage])
            m.d.comb += [
                write.en.eq(puts[-1] & (place[number:] == role)),
                write.addr.eq(place[:number]),
                write.data.eq(Cat(parameter[lane * c.lane_bits :][:bits] for lane in lanes)),
            ]
            self.of_part[name] = [found[lane * bits :][:bits] for lane in lanes]
        return shown

    def _asks(self) -> Value:
        return self.loading | self.turns.runs[0]

    def _pointer(self, m: Module) -> Any:
        m.submodules.pointer = pointer = NarrowPointer(self.config)
        onward = self.loading & (self.count == 0) & (self.group != 0)
        own = [
            pointer.asks.eq(self.asks),
            pointer.onward.eq(onward),
            pointer.sweeps.eq(self.turns.runs[0]),
            pointer.turn.eq(self.turns.at[0]),
        ]
        self._point(m, pointer, own)
        return pointer

    def _biases(self, m: Module) -> Iterator[Any]:
        for word in self.port.clear_word:
            yield word.eq(0)

    # -- membranes

    def _add_membranes(self, m: Module) -> None:
        c = self.config
        m.submodules.membranes = self.membranes = Ram(
            width=self.wide * c.membrane_bits, depth=c.membrane_depth * c.sweep_turns
        )

    def _reads(self) -> Value:
        return self.turns.runs[0] & self.turns.last[0]

    def _membrane_ports(self, m: Module) -> None:
        ram, neurons = self.membranes, self.neurons
        m.d.comb += [
            ram.read_en.eq(self.turns.runs[0]),
            ram.read_address.eq(self.read_at),
            ram.write_address.eq(self.write_at),
            ram.write_en.eq((neurons.out_valid & ~self.population.stateless) | self.zero),
            ram.write_data.eq(Cat(neurons.after)),
        ]
        with m.If(self.opening):
            m.d.sync += self.write_at.eq(self._parts(self.population.membrane_base))
        with m.Elif(neurons.out_valid | self.zero):
            m.d.sync += self.write_at.eq(self.write_at + 1)

    # -- elements

    def _turn(self, m: Module) -> Value:
        """An element comes when the parts of the one before are under way."""
        return super()._turn(m) & (self.apart == 0)

    def _gather(self, m: Module) -> None:
        """The word of an element, its parts with their biases, the maximum over the window, membranes and thresholds."""
        c, p, turns, neurons = self.config, self.population, self.turns, self.neurons
        flags, some = self._elements(m)
        valid, inside, first, _ = flags[-1]
        waits = Signal(name="parts_wait")
        one_by_one: Value = Const(0, 1)
        if c.levels:
            one_by_one = p.levels != 0
        if c.tables:
            one_by_one = one_by_one | p.tabled
        m.d.sync += waits.eq(one_by_one)
        turns.count(m, flags[2], waits, self.part)
        with m.If(self.element):
            m.d.sync += self.apart.eq(c.sweep_turns - 1)
        with m.Elif(self.apart != 0):
            m.d.sync += self.apart.eq(self.apart - 1)
        word = Signal(c.lanes * c.acc_bits, name="word", reset_less=True)
        # of the element: it lies inside, and is the first of its window that does
        now, then = Signal(2, name="element_is"), Signal(2, name="element_was")
        m.d.sync += then.eq(now)
        with m.If(valid):
            m.d.sync += [now.eq(Cat(inside, first | ~some)), word.eq(Cat(self.port.data))]
        self._maximum(m, word, then)
        settings = neurons.settings
        m.d.comb += [
            neurons.valid.eq(turns.runs[2] & turns.last[2]),
            neurons.zero.eq(self.ends),
            *[settings[name].eq(p[name]) for name in settings.shape().members],
        ]

    def _maximum(self, m: Module, word: Signal, flags: Signal) -> None:
        c, turns, neurons = self.config, self.turns, self.neurons
        write, found = self._store(m, "best", c.acc_bits, turns.at[BEST])
        part, bests = word.word_select(turns.at[BIAS], self.wide * c.acc_bits), []
        for lane in range(self.wide):
            u = Signal(c.membrane_bits, name=f"u_{lane}", reset_less=True)
            drive, current, best = (
                Signal(c.acc_bits, name=f"{name}_{lane}", reset_less=True)
                for name in ("drive", "current", "best")
            )
            old = found[lane * c.acc_bits :][: c.acc_bits]
            with m.If(turns.runs[1] & turns.last[1]):
                m.d.sync += u.eq(self.membranes.read_data[lane * c.membrane_bits :][: c.membrane_bits])
            with m.If(turns.runs[BIAS]):
                m.d.sync += drive.eq(part[lane * c.acc_bits :][: c.acc_bits] + self.of_part["bias"][lane])
            takes = flags[0] & (flags[1] | (old.as_signed() < drive.as_signed()))
            m.d.comb += best.eq(Mux(takes, drive, old))
            with m.If(turns.runs[BEST]):
                m.d.sync += current.eq(best)
            bests.append(best)
            m.d.comb += [
                neurons.u[lane].eq(u),
                neurons.current[lane].eq(current),
                neurons.minus_theta[lane].eq(self.of_part["theta"][lane]),
                neurons.minus_amount[lane].eq(self.of_part["amount"][lane]),
            ]
        m.d.comb += [
            write.en.eq(turns.runs[BEST]),
            write.addr.eq(turns.at[BEST]),
            write.data.eq(Cat(bests)),
        ]

    # -- items

    def _complete(self, m: Module) -> Value:
        return self.complete

    def _values(self, m: Module) -> Any:
        values = NarrowValues(m, self, self.planes)
        self.kept_at = values.number
        return values

    def _plane(self, m: Module) -> Value:
        """The next part of a mask: what fired, or a plane's bits of the values that are kept. Fills them in."""
        c, p, neurons = self.config, self.population, self.neurons
        above, fill = self._limits(m)
        write, found = self._store(m, "kept", c.membrane_bits + 1, self.plane_at)
        kept, mask = [], []
        for lane, v in enumerate(neurons.v):
            value, beyond = v, self._beyond(v, above)
            if c.levels:
                value = Mux(p.levels != 0, neurons.level[lane], v)[: c.membrane_bits]
                beyond = beyond & (p.levels == 0)
            kept += [value, beyond]
            of_lane = found[lane * (c.membrane_bits + 1) :][: c.membrane_bits + 1]
            sign = of_lane[-2]
            mask.append(Mux(of_lane[-1], sign == fill, of_lane[:-1].bit_select(self.planes.bit, 1)))
        m.d.comb += [
            write.en.eq(self.part & p.membrane_out),
            write.addr.eq(self.kept_at),
            write.data.eq(Cat(kept)),
        ]
        return Mux(p.membrane_out, Cat(mask), neurons.fired)

    def _mask(self, mask: Value, bits: Value) -> list[Any]:
        self.bits = bits  # it has been shifted in
        return []

    def _planes(self, m: Module, load: Signal, taken: Signal, planed: Value, mask: Value) -> None:
        """A mask is made of parts, lane 0 first: the last one makes an item of it."""
        p, shifts, ends = self.population, Signal(name="shifts"), self.plane_at.all()
        with m.If(~p.membrane_out):
            m.d.comb += [load.eq(self.complete), shifts.eq(self.part)]
        with m.Elif(planed):
            m.d.sync += self.planes.begin()
        with m.Elif(self.planes.runs & taken):
            m.d.comb += [load.eq(ends), shifts.eq(1)]
            m.d.sync += self.plane_at.eq(self.plane_at + 1)
            with m.If(ends):
                m.d.sync += self.planes.advance()
        with m.If(shifts):
            m.d.sync += mask.eq(Cat(mask, self.bits)[self.wide :])
