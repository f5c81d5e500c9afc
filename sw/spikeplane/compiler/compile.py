"""`spikeplane.compile`: a trained model in, a program for one chip out."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from spikeplane.compiler.auto import Target, target
from spikeplane.compiler.auto_bits import fewest_bits, share_of
from spikeplane.compiler.built import first_built
from spikeplane.compiler.by_step import check_by_step
from spikeplane.compiler.constants import widened
from spikeplane.compiler.correct import with_corrections
from spikeplane.compiler.fit import fit
from spikeplane.compiler.model import imported
from spikeplane.compiler.peaks import drawn_peaks, measured_peaks
from spikeplane.compiler.settled import settled
from spikeplane.compiler.time_channels import in_channels
from spikeplane.compiler.trained import told_grids
from spikeplane.compiler.widths import trained_widths
from spikeplane.config import PRESETS, ChipConfig
from spikeplane.doors import door
from spikeplane.encode import encode
from spikeplane.encoding import Encoding
from spikeplane.encodings import Encodings, asked_of_import, by_input, samples_by_input
from spikeplane.errors import SpikeplaneError
from spikeplane.estimate.activity import TABLE, measured
from spikeplane.float_network import FloatNetwork
from spikeplane.log import logger
from spikeplane.normalise import normalised
from spikeplane.program import Program
from spikeplane.program.scores import scores
from spikeplane.program.source import Source, Widths
from spikeplane.provided import provided
from spikeplane.samples import labelled

_log = logger(__name__)


def compile(  # noqa: A001 - the public name is the field's word
    model: Any,
    *,
    chip: ChipConfig | str = "small",
    input_shape: tuple[int, int, int] | Mapping[str, tuple[int, int, int]] | None = None,
    encoding: Encodings | None = None,
    dt: float | None = None,
    reset: str | None = None,
    compare: str | None = None,
    if_gain: str | None = None,
    discretisation: str | None = None,
    read_out: str | None = None,
    weight_bits: Widths | str = None,
    guard: Widths = None,
    correct: bool = False,
    calibration: Any = None,
    labels: Any = None,
    probes: list[str] | None = None,
    name: str = "network",
    proof: bool = True,
    weights: str | Path | None = None,
    progress: Callable[[str], None] | bool | None = None,
) -> Program:
    """Compile a model for a chip.

    model         a NIR graph or file, `file.py:function`, a SpikingJelly or snnTorch module, or a
                  FloatNetwork
    chip          a ChipConfig or a preset's name; "auto" or a board's name: the least chip, of any size or
                  of those that the board holds, that holds the network
    input_shape   (C, H, W), where neither the model nor the calibration says; of several inputs by the names of
                  forward's arguments
    encoding      how samples become planes; of several inputs one for all, or one by input
    dt, reset, compare   override what the model says or leaves open (seconds; "hard", "soft",
                         "none", "delayed"; ">=" or ">")
    if_gain       what NIR's IF integrates in a step: "step" r * I, "dt" r * I * dt; by r where None
    discretisation  how NIR's leaks become steps: "euler" 1 - dt / tau (where None), "exponential" exp(-dt / tau)
    read_out      of a NIR graph with several outputs the one that is read out; the first where None
    weight_bits   bits of the weights, for all layers but the readout, which keeps 8, or by layer:
                  {"conv1": 4}; 1: a chip that is made for the network stores 1 bit, +1 or -1; the chip's where None, or
                  those that `spikeplane.nn.quantise` trained; "auto", or "auto:98" for percent: the fewest with which
                  that share of spikes (99 %) agrees with the float network's on the calibration, layer by layer given
                  its spikes
    guard         bits by which currents and membranes are finer than weights, for all layers or by
                  layer; chosen where None
    correct       what rounding does to a channel is taken back by its bias, its threshold and a smaller scale of its
                  weights, where more spikes of the calibration agree
    calibration   samples as `Program.run` takes them (tensors, arrays, a DataLoader, recordings): spikes in
                  integers are compared with float, layer by layer
    labels        (N,) of the calibration samples, a DataLoader's own where None: accuracy in float and integer
                  is reported too
    probes        populations sent to the host; all where None
    proof         run the model itself beside the float network, on the calibration or on random
                  planes, and refuse what differs
    weights       a checkpoint for a PyTorch module: a file of torch.save or safetensors with tensors only
    progress      False: nothing is shown on what is being done; a function: it gets a line now and then; else
                  a spinner in a terminal, and a line in a notebook, where what was assumed stays

    Raises SpikeplaneError, one line, for whatever cannot be represented, may overflow or does not fit.
    """
    options = {
        "input_shape": input_shape,
        "dt": dt,
        "reset": reset,
        "compare": compare,
        "if_gain": if_gain,
        "discretisation": discretisation,
        "read_out": read_out,
        "weights": weights,
        **asked_of_import(Encoding() if encoding is None else encoding),
    }
    share = share_of(weight_bits)
    with door("telling")("compiling", progress) as say:
        chips = _target(chip).for_bits(weight_bits)
        say("reading the model")
        net = imported(model, options, calibration, Encoding() if encoding is None else encoding)
        net, encodings = prepared(net, encoding, chips.arithmetic[0])
        forms = {p.name: (encodings[p.name], p.shape) for p in net.inputs}
        if calibration is not None:
            calibration, labels = labelled(calibration, labels, forms)
        planes = None if calibration is None else _encoded(encodings, net, calibration, labels)
        if correct or share is not None:
            _check_calibration(planes)
        source = Source(
            network=replace(net, origin=None),
            chip=chips.arithmetic[0],
            weight_bits=trained_widths(
                net, chips.arithmetic[0], None if isinstance(weight_bits, str) else weight_bits
            ),
            guard=guard,
            probes=None if probes is None else tuple(probes),
            peaks=drawn_peaks(net, encodings) if planes is None else measured_peaks(net, planes, encodings),
        )
        say("finding integers and places")
        program = _made(source, chips, encodings, name, planes, share, correct=correct, say=say)
        program.tables["assumptions"] += [asdict(told) for told in told_grids(net, program)]
        program.tables.update(provided("proof_tables")(net, program, planes, proof=proof, say=say))
        if planes is not None:
            say("running the calibration in float and integer")
            _calibrate(program, net, planes, labels)
        _tell(program, say)
    return program


def _made(
    source: Source,
    chips: Target,
    encodings: Encodings,
    name: str,
    planes: dict[str, np.ndarray] | None,
    share: float | None,
    *,
    correct: bool,
    say: Callable[[str], None],
) -> Program:
    """The program, its weight bits and corrections found on the calibration where they are asked for."""

    def make(one: Source, some: Target) -> Program:
        program = first_built(one, some, encodings, name)
        return with_corrections(program, planes or {}, some.placed, say) if correct else program

    return (
        make(source, chips) if share is None else fewest_bits(source, chips, planes or {}, share, make, say)
    )


def _check_calibration(planes: dict[str, np.ndarray] | None) -> None:
    """Raises SpikeplaneError where nothing can be found on it."""
    if planes is None or len(next(iter(planes.values()))) < 2:
        raise SpikeplaneError(
            "there is no calibration to find corrections or weight bits 'auto' on; give 2 samples or more"
        )


def _tell(program: Program, say: Any) -> None:
    """What was assumed: to whoever listens to the log, and in a notebook beside what was done."""
    told = [f"{row['layer']}: {row['what']} = {row['value']} ({row['why']})" for row in program.assumptions]
    for text in told:
        _log.info("assumed of %s", text)
    title = f"'{program.name}' compiled for chip {program.config.digest}"
    say.done(title, [("assumed", text) for text in told])


def _target(chip: ChipConfig | str) -> Target:
    """The chips that the program may be for."""
    if isinstance(chip, str) and chip not in PRESETS:
        return target(chip)
    config = PRESETS[chip] if isinstance(chip, str) else chip
    if not isinstance(config, ChipConfig):
        raise SpikeplaneError(f"a chip is a ChipConfig, or the name of a preset or a board, not {chip!r}")
    config.require_cores()
    return Target((config,), fit, made=False)


def prepared(
    net: FloatNetwork, encoding: Encodings | None, chip: ChipConfig
) -> tuple[FloatNetwork, dict[str, Encoding]]:
    """The network that is quantised, with the encodings by input. Raises SpikeplaneError."""
    encodings = by_input(Encoding() if encoding is None else encoding, [p.name for p in net.inputs])
    encodings = settled(encodings, net, given=encoding is not None)
    net, encodings = in_channels(_normalised(net, encodings), encodings)
    check_by_step(net, encodings, chip)
    return widened(net, chip, encodings), encodings


def _normalised(net: FloatNetwork, encodings: Mapping[str, Encoding]) -> FloatNetwork:
    """The network that takes values in their unit where the model takes (value - mean) / std."""
    for driven in net.inputs:
        if encodings[driven.name].normalises:
            net = normalised(net, driven.name, *encodings[driven.name].normalisation(driven.shape[0]))
    return net


def _encoded(
    encodings: Mapping[str, Encoding], net: FloatNetwork, samples: Any, labels: np.ndarray | None
) -> dict[str, np.ndarray]:
    """The calibration's planes (N, T, C, H, W) by input. Raises SpikeplaneError."""
    given = samples_by_input(samples, [p.name for p in net.inputs])
    planes = {p.name: encode(encodings[p.name], given[p.name], p.shape) for p in net.inputs}
    total = len(next(iter(planes.values())))
    if not total:
        raise SpikeplaneError("the calibration has no samples; give at least one")
    if labels is not None and (np.ndim(labels) != 1 or len(labels) < total):
        raise SpikeplaneError(
            f"the calibration has {total} samples and labels of shape {np.shape(labels)}; "
            "give one label a sample"
        )
    return planes


def _calibrate(
    program: Program, net: FloatNetwork, planes: dict[str, np.ndarray], labels: np.ndarray | None
) -> None:
    """Fill in agreement of integer with float outputs per population, and both accuracies."""
    values = {name: given * program.encodings[name].value for name, given in planes.items()}
    real = provided("FloatModel")(net).run(values)
    integer = provided("GoldenModel")(
        program.network, membrane_bits=program.config.membrane_bits, acc_bits=program.config.acc_bits
    ).run(planes)
    counted = measured(program.network, program.config, integer, "calibration")
    program.tables[TABLE] = counted.rows(program.config.lanes)
    for row in program.tables["quantisation"]:
        ours, theirs = integer[row["population"]], real[row["population"]]
        if program.network.population(row["population"]).sends_values:
            row["agreement"] = None
        else:
            row["agreement"] = float((ours == theirs).mean() * 100)
        row["rate"] = float(np.abs(ours != 0).mean())
    total = len(next(iter(planes.values())))
    figures: dict[str, Any] = {"samples": total}
    if labels is not None:
        labels = np.asarray(labels)[:total]
        for what, outputs in (("float", real), ("integer", integer)):
            found = scores(net.readout, outputs[net.output], net.population(net.output).fold)
            figures[f"accuracy_{what}"] = float((found.argmax(1) == labels).mean())
    program.tables["calibration"].append(figures)
