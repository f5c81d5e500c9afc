"""Attention through the compiler: counts are exact integers, and what has no room is refused."""

from dataclasses import replace
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
from attentions import block, spikes
from rich.console import Console

import spikeplane
from spikeplane import Program, SpikeplaneError
from spikeplane.cli.tables import print_tables
from spikeplane.compiler.time_channels import in_channels
from spikeplane.config import ChipConfig, preset
from spikeplane.encoding import Encoding
from spikeplane.estimate.activity import assumed
from spikeplane.estimate.pairs import outer_cycles, with_pairs
from spikeplane.estimate.work import plan
from spikeplane.explain import rows
from spikeplane.float_network import FloatNetwork, Mix
from spikeplane.network import MEMBRANE, Pair

PLANES = Encoding(kind="planes", steps=3)


def compiled(
    net: FloatNetwork, chip: ChipConfig | str = "auto", shape: tuple[int, int, int] = (16, 2, 3)
) -> Program:
    return spikeplane.compile(net, chip=chip, encoding=PLANES, calibration=spikes(shape, 8), progress=False)


def changed(net: FloatNetwork, name: str, **fields: object) -> FloatNetwork:
    """Another neuron of a population."""
    made = tuple(
        replace(p, neuron=replace(p.neuron, **fields)) if p.name == name and p.neuron else p
        for p in net.populations
    )
    return replace(net, populations=made)


def test_counts_are_exact(tmp_path: Path) -> None:
    """A scale of 0.125 and half of it for the decaying input: threshold 0.5 is 8 counts."""
    net = block()
    program = compiled(net)
    reader, a = program.network.projections[3], program.network.population("a")
    assert reader.dynamic == net.projections[3].dynamic
    assert np.unique(reader.weight).tolist() == [0, 1]
    assert a.theta is not None
    assert (a.theta == 8 << reader.pre_shift).all()
    given = {row["population"]: row["given"] for row in program.tables["agreement"]}
    rates = {row["population"]: row["rate_integer"] for row in program.tables["agreement"]}
    assert given["a"] == 100.0
    assert 0.02 < rates["a"] < 0.9
    config = program.config
    assert (config.dynamic_depth, config.dynamic_bits) == (16, 3)
    assert program.tables["mapping"][0]["populations"] == ["k", "v", "a.pair", "q", "a", "out"]
    assert program.tables["mapping"][0]["used"]["dynamic"] == [16, 16]
    program.save(tmp_path / "net.spk")
    again = Program.load(tmp_path / "net.spk")
    assert again.digest == program.digest
    assert [p.name for p in again.laid.populations] == ["in", "k", "v", "a.pair", "q", "a", "out"]


@pytest.mark.parametrize(("channels", "lanes"), [(16, 16), (48, 8)])
def test_lanes_that_heads_lie_on(channels: int, lanes: int) -> None:
    """24 channels a head are no part of 16 lanes and no multiple: "auto" takes 8, on which they are whole words."""
    program = compiled(block((channels, 2, 3)), shape=(channels, 2, 3))
    assert program.config.lanes == lanes


def test_heads_that_no_lanes_meet() -> None:
    with pytest.raises(SpikeplaneError, match="heads of 12 channels do not meet the chip's 16 lanes"):
        compiled(block((24, 2, 3)), shape=(24, 2, 3))


def test_a_network_without_attention_has_no_dynamic_memory() -> None:
    net = block()
    plain = replace(
        net, populations=tuple(p for p in net.populations if p.name in ("in", "a", "out")),
        projections=(replace(net.projections[0], target="a"), net.projections[-1]),
    )  # fmt: skip
    program = compiled(plain)
    assert (program.config.dynamic_depth, program.config.dynamic_bits) == (0, 0)
    assert "dynamic_depth" not in program.config.to_dict()
    assert program.source is not None
    assert program.source.chip.dynamic_depth == 0
    assert program.laid is program.network


def refusal(net: FloatNetwork, chip: ChipConfig | str) -> str:
    with pytest.raises(SpikeplaneError) as caught:
        compiled(net, chip)
    return str(caught.value)


def test_what_has_no_room_is_refused() -> None:
    sizes = {"dynamic_depth": 256, "dynamic_bits": 8}
    small = replace(preset("small"), **sizes)
    narrow = (
        "layer 'a': sums of up to 48 keys, values and queries have no room beside its threshold, reset and bias in "
        "16-bit membranes and 18-bit accumulators, or its channels have factors of several sizes; use a chip with wider "
        "ones, or one factor"
    )
    high = changed(block(), "a", threshold=np.full(16, 5000.0))
    assert refusal(high, small) == narrow
    several = replace(block(), output="a", readout="last")
    gains = several.projections[3].weight * np.linspace(1, 2, 16).reshape(-1, 1, 1, 1)
    projections = (*several.projections[:3], replace(several.projections[3], weight=gains))
    several = changed(
        replace(several, projections=projections, populations=several.populations[:-1]),
        "a",
        kind=MEMBRANE,
        threshold=None,
    )
    assert refusal(several, small) == narrow
    assert refusal(block(), replace(small, weight_bits=1)) == (
        "layer 'a' counts its weights from spikes, which a chip with 1-bit weights does not; use a chip with weight_bits = 2"
    )
    assert refusal(block(), "small").startswith(
        "projection 'q' to 'a' counts its weights from spikes, which needs a chip with dynamic_depth and dynamic_bits"
    )


def test_what_people_are_told() -> None:
    program = compiled(block())
    shown = StringIO()
    print_tables(program, Console(file=shown, width=200))
    assert "16/16" in shown.getvalue()
    assert "dynamic" in shown.getvalue()
    assert ("a", "counted from 'k' and 'v', 2 heads") in [row[:2] for row in rows(block(), {})]
    assert [p.weights for p in program.network.projections] == [256, 256, 256, 0, 960]
    assert program.network.projections[3].pairs == 16 * 8


def test_factors_by_channel_go_into_thresholds() -> None:
    net = block()
    gains = net.projections[3].weight * np.array([1.0, 2.0] * 8).reshape(-1, 1, 1, 1)
    projections = (*net.projections[:3], replace(net.projections[3], weight=gains), net.projections[4])
    program = compiled(replace(net, projections=projections))
    theta = program.network.population("a").theta
    assert theta is not None
    assert (theta >> program.network.projections[3].pre_shift).tolist() == [8, 4] * 8


def test_steps_in_channels_have_heads_of_their_own() -> None:
    """Neurons that mix steps, in front of attention that does not."""
    mix = Mix(np.tril(np.ones((3, 3))) / 2, np.full(3, 0.4))
    net = block()
    for name in "qkv":
        net = changed(net, name, mix=mix, threshold=None)
    net = changed(net, "a", decay=0.0, reset="none")
    folded, _ = in_channels(net, {"in": PLANES})
    (p,) = (p for p in folded.projections if p.dynamic)
    assert isinstance(p.dynamic, Pair)
    assert (p.dynamic.heads, p.weight.shape) == (6, (48, 48, 1, 1))
    mixed = changed(net, "a", mix=mix, threshold=None)
    with pytest.raises(
        SpikeplaneError, match="layer 'a' mixes steps of keys, values and queries, which Spikeplane"
    ):
        in_channels(mixed, {"in": PLANES})


@pytest.mark.parametrize("heads", [1, 2])
def test_an_estimate_counts_the_outer_engine(heads: int) -> None:
    program = compiled(block((32, 2, 3), heads), shape=(32, 2, 3))
    activity = with_pairs(program, assumed(program.network, program.config, 0.25))
    work = {w.part.population: w for w in plan(program, activity).parts}
    lanes, words = program.config.lanes, 2 // heads
    writes = 0.25 * 32 * 6 * words * (1 - 0.75**lanes)
    part = work["a.pair"].part
    assert outer_cycles(program, activity, part) == round(writes) + heads * words**2 * lanes
    assert outer_cycles(program, activity, work["a"].part) == 0
    (target,) = work["q"].targets
    assert target.words == words  # of both groups of A, those of the head
    assert [t.words for t in work["a.pair"].targets] == [0.0]
