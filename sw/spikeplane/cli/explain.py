"""The graph that was understood, for people: of `compile --explain` and `inspect --explain`."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console

from spikeplane.explain import Understood, lines, watched


@contextmanager
def explaining(console: Console | None) -> Iterator[Understood]:
    """Prints there, at the end, what an import in between has understood; where it is refused, up to there."""
    with watched() as understood:
        try:
            yield understood
        finally:
            if console is not None:
                for line in lines(understood):
                    console.print(line, highlight=False, markup=False, soft_wrap=True)
