"""Arbiter, FIFO and router of the mesh."""

from mutants.catalogue import Mutant, Part

_CONTRACT = "tests/formal/test_router_contract.py -k 'proved or vacuous'"
_PROGRESS = "tests/formal/test_router_progress.py -k 'proved or vacuous'"
_BENCHES = "tests/cosim/test_benches.py -k 'passes and (router or mesh)'"
_ROUTER = ("tests/unit/test_router.py", _CONTRACT, _PROGRESS, _BENCHES)

MUTANTS = (
    Mutant("arbiter.py", "self.requests & mask", "self.requests & ~mask", "the turn goes backwards"),
    Mutant("arbiter.py", "chosen[i] & ~chosen[:i].any()", "chosen[i]", "two are granted"),
    Mutant("arbiter.py", "self.grant[:i].any()", "self.grant[: i + 1].any()", "whoever was granted stays in front"),
    Mutant("arbiter.py", "upper != 0", "0", "fixed priority"),
    Mutant("arbiter.py", "self.take", "1", "an unused grant counts as a turn", within="with m.If(self.take):"),
    Mutant("fifo.py", "~spare_valid", "1", "ready although both words are full"),
    Mutant("fifo.py", "spare_valid | self.i.valid", "self.i.valid", "the spare word is lost"),
    Mutant("fifo.py", "~head_valid | self.o.ready", "self.o.ready", "an empty head waits for the reader"),
    Mutant("fifo.py", "spare_valid", "0", "a newer word comes first", within="with m.If(spare_valid):"),
    Mutant("fifo.py", "m.d.sync += spare_valid.eq(1)", "", "a word behind a stalled head is lost"),
    Mutant("fifo.py", "self.i.valid & self.i.ready", "self.i.ready", "the spare word counts without having come"),
    Mutant("merge.py", "free & arbiter.grant[k]", "arbiter.grant[k]", "a packet is taken while the way is full"),
    Mutant("route.py", "p.x0 <= self.x", "p.x0 < self.x", "the rectangle's west column is missed"),
    Mutant("route.py", "self.x <= p.x1", "self.x < p.x1", "the rectangle's east column is missed"),
    Mutant("route.py", "p.y0 <= self.y", "p.y0 < self.y", "the rectangle's north row is missed"),
    Mutant("route.py", "self.y <= p.y1", "self.y < p.y1", "the rectangle's south row is missed"),
    Mutant("route.py", "p.y0 < self.y", "p.y0 <= self.y", "a copy goes on north of the rectangle"),
    Mutant("route.py", "p.y1 > self.y", "p.y1 >= self.y", "a copy goes on south of the rectangle"),
    Mutant("route.py", "p.x1 > self.x", "p.x1 >= self.x", "a copy goes on east of the rectangle"),
    Mutant("route.py", "turns & (p.y1 > self.y)", "p.y1 > self.y", "a copy turns south in a column outside"),
    Mutant("route.py", "turns & (p.y0 < self.y)", "p.y0 < self.y", "a copy turns north in a column outside"),
    Mutant(
        "route.py", '(p.x0 < self.x) & (side in ("east", "local"))', "p.x0 < self.x", "a copy turns back to the west",
        tests=(_CONTRACT,),
    ),
    Mutant(
        "route.py", 'column if side in ("east", "west", "local") else 1', "column", "a packet on its way along y looks for its column",
        equivalent="it has turned in a column of its rectangle (tests/formal/rule.py, `legal`) and stays in it",
    ),
    Mutant("route.py", "here & ~p.host", "here", "a packet for the host is delivered to the core as well"),
    Mutant("route.py", "(here & p.host)", "here", "whatever arrives goes out to the west as well"),
    Mutant("entry.py", "~waits", "1", "ready although two packets are there", within="self.i.ready.eq(~waits)"),
    Mutant("entry.py", "self.i.valid & self.i.ready", "self.i.ready", "a packet counts without having come"),
    Mutant("entry.py", "self.i.valid & self.i.ready", "self.i.valid", "a packet that waits outside is written over one inside"),
    Mutant("entry.py", "~write", "write", "the second packet is written over the first", within="write.eq(~write)"),
    Mutant("entry.py", "write ^ waits", "write", "the packet in front is another one than the one that is shown"),
    Mutant("entry.py", "write ^ waits", "~write", "a packet that came into an empty entry is not the one that is shown"),
    Mutant("entry.py", "route.wants", "0", "the packet behind the first goes nowhere", within="behind.eq(route.wants)"),
    Mutant("entry.py", "behind", "route.wants", "the packet behind goes where the next one has to", within="self.wants.eq(behind)"),
    Mutant("entry.py", "0", "waits", "the packet behind is sent twice", within="waits.eq(0)"),
    Mutant("entry.py", "Mux(self.i.valid, route.wants, 0)", "route.wants", "the router takes what nobody has sent"),
    Mutant("entry.py", "waits | self.i.valid", "waits", "a packet behind another one is lost"),
    Mutant("entry.py", "waits | self.i.valid", "self.i.valid", "a packet behind another one is forgotten"),
    Mutant("entry.py", "self.wants & ~self.granted", "self.wants", "what is granted stays wanted"),
    Mutant("entry.py", "left == 0", "self.wants == 0", "a cycle is lost between packets", tests=(_PROGRESS,)),
    Mutant("entry.py", "left", "self.wants", "copies that have left are sent again", within="self.wants.eq(left)"),
    Mutant("slots.py", "self.write_data", "0", "words are not kept", within="slot.eq(self.write_data)"),
    Mutant("slots.py", "self.write_address == number", "number == 0", "one of the two words is never written"),
    Mutant("slots.py", "Mux(self.read_address, second, first)", "Mux(self.read_address, first, second)", "the other word is read"),
    Mutant("slots.py", "self.write_en & (self.write_address == number)", "self.write_address == number", "a word is written over by what nobody has sent"),
    Mutant("output.py", "~self.o.valid | self.o.ready", "1", "an output that waits is overwritten"),
    Mutant("output.py", "some", "1", "an output is valid without a packet", within="self.o.valid.eq(some)"),
    Mutant("output.py", "free", "1", "the turn passes while the output is stalled", within="arbiter.take.eq(free)", tests=(_PROGRESS,)),
    Mutant("output.py", "Mux(free, arbiter.grant, 0)", "arbiter.grant", "a copy is lost where the output is stalled"),
    Mutant("output.py", "arbiter.grant[k]", "self.requests[k]", "of two packets the wrong one is sent"),
    Mutant("router.py", "entry.wants[bit]", "entry.wants[0]", "an input asks for the wrong output"),
    Mutant("router.py", "output.granted[number]", "output.granted[0]", "the wrong input hears that its packet is taken"),
)  # fmt: skip

PART = Part(
    name="network",
    folder="gateware/spikeplane_gateware/network",
    gateware=True,
    tests={
        "merge.py": ("tests/unit/test_camera_unit.py",),
        "arbiter.py": ("tests/unit/test_router.py", "tests/formal/test_arbiter.py -k 'proved or vacuous'"),
        "fifo.py": ("tests/unit/test_router.py", "tests/formal/test_fifo.py -k 'proved or vacuous'"),
        **dict.fromkeys(("route.py", "entry.py", "slots.py", "output.py", "router.py"), _ROUTER),
    },
    mutants=MUTANTS,
)
