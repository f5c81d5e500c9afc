"""Where a spike's weights and accumulators are: projection by tag, then one entry each by row,
column and group.

```
  packet -> [PROJECTION by tag] -> base + coordinate -> [ROW][COLUMN][GROUP] -> sums -> request
   stage 0        1, 2                    3                   4, 5              6, 7
```
On a chip with weights by step all from stage 3 on is a stage later: a packet's step is found first.
The first set bit of the mask is found here as well (see Walker).
Throughput: a packet a cycle. Latency: 7 cycles, 8 with weights by step. A spike that meets nothing here (a count of 0) ends here.
"""

from functools import reduce
from operator import or_
from typing import Any

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from spikeplane.config import ChipConfig
from spikeplane.formats.packet import CHUNK_BITS, KIND_BITS, Kind, packet_format
from spikeplane.formats.tables import COUNT_BITS, Memory, core_tables
from spikeplane_gateware.core.interfaces import WriteBus
from spikeplane_gateware.core.reads import ReadBus, output_register
from spikeplane_gateware.core.soma.schedule import JOB
from spikeplane_gateware.core.synapses.request import STEPS, dynamic_field, request_layout, second_field
from spikeplane_gateware.core.synapses.scan import lowest, outermost
from spikeplane_gateware.core.synapses.step_numbers import StepNumbers
from spikeplane_gateware.ram import Ram
from spikeplane_gateware.structs import packet_struct, struct

_TABLES = {"row": (Memory.ROW, "y"), "column": (Memory.COLUMN, "x"), "group": (Memory.GROUP, "group")}


class Lookup(wiring.Component):
    """The lookup of a core: it finds a spike's first weight, its first accumulator, counts and steps in
    tables.

    Parameters: config: the chip.

    Attributes: i: SPIKE, TOKEN and CREDIT packets; o: their requests (`request_layout`), in order;
    write, read, read_data: the memories PROJECTION, ROW, COLUMN and GROUP, on the buses of the loader
    and of the read-back; dropped: pulse, a spike's tag has no projection; quiet: no packet is under
    way. Of a chip with weights by step also given, job: pulse, the sweep takes this job.
    """

    between = 0  #: stages more between the first entry that is read and the last

    def __init__(self, config: ChipConfig) -> None:
        self.config, self.tables = config, core_tables(config)
        self.late = 1 if config.step_bits else 0  #: stages more
        self.met = 5 + self.late + self.between  #: the stage in which all entries stand
        self.partner = Signal(data.StructLayout(second_field(config)), name="partner", reset_less=True)
        self.events = packet_format(config).payloads[Kind.CREDIT]  # what a TOKEN has in common with it
        super().__init__(self._ports())

    def _ports(self) -> dict[str, Any]:
        config = self.config
        return {
            "i": In(stream.Signature(packet_struct(config))),
            "o": Out(stream.Signature(request_layout(config))),
            "write": In(WriteBus(config)),
            "read": In(ReadBus(config)),
            "read_data": Out(CHUNK_BITS),
            "dropped": Out(1),
            "quiet": Out(1),
            **({"given": In(1), "job": In(JOB)} if config.step_bits else {}),
        }

    def elaborate(self, platform: object) -> Module:
        m = Module()
        spike = self._spike()
        self.advance = Signal(name="advance")
        m.d.comb += self.advance.eq(~self.o.valid | self.o.ready)
        self.valids = [self._enters(m)]
        for i in range(self.met + 1):
            self.valids.append(Signal(name=f"valid_{i + 1}"))
            with m.If(self.advance):
                m.d.sync += self.valids[-1].eq(self.valids[-2])
        packets = self._delay(m, spike, self.i.payload.payload, range(self.met + 2), "packet")
        kinds = self._delay(m, KIND_BITS, self.i.payload.kind, range(self.met + 2), "kind")
        incoming = Signal(spike)
        m.d.comb += incoming.eq(self.i.payload.payload)
        tag = Mux(self.read.access, self.read.address, incoming.tag)
        found, shown = self._ram(m, "projection", Memory.PROJECTION, tag, struct(self.tables.projection), 0)
        projections = self._delay(m, found.shape(), found, range(2, self.met + 2), "projection")
        entries, shows, at_stage = {}, [shown], 2 + self.late
        places = {name: packets[at_stage][coordinate] for name, (_, coordinate) in _TABLES.items()}
        if self.config.step_bits:
            number = self._by_step(m, projections[2], packets[2], kinds[2])
            places["group"] = Mux(projections[3].stepped, Cat(number, packets[3].group), packets[3].group)
        for name, (memory, _) in _TABLES.items():
            at = Signal(range(self.tables.depth(memory)), name=f"{name}_at")
            with m.If(self.read.fetch):
                m.d.sync += at.eq(self.read.address)
            with m.Elif(self._moves(at_stage)):
                m.d.sync += at.eq(projections[at_stage][f"{name}_base"] + places[name])
            entries[name], shown = self._ram(
                m, name, memory, at, struct(self.tables.coordinate), at_stage + 1
            )
            shows.append(shown)
        m.d.comb += [
            self.quiet.eq(~Cat(*self.valids[1:], self.o.valid).any()),
            self.read_data.eq(reduce(or_, shows)),
        ]
        self._sum(m, entries, projections, packets, kinds)
        return m

    def _by_step(self, m: Module, projection: Signal, packet: Signal, kind: Signal) -> Signal:
        """The number of the packet's step, a stage later."""
        m.submodules.steps = steps = StepNumbers(self.config)
        token = struct(self.events)(packet.as_value()[: self.events.width])
        m.d.comb += [
            steps.given.eq(self.given),
            steps.job.eq(self.job),
            steps.moves.eq(self._moves(2) & projection.valid & ~self._has_slot(kind)),
            steps.slot.eq(projection.slot),
            steps.parity.eq(packet.parity),
            steps.token.eq(self._is_event(kind)),
            steps.last.eq(token.last),
            steps.delayed.eq(projection.delayed),
        ]
        number = Signal.like(steps.number, name="number", reset_less=True)
        with m.If(self._moves(2)):
            m.d.sync += number.eq(steps.number)
        return number

    def _enters(self, m: Module) -> Value:
        """A packet stands at stage 0; it is taken when all advance."""
        m.d.comb += self.i.ready.eq(self.advance)
        return self.i.valid

    def _moves(self, stage: int) -> Value:
        """What stands at `stage` goes on; stages without a packet rest."""
        return self.advance & self.valids[stage]

    def _delay(self, m: Module, shape: object, value: Signal, stages: range, name: str) -> dict[int, Signal]:
        """`value`, which stands at the first of `stages`, and after it registers for the others; by stage."""
        out = {stages[0]: value}
        for stage in stages[1:]:
            out[stage] = Signal(shape, name=f"{name}_{stage}", reset_less=True)
            with m.If(self._moves(stage - 1)):
                m.d.sync += out[stage].eq(out[stage - 1])
        return out

    def _ram(
        self, m: Module, name: str, memory: Memory, address: object, shape: data.StructLayout, stage: int
    ) -> tuple[Signal, Value]:
        """A table and its output register: the word appears two stages after `stage`, where the
        address stands. Beside it what it gives to `read_data`."""
        m.submodules[name] = ram = Ram(width=self.tables.width(memory), depth=self.tables.depth(memory))
        word = Signal(shape, name=f"{name}_word", reset_less=True)
        loads = self._moves(stage + 1) | self.read.load
        shown = output_register(m, self.read, memory, self.tables, word, ram.read_data, loads)
        m.d.comb += [
            ram.read_en.eq(self._moves(stage) | self.read.access),
            ram.read_address.eq(address),
            ram.write_en.eq(self.write.valid & (self.write.memory == memory)),
            ram.write_address.eq(self.write.address),
            ram.write_data.eq(self.write.data),
        ]
        return word, shown

    def _spike(self) -> data.StructLayout:
        """What is kept of a packet."""
        return struct(packet_format(self.config).payloads[Kind.SPIKE])

    def _mask(self, packet: Signal, kind: Value) -> Value:  # noqa: ARG002 - one that learns asks for it
        return packet.mask

    def _first(self, m: Module, packet: Signal, kind: Value, projection: Signal) -> tuple[Signal, Signal]:
        """The set bit that is walked first, and the mask without those that are walked then; `partner`: the other one, a stage
        later."""
        mask = self._mask(packet, kind)
        if self.config.spikes_per_cycle == 1:
            return lowest(m, mask, "mask")
        alone = projection.dynamic if self.config.dynamic_depth else Const(0)
        bit, second, both, rest = outermost(m, mask, "mask", alone=alone)
        pairs = both & ~projection.aligned & ~self._is_event(kind)
        with m.If(self._moves(self.met)):
            m.d.sync += [self.partner.second.eq(second), self.partner.both.eq(pairs)]
        return bit, rest

    def _is_event(self, kind: Value) -> Value:
        return kind != Kind.SPIKE

    def _has_slot(self, kind: Value) -> Value:
        """Whether the packet's tag is the slot of a population here."""
        return kind == Kind.CREDIT

    def _sum(self, m: Module, entries: dict, projections: dict, packets: dict, kinds: dict) -> None:
        """Stage 5 entries -> stage 6 partial sums -> stage 7, the output."""
        met, last = self.met, self.met + 1
        row, column, group = entries["row"], entries["column"], entries["group"]
        partial = {
            name: Signal.like(row[name], name=f"partial_{name}", reset_less=True)
            for name in ("acc", "weight")
        }
        rest = Signal.like(group, reset_less=True)
        counts = Signal(data.StructLayout({"rows": COUNT_BITS, "columns": COUNT_BITS}), reset_less=True)
        meets = Signal()
        once = Signal()
        first = Signal(range(self.config.lanes))
        others = Signal(self.config.lanes, reset_less=True)
        bit, without = self._first(m, packets[met], kinds[met], projections[met])
        out, packet, projection = self.o.payload, packets[last], projections[last]
        token = struct(self.events)(packet.as_value()[: self.events.width])
        event = self._is_event(kinds[last])
        with m.If(self._moves(met)):
            m.d.sync += [signal.eq(row[name] + column[name]) for name, signal in partial.items()]
            m.d.sync += [
                rest.eq(group),
                first.eq(bit),
                others.eq(without),
                counts.rows.eq(row.count),
                counts.columns.eq(column.count),
                once.eq((row.count == 1) & (column.count == 1) & (group.count == 1)),
                meets.eq((row.count != 0) & (column.count != 0) & (group.count != 0)),
            ]
        with m.If(self.advance):
            m.d.sync += self.o.valid.eq(self.valids[last] & (event | (projection.valid & meets)))
        m.d.sync += self.dropped.eq(self._moves(last) & ~event & ~projection.valid)
        with m.If(self._moves(last)):
            m.d.sync += [
                *[out[name].eq(projection[name]) for name in (*STEPS, *dynamic_field(self.config))],
                *[out[name].eq(self.partner[name]) for name in second_field(self.config)],
                out.is_event.eq(event),
                out.event.credit.eq(kinds[last] == Kind.CREDIT),
                out.event.parity.eq(packet.parity),
                out.event.last.eq(token.last & ~projection.delayed if self.config.step_bits else token.last),
                out.event.slot.eq(Mux(self._has_slot(kinds[last]), packet.tag, projection.slot)),
                out.bank.eq(0 if self.config.fused else packet.parity),
                out.aligned.eq(projection.aligned),
                out.negate.eq(packet.negate),
                out.shift.eq(packet.shift + projection.pre),
                out.mask.eq(Mux(projection.aligned, self._mask(packet, kinds[last]), others)),
                out.bit.eq(Mux(projection.aligned, 0, first)),
                out.more.eq(~event & ~projection.aligned & (others != 0)),
                out.once.eq(event | once),
                out.rows.eq(counts.rows),
                out.columns.eq(counts.columns),
                out.groups.eq(rest.count),
                out.acc.eq(partial["acc"] + rest.acc),
                out.weight.eq(partial["weight"] + rest.weight),
            ]
