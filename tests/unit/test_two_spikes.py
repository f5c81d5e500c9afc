"""Two spikes a cycle: what chips may have it, which bits of a mask are walked together, and that each is walked once."""

# Amaranth types slices of signals as slices of pins:
# pyright: reportArgumentType=false, reportAttributeAccessIssue=false

import random
from collections import deque
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from amaranth.hdl import Module, Signal
from core_unit import CORE, simulate

from spikeplane.config import ChipConfig, preset
from spikeplane.errors import SpikeplaneError
from spikeplane.estimate.resources import estimate
from spikeplane.estimate.walks import in_pairs
from spikeplane.formats.packet import Kind, packet_format
from spikeplane.formats.tables import Memory, core_tables
from spikeplane_gateware.core.replies import Replies
from spikeplane_gateware.core.synapses.lookup import Lookup
from spikeplane_gateware.core.synapses.scan import outermost
from spikeplane_gateware.core.synapses.walker import Walker
from spikeplane_gateware.ram import DUAL_RAM, DualRam, memory_modules
from spikeplane_hw.boards import BOARDS
from spikeplane_hw.build import design

TINY = preset("tiny")
TWO = replace(CORE, spikes_per_cycle=2)
DYNAMIC = replace(TWO, dynamic_depth=16, dynamic_bits=4)


@pytest.mark.parametrize("value", [0, 3, 2.0, True, "2"])
def test_one_or_two(value: Any) -> None:
    with pytest.raises(SpikeplaneError, match="spikes_per_cycle must be one of 1, 2, not"):
        replace(TINY, spikes_per_cycle=value)


def test_a_chip_that_learns_adds_one() -> None:
    learns = ChipConfig.from_dict({"preset": "tiny", "weight_bits": 16, "training": {}})
    with pytest.raises(
        SpikeplaneError, match="a chip that learns adds one spike a cycle; set spikes_per_cycle = 1, not 2"
    ):
        replace(learns, spikes_per_cycle=2)


def test_block_rams_of_one_read_port_are_refused() -> None:
    chip, message = replace(TINY, spikes_per_cycle=2), "block RAMs of the family ice40 read one word a cycle"
    with pytest.raises(SpikeplaneError, match=message):
        estimate(chip, "ice40")
    with pytest.raises(SpikeplaneError, match=message):
        design(BOARDS["icebreaker"], chip)
    plain, twice = (estimate(one, "ecp5") for one in (TINY, chip))
    assert plain["block RAM"] == twice["block RAM"]
    assert 1 < twice["LUT"].used / plain["LUT"].used < 1.1


def test_a_chip_of_one_is_named_and_worded_as_before() -> None:
    chip = replace(TINY, spikes_per_cycle=2)
    assert "spikes_per_cycle" not in TINY.to_dict()
    assert ChipConfig.from_dict(chip.to_dict()) == chip
    assert chip.digest != TINY.digest
    assert DUAL_RAM not in memory_modules("spikeplane_ram #(")
    assert f"module {DUAL_RAM} " in memory_modules("module a;", f"  {DUAL_RAM} #(")


@pytest.mark.parametrize("lanes", [8, 16, 32])
def test_both_ends_of_a_mask(lanes: int) -> None:
    mask, alone = Signal(lanes), Signal()
    m = Module()
    bit, second, both, rest = outermost(m, mask, "mask", alone=alone)
    rng = random.Random(lanes)

    async def bench(ctx: Any) -> None:
        few = [1 << i | 1 << j for i in range(lanes) for j in (0, i // 2, i, lanes - 1)]
        for word in [0, (1 << lanes) - 1, *few, *(rng.randrange(1 << lanes) for _ in range(40))]:
            for one in (0, 1):
                ctx.set(mask, word)
                ctx.set(alone, one)
                bits = [i for i in range(lanes) if word >> i & 1]
                pair = len(bits) > 1 and not one
                left = bits[1:-1] if pair else bits[1:]
                assert ctx.get(rest) == sum(1 << i for i in left)
                assert ctx.get(both) == pair
                if bits:
                    assert ctx.get(bit) == bits[0]
                if pair:
                    assert ctx.get(second) == bits[-1]
                await ctx.tick()

    m.d.sync += Signal().eq(0)
    simulate(m, bench)


def pairs(bits: list[int], alone: bool) -> list[tuple[int, int | None]]:
    """Which set bits are walked together: the first and the last that are left."""
    found, left = [], list(bits)
    while left:
        first = left.pop(0)
        found.append((first, left.pop() if left and not alone else None))
    return found


def request(rng: random.Random, config: ChipConfig) -> tuple[dict[str, int], list[int]]:
    """A request as the lookup makes it, and its set bits; none of an event's or an aligned one's."""
    event, aligned, dynamic = rng.random() < 0.15, rng.random() < 0.2, rng.random() < 0.4
    dynamic = dynamic and not aligned and config.dynamic_depth > 0
    bits = sorted(rng.sample(range(config.lanes), rng.randrange(1, config.lanes + 1)))
    counts = dict.fromkeys(("rows", "columns", "groups"), 1) if event else {
        name: rng.choice((1, 1, 2, 3)) for name in ("rows", "columns", "groups")
    }  # fmt: skip
    fields = {
        "is_event": event, "aligned": aligned and not event, "bank": rng.randrange(2), "acc": rng.randrange(8),
        "weight": rng.randrange(16), "once": event or max(counts.values()) == 1, "shift": rng.randrange(8),
    }  # fmt: skip
    fields |= counts
    steps = (
        f"{unit}_{name}" for unit in ("acc", "weight") for name in ("row", "column", "group")
    )  # of a few words
    fields |= {name: rng.randrange(1, 4) for name in steps}
    if config.dynamic_depth:
        fields["dynamic"] = dynamic
    mask = sum(1 << one for one in bits)
    if event or aligned:
        return fields | {"mask": mask, "both": 0, "more": 0, "bit": 0}, []
    (first, second), *rest = pairs(bits, dynamic)
    left = sum(1 << one for one in bits if one not in (first, second))
    fields |= {"both": second is not None, "second": second or 0}
    return fields | {"mask": left, "bit": first, "more": left != 0}, bits


def expected(fields: dict[str, int], bits: list[int]) -> list[tuple]:
    """The ops: event, word, weight, the second one's or None."""
    walks = pairs(bits, bool(fields.get("dynamic"))) if bits else [(0, None)]
    found = []
    for first, second in walks:
        for row in range(fields["rows"]):
            for column in range(fields["columns"]):
                for group in range(fields["groups"]):
                    acc, weight = (
                        fields[unit] + row * fields[f"{unit}_row"] + column * fields[f"{unit}_column"]
                        + group * fields[f"{unit}_group"]
                        for unit in ("acc", "weight")
                    )  # fmt: skip
                    other = None if second is None else weight + second
                    found.append((fields["is_event"], acc, weight + first, other))
    return found


@pytest.mark.parametrize("config", [TWO, DYNAMIC], ids=["weights", "rows"])
def test_each_bit_is_walked_once(config: ChipConfig) -> None:
    dut, rng = Walker(config), random.Random(config.dynamic_depth)
    ops: deque[tuple] = deque()
    spikes = [0, 0]
    seen = dict.fromkeys(("both", "alone", "events"), 0)
    left = 0  # ops of the request that is walked

    async def bench(ctx: Any) -> None:
        nonlocal left
        offered: tuple[dict[str, int], list[int]] | None = None
        for _ in range(2500):
            if offered is None and rng.random() < 0.95:
                offered = request(rng, config)
                for name, value in offered[0].items():
                    ctx.set(dut.i.payload[name], value)
            ctx.set(dut.i.valid, offered is not None)
            ctx.set(dut.stall, rng.random() < 0.2)
            spikes[0] += ctx.get(dut.taken)
            if ctx.get(dut.op_valid) and not ctx.get(dut.stall):
                op = dut.op
                second = ctx.get(op.second_address) if ctx.get(op.both) else None
                found = ctx.get(op.is_event), ctx.get(op.address), ctx.get(op.weight_address), second
                left, wanted = ops.popleft()
                assert found == wanted
                seen["events" if found[0] else "alone" if second is None else "both"] += 1
            assert ctx.get(dut.op_valid) or not left, "a gap"
            if offered and ctx.get(dut.i.ready):
                fields, bits = offered
                wanted = expected(fields, bits)
                ops.extend((len(wanted) - 1 - number, op) for number, op in enumerate(wanted))
                spikes[1] += len(bits) or (not fields["is_event"])
                offered = None
            await ctx.tick()
        ctx.set(dut.i.valid, 0)
        ctx.set(dut.stall, 0)
        while ops:
            spikes[0] += ctx.get(dut.taken)
            if ctx.get(dut.op_valid):
                ops.popleft()
            await ctx.tick()

    simulate(dut, bench)
    assert spikes[0] == spikes[1] > 300
    assert min(seen["both"], seen["alone"]) > 200
    assert seen["events"] > 10


def test_the_lookup_finds_the_first_two() -> None:
    """Of a spike into a projection of weights; of an aligned one, of rows and of a token none."""
    dut, form = Lookup(DYNAMIC), packet_format(DYNAMIC)
    tables, rng = core_tables(DYNAMIC), random.Random(4)
    kinds = [{}, {"aligned": 1}, {"dynamic": 1}]

    async def bench(ctx: Any) -> None:
        async def write(memory: Memory, layout: Any, address: int, **fields: int) -> None:
            for name, value in {
                "valid": 1,
                "memory": memory,
                "address": address,
                "data": layout.pack(**fields),
            }.items():
                ctx.set(getattr(dut.write, name), value)
            await ctx.tick()
            ctx.set(dut.write.valid, 0)

        for tag, kind in enumerate(kinds):
            await write(Memory.PROJECTION, tables.projection, tag, valid=1, **kind)
        for memory in (Memory.ROW, Memory.COLUMN, Memory.GROUP):
            await write(memory, tables.coordinate, 0, count=2)
        ctx.set(dut.o.ready, 1)
        for _ in range(60):
            tag, bits = rng.randrange(3), sorted(rng.sample(range(8), rng.randrange(1, 9)))
            event = rng.random() < 0.2
            mask = {} if event else {"mask": sum(1 << one for one in bits)}
            ctx.set(dut.i.payload.as_value(), form.pack(Kind.TOKEN if event else Kind.SPIKE, tag=tag, **mask))
            ctx.set(dut.i.valid, 1)
            await ctx.tick()
            ctx.set(dut.i.valid, 0)
            while not ctx.get(dut.o.valid):
                await ctx.tick()
            out = dut.o.payload
            first, second = pairs(bits, tag == 2)[0]
            pair = second is not None and tag != 1 and not event
            assert ctx.get(out.both) == pair
            if pair:
                assert ctx.get(out.second) == second
            if not event and tag != 1:
                left = sum(1 << one for one in bits if one not in (first, second))
                assert (ctx.get(out.bit), ctx.get(out.mask), ctx.get(out.more)) == (first, left, left != 0)
            await ctx.tick()

    simulate(dut, bench)


def test_a_memory_of_two_ports() -> None:
    dut, rng, words = DualRam(width=12, depth=20), random.Random(1), [0] * 20
    seen = dict.fromkeys(("write", "read", "second"), 0)

    async def bench(ctx: Any) -> None:
        read = second = 0
        for _ in range(600):
            wants = {name: rng.randrange(2) for name in ("read_en", "write_en", "second_en")}
            at, other, word = rng.randrange(20), rng.randrange(20), rng.randrange(1 << 12)
            wants["second_en"] &= not (wants["write_en"] and at == other)
            for name, value in {**wants, "address": at, "second_address": other, "write_data": word}.items():
                ctx.set(getattr(dut, name), value)
            await ctx.tick()
            if wants["second_en"]:
                second = words[other]
            if wants["write_en"]:
                words[at] = word
            elif wants["read_en"]:
                read = words[at]
            assert (ctx.get(dut.read_data), ctx.get(dut.second_data)) == (read, second)
            for name in seen:
                seen[name] += wants[f"{name}_en"]

    simulate(dut, bench)
    assert min(seen.values()) > 100


def test_counters_count_by_two() -> None:
    dut, rng = Replies(TWO), random.Random(2)
    total = [0, 0]

    async def bench(ctx: Any) -> None:
        for _ in range(200):
            for number, name in enumerate(("operation", "spike")):
                amount = rng.choice((0, 1, 2, 2))
                ctx.set(getattr(dut, name), amount)
                total[number] += amount
            await ctx.tick()
        for name in ("operation", "spike"):
            ctx.set(getattr(dut, name), 0)
        for _ in range(8):
            await ctx.tick()
        ctx.set(dut.o.ready, 1)
        for number in range(2):
            ctx.set(dut.query_index, 1 + number)
            ctx.set(dut.query_valid, 1)
            while not ctx.get(dut.query_ready):
                await ctx.tick()
            await ctx.tick()
            ctx.set(dut.query_valid, 0)
            kind, fields = packet_format(TWO).unpack(ctx.get(dut.o.payload.as_value()))
            assert (kind, fields["value"]) == (Kind.REPLY, total[number])
            await ctx.tick()

    simulate(dut, bench)
    assert min(total) > 200


@pytest.mark.parametrize("most", [1, 3, 8, 16, 32])
def test_walks_are_foreseen(most: int) -> None:
    """Against masks drawn at random, a step each; alone and full they are exact."""
    rng = np.random.default_rng(most)
    for rate in (0.02, 0.1, 0.4, 0.9):
        counts = (rng.random((4000, most)) < rate).sum(1)
        spikes, packets = (np.array([value], float) for value in (counts.sum(), np.count_nonzero(counts)))
        found = float(in_pairs(spikes, packets, most)[0])
        assert found == pytest.approx(-(-counts // 2).sum(), rel=0.04)
    ends = in_pairs(np.array([7.0, 7.0 * most, 0.0]), np.array([7.0, 7.0, 0.0]), most)
    assert np.allclose(ends, [7, 7 * -(-most // 2), 0], rtol=1e-3)
