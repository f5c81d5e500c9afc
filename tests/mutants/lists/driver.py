"""The host's driver: what is written and sent in which order, the link's host end, and what is made of the answers."""

from mutants.catalogue import Mutant, Part

DRIVER = (
    Mutant("writes.py", "(memory, address) != expected", "expected is None or memory != expected[0]", "a jump inside a memory is not followed"),
    Mutant("writes.py", "range(chunks[memory])", "range(max(1, chunks[memory] - 1))", "a word's last chunk is not written"),
    Mutant("writes.py", "word >> (CHUNK_BITS * i) & 0xFFFFFFFF", "word >> (CHUNK_BITS * (tables.chunks(memory) - 1 - i)) & 0xFFFFFFFF", "a word's chunks go in backwards"),
    Mutant("driver.py", "self.control(Control.STOP)", "", "a program is loaded into a running chip", within="self.mark()\n        self.control(Control.STOP)"),
    Mutant("driver.py", "word[0] == Memory.SCHEDULE", "False", "a run starts with the counters of the last"),
    Mutant("driver.py", "self.bridge(Control.CREDITS, self.image.credits)", "", "a run starts with the credits of the last", within="self.bridge(Control.CREDITS, self.image.credits)\n        self.control(Control.START)"),
    Mutant("driver.py", "(n * steps + t) % 2", "t % 2", "every sample starts with parity 0"),
    Mutant("driver.py", "t == steps - 1", "False", "no token is a sample's last"),
    Mutant("driver.py", "n % 2 if holds else parity", "parity", "a held current lies in the bank of the step"),
    Mutant("driver.py", "t == 0", "True", "a held input is sent in every step"),
    Mutant("driver.py", "collector.complete < steps", "collector.complete < steps - 1", "the last step is not waited for"),
    Mutant("channel.py", "self._replies.remove(reply)", "pass", "an old answer is given again"),
    Mutant("channel.py", 'reply["counter"] == counter', "True", "any answer is taken for the question's"),
)  # fmt: skip

COLLECT = (
    Mutant("collect.py", "np.cumsum(token & mine)", "np.cumsum(token)", "tokens of other cores end a step"),
    Mutant("collect.py", 'spikes["group"] >= part.first', 'spikes["group"] > part.first', "a part's first group is left out"),
    Mutant("collect.py", 'spikes["group"] < part.first + part.groups', 'spikes["group"] <= part.first + part.groups', "a part takes the next one's first group"),
    Mutant("collect.py", "min(part.tokens for part in self.parts)", "max(part.tokens for part in self.parts)", "a step is complete when one part is"),
    Mutant("collect.py", '(tokens["source_x"] == part.core[0]) & (tokens["source_y"] == part.core[1])', 'tokens["source_x"] == part.core[0]', "tokens of a column's other cores count"),
    Mutant("packets.py", 'np.where(spikes["negate"] == 1, -1, 1)', "1", "a membrane's sign plane counts as positive"),
    Mutant("packets.py", "int(values.max(initial=0)).bit_length()", "int(values.max(initial=0)).bit_length() - 1", "a value's highest bit is not sent"),
    Mutant("packets.py", "shift + width > 64", "False", "a field across the middle loses its upper bits", within="value = words[:, limb] >> np.uint64(shift)\n        if shift + width > 64:"),
    Mutant("packets.py", "channel < channels", "channel < channels - 1", "the last channel is left out"),
)  # fmt: skip

LINK = (
    Mutant("link.py", "ahead == 0 and len(frame.payload) % self.size == 0", "len(frame.payload) % self.size == 0", "frames are taken in any order"),
    Mutant("link.py", "(self._expected + 1) % _NUMBERS", "self._expected + 1", "sequence numbers do not wrap"),
    Mutant("link.py", "self._polled", "False", "what was lost is not sent again", within="if self._polled:  # sent"),
    Mutant("link.py", "gone <= self._most", "True", "acknowledgements of what was not sent are believed"),
    Mutant("link.py", "self._tries > self.tries", "False", "a line that loses every frame is never given up"),
    Mutant("link.py", "self._strange > STRANGE", "False", "a chip that was reset is not noticed"),
    Mutant("link.py", "self._base, self._most, self._room = frame.ack, self._most - gone, frame.room", "self._base, self._most = frame.ack, self._most - gone", "the chip's room is not heard"),
    Mutant("frames.py", "body.replace(_ESCAPE, _SAFE_ESCAPE).replace(_FLAG, _SAFE_FLAG)", "body.replace(_FLAG, _SAFE_FLAG).replace(_ESCAPE, _SAFE_ESCAPE)", "escapes are escaped twice"),
    Mutant("frames.py", "crc32(body) != CRC_LEFT", "False", "a frame with a wrong CRC is taken"),
    Mutant("frames.py", "len(found) - len(frames)", "0", "broken frames are not counted"),
)  # fmt: skip

_CHIP = ("tests/system/test_runs.py", "tests/system/test_cores.py", "tests/system/test_random.py")

PART = Part(
    name="driver",
    folder="sw/spikeplane/host",
    gateware=False,
    tests={
        "collect.py": ("tests/unit/test_collect.py", *_CHIP),
        "packets.py": ("tests/unit/test_packets.py", *_CHIP),
        "link.py": (
            "tests/unit/test_link_strange.py",
            "tests/system/test_link_faults.py",
            "tests/unit/test_link.py",
        ),
        "frames.py": ("tests/unit/test_frame_edges.py", "tests/unit/test_link.py"),
        "*": ("tests/unit/test_driver.py", *_CHIP),
    },
    mutants=(*DRIVER, *COLLECT, *LINK),
)
