"""How far integers of few bits are from the float network in the published systems, with and without corrections.

    python -m spikeplane_sim.systems.few_bits            # all that run, minutes
    python -m spikeplane_sim.systems.few_bits csnn sew   # these

Percent of the spikes and silences that agree given the float network's spikes, over all layers, on samples that the
calibration has not; those of weights of 3 bits are on a chip of 2, in two words. Systems that take more tags or wider sums have a
chip with these.
"""

import argparse
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

import spikeplane
from spikeplane.config import ChipConfig
from spikeplane.errors import SpikeplaneError
from spikeplane_sim.systems import named
from spikeplane_sim.systems.placed import CORE
from spikeplane_sim.systems.system import System

BITS = (8, 4, 3, 2)
CHIP = replace(CORE, rows=4, cols=4)
#: For systems that it is too small for: weights in two words take two tags each, and sums of values room.
WIDE = replace(CHIP, projections=256, acc_bits=32)
CALIBRATION, TESTED = 32, 16  #: random samples


def compared(system: System, seed: int = 0) -> Iterator[tuple[int, float, float]]:
    """(bits, percent without, percent with corrections) of a system that runs. Raises SpikeplaneError."""
    assert system.model is not None
    rng, shape = np.random.default_rng(seed), system.inputs(system.size)
    count = CALIBRATION + TESTED
    if system.encoding.kind in ("planes", "events"):
        given = (rng.random((count, system.encoding.steps, *shape)) < 0.3).astype(np.uint8)
    else:
        given = rng.integers(0, 256, (count, *shape), dtype=np.uint8)
    model = system.model(system.size, seed)
    for bits in BITS:
        options: dict[str, Any] = {
            "weight_bits": bits,
            "calibration": given[:CALIBRATION],
            "input_shape": shape,
            "encoding": system.encoding,
            "proof": False,
            "progress": False,
        }
        try:
            programs = _programs(model, CHIP, options)
        except SpikeplaneError:
            programs = _programs(model, WIDE, options)
        without, corrected = (_agreement(one, given[CALIBRATION:]) for one in programs)
        yield bits, without, corrected


def _programs(model: Any, chip: ChipConfig, options: dict[str, Any]) -> list[spikeplane.Program]:
    """Without corrections, and with them; weights of 3 bits in two words of 2."""
    chip = replace(chip, weight_bits=2) if options["weight_bits"] == 3 else chip
    return [spikeplane.compile(model, chip=chip, correct=each, **options) for each in (False, True)]


def _agreement(program: spikeplane.Program, samples: np.ndarray) -> float:
    """Percent over all layers that spike, as many times as they have neurons."""
    sizes = {p.name: int(np.prod(p.shape)) for p in program.network.populations}
    rows = [row for row in program.compare(None, samples).layers if row["given"] is not None]
    total = sum(sizes[row["layer"]] for row in rows)
    return 100 * sum(sizes[row["layer"]] * row["given"] for row in rows) / total


def main() -> None:
    """Print a row of a Markdown table a system."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("names", nargs="*", help="systems (default: all that run with weights of 8 bits)")
    print("| system |" + "".join(f" {bits} bits |" for bits in BITS))
    print("|---|" + "---|" * len(BITS))
    for system in named(parser.parse_args().names):
        if system.lacks or system.model is None or system.weight_bits == 1:
            continue
        try:
            texts = [f" {one:.1f} → {other:.1f} |" for _, one, other in compared(system)]
        except SpikeplaneError as error:
            texts = [f" {error} |"]
        print(f"| {system.title} |{''.join(texts)}", flush=True)


if __name__ == "__main__":
    main()
