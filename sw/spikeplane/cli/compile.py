"""`spikeplane compile`: a trained model becomes a program file."""

import math
import re
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich.console import Console
from rich.markup import escape

from spikeplane.cli.answer import Json, command, notes, print_json, print_next
from spikeplane.cli.chips import chosen_chip
from spikeplane.cli.console import busy, out
from spikeplane.cli.encodings import parse_encodings, parse_shapes
from spikeplane.cli.explain import explaining
from spikeplane.cli.tables import print_tables, run_line, written, wrote
from spikeplane.config import PRESETS
from spikeplane.data import read_inputs, read_labels
from spikeplane.encodings import Encodings, asked_of_import, by_input, count
from spikeplane.errors import SpikeplaneError, number
from spikeplane.files import check_place
from spikeplane.float_network import FloatNetwork
from spikeplane.program import Program


def compile(  # noqa: A001 - the command's name
    model: Annotated[
        str,
        typer.Argument(
            help="A .nir file, file.py:function returning a SpikingJelly or snnTorch module, or a training (.spt)."
        ),
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="The program file to write.")],
    preset: Annotated[
        str | None,
        typer.Option(
            "--preset",
            "-p",
            help="Chip: tiny, small (default), medium or large; auto, or a board's name: made for the network.",
        ),
    ] = None,
    config: Annotated[Path | None, typer.Option("--config", "-c", help="Chip: a TOML file.")] = None,
    input_shape: Annotated[
        list[str] | None,
        typer.Option(
            help="CHANNELSxHEIGHTxWIDTH, where the model does not say; NAME=SHAPE of several inputs."
        ),
    ] = None,
    weights: Annotated[
        Path | None, typer.Option(help="A checkpoint for the module: .pt of torch.save, or .safetensors.")
    ] = None,
    steps: Annotated[
        int | None, typer.Option(help="Time steps of a sample (default: the model's, else 4).")
    ] = None,
    encoding: Annotated[
        list[str] | None,
        typer.Option(
            help="direct (default), rate, poisson, latency, events, planes or frames; NAME=KIND for each of several inputs."
        ),
    ] = None,
    value_bits: Annotated[
        int, typer.Option(help="Bits of a directly coded pixel, or of a value of frames.")
    ] = 8,
    signed: Annotated[bool, typer.Option("--signed", help="Frames hold negative values too.")] = False,
    unit: Annotated[
        str | None, typer.Option(help="Frames: what 1 is in real numbers, such as 1/255; 1 if not given.")
    ] = None,
    mean: Annotated[
        str | None,
        typer.Option(help="The model gets (value - mean) / std: a number, or one a channel: 0.5,0.4,0.4."),
    ] = None,
    std: Annotated[str | None, typer.Option(help="See --mean.")] = None,
    step_us: Annotated[int, typer.Option(help="Microseconds of a step of an event recording.")] = 1000,
    seed: Annotated[int, typer.Option(help="Seed of the rate and the poisson encoding.")] = 0,
    dt: Annotated[float | None, typer.Option(help="Seconds of a step, for NIR's LIF.")] = None,
    reset: Annotated[
        str | None, typer.Option(help="hard, soft, none or delayed (as snnTorch); overrides the model.")
    ] = None,
    compare: Annotated[str | None, typer.Option(help="'>=' or '>'; overrides the model.")] = None,
    if_gain: Annotated[
        str | None, typer.Option(help="step (v += r I) or dt (v += r I dt), for NIR's IF; by r if not given.")
    ] = None,
    discretisation: Annotated[
        str | None,
        typer.Option(help="euler (1 - dt / tau, default) or exponential (exp(-dt / tau)), for NIR."),
    ] = None,
    read_out: Annotated[
        str | None, typer.Option(help="The output that is read out, of a NIR graph with several.")
    ] = None,
    weight_bits: Annotated[
        list[str] | None,
        typer.Option(
            help="2, 4 or 8, at most the chip's; 1 with --preset auto; LAYER=BITS for one (repeatable); auto, auto:98: what agrees."
        ),
    ] = None,
    guard: Annotated[
        list[str] | None, typer.Option(help="Guard bits, or LAYER=BITS. Repeatable; chosen if not given.")
    ] = None,
    correct: Annotated[
        bool,
        typer.Option(
            help="Take back by biases, thresholds and scales what rounding does to the calibration's spikes."
        ),
    ] = False,
    calibrate: Annotated[
        list[str] | None,
        typer.Option(help="Samples that float and integer spikes are compared on; NAME=FILE as for run."),
    ] = None,
    labels: Annotated[Path | None, typer.Option(help="Labels of those samples.")] = None,
    samples: Annotated[int, typer.Option(help="How many of them.")] = 256,
    probe: Annotated[
        list[str] | None, typer.Option(help="Populations sent to the host (default: all).")
    ] = None,
    name: Annotated[
        str | None, typer.Option("--name", help="The program's name (default: that of the model's file).")
    ] = None,
    proof: Annotated[
        bool, typer.Option(help="Run the model itself beside the float network and refuse what differs.")
    ] = True,
    explain: Annotated[
        bool, typer.Option("--explain", help="Print the graph that was understood, one line a node.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Compile a trained model for a chip; prints what was assumed, how it was quantised and where it went.

    Example: `spikeplane compile model.py:net -o net.spk --preset small --input-shape 1x28x28`
    """
    from spikeplane.compiler.compile import compile as compile_model
    from spikeplane.compiler.settled import settled

    made = preset if preset not in PRESETS and config is None else None
    chip = chosen_chip(preset, config, "small") if made is None else made
    chosen = parse_encodings(
        encoding or ["direct"],
        steps=4 if steps is None else steps,
        step_us=step_us,
        seed=seed,
        bits=value_bits,
        signed=signed,
        unit=unit,
        mean=mean,
        std=std,
    )
    shape = parse_shapes(input_shape or [])
    _check_options(calibrate, labels, samples, dt)
    check_place(output)
    with busy("compiling") as say:
        net = _imported(
            model,
            notes(as_json) if explain else None,
            input_shape=shape,
            dt=dt,
            reset=reset,
            compare=compare,
            if_gain=if_gain,
            discretisation=discretisation,
            read_out=read_out,
            weights=weights,
            **asked_of_import(chosen),
        )
        chosen = settled(by_input(chosen, [p.name for p in net.inputs]), net, given=steps is not None)
        data, truth = _calibration(net, chosen, calibrate, labels, samples)
        program = compile_model(
            net,
            chip=chip,
            encoding=chosen,
            weight_bits=_weight_bits(net, weight_bits),
            guard=_widths(net, guard, "--guard"),
            correct=correct,
            calibration=data,
            labels=truth,
            probes=probe,
            proof=proof,
            progress=say,
            name=(name or Path(model.partition(":")[0]).stem).encode(errors="replace").decode(),
        )
        program.save(output)
    print_json(written(program, output)) if as_json else _tell(program, output, made)


def _tell(program: Program, output: Path, made: str | None) -> None:
    """What was written, and of a chip that was made for the network what it is and how to build it."""
    chip = program.config
    print_tables(program, out)
    out.print(wrote(program, output), highlight=False)
    if made is not None:
        build = command("build", "--board", "BOARD" if made == "auto" else made, "--program", output)
        out.print(
            f"the chip has {chip.rows}x{chip.cols} cores of {chip.lanes} lanes with {chip.weight_depth * chip.lanes:,} "
            f"weights each; build it: {escape(build)}",
            highlight=False,
            soft_wrap=True,
        )
    print_next(run_line(program, output))


def _weight_bits(net: FloatNetwork, given: list[str] | None) -> dict[str, int] | int | str | None:
    """ "auto" as it stands, else as `_widths`. Raises SpikeplaneError."""
    from spikeplane.compiler.auto_bits import AUTO

    auto = [text for text in given or [] if text.partition(":")[0] == AUTO]
    if auto and given != auto[:1]:
        raise SpikeplaneError("--weight-bits auto chooses for all layers; leave the other --weight-bits out")
    return auto[0] if auto else _widths(net, given, "--weight-bits")


def _widths(net: FloatNetwork, given: list[str] | None, option: str) -> dict[str, int] | int | None:
    """Of `BITS` and `LAYER=BITS`: one number, or one for each layer that has its own. Raises
    SpikeplaneError."""
    general: int | None = None
    named: dict[str, int] = {}
    for text in given or []:
        layer, _, bits = text.rpartition("=")
        if not re.fullmatch("[0-9]{1,4}", bits, re.ASCII):
            raise SpikeplaneError(f"{option} is a number of bits, or LAYER=BITS, not '{text}'")
        if layer:
            named[layer] = int(bits)
        else:
            general = int(bits)
    if not named or general is None:
        return named or general
    others = {p.name: general for p in net.populations if p.neuron is not None and p.name != net.output}
    return {**others, **named}


def _check_options(calibrate: list[str] | None, labels: Path | None, samples: int, dt: float | None) -> None:
    if labels and not calibrate:
        raise SpikeplaneError("--labels belongs to --calibrate: give the samples too")
    if samples < 1:
        raise SpikeplaneError(f"--samples must be 1 or more, not {samples}")
    if dt is not None and not 0 < dt < math.inf:
        raise SpikeplaneError(f"--dt must be more than 0 seconds, not {number(dt)}")


def _calibration(
    net: FloatNetwork, encodings: Encodings, files: list[str] | None, labels: Path | None, limit: int
) -> tuple[Any, np.ndarray | None]:
    if not files:
        return None, None
    shapes = {p.name: p.shape for p in net.inputs}
    samples = read_inputs(files, shapes, by_input(encodings, list(shapes)), limit)
    classes = next(p.shape[0] for p in net.populations if p.name == net.output)
    found = count(samples, list(shapes))
    return samples, read_labels(labels, found, at_least=True, classes=classes) if labels else None


def _imported(model: str, explain: Console | None, **options: Any) -> FloatNetwork:
    from spikeplane.importers import import_model

    try:
        with explaining(explain) as understood:
            net = import_model(model, **options)
            understood.net = net
            return net
    except SystemExit as left:  # a script that parses its own arguments, for example
        raise SpikeplaneError(
            f"{model} left Python (exit status {left.code}); expected it to return a model"
        ) from None
