"""What a run gave: accuracy, spikes, cycles, time, and where chip and golden model differ."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from spikeplane.errors import SpikeplaneError
from spikeplane.front.membranes import chosen, potentials, thresholds
from spikeplane.front.names import ByName
from spikeplane.front.text import card, table
from spikeplane.host.serial import BAUD
from spikeplane.program import Program
from spikeplane.run.execute import Differing, Result, summarise_run
from spikeplane.run.lockstep import Comparison
from spikeplane.run.names import BOARDS

BITS = 10  #: of a byte on a UART


@dataclass(frozen=True)
class Time:
    """Seconds that a run takes, in three parts that overlap: the largest is what binds it.

    link   of its bytes at `baud`, the slower direction
    core   of the chip's busy cycles at `clock_mhz`
    host   of the driver's own work, as measured; a simulated chip's time is not in it
    """

    link: float
    core: float
    host: float
    samples: int
    clock_mhz: float
    baud: int

    @property
    def bound(self) -> str:
        """By which part the run is bound: "link", "core" or "host"."""
        return max(("link", "core", "host"), key=lambda part: getattr(self, part))

    @property
    def seconds(self) -> float:
        """Of the largest part."""
        return max(self.link, self.core, self.host)

    @property
    def samples_per_second(self) -> float:
        """Where nothing but the largest part counts."""
        return self.samples / self.seconds if self.seconds else float("inf")

    def __repr__(self) -> str:
        return (
            f"{1e3 * self.seconds:,.3f} ms for {self.samples} samples, bound by the {self.bound}: link "
            f"{1e3 * self.link:,.3f} ms at {self.baud:,} baud, core {1e3 * self.core:,.3f} ms at {self.clock_mhz:g} "
            f"MHz, host {1e3 * self.host:,.3f} ms"
        )


class RunResult:
    """What `Program.run` returns.

    program, board   that ran, and the board's name
    labels           (N,) or None
    scores           (N, classes): the readout of each sample; of pixels (a segmentation) their sum, each of them is in
                     `spikes` of the output
    spikes, inputs   by population the planes of the samples that were kept, int (M, T, C, H, W): 0 and 1, or
                     the values of a population that sends values; steps of the model, also where the chip has them
                     as channels of one step
    rates            by population spikes a sample
    cycles           clock cycles of the whole run; None for the golden model, which has no clock
    comparison       of every output with the golden model, where `lockstep` was asked for; else None
    """

    def __init__(
        self,
        program: Program,
        raw: Result,
        board: str,
        labels: np.ndarray | None,
        clock: float,
        baud: int | None,
    ) -> None:
        self.program, self.board, self.labels = program, board, labels
        self._raw, self._clock, self._baud = raw, clock, BAUD if baud is None else baud
        self.scores = np.concatenate(raw.scores)
        self._driven = _joined(program, raw.inputs)
        self.spikes = _apart(program, _joined(program, raw.outputs))
        self.inputs = _apart(program, self._driven)
        self.rates = {name: spikes / raw.count for name, spikes in raw.spikes.items()}
        self.comparison: Comparison | None = raw.comparison
        self.cycles: int | None = raw.figures.get("cycles")

    @property
    def samples(self) -> int:
        """N, the samples that were run."""
        return self._raw.count

    @property
    def kept(self) -> int:
        """M, the samples whose planes are in `spikes` and `inputs`: the first ones."""
        return len(next(iter(self.inputs.values())))

    @cached_property
    def guesses(self) -> np.ndarray:
        """(N,): the class of the highest score."""
        return self.scores.argmax(1)

    @property
    def accuracy(self) -> float | None:
        """The share of samples whose guess is their label; None without labels."""
        return None if self.labels is None else float((self.guesses == self.labels).mean())

    @property
    def confusion(self) -> np.ndarray:
        """(classes, classes): how often samples of a label (row) were taken for a class (column). Raises
        SpikeplaneError without labels."""
        if self.labels is None:
            raise SpikeplaneError("there is no confusion matrix without labels; run with labels=y")
        size = max(self.scores.shape[1], int(self.labels.max(initial=0)) + 1)
        found = np.zeros((size, size), np.int64)
        np.add.at(found, (self.labels, self.guesses), 1)
        return found

    @property
    def mismatches(self) -> int | None:
        """Values of all populations that are not the golden model's; None where they were not compared."""
        return None if self.comparison is None else self.comparison.mismatches

    @property
    def mismatches_by_layer(self) -> dict[str, int] | None:
        """By population the values that are not the golden model's; None where they were not compared."""
        return None if self.comparison is None else dict(self.comparison.by_layer)

    @property
    def differing(self) -> list[Differing]:
        """The samples that differ from the golden model, the first 24, in order: number, planes, what the chip and
        what the golden model made of them. Kept whatever `keep` says."""
        return self._raw.differing

    @property
    def first_difference(self) -> str | None:
        """The first difference as one line: sample, step, population, neuron, both values; None for none."""
        return None if self.comparison is None else self.comparison.first

    @property
    def time(self) -> Time | None:
        """Seconds of link, core and host; None for the golden model, which has neither link nor clock."""
        link = self._raw.figures.get("link")
        if link is None or self.cycles is None:
            return None
        return Time(
            link=max(link["sent"], link["received"]) * BITS / self._baud,
            core=self.cycles / (1e6 * self._clock),
            host=max(0.0, link["seconds"] - link["waited"]),
            samples=self.samples,
            clock_mhz=self._clock,
            baud=self._baud,
        )

    @cached_property
    def summary(self) -> dict[str, Any]:
        """The figures as plain values, as `spikeplane run --json` prints them."""
        return summarise_run(self.program, self._raw, self.board, self.labels, self._clock)

    def raster(self, population: str, sample: int = 0, axes: Any = None) -> Any:
        """Plot the spikes of one sample of a population, neurons over steps; values as an image. Returns
        matplotlib's axes. Raises SpikeplaneError for a population or sample that was not kept."""
        from spikeplane.front.plots import raster

        return raster(self._one(population, sample), f"{population}, sample {sample}", axes)

    def potentials(self, population: str, sample: int = 0) -> np.ndarray:
        """Membranes of a population in one sample, int (T, C, H, W), as the golden model has them: before any reset,
        what the threshold is held against. Raises SpikeplaneError as `membranes` does."""
        return self._membranes(population, sample)[0]

    def membranes(
        self, population: str, sample: int = 0, neurons: int | Sequence[int] = 8, axes: Any = None
    ) -> Any:
        """Plot membranes of one sample, with thresholds and spikes, as the golden model has them.

        neurons   how many, those that fire most; or their numbers, in the order of channel, row, column

        Returns matplotlib's axes. Raises SpikeplaneError for a population without neurons, and for a sample that
        was not kept.
        """
        from spikeplane.front import plots

        v, sent = self._membranes(population, sample)
        which = chosen(v, sent, neurons)
        places = [np.unravel_index(n, v.shape[1:]) for n in which]
        theta = thresholds(self.program, population)
        return plots.membranes(
            v.reshape(len(v), -1)[:, which],
            None if theta is None else sent.reshape(len(v), -1)[:, which],
            None if theta is None else np.array([theta[place[0]] for place in places]),
            ["({}, {}, {})".format(*place) for place in places],
            f"{population}, sample {sample}",
            axes,
        )

    def core_load(self, axes: Any = None) -> Any:
        """Plot how busy each core was: the share of the run's cycles in which it added words. Returns matplotlib's
        axes. Raises SpikeplaneError for the golden model, which has no cores."""
        from spikeplane.front import plots

        if not self.cycles:
            raise SpikeplaneError(f"the {self.board} board has no cores; run with board='sim', or on a chip")
        loads = {core: row["operations"] / self.cycles for core, row in self._raw.figures["cores"].items()}
        return plots.core_load(loads, (self.program.config.rows, self.program.config.cols), axes)

    def _membranes(self, population: str, sample: int) -> tuple[np.ndarray, np.ndarray]:
        driven = {name: self._one(name, sample, self._driven) for name in self._driven}
        return potentials(self.program, driven, population)

    def _one(self, population: str, sample: int, planes: ByName | None = None) -> np.ndarray:
        """(T, C, H, W) of one sample."""
        kept = (planes or (self.inputs if population in self.inputs else self.spikes))[population]
        if not isinstance(sample, int | np.integer) or sample < 0:
            raise SpikeplaneError(f"sample must be a number from 0 to {self.kept - 1}, not {sample!r}")
        if sample >= self.kept:
            raise SpikeplaneError(
                f"sample {sample} was not kept: there are 0 to {self.kept - 1}; run with keep={sample + 1}"
            )
        return kept[sample]

    def report(self, path: str | Path) -> Path:
        """Write the page of this run, one file. Raises SpikeplaneError if the place cannot be written."""
        from spikeplane.run.report import write_run

        write_run(path, self.program, self._raw, self.summary, self.labels)
        return Path(path)

    def rows(self) -> list[tuple[str, str]]:
        """What is known, for people: names and texts."""
        found = [("samples", f"{self.samples:,}")]
        if self.labels is not None:
            right = int((self.guesses == self.labels).sum())
            found += [("accuracy", f"{self.accuracy:.2%} ({right:,} of {self.samples:,})")]
        shown = list(self.rates.items())
        found += [(f"spikes a sample, {name}", f"{rate:,.1f}") for name, rate in shown[:12]]
        if len(shown) > 12:
            found += [("", f"and {len(shown) - 12} more populations, in rates")]
        if self.cycles is not None:
            found += [("cycles a sample", f"{self.cycles / self.samples:,.0f}")]
        if self.time is not None:
            found += [("time", repr(self.time))]
        if self.comparison is not None:
            found += [("against the golden model", str(self.comparison))]
        return found

    @property
    def _title(self) -> str:
        return f"{self.program.name} on the {BOARDS.get(self.board, self.board)}"

    def __repr__(self) -> str:
        return table(self._title, self.rows())

    def _repr_html_(self) -> str:
        return card(self._title, self.rows())


def _apart(program: Program, planes: ByName) -> ByName:
    """With the steps that channels hold one after the other, (M, T * fold, C / fold, H, W)."""
    network = program.network
    apart = {name: network.population(name).apart(values) for name, values in planes.items()}
    return ByName(program, apart)


def _joined(program: Program, parts: dict[str, list[np.ndarray]]) -> ByName:
    return ByName(program, {name: np.concatenate(arrays) for name, arrays in parts.items()})
