"""The combinational cells of the netlist simulation against yosys's own models of them, by its SAT solver."""

import subprocess
from pathlib import Path

import pytest

from spikeplane.toolchain import yosys
from spikeplane_sim import netlist

CELLS = Path(netlist.__file__).with_name("cells.v")
CASES = {
    "PFUMX": [""],
    "L6MUX21": [""],
    "LUT4": ["-set INIT 16'h1ee8", "-set INIT 16'hca53"],
    "CCU2C": [
        f"-set INIT0 16'h{a} -set INIT1 16'h{b} -set INJECT1_0 {first} -set INJECT1_1 {second}"
        for a, b in (("96aa", "96aa"), ("5a3c", "c0f7"))
        for first, second in (('"NO"', '"NO"'), ('"YES"', '"NO"'), ('"NO"', '"YES"'), ('"YES"', '"YES"'))
    ],
}


def differs(folder: Path, text: str, cell: str, parameters: str) -> bool:
    """Whether some input tells our model from yosys's."""
    (folder / "ours.v").write_text(text[: text.index("module TRELLIS_FF")])  # what follows holds state
    steps = ["design -reset"]
    for name, source in (
        ("gold", "read_verilog -overwrite +/ecp5/cells_sim.v"),
        ("gate", "read_verilog -sv ours.v"),
    ):
        steps += [
            source,
            f"chparam {parameters} {cell}" if parameters else "",
            f"hierarchy -top {cell}",
            "proc; flatten; opt_clean",
        ]
        steps += [f"rename -top {name}", f"design -stash {name}"]
    steps += [f"design -copy-from {name} -as {name} {name}" for name in ("gold", "gate")]
    steps += ["miter -equiv -flatten -make_outputs gold gate miter", "sat -verify -prove trigger 0 miter"]
    script = "\n".join(step for step in steps if step)
    (folder / "run.ys").write_text(script)
    result = subprocess.run(
        [yosys(), "-s", "run.ys"], cwd=folder, capture_output=True, text=True, check=False
    )
    proved = "SAT proof finished - no model found: SUCCESS!" in result.stdout
    assert proved or "SAT proof finished - model found: FAIL!" in result.stdout, (
        result.stdout[-2000:] + result.stderr[-2000:]
    )
    return not proved


@pytest.mark.parametrize(
    ("cell", "parameters"), [(cell, one) for cell, many in CASES.items() for one in many]
)
def test_the_models_are_yosyss(tmp_path: Path, cell: str, parameters: str) -> None:
    assert not differs(tmp_path, CELLS.read_text(), cell, parameters)


def test_a_wrong_model_is_found(tmp_path: Path) -> None:
    text = CELLS.read_text()
    assert "propagate_1 ? middle :" in text
    assert differs(
        tmp_path, text.replace("propagate_1 ? middle :", "propagate_1 ? CIN :"), "CCU2C", CASES["CCU2C"][0]
    )
