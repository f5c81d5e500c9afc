"""Feeds planes of the camera to a population: the packets that the host's driver sends for an
input, made on the chip.

```
    words of the crop (Grabber) -> PlaneWalk -> items -> FeedPackets -> o -> bridge
                                      ^ active             ^ target   | next, plane
                                   FeedRun <---------- RouteTurn <----+
```
Per plane: BARRIER of the step's parity; for each set bit inside the crop, row by row, one SPIKE per
route, as pixel (x, y) of the crop in group 0, mask 1; one TOKEN per route, `last` at the end of
every sample. The bridge holds the barrier until the credits are in: the cores slow the feed down,
and the grabber in front drops whole planes and counts them.
"""

from typing import Any

from amaranth.hdl import Module
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from spikeplane.config import ChipConfig
from spikeplane.formats.camera import EVERY_BITS, ROUTES, VALUE_BITS
from spikeplane_gateware.structs import packet_struct
from spikeplane_gateware.units.camera.feed_packets import FeedPackets
from spikeplane_gateware.units.camera.feed_run import FeedRun
from spikeplane_gateware.units.camera.feed_turn import RouteTurn
from spikeplane_gateware.units.camera.feed_walk import PlaneWalk
from spikeplane_gateware.units.camera.grabber import grabbed
from spikeplane_gateware.units.camera.region import REGION
from spikeplane_gateware.units.camera.registers import FEED_ROUTE


class Feed(wiring.Component):
    """Connects the row of the module's picture.

    Throughput: a word of P pixels takes as many cycles as the place of its last set bit, and one
    more; each spike one a route. Latency: 1 cycle from a plane's first word to its barrier.

    Parameters
    ----------
    config : ChipConfig
        The chip; it has a camera of P pixels a word.

    Attributes
    ----------
    i : In(stream of grabbed(P, places=True))
        Words of whole planes with their places, those of the crop at least.
    o : Out(stream of packet_struct(config))
        Packets for the bridge.
    start, stop : In(1)
        Pulses: a run begins, from the next word on; it ends at once, in the middle of a plane or not.
    crop : In(REGION)
        The part of a plane that is the input.
    steps : In(VALUE_BITS)
        Planes of a sample, at least 1.
    samples : In(EVERY_BITS)
        Samples of a run.
    route_K, last_route : In(FEED_ROUTE), In(range(ROUTES))
        Where spikes go: routes 0 to `last_route`.
    active : Out(1)
        A run is on.
    samples_left : Out(EVERY_BITS)
        Samples of it that have not gone out in full.
    """

    def __init__(self, config: ChipConfig) -> None:
        assert config.camera is not None
        self.config, self.camera = config, config.camera
        words = stream.Signature(grabbed(config.camera.pixels, places=True))
        packets = stream.Signature(packet_struct(config))
        settings = {"crop": In(REGION), "steps": In(VALUE_BITS), "samples": In(EVERY_BITS)}
        routes = {f"route_{k}": In(FEED_ROUTE) for k in range(ROUTES)}
        super().__init__(
            {
                "i": In(words),
                "o": Out(packets),
                "start": In(1),
                "stop": In(1),
                **settings,
                "last_route": In(range(ROUTES)),
                **routes,
                "active": Out(1),
                "samples_left": Out(EVERY_BITS),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.run = run = FeedRun()
        m.submodules.walk = walk = PlaneWalk(self.camera)
        m.submodules.turn = turn = RouteTurn()
        m.submodules.packets = packets = FeedPackets(self.config)
        connect(m, flipped(self.i), walk.i)
        connect(m, walk.o, packets.i)
        connect(m, packets.o, flipped(self.o))
        ended: Any = walk.o.payload.ends
        m.d.comb += [
            *[getattr(run, name).eq(getattr(self, name)) for name in ("start", "stop", "steps", "samples")],
            run.plane.eq(walk.o.valid & walk.o.ready & ended),
            self.active.eq(run.active),
            self.samples_left.eq(run.samples_left),
            walk.crop.eq(self.crop),
            walk.active.eq(run.active),
            *[getattr(turn, f"route_{k}").eq(getattr(self, f"route_{k}")) for k in range(ROUTES)],
            turn.last_route.eq(self.last_route),
            turn.next.eq(packets.next),
            turn.clear.eq(~run.active),
            packets.parity.eq(run.parity),
            packets.last.eq(run.last),
            packets.target.eq(turn.target),
            packets.is_last.eq(turn.is_last),
        ]
        return m
