"""A package that is not installed: the line names the extra that brings it, whichever command meets
it first."""

import subprocess
import sys
from pathlib import Path

import pytest

BLOCKED = """
import sys

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {names!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Blocked())
from spikeplane.cli import main
sys.argv = ["spikeplane", *{arguments!r}]
main()
"""
MODELS = """
import torch
from torch import nn

def jelly():
    from spikingjelly.activation_based import neuron
    return nn.Sequential(nn.Linear(4, 3), neuron.IFNode())

def snn():
    import snntorch
    return nn.Sequential(nn.Linear(4, 3), snntorch.Leaky(beta=0.9))

def other():
    import a_package_that_nobody_has
"""
MISSING = [
    (["spikingjelly"], ["compile", "models.py:jelly", "-o", "net.spk"],
     "models.py:jelly: spikingjelly is needed, not found: pip install 'spikeplane[models]'"),
    (["snntorch"], ["compile", "models.py:snn", "-o", "net.spk"],
     "models.py:snn: snntorch is needed, not found: pip install 'spikeplane[models]'"),
    ([], ["compile", "models.py:other", "-o", "net.spk"],
     "models.py:other failed: ModuleNotFoundError: No module named 'a_package_that_nobody_has' "
     "(models.py, line 14: import a_package_that_nobody_has)"),
    (["cocotb", "cocotb_tools"], ["simulate", "router"],
     "the benches need cocotb, not found: pip install 'spikeplane[sim]'"),
    (["amaranth_boards"], ["build", "--board", "icebreaker", "-o", "out"],
     "boards need amaranth-boards, not found: pip install 'spikeplane[boards]'"),
    (["sklearn", "spikingjelly"], ["demo", "-o", "out"], "sklearn is needed, not found: pip install 'spikeplane[demo]'"),
    (["spikingjelly"], ["demo", "-o", "out"], "spikingjelly is needed, not found: pip install 'spikeplane[demo]'"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("names", "arguments", "message"), MISSING, ids=[f"{n} {a[0]}" for n, a, _ in MISSING]
)
def test_the_line_says_what_brings_it(tmp_path: Path, monkeypatch, names, arguments, message) -> None:
    monkeypatch.setenv("SPIKEPLANE_CACHE", str(tmp_path / "cache"))
    (tmp_path / "models.py").write_text(MODELS)
    code = BLOCKED.format(names=names, arguments=arguments)
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    told = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert (done.returncode, done.stdout, told) == (2, "", [f"error: {message}"]), done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "net.spk").exists()
