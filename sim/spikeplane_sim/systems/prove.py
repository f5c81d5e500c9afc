"""A system from its model to the chip: the import proved, the integers beside the floats, every spike of every
placement beside the golden model's."""

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

import spikeplane
from spikeplane.errors import SpikeplaneError
from spikeplane.program import Program
from spikeplane_sim.measured import agreement
from spikeplane_sim.systems.placed import ATTENDING, CORE, GATED, placements, widened
from spikeplane_sim.systems.system import System

SAMPLES, SHOWN = 6, 2  #: random images that agreement is measured on, and that run on the chip
Say = Callable[[str], None]


@dataclass(frozen=True)
class Run:
    """One placement: its name, cores in use, spikes and values compared, mismatches, the first one as a line, clock
    cycles a sample."""

    places: str
    cores: int
    spikes: int
    values: int
    mismatches: int
    first: str | None
    cycles: int


@dataclass(frozen=True)
class Row:
    """What was found of a system.

    populations, synapses   of the integer network; weights that are not 0
    compared     outputs of the float network that were held against the model's, and `ties` among them
    agreement    percent of the spiking outputs that the integers share, each layer given the float's; `lowest` of
                 one layer, `expected` at least
    rates        lowest and highest share of steps in which a layer fires
    runs         one a placement; none on the golden board
    refused      the line of whoever refused it
    """

    name: str
    title: str
    size: int
    seed: int
    part: bool
    expected: float
    lacks: str = ""
    refused: str = ""
    populations: int = 0
    synapses: int = 0
    compared: int = 0
    ties: int = 0
    agreement: float = 0.0
    lowest: float = 0.0
    rates: tuple[float, float] = (0.0, 0.0)
    runs: tuple[Run, ...] = ()
    seconds: float = 0.0

    @property
    def failed(self) -> str:
        """Why the row is not as expected; "" where it is, and where it is said to be missing."""
        if self.lacks:
            return ""
        if self.refused:
            return "refused"
        if any(run.mismatches for run in self.runs):
            return "mismatches"
        if any(not run.spikes for run in self.runs):
            return "silent"
        return "agreement" if self.agreement < self.expected else ""

    def plain(self) -> dict[str, Any]:
        """As plain values, for JSON."""
        return {**asdict(self), "failed": self.failed}


def proved(system: System, board: str, size: int | None = None, seed: int = 0, say: Say | None = None) -> Row:
    """The row of a system on "golden" or "sim", which has everything that golden has and the chip besides. What is
    refused is in the row."""
    start, say = time.perf_counter(), say or (lambda _: None)
    size = system.size if size is None else size
    lacks = system.lacks if board == "sim" or system.model is None else ""
    row = Row(system.name, system.title, size, seed, system.part, system.agreement, lacks)
    if lacks or system.model is None:
        return row
    try:
        say("model")
        planes = samples(system, size, seed)
        program = compiled(system, size, seed, planes)
        row = _measured(row, program, planes, say)
        if board == "sim":
            row = replace(row, runs=tuple(_run(*one, planes, say) for one in placements(program)))
    except SpikeplaneError as error:
        row = replace(row, refused=str(error))
    return replace(row, seconds=round(time.perf_counter() - start, 1))


def samples(system: System, size: int, seed: int) -> np.ndarray:
    """Random images or planes, as the system's encoding takes them."""
    rng, shape = np.random.default_rng(seed), system.inputs(size)
    if system.encoding.kind in ("planes", "events"):
        return (rng.random((SAMPLES, system.encoding.steps, *shape)) < 0.3).astype(np.uint8)
    steps = (system.encoding.steps,) if system.encoding.kind == "frames" else ()
    return rng.integers(0, 256, (SAMPLES, *steps, *shape), dtype=np.uint8)


def compiled(system: System, size: int, seed: int, given: np.ndarray) -> Program:
    """The program of a system, its import proved. Raises SpikeplaneError."""
    assert system.model is not None
    model = system.model(size, seed)
    options: dict[str, Any] = {
        "input_shape": system.inputs(size),
        "encoding": system.encoding,
        "calibration": given,
        "name": system.name,
        "progress": False,
    }
    core = replace(CORE, weight_bits=system.weight_bits, low_planes=system.low_planes, levels=system.levels)
    core = replace(core, **ATTENDING) if system.attention else core
    core = replace(core, **GATED) if system.gates else core
    core = widened(core, system.membrane_bits) if system.membrane_bits else core
    for chip in (core, replace(core, rows=2, cols=4)):
        try:
            return spikeplane.compile(model, chip=chip, **options)
        except SpikeplaneError:  # more than it holds, or wider than it is
            continue
    return spikeplane.compile(model, chip="auto", **options)


def _measured(row: Row, program: Program, given: np.ndarray, say: Say) -> Row:
    """With what the proof and the golden model say."""
    say("integers beside floats")
    layers, _, _ = agreement(program, program.planes(given))
    net = program.network
    sizes = {p.name: int(np.prod(p.shape)) for p in net.populations}
    shares = [(sizes[each["layer"]], each["given"]) for each in layers if each["given"] is not None]
    fires = [each["rate_float"] for each in layers if each["given"] is not None]
    proof = program.tables["agreement"]
    return replace(
        row,
        populations=len(net.populations),
        synapses=sum(int(np.count_nonzero(p.weight)) for p in net.projections),
        compared=sum(each["compared"] or 0 for each in proof),
        ties=sum(each["ties"] or 0 for each in proof),
        agreement=round(100 * sum(n * share for n, share in shares) / sum(n for n, _ in shares), 3),
        lowest=round(100 * min(share for _, share in shares), 3),
        rates=(round(min(fires), 3), round(max(fires), 3)),
    )


def _run(places: str, program: Program, given: np.ndarray, say: Say) -> Run:
    say(f"chip {places}")
    with spikeplane.open_board("sim", program) as board:
        result = spikeplane.execute(program, board, given[:SHOWN], lockstep=True)
    found = result.comparison
    assert found is not None
    cycles = round(result.figures["cycles"] / result.count)
    cores = len({part.core for part in program.placement.parts})
    return Run(places, cores, found.spikes, found.values, found.mismatches, found.first, cycles)
