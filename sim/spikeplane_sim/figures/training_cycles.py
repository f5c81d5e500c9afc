"""Cycles of a core that learns, by phase, on the simulated chip, beside what each phase needs at least: an operation of all lanes,
two neurons in the sweeps, or a weight in the update a cycle; and a packet of the host in as many as it has bytes, and one."""

from dataclasses import dataclass

import numpy as np
from rich.table import Table

from spikeplane.errors import SpikeplaneError
from spikeplane.formats.packet import packet_format
from spikeplane.formats.training import WAYS, TrainingCounter
from spikeplane.train import Optimiser
from spikeplane.train.activity import Activity, activity
from spikeplane.train.chip import chip_for
from spikeplane.train.driver import TrainingDriver, prepared
from spikeplane_sim.board import SimulatedBoard
from spikeplane_sim.figures.training_networks import network
from spikeplane_sim.golden.training import Trainer

STEPS, DENSITY = 4, 0.25
LANES = 8


@dataclass(frozen=True)
class Use:
    """What a network of `neurons` and `weights` did in one iteration of `samples`; `forward`: in the forward alone; `link`: cycles
    in which packets of the host come, of the forward and as many again of the gradients."""

    activity: Activity
    forward: Activity
    samples: int
    neurons: int
    weights: int
    link: int

    def total(self, batch: int) -> float:
        """Cycles of an iteration of `batch` samples, but for those in which the core waits."""
        cycles = {phase: count for phase, count in self.activity.cycles.items() if phase != "wait"}
        update = cycles.pop("update")
        return sum(cycles.values()) * batch / self.samples + update

    def bound(self, batch: int) -> float:
        """The same at best: partial sums and what is sent count nothing."""
        bounds = {**self.bounds, "backward": self.activity.counts[TrainingCounter.GATHERS]}
        update = bounds.pop("update")
        return sum(bounds.values()) * batch / self.samples + update

    @property
    def bounds(self) -> dict[str, float]:
        """Cycles by phase, at best."""
        sweeps = 2 * STEPS * self.neurons * self.samples / WAYS
        return {**self.activity.operations, "sweep": sweeps, "send": 0, "update": self.weights}

    @property
    def directions(self) -> dict[str, "Direction"]:
        """Forward, and backward with the gradients, of all samples: without the update, and what waits for the host's turn."""
        phases = self.bounds.keys() - {"update"}
        whole, there = (sum(one.cycles[phase] for phase in phases) for one in (self.activity, self.forward))
        all_ops, operations = (sum(one.operations.values()) for one in (self.activity, self.forward))
        sweeps = self.bounds["sweep"] / 2
        return {
            "there": Direction(there, operations, sweeps, self.link),
            "back": Direction(whole - there, all_ops - operations, sweeps, self.link),
        }


@dataclass(frozen=True)
class Direction:
    """Cycles of one way through a network, and those that the lanes, the sweeps and the host's packets take of them at least."""

    cycles: int
    lanes: int
    sweeps: float
    link: int

    @property
    def least(self) -> float:
        """All three side by side."""
        return max(self.lanes, self.sweeps, self.link)


def measure(name: str, samples: int = 4, seed: int = 1) -> Use:
    """One iteration, whose weights are held against the golden model's. Raises SpikeplaneError if one differs."""
    net, rng, optimiser = network(name), np.random.default_rng(seed), Optimiser(rate=0.4)
    shape = net.populations[0].shape
    planes = {"in": (rng.random((samples, STEPS, *shape)) < DENSITY).astype(np.uint8)}
    labels = rng.integers(0, 10, samples)
    config = chip_for(net, samples, STEPS)
    golden = Trainer(net, optimiser, batch=samples, steps=STEPS)
    image = prepared(net, config, optimiser, batch=samples, steps=STEPS)
    with SimulatedBoard(config) as board:
        chip = TrainingDriver(board, config, net, optimiser, steps=STEPS, image=image)
        chip.load()
        before = activity(chip, image.routes.cores)
        chip.iterate(planes, labels)
        found = activity(chip, image.routes.cores).since(before)
        before = activity(chip, image.routes.cores)
        chip.readout(planes)
        forward = activity(chip, image.routes.cores).since(before)
        golden.iterate(planes, labels)
        for tag, weight in chip.state().weights.items():
            if weight.tobytes() != golden.state().weights[tag].tobytes():
                raise SpikeplaneError(f"{name}: weights of projection {tag} are not the golden model's")
    neurons = sum(-(-p.shape[0] // LANES) * LANES * p.shape[1] * p.shape[2] for p in net.populations[1:])
    words = sum(kept for parts in image.kept.values() for kept in (len(part.order) for part in parts))
    groups = np.add.reduceat(planes["in"], range(0, shape[0], LANES), axis=2)
    link = np.count_nonzero(groups) * (packet_format(config).size + 1)
    return Use(found, forward, samples, neurons, words * LANES, int(link))


def table(uses: dict[str, Use]) -> Table:
    """Of each network cycles of a sample, and of an update."""
    shown = Table(
        title=f"A core of {LANES} lanes that learns, T = {STEPS}, {DENSITY:.0%} of the inputs: cycles a sample (update: all)",
        title_justify="left",
    )
    for column in ("network", "phase", "cycles", "at best", "utilisation"):
        shown.add_column(column, justify="left" if column in ("network", "phase") else "right")
    for name, use in uses.items():
        samples = use.samples
        for phase, cycles in use.activity.cycles.items():
            share = 1 if phase == "update" else samples
            best = use.bounds.get(phase, 0)
            ratio = f"{best / cycles:.3f}" if best and cycles else ""
            shown.add_row(name, phase, f"{cycles / share:,.0f}", f"{best / share:,.0f}", ratio)
        ratio = f"{use.bound(64) / use.total(64):.3f}"
        shown.add_row(name, "all, of 64", f"{use.total(64) / 64:,.0f}", f"{use.bound(64) / 64:,.0f}", ratio)
        shown.add_section()
    return shown


def ways(uses: dict[str, Use]) -> Table:
    """Of each network the way forward and the way back: what takes how many cycles at least, and how near it comes."""
    shown = Table(
        title="There and back, without the update: cycles of a sample, and those that each part needs of them",
        title_justify="left",
    )
    for column in (
        "network",
        "way",
        "cycles",
        "lanes",
        "sweeps",
        "host's packets",
        "lanes' share",
        "the most of them",
    ):
        shown.add_column(column, justify="left" if column in ("network", "way") else "right")
    for name, use in uses.items():
        for way, one in use.directions.items():
            needs = (f"{count / use.samples:,.0f}" for count in (one.cycles, one.lanes, one.sweeps, one.link))
            shares = (f"{count / one.cycles:.3f}" for count in (one.lanes, one.least))
            shown.add_row(name, way, *needs, *shares)
        shown.add_section()
    return shown
