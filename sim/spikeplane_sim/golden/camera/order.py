"""SSR's second condition: where the light is constant, the rarer of the two intervals comes at two adjacent distances.

The two intervals of a segment are the *base* and, never twice in a row, the *firing*. Which is which is known when one
comes twice in a row for the first time. The distance of two firings is the number of intervals from one to the next; the `run`
is the number of base intervals since the last firing (or the segment's start). Distances must be k or k + 1, and the runs at both
ends of the segment, which are parts of a distance, must not be longer than k.

    phase   OPEN    no interval has come twice in a row yet; `kind` = the last one was the longer
            BASE    only the base has come; `run` of them
            ONCE    one firing, and no distance yet; `k` = the run before it;    `kind` = the base is the longer
            KNOWN   `k` = the smallest distance, `wide` = there is a k + 1;      `kind` likewise
"""

from typing import NamedTuple

import torch

from spikeplane.camera.config import RUN_MAX

Tensor = torch.Tensor

OPEN, BASE, ONCE, KNOWN = range(4)


class Order(NamedTuple):
    """The second-order state of all pixels, int16 vectors: see the table above; `kind` and `wide` are bool."""

    phase: Tensor
    kind: Tensor
    k: Tensor
    wide: Tensor
    run: Tensor

    @classmethod
    def start(cls, zero: Tensor) -> "Order":
        """No segment yet."""
        return cls(zero, zero > 0, zero, zero > 0, zero)

    def chosen(self, fits: Tensor, grown: "Order", begins: Tensor) -> "Order":
        """`grown` where the interval fits; where a segment begins, its first interval is the last one and the shorter one."""
        taken = [torch.where(fits, new, old) for new, old in zip(grown, self, strict=True)]
        return Order(torch.where(begins, OPEN, taken[0]), taken[1] & ~begins, *taken[2:])

    def take(self, longer: Tensor, n: Tensor) -> tuple[Tensor, "Order"]:
        """Whether an interval leaves the segment of n intervals stable, and the state with it.

        `longer`: by how much it is longer than the segment's smaller interval: -1, 0 or 1 (else the result has no meaning).
        `again`: it is the base, or in phase OPEN the same as the last.
        """
        again = longer == self.kind
        run = (self.run + 1).clamp(max=RUN_MAX)  # with the new interval: the run, or the distance
        opened, based, once = self.phase == OPEN, self.phase == BASE, self.phase == ONCE
        known = self.phase == KNOWN
        fires = ~again & ~opened

        phase = torch.where(opened & again, _doubled(n), self.phase)
        phase = torch.where(fires, torch.where(based, ONCE, KNOWN), phase)
        kind = torch.where(opened, longer > 0, torch.where(fires & based, longer < 0, self.kind))
        # OPEN: of the alternating intervals before a doubled one, the firings are 2 apart; there is one or none before them.
        k = torch.where(opened, torch.where(n >= 4, 2, (n == 3).to(n.dtype)), self.k)
        k = torch.where(fires & based, self.run, k)
        k = torch.where(fires & (once | (known & (run < self.k))), run, k)
        wide = ~opened & torch.where(fires & once, self.k == run, self.wide | (fires & known & (run != self.k)))
        after = torch.where(opened, 2, torch.where(again, run, 0))
        return self._stable(again, run, once, known), Order(phase, kind, k, wide, after)

    def _stable(self, again: Tensor, run: Tensor, once: Tensor, known: Tensor) -> Tensor:
        """No firing twice in a row, no run longer than k, no distances that differ by more than one."""
        twice = (once | known) & ~again & (self.run == 0)
        long_start = once & ~again & (self.k > run)
        long_run = known & again & (run > self.k)
        short = known & ~again & ((run < self.k - 1) | ((run == self.k - 1) & self.wide))
        return ~(twice | long_start | long_run | short)


def _doubled(n: Tensor) -> Tensor:
    """The phase when an interval comes twice in a row after n - 1 alternating ones: no, one or more firings have come."""
    return torch.where(n == 1, BASE, torch.where(n >= 4, KNOWN, ONCE)).to(n.dtype)
