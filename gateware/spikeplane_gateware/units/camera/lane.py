"""One pixel of a word: its state and its spike in, its next state and its value out. All the
arithmetic, no control.

```
    state, spike -> unpack -> (pending: the oldest spike) -> walk -> (walk) -> pack -> following
                                                                          +--> count, total -> divide -> value
    state, spike -> history -> following                                       (tfp)
                        +----> count, total = window -> divide -> value
```
Elaborated once, instantiated for each of the P pixels. A word every cycle; nothing stalls and
nothing is reset. `following` comes `state_latency` cycles after `state`, `value` comes
`value_latency` cycles after it.
"""

from types import SimpleNamespace

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from spikeplane.camera.config import INTERVAL_MAX, CameraConfig
from spikeplane_gateware.units.camera import pending
from spikeplane_gateware.units.camera.divide import divide, divide_latency
from spikeplane_gateware.units.camera.order import NO_ORDER
from spikeplane_gateware.units.camera.stage import named, stage
from spikeplane_gateware.units.camera.state import AGE_BITS, pack, state_layout, unpack
from spikeplane_gateware.units.camera.walk import WALK, Walk
from spikeplane_gateware.units.camera.window import count_latency, count_spikes, following_history

_RATIO = 3  #: stages from the walked pixel to count and total
_TOTAL_BITS = 10  #: n * lo + m < 1024 by HALVINGS, age + 1 <= 256


def state_latency(config: CameraConfig) -> int:
    """Cycles from `state` to `following`."""
    if config.method == "tfp":
        return 2
    return (3 + pending.FIND if config.lookahead else 3) + config.walks * WALK


def value_latency(config: CameraConfig) -> int:
    """Cycles from `state` to `value`."""
    divided = divide_latency(config.output_bits)
    if config.method == "tfp":
        return 1 + count_latency(config) + divided
    return state_latency(config) - 1 + _RATIO + divided


class Lane(wiring.Component):
    """The arithmetic of one pixel.

    Parameters
    ----------
    config : CameraConfig
        The method and its look-ahead: S bits of a pixel's state, V bits of its value.

    Attributes
    ----------
    state, spike : In(S), In(1)
        The pixel's state, as read from the memory, and its spike.
    fresh : In(1)
        There is no state yet: it counts as 0.
    following : Out(S)
        Its state for the next plane, `state_latency` cycles later.
    value : Out(V)
        Its value, `value_latency` cycles later.
    """

    def __init__(self, config: CameraConfig) -> None:
        self.config, self.layout = config, state_layout(config)
        super().__init__(
            {
                "state": In(self.layout.size),
                "spike": In(1),
                "fresh": In(1),
                "following": Out(self.layout.size),
                "value": Out(config.output_bits),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        read = stage(m, "read", state=Mux(self.fresh, 0, self.state)[: self.layout.size], spike=self.spike)
        if self.config.method == "tfp":
            count, total = self._window(m, read)
        else:
            count, total = self._segments(m, read)
        value = divide(m, count, total, self.config.scale, self.config.output_bits)
        m.d.comb += self.value.eq(value)
        return m

    def _window(self, m: Module, read: SimpleNamespace) -> tuple[Value, Value]:
        self._store(m, following_history(self.config, read.spike, read.state))
        count = count_spikes(m, self.config, Cat(read.spike, read.state))
        return count, Const(self.config.window)

    def _segments(self, m: Module, read: SimpleNamespace) -> tuple[Value, Value]:
        fields = self._fields(read.state)
        if self.config.method == "tfi":
            segment = SimpleNamespace(lo=fields["lo"], n=fields["lo"].any(), m=Const(0, 1))
        else:
            segment = unpack(fields["segment"])
        pixel = {
            "age": fields["age"],
            "alive": fields["age"].any(),
            **vars(segment),
            "order": fields.get("order", NO_ORDER),
        }
        p = stage(m, "pixel", **pixel)
        if not self.config.lookahead:
            spike = stage(m, "plane", spike=read.spike).spike
            p, _ = Walk(self.config, "walk", first=True).run(m, p, spike, p.age, Const(0, 1))
            waiting = None
        else:
            p, waiting = self._ahead(m, p, Cat(read.spike, fields["pending"]))
        self._store(m, self._aged(m, p, waiting))
        return self._ratio(m, p)

    def _fields(self, state: Value) -> dict[str, Value]:
        place, fields = 0, {}
        for name, field in self.layout:
            fields[name] = state[place : place + field.width]
            place += field.width
        return fields

    def _ahead(self, m: Module, p: SimpleNamespace, v: Value) -> tuple[SimpleNamespace, Value]:
        """One walk or two along the pending spikes `v`, of the cycle before `p`: the pixel, and the
        spikes still pending."""
        oldest = pending.find(m, "oldest", v)
        v = _delayed(m, "oldest_spikes", v, pending.FIND)
        p = stage(m, "pixel_1", **vars(p))
        p = stage(m, "pixel_2", **vars(p))  # beside `oldest`
        interval = (p.age - oldest.since)[:AGE_BITS]
        ready = stage(m, "ready", **vars(p), interval=interval, spike=oldest.spike, since=oldest.since)
        walk = Walk(self.config, "walk", first=True)
        p, walked = walk.run(m, ready, ready.spike, ready.interval, ready.since)
        seen = SimpleNamespace(
            group=_delayed(m, "oldest_group", oldest.group, 2), bit=_delayed(m, "oldest_bit", oldest.bit, 2)
        )
        left = pending.without(_delayed(m, "oldest_left", v, 2), seen, walked)  # beside the decision
        if self.config.walks == 1:
            return p, _delayed(m, "left", left, 2)
        # The second oldest is found during the first walk, and counts if the pixel has walked to the oldest.
        second = pending.find(m, "second", pending.without(v, oldest))
        interval = (_delayed(m, "oldest_since", oldest.since, pending.FIND) - second.since)[
            : len(second.since)
        ]
        ready = stage(m, "second_ready", interval=interval, **vars(second))  # beside the walked pixel
        spike = ready.spike & _delayed(m, "has_walked", walked, 2)
        again = Walk(self.config, "again", first=False)
        p, walked = again.run(m, p, spike, ready.interval, ready.since)
        seen = stage(m, "second_seen", group=ready.group, bit=ready.bit)
        left = pending.without(_delayed(m, "left", left, 3), seen, walked)
        return p, _delayed(m, "left_over", left, 2)

    def _store(self, m: Module, state: Value) -> None:
        m.d.comb += self.following.eq(stage(m, "next", state=state).state)

    def _aged(self, m: Module, p: SimpleNamespace, waiting: Value | None) -> Value:
        """The state for the next plane, by when the pixel is a plane older."""
        older = Mux(p.age == INTERVAL_MAX, p.age, p.age + 1)[:AGE_BITS]
        fields = {"age": Mux(p.alive, older, 0)[:AGE_BITS], "lo": p.lo, "order": p.order, "pending": waiting}
        if self.config.method != "tfi":
            fields["segment"] = pack(m, p)
        return Value.cast(Cat(fields[name][: field.width] for name, field in self.layout))

    def _ratio(self, m: Module, p: SimpleNamespace) -> tuple[Value, Value]:
        """n intervals in so many planes; in an interval that is open and longer than the smaller
        one, no more than 1 in age + 1."""
        dimmer = (p.age > self.config.lookahead) & (p.age > p.lo) & (p.n != 0)
        product = p.lo if self.config.method == "tfi" else p.n * p.lo
        s = stage(m, "product", planes=product, m=p.m, n=p.n, age=p.age + 1, dimmer=dimmer, none=p.n == 0)
        planes = named(m, "planes", (s.planes + s.m)[:_TOTAL_BITS])
        s = stage(m, "sum", planes=planes, n=s.n, age=s.age, dimmer=s.dimmer, none=s.none)
        total = Mux(s.dimmer, s.age, s.planes | s.none)[:_TOTAL_BITS]
        s = stage(m, "ratio", count=Mux(s.dimmer, 1, s.n), total=total)
        return s.count, s.total


def _delayed(m: Module, name: str, value: Value, cycles: int) -> Signal | Value:
    for number in range(cycles):
        value = stage(m, f"{name}_{number}", v=value).v
    return value
