"""The camera's arithmetic: division, lanes, segments, pending spikes, windows, the pipeline's words."""

from mutants.catalogue import Mutant, Part

LANE = (
    Mutant("divide.py", "s.total >> 1", "0", "the quotient is rounded down"),
    Mutant("divide.py", "Mux(short, rest, less)", "rest", "the remainder is not reduced"),
    Mutant("lane.py", "Mux(self.fresh, 0, self.state)", "self.state", "the memory's first contents count"),
    Mutant("lane.py", "Mux(p.age == INTERVAL_MAX, p.age, p.age + 1)", "p.age + 1", "the age wraps"),
    Mutant("lane.py", "Mux(p.alive, older, 0)", "older", "a silent pixel grows old"),
    Mutant("lane.py", "(p.age > self.config.lookahead) & (p.age > p.lo) & (p.n != 0)", "(p.age > self.config.lookahead) & (p.age > p.lo)", "a pixel without an interval has light"),
    Mutant("lane.py", "(p.age > self.config.lookahead) & (p.age > p.lo) & (p.n != 0)", "(p.age > self.config.lookahead) & (p.n != 0)", "an open interval counts too early"),
    Mutant("lane.py", "(p.age > self.config.lookahead) & (p.age > p.lo) & (p.n != 0)", "(p.age > p.lo) & (p.n != 0)", "an open interval counts before the look-ahead is over"),
    Mutant("lane.py", "s.planes | s.none", "s.planes", "a silent pixel divides by 0"),
    Mutant("lane.py", "p.age + 1", "p.age", "an open interval is a plane short", within="age=p.age + 1, dimmer"),
    Mutant("lane.py", "s.planes + s.m", "s.planes", "the longer intervals' planes are left out"),
    Mutant("pending.py", "bits[i] & ~bits[i + 1 :].any()", "bits[i] & ~bits[:i].any()", "the youngest spike of a group is taken", tests=("tests/unit/test_camera_lane.py -k pending",)),
    Mutant("pending.py", "(hot & walked)", "hot", "a spike is forgotten that the pixel has not walked to"),
    Mutant("walk.py", "(p.age > self.config.lookahead) | (p.n == 0)", "p.age > self.config.lookahead", "a first interval waits for the look-ahead"),
    Mutant("walk.py", "(p.age > self.config.lookahead) | (p.n == 0)", "(p.age >= self.config.lookahead) | (p.n == 0)", "a segment ends a plane too early"),
    Mutant("walk.py", "s.zero | s.one | (s.minus & s.even)", "s.zero | s.one | s.minus", "a third interval fits"),
    Mutant("walk.py", "s.zero | s.one | (s.minus & s.even)", "s.zero | s.one", "a shorter interval never fits"),
    Mutant("walk.py", "s.more >> 1", "s.more", "a full segment is not halved"),
    Mutant("walk.py", "(s.longer + 1) >> 1", "s.longer >> 1", "halving rounds the longer ones down"),
    Mutant("walk.py", "Mux(s.minus, s.interval, s.lo)", "s.lo", "the format is that of the old smaller interval", within='format_of(m, f"{name}_grown", Mux(s.minus, s.interval, s.lo))'),
    Mutant("walk.py", "begins | (fits & s.minus)", "begins", "a shorter interval is not taken over"),
    Mutant("walk.py", "Mux(s.walked, s.since, s.age)", "Mux(s.walked, 0, s.age)", "a pixel forgets how far it walked"),
    Mutant("window.py", "Cat(spike, history)[: len(history)]", "Cat(0, history)[: len(history)]", "the history takes no spikes"),
    Mutant("state.py", "Mux(above[1], 2, above[0])", "Mux(above[1], 2, 0)", "the second format is never chosen"),
)  # fmt: skip

ORDER = (
    Mutant("order.py", "Mux(order.run == RUN_MAX, RUN_MAX, order.run + 1)", "order.run + 1", "the run wraps"),
    Mutant("order.py", "run < order.k", "run <= order.k", "a distance as long as the smallest counts as shorter"),
    Mutant("order.py", "run > order.k", "run >= order.k", "a run as long as the distance counts as longer"),
    Mutant("order.py", "(order.run + 2 < order.k) | ((order.run + 2 == order.k) & order.wide)", "order.run + 2 < order.k", "two distances that differ by 2 pass"),
    Mutant("order.py", "Mux(n >= 4, 2, n == 3)", "Mux(n >= 4, 2, 0)", "the first distance of three intervals is 0",
        equivalent="in phase ONCE runs are 2 or more: none is shorter than 1, none equal, and the next firing takes its run as the distance"),
    Mutant("order.py", "Mux(n == 1, BASE, Mux(n >= 4, KNOWN, ONCE))", "Mux(n == 1, BASE, ONCE)", "a distance that is known is forgotten"),
    Mutant("order.py", "known & again & is_.longer", "0", "a run may be longer than the distance", within="once & ~again & is_.shorter, known & again & is_.longer"),
    Mutant("order.py", "once & ~again & is_.shorter", "0", "the run before the first firing may be longer", within="once & ~again & is_.shorter, known & again & is_.longer"),
    Mutant("order.py", "(once | known) & ~again & is_.at_once", "known & ~again & is_.at_once", "the second firing may follow at once",
        equivalent="a firing follows at once in phase ONCE only after BASE, whose distance is 2 or more: the start is too short as well"),
    Mutant("order.py", "order.wide | (fires & known & ~is_.equal)", "order.wide", "a second distance is not remembered"),
    Mutant("order.py", 'fields["kind"] & ~begins', 'fields["kind"]', "a new segment begins with the old kind"),
)  # fmt: skip

PIPELINE = (
    Mutant("pipeline_count.py", "self.valid & ~self.restart", "self.valid", "a word is taken in the cycle of a restart"),
    Mutant("pipeline_count.py", "m.d.sync += [self.word.eq(0), self.fresh.eq(1)]", "m.d.sync += self.word.eq(0)", "a restart leaves the old states"),
    Mutant("pipeline_count.py", "m.d.sync += [self.word.eq(0), self.fresh.eq(1)]", "m.d.sync += self.fresh.eq(1)", "a restart leaves the place in the plane"),
    Mutant("pipeline_images.py", "taken & (skip == 0)", "taken", "planes without look-ahead give images"),
    Mutant("pipeline_images.py", "skip.eq(self.config.lookahead)", "skip.eq(self.config.lookahead + 1)", "the first image is lost"),
    Mutant("pipeline_states.py", "m.d.comb += at.eq(0)", "", "states are written where a plane was broken off"),
    Mutant("pipeline_images.py", "number.eq(number + 1)", "number.eq(number)", "every image has the same number"),
    Mutant("pipeline_count.py", "self.word == self.config.words - 1", "self.word == self.config.words", "a plane is a word too long"),
)  # fmt: skip

_GOLDEN = "tests/unit/test_camera_pipeline.py -k 'golden or restart or latency'"

PART = Part(
    name="camera",
    folder="gateware/spikeplane_gateware/units/camera",
    gateware=True,
    tests={
        "divide.py": ("tests/unit/test_camera_lane.py -k divide", _GOLDEN),
        "pending.py": (_GOLDEN, "tests/unit/test_camera_lane.py"),
        "walk.py": (_GOLDEN, "tests/unit/test_camera_formats.py", "tests/unit/test_camera_lane.py"),
        "*": (_GOLDEN, "tests/unit/test_camera_lane.py"),
    },
    mutants=(*LANE, *ORDER, *PIPELINE),
)
