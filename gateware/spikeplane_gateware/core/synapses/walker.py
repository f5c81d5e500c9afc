"""The scanner and walker: for every set bit of a spike's mask, lowest first, every row, column and
output group that it reaches, one accumulator word a cycle. Of a chip that takes two spikes a cycle: for the lowest and the
highest bit together, until one or none is left; they differ in the row of weights only.

```
    i (request) -> remaining mask -> bit --------------------v
              -> row, column, group counters and pointers -> + -> op (to Accumulate; stays while it says `stall`)
```
Throughput: an op a cycle, no gap between bits or requests. Latency: 2 cycles. The pointers only ever
add a step of the projection. An aligned request is walked once with the mask as its lanes; an event
is one op.
"""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from spikeplane.config import ChipConfig
from spikeplane_gateware.core.synapses.accumulate import op_layout
from spikeplane_gateware.core.synapses.request import dynamic_field, request_layout, second_field, verb_fields
from spikeplane_gateware.core.synapses.scan import lowest, outermost

LEVELS = ("group", "column", "row")  #: innermost first; the bits of the mask are outermost


class Walker(wiring.Component):
    """The scanner and walker of a core: it turns each request into its ops.

    Parameters: config: the chip.

    Attributes: i: requests (`request_layout`); op_valid, op: the op (`op_layout`), held while stall
    (in); taken: pulse, a set bit, or an aligned mask, has been walked (a number, where there may be two); quiet: there is nothing to walk,
    and no op waits. Of a chip with a dynamic memory soon: the next op is for another word than the last one's, or one that was held
    goes in the next cycle; held: the op reads a row of a bank that is unready (in).
    """

    def __init__(self, config: ChipConfig) -> None:
        self.config = config
        self.again = Signal(name="again")  # the next op goes to the word of the last one, of the same request
        # beside the bit under way
        self.partner = Signal(data.StructLayout(second_field(config)), name="partner", reset_less=True)
        requests = stream.Signature(request_layout(config))
        super().__init__(
            {
                "i": In(requests),
                "op_valid": Out(1),
                "op": Out(op_layout(config)),
                "stall": In(1),
                "taken": Out(config.spikes_per_cycle),
                "quiet": Out(1),
                **({"soon": Out(1), "held": Out(1), "unready": In(2)} if config.dynamic_depth else {}),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        have = Signal()
        request = Signal(request_layout(self.config), reset_less=True)
        self.done, self.free = (
            Signal(name="done"),
            Signal(name="free", init=1),
        )  # the bit ends here; the request does, or there is none
        self.go, self.step, self.restart = (Signal(name=name) for name in ("go", "step", "restart"))
        bit, more, others = self._scan(m, request)
        m.d.comb += [
            self.go.eq(~(self.op_valid & self.stall)),
            self.step.eq(self.go & have),
            self.restart.eq(self.step & self.done & more),
            self.i.ready.eq(self.go & self.free),
            self.taken.eq(self._spikes(self.step & self.done & ~request.is_event)),
            self.quiet.eq(~have & ~self.op_valid),
        ]
        if self.config.dynamic_depth:
            self._hold(m, request, have)
        last, ends = self._count(m, request)
        self._foresee(m, request, ends, more, others)
        pointers = {unit: self._pointers(m, request, last, unit) for unit in ("acc", "weight")}
        with m.If(self.i.ready):
            m.d.sync += have.eq(self.i.valid)
            with m.If(self.i.valid):
                m.d.sync += request.eq(self.i.payload)
        with m.If(self.go):
            m.d.sync += self.op_valid.eq(have)
            with m.If(have):
                self._send(m, request, bit, pointers)
        return m

    def _spikes(self, ends: Value) -> Value:
        """How many set bits have been walked; `ends`: their last op is sent."""
        if self.config.spikes_per_cycle == 1:
            return ends
        return Value.cast(Cat(ends & ~self.partner.both, ends & self.partner.both))

    def _hold(self, m: Module, request: Signal, have: Signal) -> None:
        """A register, because all of the walker waits for it. A bank becomes unready long before the first op that has to wait
        for it."""
        waiting, coming = (
            Mux(bank, self.unready[1], self.unready[0]) for bank in (self.op.bank, request.bank)
        )
        m.d.comb += self.soon.eq(Mux(self.held, ~waiting, have & ~self.again))
        m.d.sync += self.op.again.eq(self.again & self.op_valid & self.go)
        m.d.sync += self.held.eq(self.held & waiting)
        with m.If(self.go):
            m.d.sync += self.held.eq(have & request.dynamic & ~request.is_event & coming)

    def _foresee(self, m: Module, request: Signal, ends: Value, more: Signal, others: Signal) -> None:
        """Whether the next op ends its bit, and its request: registers, because all of the next request
        waits for them."""
        incoming = self.i.payload
        with m.If(self.i.ready):
            m.d.sync += [
                self.done.eq(incoming.once),
                self.free.eq(~self.i.valid | (incoming.once & ~incoming.more)),
            ]
        with m.Elif(self.restart):
            m.d.sync += [self.done.eq(request.once), self.free.eq(request.once & ~others)]
        with m.Elif(self.step):
            m.d.sync += [self.done.eq(ends), self.free.eq(ends & ~more)]
        if self.config.dynamic_depth:
            with m.If(self.i.ready | self.restart):
                m.d.sync += self.again.eq(~self.i.ready & request.once)

    def _scan(self, m: Module, request: Signal) -> tuple[Signal, Signal, Signal]:
        """The bit under way, whether others come, and whether others come after those; the next one
        is always known."""
        incoming = self.i.payload
        remaining = Signal(self.config.lanes, reset_less=True)
        bit = Signal.like(request.bit)
        more = Signal()
        following, rest = self._lowest(m, request, remaining)
        others = Signal()
        m.d.comb += others.eq(rest != 0)
        with m.If(self.i.ready):
            m.d.sync += [bit.eq(incoming.bit), more.eq(incoming.more), remaining.eq(incoming.mask)]
        with m.Elif(self.restart):
            m.d.sync += [bit.eq(following), more.eq(others), remaining.eq(rest)]
        return bit, more, others

    def _lowest(self, m: Module, request: Signal, remaining: Signal) -> tuple[Signal, Signal]:
        """The bit that comes next, and what comes after it; with it the bit beside it, if there is one."""
        if self.config.spikes_per_cycle == 1:
            return lowest(m, remaining, "remaining")
        alone = request.dynamic if self.config.dynamic_depth else Const(0)
        following, second, both, rest = outermost(m, remaining, "remaining", alone=alone)
        with m.If(self.i.ready):
            m.d.sync += [self.partner[name].eq(self.i.payload[name]) for name in second_field(self.config)]
        with m.Elif(self.restart):
            m.d.sync += [self.partner.second.eq(second), self.partner.both.eq(both)]
        return following, rest

    def _send(self, m: Module, request: Signal, bit: Signal, pointers: dict[str, Signal]) -> None:
        m.d.sync += [
            self.op.is_event.eq(request.is_event),
            self.op.event.eq(request.event),
            self.op.bank.eq(request.bank),
            self.op.address.eq(pointers["acc"]),
            self.op.weight_address.eq(pointers["weight"] + bit),
            self.op.lanes.eq(Mux(request.aligned, request.mask, (1 << self.config.lanes) - 1)),
            self.op.shift.eq(request.shift),
            self.op.negate.eq(request.negate),
            *[self.op[name].eq(request[name]) for name in dynamic_field(self.config)],
        ]
        if self.config.spikes_per_cycle == 2:
            second = pointers["weight"] + self.partner.second
            m.d.sync += [self.op.second_address.eq(second), self.op.both.eq(self.partner.both)]
        if self.config.training:
            m.d.sync += [self.op[name].eq(request[name]) for name in verb_fields(self.config)]
            m.d.sync += [self.op.bit.eq(bit), self.op.ends.eq(self.done)]

    def _pointers(self, m: Module, request: Signal, last: dict[str, Signal], unit: str) -> Signal:
        """The current pointer; beside it where the current column and the current row began."""
        now, column, row = (
            Signal.like(request[unit], name=f"{unit}_{name}", reset_less=True)
            for name in ("now", "column_start", "row_start")
        )
        base = Mux(~last["group"], now, Mux(~last["column"], column, row))
        step = Mux(
            ~last["group"],
            request[f"{unit}_group"],
            Mux(~last["column"], request[f"{unit}_column"], request[f"{unit}_row"]),
        )
        following = Signal.like(now, name=f"{unit}_next")
        m.d.comb += following.eq(base + step)
        with m.If(self.i.ready | self.restart):
            start = Mux(self.i.ready, self.i.payload[unit], request[unit])
            m.d.sync += [register.eq(start) for register in (now, column, row)]
        with m.Elif(self.step):
            m.d.sync += now.eq(following)
            with m.If(last["group"]):
                m.d.sync += column.eq(following)
                with m.If(last["column"]):
                    m.d.sync += row.eq(following)
        return now

    def _count(self, m: Module, request: Signal) -> tuple[dict[str, Signal], Value]:
        """Counters run down from the request's counts and start again by themselves. Returns the
        `last` flags, known a cycle ahead, and whether all of them will be set after this step."""
        last, following, inner = {}, {}, Const(1)
        for name in LEVELS:
            last[name], following[name], only = (
                Signal(name=f"{flag}_{name}") for flag in ("last", "following", "only")
            )
            incoming, total = self.i.payload[f"{name}s"], request[f"{name}s"]
            count = Signal.like(total, name=f"{name}s_left", reset_less=True)
            turn = Mux(last[name], only, count == 2)
            m.d.comb += following[name].eq(Mux(inner, turn, last[name]))
            with m.If(self.i.ready):
                m.d.sync += [count.eq(incoming), last[name].eq(incoming == 1), only.eq(incoming == 1)]
            with m.Elif(self.step):
                m.d.sync += last[name].eq(following[name])
                with m.If(inner):
                    m.d.sync += count.eq(Mux(last[name], total, count - 1))
            inner = inner & last[name]
        return last, Cat(*following.values()).all()
