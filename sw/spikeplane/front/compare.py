"""`Program.compare` and `Program.sensitivity`: float against integer, layer by layer."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from spikeplane.compiler.built import built
from spikeplane.compiler.size import least_chip, roomy
from spikeplane.encodings import asked_of_import
from spikeplane.errors import SpikeplaneError
from spikeplane.front.text import card, table
from spikeplane.program import Program
from spikeplane.program.source import Source
from spikeplane.provided import provided
from spikeplane.samples import labelled

LOSS = 0.002  #: of accuracy that a layer may cost before a cure is looked for


@dataclass(frozen=True, repr=False)
class Agreement:
    """What `Program.compare` returns.

    layers   rows of layer; given: the share of its outputs that are the float network's, on the float network's
             spikes; free: the same left alone; rate_float, rate_integer: spikes a neuron and step. None where it
             sends values
    samples  how many were compared
    accuracy_float, accuracy_integer   None without labels
    same     the share of samples that both give the same class
    """

    layers: list[dict[str, Any]]
    samples: int
    same: float
    accuracy_float: float | None = None
    accuracy_integer: float | None = None

    def plot(self, axes: Any = None) -> Any:
        """Bars of agreement by layer. Returns matplotlib's axes."""
        from spikeplane.front.plots import agreement

        return agreement(self.layers, axes)

    def rates(self, axes: Any = None) -> Any:
        """Bars of firing rates by layer, float beside integer. Returns matplotlib's axes."""
        from spikeplane.front.plots import rates

        return rates(self.layers, axes)

    def rows(self) -> list[tuple[str, str]]:
        """For people: names and texts."""
        found = [("same class", f"{self.same:.2%} of {self.samples:,} samples")]
        if self.accuracy_float is not None and self.accuracy_integer is not None:
            found += [("accuracy", f"float {self.accuracy_float:.2%}, integer {self.accuracy_integer:.2%}")]
        for row in self.layers:
            given, free = ("values" if row[k] is None else f"{row[k]:.2%}" for k in ("given", "free"))
            text = f"agreement given float's spikes {given}, alone {free}; rate {row['rate_float']:.3f}, {row['rate_integer']:.3f}"
            found += [(row["layer"], "sends values" if row["given"] is None else text)]
        return found

    def __repr__(self) -> str:
        return table("Float against integer", self.rows())

    def _repr_html_(self) -> str:
        return card("Float against integer", self.rows())


@dataclass(frozen=True, repr=False)
class Sensitivity:
    """What `Program.sensitivity` returns.

    accuracy_float, accuracy_integer   of all layers
    layers   rows of layer; lost: accuracy lost where this layer alone is in integers; cure: the option of
             `spikeplane.compile` that gives most of it back, such as {"weight_bits": {"conv1": 8}}, None where
             little is lost or nothing helps; cured: the program's accuracy with it
    """

    accuracy_float: float
    accuracy_integer: float
    layers: list[dict[str, Any]]

    def rows(self) -> list[tuple[str, str]]:
        """For people: names and texts."""
        found = [("accuracy", f"float {self.accuracy_float:.2%}, integer {self.accuracy_integer:.2%}")]
        for row in self.layers:
            cure = "" if row["cure"] is None else f"; {row['cure']} gives {row['cured']:.2%}"
            found += [(row["layer"], f"{100 * row['lost']:.2f} points lost{cure}")]
        return found

    def __repr__(self) -> str:
        return table("Accuracy lost by layer", self.rows())

    def _repr_html_(self) -> str:
        return card("Accuracy lost by layer", self.rows())


def compare(program: Program, model: Any, samples: Any, labels: Any = None, **options: Any) -> Agreement:
    """See `Program.compare`."""
    _source(program)
    planes, truth = _planes(program, samples, labels)
    if model is not None:
        provided("check_model")(program, _origin(program, model, options), planes)
    rows, real, integer = provided("agreement")(program, planes)
    return Agreement(
        layers=rows,
        samples=len(real),
        same=float((real.argmax(1) == integer.argmax(1)).mean()),
        accuracy_float=None if truth is None else _right(real, truth),
        accuracy_integer=None if truth is None else _right(integer, truth),
    )


def _origin(program: Program, model: Any, options: dict[str, Any]) -> Any:
    """What a proof of the model runs."""
    from spikeplane.importers import import_model

    shapes = {p.name: program.encodings[p.name].apart(p.shape)[1] for p in program.network.inputs}
    options.setdefault("input_shape", next(iter(shapes.values())) if len(shapes) == 1 else shapes)
    return import_model(model, **asked_of_import(program.encodings), **options).origin


def sensitivity(
    program: Program, samples: Any, labels: Any = None, *, tolerance: float = LOSS
) -> Sensitivity:
    """See `Program.sensitivity`."""
    source = _source(program)
    planes, truth = _planes(program, samples, labels)
    if truth is None:
        raise SpikeplaneError("sensitivity is of accuracy, which needs labels; give labels=y")
    _, real, integer = provided("agreement")(program, planes)
    best, now = _right(real, truth), _right(integer, truth)
    rows = []
    for name, scores in provided("alone_in_integers")(program, planes).items():
        lost = best - _right(scores, truth)
        cure, cured = _cure(program, source, name, planes, truth) if lost > tolerance else (None, None)
        kept = cured is not None and cured > now
        rows.append(
            {"layer": name, "lost": lost, "cure": cure if kept else None, "cured": cured if kept else None}
        )
    return Sensitivity(best, now, sorted(rows, key=lambda row: -row["lost"]))


def _cure(
    program: Program, source: Source, layer: str, planes: dict[str, np.ndarray], truth: np.ndarray
) -> tuple[dict[str, Any] | None, float | None]:
    """The option for one layer that gives the program most accuracy, and that accuracy."""
    row = next(row for row in program.tables["quantisation"] if row["population"] == layer)
    names = [p.name for p in source.network.populations if p.neuron is not None]
    trials: list[dict[str, Any]] = [
        {"weight_bits": {layer: bits}} for bits in (4, 8, 15) if row["weight_bits"] < bits <= _most(source)
    ]
    trials += [{"guard": {layer: row["guard"] + 1}}, {"guard": {layer: row["guard"] + 2}}]
    found: list[tuple[float, dict[str, Any]]] = []
    for trial in trials:
        option: dict[str, Any] = {
            k: {**_whole(getattr(source, k), names, source), **v} for k, v in trial.items()
        }
        if source.corrections:  # those of the layer are of its own weight bits
            option["corrections"] = {k: c for k, c in source.corrections.items() if k != layer}
        try:
            other = built(replace(source, **option), program.encodings, program.name, _placed(program))
        except SpikeplaneError:
            continue
        scores = provided("agreement")(other, planes)[2]
        found.append((_right(scores, truth), trial))
    cured, cure = max(found, key=lambda one: one[0], default=(None, None))
    return cure, cured


def _most(source: Source) -> int:
    return 15 if source.chip.weight_bits == 8 else source.chip.weight_bits


def _whole(asked: Any, names: list[str], source: Source) -> dict[str, int]:
    """What was asked for all layers, by layer."""
    if asked is None or not isinstance(asked, int):
        return dict(asked or {})
    return {name: asked for name in names if name != source.network.output}


def _placed(program: Program) -> Any:
    chip = program.config
    shape = chip.rows, chip.cols, chip.lanes
    return lambda network, config, probes: least_chip(network, roomy(config, shape), probes)


def _source(program: Program) -> Source:
    if program.source is None:
        raise SpikeplaneError(
            f"program '{program.name}' keeps no float network to compare with; compile it from its model"
        )
    return program.source


def _planes(program: Program, samples: Any, labels: Any) -> tuple[dict[str, np.ndarray], np.ndarray | None]:
    forms = {p.name: (program.encodings[p.name], p.shape) for p in program.network.inputs}
    given, truth = labelled(samples, labels, forms, classes=program.classes)
    return program.planes(given), truth


def _right(scores: np.ndarray, truth: np.ndarray) -> float:
    return float((scores.argmax(1) == truth[: len(scores)]).mean())
