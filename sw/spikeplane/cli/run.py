"""`spikeplane run`: a program on a board, with real data."""

import math
import shlex
import sys
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich.markup import escape

from spikeplane.cli.answer import Json, print_json, print_next
from spikeplane.cli.chips import chosen_chip
from spikeplane.cli.console import bar, busy, out
from spikeplane.cli.detecting import (
    Asked,
    Bins,
    Boxes,
    Draw,
    Iou,
    Strides,
    Task,
    Threshold,
    Top,
    put,
    show_boxes,
)
from spikeplane.cli.next_run import next_run
from spikeplane.cli.waves import check_waves, put_waves, waves_command, waves_line, window_of
from spikeplane.data import read_inputs, read_labels
from spikeplane.data.labels import read_classes
from spikeplane.encodings import count
from spikeplane.errors import SpikeplaneError, number
from spikeplane.files import check_place
from spikeplane.program import Program
from spikeplane.run.board import Board
from spikeplane.run.boards import open_board
from spikeplane.run.execute import Result, execute, summarise
from spikeplane.run.lockstep import Comparison
from spikeplane.run.provenance import files_of


def run(
    program: Annotated[Path, typer.Argument(help="A program file.")],
    data: Annotated[
        list[str],
        typer.Option(
            "--input",
            "-i",
            help="IDX (gzip), .npy, .npz, .csv, or a folder of N-MNIST recordings; NAME=FILE for each of several inputs.",
        ),
    ],
    board: Annotated[
        str, typer.Option("--board", "-b", help="golden, sim, a serial port, or auto: the connected one.")
    ] = "golden",
    baud: Annotated[int | None, typer.Option(help="Rate of the serial port (default: 3000000).")] = None,
    samples: Annotated[int | None, typer.Option("--samples", "-n", help="How many (default: all).")] = None,
    labels: Annotated[Path | None, typer.Option(help="Labels: accuracy is printed.")] = None,
    lockstep: Annotated[
        bool, typer.Option("--lockstep", help="Compare every spike with the golden model.")
    ] = False,
    verify: Annotated[
        bool, typer.Option("--verify", help="Read back every memory word that was loaded, and compare.")
    ] = False,
    report: Annotated[Path | None, typer.Option(help="Write a page with rasters, map and figures.")] = None,
    classes: Annotated[
        str | None, typer.Option(help="Names of the classes: a,b,c or a file, one a line.")
    ] = None,
    task: Task = "classify",
    threshold: Threshold = None,
    iou: Iou = None,
    top: Top = None,
    bins: Bins = None,
    strides: Strides = None,
    boxes: Boxes = None,
    draw: Draw = None,
    preset: Annotated[
        str | None, typer.Option("--preset", "-p", help="The board's chip, if not the program's own.")
    ] = None,
    config: Annotated[
        Path | None, typer.Option("--config", "-c", help="The board's chip: a TOML file.")
    ] = None,
    clock: Annotated[float, typer.Option(help="MHz that latency is stated at.")] = 100.0,
    waves: Annotated[
        Path | None,
        typer.Option(help="Of the simulated board: write waves of the first difference, for GTKWave."),
    ] = None,
    sample: Annotated[int | None, typer.Option(help="Of waves: this sample.")] = None,
    steps: Annotated[
        str | None, typer.Option(help="Of waves: A:B, from step A to before step B (default: all).")
    ] = None,
    as_json: Json = False,
) -> None:
    """Run a program and print accuracy, spikes per layer, cycles per sample, utilisation and latency.

    Example: `spikeplane run net.spk --input images.gz --labels labels.gz --board sim --samples 100
    --lockstep`
    """
    _check_options(samples, clock, report)
    asked = Asked(threshold, iou, top, bins, strides, boxes, draw)
    asked.check(task, labels)
    check_waves(waves, sample, steps, board)
    chip = chosen_chip(preset, config) if (preset, config) != (None, None) else None
    loaded = Program.load(program, chip)
    items, truth = _read(loaded, data, labels, samples)
    detecting, names = asked.start(loaded, classes) if task == "detect" else (None, _names(loaded, classes))
    window = window_of(loaded, items, sample, steps)
    with busy(f"preparing {board}"):
        device = open_board(board, loaded, baud, verify=verify)
    with device:
        result = execute_with_bar(
            loaded, device, items, lockstep=lockstep or waves is not None, result=detecting
        )
    summary = summarise(loaded, result, device, truth, clock)
    if detecting:
        put(summary, detecting, names, asked)
    if waves:
        with busy("writing waves"):
            summary["waves"] = put_waves(loaded, items, result, waves, window)
    elif command := waves_command(loaded, result, _arguments(program, data, preset, config, verify=verify)):
        summary["lockstep"]["command"] = command
    if report:
        from spikeplane.run.report import write_run

        write_run(
            report,
            loaded,
            result,
            summary
            | {"command": shlex.join(["spikeplane", *sys.argv[1:]]), "classes": None if detecting else names}
            | {"files": files_of(program, data, labels)},
            truth,
        )
        summary["report"] = str(report)
    typed = _arguments(program, data, preset, config, verify=verify)
    typed += (["--labels", str(labels)] if labels else []) + asked.typed(task)
    summary["next"] = next_run(summary, program, typed, board, baud)
    if as_json:
        print_json(summary)
    else:
        show(summary)
        print_next(summary["next"])
    if result.comparison and result.comparison.mismatches:
        raise typer.Exit(1)


def _arguments(
    program: Path, data: list[str], preset: str | None, config: Path | None, *, verify: bool
) -> list[str]:
    """What chooses program, data and chip, as it is typed."""
    chosen = [str(program), *(part for one in data for part in ("--input", one))]
    chosen += ["--preset", preset] if preset else []
    chosen += ["--config", str(config)] if config else []
    return [*chosen, "--verify"] if verify else chosen


def execute_with_bar(
    program: Program,
    board: Board,
    items: Any,
    *,
    lockstep: bool = False,
    what: str = "",
    result: Result | None = None,
) -> Result:
    """`execute` under a bar that is called `what`, or as the board."""
    with bar(what or board.name, count(items, program.inputs)) as advance:
        return execute(program, board, items, lockstep=lockstep, progress=advance, result=result)


def _names(program: Program, classes: str | None) -> list[str] | None:
    """Of the classes in the page."""
    return read_classes(classes, program.classes) if classes else None


def _check_options(samples: int | None, clock: float, report: Path | None) -> None:
    if samples is not None and samples < 1:
        raise SpikeplaneError(f"--samples must be 1 or more, not {samples}")
    if not 0 < clock < math.inf:
        raise SpikeplaneError(f"--clock must be more than 0 MHz, not {number(clock)}")
    if report:
        check_place(report)


def _read(
    program: Program, data: list[str], labels: Path | None, limit: int | None
) -> tuple[Any, np.ndarray | None]:
    """The samples and their labels. Raises SpikeplaneError if there are fewer than `limit`, or
    labels of no class."""
    shapes = {p.name: p.shape for p in program.network.inputs}
    items = read_inputs(data, shapes, program.encodings, limit)
    found = count(items, program.inputs)
    if limit is not None and found < limit:
        raise SpikeplaneError(f"{', '.join(data)} has {found} samples, --samples asks for {limit}")
    if labels is None:
        return items, None
    return items, read_labels(labels, found, at_least=limit is not None, classes=program.classes)


def show(summary: dict[str, Any]) -> None:
    """The summary for people."""
    out.print(
        f"[bold]{escape(summary['program'])}[/] on the {summary['board']}: {summary['samples']} samples",
        highlight=False,
    )
    _show_answers(summary)
    for name, rate in summary["spikes_per_sample"].items():
        out.print(f"spikes per sample  {escape(name)}: {rate:,.1f}", highlight=False)
    if "cycles" in summary:
        out.print(f"cycles per sample  {summary['cycles_per_sample']:,.0f}", highlight=False)
        out.print(
            f"lane utilisation   {summary['utilisation']:.1%} of the cycles of {len(summary['cores'])} cores",
            highlight=False,
        )
        out.print(
            f"latency            {summary['latency_us']:,.1f} us a sample at {summary['clock_mhz']:g} MHz",
            highlight=False,
        )
    if "lockstep" in summary:
        found = summary["lockstep"]
        found = Comparison(found["values"], found["spikes"], found["mismatches"], found["first"])
        out.print(escape(str(found)), highlight=False)
        if "command" in summary["lockstep"]:
            out.print(
                f"waves of it: {escape(summary['lockstep']['command'])}", highlight=False, soft_wrap=True
            )
    if summary.get("waves"):
        out.print(escape(waves_line(summary["waves"])), highlight=False)
    if "report" in summary:
        out.print(f"report             {escape(summary['report'])}", highlight=False)


def _show_answers(summary: dict[str, Any]) -> None:
    """Accuracy, boxes or classes."""
    if "accuracy" in summary:
        out.print(
            f"accuracy           {summary['accuracy']:.2%} ({summary['right']} of {summary['samples']})",
            highlight=False,
        )
    elif "boxes" in summary:
        show_boxes(summary)
    else:
        shown = ", ".join(str(g) for g in summary["guesses"][:20])
        out.print(
            f"classes            {shown}{', ...' if len(summary['guesses']) > 20 else ''}", highlight=False
        )
