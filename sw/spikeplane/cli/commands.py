"""The commands by name, one module each, and the options of `spikeplane` itself."""

import logging

import typer

from spikeplane.cli.entries import ABOUT, ENTRIES
from spikeplane.cli.lazy import LazyGroup
from spikeplane.cli.verbose import Verbose, listen, start

# it warns of a GPU compiler that nobody here asks for
logging.getLogger("torch._library.triton").setLevel(logging.ERROR)


class Commands(LazyGroup):
    """All commands, in the order of the help."""

    entries = ENTRIES


app = typer.Typer(
    help=ABOUT,
    no_args_is_help=True, add_completion=True, pretty_exceptions_enable=False, rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]}, cls=Commands,
)  # fmt: skip


def _version(wanted: bool) -> None:
    if wanted:
        from spikeplane import __version__

        print(f"spikeplane {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: bool = typer.Option(
        False, "--version", callback=_version, is_eager=True, help="Print the version and leave."
    ),
    verbose: Verbose = 0,
) -> None:
    start()
    listen(verbose)
