"""Values of fewer channels or pixels beside those of more: which place of the one every place of the other is,
against torch's own broadcasting, over random shapes and reshapes."""

import numpy as np
import pytest
import torch

from spikeplane.importers.trace.axes import CHANNELS, COLUMNS, ROWS, Atom, Dims
from spikeplane.importers.trace.broadcast import _places, _shape


def numbered(shape: tuple[int, int, int]) -> torch.Tensor:
    return torch.arange(int(np.prod(shape))).reshape(shape)


@pytest.mark.parametrize("seed", range(12))
def test_heads(seed: int) -> None:
    """A gate of each head and pixel, of each head, or of each place in a head, beside all channels in heads."""
    rng = np.random.default_rng(seed)
    heads, width, rows, columns = (int(n) for n in rng.integers(2, 5, 4))
    whole = (heads * width, rows, columns)
    dims: Dims = (
        (Atom(CHANNELS, heads, width),), (Atom(CHANNELS, width),), (Atom(ROWS, rows), Atom(COLUMNS, columns)),
    )  # fmt: skip
    pixels = (Atom(ROWS, rows), Atom(COLUMNS, columns))
    cases: list[tuple[tuple[int, int, int], Dims, list[int]]] = [
        ((heads, rows, columns), ((Atom(CHANNELS, heads),), (), pixels), [heads, 1, rows * columns]),
        ((heads, 1, 1), ((Atom(CHANNELS, heads),), (), ()), [heads, 1, 1]),
        ((width, 1, 1), ((), (Atom(CHANNELS, width),), ()), [1, width, 1]),
        ((1, rows, columns), ((), (), pixels), [1, 1, rows * columns]),
        (
            (heads * width, 1, 1),
            ((Atom(CHANNELS, heads, width),), (Atom(CHANNELS, width),), ()),
            [heads, width, 1],
        ),
    ]
    assert _shape(dims) == whole
    for source, own, seen in cases:
        places = _places(dims, own, whole, source)
        assert places is not None
        want = numbered(source).reshape(seen).expand(heads, width, rows * columns).reshape(whole)
        got = numbered(source)[places[0]][:, places[1]][:, :, places[2]]
        assert torch.equal(got, want)


def test_other_axes() -> None:
    dims: Dims = ((Atom(CHANNELS, 3),), (Atom(ROWS, 4),), (Atom(COLUMNS, 4),))
    turned: Dims = ((Atom(CHANNELS, 3),), (Atom(COLUMNS, 4),), (Atom(ROWS, 4),))
    assert _places(dims, turned, (3, 4, 4), (3, 4, 4)) is None
    assert _shape(((Atom(CHANNELS, 2, 2),), (Atom(CHANNELS, 3),))) is None
