"""The contents of every memory of every core, and the host's side of the plan.

Weights and coordinate tables of a core are stored once, whoever shares them: the sources of a sum, layers of one
geometry.
"""

from typing import Any

import numpy as np

from spikeplane.compiler.allocate import Allocator
from spikeplane.compiler.options import Options
from spikeplane.compiler.pack import fields_word
from spikeplane.compiler.pairs import dynamic_synapses, pair_synapses
from spikeplane.compiler.parameters import Parameters
from spikeplane.compiler.routes import Routes
from spikeplane.compiler.spare import lanes_met
from spikeplane.compiler.synapses import Synapses, build_synapses, stored, weight_words
from spikeplane.config import ChipConfig
from spikeplane.formats.layout import lanes_word
from spikeplane.formats.tables import AnyMemory, Memory, Reset, core_tables
from spikeplane.network import Network, Neuron, Population, Projection, is_stepped, weights
from spikeplane.program.image import Image, host_side
from spikeplane.program.laid_parts import IntoPair, Order
from spikeplane.program.placement import Part, Placement
from spikeplane.program.values import check_levels, check_planes, check_shift, check_steps, check_weights

_RESETS = {"none": Reset.NONE, "hard": Reset.HARD, "soft": Reset.SOFT}


def build_image(network: Network, placement: Placement, config: ChipConfig, probes: list[str]) -> Image:
    """Build everything. `probes` names the populations whose output goes to the host. Raises
    SpikeplaneError where it does not fit."""
    image = host_side(network, placement, probes)
    routes = Routes(network, placement, image.probes)
    routes.check(config)
    for core in [(x, y) for y in range(config.rows) for x in range(config.cols)]:
        builder = CoreImage(network, config, routes, core)
        for part in placement.on(core):
            builder.add(part)
        image.words[core] = sorted(builder.cleared() + builder.words)
        if core in image.cores:
            image.used[core] = {
                name: (used, builder.space.available[name]) for name, used in builder.space.used.items()
            }
    return image


class CoreImage:
    """Fills one core, part by part."""

    def __init__(self, network: Network, config: ChipConfig, routes: Routes, core: tuple[int, int]) -> None:
        self.network, self.config, self.routes, self.tables = network, config, routes, core_tables(config)
        self.space = Allocator(config, core)
        self.words: list[tuple[AnyMemory, int, int]] = []
        self.known: dict[tuple[Any, ...], int] = {}  #: by contents where words begin
        self.parameters = Parameters(config, self.space, self._put, self.known)
        self.options = Options(network, config, self.space, self._put)

    def add(self, part: Part) -> None:
        """Everything that one part needs."""
        population = self.network.population(part.population)
        _, in_height, in_width = population.current_shape
        _, height, width = population.shape
        neuron, what = population.neuron or Neuron(), f"population '{part.population}'"
        kept = 0 if neuron.stateless else height * width
        acc = self.space.take("acc", part.groups * in_height * in_width, what)
        word = fields_word(
            self.tables.population,
            what,
            valid=1,
            group_last=part.groups - 1,
            group_base=part.first,
            y_last=height - 1,
            x_last=width - 1,
            input_words=in_height * in_width,
            acc_base=acc,
            **self._membranes(population, part, kept, what),
            **self.parameters.words(population, part, what),
            **self._window(population),
            **self._destinations(part, what),
            **self._neuron(population, neuron, what),
            **self.options.words(population, neuron, part, what),
        )
        self._put(Memory.POPULATION, part.slot, word)
        for tag in self.network.tags_into(part.population):
            self._projection(tag, part, acc)
        self._schedule(part)

    def _membranes(self, population: Population, part: Part, kept: int, what: str) -> dict[str, int]:
        """Its membranes, `kept` of a group, and whether accumulators are held: a chip with fused words has neither."""
        if self.config.fused:
            return {}
        first = self.space.take("membrane", part.groups * kept, what)
        return {"words": kept, "membrane_base": first, "hold": population.hold}

    def _destinations(self, part: Part, what: str) -> dict[str, int]:
        """Where the part's packets go, and then its credits."""
        egress, credits = self.routes.egress(part), self.routes.credits(part)
        first = self._entries([*egress, *credits], what)
        return {"egress_first": first, "egress_count": len(egress), "credit_count": len(credits)}

    def _neuron(self, population: Population, neuron: Neuron, what: str) -> dict[str, int]:
        """How the membranes move, and what is sent of them."""
        check_planes(neuron, self.config, what)
        check_levels(population, self.config, what)
        return {
            "stateless": neuron.stateless,
            "plane_last": neuron.bits(self.config.membrane_bits) + neuron.low - 1,
            "relu": neuron.relu,
            **({"plane_low": neuron.low} if self.config.low_planes else {}),
            "reset": _RESETS[neuron.reset],
            "floor": neuron.floor,
            **neuron.kind.fields,
        }

    def _window(self, population: Population) -> dict[str, int]:
        """Size of the windows over the accumulators, and the steps of a pointer that walks them
        (modulo the address width)."""
        window, (_, height, width) = population.window, population.current_shape
        size, stride, padding = (window.size, window.stride, window.padding) if window else (1, 1, 0)
        if population.shape[1:] == (1, 1):
            stride = 1  # a single window moves nowhere, and its stride may be wider than the word
        back, wrap = (size - 1) * width + size - 1, 1 << dict(self.tables.population.fields)["corner"]
        return {
            "window_last": size - 1,
            "stride": stride,
            "padding": padding,
            "input_height": height,
            "input_width": width,
            "corner": padding * (width + 1) % wrap,
            "acc_down": (width - (size - 1)) % wrap,
            "acc_right": (stride - back) % wrap,
            "acc_across": (stride * width - stride * (population.shape[2] - 1) - back) % wrap,
        }

    def cleared(self) -> list[tuple[AnyMemory, int, int]]:
        """Zeros for every population slot, counter and tag that this program leaves alone: another
        may have been loaded before."""
        tables = (Memory.POPULATION, Memory.PROJECTION, Memory.SCHEDULE)
        taken = {(memory, address) for memory, address, _ in self.words if memory in tables}
        return [(m, a, 0) for m in tables for a in range(self.tables.depth(m)) if (m, a) not in taken]

    def _put(self, memory: AnyMemory, address: int, word: int) -> None:
        self.words.append((memory, address, word))

    def _entries(self, entries: list[dict[str, int]], what: str) -> int:
        first = self.space.take("egress", len(entries), what)
        for i, entry in enumerate(entries):
            self._put(Memory.EGRESS, first + i, fields_word(self.tables.egress, what, **entry))
        return first

    def _projection(self, tag: int, part: Part, acc_base: int) -> None:
        projection = self.network.projections[tag]
        source, what = (
            self.network.population(projection.source),
            f"projection '{projection.source}' to '{projection.target}'",
        )
        if isinstance(projection, Order):
            word = fields_word(self.tables.projection, what, valid=1, slot=part.slot)
            self._put(Memory.PROJECTION, tag, word)
            return
        check_weights(projection, source, self.config)
        check_shift(projection, source, self.config)
        if projection.dynamic is None:
            weight_base, synapses = self._weights(projection, part, what)
        else:
            weight_base, synapses = (
                self.options.rows[tag],
                dynamic_synapses(projection, self.network, self.config, part),
            )
        if is_stepped(projection):
            synapses.groups = self._by_step(synapses.groups, len(synapses.weights), projection, what)
        for entry in synapses.groups:
            entry["acc"] += acc_base
            entry["weight"] += weight_base
        tables = {"row": synapses.rows, "column": synapses.columns, "group": synapses.groups}
        bases = {f"{name}_base": self._table(name, entries, what) for name, entries in tables.items()}
        widths = dict(self.tables.projection.fields)
        steps = {name: step % (1 << widths[name]) for name, step in synapses.steps.items()}
        word = fields_word(
            self.tables.projection,
            what,
            valid=1,
            slot=part.slot,
            pre=projection.pre_shift,
            **projection.kind.fields,
            **self._options(projection),
            **bases,
            **steps,
        )
        self._put(Memory.PROJECTION, tag, word)

    def _weights(self, projection: Projection, part: Part, what: str) -> tuple[int, Synapses]:
        """Where its weights begin, and its tables. Equal weights of sources alike are stored once."""
        source = self.network.population(projection.source)
        if isinstance(projection, IntoPair):
            return self._ones(what), pair_synapses(projection, self.network, self.config, part)
        weight = np.asarray(stored(projection, source), dtype=np.int64)
        key = (
            projection.kind.tag,
            lanes_met(projection, self.network, self.config),
            part.first,
            part.groups,
            weight.shape,
            weight.tobytes(),
        )
        if key in self.known:
            base = self.known[key]
            return base, build_synapses(projection, self.network, self.config, part.first, part.groups)
        # before they are built: there may be far too many
        words = weight_words(projection, self.network, self.config, part.first, part.groups)
        words *= len(weights(projection))
        base = self.known[key] = self.space.take("weight", words, what)
        synapses = build_synapses(projection, self.network, self.config, part.first, part.groups)
        for i, word in enumerate(synapses.weights):
            self._put(Memory.WEIGHT, base + i, word)
        return base, synapses

    def _ones(self, what: str) -> int:
        """Where the weight word of pair populations is: 1 in every lane."""
        if ("ones",) not in self.known:
            self.known["ones",] = self.space.take("weight", 1, what)
            one = int(self.config.weight_bits > 1)  # a weight of 1 bit is its sign
            word = lanes_word([one] * self.config.lanes, self.config.weight_bits)
            self._put(Memory.WEIGHT, self.known["ones",], word)
        return self.known["ones",]

    def _options(self, projection: Projection) -> dict[str, int]:
        """Fields of chips with a dynamic memory, or numbers by step."""
        dynamic = {} if projection.dynamic is None else {"dynamic": 1}
        if not self.config.step_bits:
            return dynamic
        return {**dynamic, "stepped": is_stepped(projection), "delayed": projection.delay}

    def _by_step(
        self, groups: list[dict[str, int]], words: int, projection: Projection, what: str
    ) -> list[dict[str, int]]:
        """The entries of GROUP by group and step: a step's weights are behind those of the step before. words: of all."""
        steps, most = len(projection.weight), 1 << self.config.step_bits
        check_steps(steps, self.config, what)
        nothing = {"count": 0, "acc": 0, "weight": 0}
        return [
            {**entry, "weight": entry["weight"] + words // steps * step} if step < steps else dict(nothing)
            for entry in groups
            for step in range(most)
        ]

    def _table(self, name: str, entries: list[dict[str, int]], what: str) -> int:
        """Where a coordinate table begins. Equal ones are stored once."""
        widths, words = dict(self.tables.coordinate.fields), []
        for entry in entries:
            wrapped = {field: entry[field] % (1 << widths[field]) for field in ("acc", "weight")}
            words.append(fields_word(self.tables.coordinate, what, count=entry["count"], **wrapped))
        key = (name, *words)
        if key not in self.known:
            self.known[key] = first = self.space.take(name, len(words), what)
            for i, word in enumerate(words):
                self._put(Memory[name.upper()], first + i, word)
        return self.known[key]

    def _schedule(self, part: Part) -> None:
        """Counters as they stand before step 0 (docs/architecture.md, Steps)."""
        (tokens, early), (credits, late) = self.routes.tokens_due(part), self.routes.credits_due(part)
        what = f"population '{part.population}'"
        returned = (0, late)
        if (
            self.config.fused
        ):  # one bank: a step's credits come from the sweep before, those of probes from the host as ever
            returned = (late, credits - self.routes.probed(part))
        for credit, expected, left in ((0, tokens, (tokens - early, tokens)), (1, credits, returned)):
            for parity in range(2):
                waiting = left[parity]
                word = fields_word(
                    self.tables.schedule,
                    what,
                    left=waiting or expected,
                    expected=expected,
                    ready=waiting == 0,
                )
                self._put(Memory.SCHEDULE, part.slot * 4 + credit * 2 + parity, word)
