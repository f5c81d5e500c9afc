"""Who sends what to whom in forward and backward: populations on cores, tags, expected counts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from spikeplane.config import ChipConfig
from spikeplane.errors import SpikeplaneError
from spikeplane.program.placement import rectangles
from spikeplane.train.network import LearningNetwork

Core = tuple[int, int]  #: (x, y)
Rect = tuple[int, int, int, int]
Cores = Mapping[str, Core | Sequence[Core]]  #: by population its core, or those that share its channel groups
Entry = dict[str, int]


@dataclass(frozen=True)
class LearningPart:
    """`groups` channel groups of a population from `first` on, on a core."""

    name: str
    core: Core
    first: int
    groups: int


class BackRoutes:
    """A network on cores: `cores` by population (others: whole on core (0, 0)), of so many lanes."""

    def __init__(self, network: LearningNetwork, cores: Cores | None = None, lanes: int = 8) -> None:
        self.network = network
        hosted = {p.name for p in network.inputs} | {p.name for p in network.populations if p.constant}
        self.placed = [p.name for p in network.populations if p.name not in hosted]
        self.parts = {
            name: _parts(network, name, (cores or {}).get(name, (0, 0)), lanes) for name in self.placed
        }
        every = {part.core for parts in self.parts.values() for part in parts}
        self.cores = sorted(every, key=lambda core: (core[1], core[0]))
        self.value_tag = len(network.projections)
        self.error_tag = self.value_tag + 1
        gathered = [tag for tag in range(len(network.projections)) if self.gathers(tag)]
        self._identity = {tag: self.error_tag + 1 + number for number, tag in enumerate(gathered)}
        self.tags = self.error_tag + 1 + len(gathered)

    def check(self, config: ChipConfig) -> None:
        """Raises SpikeplaneError where tags, slots or cores do not suffice."""
        if self.tags > config.projections:
            raise SpikeplaneError(
                f"training takes {self.tags} tags, and the chip has {config.projections}; set projections = {self.tags} or more"
            )
        for core in self.cores:
            if not (core[0] < config.cols and core[1] < config.rows):
                raise SpikeplaneError(
                    f"training: there is no core {core} on a chip of {config.cols} x {config.rows}"
                )
            if len(self.on(core)) > config.populations:
                raise SpikeplaneError(
                    f"training: core {core} gets {len(self.on(core))} populations, and a core holds {config.populations}; "
                    f"set populations = {len(self.on(core))} or more"
                )

    def on(self, core: Core) -> list[LearningPart]:
        """The parts on a core, by slot."""
        return [part for name in self.placed for part in self.parts[name] if part.core == core]

    def slot(self, part: LearningPart) -> int:
        """Its slot on its core."""
        return self.on(part.core).index(part)

    def rects(self, name: str) -> list[Rect]:
        """Where its packets go."""
        return rectangles([part.core for part in self.parts[name]])

    def hosted(self, name: str) -> bool:
        """The host sends it."""
        return name not in self.parts

    def count(self, name: str) -> int:
        """Its parts; 1 of the host's."""
        return len(self.parts.get(name, [None]))

    # --- the backward

    def sweeps(self, name: str) -> bool:
        """It has deltas of its own, which are gathered from its targets."""
        return name in self.network.with_delta and name != self.network.output and not self.hosted(name)

    def gathers(self, tag: int) -> bool:
        """Partial sums go back over the projection."""
        return self.sweeps(self.network.projections[tag].source)

    def goes_back(self, tag: int) -> bool:
        """Planes go over it in the backward."""
        return self.network.projections[tag].trained or self.gathers(tag)

    def sends(self, name: str) -> bool:
        """It sends planes in the backward."""
        return any(self.goes_back(tag) for tag in self.network.tags_from(name))

    def serves(self, name: str) -> list[int]:
        """The projections that come in with planes in the backward."""
        return [tag for tag in self.network.tags_into(name) if self.goes_back(tag)]

    def identities(self, name: str) -> list[int]:
        """The tags of identities on it."""
        found = [self.error_tag] if name == self.network.output else []
        return found + [
            tag for of, tag in self._identity.items() if self.network.projections[of].source == name
        ]

    # --- entries of EGRESS

    def targets(self, name: str) -> list[Entry]:
        """Where its spikes go; a readout's values, to the host."""
        if name == self.network.output:
            return [{"host": 1, "tag": self.value_tag}]
        found = []
        for tag in self.network.tags_from(name):
            p = self.network.projections[tag]
            flags = {"tag": tag, "replay": int(p.trained), "window": int(self.gathers(tag))}
            found += [{**_place(rect), **flags} for rect in self.rects(p.target)]
        return found

    def credits(self, name: str) -> list[Entry]:
        """To whom a bank is free again."""
        return [entry for tag in self.network.tags_into(name) for entry in self._sources(tag)]

    def readies(self, name: str) -> list[Entry]:
        """To whom its deltas are in place."""
        return [entry for tag in self.serves(name) for entry in self._sources(tag)]

    def back(self, tag: int) -> list[Entry]:
        """Where partial sums and back tokens go: nowhere, or to the identity of each of the source's parts."""
        parts = self.parts[self.network.projections[tag].source] if self.gathers(tag) else []
        return [
            {
                **_place((*part.core, *part.core)),
                "tag": self._identity[tag],
                "group_first": part.first,
                "group_last": part.first + part.groups - 1,
            }
            for part in parts
        ]

    def _sources(self, tag: int) -> list[Entry]:
        source = self.network.projections[tag].source
        if self.hosted(source):
            return [{"host": 1}]
        return [{**_place((*part.core, *part.core)), "tag": self.slot(part)} for part in self.parts[source]]

    # --- counts

    def tokens_due(self, name: str) -> int:
        """Forward tokens of a step."""
        return sum(self.count(self.network.projections[tag].source) for tag in self.network.tags_into(name))

    def credits_due(self, name: str) -> int:
        """Credits of a step."""
        return self._reached(name, self.network.tags_from(name)) if name != self.network.output else 1

    def readies_due(self, name: str) -> int:
        """READYs of a step."""
        return self._reached(name, [tag for tag in self.network.tags_from(name) if self.goes_back(tag)])

    def backs_due(self, name: str) -> int:
        """Back tokens of a step; of a readout, that behind a sample's errors."""
        if name == self.network.output:
            return 1
        return self._reached(name, [tag for tag in self.network.tags_from(name) if self.gathers(tag)])

    def _reached(self, name: str, tags: Sequence[int]) -> int:
        """Parts of the targets of some of its projections."""
        assert all(self.network.projections[tag].source == name for tag in tags)
        return sum(self.count(self.network.projections[tag].target) for tag in tags)

    # --- the host's side

    def inputs(self, *, replay: bool = False) -> dict[str, list[tuple[int, Rect]]]:
        """By population of the host the (tag, rectangle) that its spikes go to; with `replay` those that are trained."""
        found: dict[str, list[tuple[int, Rect]]] = {}
        for tag, p in enumerate(self.network.projections):
            if self.hosted(p.source) and (p.trained or not replay):
                found.setdefault(p.source, []).extend((tag, rect) for rect in self.rects(p.target))
        return found

    def host_due(self, *, replay: bool = False) -> int:
        """Credits that the host gets in a step; with `replay` READYs."""
        tags = [
            t
            for t, p in enumerate(self.network.projections)
            if self.hosted(p.source) and (p.trained or not replay)
        ]
        return sum(self.count(self.network.projections[tag].target) for tag in tags)

    @property
    def ends(self) -> int:
        """ENDs of a sample."""
        return sum(self.count(name) for name in self.placed if self.sends(name) or self.serves(name))


def _parts(
    network: LearningNetwork, name: str, cores: Core | Sequence[Core], lanes: int
) -> list[LearningPart]:
    """The channel groups of a population, shared as evenly as they can be."""
    several = cast("list[Core]", list(cores) if isinstance(cores[0], tuple) else [cores])
    groups = -(-network.population(name).shape[0] // lanes)
    if len(several) > groups or len(set(several)) < len(several):
        raise SpikeplaneError(
            f"training: population '{name}' has {groups} groups of {lanes} channels for {len(several)} cores; give as many "
            "different cores at most"
        )
    edges = [groups * i // len(several) for i in range(len(several) + 1)]
    return [
        LearningPart(name, core, first, last - first)
        for core, first, last in zip(several, edges, edges[1:], strict=False)
    ]


def _place(rect: Rect) -> Entry:
    return dict(zip(("x0", "y0", "x1", "y1"), rect, strict=True))
