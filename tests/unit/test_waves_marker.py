"""The cycle of the first packet that is not the golden model's, of packets made by hand: one core after the other gives
the host what it should, and then one packet is changed, lost or sent twice, at a core or on its way."""

from dataclasses import replace

import numpy as np
import pytest

from spikeplane.compiler.place import place
from spikeplane.config import preset
from spikeplane.encoding import Encoding
from spikeplane.formats.packet import Control, Kind, packet_format
from spikeplane.host.packets import offsets, pack_many, plane_packets, unpack_many
from spikeplane.network import MEMBRANE, Network, Neuron, Population, Projection
from spikeplane.program import Program
from spikeplane.run.lockstep import Difference
from spikeplane_sim.waves.board import FROM_HOST, OUT_OF_CORE, PASSED, TO_HOST
from spikeplane_sim.waves.packets import first_differing, packets_of

CONFIG = replace(preset("tiny"), rows=2, cols=2)
FORM, STEPS, LATE = packet_format(CONFIG), 3, 7  #: LATE: cycles from a core to the host
PLANES = np.random.default_rng(2).integers(0, 2, (2 * STEPS, 24, 3, 4))


def program(kind=None) -> Program:
    neuron = Neuron() if kind is None else Neuron(reset="none", kind=kind)
    network = Network(
        populations=(
            Population(name="in", shape=(2, 3, 4)),
            Population(name="a", shape=(24, 3, 4), neuron=neuron, theta=np.full(24, 9)),
        ),
        projections=(Projection(source="in", target="a", weight=np.ones((24, 2, 1, 1), int)),),
        output="a",
        steps=STEPS,
    )
    return Program(
        name="net", config=CONFIG, network=network, placement=place(network, CONFIG), encoding=Encoding(kind="planes", steps=STEPS),
        readout="count", probes=("a",), tables={},
    )  # fmt: skip


NET = program()
TAG = next(iter(NET.image.probes))


def stream() -> list[tuple[int, int, tuple[int, int], dict[str, int]]]:
    """(cycle, step, core, fields) of every packet that leaves a core for the host, by cycle."""
    found, cycle = [], 100
    for step, plane in enumerate(PLANES):
        for part in NET.placement.of("a"):
            for group in range(part.first, part.first + part.groups):
                for y, x in np.ndindex(3, 4):
                    lanes = plane[8 * group : 8 * group + 8, y, x]
                    fields = {"group": group, "y": y, "x": x, "mask": int(lanes @ (1 << np.arange(8)))}
                    if fields["mask"]:
                        found.append((cycle, step, part.core, fields))
                        cycle += 2
            found.append((cycle, step, part.core, {}))
            cycle += 3
    return found


def packed(fields: dict[str, int], core: tuple[int, int]) -> np.ndarray:
    """A spike; without fields a token of the core."""
    source = {"source_x": core[0], "source_y": core[1]}
    more = (fields or source) | {"tag": TAG, "host": 1}
    return pack_many(FORM, Kind.SPIKE if fields else Kind.TOKEN, 1, more)[0]


def marker(sent: list, arrived: list) -> int | None:
    """Of a difference that is in step 4."""
    rows = [(90, (0, 0), FROM_HOST, pack_many(FORM, Kind.CONTROL, 1, {"op": int(Control.START)})[0])]
    rows += [(cycle, core, OUT_OF_CORE, packed(fields, core)) for cycle, _, core, fields in sent]
    rows += [(cycle + LATE, (0, 0), TO_HOST, packed(fields, core)) for cycle, _, core, fields in arrived]
    passed = np.zeros(len(rows), PASSED)
    for at, (cycle, (x, y), way, packet) in enumerate(sorted(rows, key=lambda row: row[0])):
        passed[at]["cycle"], passed[at]["x"], passed[at]["y"], passed[at]["way"] = cycle, x, y, way
        passed[at]["packet"][: FORM.size] = packet
    where = Difference(1, 1, 0, "a", (0, 0, 0), 0, 1)
    return first_differing(NET, packets_of(NET, passed), where, PLANES[4])


def places(core: tuple[int, int]) -> list[int]:
    """Where in the stream the spikes of a core in step 4 are."""
    return [n for n, (_, step, mine, fields) in enumerate(stream()) if step == 4 and mine == core and fields]


CORES = [part.core for part in NET.placement.of("a")]


def test_a_run_without_a_fault() -> None:
    assert len(CORES) == 3
    assert marker(stream(), stream()) is None


@pytest.mark.parametrize("core", CORES)
@pytest.mark.parametrize("on_the_way", [False, True])
@pytest.mark.parametrize("nth", [0, 3, -1])
def test_one_fault(core: tuple[int, int], on_the_way: bool, nth: int) -> None:
    late = LATE if on_the_way else 0
    at = places(core)[nth]
    cycle, step, _, fields = stream()[at]

    def found(changed: list) -> int | None:
        return marker(stream() if on_the_way else changed, changed)

    flipped, lost, stray = stream(), stream(), stream()
    flipped[at] = (cycle, step, core, fields | {"mask": fields["mask"] ^ 2})
    assert found(flipped) == cycle + late
    del lost[at]
    assert found(lost) == stream()[at + 1][0] + late  # what comes in its place, the token at last
    again = stream()
    again.insert(at + 1, (cycle + 1, step, core, fields))
    assert found(again) == cycle + 1 + late
    stray.insert(at + 1, (cycle + 1, step, core, fields | {"x": 9}))  # beyond the map
    assert found(stray) == cycle + 1 + late


def test_the_earlier_of_two_faults() -> None:
    changed = stream()
    first, second = places(CORES[0])[2], places(CORES[2])[1]
    for at in (first, second):
        cycle, step, core, fields = changed[at]
        changed[at] = (cycle, step, core, fields | {"mask": fields["mask"] ^ 2})
    assert marker(changed, changed) == stream()[first][0]
    assert marker(changed, stream()) == stream()[first][0]


def test_values_in_bit_planes() -> None:
    """A membrane is sent as planes of bits, the sign's negated: a plane that is missing, and one that is wrong."""
    net = program(MEMBRANE)
    plane = np.random.default_rng(3).integers(-9, 9, (24, 3, 4))
    rows, cycle = (
        [(90, (0, 0), FROM_HOST, pack_many(FORM, Kind.CONTROL, 1, {"op": int(Control.START)})[0])],
        100,
    )
    for part in net.placement.of("a"):
        for y, x in np.ndindex(3, 4):
            lanes = plane[8 * part.first : 8 * part.first + 8, y, x]
            for shift in range(5):
                mask = int((lanes >> shift & 1) @ (1 << np.arange(8)))
                fields = {
                    "group": part.first,
                    "y": y,
                    "x": x,
                    "mask": mask,
                    "shift": shift,
                    "negate": int(shift == 4),
                }
                if mask:
                    rows.append((cycle, part.core, OUT_OF_CORE, packed(fields, part.core)))
                    cycle += 1
        rows.append((cycle, part.core, OUT_OF_CORE, packed({}, part.core)))
        cycle += 1
    where = Difference(0, 0, 0, "a", (0, 0, 0), 0, 1)

    def found(rows: list) -> int | None:
        passed = np.zeros(len(rows), PASSED)
        for at, (cycle, (x, y), way, packet) in enumerate(rows):
            passed[at]["cycle"], passed[at]["x"], passed[at]["y"], passed[at]["way"] = cycle, x, y, way
            passed[at]["packet"][: FORM.size] = packet
        mine = packets_of(net, passed)
        return first_differing(net, mine, where, plane)

    arrived = [(row[0], (0, 0), TO_HOST, row[3]) for row in rows[1:]]
    everything = sorted([*rows, *arrived], key=lambda row: row[0])
    assert found(everything) is None
    assert plane.min() < 0 < plane.max()
    at = next(n for n, row in enumerate(rows) if row[0] == 130)
    place = [
        lambda packet, name=name: unpack_many(FORM, packet[None], Kind.SPIKE, (name,))[name][0]
        for name in ("y", "x")
    ]
    here = [of(rows[at][3]) for of in place]
    behind = next(row[0] for row in rows[at:] if [of(row[3]) for of in place] != here)
    lost = rows[:at] + rows[at + 1 :]
    assert found(lost) == behind
    wrong = list(rows)
    flip = 1 << offsets(FORM, Kind.SPIKE)["mask"][0]
    packet = int.from_bytes(bytes(rows[at][3]), "little") ^ flip
    wrong[at] = (*rows[at][:3], np.frombuffer(packet.to_bytes(FORM.size, "little"), np.uint8))
    assert found(wrong) == 130


def test_the_order_of_the_host_is_not_needed() -> None:
    """`plane_packets` and the stream above name the same packets."""
    fields = {"tag": TAG, "host": 1}
    ours = {bytes(packed(f, core)) for _, step, core, f in stream() if step == 4 and f}
    assert ours == {bytes(packet) for packet in plane_packets(CONFIG, PLANES[4], fields)}
