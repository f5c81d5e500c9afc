"""Streamed gradients: the spikes of a batch as columns, a bit a step, of which an update makes the gradients of dense layers.

```
  spike: column, slot --> step of that slot --> word of 32 steps --> | its bit --> word
  sum:   column --> word after word --> lowest bit --> which --> history + step --> deltas, added up by the engine
```
A gradient is the sum of the deltas of those steps in which its source fired. The deltas of a target word lie one after
the other, by step (docs/developer/training.md).
"""

from amaranth.hdl import Cat, Module, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from spikeplane.config import ChipConfig, bits_for
from spikeplane.formats.packet import CHUNK_BITS, SLOT_BITS
from spikeplane.formats.tables import core_tables
from spikeplane.formats.training_tables import CHUNK_STEPS, TrainingMemory, delta_depth
from spikeplane_gateware.core.reads import ReadBus, output_register
from spikeplane_gateware.ram import Ram
from spikeplane_gateware.units.training.progress import Progress
from spikeplane_gateware.units.training.stage import stage

SETTLES = 6  #: cycles from the last bit that is found: four lie between the last delta and what follows
_PLACE = bits_for(CHUNK_STEPS)


class Streams(wiring.Component):
    """The columns of a core.

    Throughput: a spike a cycle; a sum takes a cycle for each set bit and one for each 32 steps, 9 more. The spikes of one
    column are three cycles apart: each is of another step.

    Parameters
    ----------
    config : ChipConfig
        A chip with streamed gradients.

    Attributes
    ----------
    spike, spike_column, spike_slot : In(1), In, In(SLOT_BITS)
        Pulse: the neuron of a column has fired in the step that the target population in `spike_slot` is at.
    slot, step, index : In(SLOT_BITS), In(1), Out
        A population; pulse: it goes on to the next step; the number of its step.
    sums, column, history : In(1), In, In
        Level until `done`: add up the deltas from word `history` on of every step that is set in a column.
    clears : In(1)
        Level until `done`: all columns become 0, and all populations are at step 0.
    done : Out(1)
        Level: it is done, and the last deltas have been added; until neither is asked for.
    valid, address : Out(1), Out
        Add the word of deltas at this address. Never waits.
    read, read_data : In(ReadBus), Out(CHUNK_BITS)
        The memory COLUMNS, for the read-back of a resting core.
    """

    def __init__(self, config: ChipConfig) -> None:
        assert config.training is not None
        self.config, training = config, config.training
        self.columns, self.chunks = bits_for(training.stream_sources), training.stream_steps // CHUNK_STEPS
        deltas = bits_for(delta_depth(config))
        super().__init__(
            {
                "spike": In(1),
                "spike_column": In(self.columns),
                "spike_slot": In(SLOT_BITS),
                "slot": In(SLOT_BITS),
                "step": In(1),
                "index": Out(range(training.stream_steps)),
                "sums": In(1),
                "column": In(self.columns),
                "history": In(deltas),
                "clears": In(1),
                "done": Out(1),
                "valid": Out(1),
                "address": Out(deltas),
                "read": In(ReadBus(config)),
                "read_data": Out(CHUNK_BITS),
            }
        )
        self.ram = Ram(width=CHUNK_STEPS, depth=self.chunks << self.columns)
        self.progress = Progress(config)

    def elaborate(self, platform: object) -> Module:
        m, ram, progress = Module(), self.ram, self.progress
        m.submodules.columns, m.submodules.progress = ram, progress
        m.d.comb += [
            progress.slot.eq(self.slot),
            progress.step.eq(self.step),
            self.index.eq(progress.index),
        ]
        _spikes(self, m)
        self._walk(m)
        _shown(self, m)
        return m

    def _walk(self, m: Module) -> None:
        """The words of a column, one after the other, or zeros for all of them."""
        ram = self.ram
        word, place = Signal(CHUNK_STEPS), Signal(range(self.chunks))
        ahead, rest = Signal(range(self.chunks + 1)), Signal(range(SETTLES))
        cleared = Signal(len(ram.write_address))
        found = Signal()
        with m.FSM():
            with m.State("IDLE"):
                m.d.sync += [ahead.eq(0), rest.eq(0), cleared.eq(0)]
                with m.If(self.sums):
                    m.next = "READ"
                with m.If(self.clears):
                    m.d.comb += self.progress.forget.eq(1)
                    m.next = "CLEAR"
            with m.State("READ"):
                self._read(m, ahead)
                m.next = "LOAD"
            with m.State("LOAD"):
                self._load(m, word, place, ahead)
                m.next = "WALK"
            with m.State("WALK"):
                m.d.comb += found.eq(word.any())
                with m.If(found):
                    m.d.sync += word.eq(word & (word - 1))
                with m.Elif(place == self.chunks - 1):
                    m.next = "SETTLE"
                with m.Else():
                    self._load(m, word, place, ahead)
            with m.State("SETTLE"):
                m.d.sync += rest.eq(rest + 1)
                with m.If(rest == SETTLES - 1):
                    m.next = "DONE"
            with m.State("CLEAR"):
                _clear(m, ram, cleared)
            with m.State("DONE"):
                m.d.comb += self.done.eq(1)
                with m.If(~self.sums & ~self.clears):
                    m.next = "IDLE"
        _addresses(self, m, found, word, place)

    def _read(self, m: Module, ahead: Signal) -> None:
        m.d.comb += [self.ram.read_en.eq(1), self.ram.read_address.eq(Cat(self.column, ahead))]
        m.d.sync += ahead.eq(ahead + 1)

    def _load(self, m: Module, word: Signal, place: Signal, ahead: Signal) -> None:
        """Take the word that was read, and read the next."""
        m.d.sync += [word.eq(self.ram.read_data), place.eq(ahead - 1)]
        self._read(m, ahead)


def _number(bit: Value) -> Value:
    """Of the one bit that is set."""
    places = [Cat(*[bit[i] for i in range(CHUNK_STEPS) if i >> k & 1]).any() for k in range(_PLACE)]
    return Value.cast(Cat(*places))


def _spikes(streams: Streams, m: Module) -> None:
    """A bit into its word: read, or, write."""
    ram, progress = streams.ram, streams.progress
    of = stage(m, "of", streams.spike, column=streams.spike_column, slot=streams.spike_slot)
    m.d.comb += progress.other.eq(of.slot)
    index = progress.other_index
    at = stage(m, "at", of.valid, address=Cat(of.column, index[_PLACE:]), place=index[:_PLACE])
    bit = Signal(CHUNK_STEPS)
    m.d.comb += bit.eq(1 << at.place)
    found = stage(m, "found", at.valid, address=at.address, bit=bit)
    word = stage(m, "word", found.valid, address=found.address, data=ram.read_data | found.bit)
    m.d.comb += [
        ram.read_en.eq(at.valid),
        ram.read_address.eq(at.address),
        ram.write_en.eq(word.valid),
        ram.write_address.eq(word.address),
        ram.write_data.eq(word.data),
    ]


def _shown(streams: Streams, m: Module) -> None:
    """A word that is read back."""
    ram, read, tables = streams.ram, streams.read, core_tables(streams.config)
    with m.If(read.access):
        m.d.comb += [ram.read_en.eq(1), ram.read_address.eq(read.address)]
    word = Signal(CHUNK_STEPS, name="shown", reset_less=True)
    shown = output_register(m, read, TrainingMemory.COLUMNS, tables, word, ram.read_data, read.load)
    m.d.comb += streams.read_data.eq(shown)


def _addresses(streams: Streams, m: Module, found: Signal, word: Signal, place: Signal) -> None:
    """From the lowest set bit to the word of its step."""
    lowest = stage(m, "lowest", found, bit=word & ~(word - 1), place=place)
    step = stage(m, "step", lowest.valid, index=Cat(_number(lowest.bit), lowest.place))
    at = stage(m, "delta", step.valid, address=(streams.history + step.index)[: len(streams.address)])
    m.d.comb += [streams.valid.eq(at.valid), streams.address.eq(at.address)]


def _clear(m: Module, ram: Ram, at: Signal) -> None:
    """Zeros, a word a cycle."""
    m.d.comb += [ram.write_en.eq(1), ram.write_address.eq(at), ram.write_data.eq(0)]
    m.d.sync += at.eq(at + 1)
    with m.If(at == ram.depth - 1):
        m.next = "DONE"
