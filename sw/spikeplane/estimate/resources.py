"""LUTs, flip-flops, block RAMs and multipliers of a chip on a board's family, before synthesis.

Block RAMs and multipliers follow rules (see `memories`). LUTs and flip-flops are sums of terms that
each grow with the sizes of one part of the gateware; their factors are fitted, never negative, to
the builds in builds.json (made by `spikeplane_hw.calibrate`), whose relative errors stand beside
every estimate.
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
from spikeplane.estimate.families import FAMILIES, require_ports
from spikeplane.estimate.memories import block_rams, core_memories
from spikeplane.formats.packet import packet_format
from spikeplane.formats.structure import SHARED_LANES, SOURCES
from spikeplane.formats.tables import Memory, core_tables

BASE = "ecp5"  #: the family with the most builds
SIDES = {"north": (0, -1), "east": (1, 0), "south": (0, 1), "west": (-1, 0)}


@dataclass(frozen=True)
class Fit:
    """Factors of one resource of a family, from `builds` builds. `errors`: relative, of each build
    by a fit without it (of the ECP5's where the family has one build); `held`: of builds that are
    never fitted."""

    factors: np.ndarray
    builds: int
    errors: dict[str, float]
    held: dict[str, float]

    @property
    def worst(self) -> float:
        """The largest relative error, fitted or not."""
        return max(abs(error) for error in (*self.errors.values(), *self.held.values()))


@dataclass(frozen=True)
class Use:
    """One resource: `used` of it; `error` relative and `builds` it was fitted to, None and 0 where
    a rule gives it."""

    used: int
    error: float | None = None
    builds: int = 0


def estimate(config: ChipConfig, family: str) -> dict[str, Use]:
    """By title, as a build's report names them: LUT, FF, block RAM, DSP. Raises SpikeplaneError for
    a family without calibration, or a chip with a unit."""
    config.require_cores()
    require_ports(config, family)
    for unit in config.units:
        raise SpikeplaneError(
            f"estimate knows chips without a {unit}; build the board to see what its {unit} takes"
        )
    found = {}
    for title in ("LUT", "FF"):
        fitted = fit(family, title)
        used = float(terms(config, family) @ fitted.factors)
        saved = (
            (_narrow(config, title) + _multiplied(config, title))
            * used
            / float(terms(config, family) @ fit(BASE, title).factors)
        )
        found[title] = Use(round(used - saved), fitted.worst, fitted.builds)
    return {**found, "block RAM": Use(block_rams(config, family)), "DSP": Use(multipliers(config, family))}


def _narrow(config: ChipConfig, title: str) -> float:
    """What a sweep of a few lanes at a time saves on the ECP5; no build has one, so it was read off tiles of 8 and of 16
    lanes: so much of each lane, less so much of each that is computed in a cycle."""
    each, less = {"LUT": (144, 288), "FF": (251, 206)}[title]
    return config.cores * (each * config.lanes - less * config.swept_lanes) if config.sweep_turns > 1 else 0.0


def _multiplied(config: ChipConfig, title: str) -> float:
    """What shifts by multipliers save on the ECP5, read off tiles of 8 and of 16 lanes with shifts up to 15 and off 16 lanes with
    shifts up to 7: a lane's LUTs by its shifter's; factors are wider than shift and sign, and a lane needs no carry."""
    if not config.shift_multiplier:
        return 0.0
    levels = _shift_levels(config)
    if title == "FF":
        return config.cores * config.lanes * (1 - (config.max_shift + 1 - levels) / SHARED_LANES)
    return config.cores * config.lanes * max(0.0, 0.93 * config.acc_bits * levels - 20)


def multipliers(config: ChipConfig, family: str) -> int:
    """Of each lane's leak, membrane_bits by a factor of leak_bits + 1 bits and a sign, and of its shift, a weight by a power of two
    and a sign."""
    wide, narrow = FAMILIES[family].multiplier
    leak = -(-config.membrane_bits // wide) * -(-(config.leak_bits + 2) // narrow)
    shift = -(-(config.max_shift + 2) // wide)
    return config.cores * (
        config.swept_lanes * leak * config.leak_multiplier + config.lanes * shift * config.shift_multiplier
    )


def terms(config: ChipConfig, family: str) -> np.ndarray:
    """What LUTs and flip-flops grow with."""
    routing = _routing(config, edges=FAMILIES[family].whole_mesh)
    return np.array([routing, *(term(config) for term in _TERMS.values())], float)


def _routing(config: ChipConfig, *, edges: bool) -> float:
    """Bits of packets at the inputs and multiplexers of all routers. Sides at the edge of the mesh
    are optimised away, but where every tile is counted like the others (`edges`)."""
    total = 0
    if edges:
        return packet_format(config).width * config.cores * (len(SOURCES) + sum(map(len, SOURCES.values())))
    for x in range(config.cols):
        for y in range(config.rows):
            live = {
                side
                for side, (dx, dy) in SIDES.items()
                if 0 <= x + dx < config.cols and 0 <= y + dy < config.rows
            }
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
    most = FAMILIES[BASE].shapes[0][0]
    return config.cores * sum(
        n * bits * (-(-words // most) - 1) for _, n, words, bits in core_memories(config)
    )


def _shift_levels(config: ChipConfig) -> int:
    """Multiplexers that a bit of a shifted weight passes."""
    return bits_for(config.max_shift + 1) if config.max_shift else 0


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
    "shifter": lambda c: c.cores * c.lanes * c.acc_bits * _shift_levels(c),
    "leak by shift": lambda c: 0 if c.leak_multiplier else c.cores * c.lanes * c.membrane_bits,
    "low planes": lambda c: c.cores * c.low_planes,
    "levels": lambda c: c.cores * c.lanes * c.membrane_bits * c.levels,
    "rows of numbers": lambda c: c.cores * c.lanes * c.dynamic_bits,
    "outer engine": lambda c: c.cores * (c.dynamic_depth > 0),
    "lanes by step": lambda c: c.cores * c.lanes * (c.step_bits > 0),
    "steps": lambda c: c.cores * (c.step_bits > 0),
    "rows of values": lambda c: c.cores * c.lanes * c.dynamic_bits * c.gates,
    "entries of tables": lambda c: c.cores * c.lanes * c.membrane_bits * (c.tables > 0),
    "tables of values": lambda c: c.cores * (c.tables > 0),
    "presentations": lambda c: c.cores * bits_for(c.presentations) * (c.presentations > 1),
    "second weights": lambda c: c.cores * c.lanes * c.weight_bits * (c.spikes_per_cycle - 1),
    "second spikes": lambda c: c.cores * (c.spikes_per_cycle - 1),
    "tables in LUTs": _distributed,
    "deep memories": _deep,
    "addresses": _addresses,
    "populations": lambda c: c.cores * c.populations,
}


#: In the order of `terms`: LUTs and flip-flops per unit as read off the gateware, where the builds
#: do not say better.
_PRIOR = {
    "LUT": (1.2, 700, 8, 1200, 20, 4.5, 1, 7, 0.9, 5, 10, 5.4, 9.5, 360, 38, 410, 0.6, 2, 8, 16, 3.9, 66, 3, 1, 25, 20),
    "FF": (1.5, 500, 8, 900, 60, 8, 3, 11, 0.2, 0.5, 8, 1.6, 0.1, 220, 2, 118, 0, 0, 60, 3.3, 0.11, 12, 0, 0, 35, 14),
}  # fmt: skip


@cache
def builds() -> list[dict[str, Any]]:
    """The calibration's builds."""
    text = resources.files("spikeplane").joinpath("estimate", "builds.json").read_text()
    return [{**row, "config": ChipConfig.from_dict(row["config"])} for row in json.loads(text)]


@cache
def fit(family: str, title: str) -> Fit:
    """The factors of a family's resource; a family with few builds gets those of the ECP5, all
    times one number. Raises SpikeplaneError where nothing was built."""
    rows = [row for row in builds() if row["family"] == family and title in row["resources"]]
    fitted = [row for row in rows if not row["held"]]
    if not fitted:
        raise SpikeplaneError(
            f"estimate has no builds of the family {family} for {title}; run python -m "
            "spikeplane_hw.calibrate"
        )
    factors = _factors(fitted, family, title)
    # Each build as the others foresee it: what the fit says of its own builds would be too good.
    left_out = (
        [(row, _factors([one for one in fitted if one is not row], family, title)) for row in fitted]
        if fitted[1:]
        else []
    )
    errors = {row["name"]: _error(row, others, family, title) for row, others in left_out}
    held = {row["name"]: _error(row, factors, family, title) for row in rows if row["held"]}
    return Fit(factors, len(fitted), errors or fit(BASE, title).errors, held)


def _factors(rows: list[dict[str, Any]], family: str, title: str) -> np.ndarray:
    target = np.array([row["resources"][title] for row in rows], float)
    matrix = np.stack([terms(row["config"], family) for row in rows])
    if family == BASE:
        return _nonnegative(matrix / target[:, None], np.array(_PRIOR[title], float))
    base = fit(BASE, title).factors
    return base / float(np.mean(matrix @ base / target))


def _error(row: dict[str, Any], factors: np.ndarray, family: str, title: str) -> float:
    return float(terms(row["config"], family) @ factors) / row["resources"][title] - 1


def _nonnegative(matrix: np.ndarray, prior: np.ndarray, ridge: float = 0.03) -> np.ndarray:
    """Factors of 0 or more with `matrix @ factors` near 1 (least squares; what turns negative is
    dropped), drawn gently to `prior` so that terms which the builds hardly tell apart keep a size
    that the gateware explains."""
    scale = np.maximum(np.abs(matrix).max(0), 1e-12)
    scaled = np.vstack([matrix / scale, ridge * np.eye(matrix.shape[1])])
    wanted = np.concatenate([np.ones(len(matrix)), ridge * prior * scale])
    active = np.ones(matrix.shape[1], bool)
    while True:
        factors = np.zeros(matrix.shape[1])
        factors[active] = np.linalg.lstsq(scaled[:, active], wanted, rcond=None)[0]
        if (factors >= 0).all():
            return factors / scale
        active &= factors > 0
