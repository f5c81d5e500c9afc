"""Training on the chip: the network that learns, what is proved of it before it does, the loop around it.

A chip that learns computes in binary16 and sums exactly, so its weights have the same bits whatever the order of
the samples and the number of cores: docs/training.md.
"""

from spikeplane.train.network import LearningNetwork, LearningPopulation, LearningProjection, Optimiser

__all__ = ["LearningNetwork", "LearningPopulation", "LearningProjection", "Optimiser"]
