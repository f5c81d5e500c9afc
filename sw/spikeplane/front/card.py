"""A program in ten lines: in a terminal, and as a card in a notebook."""

from spikeplane.front.text import Row, table
from spikeplane.front.text import card as as_card
from spikeplane.program import Program

_NAMES = 6  #: populations, or assumptions, that are named


def line(program: Program) -> str:
    """The program for a terminal: under 1,500 characters."""
    return table(_title(program), [(name, _short(text)) for name, text in _rows(program)])


def card(program: Program) -> str:
    """The program as HTML, with everything that was assumed."""
    told = [f"{row['layer']}: {row['what']} = {row['value']} ({row['why']})" for row in program.assumptions]
    return as_card(_title(program), [*_rows(program), *(("assumed", text) for text in told)])


def _title(program: Program) -> str:
    return f"Program '{_short(program.name, 60)}' for chip {program.config.digest}"


def _rows(program: Program) -> list[Row]:
    chip, network, tables = program.config, program.network, program.tables
    neurons = [p for p in network.populations if p.neuron is not None]
    weights = sum(p.weights for p in network.projections)
    rows = [
        (
            "chip",
            f"{chip.rows}x{chip.cols} cores of {chip.lanes} lanes, {len({part.core for part in program.placement.parts})} in use",
        ),
        *(
            ("input", f"{p.name} {_form(p.shape)}, {program.encodings[p.name]}")
            for p in network.inputs[:_NAMES]
        ),
        ("layers", _listed([f"{p.name} {_form(p.shape)}" for p in neurons])),
        ("readout", f"{network.output}, {program.readout}"),
        ("weights", f"{weights:,} of at most {chip.weight_bits} bits"),
    ]
    for row in tables.get("calibration", []):
        parts = [f"{k} {row[f'accuracy_{k}']:.2%}" for k in ("float", "integer") if f"accuracy_{k}" in row]
        if parts:
            rows += [("accuracy", f"{', '.join(parts)} on {row['samples']} calibration samples")]
    for row in tables.get("import", []):
        rows += [("import", f"{row['source']}; {row['data']}")]
    count = len(program.assumptions)
    if count:
        named = dict.fromkeys(row["what"] for row in program.assumptions)
        rows += [("assumed", f"{_listed(list(named))}; all {count} in program.assumptions")]
    return rows


def _listed(names: list[str]) -> str:
    more = len(names) - _NAMES
    return ", ".join([*names[:_NAMES], *([f"and {more} more"] if more > 0 else [])])


def _form(shape: tuple[int, ...]) -> str:
    return "x".join(str(n) for n in shape)


def _short(text: str, most: int = 120) -> str:
    return text if len(text) <= most else f"{text[: most - 3]}..."
