"""`spikeplane estimate`: what a program takes of a board, how fast it runs there, on what energy,
before anything is built."""

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape

from spikeplane.cli.answer import Json, command, print_json, print_next
from spikeplane.cli.columns import Figures
from spikeplane.cli.console import busy, out
from spikeplane.errors import SpikeplaneError, number
from spikeplane.program import Program

_Program = Annotated[
    Path,
    typer.Argument(help="A program file; or a training (.spt), 784-128-10, conv-8-16 or vgg-7, to learn."),
]
_Board = Annotated[
    str | None,
    typer.Option("--board", "-b", help="The board's name: spikeplane boards lists them. Not of trainings."),
]
_Input = Annotated[
    Path | None, typer.Option("--input", help="Samples to count spikes on, if not those of compile.")
]
_Activity = Annotated[float | None, typer.Option(help="Assume so many spikes a neuron and step, 0 to 1.")]
_Samples = Annotated[int, typer.Option(help="Samples one behind the other, as in run.")]
_Densities = Annotated[
    str | None,
    typer.Option(help="Of trainings: assume these shares of inputs, hidden spikes, windows: 0.29,0.25,0.15."),
]
_Steps = Annotated[int | None, typer.Option(min=1, help="Of trainings: time steps of a sample.")]
_Batch = Annotated[int | None, typer.Option(min=1, help="Of trainings: samples of an iteration.")]
_Dram = Annotated[bool, typer.Option("--dram", help="Of trainings: planes and weights lie outside the chip.")]


def estimate(
    program: _Program, board: _Board = None, data: _Input = None, activity: _Activity = None, samples: _Samples = 20,
    densities: _Densities = None, steps: _Steps = None, batch: _Batch = None, dram: _Dram = False, as_json: Json = False,
) -> None:  # fmt: skip
    """Estimate, before synthesis, what a program's chip takes of a board, its cycles and its energy; of a training the energy,
    traffic and cycles of learning a sample.

    Ends with status 1 where the board holds neither the program's chip nor one made for its network.

    Example: `spikeplane estimate net.spk --board ulx3s-85f`, `spikeplane estimate trained.spt`
    """
    from spikeplane.cli.estimate_training import estimate_training, is_training, show_training

    of_training = densities is not None or steps is not None or batch is not None or dram
    if is_training(program):
        if board is not None or activity is not None:
            raise SpikeplaneError("--board and --activity are of programs; a training is estimated without")
        options = {"densities": densities, "steps": steps, "batch": batch, "dram": dram}
        learning = estimate_training(program, data=data, **options)
        print_json(learning) if as_json else show_training(learning)
        return
    if board is None or of_training:
        raise SpikeplaneError(
            "a program is estimated for a board: give --board NAME, and none of --densities, --steps, --batch, --dram, which are of "
            "trainings (.spt)"
        )
    _of_program(program, board, data, activity, samples, as_json)


def _of_program(
    program: Path, board: str, data: Path | None, activity: float | None, samples: int, as_json: bool
) -> None:
    from spikeplane.compiler.made import best_estimate
    from spikeplane.estimate.choose import chosen
    from spikeplane.estimate.whole import READ, STEPS
    from spikeplane_hw.boards import board as find

    _check_options(data, activity, samples)
    target, loaded = find(board), Program.load(program)
    most = max(1, min(READ, STEPS // loaded.network.steps))
    with busy(f"looking for a chip of {target.name}"):
        found = best_estimate(loaded, target, lambda one: chosen(one, data, activity, most), samples)
    then = _next(found, program)
    if as_json:
        print_json({**found, "next": then})
    else:
        show(found, target.title)
        out.print(escape(_verdict(found)), highlight=False, soft_wrap=True)
        print_next(then)
    if not found["fits"] and found["made"] is None:
        raise typer.Exit(1)


def _check_options(data: Path | None, activity: float | None, samples: int) -> None:
    if data is not None and activity is not None:
        raise SpikeplaneError("give --input or --activity, not both")
    if activity is not None and not 0 <= activity <= 1:
        raise SpikeplaneError(
            f"--activity must be from 0 to 1 spikes a neuron and step, not {number(activity)}"
        )
    if samples < 1:
        raise SpikeplaneError(f"--samples must be 1 or more, not {samples}")


def show(found: dict[str, Any], title: str) -> None:
    """The estimate for people."""
    table = Figures(
        f"{escape(title)}: chip {found['chip']}, estimated",
        ("resource", "used", "available", "share", "fits", "calibration"),
        ("resource", "calibration"),
    )
    for name, row in found["resources"].items():
        used, available = row["used"], row["available"]
        over = used - available
        error = _calibration(row["error"], row["builds"])
        fits = "[green]yes[/]" if over <= 0 else f"[red]no: {over:,} too many[/]"
        table.add(name, f"{used:,}", f"{available:,}", f"{used / available:.0%}", fits, error)
    table.print(out)
    for label, text in _lines(found):
        out.print(f"{label:<20}{escape(text)}", highlight=False, soft_wrap=True)


def _verdict(found: dict[str, Any]) -> str:
    """Whether the board holds the program's chip, or else one that is made for its network."""
    if found["fits"]:
        return f"{found['board']} holds the program's chip"
    made = found["made"]
    if made is None:
        return f"no chip for this network fits {found['board']}: {found['why']}"
    uses = ", ".join(f"{row['used']:,} {name}" for name, row in made["resources"].items())
    return f"a chip made for the network fits: {made['cores']}, {uses}"


def _next(found: dict[str, Any], program: Path) -> str:
    """The command that builds a chip that fits; where none does, the one that lists larger boards."""
    if not found["fits"] and found["made"] is None:
        return command("boards")
    return command("build", "--board", found["board"], "--program", program)


def _calibration(error: float | None, builds: int) -> str:
    """How far off a resource may be."""
    if error is None:
        return "by rule, as in every build"
    if builds == 1:
        return f"±{error:.1%} of the ECP5's builds, scaled to 1 build of this family"
    return f"±{error:.1%} over the {builds} builds it was fitted to"


def _lines(found: dict[str, Any]) -> list[tuple[str, str]]:
    """Label and text of each figure."""
    total = sum(found["energy_pj"].values())
    each = total / found["operations_per_sample"] if found["operations_per_sample"] else 0.0
    factor = found["energy_factor"]
    shares = (
        ", ".join(f"{name} {part / total:.0%}" for name, part in found["energy_pj"].items()) if total else ""
    )
    clock = f"{found['clock_mhz']:g} MHz"
    return [
        ("activity", found["activity"]),
        ("cycles per sample", f"{found['cycles_per_sample']:,.0f} ({found['samples']} one behind the other)"),
        ("cycles per step", f"{found['cycles_per_step']:,.0f} ({found['steps']} steps)"),
        (
            "latency",
            (
                f"{found['latency_us']:,.1f} us a sample by itself, "
                f"{found['latency_us'] / found['steps']:,.2f} us a step, at {clock}"
            ),
        ),
        (
            "samples per second",
            f"{found['samples_per_second']:,.0f} at {clock} with a link of a byte a cycle; "
            f"{found['line_samples_per_second']:,.1f} over the UART at {found['line_baud']:,} baud",
        ),
        (
            "synaptic operations",
            f"{found['operations_per_sample']:,.0f} a sample, {_si(found['operations_per_second'])}SOP/s",
        ),
        (
            "energy",
            (
                f"{_si(total * 1e-12)}J a sample, {_si(each * 1e-12)}J a synaptic operation in 45 nm "
                "standard cells"
            ),
        ),
        (
            "  in an FPGA",
            f"{factor:g} times as much: {_si(total * factor * 1e-12)}J a sample, "
            f"{_si(each * factor * 1e-12)}J a synaptic operation",
        ),
        ("  source", "Horowitz, ISSCC 2014, per operation and access; Kuon and Rose 2007 for the FPGA"),
        ("  of it", shares),
        ("  without", "clock tree, leakage and static power, pins, board: see docs/estimate.md"),
    ]


def _si(value: float) -> str:
    """With three digits and a prefix."""
    for power, prefix in ((1e9, "G"), (1e6, "M"), (1e3, "k"), (1, ""), (1e-3, "m"), (1e-6, "u"), (1e-9, "n")):
        if abs(value) >= power:
            return f"{value / power:.3g} {prefix}"
    return f"{value / 1e-12:.3g} p"
