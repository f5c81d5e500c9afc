"""Runs one component of a core in Amaranth's simulator: a testbench coroutine drives its ports, a
cycle a tick."""

from collections.abc import Awaitable, Callable
from typing import Any

from amaranth.sim import Simulator

from spikeplane.config import ChipConfig
from spikeplane.formats.narrow_tables import SHARED
from spikeplane.formats.packet import CHUNK_BITS, Kind, packet_format
from spikeplane.formats.tables import AnyMemory, core_tables

#: A small core; every test of a component is about its rules, not its size.
CORE = ChipConfig(
    rows=1, cols=2, lanes=8, weight_bits=8, acc_bits=18, membrane_bits=16, weight_depth=64, acc_depth=64, membrane_depth=64,
    parameter_depth=64, populations=4, projections=16, row_depth=16, column_depth=16, group_depth=16, egress_depth=16, coord_bits=4,
    group_bits=4, max_shift=7,
)  # fmt: skip
FORM = packet_format(CORE)


def simulate(
    component: Any,
    bench: Callable[[Any], Awaitable[None]],
    beside: Callable[[Any], Awaitable[None]] | None = None,
) -> None:
    """Run `bench(ctx)` to its end, and `beside`, if there is one, as long as it runs."""
    simulator = Simulator(component)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    if beside:
        simulator.add_testbench(beside, background=True)
    simulator.run()


def on_bus(config: ChipConfig, memory: AnyMemory, word: int) -> int:
    """The word as the loader shows it: with `narrow_tables` its first chunk in the places of those behind it, which there are."""
    chunks = core_tables(config).chunks(memory)
    again = range(chunks, len(SHARED)) if config.narrow_tables else ()
    return word | sum((word & (1 << CHUNK_BITS) - 1) << CHUNK_BITS * n for n in again)


async def give(ctx: Any, port: Any, kind: Kind, limit: int = 200, **fields: Any) -> None:
    """Offer one packet until it is taken; AssertionError if it is not within `limit` cycles."""
    ctx.set(port.payload.as_value(), FORM.pack(kind, **fields))
    ctx.set(port.valid, 1)
    for _ in range(limit):
        ready = ctx.get(port.ready)
        await ctx.tick()
        if ready:
            ctx.set(port.valid, 0)
            return
    raise AssertionError(f"a {kind.name} packet is not taken")


async def pulse(ctx: Any, signal: Any) -> None:
    """One cycle high."""
    ctx.set(signal, 1)
    await ctx.tick()
    ctx.set(signal, 0)
