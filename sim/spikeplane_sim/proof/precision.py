"""A model in float64, whatever precision its forward asks for: `x.float()` and `torch.zeros(n)` are float64
too, because the model was trained where they change nothing."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch.overrides import TorchFunctionMode


class _Doubled(TorchFunctionMode):
    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func is torch.Tensor.float:
            func = torch.Tensor.double
        named = {name: _double(value) for name, value in (kwargs or {}).items()}
        return func(*(_double(value) for value in args), **named)


def _double(value: Any) -> Any:
    return torch.float64 if value is torch.float32 else value


@contextmanager
def doubled() -> Iterator[None]:
    """While it lasts, what asks for float32 gets float64."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        with _Doubled():
            yield
    finally:
        torch.set_default_dtype(before)
