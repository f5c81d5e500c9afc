"""What `spikeplane inspect` shows of a training: how far it is, its layers and weights, and what was proved of it."""

from pathlib import Path
from typing import Any

from rich.markup import escape

from spikeplane.cli.answer import command
from spikeplane.cli.columns import Figures
from spikeplane.cli.console import out
from spikeplane.train.file import MAGIC, Training, epoch_line
from spikeplane.train.plan import exact_bits
from spikeplane.train.survey import bound_rows, layer_rows, weight_rows


def is_training(path: Path) -> bool:
    """Whether a file says that it is a training, by its name or its first bytes."""
    if path.suffix == ".spt":
        return True
    try:
        with path.open("rb") as file:
            return file.read(len(MAGIC)) == MAGIC.encode()
    except OSError:
        return False  # who reads it as a program says why


def described(training: Training, path: Path) -> dict[str, Any]:
    """What is in a training, as plain values."""
    settings, code = training.settings, training.settings.encoding
    named = {name: getattr(settings, name) for name in _SETTINGS}
    return {
        "training": str(path),
        "iterations": training.iterations,
        "of": settings.iterations,
        "settings": {**named, "encoding": str(code)},
        "epochs": training.figures.epochs,
        "layers": layer_rows(training),
        "weights": weight_rows(training),
        "bounds": bound_rows(training),
        "exact_bits": exact_bits(training.network, settings.batch, code.steps),
        "delta_limit": training.network.delta_limit,
        "profile": training.figures.profiles[-1] if training.figures.profiles else None,
        "next": command(
            "compile", path, "-o", path.with_suffix(".spk"), "--encoding", code.kind, "--steps", code.steps
        ),
    }


_SETTINGS = ("samples", "batch", "epochs", "rate", "last_rate", "momentum", "loss", "seed")


def show_training(found: dict[str, Any]) -> None:
    """The same for people."""
    asked = found["settings"]
    out.print(
        f"[bold]{escape(found['training'])}[/]: {found['iterations']:,} of {found['of']:,} iterations of {asked['batch']} "
        f"samples, {escape(asked['encoding'])}",
        highlight=False, soft_wrap=True,
    )  # fmt: skip
    rest = f"momentum {asked['momentum']:g}, {asked['loss']}, seed {asked['seed']}, deltas within 2^{found['delta_limit']}"
    out.print(f"rate {asked['rate']:g} to {asked['last_rate']:g}, {rest}", highlight=False)
    for row in found["epochs"][-1:]:
        out.print(epoch_line(row), highlight=False)
    _layers(found).print(out)
    _weights(found["weights"]).print(out)
    bounds = Figures(
        f"Sums, proved to fit {found['exact_bits']} bits",
        ("sum", "worst case", "at most", "bits"),
        ("sum", "worst case"),
    )
    for row in found["bounds"]:
        bounds.add(escape(row["sum"]), escape(row["how"]), f"{row['worst']:,.0f}", str(row["bits"]))
    bounds.print(out)


def _layers(found: dict[str, Any]) -> Figures:
    table = Figures(
        "Layers", ("layer", "kind", "shape", "threshold", "leak", "fires", "window"), ("layer", "kind")
    )
    profile = found["profile"] or {"spikes": {}, "windows": {}}
    for row in found["layers"]:
        name, theta = row["population"], row["theta"]
        edges = "" if theta is None else " to ".join(f"{t:g}" for t in dict.fromkeys(theta))
        leak = f"{row['leak']:g}" if row["kind"] == "neurons" else ""
        shares = [
            f"{profile[what][name]:.1%}" if name in profile[what] else "" for what in ("spikes", "windows")
        ]
        table.add(escape(name), row["kind"], "x".join(map(str, row["shape"])), edges, leak, *shares)
    return table


def _weights(rows: list[dict[str, Any]]) -> Figures:
    columns = ("projection", "weights", "least", "largest", "zero", "subnormal", "at limit", "limit")
    table = Figures("Weights", columns, ("projection",))
    for row in rows:
        name = escape(row["projection"]) + ("" if row["trained"] else " (frozen)")
        counts = [f"{row[what]:,}" for what in ("zero", "subnormal", "at_limit")]
        ends = [f"{row[what]:.4g}" for what in ("least", "largest")]
        table.add(name, f"{row['weights']:,}", *ends, *counts, f"2^{row['limit']}")
    return table
