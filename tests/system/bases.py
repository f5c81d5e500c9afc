"""Small programs on the tiny chip that other tests take apart: an image with held currents,
recurrence, one that has been compiled."""

from typing import Any

import numpy as np

from spikeplane.compiler.compile import compile as compile_model
from spikeplane.compiler.graph import Assumption, FloatNetwork, FloatNeuron, FloatPopulation, FloatProjection
from spikeplane.compiler.place import place
from spikeplane.config import preset
from spikeplane.encoding import Encoding
from spikeplane.network import ALIGNED, MEMBRANE, Network, Neuron, Population, Projection, Window
from spikeplane.program import Program


def networks() -> list[Program]:
    """A program with an image, a window and held currents, and one of planes with recurrence and
    membranes that are sent on."""
    rng = np.random.default_rng(11)
    first = Network(
        populations=(
            Population(name="in", shape=(2, 5, 6), value_bits=3),
            Population(
                name="conv",
                shape=(12, 2, 3),
                neuron=Neuron(reset="soft"),
                theta=rng.integers(20, 60, 12),
                bias=rng.integers(-9, 9, 12),
                amount=rng.integers(1, 30, 12),
                window=Window(size=2, stride=2, padding=0),
                input_size=(5, 6),
                hold=True,
            ),
            Population(name="gate", shape=(12, 1, 2), neuron=Neuron(leak="memoryless"), theta=np.full(12, 1)),
            Population(
                name="out",
                shape=(9, 1, 1),
                neuron=Neuron(reset="hard", v_reset=-3, strict=True),
                theta=rng.integers(5, 40, 9),
            ),
        ),
        projections=(
            Projection(
                source="in", target="conv", weight=rng.integers(-20, 30, (12, 2, 3, 3)), padding=(1, 1)
            ),
            Projection(
                source="conv", target="gate", weight=np.ones((12, 1, 1), int), kind=ALIGNED, pool=(2, 2)
            ),
            Projection(source="gate", target="out", weight=rng.integers(-20, 40, (9, 12, 1, 2))),
            Projection(source="conv", target="out", weight=rng.integers(-20, 20, (9, 12, 2, 3))),
        ),
        output="out",
        steps=3,
    )
    second = Network(
        populations=(
            Population(name="in", shape=(10, 1, 1)),
            Population(
                name="loop",
                shape=(20, 1, 1),
                neuron=Neuron(),
                theta=rng.integers(20, 60, 20),
                bias=rng.integers(-2, 5, 20),
            ),
            Population(
                name="sum",
                shape=(4, 1, 1),
                neuron=Neuron(reset="none", kind=MEMBRANE),
                theta=np.full(4, 30000),
            ),
        ),
        projections=(
            Projection(source="in", target="loop", weight=rng.integers(-20, 40, (20, 10, 1, 1))),
            Projection(source="loop", target="loop", weight=rng.integers(-20, 20, (20, 20, 1, 1)), delay=1),
            Projection(source="loop", target="sum", weight=rng.integers(-90, 90, (4, 20, 1, 1))),
        ),
        output="sum",
        steps=4,
    )
    tables = {
        "assumptions": [{"layer": "conv", "what": "dt", "value": "1", "why": "no dt"}],
        "bounds": [{"population": "out", "low": -1, "high": 4, "bits": 3, "available": 18}],
    }
    return [
        _program(first, Encoding(kind="direct", steps=3, value_bits=3), "count", tables),
        _program(second, Encoding(kind="planes", steps=4), "last", {}),
    ]


def compiled() -> Program:
    """A program that has been compiled on calibration samples, with every table that there is."""
    rng = np.random.default_rng(3)
    net = FloatNetwork(
        populations=(
            FloatPopulation(name="in", shape=(6, 1, 1)),
            FloatPopulation(
                name="mid", shape=(9, 1, 1), neuron=FloatNeuron(threshold=np.full(9, 0.7), decay=0.8)
            ),
            FloatPopulation(
                name="out", shape=(3, 1, 1), neuron=FloatNeuron(threshold=np.ones(3), reset="soft")
            ),
        ),
        projections=(
            FloatProjection(source="in", target="mid", weight=rng.normal(0.2, 1, (9, 6, 1, 1))),
            FloatProjection(source="mid", target="out", weight=rng.normal(0.2, 1, (3, 9, 1, 1))),
        ),
        output="out",
        assumptions=(Assumption(layer="mid", what="dt", value="1", why="no dt"),),
    )
    samples = rng.integers(0, 256, (4, 6, 1, 1)).astype(np.uint8)
    encoding = Encoding(kind="rate", steps=3)
    return compile_model(net, chip="tiny", encoding=encoding, calibration=samples, labels=np.arange(4) % 3)


def _program(
    network: Network, encoding: Encoding, readout: str, tables: dict[str, Any], chip: str = "tiny"
) -> Program:
    config = preset(chip)
    probes = tuple(p.name for p in network.populations if p.neuron is not None)
    return Program(
        name="net",
        config=config,
        network=network,
        placement=place(network, config),
        encoding=encoding,
        readout=readout,
        probes=probes,
        tables=tables,
    )
