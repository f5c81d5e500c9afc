"""What a proof runs on: as much of the calibration as a few seconds allow, or random planes where there is none."""

from dataclasses import dataclass

import numpy as np

from spikeplane.compiler.graph import FloatNetwork
from spikeplane.encode import Encoding

#: Multiplications and neuron updates of one execution: about half a second a model on one core.
BUDGET = 1 << 28
LEAST, SAMPLES = 4, 128  #: samples
STEPS = (16, 256)  #: of random planes, at least and at most
ACTIVITY = (0.1, 0.4)
BUSY = (0.8, 1.0)  #: for networks in which something stays silent at those
_UPDATE = 16  #: a neuron's update, in multiplications
_SEED = 20250


@dataclass(frozen=True)
class Trial:
    """planes: integers (N, T, C, H, W) of the input population; what: where they come from, for people; random: drawn here."""

    planes: np.ndarray
    what: str
    random: bool


def of_samples(net: FloatNetwork, planes: np.ndarray) -> Trial:
    """The first samples of a calibration, (N, T, C, H, W), and their first steps if even few samples are too many."""
    samples, steps = _size(net, planes.shape[1])
    chosen = planes[:samples, :steps]
    return Trial(chosen, f"{_count(chosen)} of the calibration", False)


def drawn(net: FloatNetwork, encoding: Encoding, activity: tuple[float, float] = ACTIVITY) -> Trial:
    """Random planes, half of the samples at either activity; seeded. Direct coding: random values there, the same in every step."""
    samples, steps = _size(net, min(max(encoding.steps, STEPS[0]), STEPS[1]))
    rng = np.random.default_rng(_SEED)
    shape = (samples, 1 if encoding.kind == "direct" else steps, *net.inputs[0].shape)
    rates = np.where(np.arange(samples) % 2, activity[1], activity[0]).reshape(-1, 1, 1, 1, 1)
    planes = (rng.random(shape) < rates).astype(np.uint8)
    if encoding.kind == "direct":
        planes *= rng.integers(1, 1 << encoding.bits, shape).astype(np.uint8)
        planes = np.repeat(planes, steps, axis=1)
    parts = " and ".join(f"{rate:.0%}" for rate in activity)
    return Trial(
        planes, f"{_count(planes)} of random {'values' if encoding.kind == 'direct' else 'planes'}, {parts} active", True
    )


def _count(planes: np.ndarray) -> str:
    return f"{len(planes)} samples, {planes.shape[1]} steps"


def _size(net: FloatNetwork, steps: int) -> tuple[int, int]:
    """Samples and steps that the budget allows."""
    room = BUDGET // _cost(net)
    steps = min(steps, max(room // LEAST, 4))
    return int(min(max(room // steps, LEAST), SAMPLES)), int(steps)


def _cost(net: FloatNetwork) -> int:
    """Multiplications of one step of one sample."""
    sizes = {p.name: p.current_shape for p in net.populations}
    synapses = sum(p.weight.size * int(np.prod(sizes[p.target][1:])) for p in net.projections)
    return synapses + _UPDATE * sum(int(np.prod(p.current_shape)) for p in net.populations)
