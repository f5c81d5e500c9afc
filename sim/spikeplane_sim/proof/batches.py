"""A model whose forward names how many samples it takes: the trial in calls of so many."""

from collections.abc import Callable

import numpy as np
import torch

Tensor = torch.Tensor
#: (planes, driven) -> outputs by population, all (N, T, C, H, W).
Run = Callable[[dict[str, np.ndarray], dict[str, Tensor]], dict[str, Tensor]]


def in_batches(
    run: Run, planes: dict[str, np.ndarray], driven: dict[str, Tensor], batch: int | None
) -> dict[str, Tensor]:
    """What `run` gives for all samples, handed to it `batch` at a time; silence fills the last call up.
    None: all at once."""
    if batch is None:
        return run(planes, driven)
    count = len(next(iter(planes.values())))
    parts = []
    for first in range(0, count, batch):
        some = {name: _filled(torch.as_tensor(v), first, batch).numpy() for name, v in planes.items()}
        parts.append(run(some, {name: _filled(v, first, batch) for name, v in driven.items()}))
    return {name: torch.cat([part[name] for part in parts])[:count] for name in parts[0]}


def _filled(values: Tensor, first: int, batch: int) -> Tensor:
    """`batch` samples from `first` on, with zeros behind the last."""
    some = values[first : first + batch]
    return torch.cat([some, some.new_zeros(batch - len(some), *some.shape[1:])])
