"""The file of a training, its checkpoint and its result in one: network, settings, weights, momenta, how far it is.

Sealed as a program file is: HDF5 behind a first block with version and checksum, read by the same reader.
"""

import hashlib
import io
import json
import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

import h5py  # pyright: ignore[reportMissingTypeStubs] - it has none
import numpy as np

from spikeplane.doors import door
from spikeplane.errors import SpikeplaneError
from spikeplane.files import read_file, write_file
from spikeplane.later import later
from spikeplane.program.hdf5 import BLOCK, datasets
from spikeplane.program.plain import made, stated
from spikeplane.train.course import Settings
from spikeplane.train.network import Learned, LearningNetwork, LearningPopulation, LearningProjection

MAGIC, VERSION = "spikeplane-training", 1
_FILE = 1 << 29
_LABEL = re.compile(rb"%s (\d{1,9}) ([0-9a-f]{64})\n\0*" % MAGIC.encode())


class Summed(Protocol):
    """Figures of an iteration; loss: summed over its samples."""

    samples: int
    right: int
    loss: float
    clipped: int


@dataclass
class Figures:
    """Of the epoch under way, so that one that is interrupted reports what it would have, and of those behind it.

    curve     of each iteration the mean loss and the share of its samples that was right before its update
    epochs    a row each: epoch, loss, accuracy, test
    profiles  an epoch each, see `spikeplane.train.profile.observer`; none where nobody observed
    """

    right: int = 0
    seen: int = 0
    loss: float = 0.0
    epochs: list[dict[str, Any]] = field(default_factory=list)
    profiles: list[dict[str, Any]] = field(default_factory=list)
    curve: list[tuple[float, float]] = field(default_factory=list)

    def add(self, found: Summed) -> None:
        """Take in an iteration."""
        self.right += found.right
        self.seen += found.samples
        self.loss += found.loss
        self.curve.append((found.loss / found.samples, found.right / found.samples))


def epoch_line(row: dict[str, Any]) -> str:
    """A row of `Figures.epochs` in words."""
    test = f", test {row['test']:.2%}" if "test" in row else ""
    return f"epoch {row['epoch']}: loss {row['loss']:.4f}, accuracy {row['accuracy']:.2%}{test}"


@dataclass
class Training:
    """A network that learns, `iterations` on its way."""

    network: LearningNetwork
    settings: Settings
    learned: Learned
    iterations: int = 0
    figures: Figures = field(default_factory=Figures)

    def trained(self) -> LearningNetwork:
        """The network with the weights of now."""
        return self.network.with_weights(self.learned.weights)

    def to_inference(self, chip: Any = "auto", **options: Any) -> Any:
        """The `Program` of what was learned, for a chip of integers: `spikeplane.compile` of the trained network, with the
        encoding that it learned with.

        chip      a ChipConfig, a preset, a board's name; "auto": the least that holds it
        options   those of `spikeplane.compile`: calibration, labels, weight_bits, ...

        Raises SpikeplaneError for what does not fit.
        """
        return door("to_inference")(self, chip, **options)

    def compare(self, program: Any, samples: Any, labels: Any = None) -> Any:
        """The accuracy of a program that `to_inference` made beside that of the trained binary16 network, an `Inference`; both
        in their golden models, on the same spikes. `samples`: see `Program.run`; labels (N,). Raises SpikeplaneError without
        labels, and for a program that takes other spikes."""
        return door("compare_training")(self, program, samples, labels)

    def save(self, path: str | Path) -> None:
        """Write the file, whole or not at all. Raises SpikeplaneError."""
        contents = _bytes(self)
        label = f"{MAGIC} {VERSION} {hashlib.sha256(contents[BLOCK:]).hexdigest()}\n".encode()
        write_file(path, label.ljust(BLOCK, b"\0") + contents[BLOCK:])

    @classmethod
    def load(cls, path: str | Path) -> "Training":
        """Read a file. Raises SpikeplaneError for what is none."""
        try:
            contents = read_file(path, _FILE)
        except FileNotFoundError:
            raise SpikeplaneError(f"training: no file {path}") from None
        except OSError as error:
            raise SpikeplaneError(f"training: cannot read {path}: {error.strerror}") from None
        label = _LABEL.fullmatch(contents[:BLOCK])
        if label and int(label[1]) != VERSION:
            raise SpikeplaneError(
                f"training {path} has format version {int(label[1])}, this is version {VERSION}; train it again"
            )
        if label and label[2].decode() == hashlib.sha256(contents[BLOCK:]).hexdigest():
            try:
                return _training(contents)
            except (
                Exception
            ):  # whatever json, numpy or the reader make of a file that some other tool has written
                pass
        raise SpikeplaneError(f"{path} is no training of Spikeplane, or is damaged; train it again")


def _bytes(training: Training) -> bytes:
    network, learned = training.network, training.learned
    header = {
        "output": network.output,
        "delta_limit": network.delta_limit,
        "populations": [stated(p, ("theta",)) for p in network.populations],
        "projections": [stated(p, ("weight",)) for p in network.projections],
        "settings": stated(training.settings),
        "iterations": training.iterations,
        "figures": {name: value for name, value in vars(training.figures).items() if name != "curve"},
    }
    curve = np.array(training.figures.curve, "<f8").reshape(-1, 2)
    arrays: dict[str, np.ndarray] = {"curve": curve.view("<u8")} if len(curve) else {}
    for i, p in enumerate(network.populations):
        if p.theta is not None:
            arrays[f"theta/{i}"] = np.asarray(p.theta, "<f8").view("<u8")
    for tag, weight in learned.weights.items():
        arrays[f"weights/{tag}"] = weight.view(np.uint16)
    for tag, momentum in learned.momenta.items():
        arrays[f"momenta/{tag}"] = momentum.view(np.uint16)
    buffer = io.BytesIO()
    opened: Any = h5py.File(buffer, "w", userblock_size=BLOCK, libver="earliest")
    with opened as file:
        text = json.dumps(header, default=lambda one: one.item()).encode()
        file.create_dataset("header", data=np.frombuffer(text, dtype=np.uint8))
        for name, array in arrays.items():
            file.create_dataset(name, data=array, compression="gzip", shuffle=True)
    return buffer.getvalue()


def _training(contents: bytes) -> Training:
    found = {name: dataset.read() for name, dataset in datasets(contents).items()}
    header = json.loads(found.pop("header").tobytes())
    curve = found.pop("curve", np.zeros((0, 2), np.uint64)).view(np.float64).tolist()

    def kept(kind: str) -> dict[int, np.ndarray]:
        names = [name for name in found if name.startswith(f"{kind}/")]
        return {int(name.partition("/")[2]): np.ascontiguousarray(found[name]) for name in names}

    theta = {i: bits.view(np.float64) for i, bits in kept("theta").items()}
    weights, momenta = ({t: b.view(np.float16) for t, b in kept(k).items()} for k in ("weights", "momenta"))
    populations = tuple(
        made(LearningPopulation, p, "population", theta=theta.get(i))
        for i, p in enumerate(header["populations"])
    )
    projections = tuple(
        made(LearningProjection, p, "projection", weight=weights[tag])
        for tag, p in enumerate(header["projections"])
    )
    network = LearningNetwork(
        populations=populations,
        projections=projections,
        output=header["output"],
        delta_limit=header["delta_limit"],
    )
    settings = made(Settings, header["settings"], "settings")
    figures = Figures(**header["figures"], curve=[(loss, right) for loss, right in curve])
    return Training(network, settings, Learned(weights, momenta), header["iterations"], figures)


def check_same(before: Training, network: LearningNetwork, settings: Settings) -> None:
    """Raises SpikeplaneError where a training that goes on is not the one that was begun."""
    asked, had = (later(Settings) | stated(one) for one in (settings, before.settings))
    for name in asked:
        if asked[name] != had[name]:
            raise SpikeplaneError(
                f"the training that goes on has {name} {_said(had[name])}, not {_said(asked[name])}; give what it was begun with"
            )
    blank = dict.fromkeys(range(len(network.projections)), np.zeros(1))
    forms = [[p.weight.shape for p in one.projections] for one in (network, before.network)]
    if forms[0] != forms[1] or repr(network.with_weights(blank)) != repr(before.network.with_weights(blank)):
        raise SpikeplaneError(
            "the training that goes on is that of another network; give the model that it was begun with"
        )


def _said(value: Any) -> str:
    return ", ".join(f"{k} {v}" for k, v in value.items()) if isinstance(value, dict) else str(value)


def begun(network: LearningNetwork, settings: Settings) -> Training:
    """A training that has not moved yet."""
    weights = {tag: np.ascontiguousarray(p.weight) for tag, p in enumerate(network.projections)}
    momenta = {tag: np.zeros_like(weights[tag]) for tag, p in enumerate(network.projections) if p.trained}
    return Training(network, settings, Learned(weights, momenta if settings.momentum else {}))


def of_now(training: Training, learned: Learned, iterations: int) -> Training:
    """The same with other weights."""
    return replace(training, learned=learned, iterations=iterations)
