"""The parameters of a group of neurons: read from the memory PARAMETER when the group begins, held while it is swept.

```
    fetches --> [ParameterPointer] --> PARAMETER --> register --> theta, amount, leak --> neurons
                                                              +-> bias --> clear_word, or by step --> neurons
```
Latency: `begins` and `ready` come so that the last words are there when the first element meets them: ready in the sixth
cycle of `fetches`, on a chip with a dynamic memory in the second. A word is in its register 4 cycles behind its address.
"""

from typing import Any

from amaranth.hdl import Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from spikeplane.config import ChipConfig
from spikeplane.formats.packet import CHUNK_BITS
from spikeplane.formats.structure import SHARED_LANES
from spikeplane.formats.tables import Memory, core_tables, lane_leak_layout, parameter_parts
from spikeplane_gateware.core.interfaces import WriteBus, late_write
from spikeplane_gateware.core.reads import ReadBus, output_register
from spikeplane_gateware.core.soma.parameter_pointer import LAST, ParameterPointer, leaks_first
from spikeplane_gateware.core.soma.schedule import JOB
from spikeplane_gateware.core.soma.step_offsets import StepOffsets
from spikeplane_gateware.ram import Ram
from spikeplane_gateware.structs import struct


def parameter_ports(config: ChipConfig) -> dict[str, Any]:
    """The ports of `Parameters` that one for a few lanes at a time has as well."""
    lanes, membrane = config.swept_lanes, config.membrane_bits
    leak = Out(lane_leak_layout(config).width).array(lanes)
    return {
        "write": In(WriteBus(config)),
        "read": In(ReadBus(config)),
        "read_data": Out(CHUNK_BITS),
        "population": In(struct(core_tables(config).population)),
        "active": In(JOB),
        **dict.fromkeys(("advance", "opening", "fetches"), In(1)),
        **dict.fromkeys(("begins", "ready"), Out(1)),
        "theta": Out(membrane).array(lanes),
        "amount": Out(membrane).array(lanes),
        **({"leak": leak} if config.leak_multiplier else {}),
    }


def parameter_memory(m: Module, ports: Any, pointer: Any, asks: Value, loads: Value) -> Signal:
    """The memory between the pointer and a register near it, because its output is late; returns that register. `ports`: a
    component with `parameter_ports`; asks, loads: a word is read, and taken in the cycle after."""
    config, place = ports.config, Memory.PARAMETER
    tables = core_tables(config)
    m.submodules.store = store = Ram(width=tables.width(place), depth=tables.depth(place))
    word = Signal(tables.width(place), name="parameter", reset_less=True)
    shown = output_register(m, ports.read, place, tables, word, store.read_data, loads | ports.read.load)
    late = late_write(m, ports.write, place, tables, SHARED_LANES)
    connect(m, flipped(ports.read), pointer.read)
    m.d.comb += [
        ports.read_data.eq(shown),
        store.read_en.eq(asks | ports.read.access),
        store.read_address.eq(pointer.address),
        store.write_en.eq(late.valid[0]),
        store.write_address.eq(late.address[0]),
        store.write_data.eq(late.data),
        pointer.population.eq(ports.population),
        pointer.opening.eq(ports.opening),
    ]
    if config.step_bits:
        m.submodules.steps = steps = StepOffsets(config)
        m.d.comb += [
            pointer.offset.eq(steps.offset),
            steps.active.eq(ports.active),
            steps.population.eq(ports.population),
            steps.advance.eq(ports.advance),
        ]
    return word


class Parameters(wiring.Component):
    """The parameters of all lanes.

    Parameters: config: the chip.

    Attributes: write, read, read_data: the memory, on the buses of the loader and of the read-back; active, population: job and
    POPULATION word under way; advance: the job ends, or is to initialise; opening: pulse, a population begins; fetches: level,
    a group's words are to come, until ready: pulse, in the next cycle its walk begins; begins: pulse, once before, the walk's
    place is to be set; theta, amount (both negated), leak (with multipliers): of each lane; clear_word: what accumulators are
    cleared to; bias: what the neurons add (chips with thresholds by step).
    """

    def __init__(self, config: ChipConfig) -> None:
        self.config = config
        super().__init__(self._ports())

    def _ports(self) -> dict[str, Any]:
        c, words = self.config, Out(self.config.acc_bits).array(self.config.lanes)
        return {**parameter_ports(c), "clear_word": words, **({"bias": words} if c.step_bits else {})}

    def elaborate(self, platform: object) -> Module:
        m, c = Module(), self.config
        bits, leaks = c.membrane_bits, {"leaks": lane_leak_layout(c).width} if c.leak_multiplier else {}
        kinds = {"theta": bits, "amount": bits, "bias": c.acc_bits}
        kinds = {**leaks, **kinds} if leaks_first(c) else {**kinds, **leaks}
        word, count = self._read(m, len(kinds))
        found = {}
        for number, (name, width) in enumerate(kinds.items()):
            found[name] = self._held(m, name, number, count, word, width)
        for lane in range(c.lanes):
            m.d.comb += [
                self.theta[lane].eq(found["theta"][lane]),
                self.amount[lane].eq(found["amount"][lane]),
            ]
            if c.leak_multiplier:
                m.d.comb += self.leak[lane].eq(found["leaks"][lane])
        self._biases(m, found["bias"])
        return m

    def _read(self, m: Module, kinds: int) -> tuple[Signal, Signal]:  # noqa: ARG002 - halves are counted by it
        """The register of the memory, and the count of what stands there: part n in count n + 2."""
        count = Signal(range(LAST + 1))
        loading = Signal()
        m.submodules.pointer = pointer = ParameterPointer(self.config)
        word = parameter_memory(m, self, pointer, loading, loading)
        m.d.comb += [pointer.loading.eq(loading), pointer.count.eq(count)]
        self._times(m, count, loading)
        return word, count

    def _times(self, m: Module, count: Signal, loading: Signal) -> None:
        """The words come one after the other. On a chip with a dynamic memory the walk begins before the last have come: what
        a word meets first are the leaks, three cycles behind its element, then a bias by step."""
        last = count == LAST
        with m.If(loading):
            m.d.sync += count.eq(Mux(last, 0, count + 1))
        if self.config.dynamic_depth:
            others, ready = Signal(name="others"), count == LAST - 4
            with m.If(loading):
                m.d.sync += others.eq(~last)
            m.d.comb += [loading.eq(self.fetches | others), self.begins.eq(self.fetches & ready)]
            m.d.comb += self.ready.eq(self.fetches & ready)
        else:
            m.d.comb += [loading.eq(self.fetches), self.begins.eq(self.fetches & (count == 3))]
            m.d.comb += self.ready.eq(self.fetches & last)

    def _held(
        self, m: Module, name: str, number: int, count: Signal, word: Signal, width: int
    ) -> list[Value]:
        """The lanes' parts of word `number` of a group, in registers; those of leaks lie beside the multipliers."""
        parts, lanes = parameter_parts(self.config), self.config.lanes
        held = [Signal(width, name=f"{name}_{lane}", reset_less=True) for lane in range(lanes)]
        for part in range(parts):
            arrived = Signal(name=f"arrived_{name}_{part}" if parts > 1 else f"arrived_{name}")
            m.d.sync += arrived.eq(self._comes(name, number, part, count))
            with m.If(arrived):
                for at, register in enumerate(held[part * lanes // parts : (part + 1) * lanes // parts]):
                    m.d.sync += register.eq(word[at * self.config.lane_bits :][:width])
        return list(held)

    def _comes(self, name: str, number: int, part: int, count: Signal) -> Value:  # noqa: ARG002 - with fused words it counts
        """Whether a part of a word stands in the memory's register in the next cycle but one."""
        return count == number * parameter_parts(self.config) + part + 1

    def _biases(self, m: Module, found: list[Value]) -> None:
        """A bias is what accumulators are cleared to; one that differs from step to step is added by the neurons, because an
        accumulator's next step may not be known yet."""
        stepped = Signal()
        if self.config.step_bits:
            m.d.sync += stepped.eq(self.population.parameter_step != 0)
        for lane, bias in enumerate(found):
            if self.config.step_bits:
                m.d.comb += self.bias[lane].eq(Mux(stepped, bias, 0))
                bias = Mux(stepped, 0, bias)
            m.d.comb += self.clear_word[lane].eq(bias)
