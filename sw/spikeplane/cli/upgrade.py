"""`spikeplane upgrade`: a program file of another architecture is compiled again from its float network."""

from pathlib import Path
from typing import Annotated

import typer

from spikeplane.cli.answer import Json, print_json, print_next
from spikeplane.cli.console import busy, out
from spikeplane.cli.tables import run_line, written, wrote
from spikeplane.files import check_place


def upgrade(
    program: Annotated[Path, typer.Argument(help="A program file.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The program file to write.")],
    as_json: Json = False,
) -> None:
    """Compile a program again, from the float network in its file, for the gateware of this version.

    Example: `spikeplane upgrade old.spk -o new.spk`
    """
    from spikeplane.compiler.upgrade import upgrade as upgraded

    check_place(output)
    with busy("compiling"):
        found = upgraded(program)
        found.save(output)
    if as_json:
        print_json(written(found, output))
        return
    out.print(wrote(found, output), highlight=False)
    print_next(run_line(found, output))
