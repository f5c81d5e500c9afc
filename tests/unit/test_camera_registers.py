"""The camera's registers alone beside a model: what is written, what is answered, what goes on."""

import itertools
import random
from collections import Counter as Tally
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from camera_unit import CHIP
from core_unit import simulate

from spikeplane.camera.config import CameraConfig
from spikeplane.formats.camera import ARGUMENT, ROUTES, SELECT, Command, Item, Register, Stream
from spikeplane.formats.packet import ARGUMENT_BITS, Control, Counter, Kind, packet_format
from spikeplane_gateware.units.camera.registers import Registers

CAMERA = CameraConfig(width=16, height=8, pixels=4)
CONFIG = replace(CHIP, camera=CAMERA)
FORM = packet_format(CONFIG)
GRABBERS = (Stream.IMAGES, Stream.PLANES, Stream.FEED)
PULSES = (
    "restart",
    "clear",
    "start",
    "stop",
    *(f"{name}_{k}" for name in ("arm", "flush") for k in range(3)),
)
BOUNDS = ("x0", "x1", "y0", "y1")
SIDES = ("x0", "y0", "x1", "y1")
#: Registers that hold half of a value of 24 bits.
HALVES = {
    Register.EVERY_LOW: ("every", 0), Register.EVERY_HIGH: ("every", 12),
    Register.WORDS_LOW: ("words", 0), Register.WORDS_HIGH: ("words", 12),
    Register.SAMPLES_LOW: ("samples", 0), Register.SAMPLES_HIGH: ("samples", 12),
}  # fmt: skip
PLACES = {Register.X0: "x0", Register.X1: "x1", Register.Y0: "y0", Register.Y1: "y1"}


class Model:
    """What they hold: `settings` by stream, `feed`, `routes`. `write` returns the pulses that it makes."""

    def __init__(self) -> None:
        whole = {"every": 0, "words": CAMERA.words, "x0": 0, "x1": 15, "y0": 0, "y1": 7}
        self.settings = [dict(whole) for _ in GRABBERS]
        self.feed = {"steps": 0, "samples": 0, "last_route": 0}
        self.routes = [{"tag": 0, **dict.fromkeys(SIDES, 0)} for _ in range(ROUTES)]
        self.stream, self.item, self.route = 0, 0, 0

    def write(self, register: Register, value: int) -> set[str]:
        chosen = self.settings[self.stream] if self.stream in GRABBERS else {}
        if register == Register.COMMAND:
            return self._command(value)
        if register == Register.SELECT:
            self.stream, self.item = value & 7, value >> 3 & 15
        elif register in HALVES:
            name, low = HALVES[register]
            target = self.feed if name == "samples" else chosen
            target[name] = target.get(name, 0) & (0xFFF000 >> low) | value << low
            return {f"arm_{self.stream}"} & set(PULSES) if name == "every" else set()
        elif register in PLACES:
            chosen[PLACES[register]] = value
        elif register == Register.STEPS:
            self.feed["steps"] = value
        elif register == Register.ROUTE:
            self.route = value >> 8 & 3
            self.routes[self.route]["tag"] = value & 255
            self.feed["last_route"] = self.route if value >> 10 & 1 else self.feed["last_route"]
        elif register == Register.RECT:
            self.routes[self.route] |= {name: value >> 3 * k & 7 for k, name in enumerate(SIDES)}
        return set()

    def _command(self, value: int) -> set[str]:
        found = {
            Command.TRIGGER_IMAGES: {"trigger images"}, Command.TRIGGER_PLANES: {"trigger planes"},
            Command.RESTART: {"restart", *(f"{name}_{k}" for name in ("arm", "flush") for k in range(3))},
            Command.CLEAR: {"clear"}, Command.FLUSH: {f"flush_{self.stream}"} & set(PULSES),
            Command.START_FEED: {"start", "arm_2"}, Command.STOP_FEED: {"stop"},
        }  # fmt: skip
        return set().union(*(pulses for bit, pulses in found.items() if value & bit))


def pulses(ctx: Any, dut: Any) -> set[str]:
    triggers = ctx.get(dut.trigger)
    named = {name for k, name in enumerate(("trigger images", "trigger planes")) if triggers >> k & 1}
    return named | {name for name in PULSES if ctx.get(getattr(dut, name))}


def held(ctx: Any, dut: Any) -> tuple[Any, ...]:
    """As the model's `settings`, `feed`, `routes`."""
    settings = [ctx.get(getattr(dut, f"settings_{k}")) for k in range(3)]
    routes = [ctx.get(getattr(dut, f"route_{k}")) for k in range(ROUTES)]
    return (
        [
            {"every": one.every, "words": one.words, **{name: one.region[name] for name in BOUNDS}}
            for one in settings
        ],
        {name: ctx.get(getattr(dut, name)) for name in ("steps", "samples", "last_route")},
        [{"tag": one.tag, **{name: one.rect[name] for name in SIDES}} for one in routes],
    )


class Bench:
    """Packets in, one at a time; readers that stall; numbers to be read that change in every cycle."""

    def __init__(self, ctx: Any, dut: Any, rng: random.Random, stall: float) -> None:
        self.ctx, self.dut, self.rng, self.stall = ctx, dut, rng, stall
        self.readings: dict[str, int] = {}
        self.passed: list[int] = []
        self.replies: list[int] = []

    async def cycle(self, packet: int | None) -> bool:
        """Whether the packet was taken."""
        ctx, dut, rng = self.ctx, self.dut, self.rng
        self.readings = {f"overruns_{k}": rng.getrandbits(16) for k in range(4)}
        self.readings |= {"planes": rng.getrandbits(32), "samples_left": rng.getrandbits(24)}
        for name, value in self.readings.items():
            ctx.set(getattr(dut, name), value)
        ctx.set(dut.i.valid, packet is not None)
        ctx.set(dut.i.payload.as_value(), rng.getrandbits(FORM.width) if packet is None else packet)
        for port, got in ((dut.o, self.passed), (dut.reply, self.replies)):
            ready = rng.random() >= self.stall
            ctx.set(port.ready, ready)
            if ready and ctx.get(port.valid):
                got.append(ctx.get(port.payload.as_value()))
        taken = packet is not None and bool(ctx.get(dut.i.ready))
        await ctx.tick()
        return taken

    def answer(self, model: Model) -> int:
        """The reply to a question of the last cycle."""
        names = {
            Item.OVERRUNS: f"overruns_{model.stream}",
            Item.PLANES: "planes",
            Item.SAMPLES_LEFT: "samples_left",
        }
        value = self.readings[names[Item(model.item)]]
        return FORM.pack(Kind.REPLY, host=1, counter=Counter.CAMERA, value=value)


def written(rng: random.Random) -> Iterator[tuple[str, int, Any]]:
    """Stream after stream is selected and every register written, in any order; now and then questions."""
    rest = [Register.COMMAND, *(register for register in Register if register != Register.SELECT)]
    for stream in itertools.cycle(range(4)):
        for register in (Register.SELECT, *rng.sample(rest, k=len(rest))):
            value = rng.getrandbits(12)
            if register == Register.SELECT:
                value = SELECT.pack(stream=stream, item=rng.choice(list(Item))) | value & 0xF80
            elif register == Register.COMMAND:
                value = rng.choice([value, 1 << rng.randrange(7)])
            arg = ARGUMENT.pack(value=value, register=register)
            yield "write", FORM.pack(Kind.CONTROL, host=1, op=Control.CAMERA, arg=arg), (register, value)
            for _ in range(3 * (rng.random() < 0.05)):  # faster than they are read
                yield "ask", FORM.pack(Kind.CONTROL, host=1, op=Control.QUERY, arg=Counter.CAMERA), None


def others(rng: random.Random) -> Iterator[tuple[str, int, str]]:
    """Packets for cores and for the bridge, some of them like the camera's in all but one field."""
    while True:
        rect: Any = tuple(rng.getrandbits(1) if name[0] == "x" else 0 for name in SIDES)
        write = {"op": Control.CAMERA, "arg": rng.getrandbits(ARGUMENT_BITS)}
        ask = {"op": Control.QUERY, "arg": Counter.CAMERA}
        core = rng.choice([write, ask])
        other = {
            "op": rng.choice([Control.START, Control.STOP, Control.BARRIER, Control.CREDITS]),
            "arg": Counter.CAMERA,
        }
        number = {"op": Control.QUERY, "arg": rng.choice([one for one in Counter if one != Counter.CAMERA])}
        yield (
            "pass",
            FORM.pack(Kind.CONTROL, rect, 0, **core),
            "core write" if core is write else "core question",
        )
        yield "pass", FORM.pack(Kind.CONTROL, rect, 1, **rng.choice([other, number])), "bridge"
        kind = rng.choice([kind for kind in Kind if kind != Kind.CONTROL])
        header = FORM.header.pack(kind=kind, host=rng.getrandbits(1), **dict(zip(SIDES, rect, strict=True)))
        payload = rng.choice([FORM.payloads[Kind.CONTROL].pack(**core), rng.getrandbits(FORM.payload_bits)])
        yield "pass", header << FORM.payload_bits | payload, "kind"


@pytest.mark.parametrize("stall", [0.0, 0.6])
def test_every_packet_does_what_it_says_and_no_more(stall: float) -> None:
    """Pulses and values as the model's in every cycle; replies, and all other packets as they were."""
    rng, model, seen = random.Random(int(stall * 10)), Model(), Tally()
    passed, replies = [], []
    writes, passes = written(rng), others(rng)

    async def bench(ctx: Any) -> None:
        world = Bench(ctx, dut, rng, stall)
        for _ in range(800):
            what, packet, more = next(rng.choice([writes, writes, passes]))
            for _ in range(rng.choice((0, 0, 0, 1, 3))):
                await world.cycle(None)
                assert pulses(ctx, dut) == set()
            while not await world.cycle(packet):
                assert pulses(ctx, dut) == set()
            stream = model.stream
            expected = model.write(*more) if what == "write" else set()
            passed.extend([packet] if what == "pass" else [])
            replies.extend([world.answer(model)] if what == "ask" else [])
            assert pulses(ctx, dut) == expected
            assert held(ctx, dut) == (model.settings, model.feed, model.routes)
            seen.update([*expected, (stream, more[0]) if what == "write" else more])
        world.stall = 0.0
        await world.cycle(None)
        await world.cycle(None)
        assert (world.passed, world.replies) == (passed, replies)

    dut = Registers(CONFIG)
    simulate(dut, bench)
    assert {
        *PULSES,
        "trigger images",
        "trigger planes",
        "core write",
        "core question",
        "bridge",
        "kind",
    } <= set(seen)
    assert all(seen[stream, register] for stream in range(4) for register in Register)
    assert len(replies) > 30
