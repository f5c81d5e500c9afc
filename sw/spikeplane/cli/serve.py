"""`spikeplane serve`: a simulated board behind a pseudo-terminal, for whatever opens a serial port."""

import signal
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from spikeplane.cli.answer import Json, command, print_json, print_next
from spikeplane.cli.boards import echo_board, pin_board
from spikeplane.cli.chips import chip_of, chosen_chip
from spikeplane.cli.console import busy, out
from spikeplane.config import ChipConfig
from spikeplane.errors import SpikeplaneError, number
from spikeplane.program import Program

#: MHz, unless a board is named: few cycles a bit of the line, the simulation's speed is that of the clock
CLOCK = 25.0
BAUD = 3_000_000


@dataclass(frozen=True)
class Design:
    """What is simulated: a chip, or (None) the UART echo; MHz of its clock; the fastest line that
    the board allows."""

    chip: ChipConfig | None
    clock: float
    baud: int

    def __str__(self) -> str:
        return f"chip {self.chip.digest}" if self.chip else "UART echo"


def serve(
    program: Annotated[Path | None, typer.Argument(help="A program file: its chip.")] = None,
    board: Annotated[
        str | None, typer.Option("--board", "-b", help="A board's name: its chip, its clock.")
    ] = None,
    build: Annotated[
        Path | None, typer.Option("--build", help="A folder that spikeplane build wrote: its chip.")
    ] = None,
    preset: Annotated[
        str | None, typer.Option("--preset", "-p", help="One of the board's, or tiny, small, medium, large.")
    ] = None,
    config: Annotated[Path | None, typer.Option("--config", "-c", help="A TOML file of chip sizes.")] = None,
    clock: Annotated[
        float | None, typer.Option(help="MHz of the clock (default: the board's, else 25).")
    ] = None,
    baud: Annotated[
        int | None, typer.Option(help="The line's rate (default: what the program at the other end sets).")
    ] = None,
    noise: Annotated[
        float, typer.Option(help="Probability of each kind of fault at a byte of the line.")
    ] = 0.0,
    as_json: Json = False,
) -> None:
    """Simulate a board at its pins, UART included, and print the serial port that stands for it.

    Ctrl-C ends it; the signal USR1 presses its reset button.

    Example: `spikeplane serve net.spk`, and in another window `spikeplane run net.spk --input
    images.gz --board /dev/pts/N`
    """
    if clock is not None and not 1 <= clock <= 1000:
        raise SpikeplaneError(f"--clock must be from 1 to 1000 MHz, not {number(clock)}")
    design = _design(program, board, build, preset, config, clock)
    _check_baud(baud, design.clock * 1e6)
    if not 0 <= noise <= 0.1:
        raise SpikeplaneError(f"--noise must be from 0 to 0.1, not {number(noise)}")
    _serve(design, program, baud, noise, as_json=as_json)


def _check_baud(baud: int | None, hertz: float) -> None:
    if baud is not None and not 9600 <= baud <= hertz / 8:
        raise SpikeplaneError(
            f"--baud must be from 9600 to {hertz / 8:.0f} (an eighth of the clock), not {baud}"
        )


def _design(
    program: Path | None,
    board: str | None,
    build: Path | None,
    preset: str | None,
    config: Path | None,
    clock: float | None,
) -> Design:
    """What the options ask for. Raises SpikeplaneError where they name two chips or none, and for
    what each of them cannot be."""
    from spikeplane_hw.boards import board as find
    from spikeplane_hw.record import read_record

    chosen = (preset, config) != (None, None)
    if program is not None and chosen:
        raise SpikeplaneError("give a program, or --preset or --config, not both")
    if build is not None and (chosen or (program, board) != (None, None)):
        raise SpikeplaneError(
            "--build names board and chip: give no program, --board, --preset or --config beside it"
        )
    values = read_record(build, "BOARD") if build is not None else None
    target = find(values["board"]) if values else find(board) if board is not None else None
    if values:
        clock = clock or values["clock"]
        chip = ChipConfig.from_dict(values["config"]) if values["config"] is not None else None
    elif program is not None:
        chip = Program.load(program).config
    elif target is not None:
        chip, speed = chip_of(target, preset, config)
        return Design(chip, clock or speed, target.baud)
    else:
        chip = chosen_chip(preset, config)
    return Design(chip, clock or (target.clock if target else CLOCK), target.baud if target else BAUD)


def _serve(design: Design, program: Path | None, baud: int | None, noise: float, *, as_json: bool) -> None:
    """Until Ctrl-C."""
    from spikeplane_sim.board.faults import Faults
    from spikeplane_sim.board.terminal import Terminal

    hertz = design.clock * 1e6
    with busy("building the simulated board"):
        simulated = pin_board(design.chip, hertz) if design.chip else echo_board(hertz)
    terminal = Terminal(simulated, baud, Faults(1, noise), Faults(2, noise))
    if hasattr(signal, "SIGUSR1"):
        signal.signal(signal.SIGUSR1, lambda *_: simulated.reset())
    try:
        _tell(design, terminal.path, program, baud or min(design.baud, int(hertz / 8)), as_json)
        if out.file:
            out.file.flush()
        terminal.serve()
    finally:
        terminal.close()


def _tell(design: Design, port: str, program: Path | None, rate: int, as_json: bool) -> None:
    """Where the board is to be found, before it is served."""
    use = command("run", program or "PROGRAM", "--input", "DATA", "--board", port, "--baud", rate)
    if as_json:
        digest = design.chip.digest if design.chip else None
        values = {"port": port, "baud": rate, "chip": digest, "clock_mhz": design.clock}
        print_json({**values, "next": use if design.chip else None})
        return
    where = f"{port}, simulated at its pins with a clock of {design.clock:g} MHz; Ctrl-C ends it"
    out.print(f"{design} at {where}", highlight=False, soft_wrap=True)
    if design.chip:
        print_next(use)
    else:
        out.print(f"what it gets, at up to {rate:,} baud, it sends back", highlight=False)
