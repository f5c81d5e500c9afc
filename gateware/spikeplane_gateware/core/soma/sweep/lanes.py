"""What a sweep computes of its words: from accumulators and membranes to what the neurons send.

```
    fetches --> [Parameters] --clear_word--> accumulators
                     | theta, amount, leak
    words of membranes --> [Maximum] --u, current--> [NeuronArray] --> fired, v, level
    data of accumulators --^                              +--> after --> [Membranes]
```
Throughput: a word a cycle. Latency: 4 cycles from the element, whose data come then, and those of NeuronArray but two.
"""

from typing import Any

from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from spikeplane.config import ChipConfig
from spikeplane.formats.packet import CHUNK_BITS
from spikeplane.formats.tables import LEVEL_BITS, core_tables, parameter_parts
from spikeplane_gateware.core.interfaces import WriteBus
from spikeplane_gateware.core.reads import ReadBus
from spikeplane_gateware.core.soma.neuron import NeuronArray
from spikeplane_gateware.core.soma.schedule import JOB
from spikeplane_gateware.core.soma.sweep.elements import ELEMENT, stages_shown
from spikeplane_gateware.core.soma.sweep.half_parameters import HalfParameters
from spikeplane_gateware.core.soma.sweep.maximum import Maximum
from spikeplane_gateware.core.soma.sweep.membranes import Membranes
from spikeplane_gateware.core.soma.sweep.parameters import Parameters
from spikeplane_gateware.structs import struct


def lane_ports(config: ChipConfig) -> dict[str, Any]:
    """The ports of `Lanes` that those of a few at a time have as well."""
    lanes, membrane = config.swept_lanes, config.membrane_bits
    return {
        "write": In(WriteBus(config)),
        "read": In(ReadBus(config)),
        "read_data": Out(CHUNK_BITS),
        "population": In(struct(core_tables(config).population)),
        "active": In(JOB),
        **dict.fromkeys(("advance", "opening", "fetches", "zeroes", "ends", "fresh"), In(1)),
        **dict.fromkeys(("begins", "ready", "out_valid"), Out(1)),
        "element": In(ELEMENT),
        "stages": In(ELEMENT).array(stages_shown(config)),
        "data": In(config.acc_bits).array(config.lanes),
        "clear_word": Out(config.acc_bits).array(config.lanes),
        "fired": Out(lanes),
        "v": Out(membrane).array(lanes),
        **({"level": Out(LEVEL_BITS).array(lanes)} if config.levels else {}),
        **({"turn": In(1), "entry": In(membrane)} if config.tables else {}),
    }


def each(targets: Any, sources: Any) -> list[Any]:
    """The statements that connect arrays of ports."""
    return [target.eq(source) for target, source in zip(targets, sources, strict=True)]


def connect_lanes(m: Module, lanes: Any, parameters: Any, maximum: Any, neurons: Any) -> None:
    """What is alike in `Lanes` and those of a few at a time, or of fused words, between the components of each."""
    c, p = lanes.config, lanes.population
    connect(m, parameters.write, flipped(lanes.write))
    connect(m, parameters.read, flipped(lanes.read))
    names = ("population", "active", "advance", "opening", "fetches")
    m.d.comb += [getattr(parameters, name).eq(getattr(lanes, name)) for name in names]
    m.d.comb += [
        lanes.read_data.eq(parameters.read_data),
        lanes.begins.eq(parameters.begins),
        lanes.ready.eq(parameters.ready),
        *each(maximum.data, lanes.data),
        *each(neurons.current, maximum.current),
        *each(neurons.minus_theta, parameters.theta),
        *each(neurons.minus_amount, parameters.amount),
        neurons.zero.eq(lanes.ends),
        *[neurons.settings[name].eq(p[name]) for name in neurons.settings.shape().members],
        lanes.out_valid.eq(neurons.out_valid),
        lanes.fired.eq(neurons.fired),
        *each(lanes.v, neurons.v),
    ]
    if c.leak_multiplier:
        m.d.comb += each(neurons.leak, parameters.leak)
    if c.levels:
        m.d.comb += each(lanes.level, neurons.level)
    if c.tables:
        m.d.comb += [neurons.turn.eq(lanes.turn), neurons.entry.eq(lanes.entry)]


def connect_membranes(m: Module, lanes: Any, membranes: Any, maximum: Any, neurons: Any) -> None:
    """The membranes' memory beside the others."""
    names = ("population", "opening", "zeroes")
    m.d.comb += [getattr(membranes, name).eq(getattr(lanes, name)) for name in names]
    m.d.comb += [
        membranes.out_valid.eq(neurons.out_valid),
        *each(membranes.after, neurons.after),
        *each(maximum.words, membranes.words),
        *each(neurons.u, maximum.u),
    ]


class Lanes(wiring.Component):
    """All lanes at once.

    Parameters: config: the chip.

    Attributes: write, read, read_data: the memory PARAMETER, on the buses of the loader and of the read-back; active,
    population: job and POPULATION word under way; advance: the job ends, or is to initialise; opening, fetches, begins, ready:
    see Parameters; zeroes: see Membranes; ends: membranes are 0 behind this step; element: what is asked for; stages, fresh: see
    Elements; data: the last stage's word of accumulators; clear_word: what those are cleared to; out_valid, fired, v, level,
    turn, entry: see NeuronArray.
    """

    def __init__(self, config: ChipConfig) -> None:
        self.config = config
        super().__init__(lane_ports(config))

    def elaborate(self, platform: object) -> Module:
        m, c, stages = Module(), self.config, self.stages
        m.submodules.parameters = parameters = (HalfParameters if parameter_parts(c) > 1 else Parameters)(c)
        m.submodules.membranes = membranes = Membranes(c)
        m.submodules.maximum = maximum = Maximum(c)
        m.submodules.neurons = neurons = NeuronArray(c)
        connect_membranes(m, self, membranes, maximum, neurons)
        connect_lanes(m, self, parameters, maximum, neurons)
        m.d.comb += [
            membranes.element.eq(self.element.valid),
            membranes.launched.eq(self.element.valid & self.element.last),
            maximum.loads.eq(stages[0].valid & stages[0].last),
            maximum.takes.eq(stages[-1].valid & stages[-1].inside),
            maximum.fresh.eq(self.fresh),
            neurons.valid.eq(stages[1].valid & stages[1].last),
            *each(self.clear_word, parameters.clear_word),
        ]
        if c.step_bits:
            m.d.comb += each(neurons.bias, parameters.bias)
        return m
