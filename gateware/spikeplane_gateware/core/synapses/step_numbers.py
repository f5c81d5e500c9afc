"""Which step of its sample a packet belongs to, where weights differ from step to step.

```
    job given  -> bank `parity` of the slot is used up
    first packet behind that -> its number: the other bank's and 1, or 0 behind `last`
```
A bank is used up before any packet of its next step comes, because credits go out behind the sweep. The other bank's step
has begun by then: whoever sends a packet of a step has sent a token of the one before, which says whether that was the last. A
delayed projection's tokens come a step early, and `last` there says that theirs is step 0.
Numbers are in LUT RAM, a word a slot for each parity: choosing among registers would take longer. Packets wait while populations
are initialised, so that one write port is enough.
Throughput: a packet a cycle. Latency: 0 cycles.
"""

from amaranth.hdl import Array, Cat, Module, Mux, Signal, Value, unsigned
from amaranth.lib import memory, wiring
from amaranth.lib.wiring import In, Out

from spikeplane.config import ChipConfig
from spikeplane.formats.packet import SLOT_BITS
from spikeplane_gateware.core.soma.schedule import JOB


class StepNumbers(wiring.Component):
    """The numbers of the steps under way, two a population.

    Parameters: config: the chip.

    Attributes: given, job: pulse, the sweep takes this job; moves: a spike or token for a population here goes by, of none that
    is being initialised; slot: of that population; parity, token, last: of the packet; delayed: its projection is; number: of its
    step.
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
        used = Array([Signal(name=f"used_{bank}") for bank in banks])
        given, job, ends = Signal(), Signal(JOB), Signal(name="ends")
        m.d.sync += [given.eq(self.given), job.eq(self.job)]
        # the run begins with bank 0 in step 0; bank 1 is next
        begins = given & job.initial
        with m.If(given):
            m.d.sync += used[job.slot * 2 + job.parity].eq(~job.initial | job.parity)
        words = []
        for parity in range(2):
            writes = Mux(begins, job.parity == parity, self.moves & (self.parity == parity))
            word = Mux(begins, 0, Cat(self.number, ends))
            words.append(self._bank(m, parity, writes, Mux(begins, job.slot, self.slot), word))
        own, other = (Mux(self.parity ^ flip, words[1], words[0]) for flip in (0, 1))
        number, ended = own[:-1], own[-1]
        first = Mux(self.delayed, self.token & self.last, other[-1])
        following = Mux(first, 0, other[:-1] + 1)
        bank = self.slot * 2 + self.parity
        m.d.comb += [
            self.number.eq(Mux(used[bank], following, number)),
            ends.eq(Mux(self.token & ~self.delayed, self.last, ended)),
        ]
        with m.If(self.moves):
            m.d.sync += used[bank].eq(0)
        return m

    def _bank(self, m: Module, parity: int, writes: Value, place: Value, word: Value) -> Value:
        """The numbers of the steps of `parity`, and above each whether its sample ends with it; of this packet's slot."""
        shape, depth = unsigned(self.config.step_bits + 1), 1 << SLOT_BITS
        bank = memory.Memory(shape=shape, depth=depth, init=[])
        m.submodules[f"bank_{parity}"] = bank
        write, read = bank.write_port(), bank.read_port(domain="comb")
        m.d.comb += [write.en.eq(writes), write.addr.eq(place), write.data.eq(word), read.addr.eq(self.slot)]
        return read.data
