"""The walker with a dynamic memory: ops that read a bank's rows wait while that is unready, everything before them goes, and
none is lost, whatever the sweep stalls; the sweep is told a cycle before one of them goes, and not as long as it waits."""

# Amaranth types slices of signals as slices of pins:
# pyright: reportArgumentType=false, reportAttributeAccessIssue=false

import random
from collections import deque
from dataclasses import replace
from typing import Any

from core_unit import CORE, simulate

from spikeplane_gateware.core.synapses.walker import Walker

CONFIG = replace(CORE, dynamic_depth=16, dynamic_bits=4)
LEAST = 12  #: cycles that a bank is unready before the first op that has to wait for it


def request(rng: random.Random, bank: int) -> dict[str, int]:
    """One word for each bit of a mask, or an event."""
    event, mask = rng.random() < 0.2, 1 << rng.randrange(CONFIG.lanes)
    mask |= rng.randrange(1 << CONFIG.lanes) if rng.random() < 0.3 else 0
    first = (mask & -mask).bit_length() - 1
    others = 0 if event else mask & (mask - 1)
    fields = {"is_event": event, "dynamic": rng.random() < 0.6, "bank": bank, "bit": first, "mask": others}
    return fields | {"more": others != 0, "once": 1, "rows": 1, "columns": 1, "groups": 1}


def test_reads_wait_for_their_bank() -> None:
    dut, rng = Walker(CONFIG), random.Random(3)
    expected: deque[tuple[int, ...]] = deque()
    waited = [0, 0]
    passed = 0

    async def bench(ctx: Any) -> None:
        nonlocal passed
        unready, since, offered = [0, 0], [0, 0], None
        told = None  # of an op that was held in the cycle before: what the sweep was told
        for _ in range(6000):
            for bank in range(2):
                mine = any(op[1] and op[2] == bank for op in expected)
                if rng.random() < 0.03 and (unready[bank] or not mine):
                    unready[bank], since[bank] = 1 - unready[bank], 0
                since[bank] += 1
            ctx.set(dut.unready, unready[0] | unready[1] << 1)
            if offered is None and rng.random() < 0.6:
                offered = request(rng, rng.randrange(2))
                late = unready[offered["bank"]] and since[offered["bank"]] < LEAST
                offered = None if late else offered
                for name, value in (offered or {}).items():
                    ctx.set(dut.i.payload[name], value)
            ctx.set(dut.i.valid, offered is not None)
            ctx.set(dut.stall, ctx.get(dut.held) or rng.random() < 0.3)
            held = ctx.get(dut.held)
            if told is not None:
                assert told != held, "the sweep is told when the op goes"
            told = ctx.get(dut.soon) if held else None
            if ctx.get(dut.op_valid):
                op = dut.op
                found = ctx.get(op.is_event), ctx.get(op.dynamic), ctx.get(op.bank)
                reads = found[1] and not found[0]
                if ctx.get(dut.stall):
                    waited[found[2]] += reads and unready[found[2]]
                    assert not ctx.get(dut.held) or reads, "an op that reads no row is held"
                else:
                    assert found == expected.popleft()
                    assert not (reads and unready[found[2]]), "a row is read while it is written"
                    passed += reads and unready[1 - found[2]]
            if offered and ctx.get(dut.i.ready):
                bits = 1 + offered["mask"].bit_count()
                expected.extend([(offered["is_event"], offered["dynamic"], offered["bank"])] * bits)
                offered = None
            await ctx.tick()

    simulate(dut, bench)
    assert min(waited) > 50
    assert passed > 50
