"""A program's estimate on a board as a whole: resources, cycles, rates, energy; and of a chip made for its network."""

import math
from collections.abc import Mapping
from typing import Any, Protocol

from spikeplane.config import ChipConfig
from spikeplane.estimate import counts, cycles, energy, resources
from spikeplane.estimate.activity import Activity
from spikeplane.estimate.pairs import with_pairs
from spikeplane.estimate.work import plan
from spikeplane.program import Program

#: Samples that activity is counted on, and steps of them, at most: a few seconds.
READ, STEPS = 8, 1200


class Board(Protocol):
    """What an estimate asks a board."""

    @property
    def name(self) -> str:
        """As on the command line."""
        ...

    @property
    def family(self) -> str:
        """A name of `estimate.families`."""
        ...

    @property
    def clock(self) -> float:
        """MHz of its design."""
        ...

    @property
    def baud(self) -> int:
        """Its UART's rate."""
        ...

    @property
    def resources(self) -> Mapping[str, int]:
        """What its device has, by title."""
        ...


def cores_of(chip: ChipConfig) -> str:
    """In words."""
    return f"{chip.rows}x{chip.cols} cores of {chip.lanes} lanes"


def estimated(program: Program, board: Board, activity: Activity, samples: int) -> dict[str, Any]:
    """What the program's chip takes of the board, how fast it runs there, on what energy, as plain values.
    Raises SpikeplaneError for a chip with a unit."""
    activity = with_pairs(program, activity)
    work = plan(program, activity)
    counted = counts.count(program, activity, work)
    time = cycles.cycles(program, activity, work, samples)
    hertz = board.clock * 1e6
    line = cycles.line_seconds(program, counted, board.baud)
    parts = energy.energy(program.config, counted)
    uses = resources.estimate(program.config, board.family)
    return {
        "program": program.name,
        "chip": program.config.digest,
        "cores": cores_of(program.config),
        "board": board.name,
        "resources": {
            name: {
                "used": use.used,
                "available": board.resources[name],
                "error": use.error,
                "builds": use.builds,
            }
            for name, use in uses.items()
        },
        "fits": all(use.used <= board.resources[name] for name, use in uses.items()),
        "activity": activity.source,
        "samples": samples,
        "steps": time.steps,
        "clock_mhz": board.clock,
        "cycles_per_sample": time.per_sample,
        "cycles_per_step": time.per_sample / time.steps,
        "latency_cycles": time.latency,
        "latency_us": time.latency / board.clock,
        "samples_per_second": hertz / time.stream,
        "line_baud": board.baud,
        "line_samples_per_second": 1 / line if line else math.inf,
        "operations_per_sample": counted.synaptic,
        "operations_per_second": counted.synaptic * hertz / time.stream,
        "energy_pj": parts,
        "energy_factor": energy.FPGA,
    }
