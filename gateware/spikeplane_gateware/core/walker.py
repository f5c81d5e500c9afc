"""The scanner and walker: for every set bit of a spike's mask, lowest first, every row, column and output group that it reaches,
one accumulator word a cycle.

```
    i (visit) -> remaining mask -> bit ----------------------v
              -> row, column, group counters and pointers -> + -> op (to Accumulate; stays while it says `stall`)
```
Throughput: an op a cycle, no gap between bits or visits. Latency: 2 cycles. The pointers only ever add a step of the projection.
An aligned visit is walked once with the mask as its lanes; an event is one op.
"""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from spikeplane.config import ChipConfig
from spikeplane_gateware.core.accumulate import op_layout
from spikeplane_gateware.core.scan import lowest
from spikeplane_gateware.core.visit import visit_layout

LEVELS = ("group", "column", "row")  #: innermost first; the bits of the mask are outermost


class Walker(wiring.Component):
    """Ports: i: `visit_layout` stream; op_valid, op, stall (the op has not been taken); taken (pulse: a set bit, or an aligned
    mask, has been walked)."""

    def __init__(self, config: ChipConfig) -> None:
        self.config = config
        visits = stream.Signature(visit_layout(config))
        super().__init__({"i": In(visits), "op_valid": Out(1), "op": Out(op_layout(config)), "stall": In(1), "taken": Out(1)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        have, visit = Signal(), Signal(visit_layout(self.config), reset_less=True)
        last = {name: Signal(name=f"last_{name}") for name in LEVELS}
        done, self.go, self.step, self.restart = (Signal(name=name) for name in ("done", "go", "step", "restart"))
        bit, more = self._scan(m, visit)
        m.d.comb += [
            done.eq(visit.is_event | (last["group"] & last["column"] & last["row"])),
            self.go.eq(~(self.op_valid & self.stall)),
            self.step.eq(self.go & have),
            self.restart.eq(self.step & done & more),
            self.i.ready.eq(self.go & (~have | (done & ~more))),
            self.taken.eq(self.step & done & ~visit.is_event),
        ]
        pointers = {unit: self._pointers(m, visit, last, unit) for unit in ("acc", "weight")}
        self._count(m, visit, last)
        with m.If(self.i.ready):
            m.d.sync += have.eq(self.i.valid)
            with m.If(self.i.valid):
                m.d.sync += visit.eq(self.i.payload)
        with m.If(self.go):
            m.d.sync += self.op_valid.eq(have)
            with m.If(have):
                self._send(m, visit, bit, pointers)
        return m

    def _scan(self, m: Module, visit: Signal) -> tuple[Signal, Signal]:
        """The bit under way, and whether others come; the next one is ready in registers' reach."""
        incoming = self.i.payload
        remaining, bit, more = Signal(self.config.lanes, reset_less=True), Signal.like(visit.bit), Signal()
        following, rest = lowest(m, remaining, "remaining")
        with m.If(self.i.ready):
            m.d.sync += [bit.eq(incoming.bit), more.eq(incoming.more), remaining.eq(incoming.mask)]
        with m.Elif(self.restart):
            m.d.sync += [bit.eq(following), more.eq(rest != 0), remaining.eq(rest)]
        return bit, more

    def _send(self, m: Module, visit: Signal, bit: Signal, pointers: dict[str, Signal]) -> None:
        m.d.sync += [
            self.op.is_event.eq(visit.is_event),
            self.op.event.eq(visit.event),
            self.op.bank.eq(visit.bank),
            self.op.address.eq(pointers["acc"]),
            self.op.weight_address.eq(pointers["weight"] + bit),
            self.op.lanes.eq(Mux(visit.aligned, visit.mask, (1 << self.config.lanes) - 1)),
            self.op.shift.eq(visit.shift),
            self.op.negate.eq(visit.negate),
        ]

    def _pointers(self, m: Module, visit: Signal, last: dict[str, Signal], unit: str) -> Signal:
        """The current pointer; beside it where the current column and the current row began."""
        now, column, row = (
            Signal.like(visit[unit], name=f"{unit}_{name}", reset_less=True) for name in ("now", "column_start", "row_start")
        )
        base = Mux(~last["group"], now, Mux(~last["column"], column, row))
        step = Mux(~last["group"], visit[f"{unit}_group"], Mux(~last["column"], visit[f"{unit}_column"], visit[f"{unit}_row"]))
        following = Signal.like(now, name=f"{unit}_next")
        m.d.comb += following.eq(base + step)
        with m.If(self.i.ready | self.restart):
            start = Mux(self.i.ready, self.i.payload[unit], visit[unit])
            m.d.sync += [register.eq(start) for register in (now, column, row)]
        with m.Elif(self.step):
            m.d.sync += now.eq(following)
            with m.If(last["group"]):
                m.d.sync += column.eq(following)
                with m.If(last["column"]):
                    m.d.sync += row.eq(following)
        return now

    def _count(self, m: Module, visit: Signal, last: dict[str, Signal]) -> None:
        """Counters run down from the visit's counts and start again by themselves; each `last` flag is known a cycle ahead."""
        counts = {name: Signal.like(visit[f"{name}s"], name=f"{name}s_left", reset_less=True) for name in last}
        with m.If(self.i.ready):
            for name, count in counts.items():
                incoming = self.i.payload[f"{name}s"]
                m.d.sync += [count.eq(incoming), last[name].eq(incoming == 1)]
        with m.Elif(self.step):
            step = {"group": 1, "column": last["group"], "row": last["group"] & last["column"]}
            for name, count in counts.items():
                with m.If(step[name]):
                    m.d.sync += [
                        count.eq(Mux(last[name], visit[f"{name}s"], count - 1)),
                        last[name].eq(Mux(last[name], visit[f"{name}s"] == 1, count == 2)),
                    ]
