"""Cycles, latency and rates of a program at some activity, by the model of `timeline`; and what its
link to the host allows."""

from dataclasses import dataclass

import numpy as np

from spikeplane.estimate.activity import Activity
from spikeplane.estimate.counts import Counts
from spikeplane.estimate.timeline import Timeline
from spikeplane.estimate.walks import walks
from spikeplane.estimate.work import Plan
from spikeplane.formats.frame import FRAME_BYTES, frame_payload
from spikeplane.formats.packet import packet_format
from spikeplane.program import Program

EVENTS = 60_000  #: of the model in one estimate: a second or two
BITS = 10  #: of a byte on a UART


@dataclass(frozen=True)
class Cycles:
    """`latency`: of one sample alone; `total`: of `samples` one behind the other; `stream`: of each
    one more."""

    samples: int
    total: float
    latency: float
    stream: float
    steps: int

    @property
    def per_sample(self) -> float:
        """As `spikeplane run` states it: all cycles over all samples."""
        return self.total / self.samples


def cycles(program: Program, activity: Activity, plan: Plan, samples: int) -> Cycles:
    """Of `samples` samples. A few are enough for the model, and a part of a very long one: the
    others repeat them. A sample that is presented several times takes as long as so many."""
    times = program.network.presentations
    if times > 1:
        one = _once(program, activity, plan, samples * times)
        latency = one.latency + (times - 1) * one.stream
        return Cycles(samples, one.total, latency, times * one.stream, times * one.steps)
    return _once(program, activity, plan, samples)


def _once(program: Program, activity: Activity, plan: Plan, samples: int) -> Cycles:
    """Of samples that are presented once."""
    form, steps = packet_format(program.config), program.network.steps
    each = 20 + 8 * sum(1 + len(work.targets) + len(work.returns) for work in plan.parts)
    affordable = max(64, EVENTS // each)
    short, stretch = activity, 1.0
    if steps > affordable:
        short, stretch = _shortened(activity, affordable), steps / affordable
    modelled = max(1, min(samples, max(2, affordable // min(steps, affordable))))
    visits = walks(program.laid, program.config, short)
    ends = [end * stretch for end in Timeline(plan, short, visits, form, modelled).run()]
    more = (ends[-1] - ends[0]) / (modelled - 1) if modelled > 1 else ends[0]
    if modelled > 2:  # the first ones fill the pipe
        more = (ends[-1] - ends[modelled // 2 - 1]) / (modelled - modelled // 2)
    return Cycles(samples, ends[-1] + (samples - modelled) * more, ends[0], more, steps)


def line_seconds(program: Program, counts: Counts, baud: int) -> float:
    """Seconds that a sample's packets take on a UART, the slower direction."""
    form = packet_format(program.config)
    most = max(counts.received, counts.sent) * form.size
    return most * (1 + FRAME_BYTES / frame_payload(form)) * BITS / baud


def _shortened(activity: Activity, steps: int) -> Activity:
    """As many steps as the model can afford, with the means of the steps that each stands for."""

    def means(values: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        return {
            name: np.array([part.mean() for part in np.array_split(v, steps)]) for name, v in values.items()
        }

    return Activity(means(activity.spikes), means(activity.packets), activity.reach, activity.source)
