"""The testbench that `generate --program --sample` writes: it passes with the golden model's packets in Icarus and
Verilator alike, and fails with others, and with another chip."""

import os
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from chips import probes
from exported import program_of
from networks import random_network
from served import call, planes, program
from test_random import CHIPS

from spikeplane import toolchain
from spikeplane.compiler.fit import try_fit
from spikeplane.errors import SpikeplaneError
from spikeplane.export.testbench import TESTBENCH, bench_files
from spikeplane_gateware.generate import generate
from spikeplane_gateware.manifest import RESET_CYCLES, ports
from spikeplane_sim.board.build import cached_verilog
from spikeplane_sim.golden import GoldenModel

PASS = "PASS: chip {}, {} packets of {} steps are the golden model's, {} cycles"
icarus = pytest.mark.skipif(shutil.which("iverilog") is None, reason="no Icarus Verilog")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("testbench")
    program().save(path / "net.spk")
    np.save(path / "planes.npy", planes(3))
    written = call(
        "generate",
        "--program",
        path / "net.spk",
        "--sample",
        path / "planes.npy",
        "--number",
        2,
        "-o",
        path / "chip",
    )
    assert (written[0], written[2]) == (0, "")
    return path / "chip"


def in_icarus(folder: Path) -> tuple[bool, list[str]]:
    """Whether it ends with status 0, and its lines."""
    command = ["iverilog", "-g2005", "-Wall", "-s", TESTBENCH, "-o", "testbench.vvp", "-c", "spikeplane.f"]
    made = subprocess.run(
        [*command, f"{TESTBENCH}.v"], cwd=folder, capture_output=True, text=True, check=False
    )
    assert (made.returncode, made.stdout + made.stderr) == (0, "")
    done = subprocess.run(
        ["vvp", "-n", "testbench.vvp"], cwd=folder, capture_output=True, text=True, check=False
    )
    return done.returncode == 0, done.stdout.splitlines()


def edited(path: Path, old: str, new: str) -> str:
    """Changes a file, and returns what it was."""
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    return text


@icarus
def test_it_passes(folder):
    passed, lines = in_icarus(folder)
    expected = len((folder / "testbench" / "expected.mem").read_text().splitlines())
    cycles = lines[0].split()[-2]
    assert (passed, lines) == (True, [PASS.format(program().config.digest, expected, 4, cycles)])
    assert expected > 20
    assert int(cycles) > 3000


@icarus
def test_one_wrong_byte_and_it_fails(folder):
    """In a spike, in a token, in the answer of the bridge."""
    path = folder / "testbench" / "expected.mem"
    lines = path.read_text().splitlines()
    for row in (0, 5, len(lines) - 2):
        byte = int(lines[row][-4:-2], 16)
        before = path.read_text()
        path.write_text(
            "\n".join([*lines[:row], f"{lines[row][:-4]}{byte ^ 1:02x}{lines[row][-2:]}", *lines[row + 1 :]])
            + "\n"
        )
        passed, told = in_icarus(folder)
        path.write_text(before)
        assert not passed, row
        assert told[0].endswith("came, which no stream waits for"), told
        assert sum(line.startswith("FAIL: ") for line in told) == 1


@icarus
def test_another_chip_and_it_fails(folder):
    """A threshold that is not compared with; a digest that is another's."""
    neurons = folder / "spikeplane_tile_core_soma_sweep_lanes_neurons.v"
    text = neurons.read_text()
    fault = next(line for line in text.splitlines() if line.startswith("  assign fired = {"))
    before = edited(neurons, fault, "  assign fired = 8'hff;")
    passed, told = in_icarus(folder)
    neurons.write_text(before)
    assert (passed, any(line.startswith("FAIL: ") for line in told)) == (False, True)
    bridge = folder / "spikeplane_chip_host_bridge.v"
    before = edited(bridge, program().config.digest[8:], "00000000")
    passed, told = in_icarus(folder)
    bridge.write_text(before)
    assert (passed, any(line.startswith("FAIL: ") for line in told)) == (False, True)


def verilator(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, **toolchain.verilator_environment()}
    command = [
        "verilator",
        *arguments,
        "--top-module",
        TESTBENCH,
        "spikeplane.vlt",
        "-f",
        "spikeplane.f",
        f"{TESTBENCH}.v",
    ]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def test_the_lint_has_nothing_to_say(folder):
    done = verilator(folder, "--lint-only", "--timing", "-Wall", "--quiet")
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


@icarus
@pytest.mark.slow
def test_verilator_prints_the_same(folder):
    """The lines of the testbench, right and wrong; Verilator adds some of its own."""
    made = verilator(folder, "--binary", "-CFLAGS", "-std=c++20 -O0", "--quiet")
    assert made.returncode == 0, made.stderr
    path = folder / "testbench" / "expected.mem"
    sound = path.read_text()
    wrong = sound[:3] + ("1" if sound[3] == "0" else "0") + sound[4:]
    for text in (sound, wrong):
        path.write_text(text)
        binary = folder / "obj_dir" / f"V{TESTBENCH}"
        done = subprocess.run([binary], cwd=folder, capture_output=True, text=True, check=False)
        passed, lines = in_icarus(folder)
        told = [line for line in lines if not line.startswith(("FATAL", "      "))]
        assert done.stdout.splitlines()[: len(told)] == told
        assert (done.returncode == 0) == passed == (text == sound)
    path.write_text(sound)


def sample_of(seed: int, chip: str):
    """A random network as a program, its first sample and what the golden model says of it; None if it
    does not fit."""
    config = CHIPS[chip]
    network, inputs = random_network(seed, config)
    try:
        placement, _ = try_fit(network, config, probes(network))
    except SpikeplaneError:
        return None
    of = program_of(network, placement, config, probes(network))
    inputs = {name: values[:1] for name, values in inputs.items()}
    model = GoldenModel(network, membrane_bits=config.membrane_bits, acc_bits=config.acc_bits)
    return of, inputs, {name: model.run(inputs)[name] for name in of.probes}


@icarus
@pytest.mark.slow
@pytest.mark.parametrize("chip", ["core-8", "core-32", "row", "mesh"])
def test_random_networks(tmp_path, chip):
    """Values, signs, recurrence, several inputs; parts on many cores; lanes beyond the channels of 1-bit weights."""
    seeds = 1 if chip == "mesh" else 6  # six cores take Icarus minutes
    ran = 0
    for seed in range(seeds):
        made = sample_of(seed, chip)
        if made is not None:
            of, inputs, outputs = made
            files = bench_files(of, inputs, outputs, ports(of.config), RESET_CYCLES)
            folder = tmp_path / str(seed)
            generate(of.config, folder, cached_verilog(of.config), testbench=files)
            passed, lines = in_icarus(folder)
            assert passed, (seed, lines)
            ran += 1
    assert ran >= min(seeds, 3)


def test_options(tmp_path):
    program().save(tmp_path / "net.spk")
    np.save(tmp_path / "planes.npy", planes(3))
    net, data = tmp_path / "net.spk", tmp_path / "planes.npy"
    for options, message in (
        (
            ["--program", net, "--preset", "tiny"],
            "give --program, or --preset, --config or --camera, not both",
        ),
        (
            ["--preset", "tiny", "--sample", data],
            "--sample is for the testbench of a program; give --program NET.spk",
        ),
        (["--program", net, "--number", 1], "--number is which of --sample; give --sample DATA"),
        (["--program", net, "--sample", data, "--number", -1], "--number must be 0 or more, not -1"),
        (
            ["--program", net, "--sample", data, "--number", 3],
            f"{data} has 3 samples, --number asks for number 3",
        ),
        (
            ["--program", net, "--wrapper", "axi-lite", "--wrapper", "nope"],
            "unknown wrapper 'nope'; choose from axi-stream, axi-lite, wishbone",
        ),
    ):
        assert call("generate", *options, "-o", tmp_path / "chip")[:3] == (2, "", f"error: {message}\n")
        assert not (tmp_path / "chip").exists()
