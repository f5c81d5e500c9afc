"""The packets of a chip that learns, beside those of every chip (`spikeplane.formats.packet`).

SPIKE, REPLAY and WINDOW are laid out alike, and so are PARTIAL, ERROR and VALUE, whose place lies where that of a spike does.
"""

from enum import IntEnum

from spikeplane.config import ChipConfig, bits_for
from spikeplane.formats.layout import Layout

PHASE_BITS = 2
LIMB_BITS = 2
STEP_BITS = 8  #: of a sample's steps
VALUE_BITS = 16  #: of a binary16 number, and of a limb
FRACTION_BITS = 24  #: of an exact word: a unit is 2^-24
MAX_LIMBS = 3
WAYS = 2  #: lanes that a core rounds, compares and multiplies a cycle: of neurons once, of weights twice


class TrainingKind(IntEnum):
    """What the payload of such a packet is; the numbers follow those of `packet.Kind`."""

    REPLAY = 9  #: the spike plane of a step again, as SPIKE: its deltas are added to gradients
    WINDOW = 10  #: the window plane of a step, as SPIKE: weighted deltas are gathered for each of its bits
    PARTIAL = 11  #: a limb of a gathered sum, for one neuron: the signed `value` counts 2^(16 * limb) units
    ERROR = 12  #: the error of one readout neuron, binary16, from the host
    READY = 13  #: deltas of a step are in place; `tag` is the population slot at the receiver, at the bridge nothing
    END = 14  #: the backward of a sample is over in one part, to the host; as TOKEN
    VALUE = 15  #: what a readout neuron added up, binary16, to the host


class Verb(IntEnum):
    """What a packet does to the words that it meets."""

    ADD = 0  #: X[acc] += decode(W[weight])
    OUTER = 1  #: D[weight] += decode(d[acc])
    GATHER = 2  #: p += the sum over lanes of mul16(W[weight], d[acc])
    PARTIAL = 3  #: X[acc] += value << 16 * limb, in one lane
    ERROR = 4  #: d[acc] = value, in one lane
    COLUMN = 5  #: as OUTER, of a streamed projection: the step is set in the source's column; the weight's place is its


#: The verb of each kind of packet that meets words, but for SPIKE, which adds.
VERBS = {
    TrainingKind.REPLAY: Verb.OUTER,
    TrainingKind.WINDOW: Verb.GATHER,
    TrainingKind.PARTIAL: Verb.PARTIAL,
    TrainingKind.ERROR: Verb.ERROR,
}


class Phase(IntEnum):
    """What a TOKEN of a chip that learns ends."""

    FORWARD = 0  #: a step's spikes
    REPLAY = 1  #: a step's replay and windows
    BACK = 2  #: a step's partial sums, or the errors of a sample


class TrainingControl(IntEnum):
    """Operations of a CONTROL packet of such a chip, beside those of `packet.Control`."""

    UPDATE = (
        8  #: change all weights; `arg`: the rate, binary16. What is behind it waits until all are changed
    )
    DISCARD = 9  #: gradients and their flags become 0
    READIES = 10  #: bridge: `arg` = READY packets expected a step


class TrainingCounter(IntEnum):
    """What QUERY can ask a core that learns, beside `packet.Counter`; START sets them to 0, and they wrap at 2^32.
    A cycle belongs to the verb of the op that is there, else to what the soma does, else to the verb of the packets under
    way, else to none: the core waits."""

    ADDS = 5  #: words that verb ADD has taken
    OUTERS = 6
    GATHERS = 7
    NUMBERS = 8  #: PARTIAL and ERROR
    ADD_CYCLES = 9
    OUTER_CYCLES = 10
    GATHER_CYCLES = 11  #: also of PARTIAL and ERROR
    SWEEP_CYCLES = 12
    SEND_CYCLES = 13  #: tokens, the planes of a step again, partial sums
    UPDATE_CYCLES = 14
    STALLS = 15  #: an op had to wait
    CYCLES = 16  #: all of them


BARRIER_READY = 2  #: `arg` of a BARRIER that waits for READY packets

#: `arg` of a START: gradients and the flags of what learns stay.
KEEP = 1


def training_payloads(
    config: ChipConfig, spike: Layout, token: Layout, credit: Layout
) -> dict[TrainingKind, Layout]:
    """The payloads, from those of SPIKE, TOKEN and CREDIT. Empty for a chip that does not learn."""
    if config.training is None:
        return {}
    widths = dict(spike.fields)
    place = [(name, widths[name]) for name in ("group", "x", "y")]
    number = (
        ("tag", widths["tag"]),
        ("parity", 1),
        ("limb", LIMB_BITS),
        ("spare", widths["negate"] + widths["shift"] - LIMB_BITS),
        *place,
        ("lane", bits_for(config.lanes)),
        ("value", VALUE_BITS),
    )
    return {
        TrainingKind.REPLAY: Layout("replay", spike.fields),
        TrainingKind.WINDOW: Layout("window", spike.fields),
        TrainingKind.PARTIAL: Layout("partial", number),
        TrainingKind.ERROR: Layout("error", number),
        TrainingKind.VALUE: Layout("value", number),
        TrainingKind.READY: Layout("ready", credit.fields),
        TrainingKind.END: Layout("end", token.fields),
    }
