"""What every command prints with: a console on stdout for results, one on stderr for progress."""

import os
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console, ConsoleDimensions
from rich.markup import escape
from rich.text import Text

from spikeplane.cli.lines import complain, message, shown

#: Characters of a line where nothing says how many (a pipe, a log): what terminals begin with.
_WIDTH = 80

#: Seconds between the lines of long work where there is no terminal; a whole number in SPIKEPLANE_LOG_SECONDS
#: is another one, so that what compares stderr is not disturbed by a slow machine.
_SECONDS = os.environ.get("SPIKEPLANE_LOG_SECONDS", "")
LOGGED = float(_SECONDS) if re.fullmatch("[0-9]{1,6}", _SECONDS) else 30.0


class _Console(Console):
    """Escapes the control characters of every text before its markup is looked at; tables and lines
    may be broken. As wide as COLUMNS says, else as the terminal."""

    @property
    def size(self) -> ConsoleDimensions:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Columns and lines, asked for anew: terminals change."""
        height = super().size.height
        columns = os.environ.get("COLUMNS", "")
        if re.fullmatch("0*[1-9][0-9]{0,4}", columns, re.ASCII):
            return ConsoleDimensions(int(columns), height)
        return super().size if self.is_terminal else ConsoleDimensions(_WIDTH, height)

    def print(self, *objects: Any, soft_wrap: bool | None = None, **options: Any) -> None:
        """As Rich's; texts are broken into lines on a terminal only, where a person reads them."""
        if soft_wrap is None and not self.is_terminal:
            soft_wrap = all(isinstance(one, str) for one in objects)
        super().print(*objects, soft_wrap=soft_wrap, **options)

    def render_str(self, text: str, **options: Any) -> Text:  # type: ignore[override]
        return super().render_str("\n".join(shown(line) for line in text.split("\n")), **options)


out = _Console()
err = _Console(stderr=True)


def told_transposed(recording: Any, *, flip: bool) -> None:
    """A line on stderr if a recording whose size was given looks as if width and height were exchanged."""
    from spikeplane.camera.transposed import looks_transposed

    if looks_transposed(recording, flip=flip):
        wide, high = recording.width, recording.height
        complain(
            f"warning: planes of {wide}x{high} look askew, of {high}x{wide} they are far smoother; "
            f"if width and height are exchanged, give --size {high}x{wide}"
        )


@contextmanager
def bar(what: str, total: int, unit: str | None = None) -> Iterator[Callable[..., None]]:
    """A progress bar on a terminal's stderr, with the rate in units a second if a unit is named;
    yields `advance(n, said)`, where `said`, a text that may be left out, stands beside the bar from then on.

    Where there is no terminal it is a line on stderr every LOGGED seconds.
    """
    if not err.is_terminal:  # Rich up to 14 would print an empty line
        done, beside = 0, ""

        def advanced(count: int, said: str = "") -> None:
            nonlocal done, beside
            done, beside = done + count, said and f", {said}"

        with _logged(lambda: f"{what}: {done:,} of {total:,}{beside}" if total else f"{what}: {done:,}"):
            yield advanced
        return
    from spikeplane.cli.progress import drawn  # Rich's bars take a while to import

    with drawn(err, what, total, unit) as advance:
        yield advance


@contextmanager
def busy(what: str) -> Iterator[Callable[[str], None]]:
    """A spinner on a terminal's stderr, for work of unknown length; yields `say(text)`, which
    changes its text. Where there is no terminal it is a line on stderr every LOGGED seconds."""
    if err.is_terminal:
        with err.status(what) as status:
            yield lambda text: status.update(escape(text))
        return
    said = what

    def say(text: str) -> None:
        nonlocal said
        said = text

    with _logged(lambda: said):
        yield say


@contextmanager
def _logged(text: Callable[[], str]) -> Iterator[None]:
    """While the block runs, a line now and then: who reads a log sees that work goes on."""
    over, start = threading.Event(), time.perf_counter()

    def log() -> None:
        while not over.wait(LOGGED):
            complain(message(f"{text()} ({time.perf_counter() - start:.0f} s)"))

    thread = threading.Thread(target=log, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
