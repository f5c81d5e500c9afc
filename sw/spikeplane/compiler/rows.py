"""What rounding did to each population, as a row of the table "quantisation"."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from spikeplane.compiler.layers import Layer
from spikeplane.compiler.steps import flat, top
from spikeplane.network import Neuron, Population

_TINY = 1e-30  #: magnitudes below are no weights
_ROUNDED = {"down": "down", "up": "up", "odd": "to odd"}


@dataclass(frozen=True, kw_only=True)
class Quantised:
    """What happened to one population: bits of its weights, guard bits, range of the real value of
    one weight step, weights clipped (%), root-mean-square weight error relative to the weights."""

    population: str
    weight_bits: int
    guard: int
    scale_low: float
    scale_high: float
    clipped: float
    error: float
    leak: str
    off: float  #: what rounding changes in its currents, as a part of them

    def columns(self) -> dict[str, Any]:
        """Of the table; `off` is for weights of 1 bit, whose error says little: all have one size."""
        return {name: value for name, value in asdict(self).items() if name != "off" or self.weight_bits == 1}


def row_of(
    layer: Layer,
    made: Population,
    whole: list[np.ndarray],
    steps: list[np.ndarray],
    unit: np.ndarray,
    guard: int,
    off: float,
) -> Quantised:
    """The row of a layer. whole: the integers of its weights; steps: what 1 of them is (C,); unit: of its currents,
    `guard` bits coarser than that of its membranes."""
    size = sum(w.size for w in layer.real)
    power = sum(float((w**2).sum()) for w in layer.real) / max(1, size)
    wrong = clipped = 0.0
    for weight, real, step, bits in zip(whole, layer.real, steps, layer.widths, strict=True):
        wrong += float(((flat(weight) * step[:, None] - flat(real)) ** 2).sum())
        clipped += float((np.abs(flat(real)) > (top(bits) + 0.5) * step[:, None]).sum())
    assert made.neuron is not None
    return Quantised(
        population=made.name,
        weight_bits=layer.bits,
        guard=guard,
        scale_low=float(unit.min()),
        scale_high=float(unit.max()),
        clipped=clipped / max(1, size) * 100,
        error=float(np.sqrt(wrong / max(1, size) / power)) if power > _TINY**2 else 0.0,
        leak=_leak_text(made, made.neuron),
        off=off,
    )


def _leak_text(made: Population, neuron: Neuron) -> str:
    if made.leaks is not None:
        return f"keeps {made.leaks.min()} to {made.leaks.max()}/65536, a channel its own"
    kept = f"keeps {neuron.leak_value}/65536, rounded {_ROUNDED[neuron.leak_round]}"
    return {"none": "none", "memoryless": "all"}.get(neuron.leak, kept)
