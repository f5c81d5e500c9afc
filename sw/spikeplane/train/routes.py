"""Who sends what to whom in forward and backward: populations on cores, tags, expected counts."""

from collections.abc import Mapping

from spikeplane.config import ChipConfig
from spikeplane.errors import SpikeplaneError
from spikeplane.train.network import LearningNetwork

Core = tuple[int, int]  #: (x, y)
Rect = tuple[int, int, int, int]


class BackRoutes:
    """A network on cores, each population whole on one: `cores` by population (None: all on core (0, 0))."""

    def __init__(self, network: LearningNetwork, cores: Mapping[str, Core] | None = None) -> None:
        self.network = network
        hosted = {p.name for p in network.inputs} | {p.name for p in network.populations if p.constant}
        self.placed = [p.name for p in network.populations if p.name not in hosted]
        self.core = {name: (cores or {}).get(name, (0, 0)) for name in self.placed}
        self.cores = sorted(set(self.core.values()), key=lambda core: (core[1], core[0]))
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

    def on(self, core: Core) -> list[str]:
        """The populations on a core, by slot."""
        return [name for name in self.placed if self.core[name] == core]

    def slot(self, name: str) -> int:
        """Its slot on its core."""
        return self.on(self.core[name]).index(name)

    def rect(self, name: str) -> Rect:
        """Where its packets go."""
        return (*self.core[name], *self.core[name])

    def hosted(self, name: str) -> bool:
        """The host sends it."""
        return name not in self.core

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

    def targets(self, name: str) -> list[dict[str, int]]:
        """Where its spikes go; a readout's values, to the host."""
        if name == self.network.output:
            return [{"host": 1, "tag": self.value_tag}]
        found = []
        for tag in self.network.tags_from(name):
            p = self.network.projections[tag]
            window = self.gathers(tag)
            found.append({**_place(self.rect(p.target)), "tag": tag, "replay": p.trained, "window": window})
        return found

    def credits(self, name: str) -> list[dict[str, int]]:
        """To whom a bank is free again."""
        return [self._source(tag) for tag in self.network.tags_into(name)]

    def readies(self, name: str) -> list[dict[str, int]]:
        """To whom its deltas are in place."""
        return [self._source(tag) for tag in self.serves(name)]

    def back(self, tag: int) -> list[dict[str, int]]:
        """Where partial sums and back tokens go: nowhere, or to the source's identity."""
        if not self.gathers(tag):
            return []
        return [{**_place(self.rect(self.network.projections[tag].source)), "tag": self._identity[tag]}]

    def _source(self, tag: int) -> dict[str, int]:
        source = self.network.projections[tag].source
        if self.hosted(source):
            return {"host": 1}
        return {**_place(self.rect(source)), "tag": self.slot(source)}

    # --- counts

    def tokens_due(self, name: str) -> int:
        """Forward tokens of a step."""
        return len(self.network.tags_into(name))

    def readies_due(self, name: str) -> int:
        """READYs of a step."""
        return sum(self.goes_back(tag) for tag in self.network.tags_from(name))

    def backs_due(self, name: str) -> int:
        """Back tokens of a step; of a readout, that behind a sample's errors."""
        if name == self.network.output:
            return 1
        return sum(self.gathers(tag) for tag in self.network.tags_from(name))

    # --- the host's side

    @property
    def inputs(self) -> dict[str, list[tuple[int, Rect]]]:
        """By population of the host the (tag, rectangle) that its spikes go to."""
        found: dict[str, list[tuple[int, Rect]]] = {}
        for tag, p in enumerate(self.network.projections):
            if self.hosted(p.source):
                found.setdefault(p.source, []).append((tag, self.rect(p.target)))
        return found

    @property
    def replays(self) -> dict[str, list[tuple[int, Rect]]]:
        """The same of those that are trained."""
        trained = {
            name: [(tag, rect) for tag, rect in routes if self.network.projections[tag].trained]
            for name, routes in self.inputs.items()
        }
        return {name: routes for name, routes in trained.items() if routes}

    @property
    def ends(self) -> int:
        """ENDs of a sample."""
        return sum(bool(self.sends(name) or self.serves(name)) for name in self.placed)


def _place(rect: Rect) -> dict[str, int]:
    return dict(zip(("x0", "y0", "x1", "y1"), rect, strict=True))
