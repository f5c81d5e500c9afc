"""The course of a training: which samples, in which order, in which code, at which rate. All of it follows from the
settings and the iteration's number, so what is interrupted goes on with equal bits, and five workers see what one does."""

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from spikeplane.encode import encode
from spikeplane.encoding import Encoding
from spikeplane.errors import SpikeplaneError, number
from spikeplane.later import LATER
from spikeplane.train.losses import CROSS_ENTROPY, LOSSES
from spikeplane.train.network import Optimiser, Shape

#: Encodings whose planes are spikes.
SPIKES = ("rate", "poisson", "latency", "planes", "events")


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What a training is, beside its network and its data.

    last_rate   the rate falls evenly from `rate` to this in the last iteration
    samples     of the training data
    """

    encoding: Encoding
    samples: int
    batch: int = 64
    epochs: int = 5
    rate: float = 0.4
    last_rate: float = 0.04
    momentum: float = 0.0
    seed: int = 0
    loss: str = field(default=CROSS_ENTROPY, metadata=LATER)

    def check(self) -> None:
        """Raises SpikeplaneError for settings that cannot be."""
        if self.encoding.kind not in SPIKES:
            raise SpikeplaneError(
                f"a chip learns from spikes, and the encoding '{self.encoding.kind}' sends values; choose from {', '.join(SPIKES)}"
            )
        if self.loss not in LOSSES:
            raise SpikeplaneError(f"--loss must be one of {', '.join(LOSSES)}, not {self.loss}")
        for name in ("batch", "epochs"):
            if getattr(self, name) < 1:
                raise SpikeplaneError(f"--{name} must be 1 or more, not {getattr(self, name)}")
        if not 0 <= float(np.float16(self.momentum)) < 1:
            raise SpikeplaneError(f"--momentum must be from 0 to below 1, not {number(self.momentum)}")
        if not 0 < self.last_rate <= self.rate < np.inf:
            raise SpikeplaneError(
                f"--rate {number(self.rate)} and --last-rate {number(self.last_rate)}: a rate is above 0 and does not rise"
            )
        if not self.iterations:
            raise SpikeplaneError(
                f"there are {self.samples} samples for batches of {self.batch}; with momentum every batch is full: use "
                "smaller ones"
            )
        self.optimiser.step(self.batch, self.encoding.steps, self.last_rate)

    def told(self) -> list[str]:
        """A line where the rate loses bits on the way."""
        few = self.last_rate / (self.batch * self.encoding.steps)
        if few >= Optimiser.FEW:
            return []
        return [
            f"the rate falls to {few:.3g} a step, below {Optimiser.FEW:.3g} with less than the 11 bits of binary16"
        ]

    @property
    def optimiser(self) -> Optimiser:
        """Of the first iteration."""
        return Optimiser(rate=self.rate, momentum=self.momentum, loss=self.loss)

    @property
    def an_epoch(self) -> int:
        """Iterations of an epoch: with momentum the rest of the samples, which fills no batch, is left out."""
        return self.samples // self.batch if self.momentum else -(-self.samples // self.batch)

    @property
    def iterations(self) -> int:
        """Of the whole training."""
        return self.an_epoch * self.epochs

    def rate_of(self, iteration: int) -> float:
        """The rate of an iteration, from 0 on."""
        share = iteration / max(1, self.iterations - 1)
        return self.rate + (self.last_rate - self.rate) * share

    def learned(self, first: int, last: int) -> int:
        """Samples of the iterations from `first` on, before `last`."""
        places = (n % self.an_epoch * self.batch for n in range(first, last))
        return sum(min(self.batch, self.samples - place) for place in places)

    def members(self, iteration: int) -> np.ndarray:
        """The numbers of the samples of an iteration: each epoch in an order of its own."""
        epoch, place = divmod(iteration, self.an_epoch)
        return self.order(epoch)[place * self.batch : (place + 1) * self.batch]

    def order(self, epoch: int) -> np.ndarray:
        """The numbers of all samples in the order of an epoch."""
        return np.random.default_rng([self.seed, epoch]).permutation(self.samples)


def epoch_code(encoding: Encoding, epoch: int) -> Encoding:
    """The encoding of an epoch: what is drawn at random is drawn anew."""
    seed = int(np.random.SeedSequence([encoding.seed, epoch]).generate_state(1, np.uint64)[0] >> np.uint64(1))
    return replace(encoding, seed=seed)


def coded(encoding: Encoding, samples: Any, shape: Shape, numbers: np.ndarray) -> np.ndarray:
    """Planes uint8 (len(numbers), T, C, H, W) of some of the samples, each as it would be in any other batch."""
    planes = [encode(encoding, samples[n : n + 1], shape, int(n)) for n in numbers]
    return np.concatenate(planes)
