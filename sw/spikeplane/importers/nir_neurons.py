"""NIR's neurons as recursions of their published equations, spikes at v > v_threshold.

LIF, LI: v += dt / tau * (v_leak - v + r * I), by explicit Euler; "exponential" keeps exp(-dt / tau) of
v - v_leak and takes dt / tau * r * I, as sinabs and rockpool run. CubaLIF, CubaLI: the synaptic current
moves first, by the same rule, and the membrane takes the current that it has then. IF, I: v += r * I
once a step, or r * I * dt; the file cannot say which was meant, and r * dt near 1 is what SpikingJelly
writes. Membranes with a hard reset are counted from v_reset, where they start; others start at 0.
"""

from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from spikeplane.errors import SpikeplaneError, number
from spikeplane.float_network import FloatNeuron
from spikeplane.importers.assemble import Assembler, synapse_of
from spikeplane.importers.flow import Spikes, Value
from spikeplane.importers.geometry import Shape, text
from spikeplane.importers.values import merged
from spikeplane.network import MEMBRANE, ResetMode

DT = 1e-4
_NEAR = (0.5, 2.0)  #: of r * dt, where an IF is taken to mean charge per time


@dataclass(frozen=True)
class Choices:
    """What the user says about what NIR leaves open; None: not said."""

    dt: float | None = None
    reset: str | None = None
    compare: str | None = None
    if_gain: str | None = None
    discretisation: str | None = None

    @property
    def step(self) -> float:
        """Seconds of a step."""
        return self.dt or DT


def neurons(made: Assembler, name: str, node: Any, value: Value, choices: Choices) -> Spikes:
    """A population of IF, LIF, I, LI, CubaLIF or CubaLI neurons; of the last two a population of
    their synaptic currents too, in front of it."""
    kind, shape = type(node).__name__, value.shape
    if kind.startswith("Cuba"):
        value = _synaptic(made, name, node, value, choices)
    decay, gain, pull = (_perfect if kind in ("IF", "I") else _leaky)(made, name, node, shape, choices)
    if not hasattr(node, "v_threshold"):
        neuron = FloatNeuron(decay=decay, reset="none", kind=MEMBRANE)
        return made.neuron(name, made.scale(made.currents(name, value), gain, pull), neuron)
    mode: Any = choices.reset or "hard"
    rest = getattr(node, "v_reset", None)
    start = per_channel(name, "v_reset", 0.0 if rest is None or mode != "hard" else rest, shape)
    theta = per_channel(name, "v_threshold", node.v_threshold, shape)
    amount = _delayed(made, name, theta, decay) if mode == "delayed" else None
    why = "given" if choices.reset else "NIR does not say; --reset changes it"
    made.assume(name, "reset", mode, why)
    made.assume(name, "compare", choices.compare or ">", "given" if choices.compare else "NIR's definition")
    if start.any():
        made.assume(name, "membranes at the start", "v_reset", "NIR does not say")
    neuron = FloatNeuron(
        decay=decay,
        threshold=theta - start,
        reset=cast(ResetMode, "soft" if mode == "delayed" else mode),
        amount=amount,
        strict=choices.compare != ">=",
    )
    currents = made.scale(made.currents(name, value), gain, pull - (1 - decay) * start)
    return made.neuron(name, currents, neuron)


def _synaptic(made: Assembler, name: str, node: Any, value: Value, choices: Choices) -> Spikes:
    """The synaptic currents of Cuba neurons: a population that sends its values in the same step."""
    decay, share = _kept(made, name, "tau_syn", node.tau_syn, value.shape, choices)
    gain = share * per_channel(name, "w_in", node.w_in, value.shape)
    currents = made.scale(made.currents(name, value), gain, np.zeros(len(gain)))
    return made.neuron(synapse_of(name), currents, FloatNeuron(decay=decay, reset="none", kind=MEMBRANE))


def _leaky(
    made: Assembler, name: str, node: Any, shape: Shape, choices: Choices
) -> tuple[float | np.ndarray, np.ndarray, np.ndarray]:
    """Decay, of all or (C,), gain (C,) and what v_leak adds a step (C,), of neurons with a time constant."""
    what = "tau" if hasattr(node, "tau") else "tau_mem"
    decay, share = _kept(made, name, what, getattr(node, what), shape, choices)
    gain = share * per_channel(name, "r", node.r, shape)
    return decay, gain, (1 - decay) * per_channel(name, "v_leak", node.v_leak, shape)


def _kept(
    made: Assembler, name: str, what: str, values: Any, shape: Shape, choices: Choices
) -> tuple[float | np.ndarray, np.ndarray]:
    """What a state of time constant `values` keeps in a step, and dt / tau (C,), its share of the input."""
    if choices.dt is None:
        made.assume(name, "dt", f"{DT:g} s", "NIR does not say; --dt changes it")
    tau = per_channel(name, what, values, shape)
    if not (tau > 0).all():
        raise SpikeplaneError(
            f"layer '{name}': its {what} must be more than 0 seconds, not {number(tau[~(tau > 0)][0])}"
        )
    ratio = choices.step / tau
    if choices.discretisation == "exponential":
        made.assume(name, "discretisation", "exponential", f"given: keeps exp(-dt / {what}) a step")
        return merged(np.exp(-ratio)), ratio
    if ratio.max() > 1:
        raise SpikeplaneError(
            f"layer '{name}': its {what} of {tau.min():g} s is less than a step of {choices.step:g} s; "
            f"give a smaller --dt{_of_norse(tau)}, or --discretisation exponential"
        )
    return merged(1 - ratio), ratio


def _of_norse(tau: np.ndarray) -> str:
    """norse's steps are of 0.001 s, and it writes time constants as 0.001 times what they are."""
    return " (1e-06 where norse wrote the graph)" if 1e-6 <= tau.min() <= 5e-5 else ""


def _perfect(
    made: Assembler, name: str, node: Any, shape: Shape, choices: Choices
) -> tuple[float, np.ndarray, np.ndarray]:
    """The same of IF and I."""
    r = per_channel(name, "r", node.r, shape)
    near = bool(((r * choices.step >= _NEAR[0]) & (r * choices.step <= _NEAR[1])).all())
    kind = choices.if_gain or ("dt" if near else "step")
    if kind == "dt" and choices.dt is None:
        made.assume(name, "dt", f"{DT:g} s", "NIR does not say; --dt changes it")
    why = (
        "given"
        if choices.if_gain
        else f"r * dt is {'near' if near else 'far from'} 1, and NIR does not say; --if-gain changes it"
    )
    made.assume(name, "integration", "v += r * I * dt" if kind == "dt" else "v += r * I once a step", why)
    return 1.0, r * (choices.step if kind == "dt" else 1.0), np.zeros(shape[0])


def _delayed(made: Assembler, name: str, theta: np.ndarray, decay: float | np.ndarray) -> np.ndarray:
    """What a spike takes off at once where the threshold is subtracted a step later, undecayed."""
    if np.min(decay) == 0 or theta.min() < 0:
        raise made.refuse(
            name,
            "a delayed reset of neurons that keep nothing, or of a negative threshold",
            "use --reset soft",
        )
    return theta / decay


def threshold(made: Assembler, name: str, node: Any, value: Value) -> Spikes:
    """A step function: neurons without memory."""
    theta = per_channel(name, "threshold", node.threshold, value.shape)
    return made.neuron(name, value, FloatNeuron(decay=0.0, threshold=theta, reset="none", strict=True))


def delayed(made: Assembler, name: str, node: Any, value: Value, choices: Choices) -> Value:
    """Spikes a whole number of steps later."""
    steps = np.unique(per_channel(name, "delay", node.delay, value.shape) / choices.step)
    if len(steps) > 1 or abs(steps[0] - round(steps[0])) > 1e-6:
        raise made.refuse(
            name,
            "a delay of several times, or of no whole step",
            f"give one delay, a multiple of dt ({choices.step:g} s)",
        )
    return made.delay(name, value, round(steps[0]))


def per_channel(name: str, what: str, values: Any, shape: Shape) -> np.ndarray:
    """(C,) from one value, one a neuron, or one a channel as (C, 1, 1). Raises SpikeplaneError for others."""
    array = real(name, what, values)
    if array.size == 1:
        return np.full(shape[0], float(array.reshape(-1)[0]))
    if array.shape in ((shape[0], 1, 1), (1, shape[0], 1, 1)):
        return array.reshape(-1)
    if array.size != np.prod(shape):
        raise SpikeplaneError(
            f"layer '{name}' has {text(array.shape)} values of {what} for {text(shape)} neurons"
        )
    rows = array.reshape(shape[0], -1)
    if not np.array_equal(rows, np.broadcast_to(rows[:, :1], rows.shape), equal_nan=True):
        raise SpikeplaneError(
            f"layer '{name}' is a layer whose {what} differs inside a channel; a channel has one value"
        )
    return rows[:, 0]


def real(name: str, what: str, values: Any) -> np.ndarray:
    """Real numbers as float64. Raises SpikeplaneError for complex ones and for what is no number."""
    array = np.asarray(values)
    if array.dtype.kind not in "fiub":
        wrong = "complex numbers" if array.dtype.kind == "c" else "no numbers"
        raise SpikeplaneError(f"layer '{name}': its {what} are {wrong}; give real numbers")
    return array.astype(np.float64)
