"""What the driver knows of a board: bytes out, bytes in."""

from abc import ABC, abstractmethod
from types import TracebackType
from typing import Self


class Device(ABC):
    """A chip behind a byte link. Use as a context manager: leaving it closes the link or ends the
    simulator."""

    where = "the device"  #: how messages name it
    #: waits in vain (`exchange` of nothing gives nothing), one after the other, until it counts as dead
    patience = 10

    @abstractmethod
    def exchange(self, data: bytes) -> bytes:
        """Send all of `data`, and return what has come meanwhile; do not wait for an answer. With
        empty `data`: wait a little for more to come, and return as soon as something has. The bytes
        are a line's: they may arrive changed, be lost, or appear from nowhere;
        `spikeplane.host.link` copes with that."""

    @abstractmethod
    def close(self) -> None:
        """Give the device back."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
