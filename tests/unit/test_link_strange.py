"""A chip that acknowledges what was never sent is not believed, and when it goes on it has been reset."""

import pytest

from spikeplane.config import ChipConfig
from spikeplane.errors import SpikeplaneError
from spikeplane.formats.frame import SLOTS, FrameKind
from spikeplane.formats.packet import Control, Kind, packet_format
from spikeplane.host.device import Device
from spikeplane.host.frames import Decoder, Frame, encode
from spikeplane.host.link import STRANGE, Link
from spikeplane.host.packets import pack_many

FORM = packet_format(ChipConfig(rows=1, cols=1, lanes=8))


class Strange(Device):
    """Echoes a reset, then says `wrong` times that it has frames which were not sent, then tells the truth."""

    where = "the chip"

    def __init__(self, wrong: int) -> None:
        self.wrong, self.decoder, self.told, self.got = wrong, Decoder(), 0, 0

    def close(self) -> None:
        pass

    def exchange(self, data: bytes) -> bytes:
        self.told += 1
        assert self.told < 200, "the host believes a chip that was reset"
        for frame in self.decoder.feed(data):
            if frame.kind == FrameKind.RESET:
                return encode(Frame(FrameKind.RESET, frame.sequence, 0, room=SLOTS))
            self.got += frame.kind == FrameKind.DATA and frame.sequence == self.got
        if self.wrong:
            self.wrong -= 1
            return encode(Frame(FrameKind.STATUS, ack=self.got + 9, room=SLOTS))
        return encode(Frame(FrameKind.STATUS, ack=self.got, room=SLOTS))


def send(link: Link, times: int) -> None:
    for _ in range(times):
        link.exchange_packets(pack_many(FORM, Kind.CONTROL, 3, {"op": Control.STOP}))


def test_a_chip_that_was_reset_is_noticed() -> None:
    link = Link(Strange(1000), FORM)
    with pytest.raises(SpikeplaneError, match="^the chip has been reset in mid-run; run again$"):
        send(link, 20)


def test_a_few_strange_acknowledgements_are_passed_over() -> None:
    device = Strange(STRANGE - 1)
    link = Link(device, FORM)
    send(link, 5)
    link.flush()
    assert device.wrong == 0
    assert device.got > 0
