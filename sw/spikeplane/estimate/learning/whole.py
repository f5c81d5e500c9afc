"""Variants of a core and of its memories, side by side, for one network and activity: what `estimate` shows of training."""

from dataclasses import dataclass
from typing import Any

from spikeplane.errors import SpikeplaneError
from spikeplane.estimate.learning.activity import Densities, LearningActivity, assumed, dense
from spikeplane.estimate.learning.counts import LearningCounts, count
from spikeplane.estimate.learning.energy import BANK, NUMBER, Batch, Core, LearningEnergy, energy
from spikeplane.estimate.learning.time import cycles
from spikeplane.estimate.learning.traffic import delta_traffic, dense_traffic, our_traffic
from spikeplane.train.network import LearningNetwork
from spikeplane.train.plan import exact_bits

FAR = 3.85  #: routers that a packet passes on average between 4 x 5 cores, on which a network in DRAM lies
CLOCK = 80.0  #: MHz, the aim of the training core on the ECP5
SMALL: dict[str, Any] = {"bank": BANK, "sum_words": 128}
LEAST: dict[str, Any] = {"bank": BANK // 4, "sum_words": 128}
#: By name the sizes of `Core`, each with one change more.
VARIANTS: dict[str, dict[str, Any]] = {
    "one bank a memory": {},
    "banks of 64 kbit": SMALL,
    "banks of 16 kbit": LEAST,
    "+ X kept over a mask": {**LEAST, "combined": True},
    "+ gradients streamed": {**LEAST, "combined": True, "streamed": True},
}


@dataclass(frozen=True)
class Row:
    """A variant. Energies: pJ of a sample with DRAM and network, and without; rates: TFLOPS/W of the operations of the
    dense training, and of those that were performed, each with and without."""

    name: str
    exact_bits: int
    parts: dict[str, float]
    energy: float
    inside: float
    equivalent: tuple[float, float]
    performed: tuple[float, float]


def estimated(
    network: LearningNetwork,
    *,
    samples: int,
    activity: LearningActivity,
    inside: bool = True,
    hops: float = 1.0,
) -> dict[str, Any]:
    """Everything that is shown, as plain values. `inside`: planes and weights stay on the chip. Raises SpikeplaneError for
    a network that no chip learns."""
    if samples < 1:
        raise SpikeplaneError(f"--batch must be 1 or more, not {samples}")
    proved = exact_bits(network, samples, activity.steps)
    counts, steps = count(network, activity), activity.steps
    traffic = our_traffic(network, steps, samples, inside=inside)
    batch = Batch(samples, steps, traffic)
    rows = _variants(counts, batch, proved, hops)
    baseline, kept = _baseline(network, samples, steps, hops)
    time = cycles(counts, samples)
    return {
        "steps": steps,
        "batch": samples,
        "activity": activity.source,
        "exact_bits": proved,
        "rows": [vars(row) for row in rows],
        "dense": vars(baseline),
        "operations": {"equivalent": counts.equivalent, "performed": counts.performed},
        "combining": _combining(counts),
        "traffic_bits": {
            "ours": traffic,
            "dense": kept,
            "deltas": 0.0 if inside else delta_traffic(network, activity),
            "mesh": counts.packets * hops,
        },
        "cycles": {**vars(time), "total": time.total},
        "samples_per_second": CLOCK * 1e6 / time.total,
        "inside": inside,
        "hops": hops,
    }


def _variants(counts: LearningCounts, batch: Batch, proved: int, hops: float) -> list[Row]:
    """Each of `VARIANTS`, in words of each width that is proved."""
    return [
        _row(name, energy(Core(exact_bits=bits, hops=hops, **sizes), counts, batch), bits, counts)
        for name, sizes in VARIANTS.items()
        for bits in (48, 36)
        if bits >= proved
    ]


def _baseline(network: LearningNetwork, samples: int, steps: int, hops: float) -> tuple[Row, float]:
    """Dense binary16 by the same count, and the bits that its DRAM moves."""
    everything = count(network, dense(network, steps))
    everything.performed = everything.equivalent
    batch = Batch(samples, steps, dense_traffic(network, steps, samples))
    core = Core(exact_bits=NUMBER, multiplies=True, combined=True, hops=hops, **LEAST)
    name = "dense binary16, banks of 16 kbit"
    return _row(name, energy(core, everything, batch), NUMBER, everything), batch.kept


def far(dram: bool) -> dict[str, Any]:
    """Options of `estimated` for a network on one core, or for one whose planes and weights lie in DRAM."""
    return {"inside": not dram, "hops": FAR if dram else 1.0}


def by_densities(
    network: LearningNetwork,
    *,
    steps: int,
    samples: int,
    densities: Densities,
    inside: bool = True,
    hops: float = 1.0,
) -> dict[str, Any]:
    """The same at assumed densities."""
    activity = assumed(network, steps, densities)
    return estimated(network, samples=samples, activity=activity, inside=inside, hops=hops)


def _row(name: str, used: LearningEnergy, bits: int, counts: LearningCounts) -> Row:
    both = (used.total(), used.total(outside=False))
    # operations a picojoule are 10^12 a joule
    return Row(name, bits, used.parts, *both, _rates(counts.equivalent, both), _rates(counts.performed, both))


def _rates(operations: float, energies: tuple[float, float]) -> tuple[float, float]:
    whole, inside = (operations / each if each else 0.0 for each in energies)
    return whole, inside


def _combining(counts: LearningCounts) -> float:
    """Spikes of a mask, weighted by what they reach."""
    masks = counts.total("add_masks")
    return counts.total("add") / masks if masks else 1.0
