"""A board for tests: `spikeplane serve` in a process of its own, small programs for it, and the command line called in place."""

import io
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path

import numpy as np

from spikeplane import Encoding, Program
from spikeplane.cli import main
from spikeplane.compiler.compile import compile as compile_model
from spikeplane.compiler.graph import FloatNetwork, FloatNeuron, FloatPopulation, FloatProjection
from spikeplane.config import ChipConfig

SPIKEPLANE = str(Path(sys.executable).with_name("spikeplane"))
STEPS, INPUTS = 4, 16


def program(chip: ChipConfig | str = "tiny", hidden: int = 24) -> Program:
    """A network of random weights with one hidden population."""
    rng = np.random.default_rng(hidden)
    layers = ("in", INPUTS), ("hidden", hidden), ("out", 4)
    populations = [
        FloatPopulation(name=name, shape=(size, 1, 1), neuron=FloatNeuron(threshold=np.ones(size)) if i else None)
        for i, (name, size) in enumerate(layers)
    ]
    projections = [
        FloatProjection(source=a, target=b, weight=rng.normal(size=(m, n, 1, 1)))
        for (a, n), (b, m) in zip(layers, layers[1:], strict=False)
    ]
    network = FloatNetwork(populations=tuple(populations), projections=tuple(projections), output="out")
    return compile_model(network, chip=chip, encoding=Encoding(kind="planes", steps=STEPS))


def planes(samples: int) -> np.ndarray:
    """Its inputs: uint8 (samples, STEPS, INPUTS, 1, 1)."""
    return np.random.default_rng(1).integers(0, 2, (samples, STEPS, INPUTS, 1, 1)).astype(np.uint8)


@contextmanager
def served(*arguments: str) -> Iterator[str]:
    """The device path of `spikeplane serve ARGUMENTS`, which must end by Ctrl-C with its one word."""
    process = subprocess.Popen([SPIKEPLANE, "serve", *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout
    assert process.stderr
    try:
        assert select.select([process.stdout], [], [], 300)[0]
        found = re.search(r"at (/dev/pts/\d+),", process.stdout.readline())
        assert found, process.stderr.read()
        yield found[1]
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(10)
        finally:
            process.kill()
    assert (process.returncode, process.stderr.read()) == (130, "interrupted\n")


def call(*arguments: object) -> tuple[int, str, str, float]:
    """The command line: exit status, stdout, stderr, seconds."""
    out, err, begun = io.StringIO(), io.StringIO(), time.monotonic()
    before = sys.argv
    sys.argv = ["spikeplane", *map(str, arguments)]
    try:
        with redirect_stdout(out), redirect_stderr(err):
            main()
    except SystemExit as end:
        return int(end.code or 0), out.getvalue(), err.getvalue(), time.monotonic() - begun
    finally:
        sys.argv = before
    return 0, out.getvalue(), err.getvalue(), time.monotonic() - begun
