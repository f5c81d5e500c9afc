"""The command line: one module a command. Only here does `spikeplane` import upwards (gateware, simulation), and only when asked.

Errors are one line on stderr and exit status 2; Ctrl-C is 130.
"""

import io
import logging
import os
import sys

import typer
from typer.exceptions import Abort, TyperException

from spikeplane.cli import (
    boardlist,
    build,
    compile,
    demo,
    doctor,
    estimate,
    flash,
    generate,
    inspect,
    reconstruct,
    record,
    run,
    serve,
    simulate,
    synth,
    view,
)
from spikeplane.cli.console import message, told_warnings
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
app.command("boards")(boardlist.boards)
app.command("estimate")(estimate.estimate)
app.command("build")(build.build)
app.command("flash")(flash.flash)
app.command("compile")(compile.compile)
app.command("run")(run.run)
app.command("serve")(serve.serve)
app.command("simulate")(simulate.simulate)
app.command("synth")(synth.synth)
app.command("inspect")(inspect.inspect)
app.command("record")(record.record)
app.command("view")(view.view)
app.command("reconstruct")(reconstruct.reconstruct)
app.command("demo")(demo.demo)
app.command("doctor")(doctor.doctor)


def main() -> None:
    """The entry point of `spikeplane`."""
    if isinstance(sys.stdout, io.TextIOWrapper):  # names of files and layers may hold what the terminal's encoding cannot say
        sys.stdout.reconfigure(errors="backslashreplace")
    logging.getLogger("torch._library.triton").setLevel(logging.ERROR)  # it warns of a GPU compiler that nobody here asks for
    sys.exit(_run())


def _run() -> int:
    """The exit status of the command, after its one line on stderr if it failed."""
    try:
        with told_warnings():
            status = int(app(standalone_mode=False) or 0)
        if sys.stdout:
            sys.stdout.flush()
    except SpikeplaneError as error:
        return _failed(str(error))
    except TyperException as error:  # unknown commands and options, values of the wrong type
        text = str(getattr(error, "format_message", error.__str__)())
        return _failed(f"{' '.join(text.split())} (spikeplane --help lists commands and options)")
    except (KeyboardInterrupt, Abort):
        status = 130
    except BrokenPipeError:  # the reader of our output has gone, for example `| head`
        _drop_output()
        return 1
    except OSError as error:
        _drop_output()
        return _failed(f"{error.filename}: {error.strerror}" if error.filename else error.strerror or str(error))
    except MemoryError as error:
        return _failed(
            f"not enough memory: {error or 'allocation failed'}; use fewer samples, fewer steps or a smaller network"
        )
    except Exception as error:  # whatever no check foresaw is a defect, and still no page of Python for whoever meets it
        if os.environ.get("SPIKEPLANE_TRACEBACK"):
            raise
        text = " ".join(str(error).split())
        return _failed(f"{type(error).__name__}: {text}; this is a defect, please report what SPIKEPLANE_TRACEBACK=1 shows")
    if status == 130:  # Typer makes this of Ctrl-C, without a word
        print("interrupted", file=sys.stderr)
    return status


def _failed(text: str) -> int:
    print(f"error: {message(text)}", file=sys.stderr)
    return 2


def _drop_output() -> None:
    """What stdout cannot take is not tried again when the interpreter ends."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
