"""What server and workers send each other, and how it is read."""

from dataclasses import dataclass, field

import numpy as np

Fact = int | float | str


@dataclass(frozen=True)
class Message:
    """Facts and arrays by name: whatever carries messages has to bring these.

    A task: mode, round and digest; the float16 weights of every projection by its tag, as text.
    An answer: round and digest of its task, worker, samples, right, loss and clipped; arrays of the trained projections by
    their tags: int64 gradients in mode step, float16 weights in mode epoch. Or no arrays and a line, `error`.
    """

    facts: dict[str, Fact]
    arrays: dict[str, np.ndarray] = field(default_factory=dict)


def task(mode: str, number: int, digest: str, weights: dict[int, np.ndarray]) -> Message:
    """What a worker is asked in round `number`, from 0 on."""
    facts: dict[str, Fact] = {"mode": mode, "round": number, "digest": digest}
    return Message(facts, by_name(weights))


def by_name(arrays: dict[int, np.ndarray]) -> dict[str, np.ndarray]:
    """Arrays by tag, as messages have them."""
    return {str(tag): array for tag, array in arrays.items()}


def by_tag(arrays: dict[str, np.ndarray]) -> dict[int, np.ndarray]:
    """Arrays of a message, by tag."""
    return {int(name): array for name, array in arrays.items()}
