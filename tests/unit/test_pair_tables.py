"""The words that a program has around pair populations, walked as the core walks them, against the golden model."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from test_pair import attention, planes

from spikeplane import SpikeplaneError
from spikeplane.compiler.fit import try_fit
from spikeplane.compiler.images import build_image
from spikeplane.compiler.place import place
from spikeplane.config import ChipConfig, preset
from spikeplane.formats.dynamic_tables import Sink
from spikeplane.formats.tables import AnyMemory, Memory, core_tables
from spikeplane.network import ALIGNED, Network, Pair, Projection
from spikeplane.program.dynamic import heads_mask
from spikeplane.program.laid import check_together, laid_out, pairs_of, units_of
from spikeplane.program.placement import Part, Placement
from spikeplane_sim.golden import GoldenModel


def chip(lanes: int, *, rows: int = 1, cols: int = 1, **fields: Any) -> ChipConfig:
    sizes = {"dynamic_depth": 1024, "dynamic_bits": 6, "acc_depth": 2048}
    return replace(preset("small"), lanes=lanes, rows=rows, cols=cols, **{**sizes, **fields})


class Core:
    """The words of one core, by memory and address, and D and accumulators as lists of rows."""

    def __init__(self, config: ChipConfig, words: list[tuple[AnyMemory, int, int]]) -> None:
        self.config, self.tables = config, core_tables(config)
        self.words = {(memory, address): word for memory, address, word in words}
        self.acc = np.zeros((config.acc_depth, config.lanes), np.int64)
        self.rows = np.zeros((config.dynamic_depth, config.lanes), np.int64)

    def word(self, memory: Memory, address: int) -> dict[str, int]:
        layouts = {Memory.PROJECTION: "projection", Memory.POPULATION: "population"}
        layout = getattr(self.tables, layouts.get(memory, "coordinate"))
        return layout.unpack(self.words[memory, address])

    def take(self, tag: int, group: int, y: int, x: int, mask: np.ndarray) -> None:
        """A spike packet."""
        p = self.word(Memory.PROJECTION, tag)
        entries = [
            self.word(memory, p[f"{memory.name.lower()}_base"] + at)
            for memory, at in ((Memory.ROW, y), (Memory.COLUMN, x), (Memory.GROUP, group))
        ]
        assert p["valid"]
        assert [e["count"] for e in entries[:2]] == [1, 1]
        depth = 1 << dict(self.tables.coordinate.fields)["weight"]
        acc, weight = (sum(e[name] for e in entries) for name in ("acc", "weight"))
        for visit in range(entries[2]["count"]):
            place = (acc + visit * p["acc_group"]) % (1 << dict(self.tables.coordinate.fields)["acc"])
            if p["aligned"]:
                self.acc[place] += mask * self.ones(weight % depth)
                continue
            for bit in np.flatnonzero(mask):
                self.acc[place] += self.rows[(weight + visit * p["weight_group"] + bit) % depth]

    def ones(self, address: int) -> np.ndarray:
        word, bits = self.words[Memory.WEIGHT, address], self.config.weight_bits
        return np.array([word >> lane * bits & (1 << bits) - 1 for lane in range(self.config.lanes)])

    def sweep(self, slot: int) -> None:
        """Of a pair population: by the rule of `formats.dynamic_tables`."""
        p, lanes = self.word(Memory.POPULATION, slot), self.config.lanes
        assert p["sink"] == Sink.OUTER
        first, size = p["row_base"] * lanes, p["row_blocks"] * lanes
        self.rows[first : first + size] = 0
        words = self.acc[p["acc_base"] :] >= 1
        count = (p["y_last"] + 1) * (p["x_last"] + 1)
        assert p["input_words"] == count
        lane = np.arange(lanes)
        both = p["pair_groups"] + p["value_groups"]
        for group in range(p["group_last"] + 1):
            for token in range(count // both):
                at = group * count + token * both
                keys, values = words[at : at + p["pair_groups"]], words[at + p["pair_groups"] : at + both]
                for u, value in enumerate(values):
                    for j, key in enumerate(keys):
                        base = first + ((group * p["value_groups"] + u) * p["pair_groups"] + j) * lanes
                        for bit in np.flatnonzero(key):
                            self.rows[base + bit] += value & (lane >> p["head"] == bit >> p["head"])
                            assert base + bit < first + size


def walked(
    network: Network, config: ChipConfig, placement: Placement, given: dict[str, np.ndarray]
) -> np.ndarray:
    """The currents of A, (C, H, W), of one step: packets in any order, sweep, packets of Q in any order."""
    laid, generator = laid_out(network, config), np.random.default_rng(5)
    image = build_image(laid, placement, config, ["q", "a"])
    cores = {core: Core(config, words) for core, words in image.words.items()}
    tags = {(p.source, p.target): tag for tag, p in enumerate(laid.projections)}
    (pair,) = pairs_of(laid, "a")

    def send(sources: dict[str, np.ndarray], target: str) -> None:
        packets = [(name, *at) for name, mask in sources.items() for at in np.ndindex(*masks(mask).shape[:3])]
        for name, group, y, x in generator.permutation(np.array(packets, object)):
            mask = masks(sources[name])[group, y, x]
            if mask.any():
                for core in {part.core for part in placement.of(target)}:
                    cores[core].take(tags[name, target], group, y, x, mask)

    def masks(spikes: np.ndarray) -> np.ndarray:
        """(groups, H, W, lanes)."""
        channels, height, width = spikes.shape
        groups = -(-channels // config.lanes)
        whole = np.zeros((groups * config.lanes, height, width), np.int64)
        whole[:channels] = spikes
        return whole.reshape(groups, config.lanes, height, width).transpose(0, 2, 3, 1)

    send({"k": given["k"], "v": given["v"]}, pair.name)
    for part in placement.of(pair.name):
        cores[part.core].sweep(part.slot)
    send({"q": given["x"]}, "a")
    channels, height, width = network.population("a").shape
    found = np.zeros((-(-channels // config.lanes), height * width, config.lanes), np.int64)
    for part in placement.of("a"):
        base = cores[part.core].word(Memory.POPULATION, part.slot)["acc_base"]
        rows = cores[part.core].acc[base : base + part.groups * height * width]
        found[part.first : part.first + part.groups] = rows.reshape(part.groups, -1, config.lanes)
    return found.transpose(0, 2, 1).reshape(-1, height, width)[:channels]


@pytest.mark.parametrize("lanes", [8, 16, 32])
@pytest.mark.parametrize(
    ("channels", "heads", "pixels", "mesh"),
    [
        (32, 4, (2, 3), (1, 1)),  # d = 8
        (32, 2, (3, 2), (2, 2)),  # 16
        (64, 2, (1, 5), (1, 2)),  # 32
        (32, 2, (1, 2), (1, 1)),  # heads of several words on one core
        (64, 1, (5, 1), (2, 2)),  # a head of all
        (24, 1, (2, 2), (1, 1)),  # that fills no words
        (16, 8, (3, 3), (2, 2)),  # 2
        (5, 1, (2, 2), (1, 1)),
    ],
)
def test_the_words_count_as_the_golden_model_does(
    lanes: int, channels: int, heads: int, pixels: tuple[int, int], mesh: tuple[int, int]
) -> None:
    network, config = attention(heads, (channels, *pixels)), chip(lanes, rows=mesh[0], cols=mesh[1])
    given = planes(channels, (channels, *pixels), steps=1)
    placement, image = try_fit(network, config, ["q", "a"])
    expected = GoldenModel(network, membrane_bits=16, acc_bits=18).run(given)["a"]
    assert len(np.unique(expected)) > 2
    for number, one in enumerate(expected[:, 0]):
        found = walked(
            network, config, placement, {name: values[number, 0] for name, values in given.items()}
        )
        assert (found == one).all()
    units = max(1, channels // heads // lanes)
    assert len(image.cores) >= min(mesh[0] * mesh[1], -(-channels // lanes) // units)


def test_heads_and_tokens_that_a_chip_does_not_hold() -> None:
    def refusal(network: Network, config: ChipConfig) -> str:
        with pytest.raises(SpikeplaneError) as caught:
            try_fit(network, config, ["q", "a"])
        return str(caught.value)

    what = "projection 'q' to 'a'"
    assert refusal(attention(4, (48, 2, 2)), chip(16)) == (
        f"{what}: heads of 12 channels do not meet the chip's 16 lanes; a head must be a part of 16, or a multiple"
    )
    assert refusal(attention(2, (48, 2, 2)), chip(16)) == (
        f"{what}: heads of 24 channels do not meet the chip's 16 lanes; a head must be a part of 16, or a multiple"
    )
    assert refusal(attention(1, (16, 8, 8)), chip(16)) == (
        f"{what} has 64 tokens, the chip's dynamic memory counts to 63; use a chip with dynamic_bits = 7"
    )
    assert refusal(attention(1, (16, 8, 8)), preset("small")) == (
        f"{what} counts its weights from spikes, which needs a chip with dynamic_depth and dynamic_bits"
    )
    assert refusal(attention(1, (16, 61, 61)), chip(16, dynamic_bits=12)) == (
        f"{what}: the 7442 words of keys and values of a head are no rectangle of at most 64x64; use a chip with more coord_bits"
    )
    assert refusal(attention(1, (64, 2, 2)), chip(16, dynamic_depth=240)) == (
        "the network does not fit: population 'a.pair' needs words 0 to 255 of the dynamic memory of core (0, 0), which has 240"
    )
    assert refusal(attention(1, (16, 2, 2)), chip(16, populations=2)) == (
        "population 'a' does not fit: it and its 1 pair populations and gates lie on the same cores, and no core of 2 populations has "
        "room for them; use a chip with more populations per core"
    )


def test_a_pair_lies_beside_its_reader() -> None:
    network, config = attention(2, (32, 2, 2)), chip(16, rows=2)
    placement, _ = try_fit(network, config, ["q", "a"])
    laid = laid_out(network, config)
    (pair,) = pairs_of(laid, "a")
    check_together(pair, "a", placement)

    def moved(part: Part) -> Part:
        return replace(part, core=(0, 1 - part.core[1])) if part.population == pair.name else part

    with pytest.raises(SpikeplaneError) as caught:
        check_together(pair, "a", Placement(tuple(map(moved, placement.parts))))
    assert (
        str(caught.value)
        == "population 'a.pair' does not lie on the cores of 'a', with the same heads on each"
    )


def test_what_is_laid() -> None:
    """Pairs before what waits for them; a network without dynamic projections is itself."""
    network, config = attention(2, (32, 2, 2)), chip(16)
    laid = laid_out(network, config)
    assert [p.name for p in laid.populations] == ["k", "v", "x", "a.pair", "q", "a"]
    assert [(p.source, p.target) for p in laid.projections] == [
        ("x", "q"), ("q", "a"), ("k", "a.pair"), ("v", "a.pair"), ("a.pair", "q"),
    ]  # fmt: skip
    plain = replace(network, projections=network.projections[:1])
    assert laid_out(plain, config) is plain


def test_two_pairs_of_a_reader() -> None:
    """Heads of 3 and of 2 words: a core holds 6 together, and each pair has its own name and rows."""
    network, config = attention(2, (96, 1, 2)), chip(16, rows=2)
    into, dynamic = network.projections
    mask = heads_mask(96, 3)[..., None, None].astype(int)
    third = replace(dynamic, weight=mask, dynamic=Pair("k", "v", 3))
    laid = laid_out(replace(network, projections=(into, dynamic, third)), config)
    pairs = pairs_of(laid, "a")
    assert [(p.name, p.words, p.shape[0]) for p in pairs] == [("a.pair", 3, 32), ("a.pair'", 2, 48)]
    assert units_of(laid, "a") == 6
    placement = place(laid, config)
    assert [(p.first, p.groups) for name in ("a", *(p.name for p in pairs)) for p in placement.of(name)] == [
        (0, 6), (0, 2), (0, 3),
    ]  # fmt: skip


def test_a_layer_that_feeds_back_is_laid() -> None:
    network = attention(2, (32, 2, 2))
    back = Projection(source="a", target="q", weight=np.ones((32, 1, 1), int), kind=ALIGNED, delay=1)
    laid = laid_out(replace(network, projections=(*network.projections, back)), chip(16))
    assert [p.name for p in laid.populations] == ["k", "v", "x", "a.pair", "q", "a"]
