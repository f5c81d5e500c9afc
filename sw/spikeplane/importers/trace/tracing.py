"""What surrounds a trace: nodes that know their module, silence, and the user's line where it fails."""

import logging
import sys
import traceback
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch.fx import traceback as nodes
from torch.overrides import TorchFunctionMode

from spikeplane.importers.trace.places import own_line


class _Lines(TorchFunctionMode):
    """Tells nodes which line of the user's made them; `count`: the functions called."""

    count = 0

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.count += 1
        mark()
        if getattr(func, "__self__", None) is torch.Tensor.data:  # a trace loses what .data gives
            func = torch.Tensor.detach if func.__name__ == "__get__" else func
        return func(*args, **(kwargs or {}))


def mark() -> None:
    """Nodes from now on come from the line that is being run."""
    frames, frame = [], sys._getframe(1)
    while frame is not None:
        frames.append((frame.f_code.co_filename, frame.f_lineno))
        frame = frame.f_back
    nodes.current_meta["custom"] = {"place": own_line(frames[::-1], inside=True)}


@contextmanager
def watched(model: Any) -> Iterator[Any]:
    """While it lasts, nodes of a trace get the stack of modules that they are in; `count` of what it gives are
    the functions called so far."""
    stack: list[tuple[str, type]] = []

    def tell() -> None:
        nodes.current_meta["nn_module_stack"] = {str(place): entry for place, entry in enumerate(stack)}

    def enter(path: str) -> Any:
        def hook(module: Any, _: Any) -> None:
            stack.append((path, type(module)))
            tell()

        return hook

    def leave(*_: Any) -> None:
        stack.pop()
        tell()

    handles = []
    for path, module in model.named_modules():
        handles.append(module.register_forward_pre_hook(enter(path)))
        handles.append(module.register_forward_hook(leave))
    try:
        with nodes.preserve_node_meta(), _Lines() as lines:
            yield lines
    finally:
        for handle in handles:
            handle.remove()


@contextmanager
def quiet() -> Iterator[None]:
    """Without gradients, and without torch's own words on what fails."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with torch.no_grad(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)


def line_of(error: BaseException) -> str:
    """`model.py:12`, where in the user's files an exception comes from; "" if in none."""
    frames = [(f.filename, f.lineno or 0) for f in traceback.extract_tb(error.__traceback__)]
    return own_line(frames)


def own_raise(error: BaseException) -> bool:
    """Whether the user's file raises it itself: what it says is meant for its user."""
    frames = traceback.extract_tb(error.__traceback__)[-1:]
    return bool(own_line([(f.filename, f.lineno or 0) for f in frames]))
