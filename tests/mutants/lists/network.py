"""Arbiter, FIFO and router of the mesh."""

from mutants.catalogue import Mutant, Part

_ROUTER = ("tests/unit/test_router.py", "tests/formal/test_router_contract.py -k 'proved or vacuous'")
_PROGRESS = "tests/formal/test_router_progress.py -k 'proved or vacuous'"

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
    Mutant("router.py", "p.x0 <= self.x", "p.x0 < self.x", "the rectangle's west column is missed"),
    Mutant("router.py", "self.x <= p.x1", "self.x < p.x1", "the rectangle's east column is missed"),
    Mutant("router.py", "p.y0 <= self.y", "p.y0 < self.y", "the rectangle's north row is missed"),
    Mutant("router.py", "self.y <= p.y1", "self.y < p.y1", "the rectangle's south row is missed"),
    Mutant("router.py", "p.y0 < self.y", "p.y0 <= self.y", "a copy goes on north of the rectangle"),
    Mutant("router.py", "p.y1 > self.y", "p.y1 >= self.y", "a copy goes on south of the rectangle"),
    Mutant("router.py", "p.x1 > self.x", "p.x1 >= self.x", "a copy goes on east of the rectangle"),
    Mutant("router.py", "turns & (p.y1 > self.y)", "p.y1 > self.y", "a copy turns south in a column outside"),
    Mutant(
        "router.py", '(p.x0 < self.x) & (side in ("east", "local"))', "p.x0 < self.x", "a copy turns back to the west",
        tests=("tests/formal/test_router_contract.py -k 'proved or vacuous'",),
    ),
    Mutant(
        "router.py", 'column if side in ("east", "west", "local") else 1', "column", "a packet on its way along y looks for its column",
        equivalent="it has turned in a column of its rectangle (tests/formal/rule.py, `legal`) and stays in it",
    ),
    Mutant("router.py", "here & ~p.host", "here", "a packet for the host is delivered to the core as well"),
    Mutant("router.py", "(here & p.host)", "here", "whatever arrives goes out to the west as well"),
    Mutant("router.py", "~out.valid | out.ready", "1", "an output that waits is overwritten"),
    Mutant("router.py", "arbiter.requests != 0", "1", "an output is valid without a packet", within="out.valid.eq(arbiter.requests != 0)"),
    Mutant("router.py", "free", "1", "the turn passes while the output is stalled", within="arbiter.take.eq(free)", tests=(_PROGRESS,)),
    Mutant("router.py", "arbiter.grant[i] & free", "arbiter.grant[i]", "a copy is lost where the output is stalled"),
    Mutant("router.py", "want & ~grants[o][side]", "want", "what is granted stays wanted"),
    Mutant(
        "router.py", "~Cat(*left.values()).any()", "~Cat(*wants.values()).any()", "a cycle is lost between packets",
        tests=(_PROGRESS,),
    ),
    Mutant("router.py", "fifo.o.valid", "1", "the router takes what nobody has sent", within="with m.If(fifo.o.valid):"),
    Mutant("router.py", "~load", "0", "copies that have left are sent again", within="with m.If(~load):"),
)  # fmt: skip

PART = Part(
    name="network",
    folder="gateware/spikeplane_gateware/network",
    gateware=True,
    tests={
        "merge.py": ("tests/unit/test_camera_unit.py",),
        "arbiter.py": ("tests/unit/test_router.py", "tests/formal/test_arbiter.py -k 'proved or vacuous'"),
        "fifo.py": ("tests/unit/test_router.py", "tests/formal/test_fifo.py -k 'proved or vacuous'"),
        "router.py": (*_ROUTER, _PROGRESS, "tests/cosim/test_benches.py -k 'passes and (router or mesh)'"),
    },
    mutants=MUTANTS,
)
