"""Builds and runs the cocotb benches on Verilator.

```
    design -> Verilog -> Verilator with cocotb -> simulator (cached by the Verilog's contents) -> bench -> Result
```
"""

import contextlib
import os
import shutil
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spikeplane import toolchain
from spikeplane.errors import SpikeplaneError
from spikeplane.processes import run_tool, work_folder
from spikeplane_gateware.verilog.waivers import waivers
from spikeplane_sim.bench.designs import DESIGNS, Design, design
from spikeplane_sim.board import objects
from spikeplane_sim.cache import cache_folder, digest, is_sound, locked, store


@dataclass(frozen=True)
class Result:
    """Of one bench. `seconds`: simulation and build together. `waves`: the VCD file, if one was asked for."""

    name: str
    passed: bool
    tests: int
    failed: int
    seconds: float
    waves: Path | None
    log: Path


def names() -> list[str]:
    """The benches, in the order that they are best run in."""
    return [d.name for d in DESIGNS]


def run(name: str, *, waves: bool = False, seed: int = 0, folder: Path | None = None) -> Result:
    """Build (if need be) and run one bench. See `run_design`."""
    return run_design(design(name), waves=waves, seed=seed, folder=folder)


def run_design(
    chosen: Design,
    *,
    waves: bool = False,
    seed: int = 0,
    folder: Path | None = None,
    build_args: Sequence[str] = (),
) -> Result:
    """Build a design (if need be) and run the bench of its name on it.

    `seed`: of the traffic and the stalls. `folder`: where results, log, waves and what the
    simulator writes go (default: in the cache). `build_args`: more for Verilator. Raises
    SpikeplaneError where a tool is missing or the build fails.
    """
    begun = time.monotonic()
    with _environment():
        simulator = _simulator(chosen, waves, tuple(build_args))
        work = (folder or cache_folder() / "benches" / f"{chosen.name}-run").absolute()
        work.mkdir(parents=True, exist_ok=True)
        log = work / f"{chosen.name}.log"
        tests, failed = _test(chosen, simulator, work, log, waves, seed)
    vcd = work / "dump.vcd"
    seconds = time.monotonic() - begun
    return Result(
        chosen.name,
        tests > 0 and failed == 0,
        tests,
        failed,
        seconds,
        vcd if waves and vcd.exists() else None,
        log,
    )


@contextlib.contextmanager
def _environment() -> Iterator[None]:
    """Verilator's environment while cocotb's runner is at work: it takes it from os.environ."""
    toolchain.require_compiler()
    before, extra = dict(os.environ), objects.environment()
    try:
        os.environ.update(extra)
        # Building takes longer than simulating here, and most of that is Python's.
        os.environ["MAKEFLAGS"] = f"{extra.get('MAKEFLAGS', '')} OPT_FAST=-O0 OPT_GLOBAL=-O1".strip()
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def _simulator(chosen: Design, waves: bool, build_args: tuple[str, ...]) -> Path:
    """The folder of the built simulator; two who want the same one wait for each other."""
    root = cache_folder() / "benches"
    verilog = chosen.verilog()
    # A simulator looks for cocotb's libraries where they were when it was built: in this environment.
    target = (
        root
        / f"{chosen.name}-{digest([verilog, repr((waves, build_args, sys.prefix)), *toolchain.simulator_tools()])}"
    )
    with locked(target):
        if not is_sound(target / chosen.top):
            _build(chosen, verilog, target, waves, build_args)
    return target


def _build(chosen: Design, verilog: str, target: Path, waves: bool, build_args: tuple[str, ...]) -> None:
    runner = _cocotb_runner()
    with work_folder("spikeplane-bench-") as draft:
        source, log = draft / f"{chosen.top}.v", draft / "build.log"
        source.write_text(verilog)
        settings = source.with_suffix(".vlt")
        settings.write_text(waivers(f"*{source.name}"))
        try:
            runner.build(
                sources=[settings, source],
                hdl_toplevel=chosen.top,
                build_dir=draft,
                waves=waves,
                log_file=log,
                build_args=["-O3", *build_args],
                timescale=("1ns", "1ps"),
            )
        except (Exception, SystemExit) as error:
            kept = target.with_suffix(".log")
            shutil.copy(log, kept)
            raise SpikeplaneError(
                f"Verilator could not build the bench '{chosen.name}': see {kept}"
            ) from error
        store(target / chosen.top, (draft / chosen.top).read_bytes())
        (target / chosen.top).chmod(0o755)


def _test(chosen: Design, simulator: Path, work: Path, log: Path, waves: bool, seed: int) -> tuple[int, int]:
    """(tests, failed)."""
    runner, results = _cocotb_runner(), work / "results.xml"
    results.unlink(missing_ok=True)
    with contextlib.suppress(Exception, SystemExit):  # told by the results file, or by its absence
        runner.test(
            chosen.bench or f"spikeplane_sim.bench.bench_{chosen.name}",
            chosen.top,
            hdl_toplevel_lang="verilog",
            build_dir=simulator,
            test_dir=work,
            results_xml=str(results),
            seed=seed,
            waves=waves,
            log_file=log,
            timescale=("1ns", "1ps"),
        )
    return results_of(results, chosen.name, log)


def results_of(results: Path, name: str, log: Path) -> tuple[int, int]:
    """(tests, failed) of a bench's results file. Raises SpikeplaneError if there is none."""
    from cocotb_tools.check_results import get_results

    if not results.exists():
        raise SpikeplaneError(f"the simulator of bench '{name}' ended without a result: see {log}")
    return get_results(results)


def _cocotb_runner() -> Any:
    """cocotb's Verilator runner, but only the top's ports are visible: all signals being so, as it
    is, costs most of the build."""
    try:
        from cocotb_tools.runner import Verilator
    except ImportError:
        raise SpikeplaneError("the benches need cocotb, not found: pip install 'spikeplane[sim]'") from None

    class PortsOnly(Verilator):
        def _build_command(self) -> list[list[str]]:
            first, make = super()._build_command()
            at = first.index("--public-flat-rw")
            first = [*first[:at], "--public-depth", "1", *objects.PARTS, *first[at + 1 :]]
            return [first, [*make, "-f", str(objects.ONE), f"ONE={self.hdl_toplevel}", "one"]]

        def _execute_cmds(self, cmds: Sequence[list[str]], cwd: Any, stdout: Any = None) -> None:
            for command in cmds:  # as the runner's own, but what interrupts it ends the compilers too
                if run_tool(command, Path(cwd), {**self.env, "TMPDIR": str(cwd)}, into=stdout).returncode:
                    raise RuntimeError(f"{command[0]} failed")

    return PortsOnly()
