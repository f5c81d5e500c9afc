"""Membranes of the samples that a page shows, as the golden model has them: of the neurons of each population that fire
most, of all where they are few."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod

import numpy as np

from spikeplane.errors import SpikeplaneError
from spikeplane.network import Population
from spikeplane.program import Program
from spikeplane.provided import provided

NEURONS = 8  #: of a population in a sample, where not all of them are kept
EVERY = 50_000  #: values of a population in all samples: no more, and all of its neurons are kept
MOST = 400_000  #: values of all populations in all samples; what is more is of samples that are left out
RUN = 1 << 25  #: values that the golden model goes through for them, at most
_ROOM = 1 << 23  #: values in memory at once, or those of a sample

Marked = set[tuple[str, int]]  #: population, neuron by channel, row and column


@dataclass(frozen=True)
class Traces:
    """Of one population. neurons: (S, K), which of them, in each sample; v: int (S, T, K), what is held against
    the threshold; fired: bool (S, T, K); theta: (channels,), None where no threshold is."""

    neurons: np.ndarray
    v: np.ndarray
    fired: np.ndarray
    theta: np.ndarray | None


@dataclass(frozen=True)
class Membranes:
    """Traces by population, of the first samples that were given; why others, or all, are left out: None where they
    are not."""

    traces: dict[str, Traces]
    left_out: str | None = None


def membranes(program: Program, planes: dict[str, np.ndarray], marked: list[Marked]) -> Membranes:
    """Those of samples, by input int (N, T, C, H, W), the most important first. `marked`: of each sample neurons
    that are kept in any case."""
    populations = [p for p in program.network.populations if p.neuron is not None]
    steps, count = program.network.steps, len(marked)
    each = steps * sum(_count(p, steps * count) for p in populations)
    whole = steps * sum(prod(p.shape) for p in program.network.populations)
    if whole > RUN:
        return Membranes({}, f"a sample has {whole:,} values, and up to {RUN:,} are gone through for them")
    samples = max(1, min(count, MOST // max(1, each), RUN // whole))
    try:
        traces = _traces(program, populations, {n: v[:samples] for n, v in planes.items()}, marked[:samples])
    except (SpikeplaneError, ModuleNotFoundError) as error:
        return Membranes({}, f"the golden model did not run: {error}")
    told = f"they are of {samples} of the {count} samples shown, those that differ first"
    return Membranes(traces, told if samples < count else None)


def _traces(
    program: Program, populations: list[Population], planes: dict[str, np.ndarray], marked: list[Marked]
) -> dict[str, Traces]:
    steps, count = program.network.steps, len(marked)
    size = steps * sum(prod(p.shape) for p in populations)
    found: dict[str, list[tuple[np.ndarray, ...]]] = {p.name: [] for p in populations}
    each = max(1, _ROOM // size)
    for first in range(0, count, each):
        part = {name: values[first : first + each] for name, values in planes.items()}
        for at, seen in enumerate(_potentials(program, populations, part), first):
            for p in populations:
                mine = sorted(n for name, n in marked[at] if name == p.name)
                which = _chosen(*seen[p.name], _count(p, steps * count), mine)
                found[p.name].append((which, *(side[:, which] for side in seen[p.name])))
    return {p.name: _joined(p, found[p.name]) for p in populations}


def _potentials(
    program: Program, populations: list[Population], planes: dict[str, np.ndarray]
) -> Iterator[dict[str, tuple[np.ndarray, np.ndarray]]]:
    """Of each sample by population v and what fired, (T, neurons)."""
    widths = {"membrane_bits": program.config.membrane_bits, "acc_bits": program.config.acc_bits}
    model, seen = provided("GoldenModel")(program.network, **widths), {}
    sides: dict[str, list[tuple[np.ndarray, np.ndarray]]] = {p.name: [] for p in populations}
    for outputs in model.steps(planes, seen):
        for name, both in sides.items():
            v, sent = (side[name].cpu().numpy() for side in (seen, outputs))
            both.append((v.reshape(len(v), -1), sent.reshape(len(sent), -1) != 0))
    for at in range(len(next(iter(planes.values())))):
        yield {
            name: (np.stack([v[at] for v, _ in both]), np.stack([fired[at] for _, fired in both]))
            for name, both in sides.items()
        }


def _count(p: Population, values: int) -> int:
    """How many neurons are kept: all where that is no more than EVERY, of so many samples and steps."""
    size = prod(p.shape)
    return size if size * values <= EVERY else min(size, NEURONS)


def _chosen(v: np.ndarray, fired: np.ndarray, count: int, marked: list[int]) -> np.ndarray:
    """Which neurons are kept, in order: the marked ones, and those that fire most, of as many spikes those that come
    highest."""
    order = np.lexsort((np.arange(v.shape[1]), -v.max(0), -fired.sum(0)))
    return np.sort(np.concatenate([np.array(marked, int), order[~np.isin(order, marked)]])[:count])


def _joined(p: Population, parts: list[tuple[np.ndarray, ...]]) -> Traces:
    theta = None if p.sends_values or p.theta is None else np.broadcast_to(np.asarray(p.theta), p.shape[:1])
    neurons, v, fired = (np.stack(side) for side in zip(*parts, strict=True))
    return Traces(neurons, v, fired, theta)
