"""einops' rearrange, repeat and reduce, for files whose einops is missing: as reshapes and permutations."""

import re
from math import prod
from typing import Any

from spikeplane.errors import SpikeplaneError
from spikeplane.importers.published.names import stands_in

Groups = list[list[str]]


def _groups(side: str) -> Groups:
    """The axes of each dimension: "b (h w) 1" is [b], [h, w], []."""
    parts = re.findall(r"\([^)]*\)|\S+", side)
    return [[n for n in part.strip("()").split() if n != "1"] for part in parts]


def _sizes(shape: tuple[int, ...], groups: Groups, known: dict[str, int]) -> dict[str, int]:
    """The size of each axis. Raises ValueError where the pattern does not fit: a trace
    tries other shapes of the input then."""
    if len(shape) != len(groups):
        raise ValueError(f"einops: the pattern has {len(groups)} dimensions, the tensor {len(shape)}")
    sizes = dict(known)
    for size, names in zip(shape, groups, strict=True):
        open_ = [n for n in names if n not in sizes]
        rest = prod(sizes[n] for n in names if n in sizes)
        if len(open_) > 1 or size % rest or (not open_ and size != rest):
            raise ValueError(f"einops: a dimension of {size} is not {' x '.join(names) or '1'}")
        if open_:
            sizes[open_[0]] = size // rest
    return sizes


def _changed(x: Any, pattern: str, how: str, known: dict[str, int]) -> Any:
    if "..." in pattern or isinstance(x, list):
        raise SpikeplaneError(f"einops is not installed here, and '{pattern}' needs it; install einops")
    left, right = (_groups(side) for side in pattern.split("->"))
    before, after = ([n for g in side for n in g] for side in (left, right))
    sizes = _sizes(tuple(x.shape), left, known)
    x = x.reshape([sizes[n] for n in before])
    gone = [i for i, n in enumerate(before) if n not in after]
    if gone:
        if how not in ("mean", "sum", "max", "min"):
            raise SpikeplaneError(f"einops: '{pattern}' loses {before[gone[0]]}")
        x = getattr(x, f"a{how}" if how in ("max", "min") else how)(dim=gone)
        before = [n for n in before if n in after]
    new = [n for n in after if n not in before]
    x = x.permute([before.index(n) for n in after if n in before])
    for place, name in enumerate(after):
        x = x.unsqueeze(place) if name in new else x
    if new:
        x = x.expand([sizes[n] for n in after])
    return x.reshape([prod(sizes[n] for n in g) for g in right])


def rearrange(x: Any, pattern: str, **known: int) -> Any:
    """Axes in another order and grouping."""
    return _changed(x, pattern, "", known)


def repeat(x: Any, pattern: str, **known: int) -> Any:
    """New axes, along which values repeat."""
    return _changed(x, pattern, "", known)


def reduce(x: Any, pattern: str, reduction: str, **known: int) -> Any:
    """Without some axes: their mean, sum, max or min."""
    return _changed(x, pattern, reduction, known)


@stands_in("einops", "einops.einops")
def functions() -> dict[str, Any]:
    """The functions."""
    return {"rearrange": rearrange, "repeat": repeat, "reduce": reduce}


@stands_in("einops.layers", "einops.layers.torch")
def layers() -> dict[str, Any]:
    """The same as layers."""
    from torch import nn

    class Rearrange(nn.Module):
        """`rearrange` of its input."""

        def __init__(self, pattern: str, **known: int) -> None:
            super().__init__()
            self.pattern, self.known = pattern, known

        def forward(self, x: Any) -> Any:
            return _changed(x, self.pattern, "", self.known)

    class Reduce(Rearrange):
        """`reduce` of its input."""

        def __init__(self, pattern: str, reduction: str, **known: int) -> None:
            super().__init__(pattern, **known)
            self.reduction = reduction

        def forward(self, x: Any) -> Any:
            return _changed(x, self.pattern, self.reduction, self.known)

    return {"Rearrange": Rearrange, "Reduce": Reduce}
