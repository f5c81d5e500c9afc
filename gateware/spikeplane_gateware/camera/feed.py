"""Feeds planes of the camera to a population: the packets that the host's driver sends for an
input, made on the chip.

```
    words of the crop (Grabber) -> [word] -> a bit a cycle -> [hit] -> BARRIER, SPIKEs, TOKENs -> [packet] -> o -> bridge
```
Per plane: BARRIER of the step's parity; for each set bit inside the crop, row by row, one SPIKE per
route, as pixel (x, y) of the crop in group 0, mask 1; one TOKEN per route, `last` at the end of
every sample. The bridge holds the barrier until the credits are in: the cores slow the feed down,
and the grabber in front drops whole planes and counts them.

Ports: i (words with their places), crop, steps, samples, route_K, last_route, start, stop; o
(packets), active, samples_left.
Throughput: a word of P pixels takes as many cycles as the place of its last set bit, and one more;
each spike one a route.
"""

from typing import Any

from amaranth.hdl import Array, Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from spikeplane.config import ChipConfig
from spikeplane.formats.camera import EVERY_BITS, ROUTES, VALUE_BITS
from spikeplane.formats.packet import Control, Kind, packet_format
from spikeplane_gateware.camera.grabber import grabbed
from spikeplane_gateware.camera.region import REGION
from spikeplane_gateware.camera.registers import FEED_ROUTE
from spikeplane_gateware.structs import packet_struct, struct


class Feed(wiring.Component):
    """See the module's picture."""

    def __init__(self, config: ChipConfig) -> None:
        assert config.camera is not None
        self.camera, self.form = config.camera, packet_format(config)
        words = stream.Signature(grabbed(self.camera.pixels, places=True))
        settings = {
            "crop": In(REGION),
            "steps": In(VALUE_BITS),
            "samples": In(EVERY_BITS),
            "last_route": In(range(ROUTES)),
        }
        settings |= {f"route_{k}": In(FEED_ROUTE) for k in range(ROUTES)}
        ports = {
            "i": In(words),
            "o": Out(stream.Signature(packet_struct(config))),
            "start": In(1),
            "stop": In(1),
        }
        super().__init__({**ports, **settings, "active": Out(1), "samples_left": Out(EVERY_BITS)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        self.parity = Signal()
        self.step = Signal(VALUE_BITS)
        self.route = Signal(range(ROUTES))
        self.free = Signal()
        self.send = Signal()
        self.next_route = Signal()
        self.bits = Signal(self.camera.pixels)
        self.x = Signal(VALUE_BITS)
        self.y = Signal(VALUE_BITS)
        self.ends = Signal()  # the word is the plane's last one
        self.hit = Signal()  # a spike that goes out on each route
        self.moves = Signal()  # nothing keeps the next pixel waiting
        self.hit_x = Signal(VALUE_BITS)
        self.hit_y = Signal(VALUE_BITS)
        self._payloads(m)
        self._spikes(m)
        with m.FSM():
            with m.State("wait"), m.If(self.i.valid & self.active & self.free):
                self._barrier(m)
                m.next = "load"
            with m.State("load"):
                m.d.comb += self.i.ready.eq(1)
                m.d.sync += [self.bits.eq(self.i.payload.word), self.ends.eq(self.i.payload.last)]
                m.d.sync += [self.x.eq(self.i.payload.x), self.y.eq(self.i.payload.y)]
                with m.If(~self.active):
                    m.next = "wait"
                with m.Elif(self.i.valid):
                    m.next = "walk"
            with m.State("walk"):
                self._walk(m)
            with m.State("end"):
                with m.If(~self.active):
                    m.next = "wait"
                with m.Elif(~self.hit):
                    self._tokens(m)
        self._run(m)
        return m

    def _run(self, m: Module) -> None:
        """A run starts at step 0 with parity 0, as the bridge and the cores do."""
        with m.If(self.start):
            m.d.sync += [self.samples_left.eq(self.samples), self.step.eq(0), self.parity.eq(0)]
        with m.If(self.stop):
            m.d.sync += self.samples_left.eq(0)
        with m.If(~self.active):
            m.d.sync += [self.hit.eq(0), self.route.eq(0)]

    def _barrier(self, m: Module) -> None:
        out: Any = self.o.payload
        m.d.comb += self.send.eq(1)
        m.d.sync += [
            out.as_value().eq(0),
            out.kind.eq(Kind.CONTROL),
            out.host.eq(1),
            out.payload.eq(self.barrier.as_value()),
        ]

    def _payloads(self, m: Module) -> None:
        """What each kind of packet holds now. Outside of all conditions: Verilog never runs a
        process of constants."""
        payloads = self.form.payloads
        self.barrier, self.spike, self.token = (
            Signal(struct(payloads[kind]), name=name)
            for kind, name in ((Kind.CONTROL, "barrier"), (Kind.SPIKE, "spike"), (Kind.TOKEN, "token"))
        )
        spike, token, target = self.spike, self.token, Signal(FEED_ROUTE, name="target")
        self.target: Any = target
        self.last = Signal()  # the sample's last step; late, but long before its end
        m.d.sync += self.last.eq(self.step + 1 == self.steps)
        m.d.comb += target.eq(
            Array([getattr(self, f"route_{k}").as_value() for k in range(ROUTES)])[self.route]
        )
        m.d.comb += [
            self.barrier.op.eq(Control.BARRIER),
            self.barrier.arg.eq(self.parity),
            spike.tag.eq(self.target.tag),
            spike.parity.eq(self.parity),
            spike.mask.eq(1),
            spike.x.eq(self.hit_x),
            spike.y.eq(self.hit_y),
            token.tag.eq(self.target.tag),
            token.parity.eq(self.parity),
            token.last.eq(self.last),
        ]

    def _address(self, m: Module, kind: Kind) -> None:
        """The header of a packet on the present route."""
        out: Any = self.o.payload
        m.d.sync += [out.kind.eq(kind), out.host.eq(0)]
        m.d.sync += [out[name].eq(self.target.rect[name]) for name in ("x0", "y0", "x1", "y1")]

    def _spikes(self, m: Module) -> None:
        """A spike goes out once on each route, in any state: the next pixels are looked at meanwhile."""
        m.d.comb += [self.free.eq(~self.o.valid | self.o.ready), self.active.eq(self.samples_left != 0)]
        m.d.comb += self.moves.eq(~self.hit | (self.free & (self.route == self.last_route)))
        with m.If(self.free):
            m.d.sync += self.o.valid.eq(self.send | (self.hit & self.active))
            with m.If(self.hit):
                self._address(m, Kind.SPIKE)
                m.d.sync += self.o.payload.payload.eq(self.spike.as_value())
                m.d.comb += self.next_route.eq(1)
        with m.If(self.next_route):
            m.d.sync += self.route.eq(Mux(self.route == self.last_route, 0, self.route + 1))
        with m.If(self.moves):
            m.d.sync += self.hit.eq(0)

    def _walk(self, m: Module) -> None:
        """The lowest bit is the pixel at (x, y)."""
        x, y, crop, inside = self.x, self.y, self.crop, Signal()
        m.d.comb += inside.eq((x >= crop.x0) & (x <= crop.x1) & (y >= crop.y0) & (y <= crop.y1))
        with m.If(self.moves):
            edge = x == self.camera.width - 1
            m.d.sync += [
                self.hit.eq(self.bits[0] & inside),
                self.hit_x.eq(x - crop.x0),
                self.hit_y.eq(y - crop.y0),
            ]
            m.d.sync += [self.bits.eq(self.bits >> 1), x.eq(Mux(edge, 0, x + 1)), y.eq(y + edge)]
            with m.If(self.bits[1:] == 0):
                m.next = "load"
                with m.If(self.ends):
                    m.next = "end"
        with m.If(~self.active):
            m.next = "wait"

    def _tokens(self, m: Module) -> None:
        """One per route, then the next plane."""
        m.d.comb += self.send.eq(1)
        with m.If(self.free):
            self._address(m, Kind.TOKEN)
            m.d.sync += self.o.payload.payload.eq(self.token.as_value())
            m.d.comb += self.next_route.eq(1)
            with m.If(self.route == self.last_route):
                m.d.sync += [self.parity.eq(~self.parity), self.step.eq(Mux(self.last, 0, self.step + 1))]
                m.d.sync += self.samples_left.eq(self.samples_left - self.last)
                m.next = "wait"
