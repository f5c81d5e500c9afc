"""`spikeplane build`: a board's bitstream, and what it takes of the board."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape

from spikeplane.cli.answer import Json, command, print_json, print_next
from spikeplane.cli.chips import chip_of
from spikeplane.cli.columns import Figures
from spikeplane.cli.console import err, out
from spikeplane.errors import SpikeplaneError
from spikeplane.files import check_place
from spikeplane.program import Program

if TYPE_CHECKING:
    from spikeplane_hw.board import Board

PROGRAM = "program.spk"  #: in the folder of a build that was sized to a program: the program for that chip
_ECHO_SHAPE = (1, 1, 8)  # rows, columns and lanes where no chip is the board's own: the least


def build(
    board: Annotated[
        str, typer.Option("--board", "-b", help="The board's name: spikeplane boards lists them.")
    ],
    preset: Annotated[
        str | None,
        typer.Option(
            "--preset", "-p", help="One of the board's (spikeplane boards), or tiny, small, medium, large."
        ),
    ] = None,
    config: Annotated[Path | None, typer.Option("--config", "-c", help="A TOML file of chip sizes.")] = None,
    program: Annotated[
        Path | None, typer.Option("--program", help="A program file: the chip is sized to it.")
    ] = None,
    clock: Annotated[
        float | None, typer.Option("--clock", help="MHz of the design (default: the preset's).")
    ] = None,
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder to write.")] = Path("board"),
    seeds: Annotated[int, typer.Option("--seeds", help="Placements to try until one meets the clock.")] = 4,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be built, with which tools; build nothing.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Build a board's bitstream: Verilog, synthesis, place and route; print what it uses and how fast it is.

    Without --preset, --config and --program it is the chip that suits the board. With --program it
    is the least chip of the board's shape that holds the network, and the folder gets
    `program.spk`, the program for that chip. Logs stay in the folder.

    Example: `spikeplane build --board tang-nano-9k -o build/nano`
    """
    from spikeplane_hw.boards import board as find
    from spikeplane_hw.build import build as work
    from spikeplane_hw.record import RECORD

    target = find(board)
    if seeds < 1:
        raise SpikeplaneError(f"--seeds must be at least 1, not {seeds}")
    if program is not None and (preset, config) != (None, None):
        raise SpikeplaneError("give --program, or --preset or --config, not both")
    fitted = None if program is None else _sized(program, target)
    chip, speed = (fitted.config, target.clock) if fitted else chip_of(target, preset, config)
    target = target.at(speed if clock is None else clock)
    if dry_run:
        from spikeplane.cli.planned import planned, show_planned

        which = {"--preset": preset, "--config": config, "--program": program, "--clock": clock}
        given = [part for name, value in which.items() if value is not None for part in (name, value)]
        plan = planned(target, chip, command("build", "--board", target.name, *given, "-o", output))
        print_json(plan) if as_json else show_planned(plan, target.title, output)
        return
    for name in (RECORD, PROGRAM):
        check_place(output / name)
    with err.status("starting", spinner="line") as status:

        def say(text: str) -> None:
            status.update(escape(text))
            err.print(escape(text), highlight=False)

        try:
            values = work(target, chip, output, seeds=seeds, say=say)
        finally:
            # what failed has taken the earlier build away: its program goes with it
            if not (output / RECORD).exists():
                (output / PROGRAM).unlink(missing_ok=True)
    _keep(fitted, output / PROGRAM)
    load = command("flash", "--board", target.name, output)
    if as_json:
        print_json({**values, "next": load})
        return
    show(values, target.title)
    out.print(escape(_made(values, output)), highlight=False, soft_wrap=True)
    if values["sha256"]:
        print_next(load)
    if fitted:
        use = f"spikeplane run {output / PROGRAM} --input DATA --board PORT --baud {target.baud}"
        out.print(f"flash it, then: {escape(use)}", highlight=False, soft_wrap=True)


def _keep(program: Program | None, path: Path) -> None:
    """The program for the chip that was built, or none."""
    if program is None:
        path.unlink(missing_ok=True)
    else:
        program.save(path)


def _made(values: dict[str, Any], folder: Path) -> str:
    """The bitstream's path, or how to have Vivado make it."""
    from spikeplane_hw.vivado import run_line

    return (
        str(folder / values["bitstream"])
        if values["sha256"]
        else f"the bitstream is made by: {run_line(folder)}"
    )


def _sized(path: Path, target: "Board") -> Program:
    """The program for the least chip of the board's shape, or of another one where the board holds no such
    chip. Raises SpikeplaneError for no program, or where no such chip holds it."""
    from spikeplane.compiler.auto import TooLarge, of_board
    from spikeplane.compiler.size import moved, sized

    program, own = Program.load(path), target.chip
    if own is not None and not program.config.units:
        try:
            return moved(program, of_board(target).placed)
        except TooLarge:  # an estimate, which synthesis may better
            pass
    rows, cols, lanes = (own.rows, own.cols, own.lanes) if own else _ECHO_SHAPE
    return sized(program, rows=rows, cols=cols, lanes=lanes)


def show(values: dict[str, Any], title: str) -> None:
    """The tables of one build."""
    from spikeplane_hw.report import Report

    report = Report.from_dict(values["report"])
    what = f"chip {values['digest']}" if values["digest"] else "UART echo"
    how = f"seed {report.seed}" if values["sha256"] else "estimate"
    table = Figures(
        f"{escape(title)}: {what}, {how}", ("resource", "used", "available", "share"), ("resource",)
    )
    for name, (used, available) in report.resources.items():
        table.add(name, f"{used:,}", f"{available:,}", f"{used / available:.0%}")
    table.print(out)
    if not values["sha256"]:
        out.print("counted by yosys before placement; no clock is estimated", highlight=False)
    for clock in report.clocks:
        out.print(
            f"clock {escape(clock.name)}: {clock.achieved:.1f} MHz achieved of {clock.asked:g} MHz asked",
            highlight=False,
        )
    if report.path:
        path = escape(" -> ".join(report.path))
        out.print(f"critical path, {report.path_ns:.1f} ns: {path}", highlight=False, soft_wrap=True)
