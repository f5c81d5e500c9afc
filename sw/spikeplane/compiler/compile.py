"""`spikeplane.compile`: a trained model in, a program for one chip out."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from spikeplane.compiler.auto import Target, TooLarge, target
from spikeplane.compiler.constants import widened
from spikeplane.compiler.fit import Placed, fit, mapping_rows
from spikeplane.compiler.losses import LEVELS, check_losses, told_losses, vanished
from spikeplane.compiler.model import imported
from spikeplane.compiler.peaks import drawn_peaks, measured_peaks
from spikeplane.compiler.quantise import quantise
from spikeplane.compiler.settled import settled
from spikeplane.compiler.time_channels import in_channels
from spikeplane.compiler.widths import looped, narrow, trained_widths
from spikeplane.config import PRESETS, ChipConfig
from spikeplane.doors import door
from spikeplane.encode import encode
from spikeplane.encoding import Encoding
from spikeplane.encodings import Encodings, by_input, input_bits, samples_by_input
from spikeplane.errors import SpikeplaneError
from spikeplane.estimate.activity import TABLE, measured
from spikeplane.float_network import FloatNetwork
from spikeplane.log import logger
from spikeplane.network import Network
from spikeplane.normalise import normalised
from spikeplane.program import Program
from spikeplane.program.bounds import prove
from spikeplane.program.once import prove_once
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
    weight_bits: Widths = None,
    guard: Widths = None,
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
                  {"conv1": 4}; the chip's where None, or those that `spikeplane.nn.quantise` trained
    guard         bits by which currents and membranes are finer than weights, for all layers or by
                  layer; chosen where None
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
        "input_bits": input_bits(Encoding() if encoding is None else encoding),
        "weights": weights,
    }
    with door("telling")("compiling", progress) as say:
        chips = _target(chip)
        say("reading the model")
        net = imported(model, options, calibration, Encoding() if encoding is None else encoding)
        net, encodings = prepared(net, encoding, chips.arithmetic[0])
        forms = {p.name: (encodings[p.name], p.shape) for p in net.inputs}
        if calibration is not None:
            calibration, labels = labelled(calibration, labels, forms)
        planes = None if calibration is None else _encoded(encodings, net, calibration, labels)
        source = Source(
            network=replace(net, origin=None),
            chip=chips.arithmetic[0],
            weight_bits=trained_widths(net, chips.arithmetic[0], weight_bits),
            guard=guard,
            probes=None if probes is None else tuple(probes),
            peaks=drawn_peaks(net, encodings) if planes is None else measured_peaks(net, planes, encodings),
        )
        say("finding integers and places")
        program = _first(source, chips, encodings, name)
        program.tables.update(provided("proof_tables")(net, program, planes, proof=proof, say=say))
        if planes is not None:
            say("running the calibration in float and integer")
            _calibrate(program, net, planes, labels)
        _tell(program, say)
    return program


def _tell(program: Program, say: Any) -> None:
    """What was assumed: to whoever listens to the log, and in a notebook beside what was done."""
    told = [f"{row['layer']}: {row['what']} = {row['value']} ({row['why']})" for row in program.assumptions]
    for text in told:
        _log.info("assumed of %s", text)
    title = f"'{program.name}' compiled for chip {program.config.digest}"
    say.done(title, [("assumed", text) for text in told])


def _first(source: Source, chips: Target, encodings: Encodings, name: str) -> Program:
    """The program for the first of the chips, by their arithmetic, that has one and keeps the weights' levels;
    where none does, that of the least error. Wide ones come first where rounding comes back. Raises
    SpikeplaneError."""
    found: list[Program] = []
    refused: SpikeplaneError | None = None
    loops, large = bool(looped(source.network)), False
    chosen = sorted(chips.arithmetic, key=lambda one: loops and narrow(one))
    for arithmetic in chosen:
        if large and arithmetic is not source.chip:
            continue  # wider ones are larger still
        try:
            last = arithmetic is chosen[-1]
            one = replace(source, chip=arithmetic)
            found.append(built(one, encodings, name, chips.placed, cured=last))
        except SpikeplaneError as error:
            refused = error
            large = large or isinstance(error, TooLarge)
            _log.info("%s; trying wider accumulators and membranes", error)
            continue
        lost = [row["layer"] for row in found[-1].tables["assumptions"] if row["what"] == LEVELS]
        if not lost:
            return found[-1]
        _log.info("layer '%s' loses levels of its weights; trying wider accumulators and membranes", lost[0])
    if not found:
        assert refused is not None
        raise refused
    return min(found, key=lambda program: max(row["error"] for row in program.tables["quantisation"]))


def built(
    source: Source, encodings: Encodings, name: str, placed: Placed = fit, *, cured: bool = True
) -> Program:
    """The program of a float network: quantised for the source's chip, proved within bounds, placed by
    `placed`. cured: where weights vanish, look for a chip on which they do not. Raises SpikeplaneError."""
    net = source.network

    def lossless(chip: ChipConfig) -> bool:
        """Whether no weights vanish on it."""
        _, found = quantise(net, chip, encodings, source.weight_bits, source.guard, source.peaks)
        return not any(vanished(row) for row in found)

    network, rows = quantise(net, source.chip, encodings, source.weight_bits, source.guard, source.peaks)
    check_losses(net, rows, source.chip, lossless if cured else lambda _: False)
    prove(network, source.chip)
    chosen = _probes(network, source.probes)
    config, placement, image = placed(network, source.chip, chosen)
    bounds = prove(network, config)
    prove_once(network, config)
    tables: dict[str, list[dict[str, Any]]] = {
        "assumptions": [asdict(a) for a in (*net.assumptions, *told_losses(net, network, rows, config))],
        "quantisation": [asdict(row) for row in rows],
        "bounds": [{**asdict(b), "bits": b.bits} for b in bounds],
        "mapping": mapping_rows(placement, image),
        "calibration": [],
    }
    (_, first), *rest = by_input(encodings, [p.name for p in net.inputs]).items()
    others = {} if all(one == first for _, one in rest) else dict(rest)
    return Program(
        name=name,
        config=config,
        network=network,
        placement=placement,
        encoding=first,
        others=others,
        readout=net.readout,
        probes=tuple(chosen),
        tables=tables,
        source=source,
    )


def _target(chip: ChipConfig | str) -> Target:
    """The chips that the program may be for."""
    if isinstance(chip, str) and chip not in PRESETS:
        return target(chip)
    config = PRESETS[chip] if isinstance(chip, str) else chip
    if not isinstance(config, ChipConfig):
        raise SpikeplaneError(f"a chip is a ChipConfig, or the name of a preset or a board, not {chip!r}")
    config.require_cores()
    return Target((config,), fit)


def prepared(
    net: FloatNetwork, encoding: Encodings | None, chip: ChipConfig
) -> tuple[FloatNetwork, dict[str, Encoding]]:
    """The network that is quantised, with the encodings by input. Raises SpikeplaneError."""
    encodings = by_input(Encoding() if encoding is None else encoding, [p.name for p in net.inputs])
    encodings = settled(encodings, net, given=encoding is not None)
    net, encodings = in_channels(_normalised(net, encodings), encodings)
    return widened(net, chip, encodings), encodings


def _normalised(net: FloatNetwork, encodings: Mapping[str, Encoding]) -> FloatNetwork:
    """The network that takes values in their unit where the model takes (value - mean) / std."""
    for driven in net.inputs:
        if encodings[driven.name].normalises:
            net = normalised(net, driven.name, *encodings[driven.name].normalisation(driven.shape[0]))
    return net


def _probes(network: Network, wanted: Sequence[str] | None) -> list[str]:
    known = [p.name for p in network.populations if p.neuron is not None]
    for name in wanted or []:
        if name not in known:
            raise SpikeplaneError(f"no population '{name}' to probe; there are {', '.join(known)}")
    # Whoever sends nowhere gets no credit either and would stop after two steps: the host takes
    # what no population does.
    ends = [name for name in known if name == network.output or not network.outgoing(name)]
    return known if wanted is None else [name for name in known if name in wanted or name in ends]


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
