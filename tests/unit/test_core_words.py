"""What a core's words say beside its synapses: windows walked as the sweep does, tokens and credits
that a step waits for, and nothing left of another program."""

import numpy as np
import pytest

from spikeplane.compiler.images import build_image
from spikeplane.compiler.place import place
from spikeplane.config import ChipConfig
from spikeplane.formats.tables import Memory, core_tables
from spikeplane.network import ALIGNED, Network, Neuron, Population, Projection, Window

CONFIG = ChipConfig(rows=1, cols=2, lanes=8)
TABLES = core_tables(CONFIG)


def pooled(window: Window, height: int, width: int) -> Network:
    """An input into a population behind a window, which drives itself a step later."""
    out = [(size + 2 * window.padding - window.size) // window.stride + 1 for size in (height, width)]
    theta = np.full(10, 3)
    populations = (
        Population(name="in", shape=(2, height, width)),
        Population(
            name="p",
            shape=(10, out[0], out[1]),
            neuron=Neuron(),
            theta=theta,
            window=window,
            input_size=(height, width),
        ),
        Population(name="q", shape=(10, out[0], out[1]), neuron=Neuron(), theta=theta),
    )
    one = np.ones((10, 1, 1), np.int64)
    projections = (
        Projection(source="in", target="p", weight=np.ones((10, 2, 1, 1), np.int64)),
        Projection(source="p", target="q", weight=one, kind=ALIGNED),
        Projection(source="q", target="q", weight=one, kind=ALIGNED, delay=1),
    )
    return Network(populations=populations, projections=projections, output="q")


def words(network: Network, core: tuple[int, int], memory: Memory) -> dict[int, int]:
    image = build_image(network, place(network, CONFIG), CONFIG, ["q"])
    return {address: word for kind, address, word in image.words[core] if kind == memory}


def walked(p: dict[str, int], height: int, width: int) -> list[list[int]]:
    """The addresses of each window's elements that lie inside, from the accumulators' first one on."""
    mask = (1 << dict(TABLES.population.fields)["corner"]) - 1
    at, found = (p["acc_base"] - p["corner"]) & mask, []
    for y in range(p["y_last"] + 1):
        for x in range(p["x_last"] + 1):
            inside = []
            for row in range(p["window_last"] + 1):
                for column in range(p["window_last"] + 1):
                    i, j = y * p["stride"] - p["padding"] + row, x * p["stride"] - p["padding"] + column
                    if 0 <= i < height and 0 <= j < width:
                        inside.append((at - p["acc_base"]) & mask)
                    end_column, end_row = column == p["window_last"], row == p["window_last"]
                    ends = (end_column, end_row, x == p["x_last"])
                    step = "acc_across" if all(ends) else "acc_right" if all(ends[:2]) else "acc_down"
                    at = (at + (p[step] if end_column else 1)) & mask
            found.append(inside)
    return found


@pytest.mark.parametrize("window", [Window(size=2, stride=2), Window(size=3, stride=2, padding=1)])
@pytest.mark.parametrize("size", [(5, 7), (8, 4), (6, 6)])
def test_a_window_meets_its_elements(window: Window, size: tuple[int, int]) -> None:
    (height, width), network = size, pooled(window, *size)
    population = network.population("p")
    core = place(network, CONFIG).of("p")[0].core
    found = [TABLES.population.unpack(word) for word in words(network, core, Memory.POPULATION).values()]
    (p,) = [one for one in found if one["valid"] and one["window_last"]]
    expected = []
    for y in range(population.shape[1]):
        for x in range(population.shape[2]):
            rows = range(y * window.stride - window.padding, y * window.stride - window.padding + window.size)
            columns = range(
                x * window.stride - window.padding, x * window.stride - window.padding + window.size
            )
            inside = [(i, j) for i in rows for j in columns if 0 <= i < height and 0 <= j < width]
            expected.append([i * width + j for i, j in inside])
    assert walked(p, height, width) == expected


def test_counters_stand_as_if_a_step_without_spikes_had_gone_before() -> None:
    """Step 0 gets no tokens of a recurrent projection. All accumulators are free: step 0 waits for no
    credits, step 1 for those that the recurrence returns for what step 0 sent into it."""
    network = pooled(Window(size=2, stride=2), 4, 4)
    placement, seen = place(network, CONFIG), 0
    for name in ("p", "q"):
        for part in placement.of(name):
            found = words(network, part.core, Memory.SCHEDULE)
            own = len(placement.of("q")) if name == "q" else 0
            tokens, credits = (
                [TABLES.schedule.unpack(found[part.slot * 4 + credit * 2 + parity]) for parity in (0, 1)]
                for credit in (0, 1)
            )
            due, returned = tokens[0]["expected"], credits[0]["expected"]
            assert due == (1 if name == "p" else len(placement.of("p")) + own)
            assert returned == len(placement.of("q")) + (name == "q")
            assert [(one["left"], one["ready"]) for one in tokens] == [(due - own, 0), (due, 0)]
            late = (own, 0) if own else (returned, 1)
            assert [(one["left"], one["ready"]) for one in credits] == [(returned, 1), late]
            seen += own
    assert seen > 1


def test_nothing_is_left_of_another_program() -> None:
    network = pooled(Window(size=2, stride=2), 4, 4)
    image = build_image(network, place(network, CONFIG), CONFIG, ["q"])
    for core in [(0, 0), (1, 0)]:
        for memory in (Memory.POPULATION, Memory.PROJECTION, Memory.SCHEDULE):
            addresses = [address for kind, address, _ in image.words[core] if kind == memory]
            assert sorted(addresses) == list(range(TABLES.depth(memory))), (core, memory)
