"""The blocks of a camera lane, one by one, in Amaranth's simulator; and a whole small pipeline there."""

import random
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from amaranth.hdl import Module, Signal
from amaranth.sim import Simulator

from spikeplane.camera.config import HALVINGS, CameraConfig
from spikeplane_gateware.units.camera import pending
from spikeplane_gateware.units.camera.divide import divide, divide_latency
from spikeplane_gateware.units.camera.pipeline import Pipeline
from spikeplane_gateware.units.camera.state import SEGMENT_BITS, pack, unpack
from spikeplane_gateware.units.camera.window import count_latency, count_spikes
from spikeplane_sim.golden.camera import Reconstruction


def simulate(m, inputs, outputs, rows, latency):
    """Feed one row a cycle; the outputs of each, `latency` cycles later."""
    found = []

    async def bench(ctx):
        for i in range(len(rows) + latency):
            if i >= latency:
                found.append(tuple(ctx.get(o) for o in outputs))
            for signal, value in zip(inputs, rows[min(i, len(rows) - 1)], strict=True):
                ctx.set(signal, value)
            await ctx.tick()

    simulator = Simulator(m)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
    return found


def segments():
    """Every kind of segment: limits of the counts by the smaller interval."""
    for low, (below, limit) in zip((1, *(b for b, _ in HALVINGS)), HALVINGS, strict=False):
        for lo in {low, (low + below) // 2, below - 1}:
            for n in {1, limit // 2, limit - 1}:
                yield from ((lo, n, m) for m in {0, n // 2, n})


@pytest.mark.parametrize("bits", [8, 12])
def test_divide(bits):
    m, count, total = Module(), Signal(7), Signal(10)
    scale = 255 << (bits - 8)
    value = divide(m, count, total, scale, bits)
    rng = random.Random(1)
    ratios = {(n, n * lo + more) for lo, n, more in segments()} | {(1, t) for t in range(1, 257)} | {(0, 1)}
    ratios |= {(min(t, rng.randrange(128)), t) for t in (rng.randrange(1, 1024) for _ in range(1000))}
    rows = sorted(ratios)
    found = simulate(m, [count, total], [value], rows, divide_latency(bits))
    assert [v for (v,) in found] == [(scale * n + t // 2) // t for n, t in rows]


def test_segments_survive_packing():
    m, packed = Module(), Signal(SEGMENT_BITS)
    p = SimpleNamespace(lo=Signal(8), n=Signal(7), m=Signal(7))
    m.d.sync += packed.eq(pack(m, p))
    out = unpack(packed)
    rows = [(0, 0, 0), *segments()]
    assert simulate(m, [p.lo, p.n, p.m], [out.lo, out.n, out.m], rows, 1) == rows


@pytest.mark.parametrize("lookahead", [1, 5, 16, 64])
def test_pending_spikes(lookahead):
    m, v = Module(), Signal(lookahead + 1)
    found = pending.find(m, "found", v)
    rest = pending.without(Signal(lookahead + 1, init=(2 << lookahead) - 1), found)
    rng = random.Random(2)
    rows = [(0,), ((2 << lookahead) - 1,)] + [(1 << i,) for i in range(lookahead + 1)]
    rows += [(rng.getrandbits(lookahead + 1) >> rng.randrange(lookahead + 1),) for _ in range(200)]
    for (bits,), (spike, since, left) in zip(
        rows, simulate(m, [v], [found.spike, found.since, rest], rows, pending.FIND), strict=True
    ):
        assert spike == (bits != 0)
        if bits:
            assert since == bits.bit_length() - 1
            assert left == (2 << lookahead) - 1 & ~(1 << since)


@pytest.mark.parametrize(("window", "lookahead"), [(1, 0), (4, 9), (21, 16), (64, 64)])
def test_window(window, lookahead):
    config = CameraConfig(method="tfp", window=window, lookahead=lookahead)
    m, recent = Module(), Signal(window + config.lag)
    count = count_spikes(m, config, recent)
    rng = random.Random(3)
    rows = [((1 << len(recent)) - 1,), (0,), *((rng.getrandbits(len(recent)),) for _ in range(100))]
    expected = [(bits >> config.lag & (1 << window) - 1).bit_count() for (bits,) in rows]
    assert [c for (c,) in simulate(m, [recent], [count], rows, count_latency(config))] == expected


def test_a_pipeline_without_verilog():
    """Amaranth's simulator runs the same pipeline: its lanes are submodules there."""
    config = CameraConfig(width=8, height=4, pixels=2, method="ssr", lookahead=5)
    planes = (np.random.default_rng(4).random((24, 4, 8)) < np.linspace(0, 1, 32).reshape(4, 8)).astype(
        np.uint8
    )
    m = Module()
    pipeline: Any = Pipeline(config)
    m.submodules.pipeline = pipeline
    rows = [(1, int(a) | int(b) << 1) for a, b in planes.reshape(-1, 2)]
    ports = [
        pipeline.image_valid,
        pipeline.image,
        pipeline.image_number,
        pipeline.image_first,
        pipeline.image_last,
    ]
    found = [
        row[1:]
        for row in simulate(m, [pipeline.valid, pipeline.plane], ports, rows, pipeline.latency)
        if row[0]
    ]
    images = [image.numpy() for image in Reconstruction(config).images(planes)]
    expected = []
    for number, image in enumerate(images):
        for word, (a, b) in enumerate(image.reshape(-1, 2)):
            expected.append((int(a) | int(b) << 8, number, word == 0, word == 15))
    assert found == expected
    assert len(expected) == 19 * 16
