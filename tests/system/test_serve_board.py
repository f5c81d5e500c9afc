"""`spikeplane serve --board` and `--build`: the chip and the clock of a board by its name, or of
what was built for it."""

import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import serial
from served import call, patient, planes, program, served

from spikeplane.cli import serve
from spikeplane.config import preset
from spikeplane_hw.boards import BOARDS

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="pseudo-terminals of Linux")


@pytest.fixture
def designs(monkeypatch) -> list[serve.Design]:
    """What would be simulated."""
    found: list[serve.Design] = []
    monkeypatch.setattr(serve, "_serve", lambda design, *_, **__: found.append(design))
    return found


def test_the_chip_and_the_clock_of_a_board(designs, tmp_path) -> None:
    program().save(tmp_path / "net.spk")
    for board in BOARDS.values():
        assert call("serve", "--board", board.name)[0] == 0
        assert designs[-1] == serve.Design(board.chip, board.clock, board.baud)
    assert call("serve", "--board", "ulx3s-85f", "--preset", "tiny", "--clock", 30)[0] == 0
    assert designs[-1] == serve.Design(preset("tiny"), 30, 3_000_000)
    camera = BOARDS["ulx3s-85f"].presets["camera"]
    assert call("serve", "--board", "ulx3s-85f", "--preset", "camera")[0] == 0
    assert designs[-1] == serve.Design(*camera, 3_000_000)
    assert call("serve", tmp_path / "net.spk", "--board", "icebreaker")[0] == 0
    assert designs[-1] == serve.Design(program().config, 12, 1_000_000)
    assert call("serve", tmp_path / "net.spk")[0] == 0
    assert designs[-1] == serve.Design(program().config, 25, 3_000_000)


def record(folder: Path, board: str, config: dict | None, clock: float) -> Path:
    folder.mkdir()
    values = {
        "board": board,
        "digest": None,
        "config": config,
        "clock": clock,
        "bitstream": "board.bit",
        "sha256": None,
    }
    (folder / "build.json").write_text(json.dumps(values))
    return folder


def test_what_was_built(designs, tmp_path) -> None:
    chip = replace(preset("tiny"), weight_depth=48)
    assert call("serve", "--build", record(tmp_path / "a", "ulx3s-85f", chip.to_dict(), 50))[0] == 0
    assert designs[-1] == serve.Design(chip, 50, 3_000_000)
    assert call("serve", "--build", record(tmp_path / "b", "icebreaker", None, 12))[0] == 0
    assert designs[-1] == serve.Design(None, 12, 1_000_000)


def test_errors(designs, tmp_path) -> None:
    both = "--build names board and chip: give no program, --board, --preset or --config beside it"
    for options, message in (
        (["--board", "icebraker"], "unknown board 'icebraker'; did you mean 'icebreaker'?"),
        ([], "which chip? give --preset (tiny, small, medium, large) or --config FILE.toml"),
        (["--build", tmp_path], f"{tmp_path} holds no build: spikeplane build --board BOARD -o {tmp_path}"),
        (["--build", tmp_path, "--board", "icebreaker"], both),
        (["--build", tmp_path, "--preset", "tiny"], both),
        (
            ["--board", "icebreaker", "--baud", 2_000_000],
            "--baud must be from 9600 to 1500000 (an eighth of the clock), not 2000000",
        ),
    ):
        assert call("serve", *options)[:3] == (2, "", f"error: {message}\n")
    assert designs == []


def test_an_echo_at_its_pins() -> None:
    """What comes back through pyserial, at two rates, from the board whose design is the UART echo."""
    with served("--board", "tang-nano-9k", "--preset", "echo") as port:
        for baud in (1_000_000, 115_200):
            with serial.Serial(port, baud, timeout=1, exclusive=True) as line:
                for _ in range(3):  # the rate is learnt between pauses
                    line.write(b"~")
                    line.read(1)
                line.reset_input_buffer()
                sent = bytes(np.random.default_rng(baud).integers(0, 256, 40).astype(np.uint8))
                line.write(sent)
                assert line.read(len(sent)) == sent


@pytest.mark.slow
@pytest.mark.parametrize("name", ["ulx3s-85f", "tang-nano-20k"])
def test_a_run_on_a_board(tmp_path, monkeypatch, name) -> None:
    """The board's own chip at its own clock, by its name: the spikes of the golden model."""
    patient(monkeypatch, 24)
    chip = BOARDS[name].chip
    assert chip
    found = program(chip)
    found.save(tmp_path / "net.spk")
    np.save(tmp_path / "planes.npy", planes(12))
    with served("--board", name) as port:
        status, out, err, _ = call(
            "run",
            tmp_path / "net.spk",
            "--input",
            tmp_path / "planes.npy",
            "--board",
            port,
            "--lockstep",
            "--json",
        )
    assert (status, err) == (0, "")
    assert json.loads(out)["lockstep"]["mismatches"] == 0
    assert json.loads(out)["lockstep"]["spikes"] > 100
