"""`spikeplane generate`: a chip's Verilog and what belongs to it."""

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from spikeplane.cli.chips import chosen_chip, with_camera
from spikeplane.cli.console import busy, out
from spikeplane.files import check_place


def generate(
    preset: Annotated[
        str | None, typer.Option("--preset", "-p", help="tiny, small, medium or large.")
    ] = None,
    config: Annotated[Path | None, typer.Option("--config", "-c", help="A TOML file of chip sizes.")] = None,
    camera: Annotated[
        str | None,
        typer.Option(
            "--camera", help="Add a spike camera's pipeline: vidar (400x250) or million (1000x1000)."
        ),
    ] = None,
    single_file: Annotated[
        bool, typer.Option("--single-file", help="All modules in one file (default: a file each).")
    ] = False,
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder to write.")] = Path("chip"),
) -> None:
    """Write a chip: Verilog, manifest.json, a C header of the memory map, a short README.

    With --camera alone the cores are those of the preset tiny. A chip of a camera and no cores is a
    TOML file with rows = 0, cols = 0 and a table [camera].

    Example: `spikeplane generate --preset small --camera vidar -o build/small`
    """
    chip = with_camera(chosen_chip(preset, config, default="tiny" if camera is not None else None), camera)
    check_place(output / "manifest.json")
    from spikeplane_gateware.generate import generate as write

    with busy("generating Verilog"):
        files = write(chip, output, single_file=single_file)
    modules = [path for path in files if path.suffix == ".v"]
    for path in files if single_file else [path for path in files if path not in modules]:
        out.print(f"{escape(str(path))}  {path.stat().st_size:,} bytes", highlight=False)
    if not single_file:
        size = sum(path.stat().st_size for path in modules)
        out.print(
            f"{escape(str(output))}: {len(modules)} modules, a file each, {size:,} bytes", highlight=False
        )
    cores = f"{chip.rows} x {chip.cols} cores of {chip.lanes} lanes" if chip.cores else "no cores"
    out.print(f"chip {chip.digest}: {cores}", highlight=False)
    for name, unit in chip.units.items():
        out.print(f"{name}: {unit.summary}", highlight=False)
