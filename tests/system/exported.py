"""Exported programs for tests: built with a C compiler as their Makefile says, and a port where their driver
finds a chip."""

import os
import select
import subprocess
import threading
import tty
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from spikeplane import Encoding, Program
from spikeplane.config import ChipConfig
from spikeplane.export.write import export
from spikeplane.host.device import Device
from spikeplane.network import Network
from spikeplane.program.placement import Placement

#: Seconds that the example waits for a chip: a simulated one may get a small part of a processor.
PATIENT = ("-w", "120")


#: What the Makefile gives the compiler by itself.
FLAGS = ("-std=c99", "-Wall", "-Wextra", "-pedantic", "-Werror")
#: Memory that is not the program's, and what C leaves undefined, end it with status 1 or a signal.
SANITIZED = ("-O1", "-g", *FLAGS, "-fsanitize=address,undefined", "-fno-sanitize-recover=all")


def built(program: Program, folder: Path, samples: Any = None, flags: Sequence[str] = ()) -> Path:
    """The exported folder with the example made in it, by other `flags` if there are any. A warning of the
    compiler ends the test."""
    export(program, folder, samples)
    more = [f"CFLAGS={' '.join(flags)}"] if flags else []
    made = subprocess.run(["make", "-C", folder, *more], capture_output=True, text=True, check=False)
    assert (made.returncode, made.stderr) == (0, ""), made.stderr
    sources = len(list(folder.glob("*.c")))
    assert made.stdout.count(" ".join(FLAGS)) == sources + 1 >= 6
    return folder


def compiled(source: Path, folder: Path, *flags: str) -> Path:
    """A program of the tests beside the example, made of one more file and the driver."""
    target = folder / source.stem
    driver = [folder / f"spikeplane_{name}.c" for name in ("link", "control", "driver", "program")]
    driver += folder.glob("spikeplane_camera.c")
    command = ["cc", *(flags or FLAGS), f"-I{folder}", "-o", target, source, *driver]
    made = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (made.returncode, made.stderr) == (0, ""), made.stderr
    return target


def example(folder: Path, port: str, *options: str) -> subprocess.CompletedProcess[str]:
    """The example's run on the samples of its folder."""
    command = [
        folder / "spikeplane_example",
        *PATIENT,
        *options,
        port,
        folder / "load.bin",
        folder / "samples.bin",
    ]
    return subprocess.run(command, capture_output=True, text=True, timeout=900, check=False)


def outputs(program: Program, told: str, samples: int) -> dict[str, np.ndarray]:
    """The spikes that `-v` prints as `Board.run` gives them: by population int (N, T, C, H, W)."""
    steps = program.network.steps
    found = {
        name: np.zeros((samples, steps, *program.network.population(name).shape), dtype=np.int64)
        for name in program.probes
    }
    for line in told.splitlines():
        if line.startswith("spike "):
            name, *place, value = line.removeprefix("spike ").split(" ")
            found[name][tuple(map(int, place))] += int(value)
    return found


def program_of(
    network: Network, placement: Placement, config: ChipConfig, probes: list[str], name: str = "net"
) -> Program:
    """A program around an integer network: its inputs take integers as they are."""
    inputs = {p.name: p for p in network.inputs}
    encodings = {
        name: Encoding(kind="frames", steps=network.steps, value_bits=p.value_bits, signed=p.signed)
        for name, p in inputs.items()
    }
    first, *_ = encodings.values()
    return Program(
        name=name,
        config=config,
        network=network,
        placement=placement,
        encoding=first,
        others=encodings,
        probes=tuple(probes),
    )


@contextmanager
def port_of(device: Device) -> Iterator[str]:
    """A serial port that leads to a device."""
    master, slave = os.openpty()
    tty.setraw(slave)
    done = threading.Event()

    def carry() -> None:
        while not done.is_set():
            ready = select.select([master], [], [], 0.001)[0]
            answer = device.exchange(os.read(master, 4096) if ready else b"")
            while answer:
                answer = answer[os.write(master, answer) :]

    thread = threading.Thread(target=carry)
    thread.start()
    try:
        yield os.ttyname(slave)
    finally:
        done.set()
        thread.join()
        os.close(master)
        os.close(slave)
