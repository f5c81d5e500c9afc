"""The proof and its table: the float network against the source, the integers against the float
network, and how often both fire."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from spikeplane.errors import SpikeplaneError
from spikeplane.float_network import FloatNetwork, Origin
from spikeplane.program import Program
from spikeplane_sim.proof import integers, planes
from spikeplane_sim.proof.forced import Layer, run_forced
from spikeplane_sim.proof.nir_source import run_nir
from spikeplane_sim.proof.planes import Trial
from spikeplane_sim.proof.torch_source import overridden, run_torch

Table = list[dict[str, Any]]
Say = Callable[[str], None]


@dataclass(frozen=True)
class _Source:
    """What stands beside the float network: its model, or None and the reason."""

    origin: Origin | None
    told: str


def proof_tables(
    net: FloatNetwork,
    program: Program,
    calibration: dict[str, np.ndarray] | None,
    *,
    proof: bool = True,
    say: Say | None = None,
) -> dict[str, Table]:
    """The tables "import" (one row: what ran beside what, on what data) and "agreement" (one row a layer).

    calibration: by input integer planes (N, T, C, H, W); None draws random ones. proof: whether
    the source model runs too. say: gets a line on progress now and then. Raises SpikeplaneError,
    one line, at the first spike of the float network that is not the source's.
    """
    say = say or (lambda _: None)
    source = _source(net, proof)
    trial = (
        planes.drawn(net, program.encodings) if calibration is None else planes.of_samples(net, calibration)
    )
    real, layers = _beside(net, program, trial, source, say)
    told = trial.what
    still = planes.quiet(net, real)
    if source.origin is not None and still:
        told += f"; quiet there and proved on stronger input: {', '.join(still)}"
        _, more = _beside(net, program, planes.strong(net, program.encodings, still), source, say)
        layers = {name: layer + more[name] for name, layer in layers.items()}
    say("comparing integers with floats")
    rows = _compared(net, program, trial, real, layers)
    return {"import": [{"source": source.told, "data": told}], "agreement": rows}


def _source(net: FloatNetwork, proof: bool) -> _Source:
    origin = net.origin
    if origin is None:
        return _Source(None, "nothing to prove: the network was given as it is")
    if not proof:
        return _Source(None, "not proved: left out by --no-proof (proof=False)")
    changed = overridden(net, origin) if origin.kind == "torch" else None
    if changed:
        return _Source(None, f"not proved: {changed} makes it another network than the model")
    what = type(origin.model).__name__
    return _Source(
        origin, f"the {'NIR graph' if origin.kind == 'nir' else f'PyTorch module {what}'} itself, in float64"
    )


def _beside(
    net: FloatNetwork, program: Program, trial: Trial, source: _Source, say: Say
) -> tuple[dict[str, np.ndarray], dict[str, Layer]]:
    """The float network's outputs, and what was compared with the source's, which run first."""
    values = {name: given * program.encodings[name].value for name, given in trial.planes.items()}
    done = 0

    def advance() -> None:
        nonlocal done
        done += 1
        say(f"proving the import: model, step {done} of {trial.size[1]}")

    given = {}
    if source.origin is not None:
        run = run_nir if source.origin.kind == "nir" else run_torch
        given = run(net, source.origin, _taken(program, values), trial.driven, advance)
        say("proving the import: float network")
    known = {
        name: spikes for name, spikes in trial.driven.items() if name in given
    }  # others repeat a layer's
    return run_forced(net, values, given, known)


def _taken(program: Program, values: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """What the model itself gets: the float network has the normalisation in its synapses."""
    found = dict(values)
    for name, encoding in program.encodings.items():
        if encoding.normalises:
            gain, offset = encoding.normalisation(values[name].shape[2])
            found[name] = values[name] * gain.reshape(-1, 1, 1) + offset.reshape(-1, 1, 1)
    return found


def _compared(
    net: FloatNetwork, program: Program, trial: Trial, real: dict[str, np.ndarray], layers: dict[str, Layer]
) -> Table:
    given = trial.planes
    widths = {"membrane_bits": program.config.membrane_bits, "acc_bits": program.config.acc_bits}
    alone = integers.run_alone(program.network, given, widths)
    forced = integers.run_layers(program.network, given, real, alone, widths)
    rows = []
    for name, layer in layers.items():
        row: dict[str, Any] = {
            "population": name,
            "compared": layer.values,
            "differences": 0 if layer.values else None,
            "ties": layer.ties,
        }
        neuron = net.population(name).neuron
        spikes = neuron is not None and neuron.kind.spikes
        for what, ours in (("given", forced[name]), ("free", alone[name])):
            row[what] = float((ours == real[name]).mean() * 100) if spikes else None
        for what, outputs in (("float", real[name]), ("integer", alone[name])):
            row[f"rate_{what}"] = float((outputs != 0).mean()) if spikes else None
        rows.append(row)
    return rows


def check_model(program: Program, origin: Origin | None, given: dict[str, np.ndarray]) -> None:
    """Whether a model still is the one that a program was made from: it runs beside the float network that the
    program keeps, on planes (N, T, C, H, W) by input.

    origin: of the model as an importer gives it. Raises SpikeplaneError, one line, at the first spike that differs,
    and for a model of other layers.
    """
    assert program.source is not None
    net = replace(program.source.network, origin=origin)
    try:
        _beside(net, program, planes.of_samples(net, given), _source(net, proof=True), lambda _: None)
    except SpikeplaneError as error:
        raise SpikeplaneError(f"the model is not the one that the program was made from: {error}") from None
    except KeyError as error:
        raise SpikeplaneError(
            f"the model is not the one that the program was made from: it has no layer {error}; compile it"
        ) from None
