"""Latencies that estimates count with, measured in the gateware."""

# Amaranth types slices of signals as slices of pins:
# pyright: reportArgumentType=false, reportAttributeAccessIssue=false

from dataclasses import replace
from typing import Any

import pytest
from core_unit import CORE, FORM, pulse, simulate

from spikeplane.formats import structure
from spikeplane.formats.narrow_tables import parameter_cycles
from spikeplane.formats.packet import Kind
from spikeplane.formats.tables import Memory, core_tables
from spikeplane_gateware.core.soma.schedule import Schedule
from spikeplane_gateware.core.soma.sweep.fused_parameters import FusedParameters
from spikeplane_gateware.core.soma.sweep.half_parameters import HalfParameters
from spikeplane_gateware.core.soma.sweep.parameters import Parameters
from spikeplane_gateware.core.synapses.stage import SynapseStage
from spikeplane_gateware.network.fifo import StreamFifo
from spikeplane_gateware.network.router import Router
from spikeplane_gateware.structs import packet_struct

TABLES = core_tables(CORE)


async def cycles_until(ctx: Any, signal: Any, most: int = 100) -> int:
    """Cycles until it is 1, from this one on."""
    for cycle in range(most):
        if ctx.get(signal):
            return cycle
        await ctx.tick()
    raise AssertionError(f"{signal} stays 0")


async def offer(ctx: Any, port: Any, kind: Kind, **fields: int) -> None:
    """One packet in one cycle; the next cycle has begun when it returns."""
    ctx.set(port.payload.as_value(), FORM.pack(kind, **fields))
    ctx.set(port.valid, 1)
    assert ctx.get(port.ready)
    await ctx.tick()
    ctx.set(port.valid, 0)


def test_a_hop() -> None:
    dut: Any = Router(CORE)
    found = []

    async def bench(ctx: Any) -> None:
        ctx.set(dut.o_local.ready, 1)
        await offer(ctx, dut.i_west, Kind.TOKEN)
        found.append(1 + await cycles_until(ctx, dut.o_local.valid))

    simulate(dut, bench)
    assert found == [structure.HOP]


def test_the_synapse_stage() -> None:
    """A token, through the FIFO at the core's entry and the stage."""
    dut: Any = SynapseStage(CORE)
    fifo: Any = StreamFifo(packet_struct(CORE))
    found = []

    async def stage(ctx: Any) -> None:
        word = TABLES.projection.pack(valid=1, slot=1)
        for name, value in {"memory": Memory.PROJECTION, "address": 3, "data": word, "valid": 1}.items():
            ctx.set(getattr(dut.write, name), value)
        await ctx.tick()
        ctx.set(dut.write.valid, 0)
        await ctx.tick()
        await offer(ctx, dut.i, Kind.TOKEN, tag=3)
        found.append(1 + await cycles_until(ctx, dut.event_valid))

    async def entry(ctx: Any) -> None:
        await offer(ctx, fifo.i, Kind.TOKEN)
        found.append(1 + await cycles_until(ctx, fifo.o.valid))

    simulate(dut, stage)
    simulate(fifo, entry)
    assert sum(found) == structure.STAGE


def test_from_the_last_event_to_a_job() -> None:
    dut: Any = Schedule(CORE)
    found = []

    async def bench(ctx: Any) -> None:
        for address in range(TABLES.depth(Memory.SCHEDULE)):
            ready = address >> 2 == 1 and address & 2  # slot 1 waits for a token alone
            word = TABLES.schedule.pack(left=1, expected=1, ready=int(bool(ready)))
            for name, value in {"memory": Memory.SCHEDULE, "address": address, "data": word}.items():
                ctx.set(getattr(dut.write, name), value)
            ctx.set(dut.write.valid, 1)
            await ctx.tick()
        ctx.set(dut.write.valid, 0)
        ctx.set(dut.running, 1)
        ctx.set(dut.idle, 1)
        ctx.set(dut.job.ready, 1)
        await pulse(ctx, dut.start)
        await ctx.tick().repeat(20 * CORE.populations)
        assert not ctx.get(dut.initialising)
        for name, value in {"slot": 1, "credit": 0, "parity": 0, "last": 0}.items():
            ctx.set(dut.event[name], value)
        await pulse(ctx, dut.event_valid)
        found.append(1 + await cycles_until(ctx, dut.job.valid))
        assert ctx.get(dut.job.payload.slot) == 1

    simulate(dut, bench)
    assert found == [structure.READY]


@pytest.mark.parametrize("leaks", [False, True])
@pytest.mark.parametrize("narrow", [False, True])
@pytest.mark.parametrize("fused", [False, True])
def test_a_groups_parameters(narrow: bool, leaks: bool, fused: bool) -> None:
    config = replace(CORE, narrow_tables=narrow, leak_multiplier=leaks, fused=fused)
    dut: Any = (FusedParameters if fused else HalfParameters if narrow else Parameters)(config)
    found = []

    async def bench(ctx: Any) -> None:
        ctx.set(dut.fetches, 1)
        for _ in range(3):
            found.append(1 + await cycles_until(ctx, dut.ready))
            await ctx.tick()

    simulate(dut, bench)
    assert found == [parameter_cycles(config)] * 3
    assert narrow == (found[0] > structure.PARAMETERS)


@pytest.mark.parametrize("name", ["HOP", "STAGE", "WORD", "PARAMETERS", "READY", "SWEEP_LATENCY"])
def test_they_are_few_cycles(name: str) -> None:
    assert 0 < getattr(structure, name) < 30
