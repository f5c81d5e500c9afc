"""The golden model in images a second: both of its paths in one run, a thread each, by the time of the processor."""

import time
from dataclasses import dataclass

import numpy as np
import torch

from spikeplane.errors import SpikeplaneError
from spikeplane.network import MEMBRANE, Network, Neuron, Population, Projection
from spikeplane.toolchain import byte_products
from spikeplane_sim.golden import GoldenModel

#: Rounds in which the paths take turns. Other programs only ever slow one down: the best of each counts.
ROUNDS = 20
BATCH, STEPS = 50, 4
#: Times the plain path's images a second that are required, with int8 dot products and without.
REQUIRED = (4.0, 1.5)


@dataclass(frozen=True)
class Rates:
    """Images a second of the plain and of the int8 path (0: it cannot be built here), and what that multiplies by."""

    plain: float
    fast: float
    products: str | None

    @property
    def line(self) -> str:
        """For people."""
        said = f"golden model: {self.plain:,.0f} images/s on its plain path at {STEPS} steps, Fashion-MNIST network"
        if self.products is None:
            return f"{said}; no int8 path on this machine"
        required = REQUIRED[0 if "dot" in self.products else 1]
        return (
            f"{said}; {self.fast:,.0f} on its int8 path, {self.products}, equal outputs: {self.fast / self.plain:.2f} times "
            f"(required: {required:g}; one thread, the best of {ROUNDS} runs of each)"
        )


def rates() -> Rates:
    """Measured now. Raises SpikeplaneError where the paths do not agree."""
    paths = ["plain", *["int8"] * (byte_products() is not None)]
    network, threads = fashion_shaped(), torch.get_num_threads()
    models = {path: GoldenModel(network, membrane_bits=16, acc_bits=18, path=path) for path in paths}
    pixels = np.random.default_rng(0).integers(0, 256, (BATCH, 1, 1, 28, 28), dtype=np.uint8)
    planes = {"input": np.broadcast_to(pixels, (BATCH, STEPS, *pixels.shape[2:]))}
    torch.set_num_threads(1)
    try:
        found = [model.run(planes) for model in models.values()]
        if any(not np.array_equal(found[0][name], other[name]) for other in found for name in other):
            raise SpikeplaneError("the golden model's paths differ: this is a defect, please report it")
        best = {
            path: min(times)
            for path, times in zip(
                models, zip(*(_round(models, planes) for _ in range(ROUNDS)), strict=True), strict=True
            )
        }
    finally:
        torch.set_num_threads(threads)
    return Rates(BATCH / best["plain"], BATCH / best["int8"] if "int8" in best else 0.0, byte_products())


def _round(models: dict[str, GoldenModel], planes: dict[str, np.ndarray]) -> list[float]:
    """Seconds of each model."""
    times = []
    for model in models.values():
        started = time.process_time()
        for _ in model.steps(planes):
            pass
        times.append(time.process_time() - started)
    return times


def fashion_shaped() -> Network:
    """examples/fashion_mnist's layers: what counts for speed is their shape."""
    rng, populations, projections = (
        np.random.default_rng(0),
        [Population(name="input", shape=(1, 28, 28), value_bits=8)],
        [],
    )
    source = populations[0]
    for name, channels, size, kernel, stride in _FASHION:
        weight = rng.integers(-60, 61, (channels, source.shape[0], kernel, kernel))
        padding = (kernel // 2, kernel // 2) if size > 1 else (0, 0)
        projections.append(
            Projection(
                source=source.name, target=name, weight=weight, stride=(stride, stride), padding=padding
            )
        )
        neuron = Neuron(reset="none", kind=MEMBRANE) if size == 1 else Neuron()
        source = Population(
            name=name,
            shape=(channels, size, size),
            neuron=neuron,
            theta=np.full(channels, 400),
            hold=source.neuron is None,
        )
        populations.append(source)
    return Network(populations=tuple(populations), projections=tuple(projections), output="readout", steps=4)


#: name, channels, pixels a side, kernel, stride
_FASHION = (
    ("spikes1", 32, 14, 5, 2), ("spikes2", 32, 14, 3, 1), ("spikes3", 64, 7, 3, 2), ("spikes4", 64, 7, 3, 1), ("spikes5", 64, 4, 3, 2),
    ("readout", 10, 1, 4, 1),
)  # fmt: skip
