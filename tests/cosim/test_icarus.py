"""The benches on Icarus, a simulator of four states: the same Verilog, where a signal without a
value is x and stays so.

Few and small cases: it is slow. Each ends at the first x in what a bench reads.
"""

from dataclasses import replace
from pathlib import Path

import pytest

from spikeplane_sim.bench import icarus
from spikeplane_sim.bench.designs import Design, design

pytestmark = [
    pytest.mark.cosim,
    pytest.mark.skipif(not icarus.available(), reason=f"no Icarus Verilog here: {icarus.INSTALL}"),
]
CASES = {
    "core": "a_write_to_a_running_core|outputs_are.*name=2.turn=1",
    "chip": "outputs_are.*name=2.stalling=False",
    "camera": "golden_model.stalling=False",
}


def verdict(chosen: Design, folder: Path, only: str, *, power_up: bool) -> tuple[bool, int]:
    result = icarus.run(chosen, folder, only=only, power_up=power_up)
    return result.passed, result.tests


@pytest.mark.parametrize(("name", "tests"), [("core", 2), ("camera", 1)])
def test_benches(tmp_path: Path, name: str, tests: int) -> None:
    """With registers as an FPGA loads them."""
    assert verdict(design(name), tmp_path, CASES[name], power_up=True) == (True, tests)


def test_a_chip_whose_registers_wake_with_anything(tmp_path: Path) -> None:
    """Without values at power-up, as in silicon: reset alone must bring every register that decides
    something to a value."""
    chosen = design("chip")
    text = chosen.verilog()
    assert len(icarus.without_power_up(text)) < len(text) - 10_000
    assert verdict(chosen, tmp_path, CASES["chip"], power_up=False) == (True, 1)


@pytest.mark.slow
@pytest.mark.parametrize("power_up", [True, False])
@pytest.mark.parametrize("name", ["core", "camera", "chip", "bridge"])
def test_every_case(tmp_path: Path, name: str, power_up: bool) -> None:
    result = icarus.run(design(name), tmp_path, power_up=power_up)
    assert result.passed, result.log.read_text()[-2000:]


def test_a_register_without_reset_is_seen(tmp_path: Path) -> None:
    """What the second test is for: the bridge's valid bits, if reset did not reach them."""
    chosen = design("bridge")

    class Unreset:
        def __init__(self, inner: Design) -> None:
            self.inner = inner

        def __getattr__(self, name: str) -> object:
            return getattr(self.inner, name)

        def verilog(self) -> str:
            text = self.inner.verilog()
            broken = text.replace("    if (rst) begin\n      host_o__valid <= 1'b0;\n    end\n", "")
            assert broken != text
            return broken

    unreset = Unreset(replace(chosen))
    found = verdict(unreset, tmp_path, "packets_pass.*stalling=False", power_up=False)  # type: ignore[arg-type]
    assert found == (False, 1)
