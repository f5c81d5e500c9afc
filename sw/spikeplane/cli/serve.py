"""`spikeplane serve`: a simulated board behind a pseudo-terminal, for whatever opens a serial port."""

import signal
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from spikeplane.cli.boards import pin_board
from spikeplane.cli.chips import chosen_chip
from spikeplane.cli.console import busy, out
from spikeplane.errors import SpikeplaneError
from spikeplane.program import Program


def serve(
    program: Annotated[Path | None, typer.Argument(help="A program file: its chip.")] = None,
    preset: Annotated[str | None, typer.Option("--preset", "-p", help="tiny, small, medium or large.")] = None,
    config: Annotated[Path | None, typer.Option("--config", "-c", help="A TOML file of chip sizes.")] = None,
    clock: Annotated[float, typer.Option(help="MHz of the board's clock, against which the line is timed.")] = 25.0,
    baud: Annotated[int | None, typer.Option(help="The line's rate (default: what the program at the other end sets).")] = None,
    noise: Annotated[float, typer.Option(help="Probability of each kind of fault at a byte of the line.")] = 0.0,
) -> None:
    """Simulate a board at its pins, UART included, and print the serial port that stands for it.

    Ctrl-C ends it; the signal USR1 presses its reset button.

    Example: `spikeplane serve net.spk`, and in another window `spikeplane run net.spk --input images.gz --board /dev/pts/N`
    """
    if not 1 <= clock <= 1000:
        raise SpikeplaneError(f"--clock must be from 1 to 1000 MHz, not {clock:g}")
    if baud is not None and not 9600 <= baud <= clock * 1e6 / 8:
        raise SpikeplaneError(f"--baud must be from 9600 to {clock * 1e6 / 8:.0f} (an eighth of the clock), not {baud}")
    if not 0 <= noise <= 0.1:
        raise SpikeplaneError(f"--noise must be from 0 to 0.1, not {noise:g}")
    if program is not None and (preset, config) != (None, None):
        raise SpikeplaneError("give a program, or --preset or --config, not both")
    chip = Program.load(program).config if program is not None else chosen_chip(preset, config)
    from spikeplane_sim.board.faults import Faults
    from spikeplane_sim.board.terminal import Terminal

    with busy("building the simulated board"):
        board = pin_board(chip, clock * 1e6)
    terminal = Terminal(board, baud, Faults(1, noise), Faults(2, noise))
    if hasattr(signal, "SIGUSR1"):
        signal.signal(signal.SIGUSR1, lambda *_: board.reset())
    try:
        out.print(
            f"chip {chip.digest} at {terminal.path}, simulated at its pins with a clock of {clock:g} MHz", highlight=False
        )
        rate = f" --baud {baud or min(3_000_000, int(clock * 1e6 / 8))}"
        use = f"spikeplane run {program or 'PROGRAM'} --input DATA --board {terminal.path}{rate}"
        out.print(f"use it with: {escape(use)}\nCtrl-C ends it", highlight=False, soft_wrap=True)
        if out.file:
            out.file.flush()
        terminal.serve()
    finally:
        terminal.close()
