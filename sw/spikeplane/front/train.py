"""`spikeplane.train` and `Program.train`: a network learns in binary16, in the golden model, on the simulated chip or on a board."""

import re
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from spikeplane.compiler.model import imported
from spikeplane.config import ChipConfig
from spikeplane.encoding import Encoding
from spikeplane.encodings import asked_of_import
from spikeplane.errors import SpikeplaneError
from spikeplane.files import check_place
from spikeplane.front.progress import shown
from spikeplane.front.trained import TrainingResult
from spikeplane.program import Program
from spikeplane.samples import labelled
from spikeplane.train.course import Settings
from spikeplane.train.file import Summed, Training, begun, check_same
from spikeplane.train.imported import learning
from spikeplane.train.learners import open_learner
from spikeplane.train.loop import Labelled, Learner
from spikeplane.train.loop import train as run_training
from spikeplane.train.metered import cycles
from spikeplane.train.network import LearningNetwork
from spikeplane.train.plan import exact_bits
from spikeplane.train.profile import observer

Progress = bool | Callable[[dict[str, Any]], None]


def train(
    model: Any,
    samples: Any,
    labels: Any = None,
    *,
    test: tuple[Any, Any] | None = None,
    board: str | PathLike[str] = "golden",
    chip: ChipConfig | str | Path | None = None,
    verify: int = 0,
    encoding: Encoding | None = None,
    freeze: Collection[str] = (),
    weight_limit: int = 3,
    delta_limit: int = 2,
    input_shape: tuple[int, int, int] | None = None,
    reset: str | None = None,
    compare: str | None = None,
    path: str | Path | None = None,
    every: int = 0,
    resume: str | Path | Training | None = None,
    progress: Progress = True,
    **settings: Any,
) -> TrainingResult:
    """See `spikeplane.train`."""
    code = Encoding(kind="rate", steps=4) if encoding is None else encoding
    options = {"input_shape": input_shape, "reset": reset, "compare": compare, **asked_of_import(code)}
    with _said_in_python():
        float_net = imported(model, options, samples, code)
        if len(float_net.inputs) != 1:
            raise SpikeplaneError(f"the model has {len(float_net.inputs)} inputs; a chip learns with one")
        network, told = learning(float_net, freeze, limit=weight_limit, delta_limit=delta_limit)
        data = _labelled(network, code, samples, labels)
        tested = None if test is None else _labelled(network, code, *_pair(test))
        chosen = _settings(code, len(data.labels), settings)
        training = begun(network, chosen) if resume is None else _resumed(resume, network, chosen)
        if path is not None:
            check_place(path)
        config = ChipConfig.from_toml(chip) if isinstance(chip, str | Path) else chip
        learner = open_learner(str(board), network, chosen, config, verify)
    learned = _learned(training, learner, data, tested, path, every, progress)
    return replace(learned, board=str(board), notes=(*told, *chosen.told()))


def _learned(
    training: Training,
    learner: Learner,
    data: Labelled,
    test: Labelled | None,
    path: str | Path | None,
    every: int,
    progress: Progress,
) -> TrainingResult:
    settings, start, first = training.settings, time.perf_counter(), training.iterations
    with _progress(progress, training) as (each, epoch):
        run_training(
            training, learner, data, test, progress=each, epoch_done=epoch, every=every if path else 0,
            checkpoint=None if path is None else lambda now: now.save(path),
            observe=observer(training.network, squared=settings.optimiser.squared),
        )  # fmt: skip
    return TrainingResult(
        training=training,
        seconds=time.perf_counter() - start,
        samples=settings.learned(first, training.iterations),
        clipped=learner.clipped,
        compared=getattr(learner, "compared", None),
        cycles=cycles(learner),
        exact_bits=exact_bits(training.network, settings.batch, settings.encoding.steps),
    )


def train_program(program: Program, samples: Any, labels: Any = None, **options: Any) -> TrainingResult:
    """See `Program.train`."""
    if program.source is None:
        raise SpikeplaneError(
            "the program keeps no float network, from which training begins; compile it again from its model"
        )
    return train(program.source.network, samples, labels, **{"encoding": program.encoding, **options})


def _labelled(network: LearningNetwork, code: Encoding, samples: Any, labels: Any) -> Labelled:
    population = network.inputs[0]
    classes = int(network.population(network.output).shape[0])
    given, truth = labelled(samples, labels, {population.name: (code, population.shape)}, None, classes)
    if truth is None:
        raise SpikeplaneError(
            "training needs a label for each sample; give labels=, or a DataLoader of pairs"
        )
    return Labelled(given, truth)


def _pair(test: Any) -> tuple[Any, Any]:
    if not isinstance(test, tuple) or len(test) != 2:
        return test, None  # a DataLoader of pairs
    return test


def _settings(code: Encoding, samples: int, given: dict[str, Any]) -> Settings:
    known = ("batch", "epochs", "rate", "last_rate", "momentum", "seed", "loss")
    for name in given:
        if name not in known:
            raise SpikeplaneError(
                f"training has no option '{name}'; it has {', '.join(known)}, and those of spikeplane.train"
            )
        whole = name in ("batch", "epochs", "seed")
        if name != "loss" and not isinstance(
            given[name], int | np.integer if whole else int | float | np.number | None
        ):
            raise SpikeplaneError(f"{name} must be a {'whole ' if whole else ''}number, not {given[name]!r}")
    if given.get("last_rate") is None:
        given = {**given, "last_rate": given.get("rate", Settings.rate) / 10}
    found = Settings(encoding=code, samples=samples, **given)
    found.check()
    return found


def _resumed(resume: str | Path | Training, network: LearningNetwork, settings: Settings) -> Training:
    training = deepcopy(resume) if isinstance(resume, Training) else Training.load(resume)
    check_same(training, network, settings)
    return training


@contextmanager
def _said_in_python() -> Iterator[None]:
    """Refusals name the options of the command line; here they are arguments."""
    try:
        yield
    except SpikeplaneError as error:
        text = re.sub(r"--([a-z]+(?:-[a-z]+)*)", lambda name: name[1].replace("-", "_"), str(error))
        raise SpikeplaneError(text) from None


@contextmanager
def _progress(
    wanted: Progress, training: Training
) -> Iterator[tuple[Callable[[Summed], None], Callable[[dict[str, Any]], None] | None]]:
    """What is told of an iteration, and of an epoch."""
    settings = training.settings
    if callable(wanted):

        def each(found: Summed) -> None:
            wanted(
                {
                    "iteration": training.iterations,
                    "iterations": settings.iterations,
                    "loss": found.loss / found.samples,
                    "accuracy": found.right / found.samples,
                }
            )

        yield each, wanted
        return
    rest = settings.learned(training.iterations, settings.iterations)
    with shown("training", rest, wanted) as advance:
        yield lambda found: advance(found.samples), None
