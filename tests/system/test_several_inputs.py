"""Networks of several inputs: on the simulated chip, through files and the command line, each input with
an encoding of its own."""

import sys
from pathlib import Path
from typing import Any

import nir
import numpy as np
import pytest

import spikeplane
from spikeplane import Encoding, Program, SpikeplaneError
from spikeplane.cli import main
from spikeplane.compiler.upgrade import upgrade
from spikeplane.run.execute import execute

pytestmark = pytest.mark.cosim
IMAGE, SOUND = (2, 5, 5), (7, 1, 1)
ENCODINGS = {
    "image": Encoding(kind="direct", steps=6, value_bits=4, mean=(0.4,), std=(0.5,)),
    "sound": Encoding(kind="frames", steps=6, value_bits=5, signed=True, unit=1 / 8),
}


def graph() -> nir.NIRGraph:
    """An image through a convolution, a sound through a layer of its own; both drive the last one."""
    rng = np.random.default_rng(4)

    def lif(shape: tuple[int, ...]) -> nir.LIF:
        ones = np.ones(shape)
        return nir.LIF(tau=ones * 2e-4, r=ones * 2, v_leak=ones * 0, v_threshold=ones, v_reset=ones * 0)

    nodes = {
        "image": nir.Input({"input": np.array(IMAGE)}),
        "sound": nir.Input({"input": np.array(SOUND[:1])}),
        "conv": nir.Conv2d(IMAGE[1:], rng.normal(0.3, 0.6, (4, 2, 3, 3)), 2, 1, 1, 1, rng.normal(0, 0.3, 4)),
        "seen": lif((4, 3, 3)),
        "flatten": nir.Flatten({"input": np.array([4, 3, 3])}, start_dim=0),
        "eye": nir.Linear(rng.normal(0.1, 0.5, (5, 36))),
        "ear": nir.Affine(rng.normal(0.2, 0.7, (6, 7)), rng.normal(0.2, 0.2, 6)),
        "heard": lif((6,)),
        "both": nir.Linear(rng.normal(0.1, 0.6, (5, 6))),
        "last": lif((5,)),
        "output": nir.Output({"output": np.array([5])}),
    }
    ways = ["image conv seen flatten eye last output", "sound ear heard both last"]
    edges = [pair for way in ways for pair in zip(way.split(), way.split()[1:], strict=False)]
    return nir.NIRGraph(nodes=nodes, edges=edges, type_check=False)


def samples(count: int = 4) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(8)
    sound = rng.integers(-16, 16, (count, 6, *SOUND)) * (rng.random((count, 6, *SOUND)) < 0.6)
    return {"image": rng.integers(0, 256, (count, *IMAGE), dtype=np.uint8), "sound": sound}


MODULE = """
import torch
from torch import nn
from spikingjelly.activation_based import neuron

class Both(nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.conv, self.seen = nn.Conv2d(2, 4, 3, padding=1), neuron.LIFNode(v_threshold=0.3)
        self.flat, self.eye = nn.Flatten(), nn.Linear(100, 3)
        self.ear, self.heard, self.both = nn.Linear(7, 6), neuron.IFNode(v_threshold=0.3), nn.Linear(6, 3)
        self.last = neuron.IFNode(v_threshold=0.3)

    def forward(self, image, sound):
        seen = self.eye(self.flat(self.seen(self.conv(image))))
        return self.last(seen + self.both(self.heard(self.ear(sound))))

def net():
    return Both(), {"image": (2, 5, 5), "sound": (7, 1, 1)}
"""


def module() -> Any:
    space: dict[str, Any] = {}
    exec(MODULE, space)
    return space["net"]()[0]


def test_a_module_of_two_arguments() -> None:
    shapes = {"image": IMAGE, "sound": SOUND}
    data = samples()
    program = spikeplane.compile(
        module(), chip="tiny", input_shape=shapes, encoding=ENCODINGS, calibration=data
    )
    assert all(row["differences"] == 0 for row in program.tables["agreement"])
    assert "Both itself" in program.tables["import"][0]["source"]
    with spikeplane.open_board("sim", program) as board:
        result = execute(program, board, data, lockstep=True)
    assert result.comparison is not None
    assert result.comparison.mismatches == 0, str(result.comparison)
    assert all(0.02 < np.concatenate(v).mean() < 0.98 for v in result.outputs.values())
    with pytest.raises(SpikeplaneError) as error:
        spikeplane.compile(module(), input_shape={"image": IMAGE, "noise": SOUND})
    assert str(error.value) == "input_shape has 'noise', forward takes image, sound; name its arguments"


def test_a_proof_that_must_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    """The two inputs reach the model's own forward, each where it belongs."""
    from spikeplane_sim.proof import as_one

    shapes = {"image": IMAGE, "sound": SOUND}
    right = as_one._joined
    monkeypatch.setattr(as_one, "_joined", lambda model, *how: right(_deaf(model), *how))
    with pytest.raises(SpikeplaneError, match="is not what the model computes"):
        spikeplane.compile(
            module(), chip="tiny", input_shape=shapes, encoding=ENCODINGS, calibration=samples()
        )


def _deaf(model: Any) -> Any:
    model.ear.bias.data += 1
    return model


def compiled() -> Program:
    return spikeplane.compile(graph(), chip="tiny", encoding=ENCODINGS, calibration=samples(8))


def test_on_the_chip(tmp_path: Path) -> None:
    program = compiled()
    assert all(row["differences"] == 0 for row in program.tables["agreement"])
    assert program.inputs == ["image", "sound"]
    assert [p.hold for p in program.network.populations if p.name in ("seen", "heard")] == [True, False]
    program.save(tmp_path / "n.spk")
    loaded = Program.load(tmp_path / "n.spk")
    assert loaded.encodings == ENCODINGS
    assert upgrade(tmp_path / "n.spk").digest == loaded.digest
    data = samples()
    with spikeplane.open_board("sim", loaded) as board:
        result = execute(loaded, board, data, lockstep=True)
    assert result.comparison is not None
    assert result.comparison.mismatches == 0, str(result.comparison)
    fired = {name: np.concatenate(parts) for name, parts in result.outputs.items()}
    assert all(0.02 < values.mean() < 0.98 for values in fired.values())
    with spikeplane.open_board("golden", loaded) as board:
        again = execute(loaded, board, [data["image"], data["sound"]])
        np.testing.assert_array_equal(np.concatenate(again.scores), np.concatenate(result.scores))
        deaf = execute(loaded, board, {**data, "sound": data["sound"] * 0})
    assert (np.concatenate(deaf.scores) != np.concatenate(result.scores)).any()


@pytest.mark.parametrize(("given", "message"), [
    (lambda d: d["image"], "the program has the inputs image, sound; give a dictionary of samples by input, or a list of 2"),
    (lambda d: {"image": d["image"]}, "the inputs are image, sound, there are samples of 'image'"),
    (lambda d: {**d, "sound": d["sound"][:2]}, "there must be as many samples of each input, there are of image 4, sound 2"),
    (lambda d: {**d, "sound": 7}, "samples are an array, a tensor, a DataLoader or recordings, not the int '7'"),
])  # fmt: skip
def test_samples_that_are_none(given, message: str) -> None:
    program = compiled()
    with spikeplane.open_board("golden", program) as board, pytest.raises(SpikeplaneError) as error:
        execute(program, board, given(samples()))
    assert str(error.value) == message
    with pytest.raises(
        SpikeplaneError, match="samples of the input 'sound' are an array or a list, not a int"
    ):
        program.planes({**samples(), "sound": 7})


@pytest.mark.parametrize(("encodings", "message"), [
    ({"image": Encoding()}, "the input 'sound' has no encoding; give one encoding for each of image, sound, or one for all"),
    ({**ENCODINGS, "smell": Encoding()}, "'smell' is no input; give one encoding for each of image, sound, or one for all"),
    ({**ENCODINGS, "image": Encoding()}, "all inputs run the same steps, the encodings have image 4, sound 6"),
])  # fmt: skip
def test_encodings_that_are_none(encodings: dict[str, Encoding], message: str) -> None:
    with pytest.raises(SpikeplaneError) as error:
        spikeplane.compile(graph(), chip="tiny", encoding=encodings)
    assert str(error.value) == message


def call(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture, *arguments: str
) -> tuple[int, str, str]:
    monkeypatch.setattr(sys, "argv", ["spikeplane", *arguments])
    capsys.readouterr()
    with pytest.raises(SystemExit) as left:
        main()
    captured = capsys.readouterr()
    return int(left.value.code or 0), captured.out, " ".join(captured.err.split())


def test_command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> None:
    monkeypatch.chdir(tmp_path)
    nir.write("g.nir", graph())
    data = samples()
    np.savez("both.npz", image=data["image"], sound=data["sound"])
    np.save("image.npy", data["image"])
    np.save("sound.npy", data["sound"])
    kinds = [
        "--encoding",
        "image=direct,bits=4,mean=0.4,std=0.5",
        "--encoding",
        "sound=frames,bits=5,signed,unit=1/8",
    ]
    compiling = ["compile", "g.nir", "-o", "n.spk", "-p", "tiny", "--steps", "6", *kinds]
    status, _, err = call(monkeypatch, capsys, *compiling, "--calibrate", "both.npz")
    assert (status, err) == (0, "")
    assert Program.load("n.spk").encodings == ENCODINGS
    status, out, _ = call(monkeypatch, capsys, "inspect", "n.spk")
    assert "input image: 2x5x5, direct encoding normalised by mean 0.4 and std 0.5, 6 steps\n" in out
    assert (
        "input sound: 7x1x1, frames encoding of 5-bit signed values in units of 0.125, 6 steps; readout"
        in out
    )
    files = ["-i", "image=image.npy", "-i", "sound=sound.npy"]
    status, out, err = call(
        monkeypatch, capsys, "run", "n.spk", *files, "--board", "sim", "--lockstep", "--report", "r.html"
    )
    assert (status, err) == (0, "")
    assert "0 mismatches over" in out
    status, again, _ = call(monkeypatch, capsys, "run", "n.spk", "-i", "both.npz", "--board", "golden")
    assert again.splitlines()[1] == out.splitlines()[1]  # the same classes
    status, _, err = call(monkeypatch, capsys, "run", "n.spk", "-i", "image=image.npy")
    assert status == 2
    assert err.endswith(
        "the program has the inputs image, sound, and there is no file for 'sound'; give NAME=FILE for each, or one "
        ".npz with arrays of these names"
    )
    Path("m.py").write_text(MODULE)
    given = ["--input-shape", "image=2x5x5", "--input-shape", "sound=7"]
    status, _, err = call(monkeypatch, capsys, "compile", "m.py:net", *compiling[2:], *given)
    assert (status, err) == (0, "")
    assert Program.load("n.spk").inputs == ["image", "sound"]
    status, _, err = call(monkeypatch, capsys, "compile", "m.py:net", *compiling[2:], *given[:3], "7")
    assert (status, err) == (2, "error: of several inputs each has its --input-shape NAME=SHAPE, not '7'")
    status, _, err = call(monkeypatch, capsys, *compiling[:-1], "sound=frames,loud")
    assert status == 2
    assert "of several inputs each has its --encoding NAME=KIND" in err
