"""Programs on a board that is simulated at its pins, through a pseudo-terminal and pyserial, as on
a serial port."""

import errno
import json
import math
import os
import re
import select
import signal
import subprocess
import sys
import threading
import time
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import serial
from served import SPIKEPLANE, call, patient, planes, processor_seconds, program, served, slowness, when_busy

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="pseudo-terminals of Linux")


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    path = tmp_path_factory.mktemp("serve")
    program().save(path / "net.spk")
    np.save(path / "planes.npy", planes(12))
    return path


@pytest.fixture
def waits(monkeypatch):
    """For tests of what a board answers, not of when: it may get a small part of a processor."""
    return patient(monkeypatch, 24)


@pytest.fixture(scope="module")
def port(files):
    with served(str(files / "net.spk")) as path:
        yield path


@pytest.mark.parametrize("baud", [3_000_000, 1_000_000, 2_000_000])
def test_a_run_gives_the_spikes_of_the_golden_model(files, port, waits, baud):
    """One run after the other on the same board, each at a rate of its own, which the board finds out."""
    options = ["--input", files / "planes.npy", "--board", port, "--baud", baud, "--lockstep", "--json"]
    status, out, err, _ = call("run", files / "net.spk", *options)
    assert (status, err) == (0, "")
    summary = json.loads(out)
    assert summary["board"] == f"board at {port}"
    assert summary["lockstep"]["mismatches"] == 0
    assert summary["lockstep"]["spikes"] > 100


@pytest.mark.slow
def test_the_demo_on_a_board(tmp_path, waits):
    """The demo's network, its chip of 2 x 2 cores and 20 digits."""
    from spikeplane import Encoding, compile
    from spikeplane_sim.cache import cache_folder
    from spikeplane_sim.demo import digits

    data = digits.load()
    digits_program = compile(
        digits.trained(data, cache_folder()),
        chip="small",
        input_shape=(1, 8, 8),
        name="digits",
        encoding=Encoding(kind="direct", steps=digits.STEPS),
        calibration=data.train_images[:256],
        labels=data.train_labels[:256],
    )
    digits_program.save(tmp_path / "digits.spk")
    np.save(tmp_path / "digits.npy", data.test_images[:20])
    with served(str(tmp_path / "digits.spk")) as port:
        options = ["--input", tmp_path / "digits.npy", "--board", port, "--lockstep", "--json"]
        status, out, err, seconds = call("run", tmp_path / "digits.spk", *options)
    assert (status, err) == (0, "")
    summary = json.loads(out)
    print(
        f"{summary['lockstep']['values']:,} values, {summary['lockstep']['spikes']:,} spikes "
        f"compared in {seconds:.0f} s"
    )
    assert summary["lockstep"]["mismatches"] == 0
    assert summary["lockstep"]["spikes"] > 1000
    assert np.mean(np.array(summary["guesses"]) == data.test_labels[:20]) > 0.8


@contextmanager
def terminal() -> Iterator[tuple[int, str]]:
    """A pseudo-terminal without a board: the end that answers, and the port's name."""
    master, slave = os.openpty()
    tty.setraw(slave)
    try:
        yield master, os.ttyname(slave)
    finally:
        os.close(master)
        os.close(slave)


@contextmanager
def answering(reply: Callable[[bytes], bytes]) -> Iterator[str]:
    """A port where every portion of bytes is answered with `reply` of it."""
    with terminal() as (master, port):
        done = threading.Event()

        def answer() -> None:
            while not done.is_set():
                if select.select([master], [], [], 0.02)[0]:
                    os.write(master, reply(os.read(master, 4096)))

        thread = threading.Thread(target=answer)
        thread.start()
        try:
            yield port
        finally:
            done.set()
            thread.join()


def refused(files: Path, port: object, *options: object) -> str:
    """What `spikeplane run` says within five seconds, of a processor of one's own, when the board
    at that port is none."""
    before = slowness()
    status, out, err, seconds = call(
        "run", files / "net.spk", "--input", files / "planes.npy", "--board", port, *options
    )
    assert (status, out, err.count("\n"), err[:7]) == (2, "", 1, "error: "), (status, out, err)
    assert seconds < 5 * max(before, slowness())
    return err[7:-1]


def test_a_port_that_is_absent(files, monkeypatch):
    monkeypatch.setattr("serial.tools.list_ports.comports", list)
    assert (
        refused(files, "/dev/ttyUSB77")
        == "no serial port /dev/ttyUSB77; there is none: check cable, power and driver"
    )
    found = [SimpleNamespace(device="/dev/ttyUSB1"), SimpleNamespace(device="/dev/ttyUSB0")]
    monkeypatch.setattr("serial.tools.list_ports.comports", lambda: found)
    assert (
        refused(files, "/dev/ttyUSB77")
        == "no serial port /dev/ttyUSB77; there are: /dev/ttyUSB0, /dev/ttyUSB1"
    )


def test_what_is_no_port(files):
    path = files / "net.spk"
    assert refused(files, path) == f"{path} is no serial port, or does not take 3,000,000 baud"
    assert refused(files, "/dev/null") == "/dev/null is no serial port, or does not take 3,000,000 baud"
    assert refused(files, files) == f"{files} is no serial port, or does not take 3,000,000 baud"


def test_a_port_without_permission(files, monkeypatch):
    """As the system refuses whoever is not in the port's group."""
    opened = os.open

    def denied(path, *rest, **options):
        if path == "/dev/ttyUSB0":
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)
        return opened(path, *rest, **options)

    monkeypatch.setattr(os, "open", denied)
    assert refused(files, "/dev/ttyUSB0") == (
        "no permission for /dev/ttyUSB0: add yourself to its group, sudo usermod -aG dialout "
        "$USER, then log in again"
    )


def test_a_rate_that_there_is_not(files):
    with terminal() as (_, port):
        assert refused(files, port, "--baud", 0) == "--baud must be 1 or more, not 0"
    assert (
        refused(files, "sim", "--baud", 9600)
        == "--baud is the rate of a serial port; the board 'sim' has none"
    )


def test_a_port_that_another_program_has(files):
    with terminal() as (_, port), serial.Serial(port, exclusive=True):
        assert refused(files, port) == f"{port} is busy: another program has it open; end that first"


def test_a_port_where_nothing_answers(files):
    with terminal() as (_, port):
        assert (
            refused(files, port)
            == f"the device at {port} does not answer: 70 resets without a frame; check power and port"
        )


@pytest.mark.parametrize("reply", [lambda data: data, lambda data: b"login: " * 9, lambda data: bytes(300)])
def test_a_port_where_something_else_answers(files, reply):
    """A modem that echoes, a console, a line held low."""
    with answering(reply) as port:
        message = refused(files, port)
    count = re.search(r"\(([\d,]+) bytes\)", message)
    assert count
    assert message == (
        f"the device at {port} is no Spikeplane chip: it answers with something else "
        f"({count[1]} bytes); check the port"
    )


@pytest.mark.parametrize("chip", ["small", "large"])
def test_a_device_with_another_digest(files, port, waits, chip):
    """Both are printed, whether or not the packets of the two chips are of one size; and the board
    is still there."""
    other = program(chip)
    other.save(files / "other.spk")
    status, out, err, _ = call("run", files / "other.spk", "--input", files / "planes.npy", "--board", port)
    assert (status, out) == (2, "")
    own = program().config.digest
    assert err == (
        f"error: the program is for chip {other.config.digest}, the device at {port} is chip "
        f"{own}; compile it for that\n"
    )
    assert runs_right(files, port)


def runs_right(files: Path, port: str) -> bool:
    """Whether a run on the board gives the golden model's spikes."""
    status, out, err, _ = call(
        "run", files / "net.spk", "--input", files / "planes.npy", "--board", port, "--lockstep", "--json"
    )
    return (status, err) == (0, "") and json.loads(out)["lockstep"]["mismatches"] == 0


@pytest.fixture(scope="module")
def long(files):
    """Inputs for half a minute."""
    np.save(files / "long.npy", planes(1000))
    return files / "long.npy"


def test_a_host_that_is_killed_in_mid_run(files, port, waits, long):
    for seconds in (0.5, 1.5):
        command = [SPIKEPLANE, "run", files / "net.spk", "--input", long, "--board", port]
        before = processor_seconds(port.board)
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        # of the board, which rests until it is spoken to
        while processor_seconds(port.board) - before < seconds:
            assert process.poll() is None
            time.sleep(0.02)
        process.kill()
        process.wait()
        assert runs_right(files, port)


def test_a_reset_in_mid_run(files, monkeypatch, long):
    """The button of the board, while a run is under way: one line, and the next run is right."""
    patient(monkeypatch, 6)  # a board that was reset is silent until the driver gives up
    with serving(files) as (process, port):
        with when_busy(process.pid, 1.0, lambda: process.send_signal(signal.SIGUSR1)):
            status, out, err, _ = call("run", files / "net.spk", "--input", long, "--board", port)
        assert (status, out, err.count("\n"), err[:7]) == (2, "", 1, "error: ")
        assert runs_right(files, port)


def test_a_run_over_a_line_that_errs(files, waits):
    with served(str(files / "net.spk"), "--noise", "3e-4") as port:
        assert runs_right(files, port)


@contextmanager
def serving(files: Path) -> Iterator[tuple[subprocess.Popen, str]]:
    """A board of its own for a test that breaks it: the process and the port."""
    process = subprocess.Popen([SPIKEPLANE, "serve", files / "net.spk"], stdout=subprocess.PIPE, text=True)
    assert process.stdout
    try:
        found = re.search(r"/dev/pts/\d+", process.stdout.readline())
        assert found
        yield process, found[0]
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize("way", [signal.SIGSTOP, signal.SIGKILL])
def test_a_link_that_dies_in_mid_run(files, monkeypatch, long, way):
    """A board that falls silent, and a port that disappears: one line within five seconds, or as
    many times as long as a board that gets a part of a processor may be silent."""
    died, alive = [], patient(monkeypatch, float(math.ceil(2 * slowness()) - 1))

    def die() -> None:
        died.append(time.monotonic())
        process.send_signal(way)

    with serving(files) as (process, port), when_busy(process.pid, 1.0, die):
        status, out, err, _ = call("run", files / "net.spk", "--input", long, "--board", port)
        ended = time.monotonic()
    assert died
    assert ended - died[0] < 3 * alive
    assert (status, out) == (2, "")
    assert err == (
        f"error: the device at {port} does not answer: no frame for {alive:g} seconds; check power and port\n"
        if way == signal.SIGSTOP
        else f"error: the connection to {port} broke: unplugged, switched off, or read by another\n"
    )


def test_options_of_serve(files):
    for options, message in (
        (["--clock", 0], "--clock must be from 1 to 1000 MHz, not 0"),
        (["--baud", 100], "--baud must be from 9600 to 3125000 (an eighth of the clock), not 100"),
        (["--noise", 1], "--noise must be from 0 to 0.1, not 1"),
        (["--preset", "tiny"], "give a program, or --preset or --config, not both"),
    ):
        assert call("serve", files / "net.spk", *options)[:3] == (2, "", f"error: {message}\n")


def plugged(monkeypatch: pytest.MonkeyPatch, *ports: tuple[str, tuple[int, int]]) -> None:
    """These serial ports, by their USB chips, are the ones that there are."""
    found = [SimpleNamespace(device=port, vid=usb[0], pid=usb[1], location=None) for port, usb in ports]
    monkeypatch.setattr("serial.tools.list_ports.comports", lambda: found)


ULX3S, MOUSE = (0x0403, 0x6015), (0x046D, 0xC077)


def test_the_connected_board_is_found_by_its_chip(files, port, waits, monkeypatch, capsys):
    """Among the ports of a mouse, which is not opened, and of a board that is not there any more."""
    plugged(monkeypatch, ("/dev/mouse", MOUSE), ("/dev/ttyUSB77", ULX3S), (str(port), ULX3S))
    options = ["--input", files / "planes.npy", "--board", "auto", "--lockstep", "--json", "-n", 2]
    status, out, err, _ = call("run", files / "net.spk", *options)
    assert (status, err) == (0, "")
    assert json.loads(out)["board"] == f"board at {port}"
    assert json.loads(out)["lockstep"]["mismatches"] == 0
    status, out, err, _ = call("boards", "--connected", "--json")
    assert (status, err) == (0, "")
    found = {one["port"]: one for one in json.loads(out)}
    assert set(found) == {"/dev/ttyUSB77", port}
    assert (found[port]["usb"], found[port]["chip"]) == ("0403:6015", program().config.digest)
    assert found["/dev/ttyUSB77"]["chip"] is None


def test_no_connected_board_has_the_chip(files, port, waits, monkeypatch, tmp_path):
    other = program("small")
    other.save(tmp_path / "other.spk")
    plugged(monkeypatch, (str(port), ULX3S))
    status, out, err, _ = call("run", tmp_path / "other.spk", "-i", files / "planes.npy", "--board", "auto")
    assert (status, out) == (2, "")
    assert err == (
        f"error: no board with chip {other.config.digest} is connected: {port} (ulx3s-85f) has chip "
        f"{program().config.digest}; build and flash it, or name its port\n"
    )
    plugged(monkeypatch, ("/dev/mouse", MOUSE))
    status, out, err, _ = call("run", files / "net.spk", "-i", files / "planes.npy", "--board", "auto")
    assert (status, out) == (2, "")
    assert err == (
        f"error: no board with chip {program().config.digest} is connected: no port has a USB chip of a board that "
        "Spikeplane knows; build and flash it, or name its port\n"
    )
