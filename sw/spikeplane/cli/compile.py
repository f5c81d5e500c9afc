"""`spikeplane compile`: a trained model becomes a program file."""

from pathlib import Path
from typing import Annotated, cast

import typer

from spikeplane.cli.chips import chosen_chip
from spikeplane.cli.console import busy, out
from spikeplane.cli.tables import print_tables
from spikeplane.compiler.compile import compile as compile_model
from spikeplane.data import read_labels, read_samples
from spikeplane.encode import Encoding, EncodingKind
from spikeplane.errors import SpikeplaneError

_KINDS = ("direct", "rate", "latency", "events", "planes")


def parse_shape(text: str | None) -> tuple[int, int, int] | None:
    """CxHxW, or C alone. Raises SpikeplaneError."""
    if text is None:
        return None
    parts = text.lower().split("x")
    if len(parts) not in (1, 3) or not all(part.isdigit() and int(part) > 0 for part in parts):
        raise SpikeplaneError(f"an input shape is CHANNELSxHEIGHTxWIDTH, such as 1x28x28, not '{text}'")
    numbers = [int(part) for part in parts] + [1, 1]
    return numbers[0], numbers[1], numbers[2]


def parse_encoding(kind: str, steps: int, step_us: int, seed: int, bits: int) -> Encoding:
    """The encoding that the options describe. Raises SpikeplaneError."""
    if kind not in _KINDS:
        raise SpikeplaneError(f"unknown encoding '{kind}'; choose from {', '.join(_KINDS)}")
    if steps < 1:
        raise SpikeplaneError(f"--steps must be 1 or more, not {steps}")
    return Encoding(kind=cast(EncodingKind, kind), steps=steps, step_us=step_us, seed=seed, value_bits=bits)


def compile(  # noqa: A001 - the command's name
    model: Annotated[str, typer.Argument(help="A .nir file, or file.py:function returning a SpikingJelly or snnTorch module.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The program file to write.")],
    preset: Annotated[str | None, typer.Option("--preset", "-p", help="Chip: tiny, small (default), medium or large.")] = None,
    config: Annotated[Path | None, typer.Option("--config", "-c", help="Chip: a TOML file.")] = None,
    input_shape: Annotated[str | None, typer.Option(help="CHANNELSxHEIGHTxWIDTH, where the model does not say.")] = None,
    steps: Annotated[int, typer.Option(help="Time steps of a sample.")] = 4,
    encoding: Annotated[str, typer.Option(help="direct, rate, latency, events or planes.")] = "direct",
    value_bits: Annotated[int, typer.Option(help="Bits of a directly coded pixel.")] = 8,
    step_us: Annotated[int, typer.Option(help="Microseconds of a step of an event recording.")] = 1000,
    seed: Annotated[int, typer.Option(help="Seed of the rate encoding.")] = 0,
    dt: Annotated[float | None, typer.Option(help="Seconds of a step, for NIR's LIF.")] = None,
    reset: Annotated[str | None, typer.Option(help="hard, soft or none; overrides the model.")] = None,
    compare: Annotated[str | None, typer.Option(help="'>=' or '>'; overrides the model.")] = None,
    weight_bits: Annotated[int | None, typer.Option(help="2, 4 or 8, at most the chip's.")] = None,
    calibrate: Annotated[Path | None, typer.Option(help="Samples that float and integer spikes are compared on.")] = None,
    labels: Annotated[Path | None, typer.Option(help="Labels of those samples.")] = None,
    samples: Annotated[int, typer.Option(help="How many of them.")] = 256,
    probe: Annotated[list[str] | None, typer.Option(help="Populations sent to the host (default: all).")] = None,
) -> None:  # fmt: skip
    """Compile a trained model for a chip; prints what was assumed, how it was quantised and where it went.

    Example: `spikeplane compile model.py:net -o net.spk --preset small --input-shape 1x28x28`
    """
    chip = chosen_chip(preset, config, "small")
    chosen = parse_encoding(encoding, steps, step_us, seed, value_bits)
    shape = parse_shape(input_shape)
    from spikeplane.importers import import_model

    with busy("compiling"):
        net = import_model(model, input_shape=shape, dt=dt, reset=reset, compare=compare)
        data, truth = None, None
        if calibrate:
            data = read_samples(calibrate, net.inputs[0].shape, chosen, samples)
            truth = read_labels(labels, len(data), at_least=True) if labels else None
        elif labels:
            raise SpikeplaneError("--labels belongs to --calibrate: give the samples too")
        program = compile_model(
            net, chip=chip, encoding=chosen, weight_bits=weight_bits, calibration=data, labels=truth, probes=probe,
            name=Path(model.partition(":")[0]).stem,
        )  # fmt: skip
        program.save(output)
    print_tables(program, out)
    out.print(f"wrote {output} for chip {chip.digest} ({output.stat().st_size:,} bytes)", highlight=False)
