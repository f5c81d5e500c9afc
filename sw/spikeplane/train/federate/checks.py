"""What an answer has to be, before it counts. Each refusal is a line that says what was wrong with it."""

import math
from dataclasses import dataclass

import numpy as np

from spikeplane.errors import SpikeplaneError
from spikeplane.train.federate.message import Message, by_tag
from spikeplane.train.federate.terms import Terms
from spikeplane.train.network import LearningNetwork, LearningProjection
from spikeplane.train.plan import gradient_limit


@dataclass(frozen=True)
class Answer:
    """An answer that counts: of worker `worker`, over `samples`, with arrays by tag; the rest are figures."""

    worker: int
    samples: int
    seen: int
    right: int
    loss: float
    clipped: int
    arrays: dict[int, np.ndarray]


_COUNTS = ("samples", "seen", "right", "clipped")


class Check:
    """Of the answers to round `number`, each of which may count `most` samples."""

    def __init__(self, terms: Terms, network: LearningNetwork, digest: str, number: int, most: int) -> None:
        self.terms, self.network, self.digest = terms, network, digest
        self.number, self.most = number, most

    def __call__(self, message: Message) -> Answer:
        """The answer. Raises SpikeplaneError for one that does not count."""
        facts = message.facts
        if "error" in facts:
            raise SpikeplaneError(str(facts["error"]))
        if facts.get("digest") != self.digest:
            raise SpikeplaneError(
                "it answers for another network or course; start it with the server's options"
            )
        if facts.get("round") != self.number:
            raise SpikeplaneError(
                f"it answers round {_round(facts.get('round'))}, and this is round {self.number + 1}"
            )
        worker = facts.get("worker")
        if not _whole(worker, self.terms.workers - 1):
            raise SpikeplaneError(
                f"it calls itself worker {worker!r}; workers are 0 to {self.terms.workers - 1}"
            )
        for name in _COUNTS:
            if not _whole(facts.get(name), None):
                raise SpikeplaneError(f"its {name} are {facts.get(name)!r}, which is no count")
        loss, samples = facts.get("loss"), facts["samples"]
        if not isinstance(loss, float) or not math.isfinite(loss):
            raise SpikeplaneError(f"its loss is {loss!r}, which is no finite number")
        if not _whole(samples, self.most):
            raise SpikeplaneError(f"it counts {samples} samples, and there are {self.most} at most")
        arrays = self._arrays(message, int(samples))
        counts = {name: int(facts[name]) for name in _COUNTS}
        return Answer(worker=int(worker), loss=loss, arrays=arrays, **counts)  # pyright: ignore[reportArgumentType]

    def _arrays(self, message: Message, samples: int) -> dict[int, np.ndarray]:
        trained = [tag for tag, p in enumerate(self.network.projections) if p.trained]
        if sorted(message.arrays) != sorted(map(str, trained)):
            names = ", ".join(sorted(message.arrays)) or "none"
            raise SpikeplaneError(
                f"it has arrays {names}, not those of the trained projections {', '.join(map(str, trained))}"
            )
        found = by_tag(message.arrays)
        for tag in trained:
            p, array = self.network.projections[tag], found[tag]
            dtype = np.int64 if self.terms.mode == "step" else np.float16
            if array.shape != p.weight.shape:
                raise SpikeplaneError(
                    f"its array of {p.name} has the shape {array.shape}, not {p.weight.shape}"
                )
            if np.issubdtype(array.dtype, np.floating) and not np.isfinite(array).all():
                wrong = int((~np.isfinite(array)).sum())
                raise SpikeplaneError(f"{wrong} numbers of its array of {p.name} are NaN or infinite")
            if array.dtype != dtype:
                raise SpikeplaneError(f"its array of {p.name} is {array.dtype}, not {np.dtype(dtype)}")
            if self.terms.mode == "epoch":
                self._weights(p.name, p.limit, array)
            else:
                self._gradient(p, samples, array)
        return {tag: found[tag] for tag in trained}

    def _weights(self, name: str, limit: int, array: np.ndarray) -> None:
        if (np.abs(array) > 2.0**limit).any():
            raise SpikeplaneError(f"a weight of {name} of it is beyond the limit 2^{limit}")

    def _gradient(self, p: LearningProjection, samples: int, array: np.ndarray) -> None:
        most = gradient_limit(self.network, p, samples, self.terms.settings.encoding.steps) << 24
        if int(array.max(initial=0)) > most or int(array.min(initial=0)) < -most:
            raise SpikeplaneError(f"its gradient of {p.name} is beyond what {samples} samples can have")


def _whole(value: object, most: int | None) -> bool:
    """A whole number from 0 to `most`."""
    return type(value) is int and value >= 0 and (most is None or value <= most)


def _round(value: object) -> object:
    return value + 1 if type(value) is int else value
