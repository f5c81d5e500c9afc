"""A training that ends before its end: what there is of it, and how it goes on."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from spikeplane.cli.lines import complain
from spikeplane.errors import SpikeplaneError
from spikeplane.train.file import Training


class Checkpoints:
    """The file of a training. `saved`: iterations that it holds, None before it is written."""

    def __init__(self, training: Training, path: Path) -> None:
        self.training, self.path = training, path
        self.saved: int | None = None

    def save(self, now: Training) -> None:
        """Write it, whole or not at all."""
        now.save(self.path)
        self.saved = now.iterations

    @property
    def hint(self) -> str:
        """How to go on."""
        if self.saved is None:
            return f"{self.path} has no checkpoint yet, which each epoch makes, and --every N more of them"
        return f"{self.path} is whole up to iteration {self.saved}, and the same command with --resume {self.path} goes on with equal bits"

    @contextmanager
    def told(self) -> Iterator[None]:
        """Whatever ends the block early says how to go on. Raises it again."""
        try:
            yield
        except KeyboardInterrupt:
            complain(f"stopped in iteration {self.training.iterations}: {self.hint}")
            raise
        except SpikeplaneError as error:
            raise SpikeplaneError(f"{error}; {self.hint}") from None
