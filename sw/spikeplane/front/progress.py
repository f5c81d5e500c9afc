"""What goes on, in terminals and notebooks: a bar for work of known length, a line for other work; nothing
elsewhere."""

import html
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from spikeplane.errors import SpikeplaneError
from spikeplane.front.text import Row, card

_OFTEN = 0.1  #: seconds between two pictures in a notebook


@contextmanager
def shown(what: str, total: int, wanted: bool = True) -> Iterator[Callable[[int], None]]:
    """Yields `advance(n)`; the bar is drawn where `wanted` and somebody can see it."""
    console = _console()
    if wanted and console.is_jupyter:
        yield _bar(what, total)
        return
    if not wanted or not console.is_terminal:
        yield lambda done: None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(what, total=total)
        yield lambda done: bar.advance(task, done)


class Telling:
    """A line that says what is done just now. Call it with a text; `done` puts what is to stay in its place."""

    def __init__(self, say: Callable[[str], Any], stay: Callable[[str], Any] | None = None) -> None:
        self._say, self._stay, self._began = say, stay, time.monotonic()

    def __call__(self, text: str) -> None:
        self._say(text)

    def done(self, title: str, rows: Sequence[Row]) -> None:
        """In a notebook a card of these rows stays; elsewhere nothing does."""
        if self._stay:
            self._stay(card(f"{title} in {time.monotonic() - self._began:.1f} s", rows))


@contextmanager
def telling(what: str, wanted: Callable[[str], None] | bool | None = True) -> Iterator[Telling]:
    """Yields a `Telling`: a spinner in a terminal, a line in a notebook, nothing elsewhere and where `wanted` is
    False; a function gets the texts instead. Raises SpikeplaneError for anything else."""
    if callable(wanted):
        yield Telling(wanted)
        return
    if not (wanted is None or isinstance(wanted, bool)):
        raise SpikeplaneError(f"progress is True, False or a function that takes a line, not {wanted!r}")
    console = _console()
    if wanted is not False and console.is_jupyter:
        update, often = _picture(_line(what)), _seldom()
        yield Telling(lambda text: often() and update(_line(text)), update)
    elif wanted is not False and console.is_terminal:
        from rich.markup import escape

        with console.status(what) as status:
            yield Telling(lambda text: status.update(escape(text)))
    else:
        yield Telling(lambda text: None)


def _console() -> Any:
    from rich.console import Console

    return Console(stderr=True)


def _line(text: str) -> str:
    return f"<span style='opacity:.7'>{html.escape(text)} ...</span>"


def _bar(what: str, total: int) -> Callable[[int], None]:
    """A bar of plain HTML: rich's own needs ipywidgets in a notebook, and shows nothing without them."""
    count, often = 0, _seldom()

    def drawn() -> str:
        return (
            f"{html.escape(what)} <progress value='{count}' max='{total}'></progress> {count:,} of {total:,}"
        )

    update = _picture(drawn())

    def advance(done: int) -> None:
        nonlocal count
        count += done
        if count >= total or often():
            update(drawn())

    return advance


def _seldom() -> Callable[[], bool]:
    """Whether it is time for another picture."""
    last = 0.0

    def often() -> bool:
        nonlocal last
        now = time.monotonic()
        due = now - last >= _OFTEN
        last = now if due else last
        return due

    return often


def _picture(page: str) -> Callable[[str], None]:
    """HTML in a notebook, and what replaces it."""
    from IPython.display import HTML, display

    handle: Any = display(HTML(page), display_id=True)
    return lambda page: handle.update(HTML(page))
