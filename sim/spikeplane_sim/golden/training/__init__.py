"""The golden training model: what a chip that learns has to agree with in every bit (docs/training.md)."""

from spikeplane_sim.golden.training.seen import Seen, seen
from spikeplane_sim.golden.training.trainer import Gradients, Trainer, digest

__all__ = ["Gradients", "Seen", "Trainer", "digest", "seen"]
