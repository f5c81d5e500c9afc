"""`spikeplane export`: a program for a chip without Python."""

import shlex
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape

from spikeplane.cli.answer import Json, print_json, print_next
from spikeplane.cli.console import busy, out
from spikeplane.data import read_inputs
from spikeplane.encodings import count
from spikeplane.errors import SpikeplaneError
from spikeplane.files import check_place
from spikeplane.program import Program


def export(
    program: Annotated[Path, typer.Argument(help="A program file.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder to write.")],
    data: Annotated[
        list[str] | None,
        typer.Option(
            "--input",
            "-i",
            help="Samples for the example, as spikeplane run takes them: written as samples.bin.",
        ),
    ] = None,
    samples: Annotated[int | None, typer.Option("--samples", "-n", help="How many (default: all).")] = None,
    as_json: Json = False,
) -> None:
    """Write a program for a chip without Python: load stream, memory files, a driver in C99 with an example.

    Example: `spikeplane export net.spk --input images.gz --samples 10 -o net`, then `make -C net`
    """
    _check_options(data, samples)
    check_place(output / "main.c")
    loaded = Program.load(program)
    items = _read(loaded, data, samples) if data else None
    from spikeplane.export.write import export as write

    with busy("writing"):
        files = write(loaded, output, items)
    then = shlex.join(["make", "-C", str(output)])
    if as_json:
        sizes = {path: path.stat().st_size for path in files}
        print_json({"program": loaded.name, "chip": loaded.config.digest, "files": sizes, "next": then})
        return
    shown = [path for path in files if path.parent == output]
    for path in shown:
        out.print(f"{escape(str(path))}  {path.stat().st_size:,} bytes", highlight=False)
    out.print(f"{escape(str(output / 'mem'))}  {len(files) - len(shown)} memory files", highlight=False)
    made = "samples.bin" if items is not None else "SAMPLES"
    out.print(f"in it: ./spikeplane_example /dev/ttyUSB0 load.bin {made}", highlight=False, soft_wrap=True)
    print_next(then)


def _check_options(data: list[str] | None, samples: int | None) -> None:
    if samples is not None and samples < 1:
        raise SpikeplaneError(f"--samples must be 1 or more, not {samples}")
    if samples is not None and not data:
        raise SpikeplaneError("--samples is how many of --input; give --input DATA")


def _read(program: Program, data: list[str], samples: int | None) -> Any:
    """The samples. Raises SpikeplaneError if there are fewer than asked for."""
    shapes = {p.name: p.shape for p in program.network.inputs}
    items = read_inputs(data, shapes, program.encodings, samples)
    found = count(items, program.inputs)
    if samples is not None and found < samples:
        raise SpikeplaneError(f"{', '.join(data)} has {found} samples, --samples asks for {samples}")
    return items
