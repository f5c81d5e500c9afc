"""Memories of a chip of 2 x 2 cores read back: each has what was written, in simulation and on a board
behind a pseudo-terminal; a running core is not read, and not disturbed by the question."""

import random
import re
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from served import call, patient, planes, program, served

from spikeplane import Program, SpikeplaneError
from spikeplane.config import ChipConfig, preset
from spikeplane.formats.packet import READ_WORDS, Control, Counter, Kind
from spikeplane.formats.tables import AnyMemory, Memory, core_tables
from spikeplane.host.channel import rect_fields
from spikeplane.host.device import Device
from spikeplane.host.driver import Driver
from spikeplane.host.packets import pack_many
from spikeplane.host.serial import SerialDevice
from spikeplane.run.board import DeviceBoard
from spikeplane.run.boards import open_board
from spikeplane_sim.board import SimulatedBoard
from spikeplane_sim.golden.board import GoldenBoard

pytestmark = pytest.mark.cosim
CHIP = preset("small")
CORES = [(x, y) for y in range(CHIP.rows) for x in range(CHIP.cols)]


@pytest.fixture(scope="module")
def net() -> Program:
    return program(chip="small", hidden=128)


def driver_of(net: Program, device: Device) -> Driver:
    return Driver(device, net.config, net.network, net.placement, net.image)


def random_words(config: ChipConfig, memory: Memory, rng: random.Random, most: int) -> list[int]:
    """For the first addresses of a memory: up to `most` words that use all of its bits."""
    tables = core_tables(config)
    return [rng.getrandbits(tables.width(memory)) for _ in range(min(most, tables.depth(memory)))]


def all_come_back(driver: Driver, cores: list[tuple[int, int]], most: int) -> None:
    """Words of their own into every memory of every core; then all of them read, and parts of them."""
    rng, config = random.Random(most), driver.config
    driver.control(Control.STOP)
    words = {(core, memory): random_words(config, memory, rng, most) for core in cores for memory in Memory}
    for (core, memory), values in words.items():
        packets = [(memory, address, value) for address, value in enumerate(values)]
        driver.exchange(driver.write_packets(core, packets))
    for (core, memory), values in rng.sample(list(words.items()), k=len(words)):
        assert driver.read(core, memory, 0, len(values)) == values, (core, memory)
        first = rng.randrange(len(values))
        count = rng.randrange(len(values) - first + 1)
        assert driver.read(core, memory, first, count) == values[first : first + count]


def test_every_memory_of_every_core(net: Program) -> None:
    most = 2 * READ_WORDS + 3  # more than one READ asks for
    with SimulatedBoard(CHIP) as device:
        all_come_back(driver_of(net, device), CORES, most)
    depths = [core_tables(CHIP).depth(memory) for memory in Memory]
    assert max(depths) > most > min(depths)


def test_the_last_word_of_every_memory(net: Program) -> None:
    with SimulatedBoard(CHIP) as device:
        driver = driver_of(net, device)
        for number, memory in enumerate(Memory):
            last = core_tables(CHIP).depth(memory) - 1
            driver.exchange(driver.write_packets((1, 0), [(memory, last, number + 1)]))
            assert driver.read((1, 0), memory, last, 1) == [number + 1]


def test_loading_with_verify(net: Program) -> None:
    with DeviceBoard(SimulatedBoard(CHIP), net, verify=True) as board:
        outputs = board.run({"in": planes(2)})
    expected = GoldenBoard(net).run({"in": planes(2)})
    assert all(np.array_equal(outputs[name], values) for name, values in expected.items())


class Careless(Driver):
    """Writes one bit of one word wrongly."""

    wrong: tuple[tuple[int, int], int]  #: the core, and which of its words

    def write_packets(self, core: tuple[int, int], words: Sequence[tuple[AnyMemory, int, int]]) -> np.ndarray:
        words = list(words)
        if core == self.wrong[0]:
            memory, address, word = words[self.wrong[1]]
            words[self.wrong[1]] = memory, address, word ^ 1
        return super().write_packets(core, words)


def test_a_word_that_differs_is_named(net: Program) -> None:
    rng = random.Random(4)
    with SimulatedBoard(CHIP) as device:
        driver = Careless(device, net.config, net.network, net.placement, net.image)
        for core, words in net.image.words.items():
            place = rng.randrange(len(words))
            driver.wrong, (memory, address, word) = (core, place), words[place]
            driver.load()  # without a word
            with pytest.raises(SpikeplaneError) as refused:
                driver.load(verify=True)
            assert str(refused.value) == (
                f"memory {memory.name.lower()} of core {core} holds {word ^ 1:#x} at address {address}, "
                f"{word:#x} was written; load the program again"
            )


def test_a_running_core_is_not_read_and_not_disturbed(net: Program) -> None:
    expected = GoldenBoard(net).run({"in": planes(3)})
    used = next(iter(net.image.used))
    with SimulatedBoard(CHIP) as device:
        driver = driver_of(net, device)
        driver.load()
        collector = driver.start()
        asks = [
            pack_many(driver.form, Kind.READ, 1, {**fields, **rect_fields(driver._all)})
            for fields in ({"seek": 1, "data": int(Memory.POPULATION)}, {"data": 5})
        ]
        for packets in driver._ahead({"in": planes(3)}, 3, net.encoding.steps):
            for ask in asks:
                driver.exchange(ask)
            driver.exchange(packets)
        outputs = driver.collect(collector, 3, net.encoding.steps)
        assert all(np.array_equal(outputs[name], values) for name, values in expected.items())
        assert driver.query(Counter.FLAGS, used) == 0b1001
        with pytest.raises(SpikeplaneError) as refused:
            driver.read(used, Memory.ROW, 0, 1)
        assert str(refused.value) == f"core {used} is running; stop it before its memories are read"
        driver.stop()
        words = [
            word for memory, address, word in net.image.words[used] if (memory, address) == (Memory.ROW, 0)
        ]
        assert driver.read(used, Memory.ROW, 0, 1) == words
        assert driver.query(Counter.FLAGS, used) == 0b1000


def test_reading_does_not_move_the_end_of_a_run(net: Program) -> None:
    with SimulatedBoard(CHIP) as device:
        driver = driver_of(net, device)
        driver.load()
        driver.run({"in": planes(1)})
        ended = driver.query(Counter.RUN_ENDED)
        driver.stop()
        driver.read((0, 0), Memory.WEIGHT, 0, 4)
        assert driver.query(Counter.RUN_ENDED) == ended


@pytest.mark.parametrize(
    ("core", "memory", "first", "count", "message"),
    [
        ((2, 0), Memory.ROW, 0, 1, "there is no core (2, 0): columns are 0 to 1, rows 0 to 1"),
        ((0, -1), Memory.ROW, 0, 1, "there is no core (0, -1): columns are 0 to 1, rows 0 to 1"),
        ((0, 0), Memory.ROW, 255, 2, "memory row of core (0, 0) has addresses 0 to 255; asked for 2 words from 255 on"),
        ((0, 0), Memory.ROW, -1, 1, "memory row of core (0, 0) has addresses 0 to 255; asked for 1 words from -1 on"),
        ((0, 0), Memory.ROW, 0, -1, "memory row of core (0, 0) has addresses 0 to 255; asked for -1 words from 0 on"),
    ],
)  # fmt: skip
def test_what_is_not_there(net: Program, core, memory, first, count, message) -> None:
    with SimulatedBoard(CHIP) as device, pytest.raises(SpikeplaneError) as refused:
        driver_of(net, device).read(core, memory, first, count)
    assert str(refused.value) == message


def test_the_golden_model_has_nothing_to_read(net: Program) -> None:
    with open_board("golden", net, verify=True) as board:
        assert board.run({"in": planes(1)})


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="pseudo-terminals of Linux")
@pytest.mark.parametrize("chip", ["tiny", pytest.param("small", marks=pytest.mark.slow)])
def test_through_the_pseudo_terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chip: str) -> None:
    patient(monkeypatch, 24)
    net, cores = program(chip=chip), CORES if chip == "small" else [(0, 0)]
    net.save(tmp_path / "net.spk")
    np.save(tmp_path / "planes.npy", planes(2))
    with served(str(tmp_path / "net.spk")) as port:
        with SerialDevice(port) as device:
            all_come_back(driver_of(net, device), cores, 9)
        run = ["--input", tmp_path / "planes.npy", "--board", port, "--lockstep", "--verify"]
        status, out, err, _ = call("run", tmp_path / "net.spk", *run)
    assert (status, err) == (0, "")
    assert re.search(r"0 mismatches over \d+ spikes", out)
