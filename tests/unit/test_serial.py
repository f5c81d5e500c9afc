"""How long a serial port may take no bytes: a real one seconds, a simulated board's pseudo-terminal a minute."""

import os
import pty
from contextlib import contextmanager

import pytest

from spikeplane import SpikeplaneError
from spikeplane.host import serial


@contextmanager
def pseudo_terminal():
    """Its path, with nobody who reads what is written to it."""
    ends = pty.openpty()
    try:
        yield os.ttyname(ends[1])
    finally:
        for end in ends:
            os.close(end)


def test_a_simulated_board_may_be_slow(tmp_path) -> None:
    with pseudo_terminal() as path:
        link = tmp_path / "board"
        link.symlink_to(path)
        for name in (path, str(link)):
            with serial.SerialDevice(name) as device:
                assert (device._port.write_timeout or 0) > serial._SIMULATED == 60
    assert serial._slow("/dev/ttyUSB0") == serial._slow("COM3") == serial._SLOW == 2


def test_a_port_that_takes_no_bytes(monkeypatch) -> None:
    monkeypatch.setattr(serial, "_SIMULATED", 0.1)
    with pseudo_terminal() as path, serial.SerialDevice(path) as device:
        with pytest.raises(SpikeplaneError) as error:
            device.exchange(bytes(100_000))
        assert str(error.value) == f"the device at {path} takes no more bytes; check cable and power"
