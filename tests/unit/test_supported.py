"""The page of supported layers is the registry's: every registered class stands on it, and the page in docs is
the one that is made."""

from pathlib import Path

import pytest
import snntorch  # noqa: F401 - its handlers are registered where it is loaded
from spikingjelly.activation_based import neuron  # noqa: F401
from torch import nn

from spikeplane.importers.registry import registered
from spikeplane.importers.supported import main, page, refusals
from spikeplane.importers.torch_refused import CURES

DOCS = Path(__file__).parents[2] / "docs"


def test_the_page_is_the_one_that_is_made() -> None:
    made = page()
    assert (DOCS / "layers.md").read_text() == made, (
        "run: python -m spikeplane.importers.supported -o docs/layers.md"
    )


def test_every_class_stands_on_it() -> None:
    text = page()
    kinds = [
        kind for kind in registered() if kind.__module__.startswith(("torch", "spikingjelly", "snntorch"))
    ]
    assert len(kinds) > 60
    for kind in kinds:
        assert kind.__name__ in text
    taken, _, refused = text.partition("## Layers that are refused")
    for cure, names in CURES.items():
        for name in names:
            if hasattr(nn, name):
                assert f" {name}," in refused or f" {name} |" in refused
        assert cure[1:] in refused
    assert "| Linear |" in taken
    assert "IFNode" in taken


def test_refusals_have_cures() -> None:
    found = {names[0]: cure for names, cure in refusals()}
    assert len(found) > 40
    assert found["used more than once"] == "give each use its own neurons"
    assert found["a convolution behind a flatten"] == "flatten behind the convolutions"
    assert all(cure.strip() for cure in found.values())


def test_command(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    assert main(["-o", str(tmp_path / "layers.md")]) == 0
    assert main([]) == 0
    assert (tmp_path / "layers.md").read_text() == capsys.readouterr().out == page()
    assert main(["x"]) == 2
