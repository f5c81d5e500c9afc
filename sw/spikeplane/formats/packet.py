"""The packets of the mesh and of the host link: one flit, one layout per kind.

    rectangle of tiles (x0..x1, y0..y1) | host | kind | payload

The widths below are the one home of every number's room: gateware, driver, manifest and C header take them from here.
`host = 1` sends the packet to tile (0, 0) and out of its west edge to the host bridge instead of the core.
A packet from the host with `host = 1` is for the bridge itself.
"""

from dataclasses import dataclass
from enum import IntEnum
from functools import cache

from spikeplane.config import ARCHITECTURE, ChipConfig, bits_for
from spikeplane.formats.layout import Layout
from spikeplane.formats.training import PHASE_BITS, TrainingKind, training_payloads

KIND_BITS = 4
OP_BITS = 4  #: of a CONTROL packet's operation
ARGUMENT_BITS = 18  #: of its argument
COUNTER_BITS = 6
CORE_COUNTER_BITS = 5  #: a core answers counters below 1 << CORE_COUNTER_BITS, the bridge those from there on
STREAM_BITS = 3  #: of a camera's stream in IMAGE packets
SHIFT_BITS = 5
CHUNK_BITS = 32  #: of a memory word, an image or a counter in one packet
MEMORY_BITS = 5
ADDRESS_BITS = 18
READ_BITS = 8  #: of the number of words that one READ asks for
READ_WORDS = (1 << READ_BITS) - 1  #: that it asks for at most
SLOT_BITS = 4
CREDIT_BITS = 10  #: of the bridge's counts of credits
HOST_CREDITS = (1 << CREDIT_BITS) - 1  #: that the host can wait for in one step


class Kind(IntEnum):
    """What a packet's payload is."""

    SPIKE = 0  #: an L-bit mask with its source and significance
    TOKEN = 1  #: ends a step of one source core on one projection; carries where its credit goes back to
    CREDIT = 2  #: a bank of a target is free again; `tag` is the population slot at the source core
    WRITE = 3  #: seek (memory, address) or a 32-bit chunk of the word there, address counting up by itself
    CONTROL = 4  #: start, stop, query
    REPLY = 5  #: the answer to a query, to the host only
    IMAGE = 6  #: a camera's images and planes, to the host only; see `spikeplane.formats.camera`
    READ = 7  #: seek (memory, address), or how many words to read from there on; only of a core at rest
    WORDS = 8  #: a 32-bit chunk of a word that READ asked for, lowest first, to the host only


class Control(IntEnum):
    """Operations of a CONTROL packet. To a core: START, STOP, QUERY. To the bridge: all of them."""

    START = 0  #: initialise every population (membranes 0, accumulators = bias), then run
    STOP = 1  #: stop and forget what is under way; memories may be written again
    QUERY = 2  #: answer with REPLY of counter `arg`
    #: bridge: hold the packets behind it until the credits of parity `arg` are all in, then consume them
    BARRIER = 3
    #: bridge: `arg` = credits expected per step from the targets of the host's inputs; fills both parities
    CREDITS = 4
    CAMERA = 5  #: camera: write a register; taken out in front of the bridge


class Counter(IntEnum):
    """What QUERY can ask. Cores answer 0..31, the bridge 32..63."""

    #: laid out as `FLAGS`: running; a write came while running and was refused; a spike had no projection; a READ came
    #: while running, or while a sweep was ending, and was refused. START clears all but the first
    FLAGS = 0
    OPERATIONS = 1  #: lane words of weights accumulated (useful cycles of the datapath; of two spikes a cycle, two in one)
    SPIKES = 2  #: set bits taken in
    SWEEPS = 3  #: populations swept
    PACKETS = 4  #: spike packets sent
    IDENTITY = 32  #: what `packet.IDENTITY` says
    DIGEST_LOW = 33  #: bits 31..0 of the configuration digest
    DIGEST_HIGH = 34  #: bits 63..32
    CHIP_CYCLES = 35  #: cycles since power-up or the last STOP to the bridge
    LINK_ERRORS = 36  #: frames dropped for a bad CRC
    RUN_STARTED = 37  #: CHIP_CYCLES at the first barrier after a START
    RUN_ENDED = 38  #: CHIP_CYCLES when the mesh last sent the host a spike, a token or a credit
    CAMERA = 39  #: of the camera, what its register SELECT names: overruns, planes, samples left


IDENTITY = 0x5350 << 16 | ARCHITECTURE  #: what a chip of this version answers to Counter.IDENTITY

#: Payloads that are the same on every chip.
CONTROL = Layout("control", (("op", OP_BITS), ("arg", ARGUMENT_BITS)))
#: The value of a core's counter FLAGS.
FLAGS = Layout("flags", (("running", 1), ("write_refused", 1), ("no_projection", 1), ("read_refused", 1)))
#: The `data` of a WRITE or READ with `seek` = 1: where the next words are.
SEEK = Layout("seek", (("memory", MEMORY_BITS), ("address", ADDRESS_BITS)))


@dataclass(frozen=True)
class PacketFormat:
    """Every layout of one chip's packets. `header` sits above `payload_bits` payload bits."""

    payloads: dict[Kind | TrainingKind, Layout]
    header: Layout
    payload_bits: int

    @property
    def width(self) -> int:
        """Bits of a packet."""
        return self.payload_bits + self.header.width

    @property
    def size(self) -> int:
        """Bytes of a packet on the host link, little-endian."""
        return (self.width + 7) // 8

    def pack(
        self,
        kind: Kind | TrainingKind,
        rect: tuple[int, int, int, int] = (0, 0, 0, 0),
        host: int = 0,
        **fields: int,
    ) -> int:
        """A packet as an integer. `rect` is (x0, y0, x1, y1), inclusive."""
        x0, y0, x1, y1 = rect
        head = self.header.pack(kind=kind, host=host, x0=x0, y0=y0, x1=x1, y1=y1)
        return self.payloads[kind].pack(**fields) | head << self.payload_bits

    def unpack(self, packet: int) -> tuple[Kind | TrainingKind, dict[str, int]]:
        """Kind, and header and payload fields together."""
        head = self.header.unpack(packet >> self.payload_bits)
        kind = (TrainingKind if head["kind"] in set(TrainingKind) else Kind)(head["kind"])
        return kind, {**head, **self.payloads[kind].unpack(packet & ((1 << self.payload_bits) - 1))}


def tag_bits(config: ChipConfig) -> int:
    """Bits of a tag: a projection, or in a CREDIT a population's slot."""
    return max(SLOT_BITS, bits_for(config.projections))


@cache
def packet_format(config: ChipConfig) -> PacketFormat:
    """The packet layouts of a chip."""
    x, y = bits_for(config.cols), bits_for(config.rows)
    common = (("tag", tag_bits(config)), ("parity", 1))
    event = (*common, ("last", 1))  # where a spike has `negate`
    source = (("source_x", x), ("source_y", y))
    answer = source if config.cores > 1 else ()  # who else: on a small chip these bits would cost a byte
    spike = (
        *common,
        ("negate", 1),
        ("shift", SHIFT_BITS),
        ("group", config.group_bits),
        ("x", config.coord_bits),
        ("y", config.coord_bits),
        ("mask", config.lanes),
    )
    ends = (("phase", PHASE_BITS),) if config.training else ()
    token = Layout("token", (*event, *ends, *source, ("source_slot", SLOT_BITS)))
    payloads: dict[Kind | TrainingKind, Layout] = {
        Kind.SPIKE: Layout("spike", spike),
        Kind.TOKEN: token,
        Kind.CREDIT: Layout("credit", event),
        Kind.WRITE: Layout("write", (("seek", 1), ("data", CHUNK_BITS))),
        Kind.CONTROL: CONTROL,
        Kind.REPLY: Layout("reply", (*answer, ("counter", COUNTER_BITS), ("value", CHUNK_BITS))),
        Kind.READ: Layout("read", (("seek", 1), ("data", CHUNK_BITS))),
        # `chunk`: of its word; the fields lie where those of a reply do
        Kind.WORDS: Layout("words", (*answer, ("chunk", COUNTER_BITS), ("data", CHUNK_BITS))),
        Kind.IMAGE: Layout(
            "image", (("stream", STREAM_BITS), ("first", 1), ("last", 1), ("data", CHUNK_BITS))
        ),
    }
    payloads |= training_payloads(config, payloads[Kind.SPIKE], token, payloads[Kind.CREDIT])
    header = Layout("header", (("kind", KIND_BITS), ("host", 1), ("x0", x), ("y0", y), ("x1", x), ("y1", y)))
    return PacketFormat(payloads, header, max(layout.width for layout in payloads.values()))
