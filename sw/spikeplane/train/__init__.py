"""Training on the chip: the network that learns, what is proved of it before it does, the loop around it.

A chip that learns computes in binary16 and sums exactly, so its weights have the same bits whatever the order of
the samples and the number of cores: docs/training.md.

The package is a function as well, `spikeplane.train(model, samples, labels=None, **options)`:

Train a model in binary16 with exact sums and return a `TrainingResult`: the same bits in the golden model, on the
simulated chip and on a board, whatever the order of a batch's samples and the number of cores.

model        what `spikeplane.compile` takes; its weights are where training begins
samples      of its input, see `Program.run`; labels (N,), those of a DataLoader's pairs where None
test         (samples, labels) that are not learned, told after each epoch
board        "golden" (default), "sim", or a serial port
chip         a ChipConfig with `training`, or its TOML file; one core that holds the network where None
verify       every so many iterations all that the chip has computed is held against the golden model; 0: never
encoding     how samples become spikes; Encoding(kind="rate", steps=4) where None
batch        samples of an iteration, 64; epochs: how often all samples are seen, 5
rate         of the mean loss, 0.4; it falls evenly to last_rate, a tenth of it
momentum     0 to below 1; 0: plain gradient descent
loss         "cross-entropy" (default), or "squared"
seed         of the order of samples, 0
freeze       layers that keep their weights
weight_limit, delta_limit   weights and deltas stay within 2 to this power: 3 and 2
input_shape, reset, compare   override the model, see `spikeplane.compile`
path         of a `.spt` file, written behind each epoch and every `every` iterations; None: no file
resume       a training, or its file: go on from there with equal bits; all else as it was begun
progress     True: a bar; False: none; a function: gets of each iteration a dict of iteration, iterations, loss and
             accuracy, and of each epoch one of epoch, loss, accuracy and test

Raises SpikeplaneError, one line, for what no chip learns, what is not proved to fit, and a board that is not there
or differs from the golden model.
"""

import sys
from types import ModuleType
from typing import Any

from spikeplane.doors import door
from spikeplane.train.network import LearningNetwork, LearningPopulation, LearningProjection, Optimiser

__all__ = ["LearningNetwork", "LearningPopulation", "LearningProjection", "Optimiser"]


class _Callable(ModuleType):
    def __call__(self, model: Any, samples: Any, labels: Any = None, **options: Any) -> Any:
        """See the text of the module."""
        return door("train")(model, samples, labels, **options)


sys.modules[__name__].__class__ = _Callable
