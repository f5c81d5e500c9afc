"""From a board's name to a bitstream: Verilog, synthesis, place and route with several seeds,
packing; cached by digest, logs kept.

For Vivado's boards it ends with the project, its script and an estimate of what the design takes:
`vivado` makes the rest.

Everything happens in the folder that is asked for. `build.json` is written last: a folder that has
one holds a whole build.
"""

import hashlib
import json
import os
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import Any

from spikeplane.config import ChipConfig
from spikeplane.errors import SpikeplaneError
from spikeplane.estimate.families import require_ports
from spikeplane.files import check_place, write_file, write_files
from spikeplane.processes import run_tool, work_folder
from spikeplane.toolchain import wheel_tool
from spikeplane_gateware.verilog.convert import convert
from spikeplane_hw import report, xilinx
from spikeplane_hw.board import Board
from spikeplane_hw.boards import pins
from spikeplane_hw.echo import EchoTop
from spikeplane_hw.families import REPORT, SOURCE
from spikeplane_hw.names import TOP_MODULE
from spikeplane_hw.record import RECORD, read_json
from spikeplane_hw.report import Report
from spikeplane_hw.top import top_verilog

Say = Callable[[str], None]


def design(board: Board, config: ChipConfig | None) -> dict[str, str]:
    """The files that the tools start from: Verilog of the chip on this board (of the UART echo for
    None), constraints, Vivado's script.

    Raises SpikeplaneError if amaranth-boards is not installed, or the family lacks what the chip needs.
    """
    if config is not None:
        require_ports(config, board.family)
    clock = board.clock * 1e6
    inner = top_verilog(config, clock) if config is not None else convert(EchoTop(clock), TOP_MODULE)
    places = pins(board, config)
    flow = board.flow
    text = f"{flow.memories(inner)}\n{flow.board_verilog(board, places)}"
    files = {SOURCE: text, flow.constraints_file: flow.constraints(board, places)}
    return {**files, **flow.files(board, RECORD)}


def build(
    board: Board, config: ChipConfig | None, folder: Path, *, seeds: int = 4, say: Say = print
) -> dict[str, Any]:
    """Build into `folder`; `say` is told of each step. Returns what `build.json` holds.

    The design is placed with the seeds 1 to `seeds` until one meets the clock; for a board of
    Vivado's nothing is placed, the resources are yosys's counts and `sha256` is None. Raises
    SpikeplaneError where a tool is missing or fails (with its log's path), the design does not fit
    (by how much), or no seed meets the clock (the best figure).
    """
    check_place(folder / RECORD)
    for name in _wheels(board):
        wheel_tool(name)
    say("generating Verilog")
    files = design(board, config)
    key = _key(board, files)
    bitstream = board.flow.bitstream_file
    cached = _cache() / f"build-{key}"
    if _whole(board, cached):
        say(f"found in the cache: {key}")
        _copy(board, cached, folder)
        return json.loads((folder / RECORD).read_text())
    (folder / RECORD).unlink(missing_ok=True)
    # Vivado's work of hours is left: flashing tells whether it is of this project
    if board.flow.placed:
        (folder / bitstream).unlink(missing_ok=True)
    write_files({folder / name: text for name, text in files.items()})
    say("synthesis")
    netlist_log = _run(folder, "synthesis.log", board.flow.synthesis(board))
    if not board.flow.placed:
        best, checksum = _estimate(board, folder), None
    else:
        best = _place(board, folder, netlist_log, seeds, say)
        say("bitstream")
        _run(folder, "packing.log", board.flow.packing(board))
        checksum = hashlib.sha256((folder / bitstream).read_bytes()).hexdigest()
    values = {
        "board": board.name,
        "digest": config.digest if config else None,
        "config": config.to_dict() if config else None,
        "key": key,
        "clock": board.clock,
        "bitstream": bitstream,
        "sha256": checksum,
        "report": best.to_dict(),
    }
    write_file(folder / RECORD, json.dumps(values, indent=2) + "\n")
    _copy(board, folder, cached)
    return values


def _estimate(board: Board, folder: Path) -> Report:
    """What yosys counted. Raises SpikeplaneError if the design does not fit."""
    found = xilinx.estimate(board, (folder / xilinx.CELLS).read_text())
    over = report.excess(found.resources)
    if over:
        raise SpikeplaneError(
            f"the design does not fit {board.title}: {over}; see {folder / 'synthesis.log'}"
        )
    return found


def _place(board: Board, folder: Path, netlist_log: str, seeds: int, say: Say) -> Report:
    """The first seed that meets the clock. Raises SpikeplaneError if the design does not fit or
    none meets it."""
    tried: list[Report] = []
    for seed in range(1, seeds + 1):
        say(f"place and route, seed {seed}")
        name = f"placement-{seed}.log"
        try:
            log = _run(folder, name, board.flow.placement(board, seed))
        except SpikeplaneError:
            log = (folder / name).read_text(errors="replace")
            over = report.excess(board.flow.resources(log, netlist_log))
            if not over:
                raise
            raise SpikeplaneError(
                f"the design does not fit {board.title}: {over}; see {folder / name}"
            ) from None
        used = board.flow.resources(log, netlist_log)
        found = report.read(seed, (folder / REPORT).read_text(), used)
        tried.append(found)
        if found.met:
            return found
        clock = found.slowest
        say(f"seed {seed}: {clock.achieved:.1f} MHz of {clock.asked:g} MHz")
    best = max(tried, key=lambda one: one.slowest.achieved / one.slowest.asked)
    clock = best.slowest
    raise SpikeplaneError(
        f"timing not met on {board.title}: {clock.achieved:.1f} MHz of {clock.asked:g} MHz asked, "
        f"with seed {best.seed} of {seeds}, "
        f"the best; see {folder / f'placement-{best.seed}.log'}"
    )


def _run(folder: Path, log: str, command: list[str]) -> str:
    """What a tool says, run in `folder` and kept in `log` there. Raises SpikeplaneError with its
    error and the log's path."""
    name, *arguments = command
    path = folder / log
    with path.open("w") as file, work_folder() as scratch:
        status = run_tool(
            [wheel_tool(name), *arguments], folder, {"TMPDIR": str(scratch)}, into=file
        ).returncode
    text = path.read_text(errors="replace")
    if status:
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        errors = [
            line
            for line in lines
            if "error" in line.lower() and not line.startswith("0 ") and "warnings," not in line
        ]
        raise SpikeplaneError(f"{name} failed: {(errors or lines or ['no message'])[-1]}; see {path}")
    return text


def _key(board: Board, files: dict[str, str]) -> str:
    """The digest of everything that the bitstream comes from: sources, command lines, versions of
    the tools."""
    commands = [board.flow.synthesis(board)]
    if board.flow.placed:
        commands += [board.flow.placement(board, 0), board.flow.packing(board)]
    versions = [metadata.version(board.flow.wheels[name]) for name in _wheels(board)]
    return hashlib.sha256(json.dumps([files, commands, versions], sort_keys=True).encode()).hexdigest()[:16]


def _wheels(board: Board) -> list[str]:
    """The tools that build for it and come as wheels: all but Vivado and the loader."""
    return [name for name in board.flow.tools if name in board.flow.wheels]


def _cache() -> Path:
    return Path(os.environ.get("SPIKEPLANE_CACHE") or Path.home() / ".cache" / "spikeplane")


def _whole(board: Board, folder: Path) -> bool:
    """Whether the folder holds a build that is as its record says."""
    try:
        checksum = read_json(folder / RECORD)["sha256"]
        found = (
            hashlib.sha256((folder / board.flow.bitstream_file).read_bytes()).hexdigest()
            if checksum
            else None
        )
    except (SpikeplaneError, OSError, KeyError):
        return False
    return found == checksum


def _copy(board: Board, source: Path, target: Path) -> None:
    """A whole build: sources, logs, report, bitstream, and the record last."""
    logs = [path.name for path in sorted(source.glob("*.log")) if path.name != "vivado.log"]
    names = [SOURCE, board.flow.constraints_file, *logs, *board.flow.made, RECORD]
    write_files({target / name: (source / name).read_bytes() for name in names})
