"""What a chip that learns has besides the sizes of every chip: the table [training] of its configuration."""

import difflib
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Self

from spikeplane.errors import SpikeplaneError
from spikeplane.later import LATER, later

WEIGHT_BITS = 16  #: of the binary16 weights of a chip that learns
LANES = (8,)
EXACT_BITS = (36, 48)
_ALLOWED = {
    "exact_bits": "36 or 48",
    "tape_depth": "an integer from 16 to 65536",
    "partial_depth": "an integer from 16 to 4096",
    "momentum": "true or false",
    "streamed": "true or false",
    "stream_steps": "a multiple of 32 from 32 to 4096",
    "stream_sources": "an integer from 16 to 65536",
    "stream_targets": "an integer from 1 to 4096",
    "gradient_depth": "an integer from 0 to 65536",
}
_FLAGS = ("momentum", "streamed")
#: Of the other sizes.
RANGES = {"tape_depth": (16, 1 << 16), "partial_depth": (16, 1 << 12)}
CHUNK = 32  #: steps of a batch whose spikes are read together
#: The sizes that only a chip with streamed gradients has.
STREAM_RANGES = {
    "stream_steps": (CHUNK, 1 << 12),
    "stream_sources": (16, 1 << 16),
    "stream_targets": (1, 1 << 12),
    "gradient_depth": (0, 1 << 16),
}
#: Words that deltas of all steps may take.
MOST_DELTAS = 1 << 17


@dataclass(frozen=True, kw_only=True)
class TrainingConfig:
    """The fixed sizes of a chip's training.

    exact_bits      bits of a sum in units of 2^-24: 36 or 48
    tape_depth      words of the tape per core, 16..65536: one for each step and word of neurons of a population
    partial_depth   partial sums that wait per core, 16..4096: as many as neurons send their windows to it
    momentum        a running gradient of 16 bits beside each weight
    streamed        True: dense layers keep no gradients, but the batch's spikes and deltas, of which an update makes them
    stream_steps    samples x steps of a batch at most, a multiple of 32, 32..4096
    stream_sources  source neurons per core whose spikes are kept, a bit a step, 16..65536
    stream_targets  words of target neurons per core whose deltas of all steps are kept, 1..4096
    gradient_depth  words of gradients of other layers, 0..65536; without `streamed` each weight word has one

    Raises SpikeplaneError, with the value and the range, for anything outside these.
    """

    exact_bits: int = 48
    tape_depth: int = 256
    partial_depth: int = 256
    momentum: bool = field(default=False, metadata=LATER)
    streamed: bool = field(default=False, metadata=LATER)
    stream_steps: int = field(default=256, metadata=LATER)
    stream_sources: int = field(default=1024, metadata=LATER)
    stream_targets: int = field(default=32, metadata=LATER)
    gradient_depth: int = field(default=0, metadata=LATER)

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            if not _fits(name, value):
                raise SpikeplaneError(
                    f"training configuration: {name} must be {_ALLOWED[name]}, not {value!r}"
                )
        self._check_streams()

    def _check_streams(self) -> None:
        for name in STREAM_RANGES:
            if not self.streamed and getattr(self, name) != later(self)[name]:
                raise SpikeplaneError(
                    f"training configuration: {name} is a size of streamed gradients; set streamed = true, or leave it out"
                )
        if self.stream_targets * self.stream_steps > MOST_DELTAS:
            raise SpikeplaneError(
                f"training configuration: stream_targets x stream_steps must be at most {MOST_DELTAS}, not "
                f"{self.stream_targets} x {self.stream_steps}; lower one of them"
            )

    @property
    def update_bits(self) -> int:
        """Bits of a sum of an update: any binary16 number beside any exact word, where momenta need it."""
        return max(43, self.exact_bits + 1) if self.momentum else self.exact_bits

    def to_dict(self) -> dict[str, Any]:
        """The fields as they stand in TOML; options that came later only where there is one."""
        plain = later(self)
        return {name: value for name, value in asdict(self).items() if (name, value) not in plain.items()}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """From the TOML table. Raises SpikeplaneError for unknown keys and bad values."""
        known = [one.name for one in fields(cls)]
        for key in values:
            if key not in known:
                close = difflib.get_close_matches(key, known, n=1, cutoff=0.5)
                hint = f"; did you mean '{close[0]}'?" if close else f"; choose from {', '.join(known)}"
                raise SpikeplaneError(f"training configuration: unknown key '{key}'{hint}")
        return cls(**values)


def check_training(training: Any, lanes: int, weight_bits: int) -> None:
    """Raises SpikeplaneError where the chip's other sizes do not go with its training (None: it has none)."""
    if training is None:
        return
    if not isinstance(training, TrainingConfig):
        raise SpikeplaneError(f"chip configuration: training must be a table [training], not {training!r}")
    if weight_bits != WEIGHT_BITS:
        raise SpikeplaneError(
            f"chip configuration: a chip with a table [training] has binary16 weights: weight_bits must be {WEIGHT_BITS}, "
            f"not {weight_bits!r}"
        )
    if lanes not in LANES:
        raise SpikeplaneError(
            f"chip configuration: a chip with a table [training] has {LANES[0]} lanes, not {lanes!r}; set lanes = {LANES[0]}"
        )


def check_learning(config: Any) -> None:
    """Raises SpikeplaneError where a chip that learns has an option which such chips do not have."""
    if config.training is None:
        return
    if config.step_bits:
        raise SpikeplaneError(
            f"chip configuration: a chip that learns has no weights by step; set step_bits = 0, not {config.step_bits}"
        )
    if config.spikes_per_cycle != 1:
        raise SpikeplaneError(
            "chip configuration: a chip that learns adds one spike a cycle; set spikes_per_cycle = 1, not "
            f"{config.spikes_per_cycle}"
        )


def _fits(name: str, value: Any) -> bool:
    if name in _FLAGS or isinstance(value, bool):
        return name in _FLAGS and isinstance(value, bool)
    if not isinstance(value, int):
        return False
    if name == "exact_bits":
        return value in EXACT_BITS
    low, high = (RANGES | STREAM_RANGES)[name]
    return low <= value <= high and (name != "stream_steps" or value % CHUNK == 0)
