"""Bridge, framing, receiver, sender, the bytes of packets, and the UART of the host link."""

from mutants.catalogue import Mutant, Part

_FRAMES = (
    "tests/unit/test_frame_edges.py",
    "tests/unit/test_link_edges.py",
    "tests/unit/test_link.py",
    "tests/formal/test_window.py -k is_proved",
    "tests/system/test_link_faults.py",
)

BRIDGE = (
    Mutant(
        "bridge.py", "free & ~self.reply_waits & ~(is_token & self.credit_waits)", "free & ~(is_token & self.credit_waits)",
        "a packet that comes with a reply is lost",
    ),
    Mutant(
        "bridge.py", "free & ~self.reply_waits & ~(is_token & self.credit_waits)", "free & ~self.reply_waits",
        "a token is taken while a credit waits",
    ),
    Mutant("bridge.py", "self.mesh_i.valid & is_credit", "is_credit", "a credit is counted that has not come"),
    Mutant("bridge.py", "token.parity", "~token.parity", "a credit counts for the other parity", within="self.arrived_parity.eq(token.parity)"),
    Mutant("bridge.py", "token.source_slot", "token.source_slot ^ 1", "a returned credit names another slot"),
    Mutant("bridge.py", "token.source_x", "token.source_y", "a returned credit goes to another column"),
    Mutant(
        "bridge.py", "self.mesh_i.valid & ~self._consumed(is_credit) & ~(is_token & self.credit_waits)", "self.mesh_i.valid & ~(is_token & self.credit_waits)",
        "credits are sent on to the host",
    ),
    Mutant("bridge.py", "m.d.sync += self.reply_waits.eq(0)", "", "a reply is sent for ever"),
    Mutant("bridge.py", "~held & ~self.reply_waits", "~held", "a question overwrites the reply that waits"),
    Mutant("bridge.py", "~held & ~self.reply_waits", "~self.reply_waits", "a barrier holds nobody"),
    Mutant("bridge.py", "free & ~self.credit_waits", "free", "the host's packet is lost where a credit goes first"),
    Mutant("bridge.py", "self.host_i.valid & ~own", "self.host_i.valid", "the bridge's own packets go into the mesh"),
    Mutant("bridge.py", "count < expected", "count + 1 < expected", "a barrier passes a credit short"),
    Mutant("bridge.py", "taken & barrier & mine", "taken & barrier", "a barrier takes the credits of both parities"),
    Mutant(
        "bridge.py", "m.d.sync += [count.eq(first), expected.eq(control.arg)]", "m.d.sync += expected.eq(control.arg)",
        "CREDITS leaves the credits in hand as they are",
    ),
    Mutant("bridge.py", "taken & armed & (control.op == Control.BARRIER)", "taken & (control.op == Control.BARRIER)", "every barrier starts the run's clock"),
    Mutant("bridge.py", "self.mesh_i.payload.kind <= Kind.CREDIT", "1", "a reply ends the run's clock"),
    Mutant("bridge.py", "cycles + 1", "cycles + 2", "the clock counts double"),
    Mutant("bridge.py", "m.d.sync += cycles.eq(0)", "", "STOP leaves the clock running"),
    Mutant("bridge.py", "self.link_errors", "0", "the counter of link errors reads 0", within="Counter.LINK_ERRORS: self.link_errors"),
)  # fmt: skip

FRAMING = (
    Mutant("framing.py", "(incoming == FLAG) | (incoming == ESCAPE)", "incoming == FLAG", "escapes are not escaped"),
    Mutant("framing.py", "(incoming == FLAG) | (incoming == ESCAPE)", "incoming == ESCAPE", "flags inside are not escaped"),
    Mutant(
        "framing.py", "~self.i.payload.flag & ((incoming == FLAG) | (incoming == ESCAPE))", "(incoming == FLAG) | (incoming == ESCAPE)",
        "the frame's edge is escaped",
    ),
    Mutant("framing.py", "free & (~special | escaped)", "free", "the next symbol is taken with the escape"),
    Mutant("framing.py", "waits & special & ~escaped", "waits & special", "two escapes in a row"),
    Mutant("framing.py", "self.i.valid & ~flag & ~escape", "self.i.valid & ~flag", "an escape counts as a byte"),
    Mutant("framing.py", "Mux(escaped, TWIST, 0)", "0", "an escaped byte is not twisted back"),
    Mutant("framing.py", "escaped", "0", "a flag in an escape is not told", within="self.broken.eq(escaped)"),
    Mutant("framing.py", "self.i.valid", "1", "an idle cycle ends an escape", within="with m.If(self.i.valid):\n            m.d.sync += escaped"),
)  # fmt: skip

RECEIVER = (
    Mutant("link.py", "receiver.reset", "0", "a part of a packet from before a reset stays", within="gather.clear.eq(receiver.reset)"),
    Mutant("link.py", "receiver.reset", "0", "a part of a packet to the old host stays", within="scatter.clear.eq(receiver.reset)"),
    Mutant("receiver.py", "SLOTS - (self.expected - self.drained)[:SEQUENCE_BITS]", "SLOTS + 1 - (self.expected - self.drained)[:SEQUENCE_BITS]", "room for one frame too many"),
    Mutant("receiver.py", "count != longest + 1", "1", "the count of bytes wraps"),
    Mutant(
        "receiver.py", "unstuff.strobe & (count >= HEADER_BYTES) & (count < longest) & (self.room != 0)",
        "unstuff.strobe & (count >= HEADER_BYTES) & (count < longest)", "a frame without room overwrites the oldest",
    ),
    Mutant(
        "receiver.py", "(count < longest)", "1", "bytes beyond the longest frame are written",
        equivalent="they wrap inside a slot that is not committed, and the next frame for it writes it anew",
    ),
    Mutant(
        "receiver.py", "(count >= HEADER_BYTES + CRC_BYTES)", "1", "a frame shorter than header and CRC is looked at",
        equivalent="`phase` counts the bytes behind the header and is CRC_BYTES % size after CRC_BYTES of them at the earliest",
    ),
    Mutant("receiver.py", "crc.sound", "1", "a frame with a wrong CRC is taken"),
    Mutant("receiver.py", "~unstuff.broken", "1", "a frame that ends in an escape is taken"),
    Mutant("receiver.py", "(count <= longest)", "1", "a frame that is too long is taken"),
    Mutant("receiver.py", "(phase == CRC_BYTES % size)", "1", "a frame with a part of a packet is taken"),
    Mutant("receiver.py", "(raw[8:] == RESET_MARK)", "1", "a reset is taken without its mark"),
    Mutant("receiver.py", "(head.sequence == self.expected)", "1", "frames are taken in any order"),
    Mutant("receiver.py", "(head.kind == FrameKind.DATA) & ~empty", "head.kind == FrameKind.DATA", "an empty DATA frame takes a slot"),
    Mutant("receiver.py", "unstuff.end & ~sound & (count != 0)", "unstuff.end & ~sound", "two flags count as a broken frame"),
    Mutant("receiver.py", "offset + 1 == self.lengths[slot]", "offset == self.lengths[slot]", "a byte too many leaves each slot"),
    Mutant(
        "receiver.py", "m.d.sync += [self.expected.eq(0), self.drained.eq(0), self.offset.eq(0), self.o.valid.eq(0)]",
        "m.d.sync += [self.expected.eq(0), self.drained.eq(0), self.o.valid.eq(0)]", "a reset leaves the place in the slot",
    ),
    Mutant(
        "receiver.py", "m.d.sync += [self.expected.eq(0), self.drained.eq(0), self.offset.eq(0), self.o.valid.eq(0)]",
        "m.d.sync += [self.expected.eq(0), self.offset.eq(0), self.o.valid.eq(0)]", "a reset leaves the drained number",
    ),
    Mutant(
        "receiver.py", "self.heard & is_data & (head.sequence == self.expected) & (self.room != 0)",
        "self.heard & is_data & (head.sequence == self.expected)", "a frame counts as in although there was no room",
    ),
    Mutant("serial.py", "Cat(word[8:], self.i.payload)", "Cat(self.i.payload, word[:-8])", "a packet's bytes come in backwards"),
    Mutant("serial.py", "self.i.valid & self.i.ready", "self.i.ready", "bytes count that have not come"),
    Mutant("serial.py", "left.eq(self.size)", "left.eq(self.size - 1)", "a packet's last byte is not sent"),
)  # fmt: skip

SENDER = (
    Mutant("sender.py", "(offset != 0) & (phase == 0) & lingered", "(offset != 0) & lingered", "a frame may end inside a packet"),
    Mutant("sender.py", "(self.filling - self.base)[:SEQUENCE_BITS] != SLOTS", "1", "a slot that waits for the host is overwritten"),
    Mutant("sender.py", "offset == longest", "offset == longest + 1", "a frame takes a byte too many"),
    Mutant("sender.py", "told != now", "0", "room that came free is not told"),
    Mutant("frame_line.py", "place == frame.length + 1", "place == frame.length", "a frame's last byte is not sent"),
    Mutant("sender.py", "gone <= (self.filling - self.base)[:SEQUENCE_BITS]", "1", "any acknowledgement is believed"),
    Mutant("sender.py", "self.reject | (gone > (self.following - self.base)[:SEQUENCE_BITS])", "self.reject", "the sender stays behind the window"),
    Mutant("sender.py", "self.reject | (gone > (self.following - self.base)[:SEQUENCE_BITS])", "gone > (self.following - self.base)[:SEQUENCE_BITS]", "a reject is not heard"),
    Mutant("sender.py", "Mux(echo, number, self.following)", "self.following", "the echo of a reset has another number"),
    Mutant(
        "sender.py", "m.d.sync += [s.eq(0) for s in (self.base, self.following, self.filling, self.offset, phase, answer)]",
        "m.d.sync += [s.eq(0) for s in (self.base, self.following, self.filling, self.offset, answer)]", "a reset leaves the phase of the packet",
    ),
    Mutant(
        "sender.py", "m.d.sync += [s.eq(0) for s in (self.base, self.following, self.filling, self.offset, phase, answer)]",
        "m.d.sync += [s.eq(0) for s in (self.base, self.following, self.filling, phase, answer)]", "a reset leaves bytes in the open slot",
    ),
    Mutant("sender.py", "head.poll.eq(answer)", "head.poll.eq(0)", "a poll's answer does not say so"),
)  # fmt: skip

UART = (
    Mutant("uart.py", "(a & b) | (b & c) | (a & c)", "b", "a spike of one cycle on the line is seen"),
    Mutant("uart.py", "phase.eq(self.period >> 1)", "phase.eq(0)", "bits are sampled at their edges"),
    Mutant("uart.py", "at == BITS - 1", "at == BITS - 2", "a byte of seven bits"),
    Mutant("uart.py", "self.o.valid.eq(self.line)", "self.o.valid.eq(1)", "a byte without a stop bit is taken"),
    Mutant("uart.py", "active.eq(~self.line)", "active.eq(1)", "a spike on the line starts a byte"),
    Mutant("uart.py", "self.known & ((left == 0) | (tick & (left == 1)))", "(left == 0) | (tick & (left == 1))", "it speaks before it knows the rate"),
    Mutant("uart.py", "(left == 0) | (tick & (left == 1))", "left == 0", "a gap between bytes"),
    Mutant("uart.py", "~near & (again | ~self.known)", "~near", "one odd FLAG changes the rate"),
    Mutant("uart.py", "((idle >= whole + (whole >> 2)) | idle.all())", "1", "a FLAG counts without an idle line before it"),
    Mutant("uart.py", "run.all()", "0", "the length of an idle line wraps"),
    Mutant("uart.py", "rate.eq(self.period)", "rate.eq(LEAST)", "bytes are sent at the first rate"),
    Mutant("uart.py", "self.known & _alike(whole, self.period)", "self.known", "a new rate is never taken"),
)  # fmt: skip

PART = Part(
    name="link",
    folder="gateware/spikeplane_gateware/link",
    gateware=True,
    tests={
        "bridge.py": (
            "tests/unit/test_bridge.py",
            "tests/cosim/test_benches.py -k 'passes and bridge'", "tests/formal/test_credits.py -k 'proved or vacuous'",
            "tests/system/test_cores.py", "tests/system/test_estimate_cycles.py",
        ),
        "framing.py": ("tests/formal/test_framing.py -k 'proved or vacuous'", *_FRAMES),
        "uart.py": ("tests/unit/test_uart_edges.py", "tests/system/test_uart.py", "tests/system/test_pins.py"),
        "*": _FRAMES,
    },
    mutants=(*BRIDGE, *FRAMING, *RECEIVER, *SENDER, *UART),
)  # fmt: skip
