"""Writes waves: once through the run to learn which cycles a step takes, and again to write those.

```
    samples -> traced board, every packet kept -> golden model -> first difference -> cycles of its steps
    samples -> traced board, those cycles written -> VCDs of the models -> one VCD, save file
```
"""

import random
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from spikeplane.encodings import count, cut
from spikeplane.errors import SpikeplaneError
from spikeplane.files import write_files
from spikeplane.processes import work_folder
from spikeplane.program import Program
from spikeplane.run.board import DeviceBoard
from spikeplane.run.execute import batch_of
from spikeplane.run.lockstep import Difference, compare
from spikeplane_sim.golden.board import GoldenBoard
from spikeplane_sim.waves.board import PastTheWindow, TracedBoard
from spikeplane_sim.waves.gtkwave import save_file
from spikeplane_sim.waves.merge import merge
from spikeplane_sim.waves.packets import Packets, first_differing, packets_of, told

FST = "vcd2fst"  #: of GTKWave
AROUND = 1  #: steps on both sides of the first difference, where nobody says which


def has_fst() -> bool:
    """Whether an FST can be written: GTKWave is installed."""
    return shutil.which(FST) is not None


@dataclass(frozen=True)
class Waves:
    """What was written: the waves and GTKWave's save file; sample, steps (from, before); the cycles, first and last;
    the cycle of the marker, and what is there: the first difference of the window, None for none."""

    path: Path
    save: Path
    sample: int
    steps: tuple[int, int]
    cycles: tuple[int, int]
    marker: int
    where: Difference | None


def write_waves(
    program: Program,
    items: Any,
    out: Path,
    sample: int | None = None,
    steps: tuple[int, int] | None = None,
    progress: Callable[[int], None] | None = None,
) -> Waves | None:
    """Write waves as `out`, a .vcd or .fst (without a suffix: .fst where GTKWave's `vcd2fst` is installed, else .vcd),
    and beside them a .gtkw: of all cycles those from the first to the
    last packet of these steps, (from, before), of a sample. Without a sample: of the step of the first difference
    from the golden model and the one on each side; None where there is no difference, and nothing is written.
    `items` as `Program.planes` takes them. Raises SpikeplaneError for a window that there is not.
    """
    size = batch_of(_presented_once(program))
    total = count(items, program.inputs)
    first = 0 if sample is None else sample // size * size
    while True:
        batches = [
            program.planes(cut(items, program.inputs, n, n + size), n) for n in range(0, first + 1, size)
        ]
        outputs, packets = _first_pass(program, batches, progress)
        golden = GoldenBoard(program).run(batches[-1])
        where = _difference(program, outputs, golden, None if sample is None else (sample - first, steps))
        if sample is not None or where or first + size >= total:
            break
        first += size
    if sample is None:
        if where is None:
            return None
        sample = first + where.sample
        steps = (max(0, where.step - AROUND), min(program.network.steps, where.step + AROUND + 1))
    steps = steps or (0, program.network.steps)
    window = _window(program, packets, sample - first, steps)
    marker = _marker(program, packets, where, golden, window[0])
    with work_folder() as folder:
        _second_pass(program, batches, folder, window, packets)
        path, save = _put(program, folder, packets, window, marker, out, (sample, steps))
    where = where and replace(where, sample=first + where.sample)
    return Waves(path, save, sample, steps, window, marker, where)


def _presented_once(program: Program) -> Program:
    times = program.network.presentations
    if times > 1:
        raise SpikeplaneError(
            f"'{program.name}' takes {times} presentations of a sample, and waves are of steps of samples that are presented once"
        )
    return program


def _marker(
    program: Program, packets: Packets, where: Difference | None, golden: dict[str, np.ndarray], begin: int
) -> int:
    """The cycle of the first packet that differs; else `begin`."""
    if where is None:
        return begin
    wanted = golden[where.population][where.sample, where.step]
    found = first_differing(program, packets, where, wanted)
    return begin if found is None else found


def _first_pass(
    program: Program, batches: list[dict[str, np.ndarray]], progress: Callable[[int], None] | None
) -> tuple[dict[str, np.ndarray], Packets]:
    """Run; what came out of the last batch, and its packets."""
    device, outputs = TracedBoard(program.config), {}
    with _same_numbers(), DeviceBoard(device, program, "simulated board") as board:
        for planes in batches:
            device.forget()
            outputs = board.run(planes, progress)
        return outputs, packets_of(program, device.passed())


def _second_pass(
    program: Program,
    batches: list[dict[str, np.ndarray]],
    folder: Path,
    window: tuple[int, int],
    packets: Packets,
) -> None:
    """Run again, and write the cycles of the window. Raises SpikeplaneError if the packets come in other cycles."""
    device = TracedBoard(program.config)
    device.write(folder, *window)
    with _same_numbers(), DeviceBoard(device, program, "simulated board") as board:
        with suppress(PastTheWindow):
            for planes in batches:
                board.run(planes)
        again = packets_of(program, device.passed())
    before, now = (p.cycle[(p.cycle >= window[0]) & (p.cycle <= window[1])] for p in (packets, again))
    if not np.array_equal(before, now):
        raise SpikeplaneError("the simulated board did not do the same twice; run it again")


@contextmanager
def _same_numbers() -> Iterator[None]:
    """The link begins with the same frame number, and so the same bytes go over it in the same cycles."""
    state = random.getstate()
    random.seed(0)
    try:
        yield
    finally:
        random.setstate(state)


def _difference(
    program: Program,
    outputs: dict[str, np.ndarray],
    golden: dict[str, np.ndarray],
    window: tuple[int, tuple[int, int] | None] | None,
) -> Difference | None:
    """The first difference of a batch; of one sample and its steps where they are given."""
    if window is None:
        return compare(program.network, outputs, golden, 0, program.probes).where
    sample, steps = window
    start, stop = steps or (0, program.network.steps)
    sides = [{n: v[sample : sample + 1, start:stop] for n, v in side.items()} for side in (outputs, golden)]
    found = compare(program.network, sides[0], sides[1], sample, program.probes).where
    return found and Difference(**{**found.__dict__, "step": start + found.step})


def _window(program: Program, packets: Packets, sample: int, steps: tuple[int, int]) -> tuple[int, int]:
    """The cycles of these steps of a sample of the batch."""
    begin = sample * program.network.steps
    found = packets.span(begin + steps[0], begin + steps[1])
    if found is None:
        raise SpikeplaneError(
            f"no packet passed in steps {steps[0]} to {steps[1] - 1}; there is nothing to write"
        )
    return found


def _put(
    program: Program,
    folder: Path,
    packets: Packets,
    window: tuple[int, int],
    marker: int,
    out: Path,
    of: tuple[int, tuple[int, int]],
) -> tuple[Path, Path]:
    """One file of waves, and the save file beside it; `of`: sample and steps, for their title."""
    sample, steps = of
    title = f"{program.name}, sample {sample}, steps {steps[0]} to {steps[1] - 1}"
    files = [folder / "host.vcd", *sorted(folder.glob("router_*.vcd")), *sorted(folder.glob("core_*.vcd"))]
    whole = folder / "waves"
    merge(files, told(program, packets, *window), *window, whole, title)
    kind = out.suffix if out.suffix in (".vcd", ".fst") else ".fst" if has_fst() else ".vcd"
    stem = out.name.removesuffix(kind)
    path = out.with_name(f"{stem}{kind}")
    if kind == ".fst":
        made = folder / "waves.fst"
        done = subprocess.run([FST, str(whole), str(made)], capture_output=True, check=False)
        if done.returncode or not made.exists():
            raise SpikeplaneError(f"{FST} could not write {path}; name {stem}.vcd for a VCD")
        whole = made
    save = out.with_name(f"{stem}.gtkw")
    text = save_file(program, path.name, window[0], marker, title)
    write_files({path: whole.read_bytes(), save: text})
    return path, save
