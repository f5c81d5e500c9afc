"""TFI, FSR and SSR: a pixel's light from its inter-spike intervals, over stable segments.

A pixel walks along its spikes. It stands at a spike, `age` planes ago, up to which its segment of `n` intervals reaches; all of
them are `lo` or, `m` of them, lo + 1 planes long. Spikes that have come in and that it has not walked to yet are pending. In
every plane t:

    the interval to its oldest pending spike fits the segment   ->  it walks there, the segment grows
    it does not, and plane t - A lies after its place           ->  it walks there, a new segment starts with that interval
    it does not, and the segment still covers plane t - A       ->  it waits: the segment is closed, its value is final

TFI's segments are single intervals. FSR grows a segment while its intervals differ by one at most, SSR while in addition the
distances of the rarer interval differ by one at most (see `order`). Source: the spike stability theorem (2024), in the reading
of DESIGN.md. With look-ahead a pixel walks two intervals a plane at most: after a closed segment it catches up.
"""

from typing import NamedTuple

import torch

from spikeplane.camera.config import HALVINGS, INTERVAL_MAX, CameraConfig
from spikeplane_sim.golden.camera.order import Order

Tensor = torch.Tensor


class Pixels(NamedTuple):
    """The state of all pixels, a vector each: int16 unless said otherwise.

    silent   bool: no spike yet
    age      planes since the spike at which the pixel stands, counted up to INTERVAL_MAX
    lo, n, m the segment: its smaller interval, its intervals, the longer ones among them; n = 0: there is none yet
    order    SSR's second-order state
    pending  int64, bit i: the spike of i + 1 planes before the next plane is pending
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
        zero = torch.zeros(config.width * config.height, dtype=torch.int16, device=device)
        self.pixels = Pixels(zero == 0, zero, zero, zero, zero, Order.start(zero), zero.to(torch.int64))

    def push(self, plane: Tensor) -> None:
        """Take the next plane, a boolean vector."""
        self.pixels = advance(self.pixels, plane, self.method, self.lookahead, self.walks)

    def ratio(self) -> tuple[Tensor, Tensor]:
        """(n, sum) of every pixel at plane t - A, int16: n intervals in so many planes.

        In an interval that is still open, and longer already than the segment's smaller one, no more than 1 in age + 1 planes.
        """
        p = self.pixels
        dimmer = (p.age > self.lookahead) & (p.age > p.lo) & (p.n > 0)
        total = torch.where(dimmer, p.age + 1, (p.n * p.lo + p.m).clamp(min=1))
        return torch.where(dimmer, 1, p.n), total


def advance(p: Pixels, plane: Tensor, method: str, lookahead: int, walks: int) -> Pixels:
    """The pixels after the next plane, a boolean vector."""
    p = p._replace(age=(p.age + 1).clamp(max=INTERVAL_MAX))
    if not lookahead:
        return _walk(p, plane, torch.zeros_like(p.age), method, lookahead)[1]
    pending = p.pending
    for _ in range(walks):
        older = pending != 0
        bit = _top_bit(pending)
        walked, p = _walk(p, older | plane, torch.where(older, bit + 1, 0).to(torch.int16), method, lookahead)
        pending = torch.where(walked & older, pending ^ (1 << bit), pending)
        plane = plane & ~(walked & ~older)
    return p._replace(pending=(pending << 1) | plane)


def _walk(p: Pixels, spike: Tensor, since: Tensor, method: str, lookahead: int) -> tuple[Tensor, Pixels]:
    """Which pixels walk to their oldest pending spike, `since` planes ago where there is a `spike`; and all of them after it."""
    interval = p.age - since
    fits, grown = _grow(p, interval, method)
    fits = fits & spike & (p.n > 0)
    begins = spike & ~fits & ~p.silent & ((p.n == 0) | (p.age > lookahead))
    walked = fits | begins | (spike & p.silent)
    return walked, Pixels(
        silent=p.silent & ~spike,
        age=torch.where(walked, since, p.age),
        lo=torch.where(fits, grown.lo, torch.where(begins, interval, p.lo)),
        n=torch.where(fits, grown.n, torch.where(begins, 1, p.n)),
        m=torch.where(fits, grown.m, torch.where(begins, 0, p.m)),
        order=p.order if method != "ssr" else p.order.chosen(fits, grown.order, begins),
        pending=p.pending,
    )


def _grow(p: Pixels, interval: Tensor, method: str) -> tuple[Tensor, Pixels]:
    """Whether the interval fits the segment, and the segment with it."""
    if method == "tfi":
        return torch.zeros_like(interval, dtype=torch.bool), p
    longer = interval - p.lo
    below = longer < 0  # what was the smaller interval is the longer one now
    fits = (longer == 0) | (longer == 1) | ((longer == -1) & (p.m == 0))
    order = p.order
    if method == "ssr":
        stable, order = p.order.take(longer, p.n)
        fits = fits & stable
    lo = torch.where(below, interval, p.lo)
    n, m = _halved(lo, p.n + 1, torch.where(below, p.n, p.m + (longer == 1)))
    return fits, p._replace(lo=lo, n=n, m=m, order=order)


def _halved(lo: Tensor, n: Tensor, m: Tensor) -> tuple[Tensor, Tensor]:
    """A segment that has grown full counts half: the past matters less and less. m is rounded up: a longer one stays known."""
    limit = torch.full_like(lo, HALVINGS[-1][1])
    for below, count in reversed(HALVINGS[:-1]):
        limit = torch.where(lo < below, count, limit)
    full = n >= limit
    return torch.where(full, n >> 1, n), torch.where(full, (m + 1) >> 1, m)


def _top_bit(bits: Tensor) -> Tensor:
    """The place of the highest 1 of int64 words, 0..63 (the sign's); -1 where there is none."""
    alone = bits & ~(bits >> 1)  # without the second-highest 1 at its side, rounding to a float cannot carry
    return torch.where(bits < 0, 63, torch.frexp(alone.to(torch.float64))[1] - 1).to(torch.int64)
