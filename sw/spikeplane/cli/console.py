"""What every command prints with: a console on stdout for results, one on stderr for progress."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

#: Tables need room: where nobody watches (a pipe, a log) lines are as long as they want.
_WIDE = 132

out = Console(width=None if sys.stdout and sys.stdout.isatty() else _WIDE)  # there is none after `>&-`
err = Console(stderr=True)


class _Rate(ProgressColumn):
    """Units a second."""

    def __init__(self, unit: str) -> None:
        super().__init__()
        self.unit = unit

    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text("" if speed is None else f"{speed:,.0f} {self.unit}/s")


@contextmanager
def bar(what: str, total: int, unit: str | None = None) -> Iterator[Callable[[int], None]]:
    """A progress bar on a terminal's stderr, with the rate in units a second if a unit is named; yields `advance(n)`.

    Nothing is drawn where there is no terminal.
    """
    rate = (_Rate(unit),) if unit else ()
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), *rate, TimeRemainingColumn())
    with Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as progress:
        task = progress.add_task(what, total=total)
        yield lambda count: progress.advance(task, count)


@contextmanager
def busy(what: str) -> Iterator[Callable[[str], None]]:
    """A spinner on a terminal's stderr, for work of unknown length; yields `say(text)`, which changes its text."""
    if err.is_terminal:
        with err.status(what) as status:
            yield lambda text: status.update(escape(text))
    else:
        yield lambda text: None
