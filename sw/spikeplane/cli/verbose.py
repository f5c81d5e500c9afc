"""`-v`: what the library logs, on stderr. Before the command or after it, once for what is done, twice for how."""

import functools
import inspect
import logging
import time
from collections.abc import Callable
from typing import Annotated, Any

import typer

from spikeplane.cli.lines import complain, message

HELP = "Say on stderr what is done; twice: how, too."
Verbose = Annotated[
    int, typer.Option("--verbose", "-v", count=True, metavar=" ", show_default=False, help=HELP)
]

_LEVELS = (logging.WARNING, logging.INFO, logging.DEBUG)
_START = time.perf_counter()


class _Lines(logging.Handler):
    """A line on stderr for each record, with the seconds since the start."""

    count = 0  #: how often `-v` was said

    def emit(self, record: logging.LogRecord) -> None:
        name = record.name.removeprefix("spikeplane.")
        complain(f"{time.perf_counter() - _START:7.2f} s  {name}: {message(record.getMessage())}")


_LINES = _Lines()


def start() -> None:
    """Nothing is said yet: what an earlier command of this process was asked for is over."""
    _LINES.count = 0
    logging.getLogger("spikeplane").removeHandler(_LINES)


def listen(count: int) -> None:
    """Say more, by so many `-v`."""
    _LINES.count += count
    if _LINES.count:
        top = logging.getLogger("spikeplane")
        top.setLevel(_LEVELS[min(_LINES.count, len(_LEVELS) - 1)])
        top.addHandler(_LINES)


def with_verbose(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function of a command, which takes `-v` too."""

    @functools.wraps(function)
    def wrapped(*arguments: Any, verbose: int, **options: Any) -> Any:
        listen(verbose)
        return function(*arguments, **options)

    signature = inspect.signature(function)
    option = inspect.Parameter("verbose", inspect.Parameter.KEYWORD_ONLY, default=0, annotation=Verbose)
    parameters = [*signature.parameters.values(), option]
    wrapped.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
    wrapped.__annotations__ = {**function.__annotations__, "verbose": Verbose}
    return wrapped
