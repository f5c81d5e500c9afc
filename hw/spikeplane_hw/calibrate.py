"""The builds that `spikeplane estimate` is fitted to: synthesis and packing of whole boards of many
sizes, counted and kept as a table.

    nice python -m spikeplane_hw.calibrate            those that are missing, or whose Verilog is
    another now (a minute or two each) nice python -m spikeplane_hw.calibrate NAME ...   those again
    python -m spikeplane_hw.calibrate --list          what there is

The table is sw/spikeplane/estimate/builds.json: per build its board and family, its sizes, the
digest of its Verilog, and what nextpnr counts after packing (for a board of Vivado's what yosys
counts). `held` ones are not fitted: they say how good the fit is elsewhere.
"""

import hashlib
import json
import subprocess
import sys
import tempfile
from importlib import resources as package_files
from pathlib import Path
from typing import Any

from spikeplane.config import ChipConfig
from spikeplane.files import write_file
from spikeplane.toolchain import wheel_tool
from spikeplane_hw import xilinx
from spikeplane_hw.board import Board
from spikeplane_hw.boards import board
from spikeplane_hw.build import design
from spikeplane_hw.families import SOURCE

TABLE = Path(str(package_files.files("spikeplane") / "estimate" / "builds.json"))

_ONE: dict[str, Any] = {"rows": 1, "cols": 1}
_TINY = {**_ONE, "lanes": 8, "weight_depth": 2048, "acc_depth": 512, "membrane_depth": 512}
_WIDE = {"acc_bits": 32, "membrane_bits": 32, "max_shift": 31}
_MANY = {"populations": 16, "projections": 256, "egress_depth": 256, "coord_bits": 10, "group_bits": 10}
_SMALLEST = {
    **_TINY, "weight_bits": 4, "acc_bits": 12, "membrane_bits": 8, "populations": 2, "projections": 8, "egress_depth": 8,
    "row_depth": 32, "column_depth": 32, "group_depth": 16, "parameter_depth": 32, "max_shift": 0, "leak_multiplier": False,
    "coord_bits": 4, "group_bits": 2, "weight_depth": 512, "acc_depth": 128, "membrane_depth": 128,
}  # fmt: skip

#: On the ULX3S, name -> fields of ChipConfig: one thing changed at a time, then several together.
FITTED: dict[str, dict[str, Any]] = {
    "tiny": _TINY,
    "one-core": {**_ONE, "lanes": 16},
    "four-bits": {**_TINY, "weight_bits": 4, "acc_bits": 16, "membrane_bits": 12},
    "binary": {**_TINY, "weight_bits": 1},
    "no-multiplier": {**_TINY, "leak_multiplier": False},
    "no-shift": {**_TINY, "max_shift": 0},
    "many": {**_TINY, **_MANY},
    "1x2": {**_TINY, "cols": 2},
    "wide": {**_TINY, **_WIDE},
    "deep": {**_TINY, "weight_depth": 65536, "acc_depth": 8192, "membrane_depth": 8192, "row_depth": 1024},
    "least": _SMALLEST,
    "one-core-narrow": {
        **_ONE,
        "lanes": 16,
        "weight_bits": 2,
        "acc_bits": 14,
        "membrane_bits": 10,
        "leak_multiplier": False,
    },
    "2x2": {**_TINY, "rows": 2, "cols": 2},
    "32-lanes": {**_ONE, "lanes": 32, "acc_bits": 16, "membrane_bits": 12},
    "least-1x3": {**_SMALLEST, "cols": 3},
    "least-3x3": {**_SMALLEST, "rows": 3, "cols": 3},
    "four-cores": {"weight_depth": 1024, "acc_depth": 256, "membrane_depth": 512, "parameter_depth": 128},
}

#: On the other families' boards, as many as it takes to scale the ECP5's factors: board, and fields
#: or an example's file.
OTHERS: dict[str, tuple[str, dict[str, Any] | str]] = {
    "smallest": ("icebreaker", "smallest.toml"),
    "nano": ("tang-nano-9k", "nano.toml"),
    "two-cores": ("arty-a7-100", {"rows": 1}),
    "six-cores": ("genesys2", {"preset": "medium", "rows": 2, "cols": 3}),
}
EXAMPLES = Path(__file__).parents[2] / "examples"

#: Not fitted: what the fit is held against.
HELD: dict[str, dict[str, Any]] = {
    "held-1": {
        **_ONE,
        "lanes": 16,
        "weight_bits": 4,
        "acc_bits": 20,
        "membrane_bits": 18,
        "acc_depth": 2048,
        "max_shift": 3,
    },
    "held-2": {
        **_TINY,
        "rows": 2,
        "weight_bits": 2,
        "acc_bits": 15,
        "populations": 4,
        "leak_multiplier": False,
    },
    "held-3": {
        **_ONE,
        "lanes": 32,
        "weight_bits": 8,
        "weight_depth": 1024,
        "acc_depth": 256,
        "membrane_depth": 256,
    },
}


def builds() -> list[dict[str, Any]]:
    """What the table holds."""
    return json.loads(TABLE.read_text()) if TABLE.exists() else []


def measure(target: Board, files: dict[str, str], folder: Path) -> dict[str, int]:
    """Synthesise and pack a whole board: title -> used, as `spikeplane build` reports them."""
    for name, text in files.items():
        (folder / name).write_text(text)
    log = _run(folder, target.flow.synthesis(target))
    if not target.flow.placed:
        found = xilinx.estimate(target, (folder / xilinx.CELLS).read_text()).resources
    else:
        packed = _run(folder, [*target.flow.placement(target, 1), "--pack-only"])
        found = target.flow.resources(packed, log)
    return {title: used for title, (used, _) in found.items()}


def _run(folder: Path, command: list[str]) -> str:
    """What a tool says, whatever its status: packing a design that is too large ends with an error
    after the counts."""
    name, *arguments = command
    done = subprocess.run(
        [wheel_tool(name), *arguments], cwd=folder, capture_output=True, text=True, check=False
    )
    return done.stdout + done.stderr


def main(names: list[str]) -> None:
    """Measure what is asked for, or missing, or another design by now; the table is written after each."""
    own: list[tuple[str, str, dict[str, Any] | str]] = [
        (n, "ulx3s-85f", fields) for n, fields in {**FITTED, **HELD}.items()
    ]
    for name, where, fields in [*own, *((n, *rest) for n, rest in OTHERS.items())]:
        if names and name not in names:
            continue
        target = board(where)
        config = (
            ChipConfig.from_toml(EXAMPLES / fields)
            if isinstance(fields, str)
            else ChipConfig.from_dict(fields)
        )
        files = design(target, config)
        digest = hashlib.sha256(files[SOURCE].encode()).hexdigest()[:16]
        if not names and (target.family, name, digest) in {
            (row["family"], row["name"], row["verilog"]) for row in builds()
        }:
            continue
        with tempfile.TemporaryDirectory(prefix="spikeplane-") as folder:
            found = measure(target, files, Path(folder))
        row = {
            "family": target.family,
            "name": name,
            "held": name in HELD,
            "board": target.name,
            "verilog": digest,
        }
        row |= {"resources": found, "config": config.to_dict()}
        kept = [old for old in builds() if (old["family"], old["name"]) != (target.family, name)]
        write_file(TABLE, "[\n" + ",\n".join(json.dumps(one) for one in [*kept, row]) + "\n]\n")
        print(name, found, flush=True)


if __name__ == "__main__":
    if sys.argv[1:] == ["--list"]:
        for one in builds():
            print(one["family"], one["name"], one["verilog"] or "(earlier gateware)", one["resources"])
    else:
        main(sys.argv[1:])
