"""The cocotb benches on Verilator pass; on broken gateware they fail."""

import re
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from spikeplane_gateware.core.synapses import accumulate
from spikeplane_gateware.core.synapses import stage as synapses
from spikeplane_gateware.link import bridge
from spikeplane_gateware.network import router
from spikeplane_sim.bench import runner
from spikeplane_sim.bench.designs import design

pytestmark = pytest.mark.cosim
#: A bench that loads a whole program word by word, and one whose simulator no other test needs.
LONG = ("axi_lite", "gates", "narrow")


def failures(log: Path) -> str:
    """The tests that failed and why, from the end of a log."""
    return "\n".join(line for line in log.read_text().splitlines() if re.search(r"Error|FAIL|assert", line))[
        -2000:
    ]


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=pytest.mark.slow) if n in LONG else n for n in runner.names()]
)
def test_bench_passes(tmp_path, name):
    result = runner.run(name, folder=tmp_path)
    assert result.passed, failures(result.log)
    assert result.waves is None


def test_waves_and_seed(tmp_path):
    result = runner.run("bridge", waves=True, seed=3, folder=tmp_path)
    assert result.passed, failures(result.log)
    assert result.waves is not None
    assert "$enddefinitions" in result.waves.read_text()[:100_000]
    assert "Seeding Python random module with 3" in result.log.read_text()


def mutant(original: ModuleType, old: str, new: str) -> Any:
    source = Path(str(original.__file__)).read_text()
    assert source.count(old) == 1, f"{original.__name__} has {source.count(old)} times {old!r}"
    broken = ModuleType(f"{original.__name__}_mutant")
    exec(compile(source.replace(old, new), str(original.__file__), "exec"), broken.__dict__)
    return broken


BROKEN = {
    "router: a copy is lost where two ask": ("router", router, "output.granted[number]", "output.requests[number]"),
    "bridge: the credit has the other parity": ("bridge", bridge, "credit.parity.eq(token.parity)", "credit.parity.eq(~token.parity)"),
    "bridge: a barrier looks at the other parity": ("bridge", bridge, "control.arg[0] == parity", "control.arg[0] != parity"),
}  # fmt: skip


@pytest.mark.parametrize("change", BROKEN.values(), ids=BROKEN)
def test_broken_gateware_fails(tmp_path, change):
    name, module, old, new = change
    broken = mutant(module, old, new)
    chosen = replace(design(name), component=lambda config: getattr(broken, name.capitalize())(config))
    assert not runner.run_design(chosen, folder=tmp_path).passed


BROKEN_CORE = {
    "no forwarding": ("Mux(self.one_ago[lane], total, start)", "start"),
    "no subtraction": ("wide.eq(Mux(negate, ~shifted, shifted))", "wide.eq(shifted)"),
}


@pytest.mark.slow
@pytest.mark.parametrize("change", BROKEN_CORE.values(), ids=BROKEN_CORE)
def test_a_broken_core_fails(tmp_path, monkeypatch, change):
    monkeypatch.setattr(synapses, "Accumulate", mutant(accumulate, *change).Accumulate)
    assert not runner.run("core", folder=tmp_path).passed
