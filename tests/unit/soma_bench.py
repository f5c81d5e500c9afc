"""A soma stage with its dynamic memory in Amaranth's simulator: populations of values whose words are counted out here,
accumulators that the bench answers for, a router that takes packets when it likes, a reader that comes between."""

import random
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any

from amaranth.hdl import Module
from amaranth.lib.wiring import connect

from spikeplane.config import ChipConfig
from spikeplane.formats.dynamic_tables import Sink
from spikeplane.formats.packet import CHUNK_BITS, Kind, packet_format
from spikeplane.formats.structure import SWEEP_LATENCY
from spikeplane.formats.tables import AnyMemory, Memory, core_tables, lane_leak_layout, parameter_parts
from spikeplane.formats.value_tables import ENTRIES, OptionMemory
from spikeplane_gateware.core.dynamic.memory import DynamicMemory
from spikeplane_gateware.core.soma.stage import SomaStage

Word = list[int]


@dataclass
class Values:
    """A population of values on the core: `groups` x `height` x `width` words of lanes. With sink OUTER one of spikes, where
    I is above the group's number: in turn a word of K and one of V."""

    slot: int
    groups: int = 1
    height: int = 1
    width: int = 1
    keeps: bool = False  #: u + I instead of I
    table: int | None = None
    shift: int = 0
    sink: Sink = Sink.EGRESS
    base: int = 0  #: of its rows / lanes
    presentations: int = 1
    planes: int = 0  #: 0: as many as membranes have
    relu: bool = False
    spikes: bool = False  #: masks instead of values go to the egress
    credits: int = 0
    acc: int = 0  #: its first accumulator
    membranes: list[Word] = field(default_factory=list)
    presented: int = 0

    @property
    def words(self) -> int:
        return self.groups * self.height * self.width


class Soma:
    """The stage, driven a cycle at a time. `found[slot]`: what came since the last token, by (group, y, x); `rows[bank]`: the
    memory as its write port shows it; `writes`: (bank, row) of all; `swept[slot, parity]`: both
    as whoever has the token may read them."""

    def __init__(self, config: ChipConfig, seed: int, stalls: float, reads: float) -> None:
        self.config, self.rng, self.stalls, self.reads = config, random.Random(seed), stalls, reads
        self.tables, self.form = core_tables(config), packet_format(config)
        self.soma: Any = SomaStage(config)
        self.memory: Any = DynamicMemory(config) if config.dynamic_depth else None
        self.entries = [[0] * ENTRIES for _ in range(config.tables)]
        self.accumulators: dict[tuple[int, int], Word] = defaultdict(lambda: [0] * config.lanes)
        self.rows: list[dict[int, Word]] = [{}, {}]
        self.writes: list[tuple[int, int]] = []
        self.found: dict[int, dict[tuple[int, int, int], Word]] = defaultdict(dict)
        self.swept: dict[tuple[int, int], tuple[dict, dict[int, Word]]] = {}
        self.ended: dict[tuple[int, int], dict] = {}  #: what was found; rows of these are not ready
        self.late = 0  #: cycles until a word that was asked for is set
        self.asked_at = 0  #: in the last cycle with a request
        self.taken: set[tuple[int, int]] = set()  #: (bank, accumulator) that sweeps have asked for
        self.credits: dict[
            tuple[int, int], set[tuple[int, int]]
        ] = {}  #: what was taken then, by slot and parity
        self.cycles = 0
        self.seen: Counter[str] = Counter()  #: what the words made happen
        self.special: dict[int, dict[str, int]] = {}  #: other fields of a slot's POPULATION word
        self.words: list[tuple[int, int]] = []  #: other parameters, by address
        self.spread = 0  #: accumulators of each population, where it has more than words
        self.answered = False  #: the accumulators' word stands at the port
        self.asked: list[Any] = [None] * (SWEEP_LATENCY + 1)

    def module(self) -> Module:
        m = Module()
        m.submodules.soma = self.soma
        if self.memory is not None:
            m.submodules.memory = self.memory
            connect(m, self.soma.rows, self.memory.rows)
        return m

    async def write(self, ctx: Any, memory: AnyMemory, address: int, word: int) -> None:
        """A word; on a chip whose populations lie in parts the chunks of one, as the loader gives them."""
        bus = self.soma.write
        if self.config.narrow_tables and memory == Memory.POPULATION:
            ctx.set(bus.memory, memory)
            ctx.set(bus.place, address)
            ctx.set(bus.puts, 1)
            for number in range(self.tables.chunks(memory)):
                ctx.set(bus.chunk, number)
                ctx.set(bus.part, word >> CHUNK_BITS * number & (1 << CHUNK_BITS) - 1)
                await ctx.tick()
            ctx.set(bus.puts, 0)
            return
        for name, value in (("valid", 1), ("memory", memory), ("address", address), ("data", word)):
            ctx.set(getattr(bus, name), value)
        await ctx.tick()
        ctx.set(bus.valid, 0)

    async def parameter(self, ctx: Any, address: int, word: int) -> None:
        """A word of all lanes, in the parts that the memory has it in."""
        parts, width = parameter_parts(self.config), self.tables.width(Memory.PARAMETER)
        for number in range(parts):
            part = word >> number * width & (1 << width) - 1
            await self.write(ctx, Memory.PARAMETER, address * parts + number, part)

    async def read(self, ctx: Any, memory: AnyMemory, address: int) -> int:
        """The lowest chunk of a word, as the read-back asks for it."""
        bus, places = (
            self.soma.read,
            [(m, n) for m in self.tables.memories for n in range(self.tables.chunks(m))],
        )
        ctx.set(bus.address, address)
        ctx.set(bus.clear, 0)
        others = sum((place != (memory, 0)) << bit for bit, place in enumerate(places))
        for name in ("fetch", "access", "load"):
            ctx.set(getattr(bus, name), 1)
            ctx.set(bus.clear, others if name != "fetch" else 0)
            await ctx.tick()
            ctx.set(getattr(bus, name), 0)
        found = ctx.get(self.soma.read_data)
        ctx.set(bus.clear, 0)
        return found

    async def load(self, ctx: Any, populations: list[Values]) -> None:
        """Words of all memories, then START, until all is initialised."""
        c, lanes = self.config, self.config.lanes
        for number, entries in enumerate(self.entries):
            for index, entry in enumerate(entries):
                word = entry & (1 << c.membrane_bits) - 1
                await self.write(ctx, OptionMemory.TABLE, number * ENTRIES + index, word)
        leaks = lane_leak_layout(c).pack(factor=0), lane_leak_layout(c).pack(factor=1 << c.leak_bits)
        for address, leak in enumerate(leaks):
            word = sum(leak << lane * c.lane_bits for lane in range(lanes))
            await self.parameter(ctx, address, word)
        for group in range(max(p.groups for p in populations)):  # theta is 1, 2, 3 ...
            theta = sum((1 << c.membrane_bits) - 1 - group << lane * c.lane_bits for lane in range(lanes))
            for number, word in enumerate((theta, 0, 0)):
                await self.parameter(ctx, 2 + 3 * group + number, word)
        for address, word in self.words:
            await self.parameter(ctx, address, word)
        membrane = acc = 0
        for p in populations:
            size = p.height * p.width
            fields = {"valid": 1, "group_last": p.groups - 1, "y_last": p.height - 1, "x_last": p.width - 1, "stride": 1,
                      "input_height": p.height, "input_width": p.width, "input_words": size, "words": size, "acc_base": acc,
                      "acc_down": p.width, "acc_right": 1, "acc_across": 1,
                      "membrane_base": membrane, "parameter_base": 2, "leak_base": p.keeps,
                      "membrane_out": p.sink != Sink.OUTER and not p.spikes,
                      "plane_last": (p.planes or c.membrane_bits) - 1, "relu": p.relu, "egress_first": 2 * p.slot, "egress_count": 1,
                      "credit_count": p.credits}  # fmt: skip
            if c.dynamic_depth:
                blocks = -(-p.words // lanes)
                fields |= {"sink": p.sink, "row_base": p.base, "row_blocks": blocks, "pair_groups": 1, "value_groups": 1,
                           "head": lanes.bit_length() - 1}  # fmt: skip
                if p.sink == Sink.OUTER:
                    fields["row_blocks"] = p.groups
            if c.tables:
                fields |= {"tabled": p.table is not None, "table": p.table or 0, "table_shift": p.shift}
            fields |= self.special.get(p.slot, {})
            if c.presentations > 1:
                fields["presentations_last"] = p.presentations - 1
            names = {name for name, _ in self.tables.population.fields}
            word = self.tables.population.pack(**{name: fields.get(name, 0) for name in names})
            await self.write(ctx, Memory.POPULATION, p.slot, word)
            egress = {name: 0 for name, _ in self.tables.egress.fields} | {"host": 1, "tag": p.slot}
            for entry in range(1 + p.credits):
                await self.write(ctx, Memory.EGRESS, 2 * p.slot + entry, self.tables.egress.pack(**egress))
            for parity in range(2):
                token = self.tables.schedule.pack(left=1, expected=1, ready=0)
                await self.write(ctx, Memory.SCHEDULE, p.slot * 4 + parity, token)
                credit = self.tables.schedule.pack(left=1, expected=1, ready=1)
                await self.write(ctx, Memory.SCHEDULE, p.slot * 4 + 2 + parity, credit)
            p.membranes, p.presented = [[0] * lanes for _ in range(p.words)], 0
            p.acc, membrane, acc = acc, membrane + p.words, acc + (self.spread or p.words)
        ctx.set(self.soma.o.ready, 1)
        ctx.set(self.soma.start, 1)
        await self.cycle(ctx)
        ctx.set(self.soma.start, 0)
        while ctx.get(self.soma.initialising):
            await self.cycle(ctx)
        ctx.set(self.soma.running, 1)

    async def cycle(self, ctx: Any) -> None:
        """One cycle: accumulators, the router's readiness, a reader, and what is seen at the ports."""
        soma, port = self.soma, self.soma.port
        self.asked = [None, *self.asked[:-1]]
        if ctx.get(port.valid):
            self.asked_at = self.cycles
            self.request(ctx, port)
        answer = self.asked[SWEEP_LATENCY - 1]
        if ctx.get(soma.o.valid) and ctx.get(soma.o.ready):
            self.packet(ctx.get(soma.o.payload.as_value()))
        unready = ctx.get(soma.unready) if self.memory is not None else 0
        for slot, parity in [place for place in self.ended if not unready >> place[1] & 1]:
            self.swept[slot, parity] = self.ended.pop((slot, parity)), dict(self.rows[parity])
        if self.memory is not None:
            self.row(ctx, self.memory.rows)
            reader = self.memory.reader
            if fetch := self.rng.random() < self.reads:
                ctx.set(reader.bank, self.rng.randrange(2))
                ctx.set(reader.row, self.rng.randrange(self.config.dynamic_depth))
            ctx.set(reader.fetch, fetch)
        ready = self.rng.random() >= self.stalls
        await ctx.tick()
        ctx.set(soma.o.ready, ready)
        ctx.set(port.data_valid, answer is not None)
        if self.memory is not None:
            ctx.set(port.late, self.cycles - self.asked_at < self.late)
        if answer is None and self.answered:  # what nobody asked for is larger than anything
            answer = [(1 << self.config.acc_bits - 1) - 1] * self.config.lanes
            self.answered = False
        elif answer is not None:
            self.answered = True
        for lane, value in enumerate(answer or ()):
            ctx.set(port.data[lane], value)
        self.cycles += 1

    def request(self, ctx: Any, port: Any) -> None:
        """What a request asks for, and does."""
        place = ctx.get(port.bank), ctx.get(port.address)
        self.asked[0] = list(self.accumulators[place])
        self.taken.add(place)
        if ctx.get(port.clear):
            self.accumulators[place] = [0] * self.config.lanes

    def row(self, ctx: Any, rows: Any) -> None:
        """What the engine writes."""
        if ctx.get(rows.write_valid):
            bits, word, at = self.config.dynamic_bits, ctx.get(rows.write_word), ctx.get(rows.write_row)
            lanes = [word >> bits * lane & (1 << bits) - 1 for lane in range(self.config.lanes)]
            self.rows[ctx.get(rows.bank)][at] = lanes
            self.writes.append((ctx.get(rows.bank), at))

    def packet(self, packet: int) -> None:
        """Planes are added up; a token ends them."""
        kind, fields = self.form.unpack(packet)
        if kind == Kind.TOKEN:
            slot, parity = fields["source_slot"], fields["parity"]
            assert (slot, parity) not in {*self.swept, *self.ended}, "a second token"
            self.ended[slot, parity] = self.found.pop(slot, {})
        elif kind == Kind.CREDIT:
            self.credits[fields["tag"], fields["parity"]] = set(self.taken)
            assert self.cycles - self.asked_at > self.late, "a credit comes before a word is set"
        else:
            assert kind == Kind.SPIKE, kind
            word = self.found[fields["tag"]].setdefault(
                (fields["group"], fields["y"], fields["x"]), [0] * self.config.lanes
            )
            for lane in range(self.config.lanes):
                bit = fields["mask"] >> lane & 1
                word[lane] += (-1 if fields["negate"] else 1) * bit << fields["shift"]

    async def event(self, ctx: Any, slot: int, parity: int, last: bool, credit: bool = False) -> None:
        event = self.soma.event
        for name, value in (("slot", slot), ("parity", parity), ("last", last), ("credit", credit)):
            ctx.set(event[name], int(value))
        ctx.set(self.soma.event_valid, 1)
        await self.cycle(ctx)
        ctx.set(self.soma.event_valid, 0)

    def expected(self, p: Values, currents: list[Word], last: bool) -> list[Word]:
        """What a step sends, by the rule, and how the membranes move on."""
        low, high = -(1 << self.config.membrane_bits - 1), (1 << self.config.membrane_bits - 1) - 1
        ends = last and p.presented == p.presentations - 1
        if last:
            p.presented = 0 if ends else p.presented + 1
            self.seen["kept"] += not ends and p.keeps
        sent = []
        for number, current in enumerate(currents):
            u = p.membranes[number] if p.keeps else [0] * len(current)
            v = [min(max(a + b, low), high) for a, b in zip(u, current, strict=True)]
            p.membranes[number] = [0] * len(v) if ends else v
            planes = p.planes or self.config.membrane_bits
            least, most = (0, (1 << planes) - 1) if p.relu else (-(1 << planes - 1), (1 << planes - 1) - 1)
            if p.sink == Sink.OUTER or p.spikes:
                sent.append([int(one > number // (p.height * p.width)) for one in v])
            elif p.table is None:
                sent.append([min(max(one, least), most) for one in v] if p.sink == Sink.EGRESS else v)
            else:
                table, most = self.entries[p.table], ENTRIES - 1
                places = [(one >> p.shift) + ENTRIES // 2 for one in v]
                self.seen["below"] += sum(place < 0 for place in places)
                self.seen["above"] += sum(place > most for place in places)
                self.seen["inside"] += sum(0 < place < most for place in places)
                sent.append([table[min(max(place, 0), most)] for place in places])
        return sent
