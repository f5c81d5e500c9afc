"""What comes after a run: from the golden model to the simulated chip, to the page of it, to a board."""

from pathlib import Path
from typing import Any

from spikeplane.cli.answer import command

FEW = 10  #: samples that are enough for a first look at the simulated chip


def next_run(summary: dict[str, Any], program: Path, typed: list[str], board: str, baud: int | None) -> str:
    """The next command. `typed`: program, data and chip as they were given; `board`: as it was given."""
    golden, compared = board == "golden", "lockstep" in summary
    samples = min(summary["samples"], FEW) if golden else summary["samples"]
    words = ["run", *typed, "--samples", str(samples), "--board", "sim" if golden else board]
    words += ["--baud", str(baud)] if baud is not None else []
    if golden or not compared:
        return command(*words, "--lockstep")
    if "report" not in summary:
        return command(*words, "--lockstep", "--report", "run.html")
    if summary["lockstep"]["mismatches"]:
        return command("inspect", program)
    return command("boards") if board == "sim" else command("export", program, "-o", program.stem)
