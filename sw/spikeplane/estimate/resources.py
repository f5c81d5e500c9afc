"""LUTs, flip-flops, block RAMs and multipliers of a chip on a board's family, before synthesis.

Block RAMs and multipliers follow rules (see `memories`). LUTs and flip-flops are sums of terms that each grow with the sizes of one
part of the gateware; their factors are fitted, never negative, to the builds in builds.json (made by `spikeplane_hw.calibrate`),
whose relative errors stand beside every estimate.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import numpy as np

from spikeplane.config import ChipConfig, bits_for
from spikeplane.errors import SpikeplaneError
from spikeplane.estimate.memories import SHAPES, block_rams, core_memories
from spikeplane.formats.packet import packet_format
from spikeplane.formats.tables import Memory, core_tables

SIDES = {"north": (0, -1), "east": (1, 0), "south": (0, 1), "west": (-1, 0)}
#: For each output of a router the inputs that can ask for it (network/router.py).
SOURCES = {
    "north": ("south", "east", "west", "local"),
    "south": ("north", "east", "west", "local"),
    "east": ("west", "local"),
    "west": ("east", "local", "south"),
    "local": ("north", "south", "east", "west", "local"),
}


@dataclass(frozen=True)
class Fit:
    """Factors of one resource of a family; `errors` relative, by build; `held` of builds that were not fitted."""

    factors: np.ndarray
    errors: dict[str, float]
    held: dict[str, float]

    @property
    def worst(self) -> float:
        """The largest relative error, fitted or not."""
        return max(abs(error) for error in (*self.errors.values(), *self.held.values()))


@dataclass(frozen=True)
class Use:
    """One resource: `used` of it; `error` relative and `builds` it was fitted to, None and 0 where a rule gives it."""

    used: int
    error: float | None = None
    builds: int = 0


def estimate(config: ChipConfig, family: str) -> dict[str, Use]:
    """By title, as a build's report names them: LUT, FF, block RAM, DSP. Raises SpikeplaneError for a family without calibration, or a
    chip with a camera."""
    if config.camera is not None:
        raise SpikeplaneError("estimate knows chips without a camera; build the board to see what its camera takes")
    found = {}
    for title in ("LUT", "FF"):
        fitted = fit(family, title)
        found[title] = Use(round(float(terms(config) @ fitted.factors)), fitted.worst, len(fitted.errors))
    return {**found, "block RAM": Use(block_rams(config, family)), "DSP": Use(multipliers(config, family))}


def multipliers(config: ChipConfig, family: str) -> int:
    """Of one lane's leak: membrane_bits, signed, by 10 bits."""
    if not config.leak_multiplier:
        return 0
    wide = {"ecp5": 18, "ice40": 16, "gowin": 18, "xilinx": 25}[family]
    return config.cores * config.lanes * -(-config.membrane_bits // wide)


def terms(config: ChipConfig) -> np.ndarray:
    """What LUTs and flip-flops grow with."""
    return np.array([term(config) for term in _TERMS.values()], float)


def _routing(config: ChipConfig) -> float:
    """Bits of packets at the inputs and multiplexers of all routers; sides at the edge of the mesh are optimised away."""
    total = 0
    for x in range(config.cols):
        for y in range(config.rows):
            live = {side for side, (dx, dy) in SIDES.items() if 0 <= x + dx < config.cols and 0 <= y + dy < config.rows}
            live |= {"local"} | ({"west"} if (x, y) == (0, 0) else set())
            total += len(live) + sum(len(live & set(SOURCES[side])) for side in live)
    return packet_format(config).width * total


def _distributed(config: ChipConfig) -> float:
    """Four-bit columns of 16 words of the tables that lie in LUTs."""
    tables = core_tables(config)
    small = (Memory.EGRESS, Memory.SCHEDULE)
    return config.cores * sum(-(-tables.depth(m) // 16) * -(-tables.width(m) // 4) for m in small)


def _deep(config: ChipConfig) -> float:
    """Bits of multiplexers behind memories that are deeper than a block RAM."""
    most = SHAPES["ecp5"][0][0]
    return config.cores * sum(n * bits * (-(-words // most) - 1) for _, n, words, bits in core_memories(config))


def _addresses(config: ChipConfig) -> float:
    return config.cores * (bits_for(config.acc_depth) + bits_for(config.weight_depth))


_TERMS: dict[str, Callable[[ChipConfig], float]] = {
    "board": lambda c: 1,
    "link": lambda c: packet_format(c).width,
    "core": lambda c: c.cores,
    "lane": lambda c: c.cores * c.lanes,
    "accumulator bits": lambda c: c.cores * c.lanes * c.acc_bits,
    "weight bits": lambda c: c.cores * c.lanes * c.weight_bits,
    "membrane bits": lambda c: c.cores * c.lanes * c.membrane_bits,
    "shifter": lambda c: c.cores * c.lanes * c.acc_bits * (bits_for(c.max_shift + 1) if c.max_shift else 0),
    "leak by shift": lambda c: 0 if c.leak_multiplier else c.cores * c.lanes * c.membrane_bits,
    "routing": _routing,
    "tables in LUTs": _distributed,
    "deep memories": _deep,
    "addresses": _addresses,
    "populations": lambda c: c.cores * c.populations,
}


@cache
def builds() -> list[dict[str, Any]]:
    """The calibration's builds."""
    text = resources.files("spikeplane").joinpath("estimate", "builds.json").read_text()
    return [{**row, "config": ChipConfig.from_dict(row["config"])} for row in json.loads(text)]


@cache
def fit(family: str, title: str) -> Fit:
    """The factors of a family's resource. Raises SpikeplaneError where nothing was built."""
    rows = [row for row in builds() if row["family"] == family and title in row["resources"]]
    fitted = [row for row in rows if not row["held"]]
    if not fitted:
        raise SpikeplaneError(
            f"estimate has no builds of the family {family} for {title}; run python -m spikeplane_hw.calibrate"
        )
    target = np.array([row["resources"][title] for row in fitted], float)
    matrix = np.stack([terms(row["config"]) for row in fitted])
    factors = _nonnegative(matrix / target[:, None], np.ones(len(target)))

    def errors(some: list[dict[str, Any]]) -> dict[str, float]:
        return {row["name"]: float(terms(row["config"]) @ factors) / row["resources"][title] - 1 for row in some}

    return Fit(factors, errors(fitted), errors([row for row in rows if row["held"]]))


def _nonnegative(matrix: np.ndarray, target: np.ndarray, ridge: float = 1e-3) -> np.ndarray:
    """Least squares with factors of 0 or more (Lawson and Hanson, by dropping what turns negative), slightly regularised so that
    terms which the builds hardly tell apart share."""
    scale = np.maximum(np.abs(matrix).max(0), 1e-12)
    scaled = np.vstack([matrix / scale, ridge * np.eye(matrix.shape[1])])
    wanted = np.concatenate([target, np.zeros(matrix.shape[1])])
    active = np.ones(matrix.shape[1], bool)
    while True:
        factors = np.zeros(matrix.shape[1])
        factors[active] = np.linalg.lstsq(scaled[:, active], wanted, rcond=None)[0]
        if (factors >= 0).all():
            return factors / scale
        active &= factors > 0
