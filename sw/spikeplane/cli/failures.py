"""What a command that fails says: one line on stderr, and the exit status."""

import os
from importlib import import_module

from typer import Abort

from spikeplane.cli.lines import complain, message
from spikeplane.errors import SpikeplaneError
from spikeplane.extras import missing_package


def usage_error() -> type[Exception]:
    """What is raised for unknown commands and options and values of the wrong type: Typer's own exception, or
    click's, on which Typer stood up to 0.20."""
    try:
        return import_module("typer.exceptions").TyperException
    except ModuleNotFoundError:
        return import_module("click").ClickException


def told(error: BaseException, extra: str = "") -> int:
    """The exit status for whatever a command raised, after its line; `extra` is the extra of Spikeplane that it
    needs. SystemExit, and everything if SPIKEPLANE_TRACEBACK is set for what no check foresaw, is raised again."""
    if isinstance(error, SpikeplaneError):
        return failed(str(error))
    if isinstance(error, usage_error()):
        text = str(getattr(error, "format_message", error.__str__)())
        return failed(f"{' '.join(text.split())} ({_help_of(error)})")
    if isinstance(error, Abort):
        complain("interrupted")
        return 130
    if isinstance(error, BrokenPipeError):  # the reader of our output has gone, for example `| head`
        return 1
    if isinstance(error, OSError):
        return failed(
            f"{error.filename}: {error.strerror}" if error.filename else error.strerror or str(error)
        )
    if isinstance(error, MemoryError):
        return failed(
            f"not enough memory: {error or 'allocation failed'}; use fewer samples, fewer steps or "
            "a smaller network"
        )
    if isinstance(error, ModuleNotFoundError) and (missing := missing_package(error.name or "", extra)):
        return failed(missing)
    return _defect(error)


def _help_of(error: BaseException) -> str:
    """Where the command line that was not understood is explained: of a command its own help."""
    context = getattr(error, "ctx", None)
    if context is None or context.parent is None:
        return "spikeplane --help lists commands and options"
    return f"spikeplane {context.info_name} --help lists its arguments and options"


def _defect(error: BaseException) -> int:
    """Whatever no check foresaw is a defect, and still no page of Python for whoever meets it."""
    if os.environ.get("SPIKEPLANE_TRACEBACK") or not isinstance(error, Exception):
        raise error
    text = " ".join(str(error).split())
    return failed(
        f"{type(error).__name__}: {text}; this is a defect, please report what SPIKEPLANE_TRACEBACK=1 shows"
    )


def failed(text: str) -> int:
    """The status of a command that refused, after its line."""
    complain(f"error: {message(text)}")
    return 2
