"""A training that ends before its end: what there is of it, and how it goes on."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from spikeplane.cli.lines import complain
from spikeplane.errors import SpikeplaneError
from spikeplane.train.file import Training
from spikeplane.train.idle import idle_layers


class Checkpoints:
    """The file of a training. `saved`: iterations that it holds, None before it is written; `idle`: lines on layers that did not
    learn in the first epoch."""

    def __init__(self, training: Training, path: Path, say: Callable[[str], None]) -> None:
        self.training, self.path, self.say = training, path, say
        self.saved: int | None = None
        self.idle: list[str] = []
        self._first = training.learned.weights

    def save(self, now: Training) -> None:
        """Write it, whole or not at all."""
        now.save(self.path)
        self.saved = now.iterations
        if now.iterations == now.settings.an_epoch:
            windows = now.figures.profiles[-1]["windows"]
            self.idle = idle_layers(now.network, self._first, now.learned.weights, windows)
            for line in self.idle:
                self.say(line)

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
