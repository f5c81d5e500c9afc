"""The command line: one module a command. Only here does `spikeplane` import upwards (gateware, simulation), and only when asked.

Errors are one line on stderr and exit status 2; Ctrl-C is 130.
"""

import os
import sys

import typer
from typer.exceptions import Abort, TyperException

from spikeplane.cli import compile, demo, doctor, generate, inspect, run, simulate
from spikeplane.errors import SpikeplaneError

app = typer.Typer(
    help="From a trained spiking network to a verified chip: generate it, simulate it, drive it.",
    no_args_is_help=True, add_completion=True, pretty_exceptions_enable=False, rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
)  # fmt: skip


def _version(wanted: bool) -> None:
    if wanted:
        from spikeplane import __version__

        print(f"spikeplane {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Print the version and leave."),
) -> None: ...


app.command("generate")(generate.generate)
app.command("compile")(compile.compile)
app.command("run")(run.run)
app.command("simulate")(simulate.simulate)
app.command("inspect")(inspect.inspect)
app.command("demo")(demo.demo)
app.command("doctor")(doctor.doctor)


def main() -> None:
    """The entry point of `spikeplane`."""
    try:
        sys.exit(app(standalone_mode=False) or 0)
    except SpikeplaneError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
    except TyperException as error:  # unknown commands and options, values of the wrong type
        message = " ".join(str(getattr(error, "format_message", error.__str__)()).split())
        print(f"error: {message} (spikeplane --help lists commands and options)", file=sys.stderr)
        sys.exit(2)
    except (KeyboardInterrupt, Abort):
        print("interrupted", file=sys.stderr)
        sys.exit(130)
    except BrokenPipeError:  # the reader of our output has gone, for example `| head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        print(f"error: {place}{error.strerror or error}", file=sys.stderr)
        sys.exit(2)
