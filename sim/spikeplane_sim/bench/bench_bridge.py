"""Bench of the host bridge: packets, barriers, credits and token returns in both directions, under
stalls on all four sides."""

import random
from typing import Any

import cocotb

from spikeplane.config import ARCHITECTURE
from spikeplane.formats.packet import Control, Counter, Kind, packet_format
from spikeplane_sim.bench.designs import design
from spikeplane_sim.bench.streams import Ends, Stall

CONFIG = design("bridge").config
FORM = packet_format(CONFIG)


def control(op: Control, arg: int = 0) -> int:
    """A CONTROL packet."""
    return FORM.pack(Kind.CONTROL, host=1, op=op, arg=arg)


def credit(parity: int) -> int:
    """A CREDIT packet."""
    return FORM.pack(Kind.CREDIT, host=1, parity=parity)


def token(number: int) -> int:
    """A TOKEN packet."""
    return FORM.pack(
        Kind.TOKEN,
        host=1,
        source_x=random.randrange(2),
        source_y=random.randrange(2),
        source_slot=random.randrange(8),
        tag=number % 32,
        parity=random.randrange(2),
    )


def returned(word: int) -> int:
    """The credit that goes back for a token."""
    _, f = FORM.unpack(word)
    x, y = f["source_x"], f["source_y"]
    return FORM.pack(Kind.CREDIT, (x, y, x, y), tag=f["source_slot"], parity=f["parity"])


class Bench:
    """The bridge's four ends; `mesh_in` and `mesh_out` know when what moved."""

    def __init__(self, dut: Any, stalling: bool) -> None:
        self.ends = Ends(dut)
        stall = lambda: Stall(never=not stalling)  # noqa: E731
        dut.link_errors.value = 77
        self.host_in, self.mesh_in = self.ends.source("host_i", stall()), self.ends.source("mesh_i", stall())
        self.host_out, self.mesh_out = self.ends.sink("host_o", stall()), self.ends.sink("mesh_o", stall())


@cocotb.test()
@cocotb.parametrize(stalling=[True, False])
async def packets_pass_and_tokens_return_credits(dut: Any, stalling: bool) -> None:
    """Random packets both ways: all pass in order, and each token to the host returns one credit."""
    bench = Bench(dut, stalling)
    await bench.ends.start()
    down = [FORM.pack(Kind.WRITE, (0, 0, 1, 1), data=n) for n in range(400)]
    bench.host_in.queue.extend(down)
    up = [
        token(n) if random.random() < 0.4 else FORM.pack(Kind.SPIKE, host=1, mask=n % 255 + 1, x=n % 64)
        for n in range(400)
    ]
    mixed = [word for packet in up for word in ([credit(0)] * (random.random() < 0.3) + [packet])]
    bench.mesh_in.queue.extend(mixed)
    tokens = [word for word in up if FORM.unpack(word)[0] == Kind.TOKEN]
    total = len(down) + len(tokens)
    done = lambda: len(bench.mesh_out.got) >= total and len(bench.host_out.got) >= len(up)  # noqa: E731
    await bench.ends.until(done, 60_000, "all packets")
    await bench.ends.run(50)
    assert bench.host_out.got == up
    assert [word for word in bench.mesh_out.got if FORM.unpack(word)[0] == Kind.CREDIT] == [
        returned(t) for t in tokens
    ]
    assert [word for word in bench.mesh_out.got if FORM.unpack(word)[0] != Kind.CREDIT] == down


@cocotb.test()
@cocotb.parametrize(stalling=[True, False], expected=[1, 3])
async def a_barrier_waits_for_the_credits_of_its_parity(dut: Any, stalling: bool, expected: int) -> None:
    """Packets carry the number of barriers in front of them; none may come out before the credits
    of all of those are in."""
    bench = Bench(dut, stalling)
    await bench.ends.start()
    bench.host_in.queue.append(control(Control.CREDITS, expected))
    await bench.ends.until(lambda: not bench.host_in.queue, 2000, "CREDITS taken")
    steps, credits = 40, {0: 0, 1: 0}  # credits handed to the bridge so far
    for step in range(steps):
        bench.host_in.queue.append(control(Control.BARRIER, step % 2))
        bench.host_in.queue.extend(FORM.pack(Kind.WRITE, data=step) for _ in range(random.randint(1, 4)))
    order: list[int] = []

    def check(word: int) -> None:
        step = FORM.unpack(word)[1]["data"]
        # the first barrier of each parity finds its credits there
        parity, needed = step % 2, (step // 2) * expected
        assert credits[parity] >= needed, (
            f"step {step} was let through with {credits[parity]} of {needed} credits"
        )
        order.append(step)

    bench.mesh_out.on_word = check
    while not order or order[-1] < steps - 1 or bench.host_in.queue:
        assert bench.ends.cycles < 100_000, f"stuck at step {order[-1:]}"
        if not bench.mesh_in.queue and random.random() < 0.1:
            parity = random.randrange(2)
            if credits[parity] < expected * (steps // 2 + 1):
                credits[parity] += 1
                bench.mesh_in.queue.append(credit(parity))
        await bench.ends.cycle()
    assert order == sorted(order)


@cocotb.test()
async def a_missing_credit_holds_the_barrier(dut: Any) -> None:
    """One credit too few, for ever; the other parity's do not help."""
    bench = Bench(dut, False)
    await bench.ends.start()
    bench.host_in.queue.extend(
        [control(Control.CREDITS, 2), control(Control.BARRIER, 0), control(Control.BARRIER, 0)]
    )
    bench.host_in.queue.append(FORM.pack(Kind.WRITE, data=1))
    await bench.ends.run(10)  # CREDITS is for an idle chip
    bench.mesh_in.queue.extend([credit(0), credit(1), credit(1), credit(1)])
    await bench.ends.run(500)
    assert not bench.mesh_out.got
    bench.mesh_in.queue.append(credit(0))
    await bench.ends.run(20)
    assert len(bench.mesh_out.got) == 1


@cocotb.test()
async def a_host_that_does_not_read_stops_tokens_but_not_credits(dut: Any) -> None:
    """Credits that come meanwhile are taken."""
    bench = Bench(dut, False)
    bench.host_out.blocked = True
    await bench.ends.start()
    bench.host_in.queue.append(control(Control.CREDITS, 1))
    bench.mesh_in.queue.extend([credit(0)] * 10 + [token(n) for n in range(20)])
    await bench.ends.run(300)
    assert bench.mesh_in.taken == 11  # every credit, and the token that waits in the output register
    assert len(bench.mesh_out.got) == 1
    bench.host_out.blocked = False
    await bench.ends.run(300)
    assert (len(bench.host_out.got), len(bench.mesh_out.got)) == (20, 20)


@cocotb.test()
@cocotb.parametrize(stalling=[True, False])
async def queries_are_answered_between_other_packets(dut: Any, stalling: bool) -> None:
    """Every answer is whole and in the order of the questions."""
    bench = Bench(dut, stalling)
    await bench.ends.start()
    digest = int(CONFIG.digest, 16)
    known = {
        Counter.IDENTITY: 0x5350 << 16 | ARCHITECTURE,
        Counter.DIGEST_LOW: digest & 0xFFFFFFFF,
        Counter.DIGEST_HIGH: digest >> 32,
        Counter.LINK_ERRORS: 77,
    }
    asked = random.choices(list(known), k=60)
    for counter in asked:
        bench.host_in.queue.extend(
            [control(Control.QUERY, counter), *[FORM.pack(Kind.WRITE, data=1)] * random.randint(0, 2)]
        )
    spikes = [FORM.pack(Kind.SPIKE, host=1, mask=n % 255 + 1) for n in range(200)]
    bench.mesh_in.queue.extend(spikes)
    await bench.ends.until(lambda: len(bench.host_out.got) >= 260, 30_000, "replies and spikes")
    replies = [FORM.unpack(word) for word in bench.host_out.got]
    answers = [(fields["counter"], fields["value"]) for kind, fields in replies if kind == Kind.REPLY]
    assert answers == [(counter, known[counter]) for counter in asked]
    assert [
        word for word, (kind, _) in zip(bench.host_out.got, replies, strict=True) if kind == Kind.SPIKE
    ] == spikes
