"""`Board.stream`: steps without borders, on the golden model and on the simulated chip, with the same bits."""

import itertools
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

import spikeplane
from spikeplane import Encoding, SpikeplaneError
from spikeplane.data import Events
from spikeplane.formats.packet import Counter
from spikeplane.front.steps import steps_of
from spikeplane.host.stepwise import Stepwise
from spikeplane.run.board import DeviceBoard
from spikeplane_sim.golden import GoldenModel

SHAPE = (2, 4, 4)
STEPS = 23


def each(given: np.ndarray) -> Any:
    """A dataset of the steps: a list of tensors is one to torch."""
    return list(torch.from_numpy(given))


class Leaky(torch.nn.Module):
    """Leaks, a recurrent layer, a readout: all of them remember."""

    def __init__(self) -> None:
        from spikingjelly.activation_based import layer, neuron

        super().__init__()
        self.conv = layer.Conv2d(2, 6, 3, padding=1, bias=False)
        self.lif = neuron.LIFNode(tau=4.0, decay_input=False)
        self.back = layer.LinearRecurrentContainer(neuron.IFNode(), 96, 96)
        self.out = torch.nn.Sequential(layer.Linear(96, 3), neuron.LIFNode(tau=8.0))

    def forward(self, x):
        return self.out(self.back(self.lif(self.conv(x)).flatten(1)))


def made(kind: Any = "events", **options) -> spikeplane.Program:
    torch.manual_seed(1)
    model = Leaky()
    with torch.no_grad():
        for name, weight in model.named_parameters():
            weight.copy_(8 * weight.abs() if name.startswith("out") else 3 * weight)
    encoding = Encoding(kind=kind, steps=5, **options)
    return spikeplane.compile(model, chip="small", encoding=encoding, input_shape=SHAPE, proof=False)


@pytest.fixture(scope="module")
def program() -> spikeplane.Program:
    return made()


@pytest.fixture(scope="module")
def chip(program):
    with spikeplane.open_board("sim", program) as board:
        yield board


def planes(steps: int = STEPS, seed: int = 0) -> np.ndarray:
    found = (np.random.default_rng(seed).random((steps, *SHAPE)) < 0.3).astype(np.uint8)
    found[-1, 0, 0, 0] = 1  # a recording ends with an event
    return found


def events(given: np.ndarray) -> Events:
    """Shuffled, each event somewhere in its step."""
    t, p, y, x = np.nonzero(given)
    rng = np.random.default_rng(5)
    order = rng.permutation(len(t))
    return Events((t * 1000 + rng.integers(0, 1000, len(t)))[order], x[order], y[order], p[order])


def wanted(program: spikeplane.Program, given: np.ndarray) -> dict[str, np.ndarray]:
    """(T, C, H, W) of one sample that is as long as the stream."""
    model = GoldenModel(
        program.network, membrane_bits=program.config.membrane_bits, acc_bits=program.config.acc_bits
    )
    return {name: values[0] for name, values in model.run({program.inputs[0]: given[None]}).items()}


def check(program, outs, given) -> None:
    expected = wanted(program, given)
    assert [out.number for out in outs] == list(range(len(given)))
    for name in program.probes:
        assert np.array_equal(np.stack([out.spikes[name] for out in outs]), expected[name]), name
    output = expected[program.network.output].sum((-1, -2))
    assert np.array_equal([out.scores for out in outs], np.cumsum(output, 0))


@pytest.mark.parametrize(
    ("board", "ahead"), [("golden", None), ("sim", None), ("sim", 1), ("sim", 2), ("sim", 99)]
)
def test_a_stream_is_one_long_sample(program, chip, board, ahead) -> None:
    given = planes()
    one = chip if board == "sim" else spikeplane.open_board("golden", program)
    outs = list(one.stream(events(given), ahead=ahead))
    check(program, outs, given)
    sent = wanted(program, given)
    assert all(np.count_nonzero(sent[name]) > 20 for name in program.probes)
    found = one.streamed
    assert found.steps == STEPS
    assert 0 < found.p50 <= found.p99
    assert 0 < found.real_time_factor < 100
    assert (found.cycles_p50 is None) == (board == "golden")
    if board == "sim":
        assert 100 < found.cycles_p50 <= found.cycles_p99 < 100_000
    assert "times, at 1,000 us a step" in repr(found)


def test_how_many_steps_are_on_their_way(program, chip, monkeypatch) -> None:
    """As many as were asked for, more than one where the samples are there, and one where they come from an
    iterator, which may wait for what a step gave."""
    most: list[int] = []
    real = Stepwise.send

    def send(steps, given) -> None:
        real(steps, given)
        most.append(steps.sent - steps.count)

    monkeypatch.setattr(Stepwise, "send", send)
    room = 8 + 3  # frames that the chip has place for, layers
    given = planes()
    for form, ahead, wanted in (
        (given, None, room), (torch.from_numpy(given), None, room), (list(given), None, room),
        (torch.utils.data.DataLoader(each(given)), None, room), (events(given), None, room), ({"input": given}, None, room),
        (iter(given), None, 1), ([iter(given)], None, 1), ({"input": iter(given)}, None, 1),
        (given, 1, 1), (given, 3, 3), (iter(given), 5, 5),
    ):  # fmt: skip
        most.clear()
        stream = chip.stream(form, ahead=ahead)
        assert (len(list(stream)), max(most), stream.ahead) == (STEPS, wanted, wanted)


def test_steps_overlap(program, chip) -> None:
    """Layers work at different steps at once: fewer cycles a step."""
    cycles = []
    for ahead in (1, None):
        assert len(list(chip.stream(planes(40), ahead=ahead))) == 40
        cycles.append(chip.streamed.cycles_p50)
    assert cycles[1] < 0.8 * cycles[0]


def test_samples_do_not_end_within_a_stream(program) -> None:
    """The state goes on: five steps, and again five, are not two samples."""
    given = planes(10)
    halves = [wanted(program, part) for part in (given[:5], given[5:])]
    whole = wanted(program, given)
    assert not np.array_equal(np.concatenate([half["out.1"] for half in halves]), whole["out.1"])
    with spikeplane.open_board("golden", program) as board:
        check(program, list(board.stream(given.reshape(2, 5, *SHAPE))), given)


def test_outputs_come_as_their_steps_do(program, chip) -> None:
    """Nothing is taken of the source before its turn."""
    taken = []

    def source():
        for t, plane in enumerate(planes()):
            taken.append(t)
            yield plane

    for out in itertools.islice(chip.stream(source()), 7):
        assert taken == list(range(out.number + 1))


def test_a_stream_left_in_the_middle_leaves_the_board_usable(program, chip) -> None:
    samples = planes(10).reshape(2, 5, *SHAPE)
    recorded = [events(sample) for sample in samples]

    def breaks():
        yield planes()[0]
        raise KeyboardInterrupt

    for ahead in (1, None):
        stream = chip.stream(planes(), ahead=ahead)
        for _ in range(3):
            next(stream)
        assert program.run(recorded, board=chip, lockstep=True).mismatches == 0
        with pytest.raises(SpikeplaneError) as error:
            next(stream)
        assert str(error.value) == (
            "the stream was cut: its board has run something else; begin another stream"
        )
        with pytest.raises(KeyboardInterrupt):
            list(chip.stream(breaks()))
        check(program, list(chip.stream(planes(seed=3))), planes(seed=3))


def test_interrupted_while_the_chip_works(program, chip, monkeypatch) -> None:
    """Ctrl-C with the step on its way, and answers that nobody takes any more."""
    real = chip.device.exchange
    samples = [events(planes(5))]
    cycles = program.run(samples, board=chip).cycles
    for after in (1, 2, 4, 7):
        left = iter(range(after))

        def exchange(data: bytes, left=left) -> bytes:
            if next(left, None) is None:
                raise KeyboardInterrupt
            return real(data)

        stream = chip.stream(planes())
        next(stream)
        monkeypatch.setattr(chip.device, "exchange", exchange)
        with pytest.raises(KeyboardInterrupt):
            list(stream)
        monkeypatch.setattr(chip.device, "exchange", real)
        chip.driver._replies.append({"counter": Counter.RUN_ENDED, "value": 0})
        result = program.run(samples, board=chip, lockstep=True)
        assert result.mismatches == 0
        assert result.cycles == pytest.approx(cycles, rel=0.2)


def test_a_window_of_scores(program) -> None:
    given = planes()
    output = wanted(program, given)[program.network.output].sum((-1, -2))
    with spikeplane.open_board("golden", program) as board:
        found = [out.scores for out in board.stream(given, window=4)]
    assert np.array_equal(found, [output[max(0, t - 3) : t + 1].sum(0) for t in range(STEPS)])


@pytest.mark.parametrize(
    "form",
    [
        lambda given: given,
        torch.from_numpy,
        lambda given: given.astype(bool),
        lambda given: given.astype(np.float32),
        lambda given: list(given),
        lambda given: (plane for plane in given),
        lambda given: given.reshape(STEPS, -1),
        lambda given: {"input": given},
        lambda given: [given[:20], given[20], given[21:]],
        lambda given: [(given[:20], 3), (given[20:], 4)],
        lambda given: [events(given[:20]), events(given[20:])],
        lambda given: torch.utils.data.DataLoader(each(given), batch_size=4),
    ],
)  # fmt: skip
def test_what_is_a_stream(program, form) -> None:
    given = planes()
    given[19, 0, 0, 0] = 1
    with spikeplane.open_board("golden", program) as board:
        check(program, list(board.stream(form(given))), given)


def test_counts_of_events() -> None:
    program = made("frames", value_bits=4, step_us=500)
    rng = np.random.default_rng(0)
    given = rng.integers(0, 4, (9, *SHAPE))
    given[-1, 0, 0, 0] = 1
    t, p, y, x = (np.repeat(column, given[given > 0]) for column in np.nonzero(given))
    for one in (Events(t * 500, x, y, p), given):
        with spikeplane.open_board("golden", program) as board:
            outs = list(board.stream(one))
        assert np.array_equal(np.stack([out.inputs["input"] for out in outs]), given)
        check(program, outs, given)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (3, "a stream takes steps (C, H, W), planes (T, C, H, W) or (N, T, C, H, W), and event recordings for 'input', "
            "or an iterable of them, not a int"),
        (np.zeros((4, 3)), "a stream takes steps (C, H, W), planes (T, C, H, W) or (N, T, C, H, W), and event "
                           "recordings of (2, 4, 4), not float64 (4, 3)"),
        ([np.zeros(SHAPE, np.uint8), np.full(SHAPE, 2, np.uint8)],
         "step 1 of the stream: encoding 'planes' expects uint8 samples (N, 1, 2, 4, 4) of 0 and 1, not uint8 "
         "(1, 1, 2, 4, 4) from 2 to 2; threshold them, or compile with encoding 'direct'"),
        (np.full(SHAPE, 0.5), "step 0 of the stream: input 'input': 0.5 is no value of a planes encoding, which sends "
                              "0 and 1; give what the model gets, or uint8"),
        (Events(np.array([0]), np.array([4]), np.array([0]), np.array([0])),
         "recording: event 0 (x 4, y 0, polarity 0, time 0) is outside the sensor of 4x4 and 2 polarities"),
    ],
)  # fmt: skip
def test_what_is_none(program, given, message) -> None:
    with pytest.raises(SpikeplaneError) as error:
        list(spikeplane.open_board("golden", program).stream(given))
    assert str(error.value) == message


def test_refused(program) -> None:
    board = spikeplane.open_board("golden", program)
    given: dict[str, Any]
    for given, message in (({"window": 0}, "window must be 1 or more steps, not 0"),
                             ({"ahead": 0}, "ahead must be 1 or more steps, not 0"),
                             ({"ahead": 1.5}, "ahead must be 1 or more steps, not 1.5")):  # fmt: skip
        with pytest.raises(SpikeplaneError) as error:
            board.stream(planes(), **given)
        assert str(error.value) == message
    with pytest.raises(SpikeplaneError) as error:
        board.stream(iter(())).summary  # noqa: B018
    assert str(error.value) == "nothing was streamed yet; take steps first"


def test_images(chip) -> None:
    """Of encodings that make steps of an image: their steps, one image behind the other, and the state goes on."""
    images = np.random.default_rng(4).integers(0, 256, (6, *SHAPE), dtype=np.uint8)
    images[3] = images[2]
    programs = {kind: made(kind) for kind in ("direct", "rate", "latency")}
    assert any(p.hold for p in programs["direct"].network.populations)
    assert {one.config for one in programs.values()} == {chip.program.config}
    chip._loaded = False  # another program's words are in it from here on
    for program in programs.values():
        board = DeviceBoard(chip.device.device, program)
        given = program.planes(images)["input"].reshape(-1, *SHAPE)
        expected = unheld(program, given)
        outs = [list(spikeplane.open_board("golden", program).stream(images))]
        outs += [list(board.stream(form, ahead=n)) for form, n in ((images, None), (list(images / 255), 1))]
        for found in outs:
            assert np.array_equal(np.stack([out.inputs["input"] for out in found]), given)
            for name in program.probes:
                assert np.array_equal(np.stack([out.spikes[name] for out in found]), expected[name])
            sums = [expected["out.1"][max(0, t - 4) : t + 1].sum((0, -1, -2)) for t in range(30)]
            assert np.array_equal([out.scores for out in found], sums)
        assert all(np.count_nonzero(expected[name]) > 20 for name in program.probes)
        assert program.run(images, board=board, lockstep=True).mismatches == 0


def test_a_new_image_waits_until_the_one_before_is_read(chip) -> None:
    """The first layer takes long to read its currents, which are held: what is added for another image may not
    meet that."""
    from spikingjelly.activation_based import layer, neuron

    torch.manual_seed(0)
    shape = (2, 12, 12)
    first = [layer.Conv2d(2, 16, 3, padding=1, bias=False), neuron.IFNode()]
    first[0].weight.data.abs_().mul_(0.7)
    model = torch.nn.Sequential(*first, layer.Conv2d(16, 3, 12, bias=False), neuron.IFNode())
    encoding = Encoding(kind="direct", steps=2)
    program = spikeplane.compile(model, chip="small", encoding=encoding, input_shape=shape, proof=False)
    assert program.config == chip.program.config
    images = np.random.default_rng(4).choice(np.array([0, 255], np.uint8), (5, *shape))
    chip._loaded = False
    board = DeviceBoard(chip.device.device, program)
    expected = unheld(program, program.planes(images)["input"].reshape(-1, *shape))["1"]
    assert 0.2 < expected.mean() < 0.95
    found = np.stack([out.spikes["1"] for out in board.stream(images)])
    assert np.array_equal(found, expected)


def unheld(program: spikeplane.Program, given: np.ndarray) -> dict[str, np.ndarray]:
    """As `wanted`, of a network that adds its input up in every step."""
    populations = tuple(replace(p, hold=False) for p in program.network.populations)
    return wanted(replace(program, network=replace(program.network, populations=populations)), given)


TWO = {"a": (Encoding(kind="planes"), SHAPE), "b": (Encoding(kind="events"), (1, 2, 2))}


@pytest.mark.parametrize("form", [
    lambda a, b: {"a": a, "b": b},
    lambda a, b: (a, list(b)),
    lambda a, b: ({"a": one, "b": other} for one, other in zip(a, b, strict=True)),
    lambda a, b: iter([(a[:4], b[:4]), (a[4:], b[4:])]),
])  # fmt: skip
def test_several_inputs(form) -> None:
    a, b = planes(), planes()[:, :1, :2, :2]
    found = list(steps_of(form(a, b), TWO))
    assert np.array_equal(np.stack([step["a"] for step in found]), a)
    assert np.array_equal(np.stack([step["b"] for step in found]), b)


@pytest.mark.parametrize(("given", "message"), [
    ({"a": planes()}, "the inputs are a, b, there is a stream of 'a'"),
    ({"a": planes(), "b": np.zeros((3, 1, 2, 2), np.uint8)},
     "input 'b' ends after 3 steps, input 'a' goes on; give as many steps of each"),
    (planes(), "the program has the inputs a, b; give a mapping by name, or an iterable of them"),
])  # fmt: skip
def test_not_several_inputs(given, message) -> None:
    with pytest.raises(SpikeplaneError) as error:
        list(steps_of(given, TWO))
    assert str(error.value) == message


def test_a_board_that_is_closed(program) -> None:
    """It says so; and one that is closed while another of its chip is open leaves that alone."""
    one = spikeplane.open_board("sim", program)
    next(one.stream(planes()))
    with spikeplane.open_board("sim", program) as other:
        next(other.stream(planes()))
    one.close()
    one.close()
    with pytest.raises(SpikeplaneError) as error:
        next(one.stream(planes()))
    assert str(error.value) == "the simulated board is closed; open another one"
