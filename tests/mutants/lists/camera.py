"""The camera's half between its pipeline and the host: feed, gate, grabber, region, packets, registers, unit."""

from mutants.catalogue import Mutant, Part

FEED = (
    Mutant("feed_run.py", "step + 1 == self.steps", "step == self.steps", "a sample has a step too many"),
    Mutant("feed_packets.py", "free & (item.begins | self.is_last)", "free & (~item.ends | self.is_last)", "a spike goes out on one route only"),
    Mutant("feed_walk.py", "hit.valid & self.active", "hit.valid", "a spike leaves after STOP"),
    Mutant("feed_pixels.py", "x >= crop.x0", "x > crop.x0", "the crop's first column is left out"),
    Mutant("feed_pixels.py", "y <= crop.y1", "y < crop.y1", "the crop's last row is left out"),
    Mutant("feed_pixels.py", "x - crop.x0", "x", "columns count from the plane's edge"),
    Mutant("feed_pixels.py", "bits[1:] == 0", "bits == 0", "a cycle more a word"),
    Mutant("feed_pixels.py", "y.eq(y + edge)", "y.eq(y)", "a word that reaches into the next row stays in its own"),
    Mutant(
        "feed_run.py", "m.d.sync += [self.samples_left.eq(self.samples), step.eq(0), self.parity.eq(0)]",
        "m.d.sync += [self.samples_left.eq(self.samples), step.eq(0)]", "a run starts with the parity of the last",
    ),
    Mutant(
        "feed_run.py", "m.d.sync += [self.samples_left.eq(self.samples), step.eq(0), self.parity.eq(0)]",
        "m.d.sync += [self.samples_left.eq(self.samples), self.parity.eq(0)]", "a run starts in the step of the last",
    ),
    Mutant("feed_run.py", "m.d.sync += self.samples_left.eq(0)", "", "STOP is not heard"),
    Mutant("feed_run.py", "self.samples_left - self.last", "self.samples_left - 1", "every step counts as a sample"),
    Mutant("feed_packets.py", "free & (item.begins | self.is_last)", "item.begins | (free & self.is_last)", "a barrier is lost where a packet waits"),
    Mutant("feed_walk.py", "~hit.valid", "1", "a token goes before the last spike", within="with m.Elif(~hit.valid):"),
    Mutant("feed_turn.py", "m.d.sync += route.eq(0)", "", "a stopped run leaves its route"),
)  # fmt: skip

GRABBER = (
    Mutant("gate.py", "self.open", "1", "an image passes although there is no room", within="passes.eq(self.open)"),
    Mutant("gate.py", "passing.eq(passes)", "passing.eq(self.open)", "an image may end in the middle"),
    Mutant("gate.py", "self.valid & self.first & ~self.open", "self.first & ~self.open", "a dropped image counts in every cycle"),
    Mutant("gate.py", "~count.all()", "1", "the count of overruns wraps"),
    Mutant("grabber_due.py", "(every != 0) & (phase == 0)", "phase == 0", "every = 0 takes all images"),
    Mutant("grabber_due.py", "every - (every != 0)", "every", "every n-th image is every n + 1st"),
    Mutant("grabber_due.py", "self.flush | (self.start & self.due)", "self.start & self.due", "a trigger outlives a flush"),
    Mutant("grabber_room.py", "places >= self.words", "places + 1 >= self.words", "an image is taken for which a word of room is missing"),
    Mutant("grabber_room.py", "~self.full", "1", "more images wait than have room for their numbers"),
    Mutant("grabber_room.py", "(self.words != 0)", "1", "an image of 0 words is taken"),
    Mutant("grabber_room.py", "Mux(self.end, self.unused, 0)", "0", "places that an image did not need are lost"),
    Mutant("grabber_room.py", "places + self.fetch + back - taken", "places + back - taken", "places that were read are lost"),
    Mutant("grabber_image.py", "(self.write & self.last) | self.end", "self.end", "an image has more words than its region"),
    Mutant("grabber_room.py", "places.eq(self.depth)", "places.eq(places)", "a flush does not give the places back"),
    Mutant(
        "grabber_intake.py", "kept.o_valid & kept.kept & image.open & ~self.flush", "kept.o_valid & kept.kept & image.open", "a word is written in a flush",
        equivalent="the flush sets every place, level and count in the same cycle; the word lies where nothing reads before it is written anew",
    ),
    Mutant("grabber_intake.py", "kept.o_valid & kept.kept & image.open & ~self.flush", "kept.o_valid & image.open & ~self.flush", "words outside the region are kept"),
    Mutant("grabber_store.py", "level + written - self.fetch", "level + self.write - self.fetch", "a word is offered before its number"),
    Mutant("grabber.py", "self.o.valid & self.o.ready & out.first", "self.o.ready & out.first", "a number is passed without its word"),
    Mutant("region.py", "y <= region.y1", "y < region.y1", "the region's last row is left out"),
    Mutant("region.py", "y >= region.y0", "y > region.y0", "the region's first row is left out"),
    Mutant("region.py", "x <= region.x1", "x < region.x1", "a word that begins in the last column is left out"),
    Mutant("region.py", "x + (pixels - 1) >= region.x0", "x + pixels >= region.x0", "a word that ends before the region is kept", within='registered("right", x + (pixels - 1) >= region.x0)'),
    Mutant("region.py", "x + (pixels - 1) >= region.x0 + width", "0", "the part of a word in the next row is not seen"),
    Mutant("region.py", "x >= width - rest if rest else 0", "x > width - rest if rest else 0", "a row's end is missed"),
    Mutant("region.py", "m.d.sync += region.eq(self.region)", "", "the region is never taken over"),
)  # fmt: skip

PACKETS = (
    Mutant("packets.py", "is_first & ~numbered", "is_first", "the number is sent for ever"),
    Mutant("packets.py", "at == count - 1", "at == count - 2", "a word's last chunk is not sent"),
    Mutant("packets.py", "is_last & final & ~number", "is_last & ~number", "several packets are an image's last"),
    Mutant("packets.py", "moves & known & final & ~number", "moves & final & ~number", "a word is taken before it is known"),
    Mutant("packets.py", "~self.i.valid", "0", "a flush leaves the place in the word", within="with m.If(~self.i.valid):"),
    Mutant("raster.py", "self.number.eq(self.planes)", "self.number.eq(self.planes + 1)", "planes count from 1"),
    Mutant(
        "raster.py", "m.d.sync += [self.o_valid.eq(0), at.eq(0), self.planes.eq(0)]", "m.d.sync += [at.eq(0), self.planes.eq(0)]",
        "a word passes in the cycle of a restart",
    ),
    Mutant(
        "raster.py", "m.d.sync += [self.o_valid.eq(0), at.eq(0), self.planes.eq(0)]", "m.d.sync += [self.o_valid.eq(0), self.planes.eq(0)]",
        "a restart leaves the place in the plane",
    ),
    Mutant(
        "raster.py", "m.d.sync += [self.o_valid.eq(0), at.eq(0), self.planes.eq(0)]", "m.d.sync += [self.o_valid.eq(0), at.eq(0)]",
        "a restart leaves the count of planes",
    ),
    Mutant("registers.py", "(packet.kind == Kind.CONTROL) & packet.host", "packet.kind == Kind.CONTROL", "control packets for cores are taken for the camera's"),
    Mutant("registers.py", "self.i.valid & ~writes & ~asks", "self.i.valid & ~asks", "the camera's writes go on to the bridge"),
    Mutant("registers.py", "self.i.valid & ~writes & ~asks", "self.i.valid & ~writes", "the camera's questions go on to the bridge"),
    Mutant("registers.py", "Mux(asks, free, self.o.ready)", "Mux(asks, 1, self.o.ready)", "a question is lost while a reply waits"),
    Mutant("registers.py", "control.arg[:COUNTER_BITS] == Counter.CAMERA", "1", "questions to the bridge are answered by the camera"),
    Mutant("registers.py", "self.i.valid & writes & (argument.register == register)", "writes & (argument.register == register)", "registers are written without a packet"),
    Mutant("registers.py", "write[Register.EVERY_LOW] | write[Register.EVERY_HIGH]", "write[Register.EVERY_LOW]", "the high half of `every` does not arm"),
    Mutant("registers.py", "pulse(Command.FLUSH) & mine", "pulse(Command.FLUSH)", "a flush empties the other streams too"),
    Mutant("registers.py", "m.d.sync += self.last_route.eq(route.index)", "", "the number of routes is not taken over"),
    Mutant("registers.py", "write[Register.RECT] & (index == k)", "write[Register.RECT]", "a rectangle is written to all routes"),
    Mutant("unit.py", "pipeline.image_valid & ~self.registers.restart & (old == 0)", "pipeline.image_valid & ~self.registers.restart", "old words come out after a restart"),
    Mutant("unit.py", "pipeline.image_valid & ~self.registers.restart & (old == 0)", "pipeline.image_valid & (old == 0)", "an old word comes out in the cycle of a restart"),
    Mutant("unit.py", "registers.stop | registers.restart", "registers.stop", "a restart leaves the feed running"),
    Mutant("unit.py", "registers.flush_2 | ~feed.active", "registers.flush_2", "words of a stopped feed wait for the next one"),
)  # fmt: skip

_UNIT = "tests/unit/test_camera_unit.py"
_WHOLE = (_UNIT, "tests/unit/test_camera_feed.py", "tests/system/test_camera_chip.py")
_FEED = ("tests/unit/test_camera_feed_runs.py", "tests/unit/test_camera_feed.py", _UNIT)
_GRABBER = ("tests/unit/test_camera_grabber_room.py", "tests/unit/test_camera_grabber.py", _UNIT)

PART = Part(
    name="camera",
    folder="gateware/spikeplane_gateware/units/camera",
    gateware=True,
    tests={
        "feed_packets.py": _FEED,
        "feed_pixels.py": _FEED,
        "feed_run.py": _FEED,
        "feed_turn.py": _FEED,
        "feed_walk.py": _FEED,
        "gate.py": ("tests/unit/test_camera_grabber.py -k gate", "tests/unit/test_camera_grabber.py", _UNIT),
        "grabber.py": _GRABBER,
        "grabber_due.py": _GRABBER,
        "grabber_image.py": _GRABBER,
        "grabber_intake.py": _GRABBER,
        "grabber_room.py": _GRABBER,
        "grabber_store.py": _GRABBER,
        "region.py": ("tests/unit/test_camera_region.py", "tests/unit/test_camera_grabber.py", _UNIT),
        "packets.py": ("tests/unit/test_camera_image_packets.py", *_WHOLE),
        "raster.py": ("tests/unit/test_camera_restart.py -k raster", *_WHOLE),
        "registers.py": ("tests/unit/test_camera_registers.py", *_WHOLE),
        "unit.py": ("tests/unit/test_camera_restart.py", *_WHOLE),
        "*": _WHOLE,
    },
    mutants=(*FEED, *GRABBER, *PACKETS),
)
