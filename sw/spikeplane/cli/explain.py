"""The graph that was understood, for people: of `compile --explain` and `inspect --explain`."""

from collections.abc import Iterator
from contextlib import contextmanager

from spikeplane.cli.console import out
from spikeplane.explain import Understood, lines, watched


@contextmanager
def explaining(wanted: bool) -> Iterator[Understood]:
    """Prints, at the end, what an import in between has understood; where it is refused, up to there."""
    with watched() as understood:
        try:
            yield understood
        finally:
            if wanted:
                for line in lines(understood):
                    out.print(line, highlight=False, markup=False, soft_wrap=True)
