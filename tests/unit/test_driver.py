"""The driver without a chip: what it writes, what it sends of a sample, and what it waits for."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from camera_unit import network

from spikeplane.compiler.images import build_image
from spikeplane.compiler.place import place
from spikeplane.config import ChipConfig
from spikeplane.formats.packet import SEEK, Counter, Kind, packet_format
from spikeplane.formats.tables import Memory
from spikeplane.host.channel import Channel
from spikeplane.host.collect import Collector
from spikeplane.host.driver import Driver
from spikeplane.host.packets import pack_many, unpack_many

CONFIG = ChipConfig(rows=1, cols=1, lanes=16)
FORM = packet_format(CONFIG)


def driver(*, hold: bool = False, exchanges: Any = None) -> Any:
    """Of a chip that is not there; `exchanges` takes the place of the link."""
    net = network(3, 4, 1, hold=hold)
    placement = place(net, CONFIG)
    made: Any = Driver(None, CONFIG, net, placement, build_image(net, placement, CONFIG, ["p0"]))  # type: ignore[arg-type]
    if exchanges:
        made.exchange = exchanges
    return made


def test_a_seek_stands_wherever_memory_or_address_jump() -> None:
    words = [(Memory.ROW, 3, 7), (Memory.ROW, 4, 8), (Memory.ROW, 9, 1), (Memory.COLUMN, 10, 2)]
    packets = driver().write_packets((0, 0), words)
    found = unpack_many(FORM, packets, Kind.WRITE)
    seeks = [SEEK.unpack(int(data)) for data in found["data"][found["seek"] == 1]]
    assert [(seek["memory"], seek["address"]) for seek in seeks] == [
        (Memory.ROW, 3),
        (Memory.ROW, 9),
        (Memory.COLUMN, 10),
    ]
    at = np.flatnonzero(found["seek"]).tolist()
    assert found["data"][[n for n in range(len(packets)) if n not in at]].tolist() == [7, 8, 1, 2]


@pytest.mark.parametrize("hold", [False, True])
def test_a_current_that_is_held_lies_in_the_bank_of_its_sample(hold: bool) -> None:
    made = driver(hold=hold)
    count = 4  # an even number of steps: each sample begins with parity 0
    planes = np.ones((3, count, 1, 3, 4), np.int64)
    for n in range(3):
        packets = made.sample_packets({"in": planes}, n, count)
        kinds = unpack_many(FORM, packets, Kind.SPIKE)["kind"]
        spikes = unpack_many(FORM, packets[kinds == Kind.SPIKE], Kind.SPIKE)
        tokens = unpack_many(FORM, packets[kinds == Kind.TOKEN], Kind.TOKEN)
        steps = [t % 2 for t in range(count)]
        assert tokens["parity"].tolist() == steps
        assert tokens["last"].tolist() == [0, 0, 0, 1]
        expected = [n % 2] * 12 if hold else [parity for parity in steps for _ in range(12)]
        assert spikes["parity"].tolist() == expected


def test_every_step_is_waited_for() -> None:
    """The tokens come one an exchange; nothing is asked before the last."""
    asked = []

    def exchange(packets: Any = None) -> int:
        collector.take(token)
        return len(token)

    made = driver(exchanges=exchange)
    (tag,) = made.image.probes
    token = pack_many(FORM, Kind.TOKEN, 1, {"tag": tag})
    made.device = SimpleNamespace(patience=3)
    collector = Collector(CONFIG, made._probes())
    made.query = lambda counter, core=None: asked.append(collector.complete) or 0
    made.check_mark = lambda: None
    outputs = made.collect(collector, 2, 3)
    assert set(asked) == {6}
    assert outputs["p0"].shape == (2, 3, 10, 3, 4)


def test_an_answer_is_that_of_the_question() -> None:
    """An earlier answer that comes late is another counter's."""

    class Answers(Channel):
        def exchange(self, packets: Any = None) -> int:
            for counter in (Counter.SPIKES, Counter.SWEEPS):
                self._replies.append({"counter": counter, "value": 10 + counter})
            return 1

    made = Answers(SimpleNamespace(patience=3), CONFIG)  # type: ignore[arg-type]
    assert made.query(Counter.SWEEPS, (0, 0)) == 10 + Counter.SWEEPS
    assert made.query(Counter.SPIKES, (0, 0)) == 10 + Counter.SPIKES
