"""Beside the copied packages: which mutant this process has, from the environment (0: none)."""

import os

NUMBER = int(os.environ.get("SPIKEPLANE_MUTANT", "0"))


def chosen(number: int) -> bool:
    """Whether that mutant is the one."""
    return number == NUMBER
