"""The parts of a core that learns as Verilog: linters have nothing to say, and in a simulator of four states, where
registers hold nothing known before reset, what is valid is known and as it is on Verilator."""

import os
import random
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from icarus_rows import outputs
from test_verilog_lint import silent
from training_blocks import NAMES, blocks, parts

from spikeplane import toolchain
from spikeplane.config import ChipConfig
from spikeplane.training import TrainingConfig
from spikeplane_gateware.ram import RAM_VERILOG
from spikeplane_gateware.verilog.convert import convert
from spikeplane_gateware.verilog.waivers import waivers
from spikeplane_sim.bench import icarus
from spikeplane_sim.bench.block import Packed

CYCLES = 60
TILE = ChipConfig(
    rows=1,
    cols=2,
    lanes=8,
    weight_bits=16,
    weight_depth=64,
    acc_depth=32,
    training=TrainingConfig(exact_bits=36),
)


def test_lint(tmp_path: Path) -> None:
    (tmp_path / "part.v").write_text(f"{RAM_VERILOG.read_text()}\n{convert(Packed(parts()), 'part')}")
    (tmp_path / "part.vlt").write_text(waivers("*part.v"))
    command = ["verilator", "--lint-only", "-Wall", "--quiet", "--top-module", "part", "part.vlt", "part.v"]
    environment = {**os.environ, **toolchain.verilator_environment()}
    result = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert result.stdout + result.stderr == ""
    if icarus.available():
        assert icarus.elaborate(tmp_path / "part.v", "part") == ""


@pytest.mark.skipif(not icarus.available(), reason=f"no Icarus Verilog here: {icarus.INSTALL}")
def test_what_is_valid_is_known(tmp_path: Path) -> None:
    """Three cycles without anything first: nothing but valid bits are reset."""
    rng = random.Random(1)
    given = {
        key: np.array([0] * 3 + [rng.getrandbits(width) for _ in range(CYCLES - 3)], object)
        for key, (_, width) in blocks().packed.inputs.items()
    }
    for key in given:
        if key.endswith("valid"):
            given[key][: CYCLES // 2] = 0  # and then half the values are valid
    given["queue.write"][CYCLES // 2 :] = 0
    known = blocks().run(given, CYCLES)
    found = outputs(blocks().packed, given, CYCLES, tmp_path)
    for name in NAMES:
        valid = f"{name}.o.valid" if name == "queue" else f"{name}.out_valid"
        count = 0
        for key in (key for key in found if key.startswith(f"{name}.")):
            for cycle in range(CYCLES):
                if key in (valid, f"{name}.overflow", f"{name}.empty") or known[valid][cycle]:
                    assert int(found[key][cycle], 2) == int(known[key][cycle]), (
                        key,
                        cycle,
                        found[key][cycle],
                    )
                    count += 1
        assert count > CYCLES + 5


@pytest.mark.slow
@pytest.mark.parametrize("gradients", [None, 0, 32])
def test_a_tile_that_learns(tmp_path: Path, gradients: int | None) -> None:
    """Of stored gradients; of streamed ones alone; of both."""
    streams = TrainingConfig(
        exact_bits=36, streamed=True, stream_steps=96, stream_sources=40, gradient_depth=gradients or 0
    )
    silent(tmp_path, TILE if gradients is None else replace(TILE, training=streams), "spikeplane_tile")
