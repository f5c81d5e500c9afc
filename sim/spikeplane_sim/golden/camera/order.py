"""SSR's second condition: where the light is constant, the rarer of the two intervals comes at two
adjacent distances.

The two intervals of a segment are the *base* and, never twice in a row, the *firing*. Which is
which is known when one comes twice in a row for the first time. The distance of two firings is the
number of intervals from one to the next; the `run` is the number of base intervals since the last
firing (or the segment's start). Distances must be k or k + 1, and the runs at both ends of the
segment, which are parts of a distance, must not be longer than k.

    phase   OPEN    no interval has come twice in a row yet; `kind` = the last one was the longer
            BASE    only the base has come; `run` of them
            ONCE    one firing, and no distance yet; `k` = the run before it;    `kind` = the base
                    is the longer
            KNOWN   `k` = the smallest distance, `wide` = there is a k + 1;      `kind` likewise
"""

from typing import NamedTuple

import torch

from spikeplane.camera.config import RUN_MAX
from spikeplane_sim.golden.camera.choose import at_least, choose, choose_bool, equals, number

Tensor = torch.Tensor

OPEN, BASE, ONCE, KNOWN = range(4)  #: in the order in which they are reached


class Order(NamedTuple):
    """The second-order state of all pixels, uint8 vectors: see the table above; `kind` and `wide`
    are bool."""

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
        """`grown` where the interval fits; where a segment begins, its first interval is the last
        one and the shorter one."""
        return Order(
            phase=choose(begins, OPEN, choose(fits, grown.phase, self.phase)),
            kind=choose_bool(fits, grown.kind, self.kind) & ~begins,
            k=choose(fits, grown.k, self.k),
            wide=choose_bool(fits, grown.wide, self.wide),
            run=choose(fits, grown.run, self.run),
        )

    def take(self, longer: Tensor, shorter: Tensor, n: Tensor) -> tuple[Tensor, "Order"]:
        """Whether an interval leaves the segment of n intervals stable, and the state with it.

        `longer`, `shorter`: it is by one longer or shorter than the segment's smaller interval
        (else it is as long). `again`: it is the base, or in phase OPEN the same as the last.
        """
        again = ~shorter & (longer == self.kind)
        # with the new interval: the run, or the distance
        run = self.run + number(~at_least(self.run, RUN_MAX))
        opened, based, once, known = (equals(self.phase, phase) for phase in (OPEN, BASE, ONCE, KNOWN))
        fires = ~again & ~opened

        phase = choose(opened & again, _doubled(n), self.phase)
        phase = choose(fires, KNOWN - number(based), phase)
        kind = choose_bool(opened, longer, choose_bool(fires & based, shorter, self.kind))
        # OPEN: of the alternating intervals before a doubled one, the firings are 2 apart; there is
        # one or none before them.
        k = choose(opened, 2 * number(at_least(n, 4)) + number(equals(n, 3)), self.k)
        k = choose(fires & based, self.run, k)
        k = choose(fires & (once | (known & (run < self.k))), run, k)
        wide = ~opened & choose_bool(
            fires & once, self.k == run, self.wide | (fires & known & (run != self.k))
        )
        after = choose(opened, 2, run * number(again))
        return self._stable(again, run, once, known), Order(phase, kind, k, wide, after)

    def _stable(self, again: Tensor, run: Tensor, once: Tensor, known: Tensor) -> Tensor:
        """No firing twice in a row, no run longer than k, no distances that differ by more than one."""
        twice = (once | known) & ~again & equals(self.run, 0)
        long_start = once & ~again & (self.k > run)
        long_run = known & again & (run > self.k)
        short = known & ~again & ((run + 1 < self.k) | ((run + 1 == self.k) & self.wide))
        return ~(twice | long_start | long_run | short)


def _doubled(n: Tensor) -> Tensor:
    """The phase when an interval comes twice in a row after n - 1 alternating ones: no, one or more
    firings have come."""
    return BASE + number(at_least(n, 2)) + number(at_least(n, 4))
