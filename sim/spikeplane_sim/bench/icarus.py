"""The benches on Icarus Verilog, a simulator of four states: what has no value is x there, and an x
that matters ends a test.

```
    design -> Verilog (with or without values at power-up) -> iverilog -> vvp with cocotb -> bench -> Result
```
"""

import contextlib
import re
import shutil
import subprocess
import time
from pathlib import Path

from spikeplane.errors import SpikeplaneError
from spikeplane_sim.bench.designs import Design
from spikeplane_sim.bench.runner import Result, results_of

INSTALL = "apt-get install iverilog"
_POWER_UP = re.compile(r"^  initial begin\n(?:    .* <= .*;\n)+  end\n", re.MULTILINE)


def available() -> bool:
    """Icarus is on PATH."""
    return shutil.which("iverilog") is not None and shutil.which("vvp") is not None


def elaborate(source: Path, top: str) -> str:
    """What iverilog has to say, with all its warnings, of the module `top` in a file, or in those that a
    list (.f) beside them names: nothing, for ours. Writes nothing."""
    listed = ["-c"] if source.suffix == ".f" else []
    command = ["iverilog", "-g2005", "-Wall", "-t", "null", "-s", top, *listed, source.name]
    result = subprocess.run(command, cwd=source.parent, capture_output=True, text=True, check=False)
    return result.stdout + result.stderr + (f"exit {result.returncode}" if result.returncode else "")


def without_power_up(verilog: str) -> str:
    """The Verilog of a chip whose registers hold nothing known until they are reset: what silicon does."""
    return _POWER_UP.sub("", verilog)


def run(chosen: Design, folder: Path, *, only: str = "", power_up: bool = True, seed: int = 0) -> Result:
    """Build a design and run the bench of its name on it, in `folder`.

    `only`: a pattern of the tests to run (default: all). `power_up`: registers have their values
    before reset, as in an FPGA. Raises SpikeplaneError without Icarus, and where it refuses the
    design or ends without a result.
    """
    if not available():
        raise SpikeplaneError(f"the benches need Icarus Verilog for this, not found: {INSTALL}")
    from cocotb_tools.runner import Icarus

    begun = time.monotonic()
    folder.mkdir(parents=True, exist_ok=True)
    source, log, results = folder / f"{chosen.top}.v", folder / "icarus.log", folder / "results.xml"
    verilog = chosen.verilog()
    source.write_text(verilog if power_up else without_power_up(verilog))
    runner, steps = Icarus(), {"timescale": ("1ns", "1ps"), "log_file": log}
    try:
        runner.build(sources=[source], hdl_toplevel=chosen.top, build_dir=folder, **steps)
    except (Exception, SystemExit) as error:
        raise SpikeplaneError(f"Icarus could not build the bench '{chosen.name}': see {log}") from error
    with contextlib.suppress(Exception, SystemExit):  # told by the results file, or by its absence
        runner.test(
            f"spikeplane_sim.bench.bench_{chosen.name}",
            chosen.top,
            hdl_toplevel_lang="verilog",
            build_dir=folder,
            test_dir=folder,
            results_xml=str(results),
            seed=seed,
            test_filter=only or None,
            **steps,
        )
    tests, failed = results_of(results, chosen.name, log)
    return Result(chosen.name, tests > 0 and failed == 0, tests, failed, time.monotonic() - begun, None, log)
