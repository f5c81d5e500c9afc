"""Small networks for the core and chip benches, with what the golden model says of them."""

from dataclasses import dataclass, replace

import numpy as np

from spikeplane.compiler.images import build_image
from spikeplane.compiler.place import place
from spikeplane.config import ChipConfig
from spikeplane.network import ALIGNED, MEMBRANE, Network, Neuron, Population, Projection, Window
from spikeplane.program.image import Image
from spikeplane.program.laid import laid_out
from spikeplane.program.placement import Placement

Planes = dict[str, np.ndarray]
SAMPLES, STEPS = 3, 4  #: a third sample has the first one's bank again


@dataclass(frozen=True)
class Job:
    """A network as it is laid and placed on a chip, its input planes (N, T, C, H, W), and every population's output
    by the golden model."""

    config: ChipConfig
    network: Network
    placement: Placement
    image: Image
    inputs: Planes
    golden: Planes


def job(name: str, config: ChipConfig, seed: int) -> Job:
    """One of `NETWORKS` on a chip; weights and inputs from the seed."""
    network, inputs = {**NETWORKS, "crowded": crowded, "by step": by_step}[name](np.random.default_rng(seed))
    return placed(_without_low_planes(network) if config.low_planes else network, inputs, config)


def placed(network: Network, inputs: Planes, config: ChipConfig) -> Job:
    """A network on a chip. Every population is probed."""
    from spikeplane_sim.golden import GoldenModel

    names = [p.name for p in network.populations if p.neuron is not None]
    golden = GoldenModel(network, membrane_bits=config.membrane_bits, acc_bits=config.acc_bits).run(inputs)
    laid = laid_out(network, config)
    placement = place(laid, config)
    image = build_image(laid, placement, config, names)
    return Job(config, laid, placement, image, inputs, {name: golden[name] for name in names})


def _without_low_planes(network: Network) -> Network:
    """Values that others read are sent without their three lowest planes."""
    return replace(
        network,
        populations=tuple(
            replace(p, neuron=replace(p.neuron, low=3))
            if p.neuron and p.sends_values and network.outgoing(p.name)
            else p
            for p in network.populations
        ),
    )


def drawn_planes(rng: np.random.Generator, shape: tuple[int, int, int], rate: float) -> np.ndarray:
    """Spikes of all samples and steps, so many of them 1."""
    return (rng.random((SAMPLES, STEPS, *shape)) < rate).astype(np.uint8)


def convolution(rng: np.random.Generator) -> tuple[Network, Planes]:
    """Stride and padding, soft reset and a leak of each channel's own, a floor, then a dense readout of membranes."""
    populations = (
        Population(name="in", shape=(2, 6, 6)),
        Population(
            name="conv",
            shape=(16, 3, 3),
            theta=rng.integers(10, 40, 16),
            neuron=Neuron(leak="multiply", leak_round="up", reset="soft", floor=True),
            leaks=np.arange(16) * 4096,
            bias=rng.integers(-3, 4, 16),
        ),
        Population(name="out", shape=(10, 1, 1), neuron=Neuron(reset="none", kind=MEMBRANE)),
    )
    projections = (
        Projection(
            source="in",
            target="conv",
            weight=rng.integers(-30, 40, (16, 2, 3, 3)),
            stride=(2, 2),
            padding=(1, 1),
        ),
        Projection(source="conv", target="out", weight=rng.integers(-99, 100, (10, 16, 3, 3))),
    )
    return Network(populations=populations, projections=projections, output="out", steps=STEPS), {
        "in": drawn_planes(rng, (2, 6, 6), 0.4)
    }


def recurrent(rng: np.random.Generator) -> tuple[Network, Planes]:
    """A layer onto itself a step later, strict comparison, multiplied leak; dense spikes keep the
    accumulator busy without a gap."""
    populations = (
        Population(name="in", shape=(20, 1, 1)),
        Population(
            name="loop",
            shape=(20, 1, 1),
            neuron=Neuron(leak="multiply", leak_value=46080, v_reset=-2, strict=True),
            theta=rng.integers(40, 120, 20),
        ),
        Population(
            name="sum", shape=(4, 1, 1), neuron=Neuron(leak="memoryless"), theta=rng.integers(1, 60, 4)
        ),
    )
    projections = (
        Projection(source="in", target="loop", weight=rng.integers(-40, 60, (20, 20, 1, 1))),
        Projection(source="loop", target="loop", weight=rng.integers(-40, 41, (20, 20, 1, 1)), delay=1),
        Projection(source="loop", target="sum", weight=rng.integers(-60, 80, (4, 20, 1, 1))),
        Projection(source="in", target="sum", weight=rng.integers(-20, 30, (4, 20, 1, 1))),
    )
    return Network(populations=populations, projections=projections, output="sum", steps=STEPS), {
        "in": drawn_planes(rng, (20, 1, 1), 0.6)
    }


def held(rng: np.random.Generator) -> tuple[Network, Planes]:
    """A constant image in planes of many significances, held; a window of maxima; an aligned pool
    behind it."""
    populations = (
        Population(name="in", shape=(1, 4, 4), value_bits=6),
        Population(
            name="maximum",
            shape=(8, 2, 2),
            neuron=Neuron(reset="hard"),
            theta=rng.integers(200, 900, 8),
            window=Window(size=2, stride=2),
            input_size=(4, 4),
            hold=True,
            bias=rng.integers(-9, 10, 8),
        ),
        Population(name="pool", shape=(8, 1, 1), neuron=Neuron(reset="soft"), theta=np.full(8, 3)),
    )
    projections = (
        Projection(source="in", target="maximum", weight=rng.integers(-20, 30, (8, 1, 3, 3)), padding=(1, 1)),
        Projection(
            source="maximum",
            target="pool",
            weight=np.ones((8, 1, 1), dtype=np.int64),
            pool=(2, 2),
            kind=ALIGNED,
        ),
    )
    image = rng.integers(0, 64, (SAMPLES, 1, 1, 4, 4))
    planes = np.broadcast_to(image, (SAMPLES, STEPS, 1, 4, 4)).astype(np.uint8)
    return Network(populations=populations, projections=projections, output="pool", steps=STEPS), {
        "in": planes.copy()
    }


def padded(rng: np.random.Generator) -> tuple[Network, Planes]:
    """Windows that overlap and reach beyond a map that is no square, over currents that are mostly
    negative, in two groups of channels."""
    populations = (
        Population(name="in", shape=(2, 5, 7)),
        Population(
            name="maximum",
            shape=(16, 3, 4),
            neuron=Neuron(reset="soft"),
            theta=rng.integers(5, 40, 16),
            window=Window(size=3, stride=2, padding=1),
            input_size=(5, 7),
            bias=rng.integers(-20, 20, 16),
        ),
        Population(name="out", shape=(8, 3, 4), neuron=Neuron(reset="none", kind=MEMBRANE)),
    )
    projections = (
        Projection(source="in", target="maximum", weight=rng.integers(-40, 30, (16, 2, 1, 1))),
        Projection(source="maximum", target="out", weight=rng.integers(-20, 21, (8, 16, 1, 1))),
    )
    return Network(populations=populations, projections=projections, output="out", steps=STEPS), {
        "in": drawn_planes(rng, (2, 5, 7), 0.5)
    }


def residual(rng: np.random.Generator) -> tuple[Network, Planes]:
    """Membranes as two's complement planes into another population: every significance, and the
    negated one on top."""
    populations = (
        Population(name="in", shape=(4, 3, 3)),
        Population(
            name="stream",
            shape=(8, 3, 3),
            neuron=Neuron(leak="multiply", leak_value=49152, leak_round="up", reset="none", kind=MEMBRANE),
        ),
        Population(name="out", shape=(10, 1, 1), neuron=Neuron(reset="soft"), theta=rng.integers(20, 90, 10)),
    )
    projections = (
        Projection(source="in", target="stream", weight=rng.integers(-7, 7, (8, 4, 1, 1))),
        Projection(source="stream", target="out", weight=rng.integers(-7, 8, (10, 8, 3, 3))),
    )
    return Network(populations=populations, projections=projections, output="out", steps=STEPS), {
        "in": drawn_planes(rng, (4, 3, 3), 0.5)
    }


def by_step(rng: np.random.Generator) -> tuple[Network, Planes]:
    """All that may differ from step to step: weights, also delayed ones, thresholds, amounts, biases (behind a window), leaks."""

    def draw(low: int, high: int, *shape: int) -> np.ndarray:
        return rng.integers(low, high, (STEPS, *shape))

    readout = Neuron(reset="none", kind=MEMBRANE)
    populations = (
        Population(name="in", shape=(2, 4, 4)),
        Population(
            name="first",
            shape=(12, 2, 2),
            neuron=Neuron(leak="multiply", leak_round="up", reset="soft", strict=True),
            theta=draw(60, 200, 12),
            amount=draw(10, 30, 12),
            bias=draw(-9, 30, 12),
            leaks=draw(0, 16, 12) * 4096,
            window=Window(size=2, stride=2),
            input_size=(4, 4),
        ),
        Population(name="second", shape=(8, 2, 2), neuron=Neuron(leak="memoryless"), theta=draw(5, 90, 8)),
        Population(name="out", shape=(5, 1, 1), neuron=readout, bias=draw(-50, 50, 5)),
    )
    projections = (
        Projection(source="in", target="first", weight=draw(-40, 40, 12, 2, 3, 3), padding=(1, 1)),
        Projection(source="first", target="first", weight=draw(-20, 21, 12, 12, 1, 1), up=(2, 2), delay=1),
        Projection(source="first", target="second", weight=draw(-30, 40, 8, 12, 1, 1)),
        Projection(source="second", target="first", weight=draw(-20, 21, 12, 8, 1, 1), up=(2, 2), delay=1),
        Projection(source="second", target="second", weight=draw(-9, 10, 8, 1, 1), kind=ALIGNED, delay=1),
        Projection(source="second", target="out", weight=draw(-99, 100, 5, 8, 2, 2)),
        Projection(source="first", target="out", weight=rng.integers(-9, 10, (5, 12, 2, 2))),
    )
    return Network(populations=populations, projections=projections, output="out", steps=STEPS), {
        "in": drawn_planes(rng, (2, 4, 4), 0.5)
    }


def crowded(rng: np.random.Generator) -> tuple[Network, Planes]:
    """Every neuron fires in every step, to eight projections and the host: what leaves is nine
    times what a sweep makes."""
    populations = (
        Population(name="in", shape=(1, 6, 6)),
        Population(name="all", shape=(8, 6, 6), neuron=Neuron(leak="memoryless"), theta=np.full(8, 1)),
        Population(name="sum", shape=(8, 1, 1), neuron=Neuron(reset="soft"), theta=rng.integers(200, 900, 8)),
    )
    weights = [rng.integers(1, 4, (8, 1, 1)) for _ in range(8)]
    projections = (
        Projection(source="in", target="all", weight=np.ones((8, 1, 1, 1), dtype=np.int64)),
        *[
            Projection(source="all", target="sum", weight=weight, pool=(6, 6), kind=ALIGNED)
            for weight in weights
        ],
    )
    planes = np.ones((SAMPLES, STEPS, 1, 6, 6), dtype=np.uint8)
    return Network(populations=populations, projections=projections, output="sum", steps=STEPS), {
        "in": planes
    }


NETWORKS = {
    "residual": residual,
    "convolution": convolution,
    "recurrent": recurrent,
    "held": held,
    "padded": padded,
}
