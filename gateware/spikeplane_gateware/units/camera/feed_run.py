"""Where a run of the feed stands: planes come to steps of a sample, samples come to an end.

```
    start, stop --> [samples_left] --> active
    plane (ended) -> [step] -> last --^
                  -> [parity]
```
"""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from spikeplane.formats.camera import EVERY_BITS, VALUE_BITS


class FeedRun(wiring.Component):
    """Counts the planes of a run. It starts at step 0 with parity 0, as the bridge and the cores do.

    Throughput: a plane in every other cycle. Latency: 1 cycle; `last` follows `step` a cycle later,
    long before its plane ends.

    Attributes
    ----------
    start : In(1)
        A pulse: a run of `samples` samples begins.
    stop : In(1)
        A pulse: the run is over. It wins over `start`.
    steps : In(VALUE_BITS)
        Planes of a sample, at least 1.
    samples : In(EVERY_BITS)
        Samples of the run that `start` begins.
    plane : In(1)
        A pulse: a plane has gone out in full.
    active : Out(1)
        Some sample is left.
    samples_left : Out(EVERY_BITS)
        Samples that have not gone out in full.
    parity : Out(1)
        Of the plane's number in the run.
    last : Out(1)
        The plane is the last one of its sample.
    """

    def __init__(self) -> None:
        super().__init__(
            {
                "start": In(1),
                "stop": In(1),
                "steps": In(VALUE_BITS),
                "samples": In(EVERY_BITS),
                "plane": In(1),
                "active": Out(1),
                "samples_left": Out(EVERY_BITS),
                "parity": Out(1),
                "last": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        step = Signal(VALUE_BITS)
        m.d.comb += self.active.eq(self.samples_left != 0)
        m.d.sync += self.last.eq(step + 1 == self.steps)
        with m.If(self.plane):
            m.d.sync += [self.parity.eq(~self.parity), step.eq(Mux(self.last, 0, step + 1))]
            m.d.sync += self.samples_left.eq(self.samples_left - self.last)
        with m.If(self.start):
            m.d.sync += [self.samples_left.eq(self.samples), step.eq(0), self.parity.eq(0)]
        with m.If(self.stop):
            m.d.sync += self.samples_left.eq(0)
        return m
