"""What a proof runs on: as much of the calibration as a few seconds allow, or random planes where
there is none.

Layers that stay quiet on those, and the layers behind them, would prove nothing: for them there is
a second run on stronger input, in which random spikes take the place of what the quiet layers fire,
in the source and in the float network alike. There spikes and inputs may be larger than 1: both are
functions of real numbers, but for a maximum that was imported as OR and the like.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import torch

from spikeplane.encoding import Encoding
from spikeplane.float_network import SPIKES_ALONE, FloatNetwork, FloatNeuron
from spikeplane_sim.proof.folded import alike

#: Multiplications and neuron updates of one execution: about a second a model on one core.
BUDGET = 1 << 29
LEAST, SAMPLES = 4, 128  #: samples
STEPS = (16, 512)  #: of random planes, at least and at most
ACTIVITY = (0.1, 0.4)  #: of samples in turn
GAIN = (1, 4, 16, 64)  #: of samples in turn, where a layer is quiet
QUIET = 0.01  #: of steps in which a neuron fires
_UPDATE = 16  #: a neuron's update, in multiplications
_SEED = 20250


@dataclass(frozen=True)
class Trial:
    """planes: by input values (N, T, C, H, W), integers but for `strong`; what: where they come from,
    for people; driven: (N, T, C, H, W) of layers, what they hand on in place of their spikes."""

    planes: dict[str, np.ndarray]
    what: str
    driven: dict[str, torch.Tensor] = field(default_factory=dict)

    @property
    def size(self) -> tuple[int, int]:
        """Samples and steps."""
        samples, steps = next(iter(self.planes.values())).shape[:2]
        return samples, steps


def of_samples(net: FloatNetwork, planes: dict[str, np.ndarray]) -> Trial:
    """The first samples of a calibration, by input (N, T, C, H, W), and their first steps if even few
    samples are too many."""
    samples, steps = _size(net, next(iter(planes.values())).shape[1])
    chosen = {name: values[:samples, :steps] for name, values in planes.items()}
    chosen = {
        name: _in_each_step(net, name, np.repeat(values[:, :1], steps, axis=1))
        if _still(net, name)
        else values
        for name, values in chosen.items()
    }
    return Trial(chosen, f"{_count(chosen)} of the calibration")


def drawn(net: FloatNetwork, encodings: Mapping[str, Encoding]) -> Trial:
    """Random planes, the samples in turn at 10 and 40 % activity; seeded. Direct coding: random
    values there, the same in every step; frames: random values in each step."""
    most = max(encoding.steps for encoding in encodings.values())
    size = _size(net, min(max(most, STEPS[0]), STEPS[1]))
    rng = np.random.default_rng(_SEED)
    planes = {
        p.name: _values(rng, (*size, *p.shape), encodings[p.name], _still(net, p.name)) for p in net.inputs
    }
    planes = {n: _in_each_step(net, n, v) if _still(net, n) else v for n, v in planes.items()}
    parts = " and ".join(f"{rate:.0%}" for rate in ACTIVITY)
    kinds = {"direct": "values", "frames": "frames"}
    what = " and ".join(dict.fromkeys(kinds.get(one.kind, "planes") for one in encodings.values()))
    return Trial(planes, f"{_count(planes)} of random {what}, {parts} active")


def _values(rng: np.random.Generator, shape: tuple[int, ...], encoding: Encoding, still: bool) -> np.ndarray:
    """Random integers (N, T, C, H, W) that the encoding could give; `still`: the same in every step."""
    direct, steps = encoding.kind == "direct", shape[1]
    still = still or direct
    planes = _spikes(rng, (shape[0], 1 if still else steps, *shape[2:]))
    if direct:
        planes *= rng.integers(1, 1 << encoding.bits, planes.shape).astype(np.uint8)
    if still:
        planes = np.repeat(planes, steps, axis=1)
    elif encoding.kind == "frames":
        low, high = encoding.span
        planes = planes * rng.integers(low or 1, high + 1, planes.shape)
    return planes


def strong(net: FloatNetwork, encodings: Mapping[str, Encoding], quiet: list[str]) -> Trial:
    """Random planes as `drawn`, of samples up to 64 times as strong, and random spikes as strong in
    place of the quiet layers'."""
    trial = drawn(net, encodings)
    rng = np.random.default_rng(_SEED + 1)
    binary = any(_counts_on_spikes(p.neuron) for p in net.populations if p.neuron is not None)
    binary = binary or any(a.why == SPIKES_ALONE for a in net.assumptions)
    gain = np.ones(1) if binary else np.array(GAIN, dtype=float)
    gain = np.resize(gain, trial.size[0]).reshape(-1, 1, 1, 1, 1)
    size = trial.size
    driven = {
        name: torch.as_tensor(_spikes(rng, (*size, *net.population(name).shape)) * gain)
        for name in quiet
        if not _feeds_itself(net, name)
    }
    stronger = {name: values * gain for name, values in trial.planes.items()}
    return Trial(stronger, trial.what, driven)


def quiet(net: FloatNetwork, outputs: dict[str, np.ndarray]) -> list[str]:
    """The layers that hardly ever fire, or nearly always."""
    spiking = [p.name for p in net.populations if p.neuron is not None and p.neuron.kind.spikes]
    return [name for name in spiking if not QUIET <= (outputs[name] != 0).mean() <= 1 - QUIET]


def _counts_on_spikes(neuron: FloatNeuron) -> bool:
    """May be right for values of 0 and 1 only: OR for a maximum, and snnTorch's subtraction at once."""
    return (not np.any(neuron.decay) and neuron.reset == "none") or (
        neuron.reset == "soft" and neuron.strict and neuron.amount is None
    )


def _feeds_itself(net: FloatNetwork, name: str) -> bool:
    """Inside one module of the source its own spikes come back to it, whatever it hands on."""
    return any(p.source == name for p in net.incoming(name))


def _spikes(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """0 and 1, uint8 (N, ...); the samples at the activities in turn."""
    rates = np.resize(ACTIVITY, shape[0]).reshape(-1, *[1] * (len(shape) - 1))
    return (rng.random(shape) < rates).astype(np.uint8)


def _count(planes: dict[str, np.ndarray]) -> str:
    samples, steps = next(iter(planes.values())).shape[:2]
    return f"{samples} samples, {steps} steps"


def _size(net: FloatNetwork, steps: int) -> tuple[int, int]:
    """Samples and steps that the budget allows."""
    room = BUDGET // _cost(net)
    called = None if net.origin is None else net.origin.called
    own = net.by_step if called is None or called.steps is None else called.steps
    steps = min(steps, max(room // LEAST, 4)) if own is None else own
    return int(min(max(room // steps, LEAST), SAMPLES)), int(steps)


def _still(net: FloatNetwork, name: str) -> bool:
    """Whether the model takes one image of this input for all steps."""
    called = None if net.origin is None else net.origin.called
    return called is not None and called.still(name)


def _in_each_step(net: FloatNetwork, name: str, values: np.ndarray) -> np.ndarray:
    """The same in all steps that the channels hold."""
    fold = net.population(name).fold
    return alike(values, fold) if fold > 1 else values


def _cost(net: FloatNetwork) -> int:
    """Multiplications of one step of one sample."""
    sizes = {p.name: p.current_shape for p in net.populations}
    synapses = sum(p.weight.size * int(np.prod(sizes[p.target][1:])) for p in net.projections)
    return synapses + _UPDATE * sum(int(np.prod(p.current_shape)) for p in net.populations)
