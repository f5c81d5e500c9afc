"""What a sweep of a few lanes at a time computes of its words: a word in as many cycles as it has parts.

```
    element --> [Turns] --> the number of the part in each stage
    data of accumulators --> [NarrowMaximum] --u, current--> [NeuronArray] --> fired, v, level of a part
    [NarrowMembranes] ----------^                                ^    +--> after --> [NarrowMembranes]
    fetches --> [NarrowParameters] --theta, amount, leak---------+
```
Accumulators are cleared to 0, and the bias is added here, to the same bits.

Throughput: `sweep_turns` cycles for each element; a part of integer spikes or of a table's entries waits for the one before.
About 3 * `sweep_turns` + 20 cycles a group besides.
"""

from typing import Any

from amaranth.hdl import Const, Module, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In

from spikeplane.config import ChipConfig
from spikeplane_gateware.core.soma.neuron import NeuronArray
from spikeplane_gateware.core.soma.sweep.lanes import connect_lanes, connect_membranes, each, lane_ports
from spikeplane_gateware.core.soma.sweep.narrow_maximum import NarrowMaximum
from spikeplane_gateware.core.soma.sweep.narrow_membranes import NarrowMembranes
from spikeplane_gateware.core.soma.sweep.narrow_parameters import NarrowParameters
from spikeplane_gateware.core.soma.sweep.turns import BEST, BIAS, STAGES, Turns


class NarrowLanes(wiring.Component):
    """A few lanes at a time.

    Parameters: config: a chip with `sweep_lanes`.

    Attributes: as `Lanes`, with out_valid and what goes with it of a part; again: the group is not the population's first;
    part: pulse, what is to be sent of a part stands in the lanes.
    """

    def __init__(self, config: ChipConfig) -> None:
        self.config = config
        super().__init__({**lane_ports(config), "again": In(1), "part": In(1)})

    def elaborate(self, platform: object) -> Module:
        m, c, stages = Module(), self.config, self.stages
        m.submodules.parameters = parameters = NarrowParameters(c)
        m.submodules.membranes = membranes = NarrowMembranes(c)
        m.submodules.maximum = maximum = NarrowMaximum(c)
        m.submodules.neurons = neurons = NeuronArray(c)
        m.submodules.turns = turns = Turns(c)
        connect_membranes(m, self, membranes, maximum, neurons)
        connect_lanes(m, self, parameters, maximum, neurons)
        m.d.sync += turns.waits.eq(self._one_by_one())
        m.d.comb += [
            turns.begins.eq(stages[0].valid),
            turns.ends.eq(stages[0].last),
            turns.done.eq(self.part),
            parameters.again.eq(self.again),
            parameters.sweeps.eq(turns.runs[0]),
            parameters.turn.eq(turns.at[0]),
            parameters.loads.eq(turns.runs[1]),
            parameters.bias_at.eq(turns.at[BIAS]),
            parameters.theta_at.eq(turns.at[STAGES]),
            membranes.sweeps.eq(turns.runs[0]),
            membranes.launched.eq(turns.runs[0] & turns.last[0]),
            *[getattr(maximum, name).eq(stages[-1][name]) for name in ("valid", "inside")],
            maximum.fresh.eq(self.fresh),
            maximum.loads.eq(turns.runs[1] & turns.last[1]),
            *each(maximum.bias, parameters.bias),
            *[maximum.adds.eq(turns.runs[BIAS]), maximum.bias_at.eq(turns.at[BIAS])],
            *[maximum.compares.eq(turns.runs[BEST]), maximum.best_at.eq(turns.at[BEST])],
            neurons.valid.eq(turns.runs[2] & turns.last[2]),
        ]
        return m

    def _one_by_one(self) -> Value:
        """Whether a part waits for the one before: its spikes, or entries, take more than a cycle."""
        c, p = self.config, self.population
        found: Any = Const(0, 1)
        if c.levels:
            found = p.levels != 0
        return found | p.tabled if c.tables else found
