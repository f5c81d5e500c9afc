"""The UART alone, at its pins: it finds the rate of the other end by itself, at any clock, and
garbage does not lead it astray."""

from pathlib import Path

import numpy as np
import pytest

from spikeplane_gateware.verilog.convert import convert
from spikeplane_hw.echo import EchoTop
from spikeplane_hw.names import TOP_MODULE
from spikeplane_sim.board.build import build_pins
from spikeplane_sim.board.pins import PinBoard

CLOCKS = (25e6, 48e6, 80e6, 100e6)
BAUDS = (115_200, 1e6, 2e6, 3e6)
FLAG = b"\x7e"


@pytest.fixture(scope="module")
def library() -> Path:
    return build_pins(convert(EchoTop(max(CLOCKS)), TOP_MODULE))


def idle(board: PinBoard, bits: float = 12) -> bytes:
    """What comes while the line rests."""
    return board.run(b"", int(bits * board.clock_hz / board.baud) + 1)[0]


def learn(board: PinBoard) -> None:
    """Flags between pauses, as the host sends them when it opens the port."""
    for _ in range(3):
        idle(board)
        board.exchange(FLAG)
    idle(board, 40)


def echo(board: PinBoard, data: bytes) -> bytes:
    """What comes back for `data`, sent without a pause."""
    return board.exchange(data) + idle(board, 200)


@pytest.mark.parametrize("clock", CLOCKS)
@pytest.mark.parametrize("baud", BAUDS)
def test_every_rate_at_every_clock(library, clock, baud):
    """The other end's clock is off by up to 2 %; one board meets all rates, one after the other."""
    data = np.random.default_rng(0).bytes(150) + bytes(20) + b"\xff" * 20 + b"\x7e\x7d\x55\xaa"
    with PinBoard(library, clock_hz=clock) as board:
        for error in (0, -0.02, 0.02, 0.0033, -0.0071):
            board.baud = baud * (1 + error)
            learn(board)
            assert echo(board, data) == data, error
        assert board.framing_errors == 0


def test_from_any_rate_to_any_other(library):
    with PinBoard(library, clock_hz=48e6) as board:
        for before in BAUDS:
            for after in BAUDS:
                for baud in (before, after):
                    board.baud = baud
                    learn(board)
                    assert echo(board, b"0123~") == b"0123~", (before, after, baud)


def test_it_is_silent_until_it_knows_the_rate(library):
    with PinBoard(library, clock_hz=25e6, baud=1e6) as board:
        assert echo(board, b"\x00\x55\xff\x0f") == b""
        idle(board)
        assert echo(board, FLAG) == FLAG  # the first flag is enough, and is not lost itself
        assert echo(board, b"\x00\x55\xff\x0f") == b"\x00\x55\xff\x0f"


def test_no_byte_between_pauses_changes_the_rate(library):
    """Every pair of bytes with an edge where a FLAG has one, after a pause: the next byte is still
    understood."""
    with PinBoard(library, clock_hz=25e6, baud=3e6) as board:
        learn(board)
        for first in range(256):
            for second in (0x00, 0x01, 0x55, 0x7F, 0xFE, 0xFF):
                idle(board)
                pair = bytes([first, second, 0x5A])
                assert echo(board, pair) == pair, pair.hex()


@pytest.mark.parametrize("baud", [115_200, 3e6])
def test_after_any_garbage_two_flags_are_enough(library, baud):
    """Bytes at other rates and spikes on the line, then the host's opening."""
    rng = np.random.default_rng(0)
    with PinBoard(library, clock_hz=48e6) as board:
        for _ in range(20):
            board.baud = float(rng.uniform(9600, 6e6))
            for _ in range(20):
                board.exchange(rng.bytes(int(rng.integers(1, 40))))
                idle(board, float(rng.uniform(0, 30)))
            board.baud = baud
            learn(board)
            assert echo(board, b"Spike~plane") == b"Spike~plane"


def test_the_line_is_used_without_gaps(library):
    """A byte takes ten bits of the line, both ways."""
    with PinBoard(library, clock_hz=80e6, baud=3e6) as board:
        learn(board)
        data = np.random.default_rng(0).bytes(1000)
        before = board.bit_times
        got = board.exchange(data)
        assert 10_000 <= board.bit_times - before < 10_002
        assert len(got) >= 995
