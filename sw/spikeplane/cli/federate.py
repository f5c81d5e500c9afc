"""`spikeplane federate`: workers that keep their samples learn one network in binary16."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from spikeplane.cli import train as alone
from spikeplane.cli.answer import Json, command, print_json, print_next
from spikeplane.cli.console import bar, busy
from spikeplane.cli.encodings import parse_encoding
from spikeplane.config import ChipConfig
from spikeplane.errors import SpikeplaneError
from spikeplane.files import check_place
from spikeplane.train.course import Settings
from spikeplane.train.federate import Federation, LocalGrid, Terms, Worker
from spikeplane.train.federate.package import Package
from spikeplane.train.federate.rounds import federate as run_rounds
from spikeplane.train.federate.shards import shard, split
from spikeplane.train.federate.submit import submit
from spikeplane.train.federate.worker import local_settings
from spikeplane.train.file import Training, begun, epoch_line
from spikeplane.train.learners import BOARDS, open_learner
from spikeplane.train.loop import Labelled, accuracy
from spikeplane.train.losses import CROSS_ENTROPY

_Workers = Annotated[int, typer.Option(help="How many.")]
_Mode = Annotated[
    str, typer.Option(help="step: gradients, as one computer learns; epoch: means of weights (FedAvg).")
]
_Rounds = Annotated[
    int | None, typer.Option(help="How many (default: 5; in mode step those of all --epochs).")
]
_Split = Annotated[
    str, typer.Option("--split", help="Who has which samples: iid (at random) or labels (few classes each).")
]
_Local = Annotated[bool, typer.Option("--local", help="All workers in this process.")]
_SuperLink = Annotated[
    str | None, typer.Option(help="Flower's SuperLink: HOST:PORT, or the name of a connection of Flower.")
]
_Epochs = Annotated[int | None, typer.Option(help="Mode step: how often all samples are seen (default: 5).")]
_LocalEpochs = Annotated[
    int | None, typer.Option(help="Mode epoch: epochs of a worker in a round (default: 1).")
]
_Least = Annotated[int, typer.Option("--min-workers", help="A round goes on with so many answers.")]
_Strict = Annotated[bool, typer.Option("--strict", help="A round needs all workers, else it is repeated.")]
_Timeout = Annotated[float, typer.Option(help="Seconds that a worker has for an answer.")]
_Every = Annotated[int, typer.Option(help="A checkpoint each so many rounds; each epoch has one.")]


def federate(
    model: alone._Model, data: alone._Data, output: alone._Output, labels: alone._Labels = None, test: alone._Test = None,
    test_labels: alone._TestLabels = None, samples: alone._Samples = None, workers: _Workers = 5, mode: _Mode = "step",
    rounds: _Rounds = None, split_by: _Split = "iid", local: _Local = False, superlink: _SuperLink = None, epochs: _Epochs = None,
    local_epochs: _LocalEpochs = None, min_workers: _Least = 1, strict: _Strict = False, timeout: _Timeout = 600.0,
    board: alone._Board = "golden", chip: alone._Chip = None, encoding: alone._Encoding = "rate", steps: alone._Steps = 4,
    step_us: alone._StepUs = 1000, batch: alone._Batch = 64, rate: alone._Rate = 0.4, last_rate: alone._LastRate = None,
    momentum: alone._Momentum = 0.0, loss: alone._Loss = CROSS_ENTROPY, seed: alone._Seed = 0, freeze: alone._Freeze = None,
    weight_limit: alone._WeightLimit = 3, delta_limit: alone._DeltaLimit = 2, input_shape: alone._InputShape = None,
    reset: alone._Reset = None, compare: alone._Compare = None, every: _Every = 0, resume: alone._Resume = None,
    as_json: Json = False,
) -> None:  # fmt: skip
    """Train on several workers that keep their samples: gradients added up exactly, or means of weights (FedAvg).

    Example: `spikeplane federate model.py:net --data fashion_mnist --workers 5 --local -o trained.spt`
    """
    _check(local, superlink, board, min_workers, workers, rounds, timeout)
    _check_files(every, samples, test, test_labels, output)
    code, model_options = parse_encoding(encoding, steps, step_us, seed, 8), (input_shape, reset, compare)
    with busy("reading"):
        network, told = alone._network(model, freeze or [], weight_limit, delta_limit, *model_options)
        learned, tested = _read(network, code, data, labels, test, test_labels, samples)
    each, many = _epochs(mode, epochs, local_epochs, rounds)
    settings = Settings(
        encoding=code, samples=len(learned.labels), batch=batch, epochs=many, rate=rate,
        last_rate=rate / 10 if last_rate is None else last_rate, momentum=momentum, loss=loss, seed=seed,
    )  # fmt: skip
    terms = Terms(settings=settings, workers=workers, mode=mode, split=split_by, local_epochs=each)
    training = begun(network, settings) if resume is None else alone._resumed(resume, network, settings)
    say = _saying(told := [*told, *settings.told()], as_json)
    package = Package(
        training=training, terms=terms, output=str(output), rounds=_end(terms, rounds), board=board, least=min_workers, strict=strict,
        timeout=timeout, every=every,
    )  # fmt: skip
    here = superlink is None
    summary = _here(package, learned, tested, chip, say) if here else _there(package, superlink, tested, say)
    program = output.with_suffix(".spk")
    after = command("compile", output, "-o", program, "--encoding", encoding, "--steps", steps)
    _show(summary | {"board": board, "notes": told, "next": after}, as_json)


def _saying(told: list[str], as_json: bool) -> Callable[[str], None]:
    """What lines are said with, behind these."""
    say = alone._quiet if as_json else alone._line
    for line in told:
        say(line)
    return say


def _check_files(
    every: int, samples: int | None, test: Path | None, test_labels: Path | None, output: Path
) -> None:
    alone._check_options(every, samples, 0, (test, test_labels))
    check_place(output)


def _check(
    local: bool,
    superlink: str | None,
    board: str,
    least: int,
    workers: int,
    rounds: int | None,
    timeout: float,
) -> None:
    if local == (superlink is not None):
        raise SpikeplaneError(
            "the workers are either here or at a SuperLink: give --local, or --superlink HOST:PORT"
        )
    if board not in BOARDS:
        raise SpikeplaneError(f"--board {board}: the workers of one process run on {' or '.join(BOARDS)}")
    if not 1 <= least <= max(1, workers):
        raise SpikeplaneError(f"--min-workers must be from 1 to the {workers} workers, not {least}")
    if rounds is not None and rounds < 1:
        raise SpikeplaneError(f"--rounds must be 1 or more, not {rounds}")
    if not 0 < timeout < 1e6:
        raise SpikeplaneError(f"--timeout must be above 0 and below a million seconds, not {timeout:g}")


def _epochs(mode: str, epochs: int | None, local: int | None, rounds: int | None) -> tuple[int, int]:
    """Epochs of a worker in a round, and of the whole course."""
    if mode == "step":
        if local is not None:
            raise SpikeplaneError("--local-epochs is of mode epoch; in mode step a round is an iteration")
        return 1, 5 if epochs is None else epochs
    if epochs is not None:
        raise SpikeplaneError("--epochs is of mode step; in mode epoch give --rounds and --local-epochs")
    each = 1 if local is None else local
    return each, (5 if rounds is None else rounds) * each


def _end(terms: Terms, rounds: int | None) -> int:
    """The round behind which it stops."""
    terms.check()
    if rounds is not None and rounds > terms.rounds:
        raise SpikeplaneError(
            f"--rounds {rounds}: {terms.settings.epochs} epochs of such batches have {terms.rounds}; give more --epochs"
        )
    return terms.rounds if rounds is None else rounds


def _read(
    network: Any, code: Any, data: Path, labels: Path | None, test: Path | None, test_labels: Path | None, samples: int | None,
) -> tuple[Labelled, Labelled | None]:  # fmt: skip
    """What is learned, and what is tested."""
    learned = alone._read(network, code, *alone._paths(data, labels, alone._TRAIN), samples)
    apart = alone._paths(data if data.is_dir() and test is None else test, test_labels, alone._TEST)
    return learned, None if apart[0] is None else alone._read(network, code, *apart, None)


def _workers(terms: Terms, training: Training, data: Labelled, board: str, chip: Path | None) -> LocalGrid:
    """All of them, each with its part of the samples."""
    made, config = {}, None if chip is None else ChipConfig.from_toml(chip)
    parts = split(terms.split, data.labels, terms.workers, terms.settings.seed)
    with busy(f"preparing {terms.workers} workers on {board}"):
        for k, numbers in enumerate(parts):
            learner = open_learner(board, training.network, local_settings(terms, len(numbers)), config)
            made[str(k + 1)] = Worker(k, terms, training.network, learner, shard(data, numbers)).answer
    return LocalGrid(made)


def _here(
    package: Package, data: Labelled, test: Labelled | None, chip: Path | None, say: Callable[[str], None]
) -> dict[str, Any]:
    """All rounds by workers of this process; what is to be told of them."""
    terms, training, output = package.terms, package.training, Path(package.output)
    grid = _workers(terms, training, data, package.board, chip)
    lines: list[str] = []

    def left_out(line: str) -> None:
        lines.append(line)
        say(line)

    server = Federation(
        terms,
        training,
        grid,
        least=package.least,
        strict=package.strict,
        timeout=package.timeout,
        say=left_out,
    )
    with bar("federation", max(0, package.rounds - server.number), "rounds") as advance:
        run_rounds(
            server, rounds=package.rounds, progress=advance, tested=None if test is None else lambda now: _tested(now, test),
            row_done=lambda row: say(epoch_line(row)), checkpoint=lambda now: now.save(output), every=package.every,
        )  # fmt: skip
    training.save(output)
    return _summary(training, terms, output, lines)


def _tested(now: Training, test: Labelled) -> float:
    """The share of the samples that the weights of now tell right."""
    golden = open_learner("golden", now.network, now.settings)
    golden.restore(now.learned, now.iterations)
    return accuracy(now, golden, test)


def _there(
    package: Package, superlink: str, test: Labelled | None, say: Callable[[str], None]
) -> dict[str, Any]:
    """The same by workers of Flower. What is tested stays here, so only the last weights are."""
    output = Path(package.output).absolute()
    package = replace(package, output=str(output))
    lines: list[str] = []

    def told(line: str) -> None:
        if "is left out" in line:
            lines.append(line)
        say(line)

    before = _written(output)
    with busy(f"federation at {superlink}"):
        submit(package, superlink, told)
    if _written(output) == before:
        raise SpikeplaneError(
            f"the federation is done, and {output} is not on this machine: it is on the SuperLink's"
        )
    training = Training.load(output)
    summary = _summary(training, package.terms, output, lines)
    if test is not None:
        with busy("testing"):
            summary["test"] = _tested(training, test)
    return summary


def _written(path: Path) -> int | None:
    """When, so that what an earlier run left is not taken for this one's."""
    return path.stat().st_mtime_ns if path.exists() else None


def _summary(training: Training, terms: Terms, output: Path, lines: list[str]) -> dict[str, Any]:
    from spikeplane_sim.golden.training import digest

    return {
        "training": str(output),
        "rounds": training.iterations // terms.iterations,
        "workers": terms.workers,
        "mode": terms.mode,
        "split": terms.split,
        "epochs": training.figures.epochs,
        "left_out": lines,
        "sha256": digest(training.learned),
    }


def _show(summary: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(summary)
        return
    test = [("test", f"{summary['test']:.2%}")] if "test" in summary else []
    for label, text in (
        ("rounds", f"{summary['rounds']:,} of {summary['workers']} workers, mode {summary['mode']}"),
        ("left out", f"{len(summary['left_out']):,} answers"),
        *test,
        ("sha256", summary["sha256"]),
        ("training", summary["training"]),
    ):
        alone._line(f"{label:<19}{text}")
    print_next(summary["next"])
