"""What there is to know of a training's file: weights by projection, and what was proved of the network."""

from typing import Any

import numpy as np

from spikeplane.train.file import Training
from spikeplane.train.plan import bounds

NORMAL = 2.0**-14  #: the least binary16 number with all of its bits


def weight_rows(training: Training) -> list[dict[str, Any]]:
    """A row a projection: its name, shape (Cout, Cin, KH, KW), whether it learns, least and largest weight, how many weights
    there are, are 0, are subnormal, and are at the limit 2^limit that no weight leaves."""
    rows = []
    for tag, p in enumerate(training.network.projections):
        weight = training.learned.weights[tag].astype(np.float64)
        size = np.abs(weight)
        rows.append(
            {
                "projection": p.name,
                "shape": list(weight.shape),
                "trained": p.trained,
                "weights": int(weight.size),
                "least": float(weight.min()),
                "largest": float(weight.max()),
                "zero": int((size == 0).sum()),
                "subnormal": int(((size > 0) & (size < NORMAL)).sum()),
                "limit": p.limit,
                "at_limit": int((size >= 2.0**p.limit).sum()),
            }
        )
    return rows


def bound_rows(training: Training) -> list[dict[str, Any]]:
    """A row a sum that was proved to fit: what it is, how its worst case comes about, that case, the bits of a word that
    holds it."""
    settings = training.settings
    found = bounds(training.network, settings.batch, settings.encoding.steps)
    return [{"sum": row.what, "how": row.how, "worst": row.worst, "bits": row.bits} for row in found]


def layer_rows(training: Training) -> list[dict[str, Any]]:
    """A row a population: its name, kind (input, bias, neurons, readout), shape (C, H, W), threshold as [least, largest], leak."""
    rows, inputs = [], [p.name for p in training.network.inputs]
    for p in training.network.populations:
        kind = "readout" if p.name == training.network.output else "neurons"
        if p.constant:
            kind = "bias"
        elif p.name in inputs:
            kind = "input"
        theta = None if p.theta is None else [float(np.min(p.theta)), float(np.max(p.theta))]
        rows.append(
            {"population": p.name, "kind": kind, "shape": list(p.shape), "theta": theta, "leak": p.leak}
        )
    return rows
