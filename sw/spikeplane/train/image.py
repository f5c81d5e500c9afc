"""What a chip that learns is loaded with: every memory of its cores, and the host's side of the protocol.

The channel groups of a population lie on one core, or are shared by several. Tags: the projections', then that of the
readout's values, then an identity for the errors and for each projection whose partial sums go back: it leads to the place
of a neuron itself.
"""

from dataclasses import dataclass, field

import numpy as np

from spikeplane.compiler.allocate import Allocator
from spikeplane.compiler.pack import fields_word
from spikeplane.compiler.synapses import build_synapses
from spikeplane.config import ChipConfig
from spikeplane.formats.layout import lanes_word
from spikeplane.formats.packet import SLOT_BITS
from spikeplane.formats.tables import AnyMemory, CoreTables, Memory, core_tables
from spikeplane.formats.training import VALUE_BITS
from spikeplane.formats.training_tables import TrainingMemory, backward_layout, has_momentum, train_layout
from spikeplane.network import DENSE, Network, Population, Projection
from spikeplane.train.kept import Kept, Place
from spikeplane.train.network import LearningNetwork, LearningPopulation, LearningProjection, Optimiser
from spikeplane.train.routes import BackRoutes, Core, Cores, LearningPart
from spikeplane.train.stream_places import StreamPlaces

Words = list[tuple[AnyMemory, int, int]]
_MOST = 0x7BFF  #: 65504: a lane without a neuron never fires


@dataclass
class TrainingImage:
    """By core of the chip its words, and of those in use how many of each memory; by tag its weights; by population its places;
    and the routes. A core without populations has words too: it forgets those of the network before."""

    routes: BackRoutes
    words: dict[Core, Words] = field(default_factory=dict[Core, Words])
    kept: dict[int, list[Kept]] = field(default_factory=dict[int, list[Kept]])
    places: dict[str, list[Place]] = field(default_factory=dict[str, list[Place]])
    used: dict[Core, dict[str, int]] = field(default_factory=dict[Core, dict[str, int]])


def build_training_image(
    network: LearningNetwork,
    config: ChipConfig,
    steps: int,
    cores: Cores | None = None,
    optimiser: Optimiser | None = None,
) -> TrainingImage:
    """Build everything. `cores`: by population its core, or cores (None: all on one); `optimiser`: None, plain. Raises
    SpikeplaneError where it does not fit."""
    routes = BackRoutes(network, cores, config.lanes)
    routes.check(config)
    image = TrainingImage(routes)
    for core in ((x, y) for y in range(config.rows) for x in range(config.cols)):
        builder = _CoreImage(network, config, routes, core, steps, optimiser or Optimiser())
        for part in routes.on(core):
            builder.add(part)
        image.words[core] = sorted(builder.cleared() + builder.words)
        for tag, kept in builder.kept.items():
            image.kept.setdefault(tag, []).append(kept)
        for place in builder.places:
            image.places.setdefault(place.part.name, []).append(place)
        if routes.on(core):
            image.used[core] = builder.space.used
    return image


class _CoreImage:
    """Fills one core, population by population."""

    def __init__(
        self,
        network: LearningNetwork,
        config: ChipConfig,
        routes: BackRoutes,
        core: Core,
        steps: int,
        optimiser: Optimiser,
    ) -> None:
        assert config.training is not None
        self.network, self.config, self.routes, self.core, self.steps = network, config, routes, core, steps
        self.optimiser = optimiser
        self.tables: CoreTables = core_tables(config)
        self.space = Allocator(config, core)
        self.space.available |= {"tape": config.training.tape_depth, "partial": config.training.partial_depth}
        self.space.used |= {"tape": 0, "partial": 0}
        self.streams = StreamPlaces(network, config, self.space, routes.on(core))
        self.words: Words = []
        self.kept: dict[int, Kept] = {}
        self.places: list[Place] = []

    def add(self, part: LearningPart) -> None:
        """Everything that one part needs."""
        p = self.network.population(part.name)
        routes, what, slot = self.routes, f"population '{p.name}'", self.routes.slot(part)
        words = part.groups * p.shape[1] * p.shape[2]
        readout = p.name == self.network.output
        squared = readout and self.optimiser.squared
        acc = self.space.take("acc", words * (1 + squared), what)  # the errors' sums lie behind
        self.words += [(TrainingMemory.DELTA, acc + offset, 0) for offset in range(words)]
        tape = 0 if readout else self.space.take("tape", words * self.steps, what)
        self.places.append(Place(part, acc, tape))
        word = fields_word(
            self.tables.population,
            what,
            **self.streams.population(p.name, words, what),
            valid=1,
            group_last=part.groups - 1,
            group_base=part.first,
            y_last=p.shape[1] - 1,
            x_last=p.shape[2] - 1,
            acc_base=acc,
            parameter_base=self._parameters(p, part, what),
            tape_base=tape,
            words=words,
            leak=_bits(1 / self.steps if squared else p.leak),
            readout=readout,
            squared=squared,
            delta_limit=self.network.delta_limit,
            **self._ways(p.name, what),
        )
        self._put(Memory.POPULATION, slot, word)
        for tag in self.network.tags_into(p.name):
            self._projection(tag, part, acc)
        for tag in routes.identities(p.name):
            self._identity(tag, p, part, acc + words * squared)
        self._counters(p, slot)

    def _ways(self, name: str, what: str) -> dict[str, int]:
        """What it does in the backward, and whom it sends to."""
        routes = self.routes
        targets, credits, readies = routes.targets(name), routes.credits(name), routes.readies(name)
        return {
            "sends": routes.sends(name),
            "sweeps": routes.sweeps(name),
            "serves": len(routes.serves(name)),
            "egress_first": self._entries([*targets, *credits, *readies], what),
            "egress_count": len(targets),
            "credit_count": len(credits),
            "ready_count": len(readies),
        }

    def cleared(self) -> Words:
        """Zeros for every slot, counter and tag that this network leaves alone."""
        taken = {(memory, address) for memory, address, _ in self.words}
        memories = (
            Memory.POPULATION, Memory.PROJECTION, Memory.SCHEDULE, TrainingMemory.BACKWARD, TrainingMemory.TRAIN
        )  # fmt: skip
        return [
            (memory, address, 0)
            for memory in memories
            for address in range(self.tables.depth(memory))
            if (memory, address) not in taken
        ]

    def _put(self, memory: AnyMemory, address: int, word: int) -> None:
        self.words.append((memory, address, word))

    def _entries(self, entries: list[dict[str, int]], what: str) -> int:
        first = self.space.take("egress", len(entries), what)
        for i, entry in enumerate(entries):
            self._put(Memory.EGRESS, first + i, fields_word(self.tables.egress, what, **entry))
        return first

    def _parameters(self, p: LearningPopulation, part: LearningPart, what: str) -> int:
        """Threshold and window's edges of each group."""
        if p.theta is None:
            return 0
        lanes, groups = self.config.lanes, part.groups
        first = self.space.take("parameter", 3 * groups, what)
        theta = np.broadcast_to(np.asarray(p.theta, dtype=np.float64), (p.shape[0],))
        for place, edge in enumerate((0.0, -0.5, 0.5)):
            values = [_bits(value + edge) for value in theta.tolist()]
            values = values[part.first * lanes : (part.first + groups) * lanes]
            values += [_MOST] * (groups * lanes - len(values))
            for group in range(groups):
                word = lanes_word(values[group * lanes : (group + 1) * lanes], VALUE_BITS)
                self._put(Memory.PARAMETER, first + 3 * group + place, word)
        return first

    def _projection(self, tag: int, part: LearningPart, acc: int) -> None:
        """Weights, tables, and what an update makes of them."""
        p = self.network.projections[tag]
        what, lanes = f"projection {p.name}", self.config.lanes
        places = 1 + np.arange(p.weight.size).reshape(p.weight.shape)
        pair, projection = _plain(self.network, p, places)
        source = self.network.population(p.source).shape[0]
        order = DENSE.ordered(places, source, lanes, part.first, part.groups)
        synapses = build_synapses(projection, pair, self.config, part.first, part.groups)
        order, fields, train = self.streams.projection(tag, order, synapses, part.groups, what)
        first = self.streams.first(tag, len(order), what)
        for entry in synapses.groups:
            entry["acc"] += acc
            entry["weight"] += first
        tables = {"row": synapses.rows, "column": synapses.columns, "group": synapses.groups}
        self._lookup(tag, what, tables, synapses.steps, slot=self.routes.slot(part), **fields)
        self.kept[tag] = kept = Kept(self.core, first, order, self.streams.stream(tag))
        for i, word in enumerate(kept.words(p.weight)):
            self._put(Memory.WEIGHT, first + i, word)
        if p.trained:
            self._update(tag, what, {"first": first, "count": len(order), **train})

    def _update(self, tag: int, what: str, fields: dict[str, int]) -> None:
        """What an update makes of its weights. Momenta begin at 0."""
        fields["limit"] = self.network.projections[tag].limit
        if has_momentum(self.config):
            fields["momentum"] = _bits(float(self.optimiser.mu))
            for address in range(fields["first"], fields["first"] + fields["count"]):
                self._put(TrainingMemory.MOMENTUM, address, 0)
        self._put(TrainingMemory.TRAIN, tag, fields_word(train_layout(self.config), what, **fields))

    def _identity(self, tag: int, p: LearningPopulation, part: LearningPart, acc: int) -> None:
        """A tag whose packets meet the word of their own place."""
        channels, height, width = p.shape
        groups = -(-channels // self.config.lanes)
        start = acc - part.first * height * width  # groups of other parts are never asked for
        steps = {"row": width, "column": 1, "group": height * width}
        counts = {"row": height, "column": width, "group": groups}
        tables = {
            name: [
                {"count": 1, "acc": i * steps[name] + (start if name == "group" else 0), "weight": 0}
                for i in range(n)
            ]
            for name, n in counts.items()
        }
        self._lookup(tag, f"population '{p.name}'", tables, {}, slot=self.routes.slot(part), aligned=1)

    def _lookup(
        self,
        tag: int,
        what: str,
        tables: dict[str, list[dict[str, int]]],
        steps: dict[str, int],
        **fields: int,
    ) -> None:
        widths, coordinate = dict(self.tables.projection.fields), dict(self.tables.coordinate.fields)
        for name, entries in tables.items():
            fields[f"{name}_base"] = first = self.space.take(name, len(entries), what)
            for i, entry in enumerate(entries):
                wrapped = {key: entry[key] % (1 << coordinate[key]) for key in ("acc", "weight")}
                word = fields_word(self.tables.coordinate, what, count=entry["count"], **wrapped)
                self._put(Memory[name.upper()], first + i, word)
        wrapped = {name: step % (1 << widths[name]) for name, step in steps.items()}
        self._put(
            Memory.PROJECTION, tag, fields_word(self.tables.projection, what, valid=1, **fields, **wrapped)
        )

    def _counters(self, p: LearningPopulation, slot: int) -> None:
        """Forward and backward, as they stand before the first step."""
        routes, what = self.routes, f"population '{p.name}'"
        for credit, expected in ((0, routes.tokens_due(p.name)), (1, routes.credits_due(p.name))):
            for parity in range(2):
                word = fields_word(self.tables.schedule, what, left=expected, expected=expected, ready=credit)
                self._put(Memory.SCHEDULE, slot * 4 + credit * 2 + parity, word)
        layout = backward_layout(self.config, SLOT_BITS)
        for back, expected in enumerate((routes.readies_due(p.name), routes.backs_due(p.name))):
            word = fields_word(layout, what, left=expected, expected=expected, slot=slot)
            self._put(TrainingMemory.BACKWARD, 2 * slot + back, word)
        for tag in routes.serves(p.name):
            source = self.network.projections[tag].source
            back, count = routes.back(tag), routes.count(source)
            if back:
                self.space.take("partial", int(np.prod(self.network.population(source).shape)), what)
            entries = {"first": self._entries(back, what), "count": len(back)}
            word = fields_word(layout, what, left=count, expected=count, slot=slot, **entries)
            self._put(TrainingMemory.BACKWARD, 2 * self.config.populations + tag, word)


def _bits(value: float) -> int:
    return int((np.asarray(value, dtype=np.float16) + np.float16(0)).view(np.uint16))


def _plain(network: LearningNetwork, p: LearningProjection, weight: np.ndarray) -> tuple[Network, Projection]:
    """The projection as the compiler of tables knows it."""
    projection = Projection(
        source=p.source, target=p.target, weight=weight, stride=p.stride, padding=p.padding, pool=p.pool
    )
    ends = tuple(Population(name=name, shape=network.population(name).shape) for name in (p.source, p.target))
    return Network(populations=ends, projections=(projection,), output=p.target), projection
