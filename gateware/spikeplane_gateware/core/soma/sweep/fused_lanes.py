"""What a sweep computes of its words on a chip with fused words: from a word to what the neurons send, and to the next step's word.

```
    fetches --> [Parameters] --> theta, amount, leak, bias
                                    v
    data of accumulators --> [Maximum] --current--> [FusedNeurons] --> fired, v, level
                                                          +--> clear_word --> accumulators
```
Throughput: a word a cycle. Latency: 4 cycles from the element, whose data come then, and those of FusedNeurons but one. There is no
memory of membranes.
"""

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import Out

from spikeplane.config import ChipConfig
from spikeplane_gateware.core.soma.fused_neuron import FusedNeurons
from spikeplane_gateware.core.soma.sweep.fused_parameters import FusedParameters
from spikeplane_gateware.core.soma.sweep.lanes import connect_lanes, each, lane_ports
from spikeplane_gateware.core.soma.sweep.maximum import Maximum


class FusedLanes(wiring.Component):
    """All lanes at once.

    Parameters: config: a chip with fused words.

    Attributes: as `Lanes`; free: see FusedParameters; clear_word: what the word is set to whose neurons returned WRITE_LATENCY cycles
    before, or in a pass that sets accumulators each: the bias.
    """

    def __init__(self, config: ChipConfig) -> None:
        self.config = config
        super().__init__({**lane_ports(config), "free": Out(1)})

    def elaborate(self, platform: object) -> Module:
        m, stages = Module(), self.stages
        m.submodules.parameters = parameters = FusedParameters(self.config)
        m.submodules.maximum = maximum = Maximum(self.config)
        m.submodules.neurons = neurons = FusedNeurons(self.config)
        connect_lanes(m, self, parameters, maximum, neurons)
        whole, leaks = Signal(name="whole"), Signal(name="leaks")
        m.d.sync += [
            whole.eq(stages[-1].valid & stages[-1].last),
            leaks.eq((self.population.window_last == 0) & ~self.active.initial),
        ]
        m.d.comb += [
            maximum.takes.eq(stages[-1].valid & stages[-1].inside),
            maximum.fresh.eq(self.fresh),
            self.free.eq(parameters.free),
            neurons.valid.eq(whole),
            neurons.leaks.eq(leaks),
            *each(neurons.bias, parameters.clear_word),
            *each(self.clear_word, neurons.word),
        ]
        return m
