"""Options of torch.optim's schedulers that PyTorch has no more (`verbose`), ignored: files that make their optimiser beside
the model still load. No network needs them."""

import functools
import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

#: It printed the rates of training.
_GONE = "verbose"


@contextmanager
def verbose_ignored(used: list[str]) -> Iterator[None]:
    """Schedulers take `verbose` inside where the installed PyTorch's do not. Noted in `used` where a file gives it."""
    from torch.optim import lr_scheduler

    before = {}
    base = lr_scheduler.LRScheduler
    for kind in {k for k in vars(lr_scheduler).values() if inspect.isclass(k) and issubclass(k, base)}:
        own = vars(kind).get("__init__")
        if own is not None and _GONE not in inspect.signature(own).parameters:
            before[kind] = own
            kind.__init__ = _without(own, used)  # type: ignore[misc]
    try:
        yield
    finally:
        for kind, own in before.items():
            kind.__init__ = own  # type: ignore[misc]


def _without(own: Callable[..., None], used: list[str]) -> Callable[..., None]:
    @functools.wraps(own)
    def __init__(self: Any, *arguments: Any, **options: Any) -> None:
        if (
            options.pop(_GONE, None) is not None
            and (note := f"{_GONE} of torch.optim's schedulers") not in used
        ):
            used.append(note)
        own(self, *arguments, **options)

    return __init__
