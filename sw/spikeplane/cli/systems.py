"""`spikeplane systems`: published spiking systems, from their models to the simulated chip."""

from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape

from spikeplane.cli.answer import Json, command, notes, print_json, print_next
from spikeplane.cli.columns import Figures
from spikeplane.cli.console import busy, out
from spikeplane.errors import SpikeplaneError

if TYPE_CHECKING:
    from spikeplane_sim.systems.prove import Row

_CHIP = ("cores", "spikes compared", "mismatches", "cycles")  #: columns of what ran there
BOARDS = ("golden", "sim")
_COLUMNS = (
    "system", "populations", "synapses", "cores", "agreement", "lowest", "spikes compared", "mismatches", "cycles",
)  # fmt: skip


def systems(
    names: Annotated[list[str] | None, typer.Argument(help="Systems to run (default: all).")] = None,
    board: Annotated[
        str,
        typer.Option("--board", "-b", help="What runs: golden, or sim, the simulated chip beside it."),
    ] = "golden",
    size: Annotated[
        int | None, typer.Option(min=1, help="Pixels on a side of the input (default: each system's own).")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of weights and input.")] = 0,
    jobs: Annotated[
        int | None,
        typer.Option("--jobs", "-j", min=1, help="Systems at a time (default: a processor each, at most 4)."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Run small models of published spiking systems: import proved, integers held against floats, the chip against golden.

    With `--board sim` each runs on one core, and on 2 x 2 cores in two placements; every value is compared.
    Several run at a time (`--jobs`).

    Examples: `spikeplane systems csnn`, `spikeplane systems --board sim --json`
    """
    if board not in BOARDS:
        raise SpikeplaneError(f"--board is one of {', '.join(BOARDS)}, not '{board}'")
    from spikeplane_sim.systems import named
    from spikeplane_sim.systems.side_by_side import rows, usual

    console, wanted, found = notes(as_json), named(names), {}
    for system in wanted:
        system.refuse(system.size if size is None else size)
    with busy("running") as say:
        for name, row in rows(wanted, board, size, seed, jobs or usual(), say):
            found[name] = row
            console.print(_line(row), highlight=False)
    _end([found[system.name] for system in wanted], names or [], board, seed, as_json)


def _end(rows: "list[Row]", names: list[str], board: str, seed: int, as_json: bool) -> None:
    """The object, or the table; status 1 where a row is not as expected."""
    failed = [row.name for row in rows if row.failed]
    then = command("systems", *names, "--board", "sim")
    if failed:
        then = command("systems", failed[0], "--board", board, "--seed", seed)
    elif board == "sim":
        then = command("compile", "MODEL", "-o", "net.spk")
    if as_json:
        print_json({"board": board, "rows": [row.plain() for row in rows], "failed": failed, "next": then})
    else:
        _table(rows, out)
        print_next(then)
    if failed:
        raise typer.Exit(1)


def _line(row: "Row") -> str:
    """How it ended, when it has."""
    if row.lacks:
        return f"{row.name:22} lacks   {escape(row.lacks)}"
    verdict = "[red]failed[/]" if row.failed else "[green]passed[/]"
    return f"{row.name:22} {verdict}  {escape(_why(row))}"


def _why(row: "Row") -> str:
    if row.refused:
        return row.refused
    first = next((run.first for run in row.runs if run.first), None)
    if first:
        return first
    less = f", expected {row.expected:g} %" if row.agreement < row.expected else ""
    return f"{row.agreement:.2f} % agreement{less}, {row.seconds:.0f} s"


def _table(rows: "list[Row]", console: Console) -> None:
    columns = _COLUMNS if any(row.runs for row in rows) else [c for c in _COLUMNS if c not in _CHIP]
    table = Figures("Systems", columns, ("system",))
    for row in rows:
        name = f"{row.title} (a part)" if row.part else row.title
        if row.lacks or row.refused:
            missing = f"lacks {row.lacks}" if row.lacks else f"refused: {row.refused}"
            table.add(escape(f"{name}: {missing}"), *[""] * (len(columns) - 1))
            continue
        table.add(escape(name), *(text for column, text in _figures(row).items() if column in columns))
    table.print(console)


def _figures(row: "Row") -> dict[str, str]:
    """By column; of the placements one under the other: cores and cycles a sample."""

    def lines(values: Any) -> str:
        return "\n".join(f"{value:,}" for value in values)

    runs = row.runs
    texts = (
        f"{row.populations}",
        f"{row.synapses:,}",
        lines(run.cores for run in runs),
        f"{row.agreement:.2f} %",
        f"{row.lowest:.2f} %",
        f"{sum(run.spikes for run in runs):,}",
        f"{sum(run.mismatches for run in runs):,}",
        lines(run.cycles for run in runs),
    )
    return dict(zip(_COLUMNS[1:], texts, strict=True))
