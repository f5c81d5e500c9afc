"""What a placed network does in a step, in cycles of its cores: words accumulated per spike, words
swept, packets sent, tokens, credits.

Nothing here knows how often anything fires; see `activity` for that and `timeline` for when it happens.
"""

from dataclasses import dataclass, field

from spikeplane.compiler.blocks import met_groups
from spikeplane.compiler.routes import Routes
from spikeplane.config import ChipConfig
from spikeplane.estimate.activity import Activity
from spikeplane.estimate.pairs import outer_cycles
from spikeplane.formats.narrow_tables import parameter_cycles, population_cycles
from spikeplane.formats.shared_tables import shares_tables
from spikeplane.formats.structure import PARAMETERS, WORD
from spikeplane.network import Network, Population, Projection
from spikeplane.program import Program
from spikeplane.program.laid_parts import GatePopulation
from spikeplane.program.placement import Part

Core = tuple[int, int]

#: Cycles of a sweep besides its words, read off the state machines of core/soma/sweep/control.py, core/soma: schedule.py, egress.py:
GROUP = 20  #: of a group: its three parameter words, the first neurons' way through, the last clearing write
OPEN = 9  #: of a job: picked, its population word fetched, its end told
JOB, SET = 10, 16  #: of a job that sets memories, and of its groups besides their words
NEXT = 3  #: of a group behind another, with fused words
LATE = 6  #: of a token where tables lie in two memories: its projection is read first, and entries one after the other
RETURN = 7  #: from a fused word's request to the one in which it is written
PLANE_WORD = 15  #: of a word whose membranes are sent, besides its bit planes: such words do not overlap
TABLE_WORD = 5  #: of one whose entries of a table are sent, besides its lanes
#: Of a sweep of a few lanes at a time, for each turn of a word but one: a group's parameters; a part of a table's word, or of
#: integer spikes, that waits for the one before. And of a word of values, once.
TURN, TABLE_TURN, LEVEL_TURN, NARROW_WORD = 4, 12, 8, 2


@dataclass
class Target:
    """A part that a source reaches: `words` accumulated there per spike (`by_packet`: per packet
    of its own groups), in the steps `taken` of a sample. `alone`: one spike a cycle on any chip."""

    part: int
    core: Core
    tag: int
    words: float
    by_packet: bool
    share: float
    delay: int
    taken: slice
    alone: bool


@dataclass
class PartWork:
    """One part of a population. `entries`: mesh destinations; `probes`: host destinations; `sweep`:
    cycles of a sweep whose packets do not wait; `port`: words that a sweep takes from the
    accumulators' memory."""

    part: Part
    core: Core
    share: float
    sweep: int
    port: int
    entries: int
    probes: int
    tokens: tuple[int, int]
    credits: tuple[int, int]
    targets: list[Target] = field(default_factory=list)
    returns: list[tuple[int, int]] = field(default_factory=list)  # (part, delay) that credits go to
    host_returns: int = 0

    def given(self, fused: bool) -> tuple[int, int]:  # noqa: FBT001 - as in Plan
        """Credits that are there for steps 0 and 1 before the first sweep."""
        early = self.credits[0] - self.credits[1]
        return (early, self.probes) if fused else (self.credits[0], early)


@dataclass
class Route:
    """One of the host's ways to send a population: one copy of its packets, to all `targets`.
    `taken`: in which steps of a sample."""

    taken: slice
    targets: list[Target]


@dataclass
class Input:
    """An input population."""

    name: str
    routes: list[Route]


@dataclass
class Plan:
    """The whole network."""

    parts: list[PartWork]
    inputs: list[Input]
    host_credits: int
    start: dict[Core, int]  # cycles that each core's memories are set in after START
    fused: bool = False  # one bank of accumulators: a sweep makes room for the next step
    late: int = 0  # cycles of a token or a credit in the lookup, besides those of a plain one


def plan(program: Program, activity: Activity) -> Plan:
    """The static side of `program`; `activity` gives the reach of its projections, those around pair populations too
    (`pairs.with_pairs`)."""
    network, config, placement = program.laid, program.config, program.placement
    image = program.image
    routes = Routes(network, placement, image.probes)
    index = {(part.core, part.slot): i for i, part in enumerate(placement.parts)}
    parts = []
    for part in placement.parts:
        entries = routes.egress(part)
        probes = sum("host" in entry for entry in entries)
        sweep, port = _sweep(network, config, part)
        sweep += outer_cycles(program, activity, part)
        work = PartWork(
            part,
            part.core,
            _share(network, config, part),
            sweep,
            port,
            len(entries) - probes,
            probes,
            routes.tokens_due(part),
            routes.credits_due(part),
            _targets(program, activity, part.population, index),
        )
        for projection in network.incoming(part.population):
            work.host_returns += network.population(projection.source).neuron is None
            work.returns += [
                (index[s.core, s.slot], projection.delay) for s in placement.of(projection.source)
            ]
        parts.append(work)
    inputs = _inputs(program, activity, index)
    start = {core: _start(network, config, placement.on(core)) for core in image.cores}
    late = LATE if shares_tables(config) else 0
    return Plan(parts, inputs, image.credits, start, config.fused, late)


def _inputs(program: Program, activity: Activity, index: dict[tuple[Core, int], int]) -> list[Input]:
    """The input populations, by the host's ways to send them."""
    network, inputs = program.laid, []
    for name, reached in program.image.inputs.items():
        targets, ways = _targets(program, activity, name, index), []
        for tag, (x0, y0, x1, y1) in reached:
            inside = [t for t in targets if t.tag == tag and x0 <= t.core[0] <= x1 and y0 <= t.core[1] <= y1]
            ways.append(Route(network.taken(network.projections[tag]), inside))
        inputs.append(Input(name, ways))
    return inputs


def _share(network: Network, config: ChipConfig, part: Part) -> float:
    """The part's channels of the population's."""
    channels = network.population(part.population).shape[0]
    first = part.first * config.lanes
    return (min(channels, first + part.groups * config.lanes) - first) / channels


def _targets(
    program: Program, activity: Activity, source: str, index: dict[tuple[Core, int], int]
) -> list[Target]:
    network, config, found = program.laid, program.config, []
    for number, projection in enumerate(network.projections):
        if projection.source != source:
            continue
        for part in program.placement.of(projection.target):
            words = activity.reach[number] * _spread(projection, network, config, part)
            share = _share(network, config, part)
            found.append(
                Target(
                    index[part.core, part.slot],
                    part.core,
                    number,
                    words,
                    projection.kind.by_packet,
                    share,
                    projection.delay,
                    network.taken(projection),
                    projection.dynamic is not None,
                )
            )
    return found


def _spread(projection: Projection, network: Network, config: ChipConfig, part: Part) -> float:
    """Words of the part that one visit of a pixel adds to, on average over the source's groups."""
    met = met_groups(projection, network, config, part.first, part.groups)
    if met is None:
        return projection.kind.spread(part.groups)
    return sum(high - low for low, high in met) / len(met)


def _start(network: Network, config: ChipConfig, parts: tuple[Part, ...]) -> int:
    """Cycles until both banks of every population are set: packets wait."""
    total = 2 * config.populations * _job(JOB, config)
    for part in parts:
        population = network.population(part.population)
        _, height, width = population.shape
        _, in_height, in_width = population.current_shape
        stateless = population.neuron is not None and population.neuron.stateless
        membranes = 0 if stateless or config.fused else height * width * config.sweep_turns
        total += 2 * part.groups * (_more(SET, config) + in_height * in_width + membranes)
    return total


def _sweep(network: Network, config: ChipConfig, part: Part) -> tuple[int, int]:
    """Cycles and accumulator words of one sweep."""
    population = network.population(part.population)
    _, height, width = population.shape
    _, in_height, in_width = population.current_shape
    elements, clears = height * width, 0
    if population.window is not None:
        elements, clears = height * width * population.window.size**2, in_height * in_width
    walk = elements * config.sweep_turns + height * width * word_cycles(population, config)
    if config.fused and not clears:
        return _fused(population, part, config, walk, elements)
    cycles = _job(OPEN, config) + part.groups * (_more(GROUP, config) + walk + clears)
    return cycles, part.groups * (elements + clears)


def _fused(population: Population, part: Part, config: ChipConfig, walk: int, words: int) -> tuple[int, int]:
    """The same where each word is written behind its walk, beside one that is read if there is one, and groups follow each other,
    but for those of values."""
    spikes = population.neuron is not None and population.neuron.kind.spikes
    cycles = parameter_cycles(config)
    between = (part.groups - 1) * (max(NEXT, cycles - words) if spikes else _more(GROUP, config))
    total = _job(OPEN, config) + _more(GROUP, config) + part.groups * walk + between
    return total, part.groups * (words + min(words, RETURN))


def _job(cycles: int, config: ChipConfig) -> int:
    """Of a job, with what its population's word takes longer in parts."""
    return cycles + population_cycles(config) - WORD


def _more(cycles: int, config: ChipConfig) -> int:
    """Of a group, with what a sweep of a few lanes at a time takes besides, or one whose parameters lie in halves."""
    return cycles + TURN * (config.sweep_turns - 1) + parameter_cycles(config) - PARAMETERS


def word_cycles(population: Population, config: ChipConfig) -> int:
    """Cycles of a word of neurons in a sweep, besides those of its elements."""
    if isinstance(population, GatePopulation) or population.neuron is None:  # a row a cycle
        return 0
    bits, turns = population.bits(config.membrane_bits), config.sweep_turns
    sent = bits * turns + PLANE_WORD + (NARROW_WORD if turns > 1 else 0)
    if population.sends_values:
        tabled = population.neuron.table is not None
        return sent + tabled * (config.lanes + TABLE_WORD + TABLE_TURN * (turns - 1))
    if population.neuron.kind.whole:  # each bit is found, then sent
        return sent + bits + 1 + (bits + LEVEL_TURN) * (turns - 1)
    return 0
