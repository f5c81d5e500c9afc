"""What a core that learns answers to the question for its flags."""

from spikeplane.formats.layout import Layout
from spikeplane.formats.packet import FLAGS, SLOT_BITS

#: The value of a core's counter FLAGS on a chip that learns: `packet.FLAGS`, and above them
TRAINING_FLAGS = Layout(
    "flags",
    (
        *FLAGS.fields,
        ("overflow", 1),  # a rounding has left binary16 since DISCARD
        ("clipped", 1),  # a delta or a weight was limited since START
        ("busy", 1),  # something is under way
        ("backward", 1),  # the first rounding that left binary16 was in the backward
        ("slot", SLOT_BITS),  # of the population in this slot
    ),
)
