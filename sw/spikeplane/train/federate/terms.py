"""What server and workers agree on before the first round: mode, course, number of workers, split of the samples."""

import hashlib
import json
from dataclasses import dataclass
from typing import Any

import numpy as np

from spikeplane.errors import SpikeplaneError
from spikeplane.program.plain import stated
from spikeplane.train.course import Settings
from spikeplane.train.federate.aggregate import MOST_SAMPLES
from spikeplane.train.federate.shards import SPLITS
from spikeplane.train.network import LearningNetwork

MODES = ("step", "epoch")


@dataclass(frozen=True, kw_only=True)
class Terms:
    """A federation.

    settings      the course of all samples together; in mode epoch its epochs are those of all rounds
    mode          step or epoch
    local_epochs  of a worker in a round of mode epoch
    """

    settings: Settings
    workers: int = 5
    mode: str = "step"
    split: str = "iid"
    local_epochs: int = 1

    def check(self) -> None:
        """Raises SpikeplaneError for what cannot be."""
        for option, value, choices in (("mode", self.mode, MODES), ("split", self.split, SPLITS)):
            if value not in choices:
                raise SpikeplaneError(f"--{option} {value}: choose from {', '.join(choices)}")
        samples = self.settings.samples
        if not 1 <= self.workers <= samples:
            raise SpikeplaneError(
                f"--workers must be from 1 to the {samples} samples there are, not {self.workers}"
            )
        if self.mode == "epoch" and samples > MOST_SAMPLES:
            raise SpikeplaneError(
                f"a mean of weights counts {MOST_SAMPLES} samples at most, and there are {samples}; use --mode step"
            )
        if self.local_epochs < 1 or self.settings.epochs % self.local_epochs:
            raise SpikeplaneError(f"--local-epochs must be 1 or more, not {self.local_epochs}")
        self.settings.check()

    @property
    def iterations(self) -> int:
        """Of the settings that a round stands for."""
        return 1 if self.mode == "step" else self.settings.an_epoch * self.local_epochs

    @property
    def rounds(self) -> int:
        """Of the whole course."""
        return self.settings.iterations // self.iterations

    def digest(self, network: LearningNetwork) -> str:
        """SHA-256 of the network without its weights, and of these terms: what an answer has to be for."""
        terms = {name: value for name, value in vars(self).items() if name != "settings"}
        thetas = [
            None if p.theta is None else np.asarray(p.theta, float).tolist() for p in network.populations
        ]
        said = {
            **terms, "settings": stated(self.settings), "thetas": thetas, "output": network.output,
            "populations": [stated(p, ("theta",)) for p in network.populations],
            "projections": [[stated(p, ("weight",)), p.weight.shape] for p in network.projections],
            "delta_limit": network.delta_limit,
        }  # fmt: skip
        text = json.dumps(_same(said), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()


def _same(value: Any) -> Any:
    """The same however its numbers are held: 0.0 is 0, a tuple a list."""
    if isinstance(value, dict):
        return {name: _same(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_same(one) for one in value]
    value = value.item() if isinstance(value, np.generic) else value
    return int(value) if isinstance(value, float) and value.is_integer() else value
