"""The tables of a compiled program, for `compile`, `inspect` and `upgrade`, and the same as plain values."""

from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape

from spikeplane.cli.answer import command
from spikeplane.cli.columns import Figures
from spikeplane.program import Program

#: Memories of the mapping table, in the order people care about them; not every chip has a dynamic one, or one of tables.
MEMORIES = ("weight", "acc", "membrane", "parameter", "row", "column", "group", "egress", "dynamic", "table")


def figures(program: Program) -> dict[str, Any]:
    """What is in a program, as plain values: the tables are those that people are shown."""
    inputs = {
        p.name: {"shape": list(p.shape), "encoding": str(program.encodings[p.name])}
        for p in program.network.inputs
    }
    return {
        "program": program.name,
        "sha256": program.digest,
        "chip": program.config.digest,
        "config": program.config.to_dict(),
        "inputs": inputs,
        "readout": program.readout,
        "tables": program.tables,
    }


def run_line(program: Program, path: Path) -> str:
    """The command that runs it; DATA are samples that only the user has."""
    if len(program.inputs) == 1:
        return f"{command('run', path)} --input DATA"
    return " ".join([command("run", path), *(f"--input {name}=DATA" for name in program.inputs)])


def written(program: Program, path: Path) -> dict[str, Any]:
    """What is in a program and where it was written, as plain values."""
    return {**figures(program), "output": path, "bytes": path.stat().st_size, "next": run_line(program, path)}


def wrote(program: Program, path: Path) -> str:
    """The same for people, on one line."""
    return f"wrote {escape(str(path))} for chip {program.config.digest} ({path.stat().st_size:,} bytes)"


def print_tables(program: Program, console: Console) -> None:
    """Assumptions, quantisation, agreement, mapping; the calibration's accuracies if there are any."""
    tables = program.tables
    if tables.get("assumptions"):
        _assumptions(tables["assumptions"]).print(console)
    _layers(program).print(console)
    for row in tables.get("import", []):
        _agreement(tables.get("agreement", [])).print(console)
        console.print(f"import: {escape(row['source'])}; {escape(row['data'])}", highlight=False)
    _mapping(tables.get("mapping", [])).print(console)
    for row in tables.get("calibration", []):
        parts = [
            f"{kind} {row[f'accuracy_{kind}']:.2%}"
            for kind in ("float", "integer")
            if f"accuracy_{kind}" in row
        ]
        if parts:
            console.print(
                f"accuracy on {row['samples']} calibration samples: {', '.join(parts)}", highlight=False
            )


def _assumptions(rows: list[dict[str, Any]]) -> Figures:
    columns = ("layers", "what", "value", "why")
    table = Figures("What was assumed", columns, columns)
    merged: dict[tuple[str, str, str], list[str]] = {}
    for row in rows:
        merged.setdefault((row["what"], row["value"], row["why"]), []).append(row["layer"])
    for (what, value, why), layers in merged.items():
        table.add(*(escape(text) for text in (", ".join(layers), what, value, why)))
    return table


def _layers(program: Program) -> Figures:
    table = Figures(
        "Quantisation",
        ("layer", "shape", "bits", "guard", "scale", "weight error", "clipped", "leak", "worst case"),
        ("layer", "leak"),
    )
    bounds = {row["population"]: row for row in program.tables.get("bounds", [])}
    for row in program.tables.get("quantisation", []):
        name = row["population"]
        shape = "x".join(str(n) for n in program.network.population(name).shape)
        low, high = row["scale_low"], row["scale_high"]
        bound = bounds[name]
        table.add(
            escape(name),
            shape,
            str(row["weight_bits"]),
            str(row["guard"]),
            f"{low:.2e}" if low == high else f"{low:.1e}..{high:.1e}",
            f"{row['error']:.2%}",
            f"{row['clipped']:.1f} %",
            escape(row["leak"]),
            f"{bound['bits']} of {bound['available']} bits",
        )
    return table


def _agreement(rows: list[dict[str, Any]]) -> Figures:
    table = Figures(
        "Agreement in spikes",
        (
            "layer",
            "float against model",
            "ties",
            "compared",
            "integer, given float's",
            "integer, alone",
            "float fires",
            "integer fires",
        ),
        ("layer",),
    )

    def percent(value: float | None) -> str:
        return "" if value is None else f"{value:.2f} %"

    for row in rows:
        compared = (
            ("", "", "")
            if row["differences"] is None
            else (row["differences"], row["ties"], f"{row['compared']:,}")
        )
        rates = (
            row["given"],
            row["free"],
            *(None if r is None else 100 * r for r in (row["rate_float"], row["rate_integer"])),
        )
        table.add(
            escape(row["population"]),
            *(str(value) for value in compared),
            *(percent(value) for value in rates),
        )
    return table


def _mapping(rows: list[dict[str, Any]]) -> Figures:
    memories = [m for m in MEMORIES if all(m in row["used"] for row in rows)]
    columns = ("core", "populations", *memories)
    table = Figures("Mapping: words used of available", columns, ("populations",))
    for row in rows:
        used = [f"{row['used'][m][0]}/{row['used'][m][1]}" for m in memories]
        table.add(f"({row['core'][0]}, {row['core'][1]})", escape(", ".join(row["populations"])), *used)
    return table
