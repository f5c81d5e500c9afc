"""`spikeplane demo`: the whole way from training to a chip that agrees with its model, on
scikit-learn's digits."""

import time
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich.console import Console
from rich.markup import escape

from spikeplane.cli.answer import Json, command, notes, print_json, print_next
from spikeplane.cli.chips import chosen_chip
from spikeplane.cli.console import busy, out
from spikeplane.cli.run import execute_with_bar, show
from spikeplane.cli.tables import print_tables
from spikeplane.config import ChipConfig
from spikeplane.encoding import Encoding
from spikeplane.files import check_place
from spikeplane.program import Program
from spikeplane.run.boards import open_board
from spikeplane.run.execute import Result, summarise

CLOCK = 100.0  #: MHz that latency is stated at


class Steps:
    """Lines of progress on a console, each with the seconds since the start."""

    def __init__(self, console: Console) -> None:
        self.console, self._start = console, time.perf_counter()

    def __call__(self, text: str) -> None:
        seconds = time.perf_counter() - self._start
        self.console.print(f"[dim]{seconds:6.1f} s[/]  {text}", highlight=False)


def demo(
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Folder for Verilog, program and report.")
    ] = Path("build/demo"),
    preset: Annotated[str, typer.Option("--preset", "-p", help="Chip to run on.")] = "small",
    samples: Annotated[
        int, typer.Option("--samples", "-n", min=1, max=360, help="Test images on the simulated chip.")
    ] = 120,
    as_json: Json = False,
) -> None:
    """Train a spiking network on digits, put it on a generated 2x2 chip, and compare every spike
    with the golden model.

    Writes the chip's Verilog, the program and a report. The first run builds a simulator; later
    ones use caches.

    Example: `spikeplane demo`
    """
    step = Steps(notes(as_json))
    chosen = chosen_chip(preset, None)
    for name in ("digits.spk", "chip/manifest.json", "report.html"):
        check_place(output / name)
    data, model, exact = _trained(step)
    program = _compiled(model, data, chosen, output, step)
    with open_board("golden", program) as golden:
        result = execute_with_bar(program, golden, data.test_images, what="golden model")
        integer = summarise(program, result, golden, data.test_labels, CLOCK)["accuracy"]
    step(f"integer accuracy {integer:.2%} in the golden model")
    with busy("building the simulated chip (once)"):
        board = open_board("sim", program)
    step("simulated chip built")
    images, labels = data.test_images[:samples], data.test_labels[:samples]
    with board:
        result = execute_with_bar(program, board, images, lockstep=True, what="simulated chip")
    summary = summarise(program, result, board, labels, CLOCK) | {
        "accuracy_float": exact,
        "accuracy_integer": integer,
    }
    _reported(program, result, summary, labels, output / "report.html")
    step("done")
    then = command("inspect", output / "digits.spk")
    if as_json:
        print_json({**summary, "next": then})
    else:
        show(summary)
        out.print(
            f"[bold]accuracy: float {exact:.2%}, integer {integer:.2%} ({len(data.test_labels)} images), "
            f"chip {summary['accuracy']:.2%} ({samples} images)[/]",
            highlight=False,
        )
        print_next(then)
    if summary["lockstep"]["mismatches"]:
        raise typer.Exit(1)


def _trained(step: Steps) -> tuple[Any, Any, float]:
    """The digits, the model trained on them (from the cache if it is there), and its accuracy in PyTorch."""
    from spikeplane_sim.cache import cache_folder
    from spikeplane_sim.demo import digits

    data = digits.load()
    with busy("training"):
        model = digits.trained(data, cache_folder())
    exact = digits.accuracy(model, data.test_images, data.test_labels)
    step(
        (
            f"trained in PyTorch (SpikingJelly): float accuracy {exact:.2%} on {len(data.test_labels)} "
            "test images"
        ),
    )
    return data, model, exact


def _compiled(model: Any, data: Any, chip: ChipConfig, output: Path, step: Steps) -> Program:
    """The program, written with its chip into `output`; its tables are printed."""
    from spikeplane.compiler.compile import compile as compile_model
    from spikeplane_gateware.generate import generate
    from spikeplane_sim.board.build import cached_verilog
    from spikeplane_sim.demo import digits

    with busy("compiling") as say:
        program = compile_model(
            model,
            chip=chip,
            input_shape=(1, 8, 8),
            encoding=Encoding(kind="direct", steps=digits.STEPS),
            name="digits",
            calibration=data.train_images[:256],
            labels=data.train_labels[:256],
            progress=say,
        )
        program.save(output / "digits.spk")
        files = generate(program.config, output / "chip", verilog=cached_verilog(program.config))
    if step.console is out:
        print_tables(program, out)
    step(
        (
            f"compiled to {escape(str(output / 'digits.spk'))}; {chip.rows}x{chip.cols} chip as "
            f"{escape(str(files[0]))}"
        ),
    )
    return program


def _reported(
    program: Program, result: Result, summary: dict[str, Any], labels: np.ndarray, path: Path
) -> None:
    """The page."""
    from spikeplane.run.report import write_run

    write_run(path, program, result, summary, labels)
    summary["report"] = str(path)
