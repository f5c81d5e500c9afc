"""A core's way in: accumulators, lookup, walker, loader, replies."""

from mutants.catalogue import Mutant, Part

ACCUMULATE = (
    Mutant("synapses/accumulate.py", "self.op_valid & ~stall", "self.op_valid", "an op that waits for the sweep is taken twice"),
    Mutant(
        "synapses/accumulate.py", "valid & before_valid & ~before.is_event & (before.address == op.address) & (before.bank == op.bank)",
        "valid & before_valid & ~before.is_event & (before.address == op.address)", "a sum of the other bank is forwarded",
    ),
    Mutant(
        "synapses/accumulate.py", "valid & before_valid & ~before.is_event & (before.address == op.address) & (before.bank == op.bank)",
        "valid & before_valid & (before.address == op.address) & (before.bank == op.bank)", "an event's sum is forwarded",
        equivalent="an event passes the adder with 0 and takes the sums before it as an op does: its sum is that of its word",
    ),
    Mutant(
        "synapses/accumulate.py", "valid & before_valid & ~before.is_event & (before.address == op.address) & (before.bank == op.bank)",
        "valid & ~before.is_event & (before.address == op.address) & (before.bank == op.bank)", "the sum of an op that never was is forwarded",
    ),
    Mutant("synapses/accumulate.py", "~same[1] & (same[2] | same[3])", "same[2] | same[3]", "an older sum is mixed into a newer one"),
    Mutant("synapses/accumulate.py", "(same[2] | same[3])", "same[2]", "the sum of four ops ago is not forwarded"),
    Mutant("synapses/accumulate.py", "Cat(*same[1:]).any()", "Cat(*same[1:3]).any()", "the stale word is kept beside the sum of four ops ago"),
    Mutant("synapses/accumulate.py", "Mux(self.third[lane], third, fourth)", "fourth", "the sum of three ops ago is that of four"),
    Mutant("synapses/accumulate.py", "valid & ~op.is_event", "valid", "an event writes a sum", within="self.beside.writes(valid & ~op.is_event, place)"),
    Mutant("synapses/accumulate.py", "Mux(clears, self.sweep.clear_word[lane], 0)", "0", "a cleared word has no bias"),
    Mutant("dynamic/beside.py", "Mux(slot.valid, place, own)", "own", "a cleared word is written somewhere else"),
    Mutant("dynamic/beside.py", "self.own | clears | self.late if self.config.dynamic_depth else own | clears", "self.own | slot.valid | self.late if self.config.dynamic_depth else own | slot.valid", "every sweep clears"),
    Mutant("synapses/accumulate.py", "adds & negate", "0", "a negated weight is one too small", within="carry.eq(adds & negate)"),
    Mutant(
        "synapses/accumulate.py", "Mux(valid & ~op.is_event, op.lanes, 0)", "Mux(valid, op.lanes, 0)", "an event adds a weight",
        equivalent="the sum of an event is not written (`writes`) and not forwarded (`_matches`)",
    ),
    Mutant("dynamic/operand.py", "Value.cast(Cat(1, stored))", "Value.cast(Cat(1, ~stored))", "1-bit weights have the other sign", tests=("tests/system/test_random.py",)),
)  # fmt: skip

_HOLDS = ("tests/unit/test_walker_holds.py",)
BESIDE = (
    Mutant("synapses/walker.py", "self.again & self.op_valid & self.go", "self.again", "an op without one before it goes beside a word of the sweep"),
    Mutant("dynamic/beside.py", "owner.sweep.valid & ~owner.op.again", "0", "an op of another word goes beside a word of the sweep"),
    Mutant("dynamic/beside.py", "forwarded & ~slot.valid", "forwarded", "a word is swept as 0 beside an op"),
    Mutant("dynamic/beside.py", "one_ago & next_valid & ~following.is_event", "one_ago & next_valid", "a sum before an event is not written"),
    Mutant("dynamic/beside.py", "one_ago & next_valid & ~following.is_event", "0", "a clear waits for every sum of a word"),
    Mutant("dynamic/beside.py", "self.late | clears", "clears", "a clear is lost behind another op"),
    Mutant("dynamic/beside.py", "self.late & clears", "0", "a clear is lost behind another one"),
    Mutant("dynamic/beside.py", "self.own & clears", "clears", "a late clear goes to the word of a later one"),
    Mutant("dynamic/beside.py", "busy | self.late", "busy", "a late clear goes where the last write was"),
    Mutant("synapses/walker.py", "~self.i.ready & request.once", "~self.i.ready", "a request of several words goes beside the sweep"),
    Mutant("synapses/walker.py", "have & request.dynamic & ~request.is_event & coming", "0", "a row is read while others of its bank are written", tests=_HOLDS),
    Mutant("synapses/walker.py", "have & request.dynamic & ~request.is_event & coming", "have & request.dynamic & coming", "a token waits for rows", tests=_HOLDS),
    Mutant("synapses/walker.py", "have & request.dynamic & ~request.is_event & coming", "have & ~request.is_event & coming", "every op waits for rows", tests=_HOLDS),
    Mutant("synapses/walker.py", "Mux(self.held, ~waiting, have & ~self.again)", "have & ~self.again & ~self.held", "the sweep is not told that a read goes on", tests=_HOLDS),
    Mutant("synapses/walker.py", "Mux(self.held, ~waiting, have & ~self.again)", "self.held | (have & ~self.again)", "the sweep waits as long as a read does", tests=_HOLDS),
    Mutant("synapses/walker.py", "self.held & waiting", "0", "a read waits for one cycle", tests=_HOLDS),
    Mutant("synapses/walker.py", "self.held & waiting", "self.held & coming", "a read waits for the bank of the op behind it", tests=_HOLDS),
)  # fmt: skip

LOOKUP = (
    Mutant("synapses/lookup.py", "projection.valid & meets", "meets", "spikes of an invalid projection are taken"),
    Mutant("synapses/lookup.py", "projection.valid & meets", "projection.valid", "a spike that meets nothing is walked"),
    Mutant("synapses/lookup.py", "(row.count != 0) & (column.count != 0) & (group.count != 0)", "(row.count != 0) & (group.count != 0)", "a column count of 0 is walked"),
    Mutant("synapses/lookup.py", "(row.count != 0) & (column.count != 0) & (group.count != 0)", "(column.count != 0) & (group.count != 0)", "a row count of 0 is walked"),
    Mutant("synapses/lookup.py", "(row.count != 0) & (column.count != 0) & (group.count != 0)", "(row.count != 0) & (column.count != 0)", "a group count of 0 is walked"),
    Mutant("synapses/lookup.py", "self._moves(last) & ~event & ~projection.valid", "0", "a dropped spike is not told"),
    Mutant("synapses/lookup.py", "self._moves(last) & ~event & ~projection.valid", "self._moves(last) & ~projection.valid", "an event counts as a dropped spike"),
    Mutant("synapses/lookup.py", "Mux(self._has_slot(kinds[last]), packet.tag, projection.slot)", "projection.slot", "a credit goes to its projection's slot"),
    Mutant("synapses/lookup.py", "~event & ~projection.aligned & (others != 0)", "~event & (others != 0)", "an aligned mask is walked bit by bit as well"),
    Mutant("synapses/lookup.py", "event | once", "once", "an event is walked like a spike"),
    Mutant("synapses/lookup.py", "(row.count == 1) & (column.count == 1) & (group.count == 1)", "(row.count == 1) & (column.count == 1)", "several groups are walked as one"),
    Mutant("synapses/lookup.py", "packet.shift + projection.pre", "packet.shift", "the pre-shift is left out"),
)  # fmt: skip

WALKER = (
    Mutant("synapses/walker.py", "~(self.op_valid & self.stall)", "1", "an op that waits is overwritten"),
    Mutant("synapses/walker.py", "incoming.once & ~incoming.more", "incoming.once", "the bits behind a single request are lost"),
    Mutant("synapses/walker.py", "request.once & ~others", "request.once", "the third bit of a single request is lost"),
    Mutant("synapses/walker.py", "ends & ~more", "ends", "the bits behind a longer request are lost"),
    Mutant("synapses/walker.py", "count == 2", "count == 3", "a count ends one too early"),
    Mutant("synapses/walker.py", 'pointers["weight"] + bit', 'pointers["weight"]', "every bit has the first one's weights"),
    Mutant("synapses/walker.py", "Mux(request.aligned, request.mask, (1 << self.config.lanes) - 1)", "(1 << self.config.lanes) - 1", "an aligned spike reaches all lanes"),
    Mutant("synapses/walker.py", "m.d.sync += row.eq(following)", "", "rows begin where the first one did"),
    Mutant("synapses/walker.py", "self.step & self.done & ~request.is_event", "self.step & self.done", "events count as spikes"),
    Mutant("synapses/stage.py", "self.i.valid & flow & ~self.hold", "self.i.valid & flow", "a spike that is held is taken again and again"),
    Mutant("synapses/stage.py", "lookup.i.ready & ~self.hold", "lookup.i.ready", "a spike is lost during initialisation"),
    Mutant("synapses/stage.py", "walker.op_valid & ~walker.op.is_event & ~accumulate.stall", "walker.op_valid & ~walker.op.is_event", "an op that waits counts twice"),
    Mutant("synapses/stage.py", "walker.op_valid & ~walker.op.is_event & ~accumulate.stall", "walker.op_valid & ~accumulate.stall", "events count as operations"),
    Mutant("core.py", "~self.o.valid | self.o.ready", "1", "an offered packet is withdrawn for a reply"),
    Mutant("core.py", "m.d.sync += dropped.eq(0)", "", "START leaves the flag of dropped spikes"),
)  # fmt: skip

LOADER = (
    Mutant("loader.py", "~self.query_valid & ~self.reading", "~self.reading", "a question is lost while another waits"),
    Mutant("loader.py", "self.chunk.eq(0)", "self.chunk.eq(self.chunk)", "a seek leaves the chunk of a word that was cut off"),
    Mutant("loader.py", "Mux(self.last, 0, self.chunk + 1)", "self.chunk + 1", "the second word's chunks go elsewhere"),
    Mutant("loader.py", "address + self.last", "address", "all words go to one address"),
    Mutant("loader.py", "self.running", "0", "a running core is written", within="with m.If(self.running):"),
    Mutant("loader.py", "self.refused.eq(0)", "self.refused.eq(self.refused)", "START leaves the flag of refused writes"),
    Mutant("loader.py", "m.d.sync += [self.stop.eq(1), self.running.eq(0)]", "m.d.sync += self.running.eq(0)", "STOP forgets no ready bit"),
    Mutant("loader.py", "m.d.sync += [self.stop.eq(1), self.running.eq(0)]", "m.d.sync += self.stop.eq(1)", "STOP leaves the core running"),
    Mutant("replies.py", "(self.query_index == 0) | (turn == wanted[: len(turn)])", "1", "another counter is answered"),
    Mutant("replies.py", "~self.o.valid & now", "now", "a second question is taken and forgotten"),
    Mutant("replies.py", "Mux(clearing[0], 0, read.data + more)", "read.data + more", "START leaves the counters"),
    Mutant("replies.py", "Mux(turn == number, 0, amount) + getattr(self, name)", "Mux(turn == number, 0, amount + getattr(self, name))", "a pulse in a counter's turn is lost"),
    Mutant("loader.py", "self.running | ~self.resting", "~self.resting", "a running core is read"),
    Mutant("loader.py", "self.running | ~self.resting", "self.running", "a core that ends a sweep is read"),
    Mutant("loader.py", "self.unread.eq(0)", "self.unread.eq(self.unread)", "START leaves the flag of refused reads"),
    Mutant("replies.py", "asked | chunk", "asked", "every chunk is a word's first"),
    Mutant("readback.py", "some & still & ~reads", "some & ~reads", "tables are read while a spike looks things up"),
    Mutant("readback.py", "self.valid & ~self.ready", "0", "a chunk that nobody takes is lost"),
    Mutant("readback.py", "self.step & self.last", "self.step", "every chunk counts as a word"),
    Mutant("readback.py", "self.chunk[: bits_for(count)] != number", "self.chunk[: bits_for(count)] != 0", "every chunk is the first one"),
    Mutant("readback.py", "bus.fetch | bus.access | bus.load | self.valid", "bus.fetch | bus.access | bus.load", "words of tables of LUTs are among the others"),
    Mutant("core.py", "soma.initialising | loader.start | loader.reading", "soma.initialising | loader.start", "spikes look things up while tables are read"),
    Mutant("interfaces.py", "bus.valid & (bus.memory == memory)", "bus.memory == memory", "half a word is written"),
)  # fmt: skip

_BENCH = "tests/cosim/test_benches.py -k 'passes and core'"
_CHIPS = (
    "tests/cosim/test_benches.py -k 'passes and chip'",
    "tests/system/test_runs.py",
    "tests/system/test_random.py",
)

PART = Part(
    name="core",
    folder="gateware/spikeplane_gateware/core",
    gateware=True,
    tests={
        "synapses/accumulate.py": ("tests/unit/test_core_accumulate.py", _BENCH, *_CHIPS),
        "dynamic/beside.py": ("tests/unit/test_core_accumulate.py", "tests/system/test_attention.py"),
        "synapses/lookup.py": ("tests/unit/test_core_lookup.py", _BENCH, *_CHIPS),
        "loader.py": ("tests/unit/test_core_loader.py", "tests/unit/test_core_reads.py", _BENCH, *_CHIPS),
        "replies.py": ("tests/unit/test_core_replies.py", "tests/unit/test_core_reads.py", _BENCH, *_CHIPS),
        "readback.py": ("tests/unit/test_core_readback.py", "tests/unit/test_core_reads.py"),
        "core.py": ("tests/unit/test_core_reads.py", _BENCH, *_CHIPS),
        "*": (_BENCH, *_CHIPS),
    },
    mutants=(*ACCUMULATE, *BESIDE, *LOOKUP, *WALKER, *LOADER),
)
