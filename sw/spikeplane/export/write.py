"""What `spikeplane export` writes: a folder with which a chip is driven without Python."""

from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Any

import numpy as np

from spikeplane.config import ChipConfig
from spikeplane.encodings import count
from spikeplane.errors import SpikeplaneError
from spikeplane.export.memories import memory_files
from spikeplane.export.program_source import program_header, program_source
from spikeplane.export.stream import (
    check_once_presented,
    frames,
    line_bytes,
    listing,
    load_packets,
    word_packets,
)
from spikeplane.files import write_files
from spikeplane.formats.c_camera import camera_macros
from spikeplane.formats.c_header import c_header
from spikeplane.program import Program

#: Files that are the same for every program.
DRIVER = (
    "spikeplane_link.h",
    "spikeplane_link.c",
    "spikeplane_internal.h",
    "spikeplane_control.c",
    "spikeplane_driver.h",
    "spikeplane_driver.c",
    "spikeplane_poisson.h",
    "main.c",
    "Makefile",
)
#: By name the units that have a driver in C, `spikeplane_NAME.h` and `.c`: their macros, and what the README says.
UNITS = {
    "camera": (
        camera_macros,
        "the chip's camera: images and raw planes to the host, planes as the input",
    ),
}


def export(program: Program, directory: str | Path, samples: Any = None) -> list[Path]:
    """Write the folder (made if missing), all files or none; returns the paths. `samples`: as
    `Program.planes` takes them, for samples.bin. Raises SpikeplaneError for a program whose output does
    not come to the host, for samples that it does not take, and where the folder cannot be written."""
    if program.network.output not in program.image.probes.values():
        raise SpikeplaneError(
            f"the output '{program.network.output}' does not come to the host; compile the program with it among "
            "its probes"
        )
    check_once_presented(program)
    whole = load_packets(program)
    stream = frames(program.config, whole)
    contents: dict[str, str | bytes] = {
        "spikeplane.h": header(program.config),
        "spikeplane_program.h": program_header(program),
        "spikeplane_program.c": program_source(program),
        **{name: _own(name) for name in driver_files(program.config)},
        "README.md": _readme(program),
        "load.bin": word_packets(program).tobytes(),
        "load.packets": whole.tobytes(),
        "load.frames": line_bytes(stream),
        "load.txt": "".join(f"{line}\n" for line in listing(program.config, stream)),
        **{f"mem/{name}": text for name, text in memory_files(program).items()},
    }
    if samples is not None:
        contents["samples.bin"] = sample_bytes(program, samples)
    paths = {Path(directory) / name: text for name, text in contents.items()}
    write_files(paths)
    return list(paths)


def header(config: ChipConfig) -> str:
    """`spikeplane.h`: the numbers of the chip and of its units."""
    macros = {name: UNITS[name][0](config) for name in _units(config)}
    return c_header(
        config, {f"{name.upper()}_{key}": n for name, found in macros.items() for key, n in found.items()}
    )


def driver_files(config: ChipConfig) -> tuple[str, ...]:
    """The files of the driver, by name."""
    return (*DRIVER, *(f"spikeplane_{name}.{end}" for name in _units(config) for end in "hc"))


def _units(config: ChipConfig) -> list[str]:
    return [name for name in config.units if name in UNITS]


def sample_bytes(program: Program, samples: Any) -> bytes:
    """A byte a value: sample by sample, step by step, input by input, channel by channel, row by row."""
    planes = program.planes(samples)
    program.check_planes(planes)
    total = count(samples, program.inputs)
    steps = program.network.steps
    rows = [planes[name].reshape(total, steps, -1).astype(np.uint8) for name in program.inputs]
    return np.concatenate(rows, axis=2).tobytes()


def _own(name: str) -> str:
    return files("spikeplane.export").joinpath("c", name).read_text()


def _readme(program: Program) -> str:
    inputs = [
        f"- `{p.name}`: {' x '.join(map(str, p.shape))}, {program.encodings[p.name]}"
        for p in program.network.inputs
    ]
    probes = [f"- `{name}`, tag {tag}" for tag, name in program.image.probes.items()]
    return Template(_own("README.md")).substitute(
        name=program.name,
        chip=program.config.digest,
        digest=program.digest,
        steps=program.network.steps,
        sample=sum(int(np.prod(p.shape)) for p in program.network.inputs) * program.network.steps,
        inputs="\n".join(inputs),
        probes="\n".join(probes),
        output=program.network.output,
        units="".join(f"| `spikeplane_{u}.h`, `.c` | {UNITS[u][1]} |\n" for u in _units(program.config)),
    )
