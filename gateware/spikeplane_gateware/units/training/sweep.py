"""The sweep of a core that learns: walks a population once a step, forward and backward; where gradients may be streamed, else
`pipelined_sweep`.

```
    walk --> (PARAMETER words of a group) --> TAKE X --> Row --> spikes, windows --> tape; SPIKE
                                                 |               r ----------------> VALUE; r / T behind its sums
                                    tape of t-1 -+               d ----------------> DELTA
                                                 +--> ADD leak * u, or leak * d, or the readout's own sum, to the next step
```
Throughput: a word in some 50 cycles.
"""

from amaranth.hdl import Array, Cat, Module, Mux, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from spikeplane.config import ChipConfig, bits_for
from spikeplane.formats.packet import Kind
from spikeplane.formats.tables import core_tables
from spikeplane.formats.training import VALUE_BITS, TrainingKind
from spikeplane_gateware.structs import struct
from spikeplane_gateware.units.training.broadcast import Only, request_layout
from spikeplane_gateware.units.training.port import Order, OrderPort
from spikeplane_gateware.units.training.row import Rule
from spikeplane_gateware.units.training.walk import Walk


def sweep_job(config: ChipConfig) -> data.StructLayout:
    """`initial`: only set the words of bank `parity` to 0; `backward`: deltas of a step, `first`: of step 0; else
    `last`: of the sample's last step. `tape`: the word of the tape where the step begins. `copies`, where gradients may be
    streamed: only keep the deltas of a step."""
    assert config.training is not None
    flags = dict.fromkeys(("initial", "backward", "parity", "last", "first"), 1)
    if config.training.streamed:
        flags["copies"] = 1
    return data.StructLayout({**flags, "tape": bits_for(config.training.tape_depth)})


class TrainingSweep(wiring.Component):
    """The sweep of a core that learns.

    Parameters: config: the chip.

    Attributes: start: pulse; job (`sweep_job`), population: stable until the pulse done; port: orders to the engine;
    row_*: those of `Row`, which the update has too; parameter_at, parameter: address, and a cycle later the word, of the
    memory PARAMETER; tape_at, tape_word, tape_write, tape_data: the tape, likewise; sends, request, sent: to Broadcast.
    """

    def __init__(self, config: ChipConfig) -> None:
        assert config.training is not None
        self.config, lanes = config, config.lanes
        exact = config.training.exact_bits
        super().__init__(
            {
                "start": In(1),
                "job": In(sweep_job(config)),
                "population": In(struct(core_tables(config).population)),
                "done": Out(1),
                "port": Out(OrderPort(config)),
                "row_start": Out(1),
                "row_rule": Out(2),
                "row_word": Out(exact).array(lanes),
                "row_spikes": Out(lanes),
                "row_readout": Out(1),
                **{f"row_{name}": Out(VALUE_BITS).array(lanes) for name in ("theta", "low", "high")},
                "row_done": In(1),
                "row_numbers": In(VALUE_BITS).array(lanes),
                "row_fired": In(lanes),
                "row_windows": In(lanes),
                "row_addends": In(exact).array(lanes),
                "parameter_at": Out(bits_for(config.parameter_depth)),
                "parameter": In(lanes * VALUE_BITS),
                "tape_at": Out(bits_for(config.training.tape_depth)),
                "tape_word": In(2 * lanes),
                "tape_write": Out(1),
                "tape_data": Out(2 * lanes),
                "sends": Out(1),
                "request": Out(request_layout(config)),
                "sent": In(1),
            }
        )
        self.walk = Walk(config)
        self.word = Signal(lanes * exact, reset_less=True)
        self.parameters = [Signal(lanes * VALUE_BITS, name=name) for name in ("theta", "low", "high")]
        self.streams = config.training.streamed
        self.count = Signal(3)
        self.behind = Signal()  # the order is for what a readout makes its errors of
        self.lane = Signal(range(lanes))

    def elaborate(self, platform: object) -> Module:
        m, p, job, walk = Module(), self.population, self.job, self.walk
        m.submodules.walk = walk
        readout = Signal()
        m.d.comb += [
            walk.population.eq(p),
            walk.begin.eq(self.start),
            readout.eq(p.readout & ~job.backward),
            self.row_readout.eq(readout),
            self.row_rule.eq(Mux(job.backward, Rule.DELTA, Rule.FIRE)),
            self.tape_at.eq(job.tape + walk.offset - Mux(job.backward, p.words, 0)),
            self.tape_data.eq(Cat(self.row_fired, self.row_windows)),
            self.row_spikes.eq(self.tape_word),
        ]
        self._words(m)
        if self.streams:
            self._history(m)
        self._requests(m, readout)
        self._states(m, readout)
        return m

    def _words(self, m: Module) -> None:
        """The word under way, and the parameters of its group."""
        exact = len(self.word) // self.config.lanes
        for lane in range(self.config.lanes):
            m.d.comb += self.row_word[lane].eq(self.word.word_select(lane, exact))
            for name, word in zip(("theta", "low", "high"), self.parameters, strict=True):
                m.d.comb += getattr(self, f"row_{name}")[lane].eq(word.word_select(lane, VALUE_BITS))

    def _history(self, m: Module) -> None:
        """Where the deltas of the word are kept: those of all steps of a word lie one after the other."""
        port, steps = self.port, self.config.training.stream_steps  # pyright: ignore[reportOptionalMemberAccess]
        first = Signal.like(port.copy, name="history")
        with m.If(self.start):
            m.d.sync += first.eq(self.population.history)
        with m.Elif(self.walk.step):
            m.d.sync += first.eq(first + steps)
        m.d.comb += port.copy.eq(first + port.index)

    def _requests(self, m: Module, readout: Value) -> None:
        """SPIKE of the word's mask, or VALUE of each of its lanes."""
        p, walk, request = self.population, self.walk, self.request
        m.d.comb += [
            request.kind.eq(Mux(readout, TrainingKind.VALUE, Kind.SPIKE)),
            request.only.eq(Only.ALL),
            request.first.eq(p.egress_first),
            request.count.eq(p.egress_count),
            request.parity.eq(self.job.parity),
            request.group.eq(p.group_base + walk.group),
            request.y.eq(walk.y),
            request.x.eq(walk.x),
            request.mask.eq(self.row_fired),
            request.lane.eq(self.lane),
            request.value.eq(Array(self.row_numbers)[self.lane]),
        ]

    def _order(self, m: Module, order: Order, follows: str, bank: Value | int = 0) -> None:
        """The order of this state; the next one follows when it is done."""
        m.d.comb += [self.port.valid.eq(1), self.port.order.eq(order), self.port.bank.eq(bank)]
        with m.If(self.port.done):
            m.next = follows

    def _states(self, m: Module, readout: Value) -> None:
        p, job, walk, port = self.population, self.job, self.walk, self.port
        adds = Signal()
        m.d.comb += [
            port.address.eq(p.acc_base + walk.offset + Mux(self.behind, p.words, 0)),
            adds.eq(Mux(job.backward, ~job.first & ~p.readout, ~job.last)),
            *[port.numbers[i].eq(number) for i, number in enumerate(self.row_numbers)],
        ]
        for lane, addend in enumerate(self.row_addends):
            m.d.comb += port.word[lane].eq(Mux(readout & ~job.last, self.row_word[lane], addend))
        with m.FSM():
            with m.State("IDLE"), m.If(self.start):
                m.d.sync += self.count.eq(0)
                m.next = "OPEN"
            with m.State("OPEN"):
                m.next = "TAKE"
                with m.If(walk.opens & ~job.initial & ~job.backward):
                    m.next = "PARAMETERS"
                if self.streams:
                    with m.If(job.copies):
                        m.next = "COPY"
            with m.State("PARAMETERS"):
                self._load_parameters(m)
            with m.State("TAKE"):
                m.d.comb += self.behind.eq(job.backward & p.readout)
                self._order(m, Order.TAKE, "TAKEN", Mux(job.backward, 0, job.parity))
                with m.If(port.done):
                    m.d.sync += [self.word.eq(Cat(*port.found)), self.count.eq(0), self.lane.eq(0)]
            with m.State("TAKEN"):
                self._taken(m, readout)
            self._row_states(m, readout, adds)

    def _row_states(self, m: Module, readout: Value, adds: Value) -> None:
        """From the row's arithmetic to the next word."""
        job, walk = self.job, self.walk
        with m.State("ROW"), m.If(self.row_done):
            m.next = "SPIKES"
            with m.If(readout):
                m.next = "VALUES"
            with m.If(job.backward):
                m.next = "DELTA"
        with m.State("SPIKES"):
            m.d.comb += self.sends.eq(self.row_fired.any())
            with m.If(~self.row_fired.any() | self.sent):
                m.d.comb += self.tape_write.eq(1)
                m.next = "ADD"
        with m.State("VALUES"):
            m.d.comb += self.sends.eq(1)
            with m.If(self.sent):
                m.d.sync += self.lane.eq(self.lane + 1)
                with m.If(self.lane == self.config.lanes - 1):
                    m.next = "NEXT"
                    with m.If(self.population.squared):
                        m.next = "CLEAR"
        self._mean(m)
        self._deltas(m)
        with m.State("ADD"):
            with m.If(adds):
                self._order(m, Order.ADD, "NEXT", Mux(job.backward, 0, ~job.parity))
            with m.Else():
                m.next = "NEXT"
        with m.State("NEXT"):
            m.d.comb += [walk.step.eq(1), self.done.eq(walk.last)]
            m.next = "OPEN"
            with m.If(walk.last):
                m.next = "IDLE"

    def _deltas(self, m: Module) -> None:
        """The deltas of the step, and, where gradients are streamed, those of all steps."""
        with m.State("DELTA"):
            self._order(m, Order.DELTA, "ADD")
            if self.streams:
                with m.If(self.port.done & self.population.keeps):
                    m.next = "COPY"
        if self.streams:
            with m.State("COPY"):
                self._order(m, Order.COPY, "ADD")
                with m.If(self.port.done & self.job.copies):
                    m.next = "NEXT"

    def _mean(self, m: Module) -> None:
        """A readout's mean over the steps goes behind its sums, where targets are taken from it: what a sample that was
        not learned has left there goes first."""
        with m.State("CLEAR"):
            m.d.comb += self.behind.eq(1)
            self._order(m, Order.TAKE, "MEAN")
        with m.State("MEAN"):
            m.d.comb += self.behind.eq(1)
            self._order(m, Order.ADD, "NEXT")

    def _taken(self, m: Module, readout: Value) -> None:
        """What follows when the word is here. The tape's word has come meanwhile."""
        job = self.job
        with m.If(job.initial):
            m.next = "NEXT"
        with m.Elif(readout & ~job.last):
            m.next = "ADD"
        with m.Else():
            m.d.comb += self.row_start.eq(1)
            m.next = "ROW"

    def _load_parameters(self, m: Module) -> None:
        """Theta and the edges of the group, each a cycle after its address."""
        base, count = Signal.like(self.parameter_at), self.count
        m.d.comb += base.eq(self.population.parameter_base + self.walk.group + (self.walk.group << 1))
        m.d.comb += self.parameter_at.eq(base + count)
        m.d.sync += count.eq(count + 1)
        for number, word in enumerate(self.parameters):
            with m.If(count == number + 1):
                m.d.sync += word.eq(self.parameter)
        with m.If(count == len(self.parameters)):
            m.d.sync += count.eq(0)
            m.next = "TAKE"
