"""TFI, FSR and SSR: a pixel's light from its inter-spike intervals, over stable segments.

A pixel walks along its spikes. It stands at a spike, `age` planes ago, up to which its segment of
`n` intervals reaches; all of them are `lo` or, `m` of them, lo + 1 planes long. Spikes that have
come in and that it has not walked to yet are pending. In every plane t:

    the interval to its oldest pending spike fits the segment   ->  it walks there, the segment grows
    it does not, and plane t - A lies after its place           ->  it walks there, a new segment
    starts with that interval it does not, and the segment still covers plane t - A       ->  it
    waits: the segment is closed, its value is final

TFI's segments are single intervals. FSR grows a segment while its intervals differ by one at most,
SSR while in addition the distances of the rarer interval differ by one at most (see `order`).
Source: the spike stability theorem (2024), in the reading of docs/camera-arithmetic.md. With look-ahead a pixel
walks two intervals a plane at most: after a closed segment it catches up.
"""

import itertools
from typing import NamedTuple

import torch

from spikeplane.camera.config import HALVINGS, INTERVAL_MAX, CameraConfig
from spikeplane_sim.golden.camera.choose import at_least, choose, equals, number
from spikeplane_sim.golden.camera.order import Order
from spikeplane_sim.golden.camera.pending import no_spikes, oldest, without_oldest

Tensor = torch.Tensor


class Pixels(NamedTuple):
    """The state of all pixels, a vector each: uint8 unless said otherwise.

    silent   bool: no spike yet
    age      planes since the spike at which the pixel stands, counted up to INTERVAL_MAX
    lo, n, m the segment: its smaller interval, its intervals, the longer ones among them; n = 0:
    there is none yet
    order    SSR's second-order state
    pending  integers, bit i: the spike of i + 1 planes before the next plane is pending
    """

    silent: Tensor
    age: Tensor
    lo: Tensor
    n: Tensor
    m: Tensor
    order: Order
    pending: Tensor


class Segments:
    """All pixels' segments, plane by plane."""

    def __init__(self, config: CameraConfig, device: torch.device) -> None:
        self.method, self.lookahead, self.walks = config.method, config.lookahead, config.walks
        zero = torch.zeros(config.width * config.height, dtype=torch.uint8, device=device)
        self.pixels = Pixels(
            zero == 0, zero, zero, zero, zero, Order.start(zero), no_spikes(zero, config.lookahead)
        )

    def push(self, plane: Tensor) -> None:
        """Take the next plane, a boolean vector."""
        self.pixels = advance(self.pixels, plane, self.method, self.lookahead, self.walks)

    def ratio(self) -> tuple[Tensor, Tensor]:
        """(n, sum) of every pixel at plane t - A, float32 of integers: n intervals in so many planes.

        In an interval that is still open, and longer already than the segment's smaller one, no
        more than 1 in age + 1 planes.
        """
        p = self.pixels
        dimmer = at_least(p.age, self.lookahead + 1) & (p.age > p.lo) & at_least(p.n, 1)
        age, lo, n, m, open_ = (v.to(torch.float32) for v in (p.age, p.lo, p.n, p.m, dimmer))
        total = (n * lo + m).clamp_(min=1)
        return n + open_ * (1 - n), total + open_ * (age + 1 - total)


def advance(p: Pixels, plane: Tensor, method: str, lookahead: int, walks: int) -> Pixels:
    """The pixels after the next plane, a boolean vector."""
    p = p._replace(age=p.age + number(~at_least(p.age, INTERVAL_MAX)))
    if not lookahead:
        return _walk(p, plane, torch.zeros_like(p.age), method, lookahead)[1]
    pending = p.pending
    for _ in range(walks):
        older = pending != 0
        walked, p = _walk(p, older | plane, oldest(pending), method, lookahead)
        pending = without_oldest(pending, walked)
        plane = plane & ~(walked & ~older)
    return p._replace(pending=(pending << 1) | plane.to(pending.dtype))


def _walk(p: Pixels, spike: Tensor, since: Tensor, method: str, lookahead: int) -> tuple[Tensor, Pixels]:
    """Which pixels walk to their oldest pending spike, `since` planes ago where there is a `spike`;
    and all of them after it."""
    interval, empty = p.age - since, equals(p.n, 0)
    fits, grown = _grow(p, interval, method)
    fits = fits & spike & ~empty
    begins = spike & ~fits & ~p.silent & (empty | at_least(p.age, lookahead + 1))
    walked = fits | begins | (spike & p.silent)
    return walked, Pixels(
        silent=p.silent & ~spike,
        age=choose(walked, since, p.age),
        lo=choose(fits, grown.lo, choose(begins, interval, p.lo)),
        n=choose(fits, grown.n, choose(begins, 1, p.n)),
        m=choose(fits, grown.m, choose(begins, 0, p.m)),
        order=p.order if method != "ssr" else p.order.chosen(fits, grown.order, begins),
        pending=p.pending,
    )


def _grow(p: Pixels, interval: Tensor, method: str) -> tuple[Tensor, Pixels]:
    """Whether the interval fits the segment, and the segment with it (which has a meaning only if
    it fits)."""
    if method == "tfi":
        return torch.zeros_like(interval, dtype=torch.bool), p
    same, longer, shorter = interval == p.lo, interval == p.lo + 1, interval == p.lo - 1
    fits = same | longer | (shorter & equals(p.m, 0))
    order = p.order
    if method == "ssr":
        stable, order = p.order.take(longer, shorter, p.n)
        fits = fits & stable
    lo = p.lo - number(shorter)
    m = choose(shorter, p.n, p.m + number(longer))  # what was the smaller interval is the longer one then
    n, m = _halved(lo, p.n + 1, m)
    return fits, p._replace(lo=lo, n=n, m=m, order=order)


def _halved(lo: Tensor, n: Tensor, m: Tensor) -> tuple[Tensor, Tensor]:
    """A segment that has grown full counts half: the past matters less and less. m is rounded up: a
    longer one stays known."""
    full = at_least(n, HALVINGS[0][1])
    for (below, _), (_, limit) in itertools.pairwise(HALVINGS):
        full = full | (at_least(lo, below) & at_least(n, limit))
    return choose(full, n >> 1, n), choose(full, (m + 1) >> 1, m)
