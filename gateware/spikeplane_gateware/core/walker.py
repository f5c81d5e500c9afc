"""The walker: visits every row, column and output group that a spike reaches, one accumulator word a cycle.

```
    i (visit) -> row, column, group counters and pointers -> + bit -> op (to Accumulate; stays while it says `stall`)
```
Throughput: an op a cycle, no gap between visits. Latency: 2 cycles. The pointers only ever add a step of the projection.
"""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from spikeplane.config import ChipConfig
from spikeplane_gateware.core.accumulate import op_layout
from spikeplane_gateware.core.visit import visit_layout


class Walker(wiring.Component):
    """Ports: i: `visit_layout` stream; op_valid, op, stall (the op has not been taken)."""

    def __init__(self, config: ChipConfig) -> None:
        self.config = config
        visits = stream.Signature(visit_layout(config))
        super().__init__({"i": In(visits), "op_valid": Out(1), "op": Out(op_layout(config)), "stall": In(1)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        have, visit = Signal(), Signal(visit_layout(self.config), reset_less=True)
        last = {name: Signal(name=f"last_{name}") for name in ("group", "column", "row")}
        done, self.go = Signal(), Signal(name="go")
        m.d.comb += [
            done.eq(visit.is_event | (last["group"] & last["column"] & last["row"])),
            self.go.eq(~(self.op_valid & self.stall)),
            self.i.ready.eq(self.go & (~have | done)),
        ]
        pointers = {unit: self._pointers(m, visit, last, unit) for unit in ("acc", "weight")}
        self._count(m, visit, last)
        with m.If(self.i.ready):
            m.d.sync += [have.eq(self.i.valid), visit.eq(self.i.payload)]
            m.d.sync += [last[name].eq(self.i.payload[f"{name}s"] == 1) for name in last]
            for unit, registers in pointers.items():
                m.d.sync += [register.eq(self.i.payload[unit]) for register in registers]
        with m.If(self.go):
            self._send(m, have, visit, pointers)
        return m

    def _send(self, m: Module, have: Signal, visit: Signal, pointers: dict[str, list[Signal]]) -> None:
        m.d.sync += [
            self.op_valid.eq(have),
            self.op.is_event.eq(visit.is_event),
            self.op.event.eq(visit.event),
            self.op.bank.eq(visit.bank),
            self.op.address.eq(pointers["acc"][0]),
            self.op.weight_address.eq(pointers["weight"][0] + visit.bit),
            self.op.lanes.eq(visit.lanes),
            self.op.shift.eq(visit.shift),
            self.op.negate.eq(visit.negate),
        ]

    def _pointers(self, m: Module, visit: Signal, last: dict[str, Signal], unit: str) -> list[Signal]:
        """The current pointer, and where the current column and the current row began."""
        now, column, row = (
            Signal.like(visit[unit], name=f"{unit}_{name}", reset_less=True) for name in ("now", "column_start", "row_start")
        )
        base = Mux(~last["group"], now, Mux(~last["column"], column, row))
        step = Mux(~last["group"], visit[f"{unit}_group"], Mux(~last["column"], visit[f"{unit}_column"], visit[f"{unit}_row"]))
        following = Signal.like(now, name=f"{unit}_next")
        m.d.comb += following.eq(base + step)
        with m.If(self.go):
            m.d.sync += now.eq(following)
            with m.If(last["group"]):
                m.d.sync += column.eq(following)
                with m.If(last["column"]):
                    m.d.sync += row.eq(following)
        return [now, column, row]

    def _count(self, m: Module, visit: Signal, last: dict[str, Signal]) -> None:
        """Counters run down from the visit's counts; each `last` flag is known a cycle ahead."""
        counts = {name: Signal.like(visit[f"{name}s"], name=f"{name}s_left") for name in last}
        with m.If(self.i.ready):
            m.d.sync += [count.eq(self.i.payload[f"{name}s"]) for name, count in counts.items()]
        with m.Elif(self.go):
            step = {"group": 1, "column": last["group"], "row": last["group"] & last["column"]}
            for name, count in counts.items():
                with m.If(step[name]):
                    m.d.sync += [
                        count.eq(Mux(last[name], visit[f"{name}s"], count - 1)),
                        last[name].eq(Mux(last[name], visit[f"{name}s"] == 1, count == 2)),
                    ]
