"""Chips that do not learn are the same to the byte, whatever is done for those that do."""

import json

import pytest
from pinned_verilog import CHIPS, RECORD, digest, writers

PINNED = json.loads(RECORD.read_text())


@pytest.mark.parametrize("name", CHIPS)
def test_unchanged(name: str) -> None:
    if writers() != PINNED["writers"]:
        pytest.skip(f"the Verilog was recorded with {PINNED['writers']}, here are {writers()}")
    assert digest(name) == PINNED["sha256"][name], (
        f"the Verilog of '{name}' has changed; if it was meant to: python tests/unit/pinned_verilog.py"
    )
