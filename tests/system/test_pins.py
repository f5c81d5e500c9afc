"""A whole chip at the pins of its board: what the line carries, and what it survives."""

import numpy as np
import pytest
from served import planes, program

from spikeplane import SpikeplaneError
from spikeplane.cli.boards import pin_board
from spikeplane.config import preset
from spikeplane.host.channel import Channel
from spikeplane.host.device import Device
from spikeplane.run.board import DeviceBoard
from spikeplane_sim.board.faults import Faults, FaultyDevice
from spikeplane_sim.board.pins import PinBoard
from spikeplane_sim.golden.board import GoldenBoard

PROGRAM = program(hidden=128)
INPUTS = {"in": planes(8)}
EXPECTED = GoldenBoard(PROGRAM).run(INPUTS)


@pytest.fixture
def pins():
    with pin_board(PROGRAM.config) as board:
        yield board


def run(device: Device) -> dict[str, np.ndarray]:
    """The program's outputs from a board that is loaded for it."""
    return DeviceBoard(device, PROGRAM).run(INPUTS)


def right(outputs: dict[str, np.ndarray]) -> bool:
    """Whether they are those of the golden model."""
    return all(np.array_equal(outputs[name], values) for name, values in EXPECTED.items())


class Interrupted(Device):
    """`device`, with something that happens at the call `at`."""

    def __init__(self, device: Device, at: int, event) -> None:
        self.device, self.at, self.event, self.calls = device, at, event, 0

    def exchange(self, data: bytes) -> bytes:
        self.calls += 1
        if self.calls == self.at:
            self.event()
        return self.device.exchange(data)

    def close(self) -> None:
        pass


def calls_of_a_run(pins: PinBoard) -> tuple[int, int]:
    """Exchanges until the program is loaded, and until the run has ended."""
    device = Interrupted(pins, 0, None)
    board = DeviceBoard(device, PROGRAM)
    board.driver.identify()
    board.driver.load()
    loaded = device.calls
    assert right(board.driver.run(INPUTS))
    return loaded, device.calls


def test_loading_weights_uses_at_least_85_percent_of_the_line(pins):
    """Packets of the program against the bits that the line could have carried meanwhile, ten to a byte."""
    driver = DeviceBoard(pins, PROGRAM).driver
    driver.identify()
    before = pins.bit_times
    driver.load()
    payload = sum(driver.write_packets(core, words).nbytes for core, words in PROGRAM.image.words.items())
    share = 10 * payload / (pins.bit_times - before)
    print(f"{payload:,} bytes in {pins.bit_times - before:,.0f} bits of the line: {share:.1%}")
    assert payload > 5000
    assert 0.85 <= share < 1
    assert driver.link.resent == 0


def test_both_directions_at_once(pins):
    """A run streams planes to the chip and every population's spikes back, at a rate that leaves
    the line no pause."""
    before = pins.bit_times
    assert right(run(pins))
    assert pins.framing_errors == 0
    assert pins.bit_times > before


@pytest.mark.parametrize("moment", [0.1, 0.5, 0.8])
def test_a_host_that_vanishes_leaves_a_board_for_the_next(pins, moment):
    class Vanished(Exception):
        pass

    def vanish() -> None:
        pins.exchange(b"\x7e\x14\x03abc")  # in the middle of a frame
        raise Vanished

    loaded, ended = calls_of_a_run(pins)
    for at in (int(loaded * moment) + 1, int(loaded + (ended - loaded) * moment)):
        with pytest.raises(Vanished):
            run(Interrupted(pins, at, vanish))
        assert right(run(pins))


@pytest.mark.slow
def test_a_reset_in_mid_run_is_noticed_and_spares_the_next_run(pins):
    """At any moment: the run ends right, if the reset came before it began, or with a line, and
    never with wrong spikes."""
    loaded, ended = calls_of_a_run(pins)
    messages = set()
    for at in range(3, ended, 3):
        try:
            assert right(run(Interrupted(pins, at, pins.reset)))
            assert at < loaded / 2
        except SpikeplaneError as error:
            messages.add(str(error).split(":")[0])
        assert right(run(pins))
    assert {"the device has been reset in mid-run; run again", "the chip stopped"} <= messages
    assert all("\n" not in message for message in messages)


def test_a_run_over_a_line_that_errs(pins):
    line = FaultyDevice(pins, Faults(1), Faults(2))
    assert right(run(line))
    assert sum(line.down.counts.values()) > 20
    assert sum(line.up.counts.values()) > 20


def test_a_chip_of_any_other_size_is_named(pins):
    own = PROGRAM.config.digest
    for name in ("small", "medium", "large"):
        other = preset(name)
        with pytest.raises(SpikeplaneError) as error:
            Channel(pins, other).identify()
        assert (
            str(error.value)
            == f"the program is for chip {other.digest}, the device is chip {own}; compile it for that"
        )
    assert right(run(pins))


@pytest.mark.parametrize("count", [20_000, pytest.param(10_000_000, marks=pytest.mark.slow)])
def test_random_bytes_at_any_rate_never_stop_the_board(pins, count):
    """Bit by bit at the pins, each portion at a rate of its own, most at the fastest; runs in
    between are right. Ten million take ten minutes."""
    rng = np.random.default_rng(2)
    rate, portions = pins.baud, count // 1000
    for portion in range(portions):
        pins.baud = rate * (1.2 if rng.random() < 0.7 else float(rng.uniform(0.5, 1.2)))
        data = np.frombuffer(rng.bytes(1000), dtype=np.uint8).copy()
        data[rng.random(len(data)) < 0.05] = 0x7E
        pins.exchange(data.tobytes())
        pins.run(b"", int(rng.integers(0, 400)))
        if portion % (portions // 10) == portions // 10 - 1:
            pins.baud = rate
            assert right(run(pins))


@pytest.mark.slow
def test_ten_million_random_bytes_never_stop_the_chip():
    """The whole chip behind its byte port, where ten million bytes pass in seconds."""
    from spikeplane_sim.board import SimulatedBoard

    rng = np.random.default_rng(3)
    with SimulatedBoard(PROGRAM.config) as board:
        for _ in range(200):
            data = np.frombuffer(rng.bytes(50_000), dtype=np.uint8).copy()
            data[rng.random(len(data)) < 0.02] = 0x7E
            board.exchange(data.tobytes())
        assert right(run(board))
