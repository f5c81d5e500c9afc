"""Which step of its sample a packet belongs to, where weights differ from step to step.

```
    job given  -> bank `parity` of the slot is used up
    first packet behind that -> its number: the other bank's and 1, or 0 behind `last`
```
A bank is used up before any packet of its next step comes, because credits go out behind the sweep. The other bank's step
has begun by then: whoever sends a packet of a step has sent a token of the one before, which says whether that was the last. A
delayed projection's tokens come a step early, and `last` there says that theirs is step 0.
Throughput: a packet a cycle. Latency: 0 cycles.
"""

from amaranth.hdl import Array, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from spikeplane.config import ChipConfig
from spikeplane_gateware.core.soma.schedule import JOB


class StepNumbers(wiring.Component):
    """The numbers of the steps under way, two a population.

    Parameters: config: the chip.

    Attributes: given, job: pulse, the sweep takes this job; moves: a spike or token for a population here goes by; slot: of that
    population; parity, token, last: of the packet; delayed: its projection is; number: of its step.
    """

    def __init__(self, config: ChipConfig) -> None:
        self.config = config
        super().__init__(
            {
                "given": In(1),
                "job": In(JOB),
                "moves": In(1),
                "slot": In(JOB["slot"].shape),
                "parity": In(1),
                "token": In(1),
                "last": In(1),
                "delayed": In(1),
                "number": Out(config.step_bits),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m, banks = Module(), range(2 * self.config.populations)
        numbers = Array([Signal(self.config.step_bits, name=f"number_{bank}") for bank in banks])
        used = Array([Signal(name=f"used_{bank}") for bank in banks])
        ended = Array([Signal(name=f"ended_{bank}") for bank in banks])
        given, job = Signal(), Signal(JOB)
        m.d.sync += [given.eq(self.given), job.eq(self.job)]
        with m.If(given):
            bank = job.slot * 2 + job.parity
            # the run begins with bank 0 in step 0; bank 1 is next
            m.d.sync += used[bank].eq(~job.initial | job.parity)
            with m.If(job.initial):
                m.d.sync += [numbers[bank].eq(0), ended[bank].eq(0)]
        own, other = self.slot * 2 + self.parity, self.slot * 2 + ~self.parity[0]
        first = Mux(self.delayed, self.token & self.last, ended[other])
        following = Mux(first, 0, numbers[other] + 1)
        m.d.comb += self.number.eq(Mux(used[own], following, numbers[own]))
        with m.If(self.moves):
            m.d.sync += [numbers[own].eq(self.number), used[own].eq(0)]
            with m.If(self.token & ~self.delayed):
                m.d.sync += ended[own].eq(self.last)
        return m
