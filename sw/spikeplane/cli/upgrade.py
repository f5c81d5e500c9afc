"""`spikeplane upgrade`: a program file of another architecture is compiled again from its float network."""

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from spikeplane.cli.console import busy, out
from spikeplane.files import check_place


def upgrade(
    program: Annotated[Path, typer.Argument(help="A program file.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The program file to write.")],
) -> None:
    """Compile a program again, from the float network in its file, for the gateware of this version.

    Example: `spikeplane upgrade old.spk -o new.spk`
    """
    from spikeplane.compiler.upgrade import upgrade as upgraded

    check_place(output)
    with busy("compiling"):
        found = upgraded(program)
        found.save(output)
    out.print(
        f"wrote {escape(str(output))} for chip {found.config.digest} ({output.stat().st_size:,} bytes)",
        highlight=False,
    )
