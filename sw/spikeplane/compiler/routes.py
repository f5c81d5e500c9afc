"""Who talks to whom: a part's destinations, its credits, and the tokens and credits that it waits
for in a step."""

from spikeplane.compiler.pack import Crowded
from spikeplane.config import ChipConfig
from spikeplane.formats.packet import HOST_CREDITS
from spikeplane.formats.tables import SCHEDULE_BITS, core_tables
from spikeplane.network import Network
from spikeplane.program.laid_parts import Order
from spikeplane.program.placement import Part, Placement, rectangles


class Routes:
    """The connections of a placed network. `probes`: tag -> population whose output goes to the host."""

    def __init__(self, network: Network, placement: Placement, probes: dict[int, str]) -> None:
        self.network, self.placement, self.probes = network, placement, probes

    def egress(self, part: Part) -> list[dict[str, int]]:
        """Where its spikes and tokens go."""
        entries = []
        for tag in self.network.tags_from(part.population):
            projection = self.network.projections[tag]
            targets = [target.core for target in self.placement.of(projection.target)]
            for x0, y0, x1, y1 in rectangles(targets):
                place = {"x0": x0, "y0": y0, "x1": x1, "y1": y1}
                order = {"order": 1} if isinstance(projection, Order) else {}
                entries.append({**place, "tag": tag, "delay": projection.delay, **order})
        return entries + [
            {"host": 1, "tag": tag} for tag, name in self.probes.items() if name == part.population
        ]

    def credits(self, part: Part) -> list[dict[str, int]]:
        """Whom it tells that a step's accumulators are free again."""
        entries = []
        for projection in self.network.incoming(part.population):
            if self.network.population(projection.source).neuron is None:
                entries.append({"host": 1})
            for source in self.placement.of(projection.source):
                x, y = source.core
                place = {"x0": x, "y0": y, "x1": x, "y1": y}
                entries.append({**place, "tag": source.slot, "delay": projection.delay})
        return entries

    def tokens_due(self, part: Part) -> tuple[int, int]:
        """Tokens that a step waits for, and those of them that recurrent projections send."""
        incoming = [
            (p.delay, len(self.placement.of(p.source)) or 1) for p in self.network.incoming(part.population)
        ]
        return sum(n for _, n in incoming), sum(n for delay, n in incoming if delay)

    def credits_due(self, part: Part) -> tuple[int, int]:
        """Credits that a step waits for, and those of them that recurrent projections return."""
        outgoing = [
            (p.delay, len(self.placement.of(p.target))) for p in self.network.outgoing(part.population)
        ]
        return self.probed(part) + sum(n for _, n in outgoing), sum(n for delay, n in outgoing if delay)

    def probed(self, part: Part) -> int:
        """Credits that the host returns."""
        return sum(name == part.population for name in self.probes.values())

    def check(self, config: ChipConfig) -> None:
        """Raise Crowded, which names the part, where a core cannot count so many connections."""
        widths = dict(core_tables(config).population.fields)
        step = (1 << SCHEDULE_BITS) - 1
        used: dict[tuple[int, int], int] = {}
        for part in self.placement.parts:
            egress, credits = len(self.egress(part)), len(self.credits(part))
            used[part.core] = used.get(part.core, 0) + egress + credits
            for what, count, most in (
                ("destinations", egress, (1 << widths["egress_count"]) - 1),
                ("credits to return", credits, (1 << widths["credit_count"]) - 1),
                ("tokens a step to wait for", self.tokens_due(part)[0], step),
                ("credits a step to wait for", self.credits_due(part)[0], step),
                ("egress entries with the others there", used[part.core], config.egress_depth),
            ):
                if count > most:
                    raise Crowded(
                        f"the network does not fit: population '{part.population}' on core "
                        f"{part.core} has {count} {what}, "
                        f"the core holds {most}; use fewer projections or a chip with fewer cores"
                    )
        host = sum(
            len(self.placement.of(p.target))
            for p in self.network.projections
            if self.network.population(p.source).neuron is None
        )
        if host > HOST_CREDITS:
            raise Crowded(
                f"the network does not fit: its inputs reach {host} parts, the host counts "
                f"{HOST_CREDITS}; use fewer cores"
            )
