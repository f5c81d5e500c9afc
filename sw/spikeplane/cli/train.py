"""`spikeplane train`: a network learns in binary16, with the bits that a chip would have."""

from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich.markup import escape

from spikeplane.cli.answer import Json, command, print_json
from spikeplane.cli.console import busy, out
from spikeplane.cli.encodings import parse_encoding, parse_shapes
from spikeplane.cli.learning import learn, reported, show
from spikeplane.config import ChipConfig
from spikeplane.data import read_labels, read_samples
from spikeplane.data.labels import check_classes
from spikeplane.encoding import Encoding
from spikeplane.errors import SpikeplaneError
from spikeplane.files import check_place
from spikeplane.train.course import Settings
from spikeplane.train.file import Training, begun, check_same
from spikeplane.train.imported import learning
from spikeplane.train.learners import open_learner
from spikeplane.train.loop import Labelled
from spikeplane.train.losses import CROSS_ENTROPY
from spikeplane.train.network import LearningNetwork

#: The files of MNIST and its successors, in a folder.
_TRAIN, _TEST = ("train-images", "train-labels"), ("t10k-images", "t10k-labels")


_Model = Annotated[
    str, typer.Argument(help="A .nir file, file.py:function, or a training; its weights are the first.")
]
_Data = Annotated[
    Path, typer.Option(help="Samples: IDX (gzip), .npy, .npz; or a folder with the four files of MNIST.")
]
_Output = Annotated[Path, typer.Option("--output", "-o", help="The training to write, checkpoints too.")]
_Labels = Annotated[Path | None, typer.Option(help="Labels of the samples.")]
_Test = Annotated[Path | None, typer.Option(help="Samples that are not learned, told after each epoch.")]
_TestLabels = Annotated[Path | None, typer.Option(help="Labels of those.")]
_Samples = Annotated[int | None, typer.Option("--samples", "-n", help="How many (default: all).")]
_Board = Annotated[str, typer.Option("--board", "-b", help="golden, sim, or a serial port.")]
_Chip = Annotated[
    Path | None,
    typer.Option(help="The chip: a TOML file with a table [training] (default: one core that fits)."),
]
_Verify = Annotated[
    int,
    typer.Option(help="Every so many iterations compare all weights of the chip with the golden model's."),
]
_Encoding = Annotated[str, typer.Option(help="rate (default), poisson, latency, planes or events.")]
_Steps = Annotated[int, typer.Option(help="Time steps of a sample.")]
_StepUs = Annotated[int, typer.Option(help="Microseconds of a step of an event recording.")]
_Batch = Annotated[int, typer.Option(help="Samples of an iteration.")]
_Epochs = Annotated[int, typer.Option(help="How often all samples are seen.")]
_Rate = Annotated[float, typer.Option(help="Learning rate, of the mean loss.")]
_LastRate = Annotated[float | None, typer.Option(help="Rate of the last iteration (default: a tenth).")]
_Momentum = Annotated[float, typer.Option(help="0: plain gradient descent.")]
_Loss = Annotated[str, typer.Option(help="cross-entropy (default), or squared.")]
_Seed = Annotated[int, typer.Option(help="Seed of the order of samples and of their code.")]
_Freeze = Annotated[list[str] | None, typer.Option(help="A layer that keeps its weights. Repeatable.")]
_WeightLimit = Annotated[int, typer.Option(help="Weights stay within 2 to this power.")]
_DeltaLimit = Annotated[int, typer.Option(help="Deltas stay within 2 to this power.")]
_InputShape = Annotated[str | None, typer.Option(help="CHANNELSxHEIGHTxWIDTH, where the model does not say.")]
_Reset = Annotated[str | None, typer.Option(help="hard: overrides the model.")]
_Compare = Annotated[str | None, typer.Option(help="'>=': overrides the model.")]
_Every = Annotated[int, typer.Option(help="A checkpoint each so many iterations; each epoch has one.")]
_Resume = Annotated[
    Path | None, typer.Option(help="Go on from this training, with equal bits; all else as it was begun.")
]
_Report = Annotated[
    Path | None, typer.Option(help="A page: loss, accuracy, spike rates, gradients, weights.")
]


def train(
    model: _Model, data: _Data, output: _Output, labels: _Labels = None, test: _Test = None,
    test_labels: _TestLabels = None, samples: _Samples = None, board: _Board = "golden", chip: _Chip = None,
    verify: _Verify = 0, encoding: _Encoding = "rate",
    steps: _Steps = 4, step_us: _StepUs = 1000, batch: _Batch = 64, epochs: _Epochs = 5, rate: _Rate = 0.4,
    last_rate: _LastRate = None, momentum: _Momentum = 0.0, loss: _Loss = CROSS_ENTROPY, seed: _Seed = 0, freeze: _Freeze = None,
    weight_limit: _WeightLimit = 3, delta_limit: _DeltaLimit = 2, input_shape: _InputShape = None,
    reset: _Reset = None, compare: _Compare = None, every: _Every = 0, resume: _Resume = None, report: _Report = None,
    as_json: Json = False,
) -> None:  # fmt: skip
    """Train a spiking network in binary16 with exact sums: the same bits whatever the order of a batch's samples.

    Example: `spikeplane train model.py:net --data fashion_mnist -o trained.spt`
    """
    _check_options(every, samples, verify, (test, test_labels))
    _check_places(output, report)
    code = parse_encoding(encoding, steps, step_us, seed, 8)
    with busy("reading"):
        network, told = _network(model, freeze or [], weight_limit, delta_limit, input_shape, reset, compare)
        learned, tested = _both(network, code, data, labels, test, test_labels, samples)
    settings = Settings(
        encoding=code, samples=len(learned.labels), batch=batch, epochs=epochs, rate=rate,
        last_rate=rate / 10 if last_rate is None else last_rate, momentum=momentum, seed=seed,
        loss=loss,
    )  # fmt: skip
    settings.check()
    training = begun(network, settings) if resume is None else _resumed(resume, network, settings)
    say = _quiet if as_json else _line
    told += settings.told()
    for line in told:
        say(line)
    config = None if chip is None else ChipConfig.from_toml(chip)
    with busy(f"preparing {board}"):
        learner = open_learner(board, training.network, settings, config, verify)
    summary = learn(training, learner, learned, tested, output, every, say) | {"board": board, "notes": told}
    if report is not None:
        reported(report, training, summary, [data, labels, test, test_labels])
    program = output.with_suffix(".spk")
    summary["next"] = command("compile", output, "-o", program, "--encoding", encoding, "--steps", steps)
    print_json(summary) if as_json else show(summary)


def _line(text: str) -> None:
    out.print(escape(text), highlight=False)


def _quiet(text: str) -> None:
    """With --json the object says it."""


def _check_options(
    every: int, samples: int | None, verify: int, test: tuple[Path | None, Path | None]
) -> None:
    if every < 0:
        raise SpikeplaneError(f"--every must be 0 or more iterations, not {every}")
    if verify < 0:
        raise SpikeplaneError(f"--verify must be 0 or more iterations, not {verify}")
    if samples is not None and samples < 1:
        raise SpikeplaneError(f"--samples must be 1 or more, not {samples}")
    if (test[0] is None) != (test[1] is None):
        raise SpikeplaneError("--test and --test-labels belong together: give both")


def _check_places(output: Path, report: Path | None) -> None:
    check_place(output)
    if report is not None:
        if report.absolute() == output.absolute():
            raise SpikeplaneError(f"--report and --output are both {report}; give the page a name of its own")
        check_place(report)


def _network(
    model: str,
    freeze: list[str],
    weight_limit: int,
    delta_limit: int,
    shape: str | None,
    reset: str | None,
    compare: str | None,
) -> tuple[LearningNetwork, list[str]]:
    from spikeplane.importers import import_model

    options: dict[str, Any] = {
        "input_shape": parse_shapes([shape] if shape else []),
        "reset": reset,
        "compare": compare,
    }
    net = import_model(model, input_bits=1, **options)
    if len(net.inputs) != 1:
        raise SpikeplaneError(f"the model has {len(net.inputs)} inputs; a chip learns with one")
    return learning(net, freeze, limit=weight_limit, delta_limit=delta_limit)


def _paths(data: Path | None, labels: Path | None, names: tuple[str, str]) -> tuple[Path | None, Path | None]:
    """Samples and labels: as given, or of a folder."""
    if data is None or not data.is_dir() or labels is not None:
        return data, labels
    found = [next(iter(sorted(data.glob(f"{name}*"))), None) for name in names]
    return (data, None) if None in found else (found[0], found[1])


def _both(
    network: LearningNetwork,
    code: Encoding,
    data: Path,
    labels: Path | None,
    test: Path | None,
    test_labels: Path | None,
    samples: int | None,
) -> tuple[Labelled, Labelled | None]:
    """What is learned, and what is left out, if there is such."""
    learned = _read(network, code, *_paths(data, labels, _TRAIN), samples)
    apart = _paths(data if data.is_dir() and test is None else test, test_labels, _TEST)
    return learned, None if apart[0] is None else _read(network, code, *apart, None)


def _read(
    network: LearningNetwork, encoding: Encoding, data: Path | None, labels: Path | None, limit: int | None
) -> Labelled:
    assert data is not None
    if labels is None:
        raise SpikeplaneError(
            f"{data} has no labels, which training needs; give --labels, or a folder with {', '.join(_TRAIN)}"
        )
    items = read_samples(data, network.inputs[0].shape, encoding, limit)
    if limit is not None and len(items) < limit:
        raise SpikeplaneError(f"{data} has {len(items)} samples, --samples asks for {limit}")
    classes = int(np.prod(network.population(network.output).shape))
    truth = read_labels(labels, len(items), at_least=limit is not None)
    check_classes(truth, classes, f"{labels.name}: ")
    return Labelled(items, truth)


def _resumed(path: Path, network: LearningNetwork, settings: Settings) -> Training:
    training = Training.load(path)
    check_same(training, network, settings)
    return training
