"""The chip's fixed sizes: one frozen `ChipConfig`, its presets, its TOML form and its digest.

The only source of widths: gateware, compiler, driver and simulation all derive theirs from here.
"""

import difflib
import hashlib
import json
import tomllib
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Self

from spikeplane.camera.config import CameraConfig
from spikeplane.errors import SpikeplaneError
from spikeplane.files import read_file
from spikeplane.later import LATER, later
from spikeplane.options import CHECKS, SWITCHES
from spikeplane.training import WEIGHT_BITS, TrainingConfig, check_training
from spikeplane.units import UnitConfig, absent, check_units, read_units, size_of, unit, unit_fields

#: Raised whenever the gateware changes what a program means: part of every digest.
ARCHITECTURE = 6
_LONGEST = 1 << 16  #: bytes of a TOML file at most


def bits_for(count: int) -> int:
    """Bits of an index into `count` items (at least 1)."""
    return max(1, (count - 1).bit_length())


def _is_integer(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


@dataclass(frozen=True, kw_only=True)
class ChipConfig:
    """The fixed sizes of one generated chip.

    rows, cols        tiles of the mesh, 1..8 each; both 0: no cores, a chip of units alone
    lanes             neurons (channels of one pixel) that a core works on at once: 8, 16 or 32
    weight_bits       stored weight width: 1 (+1 or -1), 2, 4 or 8, two's complement
    acc_bits          accumulator width, 12..32
    membrane_bits     membrane width, 8..32; v saturates to it
    weight_depth      weight words (of `lanes` weights) per core
    acc_depth         accumulator words (of `lanes` sums) per bank and core
    membrane_depth    membrane words per core
    parameter_depth   parameter words per core: three (threshold, reset amount, bias) per channel group held there,
                      and with multipliers one of leaks per population, or per group where its channels leak differently
    populations       populations (or parts of them) that a core can hold, 1..16
    projections       projection tags of the whole chip
    row_depth, column_depth, group_depth   entries of the three coordinate tables of a core
    egress_depth      entries of a core's egress table (destinations and credits of all its populations)
    coord_bits        width of a pixel's row and column in a packet
    group_bits        width of a channel group in a packet
    max_shift         largest plane significance that the accumulator's shifter takes, 0..31
    leak_multiplier   True: one a lane, each channel its own leak (`leak_bits`); False: 1/2^k, 1 - 1/2^k, k in 1..8, one a population
    low_planes        True: populations of values may leave out the lowest of their planes (v >> low)
    dynamic_depth     rows (of `lanes` unsigned numbers) per bank and core of the dynamic memory, which a network writes
                      while it runs and reads as weights: a multiple of `lanes`, at most weight_depth; 0: none
    dynamic_bits      width of such a number, 1..16 and less than acc_bits: 8 holds the products of 255 tokens; 0: none
    levels            True: neurons may send integer spikes, of up to 7 bits, and reset by as many thresholds
    step_bits         bits of a step's number, 1..8: weights, thresholds and biases may differ from step to step of a sample,
                      of up to 2^step_bits steps; 0: they are alike in all
    gates             True: populations of values may write rows of the dynamic memory, by which others are multiplied
    tables            tables of 256 entries per core, 0..8: a population of values may send its table's entry in the place of v
    spikes_per_cycle  1, or 2: two spikes of a packet are added in one cycle, from weight memories in true dual-port form;
                      rows of the dynamic memory one a cycle, as before
    sweep_lanes       neurons that a sweep computes a cycle, less than `lanes` and a divisor of it: smaller, slower sweeps; None: all lanes
    narrow_tables     True: the coordinate tables' memories hold the projections too; a packet of another one than the last may wait;
                      populations' words are read in parts, parameters in halves, a few cycles more a sweep and group
    fused             True: a neuron's membrane and the sum of its next step are one word, in one bank of accumulators: membrane_depth
                      does not count, acc_bits hold both, and a source waits for a step's sweep before it sends the next
    presentations     1..16: a sample may be presented so many times, with membranes that are kept from one to the next
    shift_multiplier  True: weights are shifted by a multiplier a lane, max_shift at most 16; False: by logic
    camera            the reconstruction pipeline on the chip, in TOML the table [camera]; None: no camera
    training          a chip that learns, in TOML the table [training]: weight_bits is 16, and acc_bits, membrane_bits,
                      membrane_depth, max_shift and leak_multiplier do not count; None: it does not learn
    grabber_depth     words of the camera's images that wait for the host, 16..65536; 0: one whole image and a little

    Raises SpikeplaneError, with the value and the range, for anything outside these.
    """

    rows: int = 2
    cols: int = 2
    lanes: int = 16
    weight_bits: int = 8
    acc_bits: int = 18
    membrane_bits: int = 16
    weight_depth: int = 4096
    acc_depth: int = 1024
    membrane_depth: int = 1024
    parameter_depth: int = 256
    populations: int = 8
    projections: int = 32
    row_depth: int = 256
    column_depth: int = 256
    group_depth: int = 256
    egress_depth: int = 64
    coord_bits: int = 6
    group_bits: int = 6
    max_shift: int = 15
    leak_multiplier: bool = True
    low_planes: bool = field(default=False, metadata=LATER)
    dynamic_depth: int = field(default=0, metadata=LATER)
    dynamic_bits: int = field(default=0, metadata=LATER)
    levels: bool = field(default=False, metadata=LATER)
    step_bits: int = field(default=0, metadata=LATER)
    gates: bool = field(default=False, metadata=LATER)
    tables: int = field(default=0, metadata=LATER)
    presentations: int = field(default=1, metadata=LATER)
    spikes_per_cycle: int = field(default=1, metadata=LATER)
    sweep_lanes: int | None = field(default=None, metadata=LATER)
    narrow_tables: bool = field(default=False, metadata=LATER)
    shift_multiplier: bool = field(default=False, metadata=LATER)
    fused: bool = field(default=False, metadata=LATER)
    training: TrainingConfig | None = field(default=None, metadata=LATER)
    camera: CameraConfig | None = unit(CameraConfig)
    grabber_depth: int = size_of("camera", 16, 1 << 16)

    def __post_init__(self) -> None:
        check_training(self.training, self.lanes, self.weight_bits)
        for name, allowed in _CHOICES.items():
            value = getattr(self, name)
            if name == "weight_bits" and self.training:
                allowed = (WEIGHT_BITS,)
            if not _is_integer(value) or value not in allowed:
                raise SpikeplaneError(
                    f"chip configuration: {name} must be one of {_list(allowed)}, not {value!r}"
                )
        for name, (low, high) in RANGES.items():
            value = getattr(self, name)
            if name in _MESH and self._has_no_mesh():
                continue
            if not _is_integer(value) or not low <= value <= high:
                raise SpikeplaneError(
                    f"chip configuration: {name} must be an integer from {low} to {high}, not {value!r}"
                )
        for name in SWITCHES:
            has: Any = getattr(self, name)
            if not isinstance(has, bool):
                raise SpikeplaneError(f"chip configuration: {name} must be true or false, not {has!r}")
        for check in CHECKS:
            check(self)
        check_units(self)
        if not self.cores and not self.units:
            raise SpikeplaneError(
                "chip configuration: rows = 0 and cols = 0 is a chip without cores, which needs a unit; "
                f"add a table {' or '.join(f'[{name}]' for name in unit_fields(self))}"
            )

    def _has_no_mesh(self) -> bool:
        return all(_is_integer(getattr(self, name)) and not getattr(self, name) for name in _MESH)

    @property
    def units(self) -> dict[str, UnitConfig]:
        """The units that the chip has, by name, in the order from the host link to the cores."""
        found = {name: getattr(self, name) for name in unit_fields(self)}
        return {name: value for name, value in found.items() if value is not None}

    @property
    def cores(self) -> int:
        """Cores (tiles) of the mesh; 0 on a chip of units alone."""
        return self.rows * self.cols

    @property
    def swept_lanes(self) -> int:
        """Neurons that a sweep computes in a cycle."""
        return self.sweep_lanes or self.lanes

    @property
    def sweep_turns(self) -> int:
        """Cycles that a sweep takes for a word of `lanes` neurons: a power of two."""
        return self.lanes // self.swept_lanes

    def require_cores(self) -> None:
        """Raises SpikeplaneError for a chip on which no program runs: of units alone, or one that learns."""
        if not self.cores:
            raise SpikeplaneError(
                "this chip has no cores, so no network runs on it; take one with rows and cols from 1 to 8"
            )
        if self.training is not None:
            raise SpikeplaneError(
                "this chip learns in binary16, and programs of integers do not run on it; give it to spikeplane train, or "
                "take a chip without a table [training]"
            )

    @property
    def lane_bits(self) -> int:
        """Bits of one lane in a parameter word, which holds thresholds, reset amounts, biases or leaks."""
        return max(self.acc_bits, self.membrane_bits, self.leak_bits + 2 if self.leak_multiplier else 0)

    @property
    def leak_bits(self) -> int:
        """Fraction bits of a leak factor: 16, or 8 where the membrane leaves no room in a multiplier of 18 x 18 bits."""
        return 16 if self.membrane_bits <= 18 else 8

    @property
    def digest(self) -> str:
        """16 hexadecimal digits that name this chip: a program carries it and is refused by any other chip."""
        text = json.dumps({"architecture": ARCHITECTURE, **self.to_dict()}, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def to_dict(self) -> dict[str, Any]:
        """The fields by name, as in TOML, manifests and program files; those of a unit, and options that came later, where there are."""
        missing = {*absent(self), *(n for n, plain in later(self).items() if getattr(self, n) == plain)}
        found = {name: value for name, value in asdict(self).items() if name not in missing}
        return found | ({"training": self.training.to_dict()} if self.training else {})

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """The inverse of `to_dict`; `preset` may name the preset whose fields the others change."""
        values = dict(values)
        base = preset(values.pop("preset")).to_dict() if "preset" in values else {}
        known = [f.name for f in fields(cls)]
        for key in values:
            if key not in known:
                raise SpikeplaneError(
                    f"chip configuration: unknown key '{key}'{_nearest(key, [*known, 'preset'])}"
                )
        read = read_units(cls, {**base, **values})
        if isinstance(read.get("training"), dict):
            read["training"] = TrainingConfig.from_dict(read["training"])
        return cls(**read)

    @classmethod
    def from_toml(cls, path: str | Path) -> Self:
        """Read a TOML file of `key = value` lines. Raises SpikeplaneError if it is missing, no
        TOML, or too long."""
        try:
            values = tomllib.loads(read_file(path, _LONGEST).decode())
        except FileNotFoundError:
            raise SpikeplaneError(f"chip configuration: no file {path}") from None
        except OSError as error:
            raise SpikeplaneError(f"chip configuration: cannot read {path}: {error.strerror}") from None
        # no UTF-8, no TOML, a number of thousands of digits, deep nesting
        except (ValueError, RecursionError) as error:
            raise SpikeplaneError(f"chip configuration: {path} is not readable as TOML: {error}") from None
        return cls.from_dict(values)


LANES = (8, 16, 32)
_CHOICES: dict[str, tuple[int, ...]] = {"lanes": LANES, "weight_bits": (1, 2, 4, 8), "spikes_per_cycle": (1, 2)}  # fmt: skip
_MESH = ("rows", "cols")
RANGES: dict[str, tuple[int, int]] = {
    "rows": (1, 8),
    "cols": (1, 8),
    "acc_bits": (12, 32),
    "membrane_bits": (8, 32),
    "weight_depth": (16, 1 << 18),
    "acc_depth": (16, 1 << 16),
    "membrane_depth": (16, 1 << 16),
    "parameter_depth": (16, 1 << 12),
    "populations": (1, 16),
    "projections": (1, 256),
    "row_depth": (4, 1 << 14),
    "column_depth": (4, 1 << 14),
    "group_depth": (4, 1 << 14),
    "egress_depth": (4, 256),
    "coord_bits": (1, 10),
    "group_bits": (1, 10),
    "max_shift": (0, 31),
    "step_bits": (0, 8),
    "tables": (0, 8),
    "presentations": (1, 16),
}

#: The named chips. `tiny` suits a small FPGA, `small` and `medium` an ECP5 85k class part and
#: above, `large` a big one.
PRESETS: dict[str, ChipConfig] = {
    "tiny": ChipConfig(rows=1, cols=1, lanes=8, weight_depth=2048, acc_depth=512, membrane_depth=512),
    "small": ChipConfig(rows=2, cols=2),
    "medium": ChipConfig(rows=4, cols=4, weight_depth=8192, projections=64),
    "large": ChipConfig(
        rows=4, cols=5, lanes=32, weight_depth=16384, acc_depth=4096, membrane_depth=4096, projections=64,
        populations=16, parameter_depth=512, row_depth=512, column_depth=512, group_depth=512, acc_bits=20, membrane_bits=18,
        max_shift=17,
    ),
}  # fmt: skip


def preset(name: str) -> ChipConfig:
    """The preset of that name. Raises SpikeplaneError that suggests the nearest name."""
    if not isinstance(name, str):  # pyright: ignore[reportUnnecessaryIsInstance] - a file's, or a caller's
        raise SpikeplaneError(
            f"a preset is a name in quotes, not {name!r}; choose from {', '.join(sorted(PRESETS))}"
        )
    if name not in PRESETS:
        raise SpikeplaneError(f"unknown preset '{name}'{_nearest(name, list(PRESETS))}")
    return PRESETS[name]


def _nearest(word: str, known: list[str]) -> str:
    close = difflib.get_close_matches(word, known, n=1, cutoff=0.5)
    return f"; did you mean '{close[0]}'?" if close else f"; choose from {', '.join(sorted(known))}"


def _list(values: tuple[int, ...]) -> str:
    return ", ".join(str(v) for v in values)
