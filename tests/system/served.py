"""A board for tests: `spikeplane serve` in a process of its own, small programs for it, and the
command line called in place."""

import io
import os
import re
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path

import numpy as np
import pytest

from spikeplane import Encoding, Program
from spikeplane.cli import main
from spikeplane.compiler.compile import compile as compile_model
from spikeplane.compiler.graph import FloatNetwork, FloatNeuron, FloatPopulation, FloatProjection
from spikeplane.config import ChipConfig
from spikeplane.host import link, serial

SPIKEPLANE = str(Path(sys.executable).with_name("spikeplane"))
STEPS, INPUTS = 4, 16


def program(chip: ChipConfig | str = "tiny", hidden: int = 24) -> Program:
    """A network of random weights with one hidden population."""
    rng = np.random.default_rng(hidden)
    layers = ("in", INPUTS), ("hidden", hidden), ("out", 4)
    populations = [
        FloatPopulation(
            name=name, shape=(size, 1, 1), neuron=FloatNeuron(threshold=np.ones(size)) if i else None
        )
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


class Port(str):
    """A device's path; `board`: the process behind it."""

    board: int


def slowness() -> float:
    """How much longer than alone work takes here just now, 1 or more: seconds by the clock for one
    of a processor."""
    begun, used = time.monotonic(), time.process_time()
    while time.process_time() - used < 0.1:
        pass
    return max(1.0, (time.monotonic() - begun) / (time.process_time() - used))


def patient(monkeypatch: pytest.MonkeyPatch, factor: float) -> float:
    """The driver waits `factor` times as long as for a real board before it gives one up, because
    one that is simulated may get a small part of a processor. Returns the seconds without a frame
    after which it does."""
    monkeypatch.setattr(serial, "DEAD", factor * serial.DEAD)
    monkeypatch.setattr(serial, "_SLOW", factor * serial._SLOW)
    monkeypatch.setattr(link, "OPENING", factor * link.OPENING)
    defaults = link.Link.__init__.__kwdefaults__
    assert defaults
    monkeypatch.setitem(defaults, "alive", factor * link.ALIVE)
    return factor * link.ALIVE


def processor_seconds(process: int) -> float:
    """What a process has used so far."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def when_busy(process: int, seconds: float, act: Callable[[], object]) -> Iterator[None]:
    """Meanwhile `act` is done once: when a board's process has simulated for so many seconds of a
    processor, so that a run is under way."""
    over = threading.Event()
    begin = processor_seconds(process)

    def wait() -> None:
        while not over.wait(0.02):
            if processor_seconds(process) - begin > seconds:
                act()
                return

    thread = threading.Thread(target=wait)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


@contextmanager
def served(*arguments: str) -> Iterator[Port]:
    """The device path of `spikeplane serve ARGUMENTS`, which must end by Ctrl-C with its one word."""
    process = subprocess.Popen(
        [SPIKEPLANE, "serve", *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout
    assert process.stderr
    try:
        assert select.select([process.stdout], [], [], 300)[0]
        found = re.search(r"at (/dev/pts/\d+),", process.stdout.readline())
        assert found, process.stderr.read()
        port = Port(found[1])
        port.board = process.pid
        yield port
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(60)
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
