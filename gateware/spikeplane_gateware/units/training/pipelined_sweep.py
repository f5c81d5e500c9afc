"""The sweep of a core that learns where no gradients are streamed: as `sweep`, several words at a time.

```
  cycle  0       10       13..                22             23
  walk -> TAKE -> Row ---> DELTA (backward)    ADD leak * u, or leak * d, to the next step
            |       ^--- theta, edges; spikes of the step    masks -> tape, SPIKEs that wait -> Broadcast
            +-> of a readout: ADD, as it is; at last VALUEs, and ADD r / T behind its sums
```
Throughput: a word in 4 cycles, two lanes a cycle, several of them under way; all that a word does follows its TAKE by cycles known
before. A word begins only while what is sent of it has room to wait. VALUEs of a readout: one word at a time.
"""

from amaranth.hdl import Array, Cat, Module, Mux, Signal, Value

from spikeplane.config import ChipConfig
from spikeplane.formats.packet import Kind
from spikeplane.formats.training import VALUE_BITS, TrainingKind
from spikeplane_gateware.units.training.broadcast import Only
from spikeplane_gateware.units.training.masks import WAITING, Masks
from spikeplane_gateware.units.training.port import ORDER_LATENCY, Order
from spikeplane_gateware.units.training.row import ADDED, NUMBERED, PASSES, Rule
from spikeplane_gateware.units.training.stage import along
from spikeplane_gateware.units.training.sweep import TrainingSweep, sweep_job
from spikeplane_gateware.units.training.walk import Walk

SLOT = PASSES  #: cycles from a word to the next
_KNOWN = ORDER_LATENCY + NUMBERED  #: cycles from a word's TAKE to its numbers and masks
_DELTA = _KNOWN - ORDER_LATENCY  #: to the orders that follow
_ADD = ORDER_LATENCY + ADDED - ORDER_LATENCY
_AS_IT_IS = 2  #: to the ADD of a readout, whose word stands as it was taken for a slot
_CLEAR = 3  #: to the TAKE of what a readout makes its errors of
_COMPARED = _KNOWN - SLOT - 1  #: to the comparison of the first lanes
_SLOTS = -(-_KNOWN // SLOT)  #: words under way at most
_LOOKED = (_COMPARED - 3) // SLOT  #: where the word stands of which theta, edges and spikes are looked up
assert (
    len({0, _DELTA % SLOT, _ADD % SLOT}) == len({0, _ADD % SLOT, _CLEAR % SLOT}) == 3
)  # orders, each at its own beat
assert _AS_IT_IS % SLOT == _ADD % SLOT
assert (_COMPARED - 5) // SLOT == _LOOKED


class PipelinedSweep(TrainingSweep):
    """The same, several words at a time.

    Parameters: config: a chip without streamed gradients.

    Attributes: as `TrainingSweep`; row_done is not used.
    """

    def __init__(self, config: ChipConfig) -> None:
        super().__init__(config)
        self.out, self.masks = Walk(config), Masks(config)
        #: which cycle of a slot this is, one-hot: the engine's orders hang on it
        self.beats = Signal(SLOT, init=1)
        #: the job, from the cycle behind `start` on: a register that lies here, because all of a sweep hangs on it
        self.own = Signal(sweep_job(config), reset_less=True)
        self.valid = Signal(_SLOTS)
        self.offsets, self.groups = (
            [Signal.like(getattr(self.walk, name), name=f"{name}_{i}") for i in range(count)]
            for name, count in (("offset", _SLOTS), ("group", _LOOKED + 1))
        )

    def elaborate(self, platform: object) -> Module:
        m, p, job = Module(), self.population, self.own
        m.d.sync += job.eq(self.job)
        m.submodules.walk, m.submodules.out, m.submodules.masks = self.walk, self.out, self.masks
        readout, takes = Signal(), Signal()
        m.d.comb += [
            readout.eq(p.readout & ~job.backward),
            self.row_readout.eq(readout),
            self.row_rule.eq(Mux(job.backward, Rule.DELTA, Rule.FIRE)),
            self.tape_data.eq(Cat(self.row_fired, self.row_windows)),
            self.tape_at.eq(job.tape + Mux(job.backward, self.offsets[_LOOKED] - p.words, self.out.offset)),
            self.row_start.eq(self._at(ORDER_LATENCY) & ~job.initial & ~(readout & ~job.last)),
        ]
        for part in (self.walk, self.out):
            m.d.comb += [part.population.eq(p), part.begin.eq(self.start)]
        self._slots(m, takes)
        self._orders(m, readout, takes)
        self._parameters(m)
        self._sends(m, readout)
        self._control(m, readout, takes)
        return m

    def _at(self, cycle: int) -> Value:
        """A word was taken so many cycles ago."""
        return self.valid[(cycle - 1) // SLOT] & self.beats[cycle % SLOT]

    def _slots(self, m: Module, takes: Signal) -> None:
        """The words under way: the one whose TAKE was c cycles ago stands at (c - 1) // SLOT."""
        m.d.sync += self.beats.eq(self.beats.rotate_left(1))
        with m.If(self.beats[0]):
            m.d.sync += self.valid.eq(Cat(takes, self.valid))
            for name, words in (("offset", self.offsets), ("group", self.groups)):
                before = getattr(self.walk, name)
                for word in words:
                    m.d.sync += word.eq(before)
                    before = word

    def _orders(self, m: Module, readout: Signal, takes: Signal) -> None:
        """TAKE, DELTA and ADD, each at its own beat. What is given with the last two stands when they are done."""
        p, job, port, offset = self.population, self.own, self.port, Signal.like(self.walk.offset)
        behind, carries, holds, means = Signal(), Signal(), Signal(), Signal()
        m.d.comb += [
            carries.eq(Mux(job.backward, ~job.first & ~p.readout, ~job.last & ~readout) & ~job.initial),
            holds.eq(readout & ~job.last & ~job.initial),
            means.eq(readout & job.last & ~job.initial & p.squared),
            port.valid.eq(takes),
            port.order.eq(Order.TAKE),
            port.bank.eq(job.parity & ~job.backward),
            port.address.eq(p.acc_base + offset + Mux(behind, p.words, 0)),
            offset.eq(self.walk.offset),
            behind.eq(job.backward & p.readout),
            *[port.numbers[i].eq(number) for i, number in enumerate(self.row_numbers)],
        ]
        with m.If(self.beats[_DELTA % SLOT]):
            m.d.comb += [port.valid.eq(self._at(_DELTA) & job.backward), port.order.eq(Order.DELTA)]
            m.d.comb += [offset.eq(self.offsets[(_DELTA - 1) // SLOT]), behind.eq(0)]
        with m.If(self.beats[_ADD % SLOT]):
            m.d.comb += [
                port.valid.eq(Mux(holds, self._at(_AS_IT_IS), (carries | means) & self._at(_ADD))),
                port.order.eq(Order.ADD),
                port.bank.eq(~job.parity & ~job.backward & ~means),
                offset.eq(Mux(holds, self.offsets[0], self.offsets[(_ADD - 1) // SLOT])),
                behind.eq(means),
            ]
        with m.If(means & self.beats[_CLEAR % SLOT]):  # what a sample that was not learned has left there
            m.d.comb += [port.valid.eq(self._at(_CLEAR)), port.bank.eq(0), behind.eq(1)]
            m.d.comb += offset.eq(self.offsets[0])
        with m.If(self._at(ORDER_LATENCY)):
            m.d.sync += self.word.eq(Cat(*port.found))
        held = along(m, "held", holds, ORDER_LATENCY)[-1]  # the next sweep may be under way when an ADD ends
        for lane, addend in enumerate(self.row_addends):
            word = self.word.word_select(lane, len(addend))
            m.d.comb += [self.row_word[lane].eq(word), port.word[lane].eq(Mux(held, word, addend))]

    def _parameters(self, m: Module) -> None:
        """Theta and the edges of a word's group, and its spikes, for the slot in which they are compared."""
        group = self.groups[_LOOKED]
        # a product would take a multiplier, and 4 ns
        base = self.population.parameter_base + group + (group << 1)
        early = {name: Signal(len(self.parameter), name=f"{name}_early") for name in ("theta", "low")}
        first = _COMPARED - 4  # when the address of theta stands
        low, high = (self.beats[(first + number) % SLOT] for number in (1, 2))
        m.d.comb += self.parameter_at.eq(base + Cat(low, high))
        for number, word in enumerate(early.values(), 1):
            with m.If(self.beats[(first + number) % SLOT]):
                m.d.sync += word.eq(self.parameter)
        words = [*early.values(), self.parameter]
        spikes = Signal(self.config.lanes, reset_less=True)
        m.d.comb += self.row_spikes.eq(spikes)
        for name, word in zip(("theta", "low", "high"), words, strict=True):
            now = Signal.like(word, name=name, reset_less=True)
            with m.If(self.beats[(_COMPARED - 1) % SLOT]):
                m.d.sync += [now.eq(word), spikes.eq(self.tape_word)]
            for lane, number in enumerate(getattr(self, f"row_{name}")):
                m.d.comb += number.eq(now.word_select(lane, VALUE_BITS))

    def _sends(self, m: Module, readout: Value) -> None:
        """SPIKE of a word's mask, or VALUE of each of its lanes."""
        p, request, head, lane = (
            self.population,
            self.request,
            self.masks.o.payload,
            Signal(range(self.config.lanes)),
        )
        with m.If(readout & self.sends & self.sent):
            m.d.sync += lane.eq(lane + 1)
        m.d.comb += [
            self.masks.i.payload.mask.eq(self.row_fired),
            *[self.masks.i.payload[name].eq(getattr(self.out, name)) for name in ("group", "y", "x")],
            self.sends.eq(self.masks.o.valid),
            request.kind.eq(Mux(readout, TrainingKind.VALUE, Kind.SPIKE)),
            request.only.eq(Only.ALL),
            request.first.eq(p.egress_first),
            request.count.eq(p.egress_count),
            request.parity.eq(self.own.parity),
            request.group.eq(p.group_base + head.group),
            request.y.eq(head.y),
            request.x.eq(head.x),
            request.mask.eq(head.mask),
            request.lane.eq(lane),
            request.value.eq(Array(self.row_numbers)[lane]),
            self.masks.o.ready.eq(self.sent & Mux(readout, lane == self.config.lanes - 1, 1)),
        ]

    def _control(self, m: Module, readout: Signal, takes: Signal) -> None:
        """Words begin until the last one; then what they owe is waited for."""
        job, owed, begins, known = self.own, Signal(range(WAITING + 1)), Signal(), Signal()
        active, values, room = Signal(), Signal(), Signal()
        fires = ~job.backward & ~job.initial & ~readout
        m.d.comb += [
            values.eq(readout & job.last & ~job.initial),
            takes.eq(begins & self.beats[0] & room),
            self.walk.step.eq(takes),
            known.eq(self._at(_KNOWN)),
            self.out.step.eq(known),
            self.tape_write.eq(known & fires),
            self.masks.i.valid.eq(known & ((fires & self.row_fired.any()) | values)),
            self.done.eq(active & ~begins & (owed == 0)),
        ]
        # of the cycle before: room that there is stays until a word begins. In the first cycle of a sweep nothing is owed
        m.d.sync += room.eq(Mux(values, owed == 0, owed != WAITING))
        gone = known & ~self.masks.i.valid
        m.d.sync += owed.eq(owed + takes - gone - (self.masks.o.valid & self.masks.o.ready))
        with m.If(self.start):
            m.d.sync += [active.eq(1), begins.eq(1)]
        with m.Else():
            m.d.sync += [begins.eq(begins & ~(takes & self.walk.last)), active.eq(active & ~self.done)]
