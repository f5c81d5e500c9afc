"""`spikeplane export`: the driver in C gets the golden model's spikes over a line that errs, and refuses other
chips; the load stream and the memory files are what a chip then holds."""

import re
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from chips import probes
from exported import built, example, outputs, port_of, program_of
from networks import random_network
from served import call, planes, program, served
from test_random import CHIPS

from spikeplane import Encoding
from spikeplane import compile as compile_model
from spikeplane.compiler.fit import try_fit
from spikeplane.config import PRESETS, ChipConfig
from spikeplane.errors import SpikeplaneError
from spikeplane.export.write import export
from spikeplane.float_network import FloatNetwork, FloatNeuron, FloatPopulation, FloatProjection
from spikeplane.formats.structure import SHARED_LANES
from spikeplane.formats.tables import Memory, core_tables
from spikeplane.host.driver import Driver
from spikeplane.host.memories import read_words
from spikeplane.network import LEVELS
from spikeplane_sim.board import SimulatedBoard
from spikeplane_sim.board.faults import Faults, FaultyDevice
from spikeplane_sim.board.link import LinkBoard
from spikeplane_sim.cache import cache_folder
from spikeplane_sim.demo import digits
from spikeplane_sim.golden import GoldenModel
from spikeplane_sim.golden.board import GoldenBoard

pytestmark = [
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="pseudo-terminals of Linux"),
    pytest.mark.skipif(shutil.which("make") is None or shutil.which("cc") is None, reason="no C compiler"),
]
SAMPLES = 12


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return built(program(), tmp_path_factory.mktemp("export") / "net", planes(SAMPLES))


def golden(of, samples):
    return GoldenBoard(of).run(of.planes(samples))


@pytest.mark.parametrize("rate", [0, 2e-4, 1e-3])
def test_the_driver_gets_the_golden_models_spikes(folder, rate):
    """Over a sound line, and one that drops, doubles, flips, delays and cuts bytes both ways."""
    of = program()
    with SimulatedBoard(of.config) as board:
        line = FaultyDevice(board, Faults(5, rate), Faults(6, rate))
        with port_of(line) as port:
            done = example(folder, port, "-v")
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    expected = golden(of, planes(SAMPLES))
    found = outputs(of, done.stdout, SAMPLES)
    assert set(found) == set(expected) == {"hidden", "out"}
    for name, values in expected.items():
        assert np.array_equal(found[name], values), name
    assert sum(int(values.sum()) for values in expected.values()) > 300
    scores = [
        [int(n) for n in line.split("scores ")[1].split()] for line in re.findall("sample .*", done.stdout)
    ]
    assert np.array_equal(scores, of.scores(expected))
    if rate:
        assert sum(line.down.counts.values()) > 0
        assert sum(line.up.counts.values()) > 0


def test_a_program_at_the_pins_of_a_board(folder, tmp_path):
    program().save(tmp_path / "net.spk")
    with served(str(tmp_path / "net.spk"), "--noise", "1e-4") as port:
        done = example(folder, port, "-v", "-n", "4", "-b", "1000000")
    assert (done.returncode, done.stderr) == (0, "")
    found = outputs(program(), done.stdout, 4)
    expected = golden(program(), planes(4))
    assert all(np.array_equal(found[name], values) for name, values in expected.items())


@pytest.mark.slow
@pytest.mark.parametrize(
    ("count", "noise"), [(10, ()), (3, ("--noise", "1e-4"))], ids=["sound line", "noise on the line"]
)
def test_digits_at_the_pins_of_a_board(tmp_path, count, noise):
    """The demo's network on its chip of 2 x 2 cores."""
    data = digits.load()
    of = compile_model(
        digits.trained(data, cache_folder()),
        chip="small",
        input_shape=(1, 8, 8),
        name="digits",
        encoding=Encoding(kind="direct", steps=digits.STEPS),
        calibration=data.train_images[:256],
        labels=data.train_labels[:256],
    )
    of.save(tmp_path / "digits.spk")
    images = data.test_images[:count]
    made = built(of, tmp_path / "out", images)
    with served(str(tmp_path / "digits.spk"), *noise) as port:
        done = example(made, port, "-v")
    assert (done.returncode, done.stderr) == (0, "")
    if noise:  # on a busy machine frames of a sound line come late, and are sent again too
        assert int(done.stdout.split()[-4]) > 0, "frames sent again"
    found, expected = outputs(of, done.stdout, count), golden(of, images)
    assert all(np.array_equal(found[name], expected[name]) for name in of.probes)
    assert sum(int(np.count_nonzero(values)) for values in expected.values()) > 500 * count


@pytest.mark.parametrize("seed", [1, pytest.param(range(2, 14), marks=pytest.mark.slow)])
def test_random_networks_on_a_mesh(tmp_path, seed):
    """Several inputs, values, signs, currents that are held, recurrence, parts on many cores."""
    config, ran = CHIPS["mesh"], 0
    with SimulatedBoard(config) as board, port_of(board) as port:
        for number in [seed] if isinstance(seed, int) else seed:
            network, inputs = random_network(number, config)
            try:
                placement, _ = try_fit(network, config, probes(network))
            except SpikeplaneError:
                continue
            of = program_of(network, placement, config, probes(network))
            count = len(next(iter(inputs.values())))
            samples = inputs if len(inputs) > 1 else next(iter(inputs.values()))
            done = example(built(of, tmp_path / str(number), samples), port, "-v")
            assert (done.returncode, done.stderr) == (0, ""), number
            model = GoldenModel(network, membrane_bits=config.membrane_bits, acc_bits=config.acc_bits)
            expected = model.run(inputs)
            found = outputs(of, done.stdout, count)
            for name in of.probes:
                assert np.array_equal(found[name], expected[name]), (number, name)
            ran += 1
    assert ran >= (1 if isinstance(seed, int) else 6)


@pytest.mark.slow
def test_integer_spikes(tmp_path):
    """0 to 4 from a hidden layer, 0 to 3 at the end: the driver counts them as the golden model does."""
    rng, images = np.random.default_rng(1), planes(4)
    shape = images.shape[2:]

    def layer(name, channels, top):
        neuron = FloatNeuron(threshold=np.full(channels, 0.3), reset="soft", kind=LEVELS[top])
        return FloatPopulation(name=name, shape=(channels, 1, 1), neuron=neuron)

    def dense(source, target, *size):
        return FloatProjection(source=source, target=target, weight=rng.normal(0.1, 0.3, size))

    net = FloatNetwork(
        populations=(FloatPopulation(name="in", shape=shape), layer("hidden", 12, 4), layer("out", 5, 3)),
        projections=(dense("in", "hidden", 12, *shape), dense("hidden", "out", 5, 12, 1, 1)),
        output="out",
    )
    encoding = Encoding(kind="planes", steps=images.shape[1])
    of = compile_model(net, chip=replace(PRESETS["tiny"], levels=True), encoding=encoding, progress=False)
    with SimulatedBoard(of.config) as board, port_of(board) as port:
        done = example(built(of, tmp_path / "out", images), port, "-v")
    assert (done.returncode, done.stderr) == (0, "")
    expected, found = golden(of, images), outputs(of, done.stdout, 4)
    assert {name: int(values.max()) for name, values in expected.items()} == {"hidden": 4, "out": 3}
    assert all(np.array_equal(found[name], values) for name, values in expected.items())
    scores = [
        [int(n) for n in line.split("scores ")[1].split()]
        for line in done.stdout.splitlines()
        if "scores" in line
    ]
    assert np.array_equal(scores, of.scores(expected))


def test_another_chip_is_refused(folder, tmp_path):
    """Of the same packets, and of packets of another size."""
    for config, message in (
        (
            replace(PRESETS["tiny"], egress_depth=32),
            f"the program is for chip {PRESETS['tiny'].digest}, the device at PORT is chip DIGEST; compile the "
            "program for that",
        ),
        (
            PRESETS["small"],
            "PORT: the chip takes no frame: it is another chip, whose packets have another size, or the line "
            "loses every frame",
        ),
    ):
        with SimulatedBoard(config) as board, port_of(board) as port:
            done = example(folder, port)
        assert done.stderr == f"error: {message.replace('PORT', port).replace('DIGEST', config.digest)}\n"
        assert (done.returncode, done.stdout) == (2, "")


def test_a_chip_that_takes_frames_and_answers_no_question(folder):
    """As one does whose packets are of the same size, and have other fields."""
    with LinkBoard(ChipConfig(rows=1, cols=1, lanes=8)) as board, port_of(board) as port:
        done = example(folder, port, "-w", "1")
    assert done.stderr == (
        f"error: the program is for chip {PRESETS['tiny'].digest}, the device at {port} is another; compile the "
        "program for that\n"
    )
    assert done.returncode == 2


def test_ports_and_files_that_are_none(folder):
    with SimulatedBoard(PRESETS["tiny"]) as board, port_of(board) as port:
        assert example(folder, "/dev/null").stderr == "error: /dev/null is no serial port\n"
        assert (
            example(folder, "/dev/none").stderr == "error: cannot open /dev/none: No such file or directory\n"
        )
        assert example(folder, port, "-b", "17").stderr == (
            "error: 17 baud is no rate of a serial port here; take 3000000, 1000000 or 115200\n"
        )
        samples = folder / "samples.bin"
        sound = samples.read_bytes()
        samples.write_bytes(sound[:-1])
        done = example(folder, port)
        samples.write_bytes(sound)
    assert done.stderr == "error: the samples end in mid-sample: a sample takes 64 bytes\n"
    assert done.returncode == 2


def words_of(path: Path) -> list[int]:
    """What $readmemh reads."""
    return [int(line, 16) for line in path.read_text().splitlines() if not line.startswith("//")]


def test_the_frames_load_a_chip_and_memory_files_say_what_it_holds(folder):
    """A line without a driver: the bytes of load.frames, one behind the other."""
    of = program()
    tables, config = core_tables(of.config), of.config
    with SimulatedBoard(config) as board:
        board.exchange((folder / "load.frames").read_bytes())
        board.alone(1000)  # the last frame's words
        driver = Driver(board, config, of.network, of.placement, of.image)
        total = 0
        for memory in Memory:
            words = words_of(folder / "mem" / f"core_0_0_{memory.name.lower()}.mem")
            assert read_words(driver, (0, 0), memory, 0, len(words)) == words, memory
            assert max(words, default=0) < 1 << tables.width(memory)
            total += len(words)
    assert total == len(of.image.words[0, 0]) > 100
    width = SHARED_LANES * config.weight_bits
    slices = [
        words_of(folder / "mem" / f"core_0_0_weights_{n}.mem") for n in range(config.lanes // SHARED_LANES)
    ]
    joined = [sum(part << n * width for n, part in enumerate(parts)) for parts in zip(*slices, strict=True)]
    assert joined == words_of(folder / "mem" / "core_0_0_weight.mem")


def test_the_list_is_the_packets(folder):
    lines = (folder / "load.txt").read_text().splitlines()
    assert lines[0] == "frame 0: RESET sequence 0, 0 bytes of packets"
    assert lines[2].endswith("CONTROL cores (0,0)..(0,0) STOP 0")
    assert lines[3].endswith("CONTROL bridge STOP 0")
    assert lines[4].endswith("WRITE cores (0,0)..(0,0) at WEIGHT 0")
    assert lines[-1].endswith("CONTROL bridge CREDITS 1")
    size = len(lines[2].split()[0]) // 2
    packets = b"".join(
        int(line.split()[0], 16).to_bytes(size, "little") for line in lines if line.startswith("  ")
    )
    assert packets == (folder / "load.packets").read_bytes()


def test_the_command(tmp_path):
    program().save(tmp_path / "net.spk")
    np.save(tmp_path / "planes.npy", planes(3))
    status, told, err, _ = call(
        "export", tmp_path / "net.spk", "-o", tmp_path / "out", "-i", tmp_path / "planes.npy", "-n", 2
    )
    assert (status, err) == (0, "")
    assert told.splitlines()[-2:] == [
        "in it: ./spikeplane_example /dev/ttyUSB0 load.bin samples.bin",
        f"next: make -C {tmp_path / 'out'}",
    ]
    assert (tmp_path / "out" / "samples.bin").read_bytes() == planes(2).tobytes()
    assert "$" not in (tmp_path / "out" / "README.md").read_text().replace("$readmemh", "")
    for options, message in (
        (["-n", 2], "--samples is how many of --input; give --input DATA"),
        (["-i", tmp_path / "planes.npy", "-n", 0], "--samples must be 1 or more, not 0"),
        (
            ["-i", tmp_path / "planes.npy", "-n", 4],
            f"{tmp_path / 'planes.npy'} has 3 samples, --samples asks for 4",
        ),
        (["-i", tmp_path / "none.npy"], f"no file {tmp_path / 'none.npy'}"),
    ):
        refused = call("export", tmp_path / "net.spk", "-o", tmp_path / "other", *options)[:3]
        assert refused == (2, "", f"error: {message}\n")
        assert not (tmp_path / "other").exists()


def test_a_program_whose_output_stays_on_the_chip(tmp_path):
    of = replace(program(), probes=("hidden",))
    with pytest.raises(SpikeplaneError) as refused:
        export(of, tmp_path / "out")
    assert str(refused.value) == (
        "the output 'out' does not come to the host; compile the program with it among its probes"
    )
    assert not (tmp_path / "out").exists()
