"""A progress bar in terminals and notebooks, and nothing elsewhere."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def shown(what: str, total: int, wanted: bool = True) -> Iterator[Callable[[int], None]]:
    """Yields `advance(n)`; the bar is drawn where `wanted` and somebody can see it."""
    from rich.console import Console

    console = Console(stderr=True)
    if not wanted or not (console.is_terminal or console.is_jupyter):
        yield lambda done: None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=not console.is_jupyter) as bar:
        task = bar.add_task(what, total=total)
        yield lambda done: bar.advance(task, done)
