"""`spikeplane generate`: a chip's Verilog and what belongs to it."""

import shlex
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from spikeplane.cli.answer import Json, command, print_json, print_next
from spikeplane.cli.chips import chosen_chip, with_camera
from spikeplane.cli.console import busy, out
from spikeplane.config import ChipConfig
from spikeplane.data import read_inputs
from spikeplane.encodings import count
from spikeplane.errors import SpikeplaneError
from spikeplane.files import check_place
from spikeplane.program import Program


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
    program: Annotated[
        Path | None,
        typer.Option("--program", help="A program file: its chip, and with --sample a testbench."),
    ] = None,
    sample: Annotated[
        list[str] | None,
        typer.Option(
            "--sample", help="Samples as spikeplane run takes them: a testbench replays one of them."
        ),
    ] = None,
    number: Annotated[int, typer.Option("--number", help="Which of them, from 0 on.")] = 0,
    wrapper: Annotated[
        list[str] | None,
        typer.Option(
            "--wrapper", help="Add the chip on a bus: axi-stream, axi-lite or wishbone; may be repeated."
        ),
    ] = None,
    single_file: Annotated[
        bool, typer.Option("--single-file", help="All modules in one file (default: a file each).")
    ] = False,
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder to write.")] = Path("chip"),
    as_json: Json = False,
) -> None:
    """Write a chip: Verilog, manifest.json, a C header of the memory map, a short README.

    With --program and --sample also a testbench that loads the program, replays a sample and compares it with
    the golden model.

    With --camera alone the cores are those of the preset tiny. A chip of a camera and no cores is a
    TOML file with rows = 0, cols = 0 and a table [camera].

    Example: `spikeplane generate --preset small --camera vidar -o build/small`
    """
    _check_options(program, sample, number, (preset, config, camera) != (None, None, None))
    if wrapper:
        from spikeplane_gateware.wrappers.wrap import check_wrappers

        check_wrappers(wrapper)
    check_place(output / "manifest.json")
    loaded = Program.load(program) if program is not None else None
    if loaded is not None:
        chip = loaded.config
    else:
        chip = with_camera(
            chosen_chip(preset, config, default="tiny" if camera is not None else None), camera
        )
    from spikeplane_gateware.generate import generate as write

    testbench = _testbench(loaded, sample, number) if loaded is not None and sample else None
    with busy("generating Verilog"):
        files = write(chip, output, single_file=single_file, testbench=testbench, wrappers=wrapper or ())
    modules = [path for path in files if path.suffix == ".v" and path.name not in (testbench or {})]
    then = _next(chip, preset, config, camera, program, output, bench=testbench is not None)
    if as_json:
        sizes = {path: path.stat().st_size for path in files}
        print_json({"chip": chip.digest, "config": chip.to_dict(), "files": sizes, "next": then})
        return
    for path in files if single_file else [path for path in files if path not in modules]:
        out.print(f"{escape(str(path))}  {path.stat().st_size:,} bytes", highlight=False)
    if not single_file:
        size = sum(path.stat().st_size for path in modules)
        out.print(
            f"{escape(str(output))}: {len(modules)} modules, a file each, {size:,} bytes", highlight=False
        )
    _tell(chip)
    print_next(then)


def _tell(chip: ChipConfig) -> None:
    """The chip, on a line, and its units, on one each."""
    cores = f"{chip.rows} x {chip.cols} cores of {chip.lanes} lanes" if chip.cores else "no cores"
    out.print(f"chip {chip.digest}: {cores}", highlight=False)
    for name, unit in chip.units.items():
        out.print(f"{name}: {unit.summary}", highlight=False)


def _next(
    chip: ChipConfig,
    preset: str | None,
    config: Path | None,
    camera: str | None,
    program: Path | None,
    output: Path,
    *,
    bench: bool,
) -> str:
    """What comes after the Verilog: a testbench of it, a program for it, or its pipeline on a recording."""
    if bench:
        return (
            f"cd {shlex.quote(str(output))} && iverilog -g2005 -s spikeplane_testbench -o testbench.vvp "
            "-c spikeplane.f spikeplane_testbench.v && vvp -n testbench.vvp"
        )
    if program is not None:
        return command("generate", "--program", program, "--sample", "DATA", "-o", output)
    if not chip.cores or camera is not None:  # no option of compile has the camera
        return command("reconstruct", "CLIP", "-o", "image.png", "--board", "sim")
    chosen = ("--config", config) if config is not None else ("--preset", preset or "tiny")
    return command("compile", "MODEL", "-o", "net.spk", *chosen)


def _check_options(program: Path | None, sample: list[str] | None, number: int, chosen: bool) -> None:
    if program is not None and chosen:
        raise SpikeplaneError("give --program, or --preset, --config or --camera, not both")
    if sample and program is None:
        raise SpikeplaneError("--sample is for the testbench of a program; give --program NET.spk")
    if number < 0:
        raise SpikeplaneError(f"--number must be 0 or more, not {number}")
    if number and not sample:
        raise SpikeplaneError("--number is which of --sample; give --sample DATA")


def _testbench(program: Program, sample: list[str], number: int) -> dict[str, str]:
    """The files of a testbench that replays one sample."""
    from spikeplane.export.testbench import bench_files
    from spikeplane_gateware.manifest import RESET_CYCLES, ports
    from spikeplane_sim.golden.board import GoldenBoard

    shapes = {p.name: p.shape for p in program.network.inputs}
    items = read_inputs(sample, shapes, program.encodings, number + 1)
    found = count(items, program.inputs)
    if found <= number:
        raise SpikeplaneError(f"{', '.join(sample)} has {found} samples, --number asks for number {number}")
    inputs = {name: planes[number : number + 1] for name, planes in program.planes(items).items()}
    with busy("running the golden model"):
        outputs = GoldenBoard(program).run(inputs)
    return bench_files(program, inputs, outputs, ports(program.config), RESET_CYCLES)
