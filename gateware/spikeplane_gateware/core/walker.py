"""The walker: visits every row, column and output group that a spike reaches, one accumulator word a cycle.

```
    i (visit) -> row, column, group counters and pointers -> + bit -> op (to Accumulate, which never refuses)
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
    """Ports: i: `visit_layout` stream; op_valid, op."""

    def __init__(self, config: ChipConfig) -> None:
        self.config = config
        super().__init__({"i": In(stream.Signature(visit_layout(config))), "op_valid": Out(1), "op": Out(op_layout(config))})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        have, visit = Signal(), Signal(visit_layout(self.config))
        last = {name: Signal(name=f"last_{name}") for name in ("group", "column", "row")}
        done = Signal()
        m.d.comb += [
            done.eq(visit.is_event | (last["group"] & last["column"] & last["row"])),
            self.i.ready.eq(~have | done),
        ]
        pointers = {unit: self._pointers(m, visit, last, unit) for unit in ("acc", "weight")}
        self._count(m, visit, last)
        with m.If(self.i.ready):
            m.d.sync += [have.eq(self.i.valid), visit.eq(self.i.payload)]
            m.d.sync += [last[name].eq(self.i.payload[f"{name}s"] == 1) for name in last]
            for unit, registers in pointers.items():
                m.d.sync += [register.eq(self.i.payload[unit]) for register in registers]
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
        return m

    def _pointers(self, m: Module, visit: Signal, last: dict[str, Signal], unit: str) -> list[Signal]:
        """The current pointer, and where the current column and the current row began."""
        now, column, row = (Signal.like(visit[unit], name=f"{unit}_{name}") for name in ("now", "column_start", "row_start"))
        base = Mux(~last["group"], now, Mux(~last["column"], column, row))
        step = Mux(~last["group"], visit[f"{unit}_group"], Mux(~last["column"], visit[f"{unit}_column"], visit[f"{unit}_row"]))
        following = Signal.like(now, name=f"{unit}_next")
        m.d.comb += following.eq(base + step)
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
        with m.Else():
            step = {"group": 1, "column": last["group"], "row": last["group"] & last["column"]}
            for name, count in counts.items():
                with m.If(step[name]):
                    m.d.sync += [
                        count.eq(Mux(last[name], visit[f"{name}s"], count - 1)),
                        last[name].eq(Mux(last[name], visit[f"{name}s"] == 1, count == 2)),
                    ]
