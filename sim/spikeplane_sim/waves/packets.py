"""The packets of a run in the terms of its network: which sample, step and population each belongs to.

Between two ends packets keep their order, and a token ends a step: so a packet's step is the number of tokens before it
that went the same way, from the same core to the same cores with the same tag.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from spikeplane.formats.packet import Control, Kind, packet_format
from spikeplane.host.packets import add_planes, unpack_many
from spikeplane.program import Program
from spikeplane.run.lockstep import Difference
from spikeplane_sim.waves.board import FROM_HOST, OUT_OF_CORE

_RECT = ("x0", "y0", "x1", "y1")
_SPIKE = ("mask", "negate", "shift", "group", "y", "x")


@dataclass(frozen=True)
class Packets:
    """Spikes and tokens of one run, by cycle: (n,) each. `step`: of the run, sample * T + step. `fields`: those of
    the header and of spikes."""

    cycle: np.ndarray
    core: np.ndarray  #: (n, 2): x, y of the core it left
    from_host: np.ndarray
    step: np.ndarray
    token: np.ndarray
    fields: dict[str, np.ndarray]

    def span(self, first: int, stop: int) -> tuple[int, int] | None:
        """The cycles of the first and the last packet of the steps `first` to before `stop`; None where there are
        none."""
        mine = self.cycle[(self.step >= first) & (self.step < stop)]
        return (int(mine.min()), int(mine.max())) if len(mine) else None


def packets_of(program: Program, passed: np.ndarray) -> Packets:
    """What cores sent and the host's inputs, since the last START. `passed`: PASSED, by cycle."""
    form = packet_format(program.config)
    passed = passed[(passed["way"] == OUT_OF_CORE) | (passed["way"] == FROM_HOST)]
    raw = passed["packet"][:, : form.size]
    control = unpack_many(form, raw, Kind.CONTROL, ("kind", "op"))
    host = passed["way"] == FROM_HOST
    starts = np.flatnonzero(host & (control["kind"] == Kind.CONTROL) & (control["op"] == Control.START))
    keep = np.arange(len(passed)) >= (starts[-1] if len(starts) else 0)
    keep &= (control["kind"] == Kind.SPIKE) | (control["kind"] == Kind.TOKEN)
    passed, raw, host = passed[keep], raw[keep], host[keep]
    fields = unpack_many(form, raw, Kind.SPIKE, ("kind", "host", "tag", *_RECT, *_SPIKE))
    token = fields["kind"] == Kind.TOKEN
    ways = np.stack([host, passed["x"], passed["y"], *(fields[n] for n in ("host", "tag", *_RECT))], 1)
    _, way = np.unique(ways, axis=0, return_inverse=True)
    step = np.zeros(len(passed), np.int64)
    for one in range(int(way.max(initial=-1)) + 1):
        mine = way.reshape(-1) == one
        ended = np.cumsum(token[mine])
        step[mine] = ended - token[mine]
    core = np.stack([passed["x"], passed["y"]], 1).astype(np.int64)
    return Packets(passed["cycle"].astype(np.int64), core, host, step, token, fields)


def first_differing(program: Program, packets: Packets, where: Difference, golden: np.ndarray) -> int | None:
    """The cycle in which a core sends the host the first packet that is not the golden model's, in the step and
    population of a difference; the token that ends the step where spikes are missing. `golden`: int (C, H, W), what
    should have come; `where.sample` counts in the run. None where cores sent what they should."""
    step = where.sample * program.network.steps + where.step
    tag = next(tag for tag, name in program.image.probes.items() if name == where.population)
    mine = (packets.step == step) & (packets.fields["host"] == 1) & (packets.fields["tag"] == tag)
    mine &= ~packets.from_host
    chosen = {name: packets.fields[name][mine & ~packets.token] for name in _SPIKE}
    sent = np.zeros((1, *golden.shape), np.int64)
    add_planes(program.config, sent, np.zeros(len(chosen["x"]), int), chosen)
    lanes = program.config.lanes
    wrong = {(int(c) // lanes, int(y), int(x)) for c, y, x in np.argwhere(sent[0] != golden)}
    if not wrong:
        return None
    spikes = packets.cycle[mine & ~packets.token]
    places = zip(chosen["group"].tolist(), chosen["y"].tolist(), chosen["x"].tolist(), strict=True)
    cycles = [int(cycle) for cycle, place in zip(spikes, places, strict=True) if place in wrong]
    if cycles:
        return min(cycles)
    cores = {
        part.core
        for part in program.placement.of(where.population)
        if any(part.first <= group < part.first + part.groups for group, _, _ in wrong)
    }
    ends = mine & packets.token & np.array([tuple(core) in cores for core in packets.core.tolist()], bool)
    return int(packets.cycle[ends].min()) if ends.any() else None


def told(program: Program, packets: Packets, first: int, last: int) -> Iterator[tuple[str, int, str]]:
    """(who sends: "host" or "core_X_Y", cycle, what the packet is) of every packet of these cycles."""
    steps, network = program.network.steps, program.network
    for at in np.flatnonzero((packets.cycle >= first) & (packets.cycle <= last)):
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
