"""The sweep: walks a population's neurons once a step, from accumulators and membranes to spikes.

```
    job --> [Control] <--> [Pace], [JobFlags], [PopulationWord]
               | element
            [Requests] --> port --> accumulators --> data --+
               +--> [Elements] --> stages ------------> [Lanes] --> [Masks] --> [Items] --> item
```
Throughput: a word a cycle while items flow (without a window), with `sweep_lanes` one in `sweep_turns` cycles; about 25 cycles a
group besides, for its parameters and its end. Latency: that of Lanes, Masks and Items, 11 cycles from an element to its item.
"""

from functools import reduce
from operator import or_
from typing import Any

from amaranth.hdl import Module
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from spikeplane.config import ChipConfig
from spikeplane.formats.packet import CHUNK_BITS
from spikeplane.formats.shared_tables import shares_tables
from spikeplane.formats.tables import core_tables
from spikeplane_gateware.core.interfaces import SweepPort, WriteBus, connect_slots, part_port
from spikeplane_gateware.core.reads import ReadBus
from spikeplane_gateware.core.soma.egress import item_layout
from spikeplane_gateware.core.soma.schedule import JOB
from spikeplane_gateware.core.soma.sweep.control import Control
from spikeplane_gateware.core.soma.sweep.elements import Elements
from spikeplane_gateware.core.soma.sweep.fused_control import FusedControl
from spikeplane_gateware.core.soma.sweep.fused_items import FusedItems
from spikeplane_gateware.core.soma.sweep.fused_lanes import FusedLanes
from spikeplane_gateware.core.soma.sweep.fused_requests import FusedRequests
from spikeplane_gateware.core.soma.sweep.items import Items
from spikeplane_gateware.core.soma.sweep.job_flags import JobFlags
from spikeplane_gateware.core.soma.sweep.lanes import Lanes, each
from spikeplane_gateware.core.soma.sweep.masks import Masks
from spikeplane_gateware.core.soma.sweep.narrow_lanes import NarrowLanes
from spikeplane_gateware.core.soma.sweep.narrow_masks import NarrowMasks
from spikeplane_gateware.core.soma.sweep.narrow_population import NarrowPopulation
from spikeplane_gateware.core.soma.sweep.pace import Pace
from spikeplane_gateware.core.soma.sweep.population_word import PopulationWord
from spikeplane_gateware.core.soma.sweep.requests import Requests
from spikeplane_gateware.core.soma.sweep.row_sweep import RowSweep
from spikeplane_gateware.core.soma.sweep.shared_population import SharedPopulation
from spikeplane_gateware.core.soma.sweep.values import row_ports
from spikeplane_gateware.structs import struct


def taken(target: Any, **sources: Any) -> list[Any]:
    """The statements that connect ports of `target` by name."""
    return [getattr(target, name).eq(source) for name, source in sources.items()]


def shared(target: Any, source: Any, *names: str) -> list[Any]:
    """The statements that connect ports of the same names."""
    return [getattr(target, name).eq(getattr(source, name)) for name in names]


def _begins(config: ChipConfig, lanes: Any, control: Any) -> Any:
    """When a group's walk is set."""
    return lanes.begins | control.turns if config.fused else lanes.begins


def _returned(port: Any, lanes: Any, control: Any, requests: Any) -> list[Any]:
    """Where fused words go, and when the next group's parameters may come."""
    return [
        *taken(requests, returns=lanes.out_valid, opening=control.opening),
        control.free.eq(lanes.free),
        port.write_address.eq(requests.write_address),
    ]


def _populations(m: Module, sweep: Any) -> Any:
    """What has the word of the population under way."""
    c = sweep.config
    kind = SharedPopulation if shares_tables(c) else NarrowPopulation if c.narrow_tables else PopulationWord
    found = kind(c)
    connect_slots(m, c, sweep, found)
    return found


class Sweep(wiring.Component):
    """The sweep of a core: it does the jobs of the schedule, each on one population.

    Parameters: config: the chip.

    Attributes: write, read, read_data: the memories PARAMETER and POPULATION, on the buses of the
    loader and of the read-back; job: jobs of the schedule; port: to the accumulators; population,
    active: POPULATION word and job under way, levels for Egress; item: non-zero masks with their places
    (`item_layout`); finish: level, no more items come, until done (in): pulse, Egress has sent all;
    swept: pulse, a population has been swept, not only initialised; vacant: no job is under way or
    waits. On a chip with a dynamic memory, for the outer engine: begins: pulse, the sweep of a population that it
    takes the words of, which waits until it is not engaged (in); outer: these words, also those that are 0;
    drained: level, the last of them has gone; early: level, few words are left (see EARLY). Of one with gates also
    row_valid, row: a word of values that becomes a row.
    """

    def __init__(self, config: ChipConfig) -> None:
        self.config = config
        paired = ("begins", "drained", "opens", "early", "cleared")
        item = Out(stream.Signature(item_layout(config)))
        super().__init__(
            {
                "write": In(WriteBus(config)),
                "read": In(ReadBus(config)),
                "read_data": Out(CHUNK_BITS),
                "job": In(stream.Signature(JOB)),
                "port": Out(SweepPort(config)),
                "population": Out(struct(core_tables(config).population)),
                "active": Out(JOB),
                "item": item,
                "done": In(1),
                **dict.fromkeys(("finish", "swept", "vacant"), Out(1)),
                **(
                    {**dict.fromkeys(paired, Out(1)), "engaged": In(1), "outer": item}
                    if config.dynamic_depth
                    else {}
                ),
                **row_ports(config),
                **part_port(config, Out),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m, c = Module(), self.config
        m.submodules.populations = populations = _populations(m, self)
        m.submodules.control = control = (FusedControl if c.fused else Control)(c)
        m.submodules.flags = flags = JobFlags(c)
        m.submodules.pace = pace = Pace(c)
        m.submodules.requests = requests = (FusedRequests if c.fused else Requests)(c)
        m.submodules.elements = elements = Elements(c)
        m.submodules.lanes = lanes = (FusedLanes if c.fused else NarrowLanes if c.sweep_lanes else Lanes)(c)
        m.submodules.masks = masks = (NarrowMasks if c.sweep_lanes else Masks)(c)
        m.submodules.items = items = (FusedItems if c.fused else Items)(c)
        memories = [populations, lanes, *([masks] if c.tables else [])]
        for part in memories:
            connect(m, part.write, flipped(self.write))
            connect(m, part.read, flipped(self.read))
        connect(m, flipped(self.job), control.job)
        connect(m, items.item, flipped(self.item))
        under_way = [control, flags, requests, lanes, masks, items, *([pace] if c.dynamic_depth else [])]
        m.d.comb += [
            self.read_data.eq(reduce(or_, [part.read_data for part in memories])),
            *[part.population.eq(populations.population) for part in (self, *under_way)],
            *[part.active.eq(control.active) for part in (self, flags, requests, lanes)],
            *[part.advance.eq(control.active.initial | control.over) for part in (flags, lanes)],
            *taken(populations, slot=self.job.payload.slot, asks=control.asks),
            *(shared(control, populations, "stands") if c.narrow_tables else []),
            *taken(control, done=self.done, ready=lanes.ready, go=pace.go, final=requests.final),
            *taken(control, single=flags.single, through=items.through),
            *taken(pace, room=items.room, element=control.element),
            *shared(self, control, "finish", "swept", "vacant"),
            *shared(requests, control, "clearing"),
            *taken(requests, start=control.linear, step=control.element, begin=_begins(c, lanes, control)),
            *shared(requests, flags, "clears", "single"),
            *shared(self.port, requests, "valid", "bank", "address", "clear"),
            elements.i.eq(requests.element),
            *self._words(lanes, control, flags, requests, elements),
            *self._sent(masks, lanes, items, control, requests),
        ]
        if c.dynamic_depth:
            m.d.comb += self._rows(m, control, pace, items, flags)
        return m

    def _rows(self, m: Module, control: Any, pace: Any, items: Any, flags: Any) -> list[Any]:
        """What goes beside ops that read rows, or becomes rows."""
        m.submodules.rows = rows = RowSweep(self.config)
        connect(m, items.outer, flipped(self.outer))
        return [
            *taken(pace, soon=self.port.soon, left=control.left),
            *taken(rows, engaged=self.engaged, done=self.done, initial=control.active.initial),
            *shared(rows, control, "population", "opening", "left", "group", "last", "over"),
            rows.element.eq(control.element & flags.single),
            *taken(control, late=self.port.late, behind=items.behind),
            *shared(control, rows, "waits", "early", "sent"),
            items.pairing.eq(rows.pairing),
            self.cleared.eq(control.cleared),
            *shared(self, rows, "begins", "opens", "early"),
            self.drained.eq(items.drained),
        ]

    def _words(self, lanes: Any, control: Any, flags: Any, requests: Any, elements: Any) -> list[Any]:
        """What the lanes take."""
        return [
            *shared(lanes, control, "opening", "fetches", "zeroes"),
            *taken(lanes, ends=flags.ends, element=requests.element, fresh=elements.fresh),
            *each(lanes.stages, elements.stages),
            *each(lanes.data, self.port.data),
            *each(self.port.clear_word, lanes.clear_word),
            *([lanes.again.eq(control.group != 0)] if self.config.sweep_lanes else []),
            *(_returned(self.port, lanes, control, requests) if self.config.fused else []),
        ]

    def _sent(self, masks: Any, lanes: Any, items: Any, control: Any, requests: Any) -> list[Any]:
        """From the lanes to the items."""
        c, element = self.config, requests.element
        begins = control.opening if c.fused else lanes.begins  # counts by itself from group to group
        flags = ("load", "mask", "shift", "negate", "moves", "complete", "rests", "alone")
        flags += ("spiked",) if c.dynamic_depth else ()
        return [
            *shared(masks, lanes, "out_valid", "fired"),
            *each(masks.v, lanes.v),
            *(each(masks.level, lanes.level) if c.levels else []),
            *(shared(lanes, masks, "turn", "entry") if c.tables else []),
            *([lanes.part.eq(masks.part)] if c.sweep_lanes else []),
            masks.taken.eq(items.taken),
            *shared(items, masks, *flags),
            *taken(items, group=control.group, element=control.element, begin=begins),
            items.launched.eq(element.valid & element.last),
            *shared(self, masks, *row_ports(c)),
        ]
