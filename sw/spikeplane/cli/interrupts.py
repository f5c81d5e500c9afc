"""Ctrl-C, SIGINT and SIGTERM: what they do while a command is imported, while it runs and after.

```
    importing   nothing has begun: one word, and the process is over
    running     an exception, so that whatever was begun is undone; what comes within PATIENCE seconds more is ignored
```
Light on purpose: nothing is imported before these stand but what the interpreter itself needs.
"""

from __future__ import annotations

import os
import signal
import time
from contextlib import contextmanager, suppress

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

WORDS = {signal.SIGINT: "interrupted", signal.SIGTERM: "terminated"}
PATIENCE = 3.0  #: seconds for undoing what was begun


class Stopped(KeyboardInterrupt):
    """A signal asked for the end. Whoever handles Ctrl-C handles it."""


class Interrupts:
    """`caught`: the signal that came, or None. `importing`: see the module's picture."""

    def __init__(self) -> None:
        self.caught: signal.Signals | None = None
        self.importing = True
        self._at = 0.0

    @property
    def status(self) -> int:
        """The exit status of a process that a signal ended, as shells have it."""
        return 128 + (self.caught or signal.SIGINT)

    @property
    def word(self) -> str:
        """What is said."""
        return WORDS[self.caught or signal.SIGINT]

    def take(self, number: int, frame: FrameType | None) -> None:
        """The handler."""
        if self.importing:
            with suppress(OSError):
                os.write(2, f"{WORDS[signal.Signals(number)]}\n".encode())
            os._exit(128 + number)
        if self.caught is not None and time.monotonic() - self._at < PATIENCE:
            return
        self.caught, self._at = signal.Signals(number), time.monotonic()
        raise Stopped


@contextmanager
def interrupts() -> Iterator[Interrupts]:
    """While the block runs both signals are handled; one that whoever started the process had
    ignored stays so (nohup)."""
    state, before = Interrupts(), {}
    try:
        for number in WORDS:
            if signal.getsignal(number) not in (signal.SIG_IGN, None):
                before[number] = signal.signal(number, state.take)
    except ValueError:  # not the main thread: signals are another's business
        state.importing = False
    try:
        yield state
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
