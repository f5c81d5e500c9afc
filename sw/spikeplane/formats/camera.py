"""The camera's registers and streams: the one home of their layout, for the gateware and the driver.

The host writes a register with `Control.CAMERA` (an argument laid out as `ARGUMENT`), and reads one
item with `Counter.CAMERA`. Images and planes come as packets of `Kind.IMAGE`: one with `first` that
carries the plane's number, then `chunks(bits)` for each word kept.
"""

from enum import IntEnum, IntFlag

from spikeplane.formats.layout import Layout
from spikeplane.formats.packet import CHUNK_BITS, STREAM_BITS

VALUE_BITS = 12
REGISTER_BITS = 6
ITEM_BITS = 4
NUMBER_BITS = 32  #: planes are counted modulo 2^32
EVERY_BITS = 24
ROUTES = 4  #: projections of the input population that the feed reaches

#: The `arg` of CAMERA.
ARGUMENT = Layout("camera", (("value", VALUE_BITS), ("register", REGISTER_BITS)))


class Register(IntEnum):
    """Where a value of 12 bits goes. EVERY to WORDS belong to the stream last selected."""

    COMMAND = 0  #: a set of `Command`
    SELECT = 1  #: see `SELECT`
    EVERY_LOW = 2  #: take every n-th image, 24 bits; 0: none. The next image is the first of them
    EVERY_HIGH = 3
    X0 = 4  #: the region of interest, x0..x1 and y0..y1 inclusive
    X1 = 5
    Y0 = 6
    Y1 = 7
    WORDS_LOW = 8  #: words of the region (`spikeplane.camera.region.kept_words`), 24 bits
    WORDS_HIGH = 9
    STEPS = 10  #: feed: steps (planes) of a sample, 1..4095
    SAMPLES_LOW = 11  #: feed: samples, 24 bits
    SAMPLES_HIGH = 12
    ROUTE = 13  #: feed: see `ROUTE`
    RECT = 14  #: feed: see `RECT`; of the route last written


class Command(IntFlag):
    """Bits of COMMAND."""

    TRIGGER_IMAGES = 1  #: take the next image
    TRIGGER_PLANES = 2  #: take the next raw plane
    #: the next word is the first of plane 0; forget all state, all that is held, and the feed's run
    RESTART = 4
    CLEAR = 8  #: every overrun count to 0
    FLUSH = 16  #: the stream selected forgets what it holds
    START_FEED = 32  #: feed SAMPLES x STEPS planes, from the next one on
    STOP_FEED = 64


class Stream(IntEnum):
    """Who takes planes or images. The first two are the `stream` of IMAGE packets."""

    IMAGES = 0  #: images to the host
    PLANES = 1  #: raw planes to the host
    FEED = 2  #: raw planes to a population
    CHIP = 3  #: images at full rate to a consumer on the chip; has no registers, only overruns


class Item(IntEnum):
    """What Counter.CAMERA answers."""

    OVERRUNS = 0  #: images (planes) that the stream selected has dropped, up to 65,535
    PLANES = 1  #: whole planes that have come in since RESTART
    SAMPLES_LEFT = 2  #: samples that the feed has not sent in full


SELECT = Layout("select", (("stream", STREAM_BITS), ("item", ITEM_BITS)))
ROUTE = Layout("route", (("tag", 8), ("index", 2), ("last", 1)))  #: `last`: no route behind this one
RECT = Layout("rect", (("x0", 3), ("y0", 3), ("x1", 3), ("y1", 3)))


def chunks(bits: int) -> int:
    """IMAGE packets of a word of that many bits."""
    return -(-bits // CHUNK_BITS)
