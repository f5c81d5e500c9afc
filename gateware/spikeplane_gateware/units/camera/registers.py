"""The camera's registers: taken out of the packets on their way from the host to the bridge.

```
    i -> CAMERA: a register is written      reply -> answers to Counter.CAMERA
      -> QUERY of Counter.CAMERA -> reply
      -> all others -> o
```
The registers stand in `spikeplane.formats.camera`. Throughput: a packet a cycle. Latency: 0 cycles;
pulses and values 1 cycle.
"""

from typing import Any

from amaranth.hdl import Array, Cat, Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from spikeplane.config import ChipConfig
from spikeplane.formats.camera import (
    ARGUMENT,
    EVERY_BITS,
    NUMBER_BITS,
    RECT,
    ROUTE,
    ROUTES,
    SELECT,
    VALUE_BITS,
    Command,
    Item,
    Register,
    Stream,
)
from spikeplane.formats.packet import COUNTER_BITS, Control, Counter, Kind, packet_format
from spikeplane_gateware.structs import packet_struct, struct
from spikeplane_gateware.units.camera.gate import OVERRUN_BITS
from spikeplane_gateware.units.camera.grabber_intake import SETTINGS

FEED_ROUTE = data.StructLayout({"tag": dict(ROUTE.fields)["tag"], "rect": struct(RECT)})
GRABBERS = (Stream.IMAGES, Stream.PLANES, Stream.FEED)


class Registers(wiring.Component):
    """The registers of a camera.

    Parameters
    ----------
    config : ChipConfig
        The chip; it has a camera.

    Attributes
    ----------
    i, o, reply : streams of packet_struct(config)
        Packets of the host, those for the bridge, and answers for the host.
    settings_K, arm_K, flush_K : Out(SETTINGS), Out(1), Out(1)
        What the grabber of stream K = 0 .. 2 takes, and its pulses.
    trigger : Out(2)
        Pulses: take the next image (bit 0), the next plane (bit 1).
    restart, clear, start, stop : Out(1)
        Pulses of the commands RESTART, CLEAR, START_FEED, STOP_FEED.
    steps, samples, last_route, route_K : levels
        What the feed sends, and where to: see `Feed`.
    overruns_K, planes, samples_left : In(OVERRUN_BITS), In(NUMBER_BITS), In(EVERY_BITS)
        What Counter.CAMERA answers; K of every stream.
    """

    def __init__(self, config: ChipConfig) -> None:
        assert config.camera is not None
        self.form = packet_format(config)
        packets = stream.Signature(packet_struct(config))
        camera = config.camera
        whole = {
            "every": 0,
            "words": camera.words,
            "region": {"x0": 0, "x1": camera.width - 1, "y0": 0, "y1": camera.height - 1},
        }
        per_stream = {f"settings_{k}": Out(SETTINGS, init=whole) for k in GRABBERS}
        per_stream |= {f"{name}_{k}": Out(1) for name in ("arm", "flush") for k in GRABBERS}
        pulses = {"trigger": Out(2), **{name: Out(1) for name in ("restart", "clear", "start", "stop")}}
        feed = {"steps": Out(VALUE_BITS), "samples": Out(EVERY_BITS), "last_route": Out(range(ROUTES))}
        feed |= {f"route_{k}": Out(FEED_ROUTE) for k in range(ROUTES)}
        read = {f"overruns_{k}": In(OVERRUN_BITS) for k in Stream} | {
            "planes": In(NUMBER_BITS),
            "samples_left": In(EVERY_BITS),
        }
        super().__init__(
            {
                "i": In(packets),
                "o": Out(packets),
                "reply": Out(packets),
                **per_stream,
                **pulses,
                **feed,
                **read,
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        packet: Any = self.i.payload
        control: Any = Signal(struct(self.form.payloads[Kind.CONTROL]))
        own = Signal()
        asks = Signal()
        writes = Signal()
        free = Signal()
        m.d.comb += [
            control.eq(packet.payload),
            own.eq((packet.kind == Kind.CONTROL) & packet.host),
            writes.eq(own & (control.op == Control.CAMERA)),
            asks.eq(own & (control.op == Control.QUERY) & (control.arg[:COUNTER_BITS] == Counter.CAMERA)),
            free.eq(~self.reply.valid | self.reply.ready),
            self.o.payload.eq(packet),
            self.o.valid.eq(self.i.valid & ~writes & ~asks),
            self.i.ready.eq(Mux(writes, 1, Mux(asks, free, self.o.ready))),
        ]
        argument: Any = Signal(struct(ARGUMENT))
        value = Signal(VALUE_BITS)
        m.d.comb += [argument.eq(control.arg), value.eq(argument.value)]
        self.select: Any = Signal(struct(SELECT))
        write = {register: Signal(name=f"write_{register.name.lower()}") for register in Register}
        for register, flag in write.items():
            m.d.comb += flag.eq(self.i.valid & writes & (argument.register == register))
        self._commands(m, write, value)
        self._settings(m, write, value)
        self._feed(m, write, value)
        self._answer(m, self.i.valid & asks, free)
        return m

    def _commands(self, m: Module, write: dict[Register, Signal], value: Signal) -> None:
        """Pulses of one cycle."""
        command = Signal(VALUE_BITS)
        m.d.comb += command.eq(Mux(write[Register.COMMAND], value, 0))

        def pulse(bit: Command) -> Any:
            return command[int(bit).bit_length() - 1]

        m.d.sync += [
            self.trigger.eq(Cat(pulse(Command.TRIGGER_IMAGES), pulse(Command.TRIGGER_PLANES))),
            self.restart.eq(pulse(Command.RESTART)),
            self.clear.eq(pulse(Command.CLEAR)),
            self.start.eq(pulse(Command.START_FEED)),
            self.stop.eq(pulse(Command.STOP_FEED)),
        ]
        for k in GRABBERS:
            mine = self.select.stream == k
            m.d.sync += getattr(self, f"flush_{k}").eq(pulse(Command.RESTART) | (pulse(Command.FLUSH) & mine))
            again = pulse(Command.RESTART) | (pulse(Command.START_FEED) if k == Stream.FEED else 0)
            m.d.sync += getattr(self, f"arm_{k}").eq(
                again | (mine & (write[Register.EVERY_LOW] | write[Register.EVERY_HIGH]))
            )
        with m.If(write[Register.SELECT]):
            m.d.sync += self.select.eq(value)

    def _settings(self, m: Module, write: dict[Register, Signal], value: Signal) -> None:
        for k in GRABBERS:
            settings = getattr(self, f"settings_{k}")
            region = settings.region
            places = {
                Register.EVERY_LOW: settings.every[:VALUE_BITS],
                Register.EVERY_HIGH: settings.every[VALUE_BITS:],
                Register.WORDS_LOW: settings.words[:VALUE_BITS],
                Register.WORDS_HIGH: settings.words[VALUE_BITS:],
                Register.X0: region.x0,
                Register.X1: region.x1,
                Register.Y0: region.y0,
                Register.Y1: region.y1,
            }
            with m.If(self.select.stream == k):
                for register, place in places.items():
                    with m.If(write[register]):
                        m.d.sync += place.eq(value)

    def _feed(self, m: Module, write: dict[Register, Signal], value: Signal) -> None:
        route: Any = Signal(struct(ROUTE))
        index = Signal(range(ROUTES))  # the route last written
        m.d.comb += route.eq(value)
        plain = {
            Register.STEPS: self.steps,
            Register.SAMPLES_LOW: self.samples[:VALUE_BITS],
            Register.SAMPLES_HIGH: self.samples[VALUE_BITS:],
        }
        for register, place in plain.items():
            with m.If(write[register]):
                m.d.sync += place.eq(value)
        with m.If(write[Register.ROUTE]):
            m.d.sync += index.eq(route.index)
            with m.If(route.last):
                m.d.sync += self.last_route.eq(route.index)
        for k in range(ROUTES):
            target = getattr(self, f"route_{k}")
            with m.If(write[Register.ROUTE] & (route.index == k)):
                m.d.sync += target.tag.eq(route.tag)
            with m.If(write[Register.RECT] & (index == k)):
                m.d.sync += target.rect.eq(value)

    def _answer(self, m: Module, asked: Any, free: Signal) -> None:
        reply: Any = Signal(struct(self.form.payloads[Kind.REPLY]))
        out: Any = self.reply.payload
        overruns = Array([getattr(self, f"overruns_{k}") for k in Stream])
        items = {
            Item.OVERRUNS: overruns[self.select.stream],
            Item.PLANES: self.planes,
            Item.SAMPLES_LEFT: self.samples_left,
        }
        chosen = Signal(NUMBER_BITS)
        for item, value in items.items():
            with m.If(self.select.item == item):
                m.d.comb += chosen.eq(value)
        m.d.comb += [reply.counter.eq(Counter.CAMERA), reply.value.eq(chosen)]
        with m.If(free):
            m.d.sync += self.reply.valid.eq(asked)
            with m.If(asked):
                m.d.sync += [out.payload.eq(reply.as_value()), out.kind.eq(Kind.REPLY), out.host.eq(1)]
