"""What the user asks of an import, and how the model is called."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Wanted:
    """What the user asks for, and how the model is called; the fields of `Call`."""

    reset: str | None
    compare: str | None
    several_steps: bool
    input_bits: int | None
    input_steps: bool = False  #: samples have steps of their own: events, planes, frames, not one image
