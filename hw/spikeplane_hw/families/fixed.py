"""Families whose boards run at their oscillator's clock."""

from typing import TYPE_CHECKING

from spikeplane.errors import SpikeplaneError
from spikeplane_hw.families.family import NextpnrFamily

if TYPE_CHECKING:
    from spikeplane_hw.board import Board


class FixedClock(NextpnrFamily):
    """No PLL is made."""

    def check_clock(self, board: "Board") -> None:
        """Only the oscillator's own."""
        if board.clock != board.oscillator:
            raise SpikeplaneError(
                f"the design of {board.title} runs at its oscillator's {board.oscillator:g} MHz, not "
                f"at {board.clock:g} MHz"
            )
