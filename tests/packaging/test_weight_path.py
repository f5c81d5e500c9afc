"""docs/compiler.md names the functions that a weight passes from its module to a memory word: each is
called, in that order, and there are at most twelve."""

import importlib
import re
import sys
from pathlib import Path
from types import FrameType
from typing import Any

from torch import nn

from spikeplane import Encoding
from spikeplane.compiler.compile import compile

ROOT = Path(__file__).parents[2]


def listed() -> list[str]:
    """The first function of each row of the table."""
    text = (ROOT / "docs/compiler.md").read_text().split("## The way of a weight")[1]
    return re.findall(r"^\| \d+ \| `([\w.]+)`", text, re.MULTILINE)


def code_of(name: str) -> Any:
    """The code of `package.module.function` or of a method."""
    parts = name.split(".")
    found: Any = importlib.import_module("spikeplane." + ".".join(parts[:2]))
    for part in parts[2:]:
        found = getattr(found, part)
    return found.__code__


def test_a_weight_passes_what_the_page_says() -> None:
    names = listed()
    assert 10 <= len(names) <= 12
    codes = {code_of(name): name for name in names}
    called: list[str] = []

    def note(frame: FrameType, event: str, _: Any) -> None:
        if event == "call" and frame.f_code in codes and codes[frame.f_code] not in called:
            called.append(codes[frame.f_code])

    from spikingjelly.activation_based.neuron import IFNode

    sys.setprofile(note)
    try:
        compile(
            nn.Sequential(nn.Linear(6, 5), IFNode()),
            chip="tiny",
            input_shape=(6, 1, 1),
            encoding=Encoding(kind="planes", steps=2),
            proof=False,
        )
    finally:
        sys.setprofile(None)
    assert called == names
