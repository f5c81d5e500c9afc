"""`spikeplane estimate` of a training: energy, traffic and time of learning by one sample."""

from pathlib import Path
from typing import Any

import numpy as np
from rich.markup import escape

from spikeplane.cli.answer import command, print_next
from spikeplane.cli.columns import Figures
from spikeplane.cli.console import busy, out
from spikeplane.errors import SpikeplaneError
from spikeplane.estimate.learning.activity import Densities, LearningActivity, assumed, measured
from spikeplane.estimate.learning.shapes import SHAPES
from spikeplane.estimate.learning.shown import COLUMNS, TEXT, footer, lines, rows
from spikeplane.estimate.learning.whole import estimated, far
from spikeplane.provided import provided
from spikeplane.train.course import Settings, coded
from spikeplane.train.file import Training
from spikeplane.train.network import LearningNetwork

READ = 16  #: samples that activity is counted on, at most


def is_training(name: Path) -> bool:
    """Whether this is estimated as a training: a file of one, or a shape's name."""
    return name.suffix == ".spt" or str(name) in SHAPES


def estimate_training(
    name: Path,
    *,
    data: Path | None,
    densities: str | None,
    steps: int | None,
    batch: int | None,
    dram: bool,
) -> dict[str, Any]:
    """What is told of it, as plain values. `steps`, `batch`: those of the file, or 4 and 64. Raises SpikeplaneError for options
    that do not go together, and for networks that no chip learns."""
    settings: Settings | None = None
    if str(name) in SHAPES:
        network = SHAPES[str(name)]()
        dram = dram or str(name) == "vgg-7"
        title = str(name)
    else:
        training = Training.load(name)
        network, settings, title = training.trained(), training.settings, name.name
    if data is not None and (settings is None or steps is not None or densities is not None):
        raise SpikeplaneError(
            "--input counts spikes with the encoding of a training (.spt); it goes with neither --steps nor --densities"
        )
    own = (4, 64) if settings is None else (settings.encoding.steps, settings.batch)
    steps, batch = steps or own[0], batch or own[1]
    if data is not None and settings is not None:
        with busy("counting spikes"):
            activity = _counted(network, settings, data)
    else:
        activity = assumed(network, steps, _densities(densities))
    found = estimated(network, samples=batch, activity=activity, **far(dram))
    return {"training": title, **found, "next": _next(name, settings)}


def _next(name: Path, settings: Settings | None) -> str:
    """Training compiled; or a model trained, where there is only a shape."""
    if settings is None:
        return command("train", "MODEL", "--data", "DATA", "-o", "net.spt")
    code = settings.encoding
    options = ("--encoding", code.kind, "--steps", code.steps)
    return command("compile", name, "-o", name.with_suffix(".spk"), *options)


def _densities(text: str | None) -> Densities:
    if text is None:
        return Densities()
    try:
        values = [float(part) for part in text.split(",")]
    except ValueError:
        values = []
    if len(values) != 3:
        raise SpikeplaneError(
            f"--densities {text}: give three shares of 0 to 1, of inputs, hidden spikes and windows, as 0.29,0.25,0.15"
        )
    return Densities(*values)


def _counted(network: LearningNetwork, settings: Settings, data: Path) -> LearningActivity:
    """Spikes and windows of the first samples in the golden model."""
    from spikeplane.data import read_samples

    samples = read_samples(data, network.inputs[0].shape, settings.encoding, READ)
    shape = network.inputs[0].shape
    planes = coded(settings.encoding, samples, shape, np.arange(len(samples)))
    steps = settings.encoding.steps
    trainer = provided("Trainer")(network, settings.optimiser, batch=settings.batch, steps=steps)
    tape = trainer.tape({network.inputs[0].name: planes})
    told = f"counted on {len(samples)} samples of {data}"
    return measured(network, tape.spikes, tape.windows, told)


def show_training(found: dict[str, Any]) -> None:
    """The estimate for people."""
    table = Figures(f"{escape(found['training'])}: learning one sample, estimated", COLUMNS, TEXT)
    for cells in rows(found):
        table.add(*cells)
    table.print(out)
    for label, text in lines(found):
        out.print(f"{label:<20}{escape(text)}", highlight=False, soft_wrap=True)
    for text in footer(found):
        out.print(f"[dim]{escape(text)}[/]", highlight=False, soft_wrap=True)
    print_next(found["next"])
