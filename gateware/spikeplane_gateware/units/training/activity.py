"""What a core that learns does in each cycle, for its counters.

```
    op, stall, flows --> latest verb --+--> | --> a pulse of `TrainingCounter` each
    soma: sweeps, updates, sends ------+
```
A cycle belongs to the verb of the op that is there, else to what the soma does, else to the verb of the packets under way.
"""

from typing import Any

from amaranth.hdl import Module, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from spikeplane.formats.training import TrainingCounter, Verb

#: By counter of ops its verbs; the counter of their cycles follows in the same order.
_OPS = {
    TrainingCounter.ADDS: ((Verb.ADD,), TrainingCounter.ADD_CYCLES),
    TrainingCounter.OUTERS: ((Verb.OUTER,), TrainingCounter.OUTER_CYCLES),
    TrainingCounter.GATHERS: ((Verb.GATHER,), TrainingCounter.GATHER_CYCLES),
    TrainingCounter.NUMBERS: ((Verb.PARTIAL, Verb.ERROR), TrainingCounter.GATHER_CYCLES),
}
_SOMA = {
    "sweeps": TrainingCounter.SWEEP_CYCLES,
    "updates": TrainingCounter.UPDATE_CYCLES,
    "sends": TrainingCounter.SEND_CYCLES,
}


class Activity(wiring.Component):
    """Names each cycle.

    Attributes: valid, verb, stall: an op is there, what it does, and that it waits; flows: packets are under way between
    lookup and sums; sweeps, updates, sends: what the soma does, the first of them counts; pulses by the names of
    `TrainingCounter`, a cycle late.
    """

    def __init__(self) -> None:
        ins = ("valid", "stall", "flows", *_SOMA)
        super().__init__(
            {
                **{name: In(1) for name in ins},
                "verb": In(Verb),
                **{one.name.lower(): Out(1) for one in TrainingCounter},
            }
        )

    def elaborate(self, platform: object) -> Module:
        m, latest, now = Module(), Signal(Verb), Signal(Verb)
        m.d.comb += now.eq(latest)
        with m.If(self.valid):
            m.d.comb += now.eq(self.verb)
            m.d.sync += latest.eq(self.verb)
        pulses: dict[TrainingCounter, Value] = {
            TrainingCounter.CYCLES: Value.cast(1),
            TrainingCounter.STALLS: self.valid & self.stall,
        }
        free: Value = ~self.valid
        for name, counter in _SOMA.items():
            pulses[counter] = free & getattr(self, name)
            free = free & ~getattr(self, name)
        mine = self.valid | (free & self.flows)
        for counter, (verbs, cycles) in _OPS.items():
            of_verb = Value.cast(0)
            for verb in verbs:
                of_verb = of_verb | (now == verb)
            pulses[counter] = self.valid & ~self.stall & of_verb
            pulses[cycles] = pulses.get(cycles, Value.cast(0)) | (mine & of_verb)
        m.d.sync += [getattr(self, counter.name.lower()).eq(pulse) for counter, pulse in pulses.items()]
        return m


def count_activity(m: Module, synapses: Any, soma: Any, replies: Any) -> None:
    """What the two stages of a core do, named and given to its counters."""
    m.submodules.activity = activity = Activity()
    m.d.comb += [
        activity.valid.eq(synapses.present),
        activity.verb.eq(synapses.verb),
        activity.stall.eq(synapses.present & ~synapses.operation),
        activity.flows.eq(~synapses.quiet),
        *[getattr(activity, name).eq(getattr(soma, name)) for name in _SOMA],
        *[
            getattr(replies, one.name.lower()).eq(getattr(activity, one.name.lower()))
            for one in TrainingCounter
        ],
    ]
