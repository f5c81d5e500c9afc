"""`spikeplane build --program`: the chip that is built, the program that is written for it, and
what is left when it goes wrong. The tools of the board are not run here."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from served import call, patient, planes, program, served

from spikeplane import Program, SpikeplaneError
from spikeplane.config import ChipConfig
from spikeplane_hw import report


class Work:
    """Stands in for the build: notes the chip, leaves `build.json`, or fails."""

    def __init__(self) -> None:
        self.chips: list[ChipConfig | None] = []
        self.fails = ""

    def __call__(
        self, board: Any, config: ChipConfig | None, folder: Path, *, seeds: int, say: Any
    ) -> dict[str, Any]:
        if self.fails:
            (folder / "build.json").unlink(missing_ok=True)
            raise SpikeplaneError(self.fails)
        self.chips.append(config)
        clock = report.Clock("clk", board.clock + 1, board.clock)
        values = {
            "board": board.name,
            "digest": config.digest if config else None,
            "config": config.to_dict() if config else None,
            "bitstream": "board.bit",
            "sha256": "0" * 64,
            "clock": board.clock,
            "report": report.Report(1, {"LUT": (10, 100)}, [clock]).to_dict(),
        }
        folder.mkdir(exist_ok=True)
        (folder / "build.json").write_text(json.dumps(values))
        return values


@pytest.fixture
def work(monkeypatch) -> Work:
    found = Work()
    monkeypatch.setattr("spikeplane_hw.build.build", found)
    return found


@pytest.fixture
def net(tmp_path) -> Path:
    program("small").save(tmp_path / "net.spk")
    np.save(tmp_path / "planes.npy", planes(12))
    return tmp_path / "net.spk"


@pytest.mark.parametrize(("board", "shape"), [
    ("ulx3s-85f", (1, 1, 16)), ("icebreaker", (1, 1, 8)), ("tang-nano-9k", (1, 1, 8)),
    ("tang-nano-20k", (1, 1, 8)),
])  # fmt: skip
def test_the_chip_has_the_shape_of_the_board(work, net, board, shape) -> None:
    out = net.parent / "out"
    status, said, err, _ = call("build", "--board", board, "--program", net, "-o", out)
    assert (status, err) == (0, "")
    (chip,) = work.chips
    assert (chip.rows, chip.cols, chip.lanes) == shape
    assert chip.weight_depth <= 128 < program("small").config.weight_depth
    assert Program.load(out / "program.spk", chip).network.output == "out"
    baud = 1_000_000 if board == "icebreaker" else 3_000_000
    assert said.endswith(
        f"flash it, then: spikeplane run {out}/program.spk --input DATA --board PORT --baud {baud}\n"
    )


def test_it_runs_with_the_same_spikes_on_what_was_built(work, net, monkeypatch) -> None:
    """From the folder alone: the chip at its pins behind a serial port, and the program for it,
    against the program given."""
    patient(monkeypatch, 24)
    out = net.parent / "out"
    assert call("build", "--board", "tang-nano-9k", "--program", net, "-o", out)[0] == 0
    with served("--build", str(out)) as port:
        options = ["--input", net.parent / "planes.npy", "--board", port, "--lockstep", "--json"]
        status, said, err, _ = call("run", out / "program.spk", *options)
    assert (status, err) == (0, "")
    status, golden, *_ = call("run", net, "--input", net.parent / "planes.npy", "--json")
    found, expected = json.loads(said), json.loads(golden)
    assert found["lockstep"]["mismatches"] == 0
    assert found["lockstep"]["spikes"] > 100
    assert (found["guesses"], found["spikes_per_sample"]) == (
        expected["guesses"],
        expected["spikes_per_sample"],
    )


def test_a_program_and_a_chip(work, net) -> None:
    for option in (["--preset", "tiny"], ["--config", "x.toml"]):
        assert call("build", "--board", "ulx3s-85f", "--program", net, *option)[:3] == (
            2,
            "",
            "error: give --program, or --preset or --config, not both\n",
        )
    assert call("build", "--board", "ulx3s-85f", "--program", net.parent / "none.spk")[:3] == (
        2,
        "",
        f"error: program: no file {net.parent / 'none.spk'}\n",
    )
    assert work.chips == []


def test_a_build_that_fails_or_is_another_leaves_no_program(work, net) -> None:
    out = net.parent / "out"
    sizes = ["build", "--board", "icebreaker", "--program", net, "-o", out]
    assert call(*sizes)[0] == 0
    work.fails = "the design does not fit 1BitSquared iCEBreaker: block RAM 53 of 30 (23 too many); see LOG"
    assert call(*sizes)[:3] == (2, "", f"error: {work.fails}\n")
    assert not (out / "program.spk").exists()
    work.fails = ""
    assert call(*sizes)[0] == 0
    assert call("build", "--board", "icebreaker", "-o", out)[0] == 0
    assert work.chips[-1] is None
    assert not (out / "program.spk").exists()
