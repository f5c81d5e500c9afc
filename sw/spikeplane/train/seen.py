"""What a learner has come upon in a batch before its update, from the chip or from the golden model: comparable, bit for bit."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from spikeplane.errors import SpikeplaneError, number
from spikeplane.train.network import Learned, LearningNetwork


@dataclass(frozen=True)
class Seen:
    """Of the last sample: its readout, float16 (classes,); by hidden population the bits of its tape, (T, C, H, W); by
    population its deltas of step 0, float16 (C, H, W). Of the batch: by tag the gradients, int64 in units of 2^-24, shaped as weights."""

    readout: np.ndarray
    spikes: dict[str, np.ndarray] = field(default_factory=dict)
    windows: dict[str, np.ndarray] = field(default_factory=dict)
    deltas: dict[str, np.ndarray] = field(default_factory=dict)
    gradients: dict[int, np.ndarray] = field(default_factory=dict)


class Differs(SpikeplaneError):
    """A chip is not the golden model: (phase, step, layer or projection, neuron or weight)."""


class Comparison:
    """Holds what a chip has against what it should have. `values`: compared so far."""

    def __init__(self, network: LearningNetwork) -> None:
        self.network = network
        self.values = 0

    def seen(self, found: Seen, expected: Seen) -> None:
        """Before the update. Raises Differs for the first value that differs, in the order in which a chip computes them."""
        for row in (*self._forward(found, expected), *self._backward(found, expected)):
            self._hold(*row)

    def learned(self, found: Learned, expected: Learned) -> None:
        """Behind the update. Raises Differs likewise."""
        for what, here, wanted in (
            ("weight", found.weights, expected.weights),
            ("momentum of weight", found.momenta, expected.momenta),
        ):
            for tag in sorted(wanted):
                self._hold(f"update, projection {self._name(tag)}", what, here[tag], wanted[tag])

    def _forward(self, found: Seen, expected: Seen) -> Iterator[tuple[str, str, np.ndarray, np.ndarray]]:
        names = [p.name for p in self.network.populations if p.name in expected.spikes]
        steps = len(next(iter(expected.spikes.values()))) if names else 0
        for t in range(steps):
            for name in names:
                where = f"forward, step {t}, layer '{name}'"
                yield where, "spike of neuron", found.spikes[name][t], expected.spikes[name][t]
                yield where, "window of neuron", found.windows[name][t], expected.windows[name][t]
        where = f"forward, all steps, layer '{self.network.output}'"
        yield where, "readout", found.readout, expected.readout

    def _backward(self, found: Seen, expected: Seen) -> Iterator[tuple[str, str, np.ndarray, np.ndarray]]:
        for name in [p.name for p in reversed(self.network.populations) if p.name in expected.deltas]:
            yield (
                f"backward, step 0, layer '{name}'",
                "delta of neuron",
                found.deltas[name],
                expected.deltas[name],
            )
        for tag in sorted(expected.gradients):
            where = f"backward, all steps, projection {self._name(tag)}"
            yield where, "gradient of weight", found.gradients[tag], expected.gradients[tag]

    def _name(self, tag: int) -> str:
        return self.network.projections[tag].name

    def _hold(self, where: str, what: str, found: np.ndarray, expected: np.ndarray) -> None:
        self.values += expected.size
        # float16 by its bits: -0 is no +0
        bits = [a.view(np.uint16) if a.dtype == np.float16 else a for a in (found, expected)]
        differs = bits[0] != bits[1]
        if differs.any():
            place = tuple(int(axis[0]) for axis in np.nonzero(differs))
            raise Differs(
                f"{where}: {what} {place} is {number(float(found[place]))} on the chip and {number(float(expected[place]))} "
                f"in the golden model, and {int(differs.sum())} of {expected.size} differ; please report it"
            )
