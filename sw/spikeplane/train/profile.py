"""What a training leaves of each epoch for its page: who fires, and how weights and gradients are spread."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from spikeplane.provided import provided
from spikeplane.train.network import Learned, LearningNetwork

BINS = 41  #: of weights, an odd number: 0 has a bin of its own
FIRST, LAST = -32, 16  #: exponents of gradients that have a bin of their own; what is smaller is in the first

Profile = dict[str, Any]
Observer = Callable[[Learned, Mapping[str, np.ndarray], np.ndarray], Profile]


def observer(network: LearningNetwork, *, squared: bool = False) -> Observer:
    """A function of weights, planes (N, T, C, H, W) by input population and labels (N,): the profile of that batch with these
    weights, of the cross-entropy or the squared error, worked out by the golden model, which has the chip's bits. Plain
    numbers, lists and texts by name:

    spikes, windows   by population the share of neurons and steps, 0..1, that fire, and that learn
    weights           by projection its histogram, see `weight_bins`
    gradients         by trained projection its histogram, see `gradient_bins`
    """

    def observe(learned: Learned, planes: Mapping[str, np.ndarray], labels: np.ndarray) -> Profile:
        found = provided("seen")(network, learned, planes, labels, squared=squared)
        names = {tag: p.name for tag, p in enumerate(network.projections)}
        return {
            "spikes": found.spikes,
            "windows": found.windows,
            "weights": {names[tag]: weight_bins(w) for tag, w in sorted(learned.weights.items())},
            "gradients": {names[tag]: gradient_bins(g) for tag, g in sorted(found.gradients.items())},
        }

    return observe


def weight_bins(weights: np.ndarray) -> Profile:
    """`most`: a power of 2 that no weight exceeds; `counts` of BINS bins of equal width from -most to most."""
    values = weights.astype(np.float64).ravel()
    largest = float(np.abs(values).max(initial=0))
    most = 2.0 ** np.ceil(np.log2(largest)) if largest else 1.0
    counts, _ = np.histogram(values, BINS, (-most, most))
    return {"most": float(most), "counts": counts.tolist()}


def gradient_bins(gradients: np.ndarray) -> Profile:
    """`zeros`; `first`: an exponent e; `counts` of those with 2^e <= |g| < 2^(e+1), of the next exponent, and so on.
    Exponents are limited to FIRST..LAST."""
    values = np.abs(gradients.ravel())
    values = values[values > 0]
    exponents = np.clip(np.frexp(values)[1] - 1, FIRST, LAST)
    first = int(exponents.min(initial=LAST)) if values.size else 0
    counts = np.bincount(exponents - first, minlength=1) if values.size else np.zeros(0, int)
    return {"zeros": int(gradients.size - values.size), "first": first, "counts": counts.tolist()}
