"""Options of the command line that say how samples become planes."""

import math
import re
from fractions import Fraction
from typing import Any, cast, get_args

from spikeplane.encoding import RANGES, Encoding, EncodingKind
from spikeplane.encodings import Encodings
from spikeplane.errors import SpikeplaneError

_KINDS = get_args(EncodingKind)


def parse_shapes(given: list[str]) -> tuple[int, int, int] | dict[str, tuple[int, int, int]] | None:
    """Of `CxHxW` the input's shape, of `NAME=CxHxW` that of each. Raises SpikeplaneError."""
    if len(given) < 2 and "=" not in "".join(given):
        return parse_shape(given[0]) if given else None
    parts = [text.partition("=") for text in given]
    wrong = [text for text, (name, _, shape) in zip(given, parts, strict=True) if not (name and shape)]
    if wrong:
        raise SpikeplaneError(f"of several inputs each has its --input-shape NAME=SHAPE, not '{wrong[0]}'")
    return {name: parse_shape(shape) for name, _, shape in parts}


def parse_shape(text: str) -> tuple[int, int, int]:
    """CxHxW, or C alone. Raises SpikeplaneError."""
    parts = text.lower().split("x")
    if len(parts) not in (1, 3) or not all(
        re.fullmatch("0*[1-9][0-9]{0,5}", part, re.ASCII) for part in parts
    ):
        raise SpikeplaneError(f"an input shape is CHANNELSxHEIGHTxWIDTH, such as 1x28x28, not '{text}'")
    numbers = [int(part) for part in parts] + [1, 1]
    return numbers[0], numbers[1], numbers[2]


def parse_encodings(given: list[str], **options: Any) -> Encodings:
    """Of `KIND` the encoding of all inputs, of `NAME=KIND[,OPTION...]` that of one; options there are
    bits=, unit=, mean=, std= (with / between channels) and signed, and stand for the ones of the
    command line. Raises SpikeplaneError."""
    if len(given) == 1 and "=" not in given[0].partition(",")[0]:
        return parse_encoding(given[0], **options)
    found: dict[str, Encoding] = {}
    for text in given:
        head, *rest = text.split(",")
        name, equals, kind = head.partition("=")
        own: dict[str, Any] = {}
        for option in rest:
            key, _, value = option.partition("=")
            if key not in ("bits", "unit", "mean", "std") and option != "signed":
                equals = ""
            own[key] = (
                True if key == "signed" else value.replace("/", ",") if key in ("mean", "std") else value
            )
        if "bits" in own and not re.fullmatch("[0-9]{1,4}", own["bits"], re.ASCII):
            equals = ""
        if not equals:
            raise SpikeplaneError(
                "of several inputs each has its --encoding NAME=KIND, with options such as "
                f"NAME=frames,bits=6,signed,unit=1/16, not '{text}'"
            )
        own["bits"] = int(own.get("bits", options["bits"]))
        found[name] = parse_encoding(kind, **{**options, **own})
    return found


def parse_encoding(
    kind: str,
    steps: int,
    step_us: int,
    seed: int,
    bits: int,
    *,
    signed: bool = False,
    unit: str | None = None,
    mean: str | None = None,
    std: str | None = None,
) -> Encoding:
    """The encoding that the options describe. Raises SpikeplaneError."""
    if kind not in _KINDS:
        raise SpikeplaneError(f"unknown encoding '{kind}'; choose from {', '.join(_KINDS)}")
    if steps < 1:
        raise SpikeplaneError(f"--steps must be 1 or more, not {steps}")
    for name, value in (("steps", steps), ("step_us", step_us), ("seed", seed), ("value_bits", bits)):
        low, high = RANGES[name]
        if not low <= value <= high:
            raise SpikeplaneError(f"--{name.replace('_', '-')} must be from {low} to {high}, not {value}")
    if kind != "frames" and (signed or unit is not None):
        raise SpikeplaneError(f"--signed and --unit are for --encoding frames, not '{kind}'")
    return Encoding(
        kind=cast(EncodingKind, kind),
        steps=steps,
        step_us=step_us,
        seed=seed,
        value_bits=bits,
        signed=signed,
        unit=1.0 if unit is None else _number(unit, "--unit"),
        mean=_numbers(mean, "--mean"),
        std=_numbers(std, "--std"),
    )


def _numbers(text: str | None, option: str) -> tuple[float, ...] | None:
    """Decimals with commas between. Raises SpikeplaneError."""
    try:
        return None if text is None else tuple(float(part) for part in text.split(","))
    except ValueError:
        raise SpikeplaneError(
            f"{option} is a number, or one a channel such as 0.5,0.4,0.4, not '{text}'"
        ) from None


def _number(text: str, option: str) -> float:
    """A decimal, or a fraction such as 1/255, above 0. Raises SpikeplaneError."""
    try:
        value = float(Fraction(text.strip()))
    except (ValueError, ZeroDivisionError, OverflowError):
        value = math.nan
    if not 0 < value < math.inf:
        raise SpikeplaneError(f"{option} must be a number above 0, such as 0.5 or 1/255, not '{text}'")
    return value
