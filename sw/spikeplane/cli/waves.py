"""`spikeplane run --waves`: the options, what is written, and the command that a mismatch names."""

import re
import shlex
from pathlib import Path
from typing import Any

from spikeplane.cli.console import err
from spikeplane.encodings import count
from spikeplane.errors import SpikeplaneError
from spikeplane.files import check_place
from spikeplane.program import Program
from spikeplane.run.execute import Result, batch_of

AROUND = 1  #: steps that are written on both sides of the first difference
NAME = "waves"  #: of the waves that a mismatch names


def check_waves(waves: Path | None, sample: int | None, steps: str | None, board: str) -> None:
    """Raises SpikeplaneError for options that do not go together."""
    if waves is None:
        if sample is not None or steps is not None:
            raise SpikeplaneError(
                "--sample and --steps say what --waves OUT writes; give --waves OUT as well"
            )
        return
    if board != "sim":
        raise SpikeplaneError(f"--waves is of the simulated board, not of '{board}'; use --board sim")
    if steps is not None and sample is None:
        raise SpikeplaneError(f"--steps {steps} is of one sample; give --sample N as well")
    if waves.is_dir():
        raise SpikeplaneError(f"--waves {waves} is a folder; name a file in it, {waves / NAME}")
    check_place(waves.with_name(f"{waves.name}.gtkw"))


def steps_of(text: str, steps: int) -> tuple[int, int]:
    """ "A:B", from step A to before step B, of so many steps. Raises SpikeplaneError for others."""
    found = re.fullmatch(r"(\d+):(\d+)", text)
    if not found or int(found[1]) >= int(found[2]):
        raise SpikeplaneError(f"--steps is A:B, from step A to before step B, not '{text}'")
    if int(found[2]) > steps:
        raise SpikeplaneError(f"--steps {text}: a sample has {steps} steps, 0:{steps} is all of them")
    return int(found[1]), int(found[2])


def window_of(
    program: Program, items: Any, sample: int | None, steps: str | None
) -> tuple[int | None, tuple[int, int] | None]:
    """The options as sample and steps. Raises SpikeplaneError for those that there are not."""
    total = count(items, program.inputs)
    if sample is not None and not 0 <= sample < total:
        raise SpikeplaneError(f"--sample {sample}: there are {total} samples, 0 to {total - 1}")
    return sample, steps_of(steps, program.network.steps) if steps is not None else None


def around(program: Program, step: int) -> tuple[int, int]:
    """The steps that are written around one."""
    return max(0, step - AROUND), min(program.network.steps, step + AROUND + 1)


def put_waves(
    program: Program, items: Any, result: Result, out: Path, window: tuple[int | None, tuple[int, int] | None]
) -> dict[str, Any] | None:
    """Write them, of the window or of the first difference; what was written, as plain values. None, and a line on
    stderr, where there is nothing to write."""
    from spikeplane_sim.waves import write_waves

    sample, steps = window
    where = result.comparison.where if result.comparison else None
    if sample is None:
        if where is None:
            err.print(
                "no waves: chip and golden model agree; --sample N --steps A:B writes those steps",
                markup=False,
                highlight=False,
            )
            return None
        sample, steps = where.sample, around(program, where.step)
    made = write_waves(program, items, out, sample, steps)
    return made and {
        "file": str(made.path),
        "save": str(made.save),
        "sample": made.sample,
        "steps": list(made.steps),
        "cycles": list(made.cycles),
        "marker": made.marker,
        "differs": made.where is not None,
    }


def waves_command(program: Program, result: Result, arguments: list[str]) -> str | None:
    """The command that writes waves of the first difference; `arguments`: those that choose program, data and chip.
    It runs no more samples than it takes to get there, in the same batches."""
    where = result.comparison.where if result.comparison else None
    if where is None:
        return None
    size = batch_of(program)
    samples = min(result.count, (where.sample // size + 1) * size)
    start, stop = around(program, where.step)
    parts = ["spikeplane", "run", *arguments, "--board", "sim", "--samples", str(samples)]
    parts += ["--waves", NAME, "--sample", str(where.sample), "--steps", f"{start}:{stop}"]
    return shlex.join(parts)


def waves_line(made: dict[str, Any]) -> str:
    """What was written, for people."""
    first, last = made["cycles"]
    start, stop = made["steps"]
    steps = f"step {start}" if stop == start + 1 else f"steps {start} to {stop - 1}"
    marker = (
        f"the marker is at the first packet for the host that differs, cycle {made['marker']:,}"
        if made["differs"]
        else "no packet differs there"
    )
    return (
        f"waves              {made['file']}: sample {made['sample']}, {steps}, cycles {first:,} to {last:,}; {marker}\n"
        f"                   gtkwave {shlex.quote(made['save'])}"
    )
