"""The control of a sweep: takes jobs, and for each group fetches parameters, walks, clears and waits until all has left.

```
    job --> IDLE --asks--> OPEN --> PARAMETERS --> WALK --> CLEAR --> ZERO --> SETTLE --> FINISH --> IDLE
                            ^           ^   without a window --^               |  |         with done
                         engaged        +------------ the next group ----------+  +--> IDLE: the egress has ended before
```
Latency: 3 cycles from a job to OPEN. About 25 cycles a group besides its words, for its parameters and its end.
"""

from typing import Any

from amaranth.hdl import Module, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from spikeplane.config import ChipConfig, bits_for
from spikeplane.formats.tables import core_tables
from spikeplane_gateware.core.soma.schedule import JOB
from spikeplane_gateware.core.soma.sweep.pace import left_range
from spikeplane_gateware.core.soma.sweep.turns import parts_of
from spikeplane_gateware.structs import struct

SETTLE = 8  #: cycles until every clearing write of a group is through, with its bias word
CLEARED = 5  #: cycles behind the last word until only a clearing write that is late is missing


class Control(wiring.Component):
    """The states of a sweep.

    Parameters: config: the chip.

    Attributes: job: of the schedule; asks: pulse, its word is fetched; active, population: job and word under way; opening: pulse,
    a population begins; fetches, ready: see Parameters; go: see Pace; element: pulse, a word is asked for; final: it is its group's
    last; single: there is no window; clearing: level, the accumulators at linear are cleared, word by word; zeroes: level, so are
    membranes; linear: first accumulator word of the group, or of the clearing pass; group; left: words of the pass; through: all of
    the group has left; finish, done, swept, vacant: see Sweep; over: pulse, the job ends. On a chip with a dynamic memory also
    cleared: see Sweep; late: a word is still to be set; waits, early, sent, last: see RowSweep; behind: words of a sweep before may
    stand before this one's.
    """

    def __init__(self, config: ChipConfig) -> None:
        self.config = config
        super().__init__(self._ports())

    def _ports(self) -> dict[str, Any]:
        config = self.config
        inputs = ("done", "ready", "go", "final", "single", "through")
        outputs = (
            "asks",
            "opening",
            "fetches",
            "element",
            "clearing",
            "zeroes",
            "finish",
            "swept",
            "vacant",
            "over",
        )
        rows = {
            **dict.fromkeys(("late", "behind", "waits", "early", "sent"), In(1)),
            "cleared": Out(1),
            "last": Out(1),
        }
        return {
            "job": In(stream.Signature(JOB)),
            "active": Out(JOB),
            "population": In(struct(core_tables(config).population)),
            **dict.fromkeys(inputs, In(1)),
            **dict.fromkeys(outputs, Out(1)),
            "linear": Out(bits_for(config.acc_depth)),
            "group": Out(config.group_bits + 1),
            "left": Out(left_range(config)),
            **(rows if config.dynamic_depth else {}),
            **({"stands": In(1)} if config.narrow_tables else {}),
        }

    def elaborate(self, platform: object) -> Module:
        m, count = Module(), Signal(range(SETTLE + 1), name="count")
        fetched = self.stands if self.config.narrow_tables else Signal()
        m.d.sync += self.swept.eq(0)
        if not self.config.dynamic_depth:
            m.d.comb += self.over.eq(self.finish & self.done)
        with m.FSM():
            self._begin(m, count, fetched)
            self._passes(m)
            self._end(m, count, fetched)
        return m

    def _begin(self, m: Module, count: Signal, fetched: Signal) -> None:
        """A job comes; its population's word stands in the cycle of OPEN."""
        p = self.population
        with m.State("IDLE"):
            m.d.comb += [self.job.ready.eq(fetched), self.vacant.eq(~self.job.valid)]
            if self.config.narrow_tables:
                m.d.comb += self.asks.eq(self.job.valid)
            else:
                m.d.sync += fetched.eq(self.job.valid & (count == 1))
                m.d.comb += self.asks.eq(self.job.valid & (count == 1))
            with m.If(self.job.valid):
                m.d.sync += [count.eq(count + 1), self.active.eq(self.job.payload)]
            with m.If(fetched):
                m.next = "OPEN"
        with m.State("OPEN"):
            m.d.sync += [self.linear.eq(p.acc_base), self.group.eq(0), count.eq(0)]
            m.d.comb += self.opening.eq(1)
            m.next = "IDLE"
            with m.If(p.valid):
                m.next = "PARAMETERS"
            if self.config.dynamic_depth:
                with m.If(self.waits):
                    m.next = "OPEN"

    def _passes(self, m: Module) -> None:
        """A group's parameters, its walk, and what is cleared and set behind it."""
        p, initial, ends = self.population, self.active.initial, self.left == 1
        with m.State("PARAMETERS"):
            m.d.comb += self.fetches.eq(1)
            with m.If(self.ready):
                m.d.sync += self.left.eq(p.input_words)
                m.next = "WALK"
                with m.If(initial):
                    m.next = "CLEAR"
        with m.State("WALK"):
            m.d.comb += self.element.eq(self.go)
            with m.If(self.element & self.single):
                m.d.sync += self.linear.eq(self.linear + 1)
                if self.config.dynamic_depth:
                    m.d.sync += self.left.eq(self.left - 1)
            with m.If(self.element & self.final):
                self._walked(m)
        with m.State("CLEAR"):
            m.d.comb += self.clearing.eq(1)
            m.d.sync += [self.linear.eq(self.linear + 1), self.left.eq(self.left - 1)]
            with m.If(ends):
                m.next = "SETTLE"
                self._cleared(m)
        self._behind(m, ends)

    def _walked(self, m: Module) -> None:
        """The last word of a group has been asked for."""
        m.next = "CLEAR"
        with m.If(self.single):
            m.next = "SETTLE"

    def _cleared(self, m: Module) -> None:
        """So has the last one of a pass that clears."""
        p = self.population
        m.d.sync += self.left.eq(parts_of(self.config, p.words))
        with m.If(self.active.initial & ~p.stateless):
            m.next = "ZERO"

    def _behind(self, m: Module, ends: Value) -> None:
        """What else a group may need: membranes are set."""
        with m.State("ZERO"):
            m.d.comb += self.zeroes.eq(1)
            m.d.sync += self.left.eq(self.left - 1)
            with m.If(ends):
                m.next = "SETTLE"

    def _end(self, m: Module, count: Signal, fetched: Signal) -> None:
        """A group has left, and its clearing writes are through; behind the last one the egress ends."""
        dynamic, initial = bool(self.config.dynamic_depth), self.active.initial
        with m.State("SETTLE"):
            m.d.sync += count.eq(count + 1)
            if dynamic:
                closes = self.early & (count >= CLEARED) & ~self.late
                m.d.comb += [self.cleared.eq(closes), self.finish.eq(closes)]
            with m.If(self._settled(count)):
                m.d.sync += [count.eq(0), self.group.eq(self.group + 1)]
                m.next = "PARAMETERS"
                with m.If(self.group == self.population.group_last):
                    m.next = "FINISH"
                    if dynamic:
                        m.d.comb += self.last.eq(1)
                        with m.If(self.sent | self.done):
                            m.d.sync += self.swept.eq(1)
                            self._turn_over(m, count, fetched)
            with m.Elif(count == SETTLE):
                m.d.sync += count.eq(SETTLE)
        with m.State("FINISH"):
            m.d.comb += self.finish.eq(~initial)
            if dynamic:  # behind the outer engine's words may be some of this sweep
                m.d.comb += [self.cleared.eq(1), self.finish.eq(~initial & ~self.behind)]
            with m.If(self.done | initial):
                m.d.sync += self.swept.eq(~initial)
                m.next = "IDLE"
                if dynamic:
                    self._turn_over(m, count, fetched)

    def _settled(self, count: Any) -> Value:
        settled = (count >= SETTLE) & self.through
        return settled & ~self.late if self.config.dynamic_depth else settled

    def _turn_over(self, m: Module, count: Signal, fetched: Signal) -> None:
        """The job ends, and the next one is taken at once: the memory asks for its word in this cycle."""
        stands = self.job.valid
        m.d.comb += [self.over.eq(1), self.asks.eq(stands)]
        m.d.sync += count.eq(0)
        if not self.config.narrow_tables:
            m.d.sync += fetched.eq(stands)
        with m.If(stands):  # a cycle before it opens: its step's numbers are looked up by it
            m.d.sync += self.active.eq(self.job.payload)
        m.next = "IDLE"
