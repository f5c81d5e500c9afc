"""Who has which samples."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from spikeplane.encode import encode
from spikeplane.encoding import Encoding
from spikeplane.train.loop import Labelled
from spikeplane.train.network import Shape

SPLITS = ("iid", "labels")


@dataclass(frozen=True)
class Shard:
    """The samples of a worker, their classes (n,), and their numbers (n,) among those of all workers, rising: a sample's
    code and its place in an epoch follow from its number."""

    samples: Any
    labels: np.ndarray
    numbers: np.ndarray

    def places(self, numbers: np.ndarray) -> np.ndarray:
        """Where those of `numbers` that this worker has stand, in their order."""
        place = np.searchsorted(self.numbers, numbers).clip(max=len(self.numbers) - 1)
        return place[self.numbers[place] == numbers]

    def planes(self, encoding: Encoding, shape: Shape, places: np.ndarray) -> np.ndarray:
        """Planes uint8 (n, T, C, H, W) of the samples at `places`, as they are coded on one computer."""
        made = [encode(encoding, self.samples[i : i + 1], shape, int(self.numbers[i])) for i in places]
        return np.concatenate(made)


def split(kind: str, labels: np.ndarray, workers: int, seed: int = 0) -> list[np.ndarray]:
    """The numbers of each worker's samples, rising: evenly at random (`iid`), or sorted by class and cut evenly
    (`labels`), so that each has few of the classes."""
    order = np.random.default_rng([seed, workers]).permutation(len(labels))
    if kind == "labels":
        order = order[np.argsort(labels[order], kind="stable")]
        return [np.sort(part) for part in np.array_split(order, workers)]
    return [np.sort(order[k::workers]) for k in range(workers)]


def shard(data: Labelled, numbers: np.ndarray) -> Shard:
    """A worker's part of all samples, which are in one place."""
    return Shard(_Picked(data.samples, numbers), data.labels[numbers], numbers)


class _Picked:
    """Some of the samples, which are read when they are asked for."""

    def __init__(self, samples: Any, numbers: np.ndarray) -> None:
        self._samples, self._numbers = samples, numbers

    def __len__(self) -> int:
        return len(self._numbers)

    def __getitem__(self, where: slice) -> Any:
        (number,) = self._numbers[where]
        return self._samples[number : number + 1]
