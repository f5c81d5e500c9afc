"""When everything happens: the steps of a few samples through link, mesh and cores, with the mean
activity of every step.

```
    host --rx--> barrier --> cores: accumulate (a server) --tokens--> sweep (a server) --+--> mesh --> other cores
      ^                                                                                  +--> tx --> host
      +------- credits of the inputs' targets -----------------------------------------------'
```
A model in events, one for each sweep's start and end, not for each packet: a stream of packets is
its first and last moment and its work. Times are cycles. What the host does is that of the driver
with the simulated board: a byte a cycle each way, frames acknowledged when the line is quiet. See
docs/estimate.md.

`WAITING` and `QUEUE` are fitted, to the smallest mean error of 105 random networks (tests/system/networks.py, seeds
100 to 228, of one input, on `small`, all populations probed, 12 samples): a few packets more or less make little difference.
"""

import heapq
from collections import defaultdict, deque
from collections.abc import Callable

import numpy as np

from spikeplane.estimate.activity import Activity
from spikeplane.estimate.work import Core, Plan, Route, Target
from spikeplane.formats.frame import FRAME_BYTES, SLOTS, frame_payload
from spikeplane.formats.packet import PacketFormat
from spikeplane.formats.structure import HOP, READY, STAGE

PIPE = STAGE + 1  #: from a router's output to the event that the schedule has taken
EGRESS = 2  #: from a sweep to its router
HOST = 5  #: between bridge and the first router
WAITING = 18  #: packets between a sweep and the link that wait without stopping it
QUEUE = 14  #: packets that wait in front of the accumulators without stopping the sender
QUIET = 64  #: cycles without a byte after which the host hears what has come
SHARE = 0.6  #: of such answers that come behind a whole frame
ANSWER = 16  #: an acknowledgement's bytes, and its way to the sender


class Timeline:
    """`samples` samples, one behind the other. `run` returns the cycle of each one's last packet to
    the host. `visits`: the walks of each population's packets, by step (`walks`)."""

    def __init__(
        self, plan: Plan, activity: Activity, visits: dict[str, np.ndarray], form: PacketFormat, samples: int
    ) -> None:
        self.plan, self.activity, self.visits, self.samples = plan, activity, visits, samples
        self.steps = len(next(iter(activity.spikes.values())))
        self.period = form.size + 1  # cycles a packet on the link
        # packets that the chip keeps until acknowledged
        self.window = SLOTS * (frame_payload(form) // form.size)
        self.frame = frame_payload(form)
        # A frame leaves faster than it fills: with a pause of so many cycles more the line is quiet
        # for long enough.
        self.slack = QUIET + self.frame + FRAME_BYTES - self.frame // form.size * self.period
        self.sample_packets = sum(
            float(activity.packets[source.name][route.taken].sum()) + self.steps
            for source in plan.inputs
            for route in source.routes
        )
        frames = max(1.0, self.sample_packets * form.size / self.frame)
        self.all_sent = (samples - SLOTS / frames) * self.steps  # the host is at most SLOTS frames ahead
        self.events: list[tuple[float, int, Callable[[], None]]] = []
        self.number = 0
        self.accumulator: dict[Core, float] = defaultdict(float)
        self.sweeper: dict[Core, float] = defaultdict(float)
        self.queues: dict[Core, deque[tuple[int, int]]] = defaultdict(deque)
        self.idle: dict[Core, bool] = defaultdict(lambda: True)
        self.tokens = [defaultdict(int) for _ in plan.parts]
        self.credits = [defaultdict(int) for _ in plan.parts]
        self.swept = [0] * len(plan.parts)  # the step that each part sweeps next
        for i, work in enumerate(plan.parts):
            self.tokens[i][0] = work.tokens[1]
            self.credits[i][0], self.credits[i][1] = work.given(plan.fused)
        for core, busy in plan.start.items():  # the first frame is on its way meanwhile
            self.accumulator[core] = max(0.0, busy - self.frame)
        #: from a sweep to the step of the same source that it makes room for
        self.ahead = 1 if plan.fused else 2
        self.host_credits = defaultdict(int, dict.fromkeys(range(self.ahead), plan.host_credits))
        self.host_step, self.host_waits = 0, False
        self.rx = self.tx = 0.0
        self.sent = 0  # packets to the host since the line was last quiet
        self.ends = [0.0] * samples

    def run(self) -> list[float]:
        """Cycles from the first barrier to the end of each sample."""
        self.at(0.0, self.host)
        while self.events:
            time, _, action = heapq.heappop(self.events)
            self.now = time
            action()
        return self.ends

    def at(self, time: float, action: Callable[[], None]) -> None:
        """Do something later."""
        self.number += 1
        heapq.heappush(self.events, (time, self.number, action))

    def host(self) -> None:
        """The barrier of the next step: pass it when the credits are in, then send."""
        step = self.host_step
        if step == self.samples * self.steps:
            return
        if self.host_credits[step] < self.plan.host_credits:
            self.host_waits = True
            return
        self.host_waits = False
        self.host_step += 1
        t = step % self.steps
        start = max(self.now, self.rx) + self.period
        self.rx = start
        for source in self.plan.inputs:
            for route in source.routes:
                packets = self.activity.packets[source.name][t] if self.takes(route, t) else 0.0
                self.rx = self.burst(
                    source.name, route.targets, t, self.rx, self.rx + packets * self.period, 1.0
                )
        self.rx += sum(len(source.routes) for source in self.plan.inputs) * self.period
        for target in (
            target for source in self.plan.inputs for route in source.routes for target in route.targets
        ):
            self.at(
                self.rx + self.from_host(target.core), lambda target=target: self.event_token(target, step)
            )
        self.at(self.rx, self.host)

    def takes(self, where: Route | Target, t: int) -> bool:
        """Whether packets of step t of a sample go there."""
        return t in range(self.steps)[where.taken]

    def burst(
        self, source: str, targets: list[Target], t: int, start: float, end: float, share: float
    ) -> float:
        """Packets of `source` in step t reach `targets` from `start` to `end`; when the last one
        leaves: later, if a target's work holds them up, whose queue is short."""
        packets = self.activity.packets[source][t] * share
        for target in targets:
            if not packets or not self.takes(target, t):
                continue
            visits = (self.activity.spikes if target.alone else self.visits)[source][t] * share
            words = (
                packets * target.share * target.words
                if target.by_packet
                else max(packets, visits * target.words)
            )
            done = self.accumulate(target.core, start, words)
            end = max(end, done - QUEUE * words / packets)
        return end

    def accumulate(self, core: Core, start: float, words: float) -> float:
        """The accumulators of a core have so much more to do from `start` on; when they have done it."""
        self.accumulator[core] = max(self.accumulator[core], start) + words
        return self.accumulator[core]

    def event_token(self, target: Target, step: int) -> None:
        """A token has left its core's accumulators."""
        self.event(target.core, lambda: self.token(target.part, step + target.delay))

    def event(self, core: Core, action: Callable[[], None]) -> None:
        """A token or credit goes through the core's pipe, behind the work that is there."""
        self.at(max(self.now, self.accumulator[core]) + PIPE + self.plan.late, action)

    def token(self, part: int, step: int) -> None:
        """A token arrives at a part."""
        self.tokens[part][step] += 1
        self.ready(part)

    def credit(self, part: int, step: int) -> None:
        """A credit arrives at a part."""
        self.credits[part][step] += 1
        self.ready(part)

    def ready(self, part: int) -> None:
        """Queue the part's next sweep if all of its tokens and credits are in."""
        work, step = self.plan.parts[part], self.swept[part]
        if step == self.samples * self.steps:
            return
        if self.tokens[part][step] >= work.tokens[0] and self.credits[part][step] >= work.credits[0]:
            self.swept[part] += 1
            self.queues[work.core].append((part, step))
            self.at(self.now + READY, lambda: self.next(work.core))

    def next(self, core: Core) -> None:
        """Starts what waits, if it may."""
        if self.idle[core] and self.queues[core]:
            self.idle[core] = False
            self.sweep(*self.queues[core].popleft())

    def sweep(self, part: int, step: int) -> None:
        """A sweep from its start to its last packet."""
        work, t = self.plan.parts[part], step % self.steps
        packets = self.activity.packets[work.part.population][t] * work.share
        own = max(work.sweep, packets * (work.entries + work.probes))
        self.accumulate(work.core, self.now, work.port)
        end = self.now + own
        last = self.to_host(self.now, end, packets * work.probes) if work.probes else 0.0
        end = max(end, last - WAITING * self.period)
        end = (
            self.burst(work.part.population, work.targets, t, self.now, end, work.share)
            + work.entries
            + work.probes
        )
        for target in work.targets:
            self.at(
                end + self.way(work.core, target.core), lambda target=target: self.event_token(target, step)
            )
        self.at(end, lambda: self.swept_out(part, step, max(end, last)))

    def swept_out(self, part: int, step: int, last: float) -> None:
        """Tokens are out: credits go back, the sweeper is free."""
        work = self.plan.parts[part]
        for _ in range(work.probes):
            told = self.to_host(max(self.now, last), max(self.now, last), 1)
            back = max(self.now, told - self.period) + self.from_host(work.core)
            self.at(back, lambda: self.event(work.core, lambda: self.credit(part, step + 2)))
            sample = step // self.steps
            self.ends[sample] = max(self.ends[sample], told)
        for source, delay in work.returns:
            there = self.plan.parts[source].core
            arrives = step + self.ahead - delay
            self.at(
                self.now + self.way(work.core, there),
                lambda s=source, a=arrives, c=there: self.event(c, lambda: self.credit(s, a)),
            )
        for _ in range(work.host_returns):
            self.at(self.now + self.from_host(work.core), lambda: self.host_credit(step + self.ahead))
        self.idle[work.core] = True
        self.at(self.now + 2, lambda: self.next(work.core))

    def host_credit(self, step: int) -> None:
        """A credit arrives at the host's bridge."""
        self.host_credits[step] += 1
        if self.host_waits:
            self.host()

    def to_host(self, start: float, end: float, packets: float) -> float:
        """`packets` made between `start` and `end` leave by the link; when the last has."""
        free = max(self.tx, start) + packets * self.period
        late = end + self.period if packets else free
        if start - self.tx > self.slack or late - free > self.slack:
            self.sent = 0
        self.tx = max(free, late)
        self.sent += packets
        while self.sent > self.window:
            self.sent -= self.window
            waiting = (
                self.first_frame() if self.host_step < self.all_sent else 0.0
            )  # the answer comes with what the host has to say
            self.tx += self.frame + QUIET + ANSWER + SHARE * waiting
        return self.tx

    def first_frame(self) -> float:
        """Bytes of the first frame of a sample."""
        return min(self.frame, self.sample_packets * (self.period - 1)) + FRAME_BYTES

    def from_host(self, core: Core) -> int:
        """Cycles of a packet between bridge and core, either way."""
        return HOST + HOP * (core[0] + core[1] + 1)

    def way(self, a: Core, b: Core) -> int:
        """Cycles of a packet from core to core."""
        return EGRESS + HOP * (abs(a[0] - b[0]) + abs(a[1] - b[1]) + 1)
