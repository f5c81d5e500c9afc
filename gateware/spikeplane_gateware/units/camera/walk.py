"""A pixel's step to its oldest pending spike: the interval fits its segment, or a new one starts,
or it waits.

```
    compare   interval - lo, is it -1, 0, 1?  n + 1; may a segment begin?
    decide    fits, begins, walked; m with the interval; is the segment full?
    update    age, lo, n, m, order
```
A second walk in the same plane can only grow a segment: after a first one `age` <= A and n > 0, and
where the first did not walk, the second would find the same. The rule and the names: golden model,
`camera/segments.py`.
Throughput: one a cycle. Latency: WALK cycles.
"""

from types import SimpleNamespace
from typing import Any

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value

from spikeplane.camera.config import CameraConfig
from spikeplane_gateware.units.camera import order as rule
from spikeplane_gateware.units.camera.stage import named, stage
from spikeplane_gateware.units.camera.state import FORMATS, format_of

WALK = 3
_PIXEL = ("age", "alive", "lo", "n", "m", "order")


class Walk:
    """One walk of one pixel; `pixel`: age, alive (not silent), lo, n, m, order (packed). `first`:
    it may begin a segment.

    After `compare` and `decide`, `walked` says what became of the spike; after `update` the pixel is
    what it is now.
    """

    def __init__(self, config: CameraConfig, name: str, *, first: bool) -> None:
        self.config, self.name, self.first = config, name, first

    def run(
        self, m: Module, p: SimpleNamespace, spike: Value, interval: Value, since: Value
    ) -> tuple[SimpleNamespace, Signal]:
        """The pixel, WALK cycles later, and whether it `walked` to the spike, 1 cycle later. `interval`:
        to its oldest spike, `since` planes ago."""
        decided, walked = self._decide(m, self._compare(m, p, spike, interval, since))
        return self._update(m, decided), walked

    def _compare(
        self, m: Module, p: SimpleNamespace, spike: Value, interval: Value, since: Value
    ) -> SimpleNamespace:
        name = self.name
        longer = named(m, f"{name}_longer", (interval - p.lo)[: len(p.lo) + 1])
        silent = ~p.alive
        late = (p.age > self.config.lookahead) | (p.n == 0) if self.config.lookahead else Const(1)
        s = stage(
            m,
            f"{name}_compared",
            age=p.age,
            alive=p.alive | spike,
            lo=p.lo,
            n=p.n,
            m=p.m,
            order=p.order,
            interval=interval,
            since=since,
            zero=longer == 0,
            one=longer == 1,
            minus=longer.all(),
            even=p.m == 0,
            more=p.n + 1,
            extends=spike & (p.n != 0),
            begins=spike & p.alive & late if self.first else Const(0),
            starts=spike & silent if self.first else Const(0),
        )
        if self.config.method == "ssr":
            s.measures = stage(m, f"{name}_measured", **rule.measures(rule.unpacked(p.order), p.n))
        return s

    def _decide(self, m: Module, s: SimpleNamespace) -> tuple[SimpleNamespace, Signal]:
        name, method = self.name, self.config.method
        fits: Value = Const(0)
        more: dict[str, Any] = {}
        after: SimpleNamespace | None = None
        if method != "tfi":
            fits = s.extends & (s.zero | s.one | (s.minus & s.even))
            form = format_of(m, f"{name}_grown", Mux(s.minus, s.interval, s.lo))
            full = Cat(Mux(form == number, s.more[bits], 0) for number, (_, bits) in enumerate(FORMATS)).any()
            more = {"more": s.more, "full": full, "longer": Mux(s.minus, s.n, s.m + s.one)[: len(s.more)]}
        if method == "ssr":
            stable, grown = rule.grown(m, name, rule.unpacked(s.order), s.measures, s.one, s.minus)
            fits = fits & stable
            after = stage(m, f"{name}_order", **grown)
        fits = named(m, f"{name}_fits", fits)
        begins = named(m, f"{name}_begins", s.begins & ~fits)
        walked = named(m, f"{name}_walked", fits | begins | s.starts)
        pixel = {field: getattr(s, field) for field in _PIXEL}
        decided = stage(
            m,
            f"{name}_decided",
            **pixel,
            **more,
            interval=s.interval,
            since=s.since,
            fits=fits,
            begins=begins,
            walked=walked,
            takes=begins | (fits & s.minus),
        )
        if after is not None:
            decided.after = after
        return decided, walked

    def _update(self, m: Module, s: SimpleNamespace) -> SimpleNamespace:
        lo = Mux(s.takes, s.interval, s.lo)
        n, longer, order = s.n | s.begins, s.m, s.order
        if self.config.method != "tfi":
            width = len(s.n)
            n = Mux(s.fits, Mux(s.full, s.more >> 1, s.more), Mux(s.begins, 1, s.n))[:width]
            longer = Mux(s.fits, Mux(s.full, (s.longer + 1) >> 1, s.longer), Mux(s.begins, 0, s.m))[:width]
        if self.config.method == "ssr":
            order = rule.chosen(rule.unpacked(s.order), s.after, s.fits, s.begins)
        age = Mux(s.walked, s.since, s.age)[: len(s.age)]
        return stage(m, f"{self.name}_pixel", age=age, alive=s.alive, lo=lo, n=n, m=longer, order=order)
