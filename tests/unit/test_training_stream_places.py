"""Which projections are streamed, where they lie on a core, and what is refused, by name and number."""

from dataclasses import replace

import numpy as np
import pytest
from two_core_networks import NETWORKS, dense, inputs, network, neurons, readout

from spikeplane.config import ChipConfig
from spikeplane.errors import SpikeplaneError
from spikeplane.train import LearningNetwork, Optimiser
from spikeplane.train.driver import prepared
from spikeplane.train.image import TrainingImage
from spikeplane.train.streams import can_stream, whole_steps
from spikeplane.training import TrainingConfig

SIZES = {"stream_steps": 64, "stream_sources": 256, "stream_targets": 8, "gradient_depth": 256}


def image(
    net: LearningNetwork, samples: int = 4, steps: int = 3, acc_depth: int = 64, **sizes: int
) -> TrainingImage:
    training = TrainingConfig(streamed=True, **{**SIZES, **sizes})  # type: ignore[arg-type]
    chip = ChipConfig(
        rows=1,
        cols=1,
        lanes=8,
        weight_bits=16,
        weight_depth=1024,
        acc_depth=acc_depth,
        projections=64,
        training=training,
    )
    return prepared(net, chip, Optimiser(), batch=samples, steps=steps)


def case(name: str) -> LearningNetwork:
    return NETWORKS[name](np.random.default_rng(0)).network


@pytest.mark.parametrize(
    ("name", "streamed"),
    [
        ("readout", {"bias->out"}),  # values of two bits are stored
        ("hidden", {"in->a", "a->out"}),
        ("frozen middle", {"in->a", "b->out"}),
        ("convolution", {"b->out"}),
        ("split pixels", {"a->out", "b->out"}),
    ],
)
def test_dense_layers_of_spikes_that_learn_are_streamed(name: str, streamed: set[str]) -> None:
    plain = case(name)
    for net in (plain, replace(plain, projections=plain.projections[::-1])):
        assert {p.name for p in net.projections if can_stream(net, p)} == streamed
        kept = image(net).kept
        assert {net.projections[tag].name for tag, parts in kept.items() if parts[0].stream} == streamed
        stored = [tag for tag, p in enumerate(net.projections) if p.trained and p.name not in streamed]
        others = [parts[0].first for tag, parts in kept.items() if tag not in stored]
        assert max((kept[tag][0].first for tag in stored), default=-1) < min(others)


def test_pooled_sources_are_stored() -> None:
    r = np.random.default_rng(1)
    net = network([inputs((1, 4, 4)), readout(3)], [dense(r, "in", "out", (3, 1, 2, 2), pool=(2, 2))])
    assert not can_stream(net, net.projections[0])


def test_places_do_not_overlap() -> None:
    net = case("branches")
    found = [kept for parts in image(net).kept.values() for kept in parts]
    columns = [set(range(k.stream.column, k.stream.column + k.stream.columns)) for k in found if k.stream]
    assert len(set.union(*columns)) == sum(map(len, columns)) == 3 * 16 + 16 + 2 * 7 + 8
    assert {k.stream.history for k in found if k.stream} == {64, 64 + 2 * 64, 64 + 3 * 64, 64 + 4 * 64}


@pytest.mark.parametrize(
    ("name", "sizes", "message"),
    [
        (
            "hidden",
            {"samples": 22},
            "a batch of 22 samples of 3 steps takes 66 steps of streamed gradients, and the chip has stream_steps = 64; "
            "set stream_steps = 96, or use smaller batches",
        ),
        ("hidden", {"stream_sources": 16}, "projection in->a needs words 0 to 23 of the stream_sources memory of core (0, 0), which"),
        ("hidden", {"stream_targets": 2}, "population 'a' needs words 0 to 2 of the stream_targets memory of core (0, 0), which has 2"),
        ("convolution", {"gradient_depth": 0}, "projection in->a needs words 0 to 17 of the gradient memory of core (0, 0), which has"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused(name: str, sizes: dict[str, int], message: str) -> None:
    image(case(name))
    with pytest.raises(SpikeplaneError) as caught:
        image(case(name), **sizes)
    assert message in str(caught.value)


def test_the_word_where_gradients_are_added_up_is_nobodys() -> None:
    r = np.random.default_rng(2)
    for neurons_ in (16 * 8 - 16, 16 * 8 - 8):  # 16 words: the readout has one, sums one
        net = network(
            [inputs((4, 1, 1)), neurons("a", (neurons_, 1, 1)), readout(3)],
            [dense(r, "in", "a", (neurons_, 4)), dense(r, "a", "out", (3, neurons_))],
        )
        if neurons_ == 112:
            image(net, acc_depth=16, stream_targets=32, gradient_depth=0)
        else:
            with pytest.raises(SpikeplaneError, match="of the acc memory of core"):
                image(net, acc_depth=16, stream_targets=32, gradient_depth=0)


def test_a_longer_batch_takes_whole_chunks() -> None:
    assert [whole_steps(samples, 4) for samples in (1, 8, 9, 64)] == [32, 32, 64, 256]
    assert replace(TrainingConfig(streamed=True), stream_steps=whole_steps(9, 4)).stream_steps == 64
