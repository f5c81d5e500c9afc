"""The packets of a run in the terms of its network: which sample, step and population each belongs to.

Between two ends packets keep their order, and a token ends a step: so a packet's step is the number of tokens before it
that went the same way, from the same core to the same cores with the same tag.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from spikeplane.formats.packet import Control, Kind, PacketFormat, packet_format
from spikeplane.host.packets import add_planes, unpack_many
from spikeplane.program import Program
from spikeplane.run.lockstep import Difference
from spikeplane_sim.waves.board import FROM_HOST, TO_HOST

_RECT = ("x0", "y0", "x1", "y1")
_SPIKE = ("mask", "negate", "shift", "group", "y", "x")
_PLACE = _SPIKE[3:]
_SOURCE = ("source_x", "source_y")


@dataclass(frozen=True)
class Packets:
    """Spikes and tokens of one run, by cycle: (n,) each. `step`: of the run, sample * T + step. `fields`: those of
    the header and of spikes."""

    cycle: np.ndarray
    core: np.ndarray  #: (n, 2): x, y of the core it left
    from_host: np.ndarray
    to_host: np.ndarray  #: it comes to the host; the same packet has left its core before
    step: np.ndarray
    token: np.ndarray
    fields: dict[str, np.ndarray]

    def span(self, first: int, stop: int) -> tuple[int, int] | None:
        """The cycles of the first and the last packet of the steps `first` to before `stop`; None where there are
        none."""
        mine = self.cycle[(self.step >= first) & (self.step < stop)]
        return (int(mine.min()), int(mine.max())) if len(mine) else None


def packets_of(program: Program, passed: np.ndarray) -> Packets:
    """What cores sent, the host's inputs, and what came to the host, since the last START. `passed`: PASSED, by
    cycle."""
    form = packet_format(program.config)
    raw = passed["packet"][:, : form.size]
    control = unpack_many(form, raw, Kind.CONTROL, ("kind", "op"))
    starts = np.flatnonzero(
        (passed["way"] == FROM_HOST) & (control["kind"] == Kind.CONTROL) & (control["op"] == Control.START)
    )
    keep = np.arange(len(passed)) >= (starts[-1] if len(starts) else 0)
    keep &= (control["kind"] == Kind.SPIKE) | (control["kind"] == Kind.TOKEN)
    passed, raw = passed[keep], raw[keep]
    fields = unpack_many(form, raw, Kind.SPIKE, ("kind", "host", "tag", *_RECT, *_SPIKE))
    token, way = fields["kind"] == Kind.TOKEN, passed["way"]
    core = np.stack([passed["x"], passed["y"]], 1).astype(np.int64)
    arrived = way == TO_HOST
    core[arrived] = _senders(program, {n: v[arrived] for n, v in fields.items()}, form, raw[arrived])
    step = _steps(np.stack([way, *core.T, *(fields[n] for n in ("host", "tag", *_RECT))], 1), token)
    return Packets(passed["cycle"].astype(np.int64), core, way == FROM_HOST, arrived, step, token, fields)


def _steps(ways: np.ndarray, token: np.ndarray) -> np.ndarray:
    """(n,): how many tokens went the same way (n, k) before each packet."""
    _, way = np.unique(ways, axis=0, return_inverse=True)
    step = np.zeros(len(ways), np.int64)
    for one in range(int(way.max(initial=-1)) + 1):
        mine = way.reshape(-1) == one
        step[mine] = np.cumsum(token[mine]) - token[mine]
    return step


def _senders(
    program: Program, fields: dict[str, np.ndarray], form: PacketFormat, raw: np.ndarray
) -> np.ndarray:
    """(n, 2): the cores that packets which came to the host have left. A token says it, a spike's group tells it."""
    tokens = unpack_many(form, raw, Kind.TOKEN, _SOURCE)
    core = np.stack([tokens[name] for name in _SOURCE], 1)
    spikes = fields["kind"] == Kind.SPIKE
    core[spikes] = -1  # of no population
    for tag, name in program.image.probes.items():
        for part in program.placement.of(name):
            inside = (part.first <= fields["group"]) & (fields["group"] < part.first + part.groups)
            core[spikes & (fields["tag"] == tag) & inside] = part.core
    return core


def first_differing(program: Program, packets: Packets, where: Difference, golden: np.ndarray) -> int | None:
    """The cycle of the first packet for the host that is not the golden model's, in the step and population of a
    difference: when it leaves its core, or, where cores sent what they should, when it comes to the host. Where spikes
    are missing that is the packet that comes in their place, and the token that ends the step where none does.
    `golden`: int (C, H, W), what should have come; `where.sample` counts in the run. None where every packet is
    right."""
    step = where.sample * program.network.steps + where.step
    tag = next(tag for tag, name in program.image.probes.items() if name == where.population)
    mine = (packets.step == step) & (packets.fields["host"] == 1) & (packets.fields["tag"] == tag)
    mine &= ~packets.from_host
    found = [
        _first_wrong(program, packets, mine & side, where.population, golden)
        for side in (~packets.to_host, packets.to_host)
    ]
    return min((cycle for cycle in found if cycle is not None), default=None)


def _first_wrong(
    program: Program, packets: Packets, mine: np.ndarray, population: str, golden: np.ndarray
) -> int | None:
    """As `first_differing`, of the packets `mine`, (n,) bool."""
    sent = np.zeros((1, *golden.shape), np.int64)
    places = np.stack([packets.fields[name] for name in _PLACE], 1)
    inside = (places < [-(-golden.shape[0] // program.config.lanes), *golden.shape[1:]]).all(1)
    chosen = {name: values[mine & ~packets.token & inside] for name, values in packets.fields.items()}
    add_planes(program.config, sent, np.zeros(len(chosen["x"]), int), chosen)
    wrong = np.argwhere(sent[0] != golden) // [program.config.lanes, 1, 1]
    stray = mine & ~packets.token  # of no core that has their place
    cycles = []
    for part in program.placement.of(population):
        from_core = mine & (packets.core == part.core).all(1)
        held = (part.first <= places[:, 0]) & (places[:, 0] < part.first + part.groups) & inside
        stray &= ~(from_core & held)
        groups = (part.first <= wrong[:, 0]) & (wrong[:, 0] < part.first + part.groups)
        at = np.flatnonzero(from_core)
        for group, y, x in np.unique(wrong[groups], axis=0):
            wanted = golden[group * program.config.lanes :][: program.config.lanes, y, x]
            cycles += _at(packets, at, places[at], np.array([group, y, x]), wanted)
    return min([*cycles, *packets.cycle[stray].tolist()], default=None)


def _at(
    packets: Packets, mine: np.ndarray, places: np.ndarray, place: np.ndarray, wanted: np.ndarray
) -> list[int]:
    """The cycle of the first wrong packet of a place, (group, y, x), among those of a core, `mine`; where those that
    came are right, of the first one behind it: a core goes through groups, rows and columns in this order. Where there
    is none, of its token. `wanted`: the values of the place's lanes."""
    size, token = 1 + max(int(places.max(initial=0)), int(place.max())), packets.token[mine]
    order, at = (side @ [size * size, size, 1] for side in (places, place))
    seen: set[int] = set()
    for one in mine[~token & (order == at)].tolist():
        shift, mask = (int(packets.fields[name][one]) for name in ("shift", "mask"))
        right = sum((int(value) >> shift & 1) << lane for lane, value in enumerate(wanted))
        if mask != right or shift in seen:
            return [int(packets.cycle[one])]
        seen.add(shift)
    for others in (mine[~token & (order > at)], mine[token]):
        if len(others):
            return [int(packets.cycle[others[0]])]
    return []


def told(program: Program, packets: Packets, first: int, last: int) -> Iterator[tuple[str, int, str]]:
    """(who sends: "host" or "core_X_Y", cycle, what the packet is) of every packet of these cycles."""
    steps, network = program.network.steps, program.laid
    inside = (packets.cycle >= first) & (packets.cycle <= last) & ~packets.to_host
    for at in np.flatnonzero(inside):
        f = {name: int(values[at]) for name, values in packets.fields.items()}
        if f["host"] and not packets.from_host[at]:
            name, to = program.image.probes.get(f["tag"], f"tag {f['tag']}"), "host"
        else:
            known = f["tag"] < len(network.projections)
            name = network.projections[f["tag"]].source if known else f"tag {f['tag']}"
            to = network.projections[f["tag"]].target if known else "?"
        sample, step = divmod(int(packets.step[at]), steps)
        sign = "-" if f["negate"] else ""
        what = (
            "end"
            if packets.token[at]
            else f"group {f['group']} y {f['y']} x {f['x']} mask {sign}{f['mask']:#x}<<{f['shift']}"
        )
        source = "host" if packets.from_host[at] else "core_{}_{}".format(*packets.core[at])
        yield source, int(packets.cycle[at]), f"{name} to {to}, sample {sample} step {step}: {what}"
