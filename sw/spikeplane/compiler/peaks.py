"""How far membranes go: measured on calibration samples, or on random planes."""

from collections.abc import Mapping

import numpy as np

from spikeplane.compiler.ties import in_front_of_neurons
from spikeplane.encoding import Encoding
from spikeplane.float_network import FloatNetwork
from spikeplane.provided import provided

PEAK_SAMPLES = 64  #: of the calibration that the room of the membranes is taken from


def measured_peaks(
    net: FloatNetwork, planes: dict[str, np.ndarray], encodings: Mapping[str, Encoding]
) -> dict[str, np.ndarray]:
    """By population the largest magnitude of a membrane (C,) on the first samples of the calibration."""
    values = {name: given[:PEAK_SAMPLES] * encodings[name].value for name, given in planes.items()}
    peaks: dict[str, np.ndarray] = {}
    for _, membranes in provided("FloatModel")(net).steps(values):
        for name, v in membranes.items():
            # behind its spike, a neuron that fires once is at minus infinity
            largest = v.nan_to_num(neginf=0.0).abs().amax((0, 2, 3)).cpu().numpy()
            peaks[name] = np.maximum(largest, peaks.get(name, 0.0))
    return peaks


def drawn_peaks(net: FloatNetwork, encodings: Mapping[str, Encoding]) -> dict[str, np.ndarray] | None:
    """The same on random planes, of streams that leak and the neurons behind them: between how far inhibition
    goes and what rounding does to it there are not bits enough to guess. None where there are none."""
    names = in_front_of_neurons(net)
    if not names:
        return None
    names |= {p.target for p in net.projections if p.source in names}
    peaks = measured_peaks(net, provided("drawn")(net, encodings).planes, encodings)
    return {p.name: peaks[p.name] for p in net.populations if p.name in names}
