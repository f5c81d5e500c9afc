"""The bridge between host link and mesh, packet by packet: what stays its own, who waits, and what
its counters say."""

from typing import Any

from amaranth.sim import Simulator

from spikeplane.config import ChipConfig
from spikeplane.formats.packet import Control, Counter, Kind, packet_format
from spikeplane_gateware.link.bridge import Bridge

CONFIG = ChipConfig(rows=2, cols=2, lanes=8)
FORM = packet_format(CONFIG)
CORES = (0, 0, 1, 1)


class Bench:
    """A bridge, packets (with idle cycles before each) into its two inputs, what came out of its
    outputs, and when each went in."""

    def __init__(self) -> None:
        self.dut: Any = Bridge(CONFIG)
        self.host: list[tuple[int, int]] = []
        self.mesh: list[tuple[int, int]] = []
        self.to_host: list[int] = []
        self.to_mesh: list[int] = []
        self.taken: dict[str, list[int]] = {"host_i": [], "mesh_i": []}

    def run(self, cycles: int, *, host_reads: int = 0, mesh_reads: int = 0) -> None:
        """`host_reads`, `mesh_reads`: the cycle from which on they read."""
        dut, now = self.dut, 0
        queues = {"host_i": [*self.host], "mesh_i": [*self.mesh]}
        outputs = (("host_o", self.to_host, host_reads), ("mesh_o", self.to_mesh, mesh_reads))

        async def bench(ctx: Any) -> None:
            nonlocal now
            ctx.set(dut.link_errors, 77)
            waits = {name: queue[0][0] if queue else 0 for name, queue in queues.items()}
            for now in range(cycles):
                for name, queue in queues.items():
                    port, offered = getattr(dut, name), bool(queue) and waits[name] <= 0
                    waits[name] -= 1
                    ctx.set(port.valid, offered)
                    if offered:
                        ctx.set(port.payload.as_value(), queue[0][1])
                for name, _, first in outputs:
                    ctx.set(getattr(dut, name).ready, now >= first)
                flags = [getattr(dut, name) for name in ("host_i", "mesh_i", "host_o", "mesh_o")]
                _, _, *seen = await ctx.tick().sample(
                    *[s for p in flags for s in (p.valid, p.ready, p.payload.as_value())]
                )
                for name, (valid, ready) in zip(queues, (seen[0:2], seen[3:5]), strict=True):
                    if valid and ready:
                        queues[name].pop(0)
                        self.taken[name].append(now)
                        waits[name] = queues[name][0][0] if queues[name] else 0
                for (_, got, _), (valid, ready, payload) in zip(
                    outputs, (seen[6:9], seen[9:12]), strict=True
                ):
                    if valid and ready:
                        got.append(payload)

        simulator = Simulator(dut)
        simulator.add_clock(1e-6)
        simulator.add_testbench(bench)
        simulator.run()

    @property
    def replies(self) -> list[tuple[int, int]]:
        """(counter, value) of the replies that reached the host."""
        found = [FORM.unpack(packet) for packet in self.to_host]
        return [
            (fields["counter"], fields["value"])
            for kind, fields in found
            if kind == Kind.REPLY and fields["host"]
        ]


def own(op: Control, arg: int = 0) -> int:
    return FORM.pack(Kind.CONTROL, (0, 0, 0, 0), 1, op=op, arg=arg)


def control(op: Control) -> int:
    return FORM.pack(Kind.CONTROL, CORES, 0, op=op)


def spike(number: int) -> int:
    return FORM.pack(Kind.SPIKE, CORES, 0, tag=number, mask=1)


def credit(parity: int) -> int:
    return FORM.pack(Kind.CREDIT, (0, 0, 0, 0), 1, tag=0, parity=parity)


def token(slot: int, x: int, y: int, parity: int) -> int:
    fields = {"tag": 3, "parity": parity, "source_x": x, "source_y": y, "source_slot": slot}
    return FORM.pack(Kind.TOKEN, (0, 0, 0, 0), 1, **fields)


def test_own_packets_and_credits_go_no_further() -> None:
    bench = Bench()
    bench.host = [(0, own(Control.CREDITS, 1)), (0, spike(1)), (0, own(Control.BARRIER, 0)), (0, spike(2))]
    bench.mesh = [(20, credit(0)), (0, spike(7)), (0, credit(1)), (0, spike(8))]
    bench.run(60)
    assert bench.to_mesh == [spike(1), spike(2)]
    assert bench.to_host == [spike(7), spike(8)]


def test_a_barrier_waits_for_its_own_parity_and_credits_starts_again() -> None:
    bench = Bench()
    barriers = [(0, own(Control.BARRIER, 0)), (0, own(Control.BARRIER, 1)), (0, own(Control.BARRIER, 0))]
    bench.host = [
        (0, own(Control.CREDITS, 2)),
        *barriers,
        (0, own(Control.CREDITS, 2)),
        *barriers[:2],
        (0, spike(1)),
    ]
    bench.mesh = [(40, credit(1)), (0, credit(1)), (20, credit(0)), (20, credit(0))]
    bench.run(140)
    first, second, third = bench.taken["host_i"][1:4]
    assert second - first <= 2  # each parity has its credits in hand
    last = bench.taken["mesh_i"][3]
    assert last <= third <= last + 2
    assert bench.taken["host_i"][7] <= third + 8  # CREDITS gave both parities theirs again
    assert bench.to_mesh == [spike(1)]


def test_questions_wait_for_their_answers_and_no_packet_is_lost_beside_them() -> None:
    bench = Bench()
    bench.host = [
        (0, own(Control.QUERY, counter))
        for counter in (Counter.LINK_ERRORS, Counter.DIGEST_LOW, Counter.DIGEST_HIGH)
    ]
    bench.mesh = [(0, spike(n)) for n in range(10)]
    bench.run(100, host_reads=30)
    digest = int(CONFIG.digest, 16)
    expected = [
        (Counter.LINK_ERRORS, 77),
        (Counter.DIGEST_LOW, digest & 0xFFFFFFFF),
        (Counter.DIGEST_HIGH, digest >> 32),
    ]
    assert bench.replies == expected
    assert [packet for packet in bench.to_host if FORM.unpack(packet)[0] == Kind.SPIKE] == [
        spike(n) for n in range(10)
    ]


def test_tokens_go_on_and_their_credits_go_back_before_the_hosts_packets() -> None:
    bench = Bench()
    tokens = [(n, n & 1, n >> 1, n & 1) for n in range(4)]
    bench.mesh = [(0, token(*one)) for one in tokens]
    bench.host = [(0, spike(n)) for n in range(6)]
    bench.run(100, mesh_reads=20)
    assert bench.to_host == [token(*one) for one in tokens]
    back = [FORM.unpack(packet)[1] for packet in bench.to_mesh if FORM.unpack(packet)[0] == Kind.CREDIT]
    seen = [(f["tag"], f["x0"], f["y0"], f["parity"], f["x1"], f["y1"]) for f in back]
    assert seen == [(slot, x, y, parity, x, y) for slot, x, y, parity in tokens]
    assert [packet for packet in bench.to_mesh if FORM.unpack(packet)[0] == Kind.SPIKE] == [
        spike(n) for n in range(6)
    ]


def test_the_clock_of_a_run_goes_from_the_first_barrier_to_the_last_packet_that_is_no_reply() -> None:
    bench = Bench()
    ask = [
        (0, own(Control.QUERY, c))
        for c in (Counter.CHIP_CYCLES, Counter.RUN_STARTED, Counter.RUN_ENDED, Counter.CHIP_CYCLES)
    ]
    bench.host = [
        (10, own(Control.STOP)),
        (3, own(Control.CREDITS, 0)),
        (0, control(Control.START)),
        (5, own(Control.BARRIER, 0)),
        (20, own(Control.BARRIER, 1)),
        *[(60, ask[0][1]), *ask[1:]],
    ]
    bench.mesh = [(60, spike(1)), (7, FORM.pack(Kind.REPLY, (0, 0, 0, 0), 1, counter=1, value=5))]
    bench.run(200)
    stop, _, _, barrier, _, asked, *_, again = bench.taken["host_i"]
    values = [value for counter, value in bench.replies if value != 5]
    assert values[0] == asked - stop - 1
    assert values[1] == barrier - stop - 1
    assert values[2] == bench.taken["mesh_i"][0] - stop - 1
    assert values[3] - values[0] == again - asked
