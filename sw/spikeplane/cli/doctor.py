"""`spikeplane doctor`: which tools are there, what they are needed for, how to get the others."""

import typer
from rich.markup import escape
from rich.table import Table

from spikeplane.cli.console import out
from spikeplane.toolchain import survey


def doctor() -> None:
    """Print the tools found, their versions, what needs them, and how to install what is missing."""
    table = Table(title="Tools", title_justify="left", title_style="bold")
    for column in ("tool", "found", "needed for", "install"):
        table.add_column(column, overflow="fold")
    missing = 0
    for tool in survey():
        found = (
            f"[green]{tool.found}[/]"
            if tool.found
            else ("[red]missing[/]" if tool.required else "[yellow]not found[/]")
        )
        table.add_row(tool.name, found, tool.purpose, "" if tool.found else escape(tool.install))
        missing += tool.required and not tool.found
    out.print(table)
    if missing:
        out.print(f"{missing} required tools are missing", highlight=False)
        raise typer.Exit(1)
    out.print("everything that is required is there", highlight=False)
