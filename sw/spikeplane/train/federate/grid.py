"""How tasks reach workers and answers come back: a protocol, and the workers of this process."""

import queue
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Protocol

from spikeplane.errors import reason
from spikeplane.train.federate.message import Message

#: What makes an answer of a task: a worker's `answer`.
Answering = Callable[[Message], Message]


class Grid(Protocol):
    """Whatever carries messages: this process, Flower."""

    def addresses(self) -> list[str]:
        """The workers that are there now."""
        ...

    def ask(self, task: Message, addresses: Sequence[str], timeout: float) -> Iterator[tuple[str, Message]]:
        """Answers as they arrive, each with the address it comes from; ends when all that were asked have answered, or
        behind `timeout` seconds. Answers to earlier tasks, and several of one worker, may be among them."""
        ...


class LocalGrid:
    """Workers of this process by address, each in a thread of its own: simulated chips run side by side, and one that hangs
    keeps nobody waiting longer than the time-out."""

    def __init__(self, workers: Mapping[str, Answering]) -> None:
        self._inboxes: dict[str, queue.SimpleQueue[tuple[int, Message] | None]] = {}
        self._answers: queue.SimpleQueue[tuple[str, int, Message]] = queue.SimpleQueue()
        self._ticket = 0
        for address, answer in workers.items():
            self.join(address, answer)

    def join(self, address: str, answer: Answering) -> None:
        """A worker comes, or one that starts again takes its former place."""
        self.leave(address)
        inbox: queue.SimpleQueue[tuple[int, Message] | None] = queue.SimpleQueue()
        self._inboxes[address] = inbox
        threading.Thread(target=self._serve, args=(address, answer, inbox), daemon=True).start()

    def leave(self, address: str) -> None:
        """A worker is gone."""
        if inbox := self._inboxes.pop(address, None):
            inbox.put(None)

    def close(self) -> None:
        """All workers go."""
        for address in self.addresses():
            self.leave(address)

    def addresses(self) -> list[str]:
        """See Grid."""
        return list(self._inboxes)

    def ask(self, task: Message, addresses: Sequence[str], timeout: float) -> Iterator[tuple[str, Message]]:
        """See Grid."""
        self._ticket += 1
        waited, over = set(addresses), time.monotonic() + timeout
        for address in addresses:
            self._inboxes[address].put((self._ticket, task))
        while waited:
            try:
                address, ticket, answer = self._answers.get(timeout=max(0.0, over - time.monotonic()))
            except queue.Empty:
                return
            if ticket == self._ticket:
                waited.discard(address)
            yield address, answer

    def _serve(
        self, address: str, answer: Answering, inbox: "queue.SimpleQueue[tuple[int, Message] | None]"
    ) -> None:
        """The thread of a worker: the newest task that there is, one after the other."""
        while (item := inbox.get()) is not None:
            while not inbox.empty():  # tasks that came while it was at work are over
                item = inbox.get()
                if item is None:
                    return
            ticket, task = item
            try:
                made = answer(task)
            except Exception as error:  # of whatever it learns on
                made = Message({**task.facts, "error": f"{type(error).__name__}: {reason(error)}"})
            self._answers.put((address, ticket, made))
