"""Guard bits: how many bits finer than its weights a population counts currents, thresholds and membranes.

    guard h:  every projection is shifted by h more, and bias, theta, reset and membrane are in
              units of 2^-h of the weights' unit

More guard bits make leak, bias and threshold finer at no cost in the neuron. They end where the
shifter does, where the worst case would leave the accumulator, or where the membrane would lose the
room that it needs beside its threshold.
"""

from dataclasses import dataclass

import numpy as np

from spikeplane.compiler.layers import gathered
from spikeplane.config import ChipConfig
from spikeplane.errors import SpikeplaneError
from spikeplane.float_network import FloatPopulation
from spikeplane.fused import current_limit
from spikeplane.network import met

SIGMAS = 6  #: standard deviations of a current that are allowed for
#: Thresholds that a membrane needs room for: with less, what inhibition has gathered is cut off and
#: spikes change.
ROOM = 8
ABOVE_TOP = 2  #: of a top level: what integer spikes leave above it is sent in later steps
MARGIN = 1.5  #: of the largest membrane seen on the calibration, for samples that are not in it


@dataclass(frozen=True, kw_only=True)
class Drive:
    """What limits the guard bits of one population, in units of its weights, per channel (C,).

    low, high   the worst case of the currents of the synapses, without bias
    usual       what the currents of half-active sources hardly ever exceed
    bias        real bias / unit
    largest     the largest of threshold, reset amount and reset potential; None: no threshold
    peak        the largest membrane on the calibration; None: not calibrated
    shift       what the shifter leaves
    again       of neurons that fire once what they may gather behind their spike, as a part of the room; None: of others
    """

    low: np.ndarray
    high: np.ndarray
    usual: np.ndarray
    bias: np.ndarray
    largest: np.ndarray | None
    peak: np.ndarray | None
    shift: int
    again: np.ndarray | None = None


def guard_bits(
    population: FloatPopulation, drive: Drive, config: ChipConfig, steps: int, asked: int | None, sends: bool
) -> int:
    """The guard bits of a population. `sends`: its membrane values go to populations that add others
    to them, and need them as they are. Raises SpikeplaneError if `asked` are more than there is room for."""
    limits = {
        "the chip's shifter": drive.shift,
        f"the {config.acc_bits}-bit accumulator": _accumulator(drive, config),
        f"the {config.membrane_bits}-bit membrane": _membrane(
            population, drive, config, steps, sends, asked is not None
        ),
    }
    if drive.again is not None:
        limits["firing once"] = _room(1, drive.again)
    where, most = min(limits.items(), key=lambda item: item[1])
    most = max(0, most)
    if asked is None:
        return most
    if asked > most:
        raise SpikeplaneError(
            f"layer '{population.name}': {where} leaves room for {most} guard bits, not {asked}; "
            "ask for fewer"
        )
    return asked


def usual_current(weight: np.ndarray, largest: int, up: tuple[int, int]) -> np.ndarray:
    """What the currents (C,) of independent sources of 0 or `largest`, each with probability 1/2,
    hardly ever exceed. With `up` a pixel meets a part of the kernel (`network.met`)."""
    rows = np.asarray(weight, dtype=np.float64) * largest
    return np.maximum(met(rows, up), met(-rows, up)) / 2 + SIGMAS * np.sqrt(met(rows**2, up)) / 2


def _accumulator(drive: Drive, config: ChipConfig) -> int:
    limit = current_limit(config)
    h = 0
    while h < 31 and _fits(drive, h + 1, limit):
        h += 1
    return h


def _fits(drive: Drive, h: int, limit: int) -> bool:
    bias = np.round(drive.bias * 2.0**h)
    high, low = drive.high * 2.0**h + bias, drive.low * 2.0**h + bias
    return bool(max(high.max(), bias.max()) <= limit and min(low.min(), bias.min()) >= -limit)


def _membrane(
    population: FloatPopulation, drive: Drive, config: ChipConfig, steps: int, sends: bool, asked: bool
) -> int:
    """Room for ROOM thresholds, or for what the calibration showed, or for the worst case that
    these steps can gather."""
    neuron = population.neuron
    assert neuron is not None
    limit = (1 << (config.membrane_bits - 1)) - 4
    if sends:
        return 0
    worst = np.maximum(drive.high + np.maximum(drive.bias, 0), -(drive.low + np.minimum(drive.bias, 0)))
    times = gathered(neuron, steps, len(worst))
    at_most = worst * times
    if drive.largest is None:
        needed = at_most if drive.peak is None else np.minimum(at_most, drive.peak * MARGIN)
        return _room(limit, needed)
    if asked:  # the least that works at all
        return _room(limit, drive.largest)
    # Without a leak inhibition adds up over all steps; a calibration shows how far it goes.
    seen = drive.usual * times if drive.peak is None else drive.peak * MARGIN
    needed = np.maximum(drive.largest * max(ROOM / neuron.kind.top, ABOVE_TOP), seen)
    return _room(limit, np.maximum(drive.largest, np.minimum(needed, at_most + drive.largest)))


def _room(limit: int, needed: np.ndarray) -> int:
    largest = float(needed.max()) if needed.size else 0.0
    return 31 if largest <= 0 else int(np.floor(np.log2(limit / largest)))
