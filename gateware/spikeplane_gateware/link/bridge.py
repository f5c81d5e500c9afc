"""The bridge between the host link and the west edge of tile (0, 0).

```
    host_i --> own packets: barrier, credits, queries     host_o <-- replies
       +-----> the others ----------------> mesh_o          ^
    mesh_i --> CREDIT, READY: counted                       |
       +-----> TOKEN: on to the host, its credit to mesh_o  |
       +-----> the others ----------------------------------+
```
Throughput: a packet a cycle each way; returned credits go first. Latency: 1 cycle. A BARRIER holds the
host's packets until the credits of its parity, or the READYs of a step, are in. A token is passed on only when its credit has a
place to wait (one), so nothing is lost and a host that does not read stops what depends on it.
"""

from typing import Any

from amaranth.hdl import Const, Module, Mux, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from spikeplane.config import ChipConfig
from spikeplane.formats.packet import (
    CHUNK_BITS,
    COUNTER_BITS,
    CREDIT_BITS,
    IDENTITY,
    Control,
    Counter,
    Kind,
    packet_format,
)
from spikeplane.formats.training import BARRIER_READY, TrainingControl, TrainingKind
from spikeplane_gateware.structs import packet_struct, struct


class Bridge(wiring.Component):
    """The bridge of a chip: it stands for the host in the mesh, where it waits for credits and returns
    them, and it answers queries about the chip.

    Parameters: config: the chip; digest: 64 bits that name it (None: those of `config`).

    Attributes: host_i, host_o: packets from and to the host; mesh_i, mesh_o: packets from and to tile
    (0, 0); link_errors: level, the value of the counter of that name.
    """

    def __init__(self, config: ChipConfig, digest: Value | None = None) -> None:
        self.config, self.form = config, packet_format(config)
        self._digest = Const(int(config.digest, 16), 64) if digest is None else digest
        packets = stream.Signature(packet_struct(config))
        streams = {
            "host_i": In(packets),
            "host_o": Out(packets),
            "mesh_i": In(packets),
            "mesh_o": Out(packets),
        }
        super().__init__({**streams, "link_errors": In(CHUNK_BITS)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        self.credit = Signal(packet_struct(self.config))  # the one that waits to go back
        self.credit_waits = Signal()
        self.arrived = Signal()
        self.arrived_parity = Signal()
        self.readied = Signal()
        self.reply = Signal(packet_struct(self.config))
        self.reply_waits = Signal()
        self._from_mesh(m)
        self._from_host(m)
        return m

    def _from_mesh(self, m: Module) -> None:
        """Credits are counted, the rest goes to the host; replies of the bridge itself go first."""
        packet, out = self.mesh_i.payload, self.host_o
        token = Signal(struct(self.form.payloads[Kind.TOKEN]))
        is_credit = Signal()
        is_token = Signal()
        free = Signal()
        m.d.comb += [
            token.eq(packet.payload),
            is_credit.eq(packet.kind == Kind.CREDIT),
            is_token.eq(packet.kind == Kind.TOKEN),
            free.eq(~out.valid | out.ready),
            self.mesh_i.ready.eq(
                Mux(is_credit, 1, free & ~self.reply_waits & ~(is_token & self.credit_waits))
            ),
            self.arrived.eq(self.mesh_i.valid & is_credit),
            self.arrived_parity.eq(token.parity),
        ]
        credit = Signal(struct(self.form.payloads[Kind.CREDIT]))
        if self.config.training:
            with m.If(packet.kind == TrainingKind.READY):
                m.d.comb += [self.readied.eq(self.mesh_i.valid), self.mesh_i.ready.eq(1)]
        m.d.comb += [credit.tag.eq(token.source_slot), credit.parity.eq(token.parity)]
        with m.If(free):
            m.d.sync += out.valid.eq(
                self.reply_waits
                | (self.mesh_i.valid & ~self._consumed(is_credit) & ~(is_token & self.credit_waits))
            )
            m.d.sync += out.payload.eq(Mux(self.reply_waits, self.reply.as_value(), packet.as_value()))
            m.d.sync += self.reply_waits.eq(0)
        with m.If(self.mesh_i.valid & self.mesh_i.ready & is_token):
            m.d.sync += [
                self.credit_waits.eq(1),
                self.credit.kind.eq(Kind.CREDIT),
                self.credit.payload.eq(credit.as_value()),
            ]
            m.d.sync += [self.credit[name].eq(token.source_x) for name in ("x0", "x1")]
            m.d.sync += [self.credit[name].eq(token.source_y) for name in ("y0", "y1")]

    def _consumed(self, is_credit: Value) -> Value:
        """What does not go on to the host."""
        if not self.config.training:
            return is_credit
        return is_credit | (self.mesh_i.payload.kind == TrainingKind.READY)

    def _from_host(self, m: Module) -> None:
        packet, out = self.host_i.payload, self.mesh_o
        control = Signal(struct(self.form.payloads[Kind.CONTROL]))
        free = Signal()
        own = Signal()
        held = Signal()
        m.d.comb += [
            control.eq(packet.payload),
            free.eq(~out.valid | out.ready),
            own.eq(packet.host),
            self.host_i.ready.eq(Mux(own, ~held & ~self.reply_waits, free & ~self.credit_waits)),
        ]
        with m.If(free):
            m.d.sync += out.valid.eq(self.credit_waits | (self.host_i.valid & ~own))
            m.d.sync += out.payload.eq(Mux(self.credit_waits, self.credit.as_value(), packet.as_value()))
            with m.If(self.credit_waits):
                m.d.sync += self.credit_waits.eq(0)
        taken = self.host_i.valid & self.host_i.ready & own
        self._credits(m, control, taken, held)
        if self.config.training:
            self._readies(m, control, taken, held)
        self._query(m, control, taken)

    def _credits(self, m: Module, control: Signal, taken: object, held: Signal) -> None:
        """Credits in hand per parity. Expecting none, a barrier holds nobody."""
        expected = Signal(CREDIT_BITS)
        have = [Signal(CREDIT_BITS, name=f"credits_{parity}") for parity in range(2)]
        barrier = self._barrier(control)
        for parity, count in enumerate(have):
            mine = control.arg[0] == parity
            got = self.arrived & (self.arrived_parity == parity)
            with m.If(mine & barrier):
                m.d.comb += held.eq(count < expected)
            m.d.sync += count.eq(count + got - Mux(taken & barrier & mine, expected, 0))
            with m.If(taken & (control.op == Control.CREDITS)):
                first = 0 if parity and self.config.fused else control.arg  # of step 1 they come from sweeps
                m.d.sync += [count.eq(first), expected.eq(control.arg)]

    def _barrier(self, control: Signal) -> Value:
        """A barrier that waits for credits."""
        if not self.config.training:
            return control.op == Control.BARRIER
        return (control.op == Control.BARRIER) & (control.arg < BARRIER_READY)

    def _readies(self, m: Module, control: Signal, taken: object, held: Signal) -> None:
        """READY packets have a count of their own, and a barrier that waits for as many as a step has."""
        expected, have = Signal(CREDIT_BITS, name="readies_expected"), Signal(CREDIT_BITS, name="readies")
        barrier = (control.op == Control.BARRIER) & (control.arg == BARRIER_READY)
        with m.If(barrier):
            m.d.comb += held.eq(have < expected)
        m.d.sync += have.eq(have + self.readied - Mux(taken & barrier, expected, 0))
        with m.If(taken & (control.op == TrainingControl.READIES)):
            m.d.sync += [have.eq(0), expected.eq(control.arg)]

    def _query(self, m: Module, control: Signal, taken: object) -> None:
        cycles = Signal(CHUNK_BITS)
        started = Signal(CHUNK_BITS)
        ended = Signal(CHUNK_BITS)
        armed = Signal()
        m.d.sync += cycles.eq(cycles + 1)
        packet = self.host_i.payload
        with m.If(
            self.host_i.valid & (packet.kind == Kind.CONTROL) & ~packet.host & (control.op == Control.START)
        ):
            m.d.sync += armed.eq(1)
        with m.Elif(taken & armed & (control.op == Control.BARRIER)):
            m.d.sync += [armed.eq(0), started.eq(cycles)]
        with m.If(self.mesh_i.valid & self.mesh_i.ready & (self.mesh_i.payload.kind <= Kind.CREDIT)):
            m.d.sync += ended.eq(cycles)
        known: dict[int, Any] = {
            Counter.IDENTITY: Const(IDENTITY, CHUNK_BITS),
            Counter.DIGEST_LOW: self._digest[:CHUNK_BITS],
            Counter.DIGEST_HIGH: self._digest[CHUNK_BITS:],
            Counter.CHIP_CYCLES: cycles,
            Counter.RUN_STARTED: started,
            Counter.RUN_ENDED: ended,
            Counter.LINK_ERRORS: self.link_errors,
        }
        reply = Signal(struct(self.form.payloads[Kind.REPLY]))
        m.d.comb += reply.counter.eq(control.arg)
        with m.Switch(control.arg[:COUNTER_BITS]):
            for counter, value in known.items():
                with m.Case(counter):
                    m.d.comb += reply.value.eq(value)
        with m.If(taken & (control.op == Control.QUERY)):
            m.d.sync += [self.reply_waits.eq(1), self.reply.kind.eq(Kind.REPLY), self.reply.host.eq(1)]
            m.d.sync += self.reply.payload.eq(reply.as_value())
        with m.If(taken & (control.op == Control.STOP)):
            m.d.sync += cycles.eq(0)
