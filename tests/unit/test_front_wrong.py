"""What `Program.run`, boards, streams and `ChipModule` refuse of wrong uses, and what of a run can be copied."""

import copy
import pickle
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import spikeplane
from spikeplane import ChipModule, Encoding, Program, SpikeplaneError, open_board
from spikeplane.shapes import order_of, same_order

NAME: Any = "net.spk"  #: what has another type


def compiled(seed: int) -> Program:
    from spikingjelly.activation_based import layer, neuron

    torch.manual_seed(seed)
    model = torch.nn.Sequential(layer.Conv2d(2, 4, 3), neuron.IFNode(), layer.Flatten(), layer.Linear(32, 3))
    model = torch.nn.Sequential(*model, neuron.IFNode())
    with torch.no_grad():
        for weights in model.parameters():
            weights *= 4  # so that the last layer fires
    encoding = Encoding(kind="direct", steps=3)
    return spikeplane.compile(
        model, chip="small", encoding=encoding, input_shape=(2, 4, 6), proof=False, progress=False
    )


@pytest.fixture(scope="module")
def program() -> Program:
    return compiled(1)


@pytest.fixture(scope="module")
def other() -> Program:
    return compiled(2)


def images(count: int = 5) -> np.ndarray:
    return np.random.default_rng(2).integers(0, 256, (count, 2, 4, 6), dtype=np.uint8)


def refusal(call) -> str:
    with pytest.raises(SpikeplaneError) as error:
        call()
    assert "\n" not in str(error.value)
    return str(error.value)


def test_a_board_of_another_program(program, other) -> None:
    """Their inputs have one shape; only the weights differ."""
    x = images()
    assert not np.array_equal(program.run(x).scores, other.run(x).scores)
    with open_board("golden", other) as board:
        told = refusal(lambda: program.run(x, board=board))
        assert told == (
            f"the board 'golden' was opened for another program, 'network' ({other.digest[:12]}), not for this "
            f"'network' ({program.digest[:12]}); open one for this: sp.open_board(name, program)"
        )
        assert refusal(lambda: ChipModule(program, board)) == told
        assert refusal(lambda: spikeplane.execute(program, board, x)) == told
        chip = ChipModule(other, board)
        chip.program = program
        assert refusal(lambda: chip(x)) == told


def test_a_board_of_an_equal_program(program, tmp_path) -> None:
    """Loaded again it is another object, and the same to a board; other outputs are not."""
    program.save(tmp_path / "net.spk")
    loaded = Program.load(tmp_path / "net.spk")
    with open_board("golden", loaded) as board:
        assert np.array_equal(program.run(images(), board=board).scores, program.run(images()).scores)
        fewer = replace(program, probes=program.probes[1:])
        assert "was opened for another program" in refusal(lambda: fewer.run(images(), board=board))


def test_what_is_no_board(program) -> None:
    expected = "board must be 'golden', 'sim', 'auto', the path of a serial port"
    cases: Any = ((3, "an int"), (None, "None"), (["sim"], "a list"), (program, "a Program"))
    for given, kind in cases:
        opened = f"{expected} or an open board (sp.open_board), not {kind}"
        assert refusal(lambda given=given: program.run(images(), board=given)) == opened
        assert refusal(lambda given=given: ChipModule(program, given)) == opened
        assert refusal(lambda given=given: open_board(given, program)) == f"{expected}, not {kind}"
    told = "program must be a Program, as sp.compile and sp.Program.load give it, not a str"
    assert refusal(lambda: ChipModule(NAME)) == told
    assert refusal(lambda: open_board(program, NAME)) == told
    assert refusal(lambda: program.run(images(), board=Path("/dev/no"))).startswith(
        "no serial port /dev/no; "
    )


def test_no_samples(program) -> None:
    nothing = "there are no samples to run; give at least one"
    assert refusal(lambda: program.run(images(0))) == nothing
    assert refusal(lambda: ChipModule(program)(torch.zeros(0, 2, 4, 6))) == (
        "input 'input' holds no samples; give at least one"
    )


def test_a_result_can_be_kept_and_copied(program, tmp_path) -> None:
    result = program.run(images(), labels=[0, 1, 2, 0, 1], lockstep=True)
    for again in (pickle.loads(pickle.dumps(result)), copy.deepcopy(result)):
        assert np.array_equal(again.spikes["1"], result.spikes["1"])
        assert (again.accuracy, again.summary, repr(again)) == (result.accuracy, result.summary, repr(result))
        pages = [one.report(tmp_path / "a" / "run.html").read_text() for one in (result, again)]
        assert pages[0].count(str(result._raw.digest)) == pages[1].count(str(result._raw.digest)) > 0
        told = refusal(lambda again=again: spikeplane.execute(program, open_board("golden", program), images(),
                                                              result=again._raw))  # fmt: skip
        assert told == "a result that was copied or pickled takes no more samples; run them all at once"


def test_the_number_of_inputs_of_a_module(program) -> None:
    chip, x = ChipModule(program), torch.from_numpy(images())
    for given in ((), (x, x)):
        assert refusal(lambda given=given: chip(*given)) == (
            f"the program has 1 input (input), given were {len(given)}; call chip(x)"
        )
    assert torch.equal(chip(input=x), chip(x))


def test_no_gradient_through_a_module(program) -> None:
    chip, x = ChipModule(program), torch.from_numpy(images()) / 255
    refused = "there is no gradient through a chip, which counts in integers; train the model, or "
    assert not chip(x).requires_grad  # numpy() and the like work in loops without no_grad
    assert refusal(lambda: chip(x.clone().requires_grad_()).sum().backward()).startswith(refused)
    assert refusal(lambda: chip.train()(x).sum().backward()).startswith(refused)
    with torch.no_grad():
        assert torch.equal(chip(x.clone().requires_grad_()), chip.eval()(x))


def test_dimensions_in_another_order(program) -> None:
    """What holds as many values in another order is refused, wherever samples come in; it is not reshaped."""
    x = images()
    last = "channels come first; permute them: x.permute(0, 3, 1, 2), or x.transpose(0, 3, 1, 2) of a numpy array"
    cases = {
        (0, 2, 3, 1): last,
        (0, 1, 3, 2): "permute them: x.permute(0, 1, 3, 2), or x.transpose(0, 1, 3, 2) of a numpy array",
    }
    for axes, cure in cases.items():
        given = x.transpose(axes)
        told = f"input 'input' expects samples (N, 2, 4, 6), not {given.shape}; {cure}"
        for one in (given, torch.from_numpy(given.copy()) / 255):
            assert refusal(lambda one=one: program.run(one)) == told
            assert refusal(lambda one=one: ChipModule(program)(one)) == told
            with open_board("golden", program) as board:
                assert refusal(lambda one=one, b=board: list(b.stream(one))).endswith(
                    f"{given.shape}; {cure}"
                )
    mixed = x.reshape(5, 2, 24).transpose(0, 2, 1)
    assert refusal(lambda: program.run(mixed)) == (
        "input 'input' expects samples (N, 2, 4, 6), not (5, 24, 2); bring them into this order, channels first"
    )
    assert refusal(lambda: program.run(x[0])).endswith("; put a dimension of samples in front: x[None]")
    wanted = program.run(x).scores
    assert wanted.any()
    for given in (x.reshape(5, 48), x.reshape(5, 2, 24), x[:, :, None]):
        assert np.array_equal(program.run(given).scores, wanted)


def test_frames_with_channels_last() -> None:
    from spikeplane.samples import labelled

    form = {"in": (Encoding(kind="frames", steps=3), (2, 4, 6))}
    given = np.ones((5, 3, 4, 6, 2), np.uint8)
    assert refusal(lambda: labelled(given, None, form)) == (
        "input 'in' expects samples (N, 3, 2, 4, 6), not (5, 3, 4, 6, 2); channels come first; permute them: "
        "x.permute(0, 1, 4, 2, 3), or x.transpose(0, 1, 4, 2, 3) of a numpy array"
    )


@pytest.mark.parametrize(
    ("found", "wanted", "same"),
    [
        ((48,), (2, 4, 6), True), ((2, 24), (2, 4, 6), True), ((24, 2), (2, 4, 6), False),
        ((8, 6), (2, 4, 6), False), ((4, 6, 2), (2, 4, 6), False), ((4, 6), (1, 4, 6), True),
        ((4, 6, 1), (1, 4, 6), True), ((6, 4), (1, 4, 6), False), ((28, 28), (784, 1, 1), True),
        ((7,), (2, 4, 6), False), ((2, 6), (2, 1, 6), True), ((6, 2), (2, 1, 6), False),
    ],
)  # fmt: skip
def test_the_same_order(found, wanted, same) -> None:
    """Against numbers in their places: an order is the same where a reshape, and nothing else, makes it."""
    assert same_order(found, wanted) == same
    if not same and len(found) == 3:
        order = order_of((5, *found), wanted)
        assert order is not None
        x = np.arange(5 * 48).reshape(5, *wanted)
        assert np.array_equal(x.transpose(np.argsort(order)).transpose(order), x)


@pytest.mark.parametrize("kind", [int, bool, np.float32])
def test_labels_in_columns_and_one_hot(program, kind) -> None:
    y = np.array([0, 1, 2, 0, 1])
    wanted = program.run(images(), labels=y).confusion
    for given in (np.eye(3, dtype=kind)[y], y[:, None], torch.from_numpy(np.eye(3)[y])):
        assert np.array_equal(program.run(images(), labels=given).confusion, wanted)
    soft = np.eye(3)[y] * 0.9
    assert refusal(lambda: program.run(images(), labels=soft)) == (
        "labels are whole numbers, one for each of 5 samples, not float64 of shape (5, 3)"
    )


def test_more_labels_than_samples(program) -> None:
    told = "there are 7 labels for 5 samples; give one for each, or run the first ones with limit="
    assert refusal(lambda: program.run(images(), labels=[0] * 7)) == told
    assert refusal(lambda: program.run(images(), labels=[0] * 7, limit=2)) == told
    loader = torch.utils.data.DataLoader(
        torch.utils.data.TensorDataset(torch.from_numpy(images())), batch_size=2
    )
    assert refusal(lambda: program.run(loader, labels=[0] * 7)) == told
    for given, limit in (([1, 0], 2), ([1, 0, 0, 0, 0], 2)):
        assert program.run(images(), labels=given, limit=limit).labels.tolist() == [1, 0]
        assert program.run(loader, labels=given, limit=limit).labels.tolist() == [1, 0]


def test_tensors_without_values(program) -> None:
    for given in (torch.zeros(1, 2, 4, 6, device="meta"), torch.zeros(1, 2, 4, 6).to_sparse()):
        told = refusal(lambda given=given: program.run(given))
        assert told.startswith(
            f"a tensor on the device {given.device} in the layout {given.layout} gives no values: "
        )
        assert told.endswith("; give a dense one")


def test_files_with_channels_last(tmp_path) -> None:
    """As the command line reads them."""
    from spikeplane.data import read_samples

    path = tmp_path / "x.npz"
    np.savez(path, x=images().transpose(0, 2, 3, 1))
    assert refusal(lambda: read_samples(path, (2, 4, 6))) == (
        f"{path}: expected samples of shape (2, 4, 6), the array has the shape (5, 4, 6, 2); "
        "store x.transpose(0, 3, 1, 2)"
    )
    np.save(tmp_path / "x.npy", np.ones((5, 3, 6, 4, 2), np.uint8))
    told = refusal(lambda: read_samples(tmp_path / "x.npy", (2, 4, 6), Encoding(kind="planes", steps=3)))
    assert told.endswith("the array has the shape (5, 3, 6, 4, 2); store x.transpose(0, 1, 4, 3, 2)")


def test_pairs_in_a_list_are_a_dataset(program) -> None:
    x, y = torch.from_numpy(images()), [0, 1, 2, 0, 1]
    result = program.run([(image, label) for image, label in zip(x, y, strict=True)])
    assert result.labels.tolist() == y
    assert np.array_equal(result.scores, program.run(x).scores)


class Named(torch.utils.data.Dataset):
    """Items with names, as hubs of data sets have them."""

    def __len__(self) -> int:
        return 5

    def __getitem__(self, number: int) -> dict:
        if number >= len(self):
            raise IndexError
        return {"image": images()[number], "label": number}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (None, "samples are an array, a tensor, a DataLoader or recordings, not None"),
        (3, "samples are an array, a tensor, a DataLoader or recordings, not the int '3'"),
        ((torch.from_numpy(images()), torch.arange(5)),
         "input 'input' gets one array, not two; give the labels as labels="),
        (Named(), "the Named gives mappings of 'image', 'label'; give samples, or pairs (sample, label)"),
        (torch.utils.data.DataLoader(Named(), batch_size=2),
         "the DataLoader gives mappings of 'image', 'label'; give samples, or pairs (sample, label)"),
    ],
)  # fmt: skip
def test_what_is_no_sample(program, given, message) -> None:
    assert refusal(lambda: program.run(given)) == message


def test_options_of_another_type(program) -> None:
    for options, message in (
        ({"limit": 2.0}, "the number of samples must be at least 1, not 2.0"),
        ({"keep": "3"}, "keep must be 1 or more samples, not 3"),
        ({"clock": "fast"}, "clock must be more than 0 MHz, not fast"),
    ):
        assert refusal(lambda options=options: program.run(images(), **options)) == message
    assert refusal(lambda: spikeplane.boards_for(NAME)).startswith("program must be a Program, ")
    assert refusal(lambda: spikeplane.compile(torch.nn.Flatten(), chip="tiny", encoding=NAME)) == (
        "encoding must be an Encoding, such as Encoding(kind='direct', steps=4), or a mapping of them by input, "
        "not 'net.spk'"
    )


def test_what_is_no_path_or_name(program) -> None:
    for given, kind in ((None, "NoneType"), (3, "int")):
        message = f"a file is given by its path, not as {kind}"
        assert refusal(lambda given=given: spikeplane.Program.load(given)) == message  # type: ignore[arg-type]
        assert refusal(lambda given=given: program.save(given)) == message
        assert refusal(lambda given=given: program.run(images()).report(given)) == message
        assert refusal(lambda given=given: program.estimate(given)).endswith(f", not as {kind}")


def test_a_label_of_no_class(program) -> None:
    for call in (program.run, program.sensitivity, lambda x, labels: program.compare(None, x, labels=labels)):
        message = refusal(lambda call=call: call(images(), labels=[0, 3, 0, 0, 0]))
        assert message == "sample 1 has the label 3; the network has 3 classes, 0 to 2"
