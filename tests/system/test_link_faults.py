"""Both ends of the link, host and gateware (Verilator), over a line that errs: every packet once,
in order, unharmed; or a plain end."""

import time
from collections.abc import Callable

import numpy as np
import pytest

from spikeplane.config import ChipConfig
from spikeplane.errors import SpikeplaneError
from spikeplane.formats.frame import FLAG, SLOTS, FrameKind, frame_payload
from spikeplane.formats.packet import packet_format
from spikeplane.host.frames import Frame, encode
from spikeplane.host.link import Link
from spikeplane_sim.board.faults import BURST, Fault, Faults, FaultyDevice
from spikeplane_sim.board.link import LinkBoard

CONFIG = ChipConfig(rows=1, cols=1, lanes=8)
FORM = packet_format(CONFIG)
PER_FRAME = frame_payload(FORM) // FORM.size


def numbers(seed: int, count: int) -> np.ndarray:
    """Random packets as integers."""
    return np.random.default_rng(seed).integers(0, 1 << FORM.width, count, dtype=np.uint64)


def rows(packets: np.ndarray) -> np.ndarray:
    """The same as the host's bytes (n, size)."""
    return packets.view(np.uint8).reshape(-1, 8)[:, : FORM.size].copy()


def integers(data: np.ndarray) -> np.ndarray:
    """The inverse of `rows`."""
    wide = np.zeros((len(data), 8), dtype=np.uint8)
    wide[:, : FORM.size] = data
    return wide.view(np.uint64).ravel()


def converse(
    board: LinkBoard, host: Link, down: np.ndarray, up: np.ndarray, portion: int = 200
) -> tuple[np.ndarray, np.ndarray]:
    """What arrives at each end when the host sends `down` in portions while the chip sends `up`,
    and for a while after that."""
    got = [host.exchange_packets()]
    board.feed(up)
    data, taken = rows(down), []
    for first in range(0, len(data), portion):
        got.append(host.exchange_packets(data[first : first + portion]))
        taken.append(board.taken())
    host.flush()
    while sum(map(len, got)) < len(up):
        got.append(host.exchange_packets())
    for _ in range(20):  # nothing may come twice
        board.exchange(b"")
        got.append(host.exchange_packets())
    return np.concatenate([*taken, board.taken()]), integers(np.concatenate(got))


def exchanged(count: int, seed: int, rate: float) -> FaultyDevice:
    """`count` packets each way arrive over a line with faults; returns it."""
    with LinkBoard(CONFIG) as board:
        line = FaultyDevice(board, Faults(seed, rate), Faults(seed + 1, rate))
        host = Link(line, FORM)
        down, up = numbers(seed, count), numbers(seed + 1, count)
        taken, got = converse(board, host, down, up)
        assert np.array_equal(taken, down)
        assert np.array_equal(got, up)
        assert (host.resent > 0) == (host.errors > 0) == (board.errors > 0) == (rate > 0)
    return line


@pytest.mark.parametrize("rate", [0, 1e-4, 1e-3])
def test_ten_thousand_packets_each_way(rate):
    line = exchanged(10_000, 3, rate)
    assert (set(line.down.counts) == set(line.up.counts) == set(Fault)) == (rate > 0)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(5, 15, 2))
def test_a_hundred_thousand_packets_each_way(seed):
    line = exchanged(100_000, seed, 1e-3)
    assert min(min(side.counts.values()) for side in (line.down, line.up)) > 1000


@pytest.mark.parametrize("kind", Fault)
def test_each_fault_alone(kind):
    """What it does to bytes, and that the link gets over it."""
    faults = Faults(1, 1e-2, (kind,))
    data = np.random.default_rng(0).bytes(5000)
    out = faults.hurt(data)
    late = len(faults._held)
    for _ in range(3):
        out += faults.hurt(b"")
    count = faults.counts[kind]
    assert count
    if kind == Fault.FLIP:
        changed = [a ^ b for a, b in zip(data, out, strict=True) if a != b]
        assert len(changed) == count
        assert {value.bit_count() for value in changed} == {1}
    elif kind == Fault.DELAY:
        assert (out, late > 0) == (data, True)
    elif kind == Fault.BURST:
        assert len(data) <= len(out) <= len(data) + BURST
    else:
        assert len(out) - len(data) == {Fault.DROP: -count, Fault.DOUBLE: count}.get(
            kind, len(out) - len(data)
        )
        assert len(out) != len(data)
    with LinkBoard(CONFIG) as board:
        host = Link(FaultyDevice(board, Faults(2, 2e-3, (kind,)), Faults(3, 2e-3, (kind,))), FORM)
        taken, got = converse(board, host, numbers(4, 2000), numbers(5, 2000))
        assert np.array_equal(taken, numbers(4, 2000))
        assert np.array_equal(got, numbers(5, 2000))


@pytest.mark.parametrize(
    ("down", "up"), [(20_000, 0), (0, 20_000), (20_000, 20_000), (20_000, 300), (300, 20_000)]
)
@pytest.mark.parametrize(("pace", "gives", "takes"), [(1, 1, 1), (10, 1, 1), (3, 0.01, 1), (3, 1, 0.01)])
def test_no_mix_of_both_directions_stops(down, up, pace, gives, takes):
    count = 20 if min(gives, takes) < 1 else 1
    with LinkBoard(CONFIG, pace=pace, gives=gives, takes=takes) as board:
        host = Link(board, FORM)
        sent, fed = numbers(1, down // count), numbers(2, up // count)
        taken, got = converse(board, host, sent, fed)
        assert np.array_equal(taken, sent)
        assert np.array_equal(got, fed)
        assert host.resent == 0


def test_zeros_after_frames_deliver_nothing():
    """120,000 packets in frames, before each of them one of other packets with zeros behind its
    CRC, and zeros behind every flag: the chip takes what was sent whole."""
    rng, sent, never = np.random.default_rng(6), numbers(7, 120_000), numbers(8, 120_000)
    with LinkBoard(CONFIG) as board:
        Link(board, FORM).exchange_packets()  # opens: the next sequence number is 0
        taken, errors = [], board.errors
        for sequence, first in enumerate(range(0, len(sent), PER_FRAME)):
            whole, hurt = (
                encode(
                    Frame(
                        FrameKind.DATA,
                        sequence % 16,
                        payload=rows(packets[first : first + PER_FRAME]).tobytes(),
                    )
                )
                for packets in (sent, never)
            )
            inside, behind = (bytes(int(n)) for n in rng.integers(1, 200, 2))
            board.exchange(hurt[:-1] + inside + hurt[-1:] + behind + whole + behind)
            taken.append(board.taken())
        board.exchange(bytes([FLAG]) * 600)
        assert np.array_equal(np.concatenate([*taken, board.taken()]), sent)
        assert board.errors - errors == 3 * len(taken)  # the frame, and what stood between two frames


def test_a_line_that_dies_is_given_up():
    with LinkBoard(CONFIG) as board:
        line = FaultyDevice(board, Faults(1, 0), Faults(2, 0))
        host = Link(line, FORM, alive=1.5)
        host.exchange_packets(rows(numbers(1, 1000)))
        line.dead, begun = True, time.monotonic()
        with pytest.raises(SpikeplaneError) as error:
            host.exchange_packets(rows(numbers(2, 1000)))
        assert (
            str(error.value) == "the device does not answer: no frame for 1.5 seconds; check power and port"
        )
        assert time.monotonic() - begun > 1.5
        line.dead = False
        taken, got = converse(board, Link(line, FORM), numbers(3, 500), numbers(4, 500))
        assert np.array_equal(taken[-500:], numbers(3, 500))
        assert np.array_equal(got, numbers(4, 500))


def test_a_line_that_lets_no_long_frame_through_is_given_up():
    with LinkBoard(CONFIG) as board:
        line = FaultyDevice(board, Faults(1, 0), Faults(2, 0))
        host = Link(line, FORM, lost=1.0)
        host.exchange_packets(rows(numbers(1, 1)))
        host.flush()
        line.down = Faults(3, 0.05, (Fault.FLIP,))
        with pytest.raises(SpikeplaneError) as error:
            host.exchange_packets(rows(numbers(2, 10 * PER_FRAME * SLOTS)))
        assert (
            str(error.value)
            == "the line to the device loses every frame; check the cable, or take a lower rate"
        )


class Bad(FaultyDevice):
    """A line with spells of `seconds` in which it wipes out what `hits` says of the host's bytes,
    or (None) everything both ways."""

    until, hits, spells, swallowed = 0.0, None, 0, 0

    def spell(self, seconds: float, hits: Callable[[bytes], bool] | None) -> None:
        self.until, self.hits, self.spells = time.monotonic() + seconds, hits, self.spells + 1

    def exchange(self, data: bytes) -> bytes:
        """See Device."""
        bad = time.monotonic() < self.until
        if bad and (self.hits is None or self.hits(data)):
            self.swallowed += 1
            time.sleep(0.001)
            return b""
        return super().exchange(data)


def test_a_line_that_comes_back_in_time_is_not_given_up():
    """Silence for less than `alive`, and one frame lost many hundred times while polls pass: the
    link goes on and nothing is missing."""
    with LinkBoard(CONFIG) as board:
        line = Bad(board, Faults(1, 0), Faults(2, 0))
        host = Link(line, FORM, alive=4.0)
        got, data, sent = [host.exchange_packets()], numbers(2, 3000), 0
        board.feed(numbers(5, 300))
        for hits in (None, lambda data: len(data) > 60):
            host.flush()
            line.spell(1.0, hits)
            got.append(host.exchange_packets(rows(data[sent : sent + 1500])))
            host.flush()
            sent += 1500
        assert line.spells == 2
        assert line.swallowed > 200
        taken, more = converse(board, host, numbers(3, 500), np.zeros(0, np.uint64))
        assert np.array_equal(taken, np.concatenate([data, numbers(3, 500)]))
        assert len(np.concatenate([*map(integers, got), more])) == 300


def test_one_flip_in_a_hundred_bytes():
    """Of the longest frames one in thirteen arrives; all packets do, once and in order, both ways."""
    with LinkBoard(CONFIG) as board:
        line = FaultyDevice(board, Faults(3, 1e-2, (Fault.FLIP,)), Faults(4, 1e-2, (Fault.FLIP,)))
        host = Link(line, FORM)
        taken, got = converse(board, host, numbers(1, 4000), numbers(2, 4000))
        assert np.array_equal(taken, numbers(1, 4000))
        assert np.array_equal(got, numbers(2, 4000))
        assert min(board.errors, host.errors) > 500


def test_a_line_of_noise_is_given_up():
    """Bytes alone are no sign of life."""
    with LinkBoard(CONFIG) as board:
        line = FaultyDevice(board, Faults(1, 0), Faults(2, 0))
        host = Link(line, FORM, alive=1.0)
        host.exchange_packets()
        line.up = Faults(3, 0.3, (Fault.FLIP,))
        board.feed(numbers(1, 100_000))
        host.exchange_packets(rows(numbers(2, 100)))
        with pytest.raises(SpikeplaneError) as error:
            host.flush()
        assert str(error.value) == (
            "the line to the device damages every frame: none has come whole for 1 seconds; check "
            "the cable, or take a lower rate"
        )


@pytest.mark.parametrize("noise", [0, 1e-3])
def test_hosts_and_devices_come_and_go(noise):
    """A host that vanishes in the middle of a frame, and a reset of the device: whoever comes next
    finds a link in order."""
    with LinkBoard(CONFIG) as board:
        line = FaultyDevice(board, Faults(7, noise), Faults(8, noise))
        for turn in range(10):
            host = Link(line, FORM)
            host.exchange_packets()
            board.taken()
            sent, fed = numbers(turn, 500), numbers(turn + 99, 500)
            taken, got = converse(board, host, sent, fed)
            assert np.array_equal(taken, sent)
            assert np.array_equal(got[-500:], fed)
            board.feed(numbers(1, 50))
            host.exchange_packets(rows(numbers(2, 500)))
            line.exchange(bytes(np.random.default_rng(turn).bytes(turn * 7)))
            if turn % 2:
                board.reset()
            while board.waiting:  # what the chip still wanted to say is gone with the next opening
                Link(line, FORM).exchange_packets()


@pytest.mark.parametrize("count", [100_000, pytest.param(10_000_000, marks=pytest.mark.slow)])
def test_random_bytes_never_stop_the_link(count):
    rng = np.random.default_rng(1)
    with LinkBoard(CONFIG) as board:
        for _ in range(count // 50_000):
            data = np.frombuffer(rng.bytes(50_000), dtype=np.uint8).copy()
            data[rng.random(len(data)) < 0.02] = 0x7E
            board.exchange(data.tobytes())
        board.taken()
        begun = time.monotonic()
        taken, got = converse(board, Link(board, FORM), numbers(3, 2000), numbers(4, 2000))
        assert np.array_equal(taken, numbers(3, 2000))
        assert np.array_equal(got, numbers(4, 2000))
        assert time.monotonic() - begun < 5
