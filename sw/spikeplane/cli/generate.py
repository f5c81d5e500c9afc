"""`spikeplane generate`: a chip's Verilog and what belongs to it."""

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from spikeplane.cli.chips import chosen_chip
from spikeplane.cli.console import busy, out
from spikeplane.files import check_place


def generate(
    preset: Annotated[str | None, typer.Option("--preset", "-p", help="tiny, small, medium or large.")] = None,
    config: Annotated[Path | None, typer.Option("--config", "-c", help="A TOML file of chip sizes.")] = None,
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder to write.")] = Path("chip"),
) -> None:
    """Write a chip: Verilog, manifest.json, a C header of the memory map, a short README.

    Example: `spikeplane generate --preset small -o build/small`
    """
    chip = chosen_chip(preset, config)
    check_place(output / "manifest.json")
    from spikeplane_gateware.generate import generate as write

    with busy("generating Verilog"):
        files = write(chip, output)
    for path in files:
        out.print(f"{escape(str(path))}  {path.stat().st_size:,} bytes", highlight=False)
    out.print(f"chip {chip.digest}: {chip.rows} x {chip.cols} cores of {chip.lanes} lanes", highlight=False)
