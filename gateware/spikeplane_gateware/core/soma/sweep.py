"""The sweep: walks a population's neurons once a step, from accumulators and membranes to spikes.

```
   job -> POPULATION word -> per group: PARAMETER words -> walker -> sweep port --> window maximum --+
                                              membrane read  -----------------> u --> NeuronArray --> items
                                              membrane write <----------------------- u'    |
```
Throughput: a word a cycle while items flow (without a window); about 25 cycles a group besides, for
its parameters and its end.
"""

from collections.abc import Iterator
from typing import Any

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib import fifo, stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from spikeplane.config import ChipConfig, bits_for
from spikeplane.formats.dynamic_tables import Sink
from spikeplane.formats.packet import CHUNK_BITS
from spikeplane.formats.structure import SHARED_LANES, SWEEP_ITEMS, SWEEP_LATENCY
from spikeplane.formats.tables import Memory, core_tables, lane_leak_layout
from spikeplane_gateware.core.copies import copies
from spikeplane_gateware.core.dynamic.ports import row_width
from spikeplane_gateware.core.interfaces import SweepPort, WriteBus, late_write
from spikeplane_gateware.core.lanes import lane_rams
from spikeplane_gateware.core.reads import ReadBus, output_register
from spikeplane_gateware.core.soma.egress import item_layout
from spikeplane_gateware.core.soma.neuron import NeuronArray
from spikeplane_gateware.core.soma.parameter_pointer import LAST, ParameterPointer, leaks_first
from spikeplane_gateware.core.soma.plane_counter import PlaneCounter
from spikeplane_gateware.core.soma.presentations import Presentations
from spikeplane_gateware.core.soma.schedule import JOB
from spikeplane_gateware.core.soma.step_offsets import StepOffsets
from spikeplane_gateware.core.soma.values import Values
from spikeplane_gateware.core.soma.window_walker import WindowWalker
from spikeplane_gateware.ram import Ram
from spikeplane_gateware.structs import struct

SETTLE = 8  #: cycles until every clearing write of a group is through, with its bias word
URGENT = 104  #: last words of a group that becomes rows, which do not wait for ops: meanwhile the host's fill the way to the walker
EARLY = URGENT + 24  #: words left when such a sweep's tokens go, so that they have passed the walker before
PATIENCE = 3  #: cycles that a word of a sweep waits for ops that read rows
CLEARED = 5  #: cycles behind the last word until only a clearing write that is late is missing


class Sweep(wiring.Component):
    """The sweep of a core: it does the jobs of the schedule, each on one population.

    Parameters: config: the chip.

    Attributes: write, read, read_data: the memories PARAMETER and POPULATION, on the buses of the
    loader and of the read-back; job: jobs of the schedule; port: to the accumulators; population,
    active: POPULATION word and job under way, levels for Egress; item: non-zero masks with their places
    (`item_layout`); finish: level, no more items come, until done (in): pulse, Egress has sent all;
    swept: pulse, a population has been swept, not only initialised; vacant: no job is under way or
    waits. On a chip with a dynamic memory, for the outer engine: begins: pulse, the sweep of a population that it
    takes the words of (all of them are items then, also those that are 0), which waits until it is not engaged (in); to_outer: the item
    is such a word; drained: level, the last of them has gone; early: level, few words are left (see EARLY). Of one with gates also
    row_valid, row: a word of values that becomes a row.
    """

    def __init__(self, config: ChipConfig) -> None:
        self.config, self.tables = config, core_tables(config)
        self.word = self.tables.width(Memory.PARAMETER)
        self.loaded = LAST  #: of the cycles in which a group's parameters come
        self.few, self.urgent = EARLY, URGENT
        self.ahead = bool(config.dynamic_depth)  #: a walk begins before its parameters have all come
        self.arrived: list[Signal] = []
        self.clears, self.room, self.ends = (Signal(name=name) for name in ("clears", "room", "ends"))
        self.element, self.begin_group = (Signal(name=name) for name in ("element", "begin_group"))
        self.clearing, self.loading = (Signal(name=name) for name in ("clearing", "loading"))
        self.opening = Signal()  # a population begins
        self.started = Signal()  # an element was taken in the cycle before
        self.single = Signal()  # no window: every word is an element
        self.zero = Signal()
        super().__init__(
            {
                "write": In(WriteBus(config)),
                "read": In(ReadBus(config)),
                "read_data": Out(CHUNK_BITS),
                "job": In(stream.Signature(JOB)),
                "port": Out(SweepPort(config)),
                "population": Out(struct(self.tables.population)),
                "active": Out(JOB),
                "item": Out(stream.Signature(item_layout(config))),
                "finish": Out(1),
                "done": In(1),
                "swept": Out(1),
                "vacant": Out(1),
                **(
                    dict.fromkeys(("begins", "to_outer", "drained", "opens", "early", "cleared"), Out(1))
                    if config.dynamic_depth
                    else {}
                ),
                **({"engaged": In(1)} if config.dynamic_depth else {}),
                **({"row_valid": Out(1), "row": Out(row_width(config))} if config.gates else {}),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m, c = Module(), self.config
        m.submodules.populations = table = Ram(
            width=self.tables.width(Memory.POPULATION), depth=self.tables.depth(Memory.POPULATION)
        )
        self._add_membranes(m)
        m.submodules.parameters = self.parameters = Ram(
            width=self.word, depth=self.tables.depth(Memory.PARAMETER)
        )
        m.submodules.walker = self.walker = WindowWalker(c)
        m.submodules.neurons = self.neurons = NeuronArray(c)
        parameter = self._signals(m)
        self._memories(m)
        loading = self.write.valid & (self.write.memory == Memory.POPULATION)
        m.d.comb += [
            table.read_en.eq(1),
            table.read_address.eq(Mux(self.read.access, self.read.address, self.job.payload.slot)),
            table.write_en.eq(loading),
            table.write_address.eq(self.write.address),
            table.write_data.eq(self.write.data),
            self.walker.population.eq(self.population),
            self.walker.start.eq(self.linear),
            *self._biases(m),
        ]
        self._port(m)
        self._gather(m)
        values = self._emit(m)
        shown = parameter | self._control(m, table)
        m.d.comb += self.read_data.eq(shown if values is None else shown | values)
        return m

    def _add_membranes(self, m: Module) -> None:
        c = self.config
        self.membranes = lane_rams(
            m, "membranes", lanes=c.lanes, width=c.membrane_bits, depth=c.membrane_depth
        )

    def _biases(self, m: Module) -> Iterator[Any]:
        """A bias is what accumulators are cleared to; one that differs from step to step is added by the neurons, because an
        accumulator's next step may not be known yet."""
        c, stepped = self.config, Signal(name="stepped")
        if c.step_bits:
            m.d.sync += stepped.eq(self.population.parameter_step != 0)
        for i, word in enumerate(self.port.clear_word):
            bias: Any = self.bias[i * c.lane_bits :][: c.acc_bits]
            if c.step_bits:
                yield self.neurons.bias[i].eq(Mux(stepped, bias, 0))
                bias = Mux(stepped, 0, bias)
            yield word.eq(bias)

    def _signals(self, m: Module) -> Value:
        """Returns what PARAMETER gives to `read_data`."""
        c, p = self.config, self.population
        # first accumulator word of the group, or of the clear pass
        self.linear = Signal(bits_for(c.acc_depth))
        self.group = Signal(c.group_bits + 1)
        self.count = Signal(range(max(SETTLE, 8, self.loaded) + 1))
        self.words, self.over = self.count, self.finish & self.done
        if c.dynamic_depth:  # pulse, the job ends
            self.over = Signal(name="over")
            self.pairing = Signal()  # the sweep of a population that becomes rows
            self.sent = Signal(name="all_sent")  # the egress has
        if self.ahead:  # parameter words so far
            self.words = Signal(range(LAST + 1), name="words")
        self.read_at = Signal(bits_for(c.membrane_depth * c.sweep_turns))  # next membrane word to read
        self.write_at = Signal.like(self.read_at)
        shown = self._parameters(m)
        self.left = Signal(
            range(max(c.acc_depth, c.membrane_depth * c.sweep_turns) + 1)
        )  # words left of a pass
        m.d.sync += [
            self.ends.eq(self.active.initial | self._ends(m)),
            self.clears.eq(self.active.initial | self.active.last | ~p.hold),
            self.single.eq(p.window_last == 0),
        ]
        return shown

    def _parameters(self, m: Module) -> Value:
        """The words of a group, in registers. Returns what PARAMETER gives to `read_data`."""
        self.theta, self.amount, self.bias = (
            Signal(self.word, name=name, reset_less=True) for name in ("theta", "amount", "bias")
        )
        parameter, shown = self._parameter(m, self.loading)
        self.arrived = [Signal(name=f"arrived_{name}") for name in ("theta", "amount", "bias")]
        for word, arrived in zip((self.theta, self.amount, self.bias), self.arrived, strict=True):
            with m.If(arrived):
                m.d.sync += word.eq(parameter)
        if self.config.leak_multiplier:
            self._leaks(m, parameter)
        return shown

    def _parameter(self, m: Module, loads: Value) -> tuple[Signal, Value]:
        """A register near the memory, whose output is late. Returns it, and what it gives to `read_data`."""
        parameter = Signal(self.word, name="parameter", reset_less=True)
        found, loads = self.parameters.read_data, loads | self.read.load
        shown = output_register(m, self.read, Memory.PARAMETER, self.tables, parameter, found, loads)
        return parameter, shown

    def _leaks(self, m: Module, parameter: Signal) -> None:
        """They come behind the other words, or before them, into registers that lie beside the multipliers."""
        c, width = self.config, lane_leak_layout(self.config).width
        arrived = Signal(name="arrived_leaks")
        self.arrived.insert(0 if leaks_first(c) else len(self.arrived), arrived)
        for lane, factor in enumerate(self.neurons.leak):
            leak = Signal(width, name=f"leak_{lane}", reset_less=True)
            with m.If(arrived):
                m.d.sync += leak.eq(parameter[lane * c.lane_bits :][:width])
            m.d.comb += factor.eq(leak)

    def _ends(self, m: Module) -> Value:
        """Whether the step ends a sample, not a presentation only."""
        if self.config.presentations == 1:
            return self.active.last
        m.submodules.presentations = presentations = Presentations(self.config)
        m.d.comb += [
            presentations.active.eq(self.active),
            presentations.population.eq(self.population),
            presentations.advance.eq(self.active.initial | self.over),
        ]
        return self.active.last & presentations.ends

    def _memories(self, m: Module) -> None:
        """Membranes are written by initialisation or with what the neurons return, parameters by
        the loader."""
        table = self.parameters
        self._membrane_ports(m)
        late = late_write(m, self.write, Memory.PARAMETER, self.tables, SHARED_LANES)
        m.d.comb += [
            table.read_en.eq(self._asks() | self.read.access),
            table.read_address.eq(self._pointer(m).address),
            table.write_en.eq(late.valid[0]),
            table.write_address.eq(late.address[0]),
            table.write_data.eq(late.data),
        ]
        with m.If(self._reads()):
            m.d.sync += self.read_at.eq(self.read_at + 1)

    def _reads(self) -> Value:
        """A word of membranes is asked for."""
        return self.element & self.walker.last

    def _asks(self) -> Value:
        """A word of parameters is asked for."""
        return self.loading

    def _membrane_ports(self, m: Module) -> None:
        lanes = self.config.lanes
        begins, writes = (Signal(name=name) for name in ("begins", "writes"))
        following = Signal.like(self.write_at, name="write_next")
        m.d.comb += [begins.eq(self.opening), writes.eq(self.neurons.out_valid | self.zero)]
        m.d.comb += following.eq(Mux(begins, self.population.membrane_base, self.write_at + 1))
        reads_at = copies(m, self.read_at, lanes, "membrane_read_at", self.element)
        writes_at = copies(m, following, lanes, "membrane_write_at", begins | writes)
        for lane, ram in enumerate(self.membranes):
            ram.connect(
                m,
                read_en=self.started,
                read_address=reads_at[lane],
                write_address=writes_at[lane],
                write_en=(self.neurons.out_valid & ~self.population.stateless) | self.zero,
            )
            m.d.comb += ram.write_data.eq(self.neurons.after[lane])
        with m.If(begins | writes):
            m.d.sync += self.write_at.eq(following)
        m.d.sync += self.started.eq(self.element)

    def _pointer(self, m: Module) -> Any:
        m.submodules.pointer = pointer = ParameterPointer(self.config)
        self._point(m, pointer, [pointer.loading.eq(self.loading), pointer.count.eq(self.words)])
        return pointer

    def _point(self, m: Module, pointer: Any, own: list[Any]) -> None:
        """What every pointer takes, and what this one does."""
        connect(m, flipped(self.read), pointer.read)
        m.d.comb += [pointer.population.eq(self.population), pointer.opening.eq(self.opening), *own]
        if self.config.step_bits:
            m.submodules.steps = steps = StepOffsets(self.config)
            m.d.comb += [
                pointer.offset.eq(steps.offset),
                steps.active.eq(self.active),
                steps.population.eq(self.population),
                steps.advance.eq(self.active.initial | self.over),
            ]

    def _port(self, m: Module) -> None:
        """Requests leave from registers: the element of the walk, or the word of the clearing pass."""
        port, p = self.port, self.population
        m.d.sync += [
            port.valid.eq((self.element & self.walker.inside) | self.clearing),
            port.bank.eq(Mux(p.hold & ~self.active.initial, self.active.sample, self.active.parity)),
            port.address.eq(Mux(self.clearing, self.linear, self.walker.address)),
            port.clear.eq(self.clears & (self.clearing | self.single)),
        ]

    def _gather(self, m: Module) -> None:
        """Elements under way for 1 + SWEEP_LATENCY cycles, then the maximum over the window; the
        neurons have begun with the membrane by then (NeuronArray wants the current two cycles
        later)."""
        c = self.config
        flags, some = self._elements(m)
        valid, inside, first, _ = flags[-1]
        neurons, settings = self.neurons, self.neurons.settings
        for lane in range(c.lanes):
            self._gather_lane(m, lane, flags[2][0] & flags[2][3], valid & inside, first | ~some)
        m.d.comb += [
            neurons.valid.eq(flags[3][0] & flags[3][3]),
            neurons.zero.eq(self.ends),
            *[settings[name].eq(self.population[name]) for name in settings.shape().members],
        ]

    def _elements(self, m: Module) -> tuple[list[Any], Signal]:
        """Whether an element is under way, lies inside, is a window's first and last, by the cycles since; and whether one
        of its window before it lay inside."""
        walker = self.walker
        flags: list[Any] = [Cat(self.element, walker.inside, walker.first, walker.last)]
        for i in range(1 + SWEEP_LATENCY):
            flags.append(Signal(4, name=f"element_{i + 1}"))
            m.d.sync += flags[-1].eq(flags[-2])
        valid, inside, first, _ = flags[-1]
        some = Signal()  # an element of this window lay inside
        with m.If(valid):
            m.d.sync += some.eq(inside | (some & ~first))
        return flags, some

    def _gather_lane(self, m: Module, lane: int, loads: Value, inside: Value, fresh: Value) -> None:
        """Membrane, current and parameters of one lane. `loads`: the membrane of a window leaves
        the memory."""
        c, neurons = self.config, self.neurons
        u = Signal(c.membrane_bits, name=f"u_{lane}", reset_less=True)
        best, new = Signal(c.acc_bits, name=f"best_{lane}", reset_less=True), self.port.data[lane]
        with m.If(loads):
            m.d.sync += u.eq(self.membranes[lane].read_data)
        with m.If(inside), m.If(fresh | (best.as_signed() < new.as_signed())):
            m.d.sync += best.eq(new)
        place = slice(lane * c.lane_bits, lane * c.lane_bits + c.membrane_bits)
        m.d.comb += [
            neurons.u[lane].eq(u),
            neurons.current[lane].eq(best),
            neurons.minus_theta[lane].eq(self.theta[place]),
            neurons.minus_amount[lane].eq(self.amount[place]),
        ]

    def _emit(self, m: Module) -> Value | None:
        """Masks, or one bit plane after the other, with their places; only non-zero masks go into
        the FIFO. Returns what TABLE gives to `read_data`."""
        c, p = self.config, self.population
        layout = item_layout(c)
        tag = Signal(name="item_to_outer", reset_less=True)
        tags = [tag] if c.dynamic_depth else []
        m.submodules.items = items = fifo.SyncFIFOBuffered(width=layout.size + len(tags), depth=SWEEP_ITEMS)
        item = Signal(layout, reset_less=True)
        staged, taken = (Signal(name=name) for name in ("staged", "taken"))
        passes = Signal(name="passes")
        self.planes = PlaneCounter(c, p)
        y, x = (Signal(c.coord_bits, name=name) for name in ("y", "x"))
        inflight = Signal(5)
        launched, complete = self.element & self.walker.last, self._complete(m)
        change = Cat(launched ^ complete, (~launched & complete).replicate(4))  # 1, 0 or -1
        m.d.sync += inflight.eq(inflight + change)
        self.idle, empty = (Signal(name=name) for name in ("idle", "empty"))
        values = self._values(m)
        m.d.comb += [
            self.idle.eq((inflight == 0) & values.rests & ~staged),
            empty.eq(self.idle & (items.level == 0) & ~self.element),
            taken.eq(~staged | items.w_rdy),
            items.w_en.eq(
                self._goes(staged, item.mask, *tags) & ~passes if tags else self._goes(staged, item.mask)
            ),
            items.w_data.eq(Cat(item.as_value(), *tags)),
        ]
        if c.dynamic_depth:
            self._apart(m, items, tag, staged, (inflight == 0) & values.rests)
        # From a register: what is launched in this cycle and the last is allowed for.
        m.d.sync += self.room.eq(Mux(values.alone, empty, (inflight + items.level) < SWEEP_ITEMS - 5))
        load = Signal()
        bits = self._plane(m)
        with m.If(taken):
            m.d.sync += staged.eq(load)
        with m.If(load):
            if c.dynamic_depth:
                m.d.sync += tag.eq(p.sink == Sink.OUTER)
            m.d.sync += [
                *self._mask(item.mask, bits),
                item.shift.eq(Mux(p.membrane_out, self.planes.shift, 0)),
                item.negate.eq(p.membrane_out & self.planes.highest & ~p.relu),
                item.group.eq(p.group_base + self.group),
                item.y.eq(y),
                item.x.eq(x),
            ]
        self._planes(m, load, taken, values.planed, item.mask)
        with m.If(self.begin_group):
            m.d.sync += [y.eq(0), x.eq(0)]
        with m.Elif(load & (~p.membrane_out | self.planes.highest)):
            m.d.sync += x.eq(x + 1)
            with m.If(x == p.x_last):
                m.d.sync += [x.eq(0), y.eq(y + 1)]
        shown, valid = items.r_data, items.r_rdy
        if c.dynamic_depth:  # past the queue if it is empty, which saves the two cycles that it takes
            empty_queue = items.level == 0
            m.d.comb += [
                passes.eq(empty_queue & self.item.ready),
                self.to_outer.eq(Mux(empty_queue, tag, items.r_data[-1])),
            ]
            shown, valid = (
                Mux(empty_queue, items.w_data, items.r_data),
                valid | (self._goes(staged, item.mask, tag) & empty_queue),
            )
        m.d.comb += [
            self.item.payload.eq(shown[: layout.size]),
            self.item.valid.eq(valid),
            items.r_en.eq(self.item.ready),
        ]
        return values.read_data

    def _complete(self, m: Module) -> Value:
        """Pulse: a word has left the neurons."""
        return self.neurons.out_valid

    def _values(self, m: Module) -> Any:
        return Values(m, self, self.planes)

    def _mask(self, mask: Value, bits: Value) -> list[Any]:
        """What an item's mask becomes when it is made."""
        return [mask.eq(Mux(self.population.membrane_out, bits, self.neurons.fired))]

    def _goes(self, staged: Signal, mask: Value, *tag: Signal) -> Value:
        """Whether a word goes on: the outer engine counts all of them."""
        return staged & (Cat(mask, *tag).any() if tag else mask != 0)

    def _apart(self, m: Module, items: Any, tag: Signal, staged: Signal, left: Value) -> None:
        """The outer engine's words, all of them, have a mark in the queue, so that the next sweep need not wait until they have
        gone. `left`: all words have left the neurons."""
        self.parted, self.behind = Signal(name="parted"), Signal(name="behind")
        m.d.sync += self.behind.eq(self.pairing | (self.behind & ~self.drained))
        m.d.comb += [
            self.parted.eq(left & (~staged | tag)),
            self.drained.eq(
                ~self.pairing & ~(staged & tag) & ((items.level == 0) | (items.r_rdy & ~items.r_data[-1]))
            ),
        ]

    def _plane(self, m: Module) -> Value:
        """The mask of the plane that is next. A membrane beyond the planes sends the nearest value that they
        hold: ones if it is positive, none if it is negative, the other way round in a plane that counts
        negative."""
        c, p, neurons = self.config, self.population, self.neurons
        above, fill = self._limits(m)
        mask = []
        for lane, value in enumerate(neurons.v):
            sign, beyond = value[-1], Signal(name=f"beyond_{lane}", reset_less=True)
            with m.If(neurons.out_valid):
                m.d.sync += beyond.eq(self._beyond(value, above))
            at = self.planes.bits[lane // SHARED_LANES]
            plane = Mux(beyond, sign == fill, value.bit_select(at, 1))
            if c.levels:
                plane = Mux(p.levels != 0, neurons.level[lane].bit_select(at, 1), plane)
            mask.append(plane)
        return Value.cast(Cat(*mask))

    def _limits(self, m: Module) -> tuple[Signal, Signal]:
        """The bits that only repeat the sign of a value that fits; and what a plane has of a negative one that does not."""
        c, p = self.config, self.population
        above, fill = Signal(c.membrane_bits - 1), Signal(reset_less=True)
        m.d.sync += above.eq(Cat((p.plane_last + p.relu) <= bit for bit in range(c.membrane_bits - 1)))
        m.d.comb += fill.eq(self.planes.highest & ~p.relu)
        return above, fill

    def _beyond(self, value: Value, above: Value) -> Value:
        """Whether a value is beyond the planes."""
        c, p, sign = self.config, self.population, value[-1]
        differs = ((value[:-1] ^ sign.replicate(c.membrane_bits - 1)) & above).any()
        beyond_planes = differs | (p.relu & sign)
        return beyond_planes & ~p.tabled if c.tables else beyond_planes

    def _planes(self, m: Module, load: Signal, taken: Signal, planed: Value, mask: Value) -> None:
        """When an item is made: with every word of neurons, or for each of its bit planes as the
        FIFO takes them."""
        p, neurons = self.population, self.neurons
        with m.If(~p.membrane_out):
            m.d.comb += load.eq(neurons.out_valid)
        with m.Elif(planed):
            m.d.sync += self.planes.begin()
        with m.Elif(self.planes.runs & taken):
            m.d.comb += load.eq(1)
            m.d.sync += self.planes.advance()

    def _control(self, m: Module, table: Ram) -> Value:
        """Returns what POPULATION gives to `read_data`."""
        p, walker, count = self.population, self.walker, self.count
        # wide registers are enabled by registers: the way to all of their bits is long
        fetched, takes = (Signal(name=name) for name in ("fetched", "takes"))
        shown = output_register(m, self.read, Memory.POPULATION, self.tables, p, table.read_data, takes)
        m.d.sync += [self.swept.eq(0), takes.eq(self.read.access)]
        if self.ahead:
            self._words(m)
        if self.config.dynamic_depth:
            self._hand_over(m)
        with m.FSM():
            with m.State("IDLE"):
                m.d.comb += [self.job.ready.eq(fetched), self.vacant.eq(~self.job.valid)]
                m.d.sync += fetched.eq(self.job.valid & (count == 1))
                with m.If(self.job.valid & (count == 1)):
                    m.d.sync += takes.eq(1)
                with m.If(self.job.valid):
                    m.d.sync += [count.eq(count + 1), self.active.eq(self.job.payload)]
                with m.If(fetched):
                    m.next = "OPEN"
            with m.State("OPEN"):
                m.d.sync += [self.linear.eq(p.acc_base), self.group.eq(0)]
                m.d.sync += [self.read_at.eq(self._parts(p.membrane_base)), count.eq(0)]
                m.d.comb += self.opening.eq(1)
                m.next = "IDLE"
                with m.If(p.valid):
                    m.next = "PARAMETERS"
                if self.config.dynamic_depth:
                    self._begin_rows(m)
            with m.State("PARAMETERS"):
                self._load_parameters(m)
            with m.State("WALK"):
                m.d.comb += [self.element.eq(self._turn(m)), walker.step.eq(self.element)]
                with m.If(self.element & self.single):
                    m.d.sync += self.linear.eq(self.linear + 1)
                    if self.config.dynamic_depth:
                        self._count_down(m)
                with m.If(self.element & walker.final):
                    m.next = "CLEAR"
                    with m.If(self.single):
                        m.next = "SETTLE"
            with m.State("CLEAR"):
                m.d.comb += self.clearing.eq(1)
                m.d.sync += [self.linear.eq(self.linear + 1), self.left.eq(self.left - 1)]
                with m.If(self.left == 1):
                    m.d.sync += self.left.eq(self._parts(p.words))
                    m.next = "SETTLE"
                    with m.If(self.active.initial & ~p.stateless):
                        m.next = "ZERO"
            with m.State("ZERO"):
                m.d.comb += self.zero.eq(1)
                m.d.sync += self.left.eq(self.left - 1)
                with m.If(self.left == 1):
                    m.next = "SETTLE"
            with m.State("SETTLE"):
                m.d.sync += count.eq(count + 1)
                if self.config.dynamic_depth:
                    closes = self.early & (count >= CLEARED) & ~self.port.late
                    m.d.comb += [self.cleared.eq(closes), self.finish.eq(closes)]
                with m.If(self._settled()):
                    m.d.sync += [count.eq(0), self.group.eq(self.group + 1)]
                    m.next = "PARAMETERS"
                    with m.If(self.group == p.group_last):
                        m.next = "FINISH"
                        if self.config.dynamic_depth:
                            m.d.sync += self.pairing.eq(0)
                            with m.If(self.sent | self.done):
                                m.d.sync += self.swept.eq(1)
                                self._turn_over(m, fetched, takes)
                with m.Elif(count == SETTLE):
                    m.d.sync += count.eq(SETTLE)
            with m.State("FINISH"):
                m.d.comb += self.finish.eq(~self.active.initial)
                if self.config.dynamic_depth:  # behind the outer engine's words may be some of this sweep
                    m.d.comb += [self.cleared.eq(1), self.finish.eq(~self.active.initial & ~self.behind)]
                with m.If(self.done | self.active.initial):
                    if self.config.dynamic_depth:
                        self._turn_over(m, fetched, takes)
                    m.d.sync += self.swept.eq(~self.active.initial)
                    m.next = "IDLE"
        return shown

    def _parts(self, words: Value) -> Value:
        """As many words of membranes, or the place of this one, in the parts that are swept in a cycle."""
        return words

    def _begin_rows(self, m: Module) -> None:
        """A population whose words become rows has the outer engine for itself."""
        p, rows = self.population, Signal(name="becomes_rows")
        m.d.sync += self.opens.eq(p.valid & ~self.active.initial)
        m.d.comb += [
            rows.eq(
                (p.sink != Sink.EGRESS if self.config.gates else p.sink == Sink.OUTER) & ~self.active.initial
            ),
            self.begins.eq(rows & p.valid & ~self.engaged),
        ]
        with m.If(self.begins):
            m.d.sync += self.pairing.eq(1)
        with m.If(rows & p.valid & self.engaged):
            m.next = "OPEN"

    def _count_down(self, m: Module) -> None:
        """The words left of a group, which is all that a population without a window uses `left` for."""
        p, few = self.population, Signal(name="few_left")
        m.d.comb += few.eq((self.left <= self.few) & (self.group == p.group_last) & (p.sink != Sink.EGRESS))
        m.d.sync += [self.left.eq(self.left - 1), self.early.eq(few)]

    def _turn_over(self, m: Module, fetched: Signal, takes: Signal) -> None:
        """The job ends, and the next one is taken at once: the memory asks for its word in this cycle."""
        stands = self.job.valid
        m.d.comb += self.over.eq(1)
        m.d.sync += [
            self.count.eq(0),
            self.sent.eq(0),
            fetched.eq(stands),
            takes.eq(stands | self.read.access),
        ]
        with m.If(stands):  # a cycle before it opens: its step's numbers are looked up by it
            m.d.sync += self.active.eq(self.job.payload)
        m.next = "IDLE"

    def _hand_over(self, m: Module) -> None:
        """What holds in all states: the egress, which may end before the sweep does, has sent all."""
        with m.If(self.done):
            m.d.sync += [self.opens.eq(0), self.early.eq(0), self.sent.eq(1)]

    def _turn(self, m: Module) -> Value:
        """Whether the next word is asked for: one waits a few cycles for ops that it would hold up, and the one behind it,
        which would hold up the same as that one, a cycle. One that becomes rows does not: ops of their readers wait for all of them."""
        if not self.config.dynamic_depth:
            return self.room
        waited, paused = Signal(PATIENCE, name="waited"), Signal(name="paused")  # cycles in a row so far
        yields, urgent = Signal(name="yields"), Signal(name="urgent")
        waits = self.room & self.port.soon & ~self.element
        m.d.sync += [
            yields.eq((self.population.sink == Sink.EGRESS) | (self.left > self.urgent)),
            waited.eq(Mux(waits, Cat(1, waited), 0)),
            urgent.eq((waits & waited[-2]) | ~yields),
            paused.eq(self.element & self.port.soon & yields),
        ]
        return self.room & (~self.port.soon | urgent) & ~paused

    def _settled(self) -> Value:
        """Whether a group has left, and its clearing writes are through."""
        if self.config.dynamic_depth:
            return (self.count >= SETTLE) & self.parted & ~self.port.late
        return (self.count >= SETTLE) & self.idle

    def _load_parameters(self, m: Module) -> None:
        """-theta, -amount and bias words of the group, and its leaks, each two cycles after its address."""
        if self.ahead:
            self._load_ahead(m)
            return
        count = self.count
        m.d.comb += [self.loading.eq(1), self.begin_group.eq(count == 3), self.walker.begin.eq(count == 3)]
        m.d.sync += count.eq(count + 1)
        m.d.sync += [arrived.eq(count == number + 1) for number, arrived in enumerate(self.arrived)]
        with m.If(count == self.loaded):
            m.d.sync += [count.eq(0), self.left.eq(self.population.input_words)]
            m.next = "WALK"
            with m.If(self.active.initial):
                m.next = "CLEAR"

    def _load_ahead(self, m: Module) -> None:
        """The walk begins before the last have come: what a word meets first are the leaks, three cycles behind its element, then
        a bias by step."""
        ready = self.words == LAST - 4
        m.d.comb += [self.fetches.eq(1), self.begin_group.eq(ready), self.walker.begin.eq(ready)]
        with m.If(ready):
            m.d.sync += self.left.eq(self.population.input_words)
            m.next = "WALK"
            with m.If(self.active.initial):
                m.next = "CLEAR"

    def _words(self, m: Module) -> None:
        """The parameter words come one after the other, also while the walk has begun."""
        self.fetches, others = Signal(name="fetches"), Signal(name="others")
        m.d.comb += self.loading.eq(self.fetches | others)
        with m.If(self.loading):
            m.d.sync += [
                self.words.eq(Mux(self.words == LAST, 0, self.words + 1)),
                others.eq(self.words != LAST),
            ]
        m.d.sync += [arrived.eq(self.words == number + 1) for number, arrived in enumerate(self.arrived)]
