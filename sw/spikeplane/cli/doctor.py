"""`spikeplane doctor`: which tools are there, what they are needed for, how to get the others."""

import difflib
from dataclasses import asdict
from typing import Annotated, Any

import typer
from rich.markup import escape

from spikeplane.cli.answer import Json, command, print_json, print_next
from spikeplane.cli.columns import Figures
from spikeplane.cli.console import out
from spikeplane.cli.defects import report_text
from spikeplane.errors import SpikeplaneError
from spikeplane.extras import APART, EXTRAS, install, packages
from spikeplane.survey import Tool, missing, survey, wanted


def doctor(
    extras: Annotated[
        list[str] | None,
        typer.Argument(help="Extras that have to be there, such as sim (default: those that are installed)."),
    ] = None,
    as_json: Json = False,
    report: Annotated[
        bool, typer.Option("--report", help="What belongs into a report of a defect, without paths of yours.")
    ] = False,
) -> None:
    """Print the tools found, their versions, what needs them, and how to install what is missing.

    Exit status 1: the package itself, or an extra that is installed or named here, lacks something.

    Example: `spikeplane doctor sim boards`
    """
    _check_names(extras or [])
    tools, needed = survey(), wanted(extras or [])
    lacking = missing(tools, needed)
    if as_json or report:
        if as_json and report:
            raise SpikeplaneError("give --json or --report, not both")
        print_json(_figures(tools, lacking)) if as_json else print(report_text(tools))
        if lacking:
            raise typer.Exit(1)
        return
    _table(tools, lacking).print(out)
    absent = [name for name in EXTRAS if name not in needed | {"models", *APART}]
    if absent:
        advice = f"{', '.join(absent)}; pip install 'spikeplane[{','.join(absent)}]'"
        out.print(f"not installed: {escape(advice)}", highlight=False, soft_wrap=True)
    if lacking:
        advice = f"{len(lacking)} required tools are missing: {_lines(lacking, needed)}"
        out.print(escape(advice), highlight=False, soft_wrap=True)
        print_next(command("doctor", *extras or []))
        raise typer.Exit(1)
    out.print("everything that is required is there", highlight=False)
    print_next("spikeplane demo" if "demo" in needed else "spikeplane --help")


def _figures(tools: list[Tool], lacking: list[Tool]) -> dict[str, Any]:
    return {"tools": [asdict(tool) for tool in tools], "missing": [tool.name for tool in lacking]}


def _check_names(extras: list[str]) -> None:
    """Raises SpikeplaneError for a name there is not."""
    for name in extras:
        if name not in EXTRAS:
            close = difflib.get_close_matches(name, EXTRAS, n=1)
            advice = f"did you mean '{close[0]}'?" if close else f"choose from {', '.join(EXTRAS)}"
            raise SpikeplaneError(f"unknown extra '{name}'; {advice}")


def _table(tools: list[Tool], lacking: list[Tool]) -> Figures:
    columns = ("tool", "found", "needed for", "extra", "install")
    table = Figures("Tools", columns, columns)
    for tool in tools:
        absent = "[red]missing[/]" if tool in lacking else "[yellow]not found[/]"
        found = f"[green]{tool.found}[/]" if tool.found else absent
        table.add(tool.name, found, tool.purpose, tool.extra, "" if tool.found else escape(tool.install))
    return table


def _lines(lacking: list[Tool], needed: set[str]) -> str:
    """`g++, make: apt-get install ...; torch: pip install 'spikeplane[sim]'`: of the extras that bring a package the
    most that is needed."""
    by_advice: dict[str, list[str]] = {}
    for tool in lacking:
        bringing = (name for name in reversed(EXTRAS) if name in needed and tool.name in packages(name))
        extra = next(bringing, None)
        by_advice.setdefault(install(tool.name, extra) if extra else tool.install, []).append(tool.name)
    return "; ".join(f"{', '.join(names)}: {advice}" for advice, names in by_advice.items())
