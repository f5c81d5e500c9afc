"""`spikeplane demo`: the whole way from training to a chip that agrees with its model, on scikit-learn's digits."""

import time
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from spikeplane.cli.boards import open_board
from spikeplane.cli.chips import chosen_chip
from spikeplane.cli.console import busy, out
from spikeplane.cli.run import execute, show, summarise
from spikeplane.cli.tables import print_tables
from spikeplane.compiler.compile import compile as compile_model
from spikeplane.encode import Encoding
from spikeplane.files import check_place


def demo(
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for Verilog, program and report.")] = Path(
        "build/demo"
    ),
    preset: Annotated[str, typer.Option("--preset", "-p", help="Chip to run on.")] = "small",
    samples: Annotated[int, typer.Option("--samples", "-n", min=1, max=360, help="Test images on the simulated chip.")] = 120,
) -> None:
    """Train a spiking network on digits, put it on a generated 2x2 chip, and compare every spike with the golden model.

    Writes the chip's Verilog, the program and a report. The first run builds a simulator; later ones use caches.
    """
    start = time.perf_counter()
    chosen = chosen_chip(preset, None)
    for name in ("digits.spk", "chip/manifest.json", "report.html"):
        check_place(output / name)
    from spikeplane_gateware.generate import generate
    from spikeplane_sim.board.build import cache_folder, cached_verilog
    from spikeplane_sim.demo import digits

    data = digits.load()
    with busy("training"):
        model = digits.trained(data, cache_folder())
    exact = digits.accuracy(model, data.test_images, data.test_labels)
    step(f"trained in PyTorch (SpikingJelly): float accuracy {exact:.2%} on {len(data.test_labels)} test images", start)

    with busy("compiling"):
        program = compile_model(
            model, chip=chosen, input_shape=(1, 8, 8), encoding=Encoding(kind="direct", steps=digits.STEPS), name="digits",
            calibration=data.train_images[:256], labels=data.train_labels[:256],
        )  # fmt: skip
        program.save(output / "digits.spk")
        files = generate(program.config, output / "chip", verilog=cached_verilog(program.config))
    print_tables(program, out)
    step(
        f"compiled to {escape(str(output / 'digits.spk'))}; {chosen.rows}x{chosen.cols} chip as {escape(str(files[0]))}", start
    )

    with open_board("golden", program) as golden:
        integer = summarise(
            program, execute(program, golden, data.test_images, what="golden model"), golden, data.test_labels, 100.0
        )
    step(f"integer accuracy {integer['accuracy']:.2%} in the golden model", start)

    with busy("building the simulated chip (once)"):
        board = open_board("sim", program)
    step("simulated chip built", start)
    with board:
        result = execute(program, board, data.test_images[:samples], lockstep=True, what="simulated chip")
    labels = data.test_labels[:samples]
    summary = summarise(program, result, board, labels, 100.0)
    summary |= {"accuracy_float": exact, "accuracy_integer": integer["accuracy"]}
    from spikeplane.report import write_run

    write_run(output / "report.html", program, result, summary, labels)
    summary["report"] = str(output / "report.html")
    show(summary)
    out.print(
        f"[bold]accuracy: float {exact:.2%}, integer {integer['accuracy']:.2%} ({len(data.test_labels)} images), "
        f"chip {summary['accuracy']:.2%} ({samples} images)[/]", highlight=False,
    )  # fmt: skip
    step("done", start)
    if summary["lockstep"]["mismatches"]:
        raise typer.Exit(1)


def step(text: str, start: float) -> None:
    """One line of progress, with the seconds since the start."""
    out.print(f"[dim]{time.perf_counter() - start:6.1f} s[/]  {text}", highlight=False)
