"""Heads of attention whose channels lie on no core's lanes get channels that never fire, and the attention is the model's."""

import numpy as np
import pytest
from test_import_idioms import proved
from token_nets import transformer

from spikeplane.importers import import_model
from spikeplane.importers.heads import laid_out


@pytest.mark.parametrize(("channels", "heads", "wide"), [(24, 2, 16), (12, 2, 8), (60, 3, 24), (9, 3, 4)])
def test_longer_heads(channels: int, heads: int, wide: int) -> None:
    put = laid_out(channels, heads)
    assert put is not None
    assert put.shape == (heads * wide, channels)
    size = channels // heads
    for head in range(heads):
        part = put[head * wide : (head + 1) * wide, head * size : (head + 1) * size]
        assert np.array_equal(part, np.eye(wide, size))
    assert put.sum() == channels


@pytest.mark.parametrize(
    ("channels", "heads"), [(8, 2), (32, 2), (16, 2), (64, 2), (48, 2), (80, 2), (12, 1), (20, 1), (6, 6)]
)
def test_heads_that_lie_on_lanes(channels: int, heads: int) -> None:
    assert laid_out(channels, heads) is None


def test_heads_of_6(monkeypatch: pytest.MonkeyPatch) -> None:
    net = import_model(transformer(6, 2, (2, 3), 3), input_shape=(2, 2, 3), input_bits=1, input_steps=True)
    assert proved(net, monkeypatch) > 10_000
    (attention,) = [p for p in net.projections if p.dynamic]
    assert attention.dynamic is not None
    shapes = {p.name: p.shape for p in net.populations}
    laid = (attention.source, attention.target, *attention.dynamic.names)
    assert {shapes[name] for name in laid} == {(16, 2, 3)}
    assert shapes["blocks.0.attends"] == (12, 2, 3)
    assert [(a.what, a.value) for a in net.assumptions if a.what == "heads"] == [("heads", "6 channels as 8")]
