"""How fast the simulated chip is on this machine, in cycles a second."""

import time
from dataclasses import dataclass

from spikeplane.compiler.compile import compile as compile_model
from spikeplane.encoding import Encoding
from spikeplane.program import Program
from spikeplane.run.board import DeviceBoard
from spikeplane.run.lockstep import compare
from spikeplane_sim.board import SimulatedBoard
from spikeplane_sim.cache import cache_folder
from spikeplane_sim.demo import digits
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
