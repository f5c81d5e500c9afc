"""How fast the executions are on this machine: the simulated chip in cycles a second, the golden
model in images a second."""

import time
from dataclasses import dataclass

import numpy as np

from spikeplane.compiler.compile import compile as compile_model
from spikeplane.encoding import Encoding
from spikeplane.network import MEMBRANE, Network, Neuron, Population, Projection
from spikeplane.program import Program
from spikeplane.run.board import DeviceBoard
from spikeplane.run.lockstep import compare
from spikeplane_sim.board import SimulatedBoard
from spikeplane_sim.cache import cache_folder
from spikeplane_sim.demo import digits
from spikeplane_sim.golden import GoldenModel
from spikeplane_sim.golden.board import GoldenBoard

REPEATS = 3  #: other programs on the machine only ever slow a run down: the best one counts


@dataclass(frozen=True)
class ChipSpeed:
    """The demo's network on the 2x2 chip."""

    cycles_per_second: float
    cycles_per_sample: float
    mismatches: int


def demo_program() -> tuple[Program, digits.Digits]:
    """The demo's program and its data, trained once."""
    data = digits.load()
    model = digits.trained(data, cache_folder())
    return compile_model(
        model, chip="small", input_shape=(1, 8, 8), encoding=Encoding(steps=digits.STEPS), name="digits"
    ), data


def chip_speed(samples: int = 120) -> ChipSpeed:
    """Simulated cycles a second, the best of REPEATS runs, while the demo's network runs with all
    of its populations probed; link and driver included."""
    program, data = demo_program()
    planes = program.planes(data.test_images[:samples])
    device = SimulatedBoard(program.config)
    with DeviceBoard(device, program) as board:
        board.run({k: v[:1] for k, v in planes.items()})
        rates, found = [], {}
        for _ in range(REPEATS):
            cycles, started = device.cycles, time.perf_counter()
            found = board.run(planes)
            rates.append((device.cycles - cycles) / (time.perf_counter() - started))
        figures = board.figures()
    with GoldenBoard(program) as golden:
        result = compare(program.network, found, golden.run(planes))
    return ChipSpeed(max(rates), figures["cycles_per_sample"], result.mismatches)


def golden_rate(images: int = 1000, steps: int = 4, batch: int = 50) -> float:
    """Images a second, the best of REPEATS runs, for a network of the Fashion-MNIST example's shape
    with random weights."""
    network = fashion_shaped()
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (images, 1, 1, 28, 28), dtype=np.uint8)
    model = GoldenModel(network, membrane_bits=16, acc_bits=18)

    def run(part: np.ndarray) -> None:
        for _ in model.steps({"input": np.broadcast_to(part, (len(part), steps, *part.shape[2:]))}):
            pass

    run(pixels[:batch])
    times = []
    for _ in range(REPEATS):
        started = time.perf_counter()
        for first in range(0, images, batch):
            run(pixels[first : first + batch])
        times.append(time.perf_counter() - started)
    return images / min(times)


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
