"""Where in the user's files a node comes from, and in which module."""

import re
from pathlib import Path
from typing import Any

#: Models that a framework ships are their users' as much as their own.
_SHIPPED = re.compile(r"[/\\]spikingjelly[/\\]activation_based[/\\](model|examples)[/\\]")
_MODULE = ("torch/nn/modules/module.py", "torch\\nn\\modules\\module.py")
_FRAME = re.compile(r'File "([^"]+)", line (\d+), in ')
_LIBRARIES = re.compile(
    r"[/\\](torch|spikingjelly|snntorch|spikeplane)[/\\]|^<|[/\\]lib[/\\]python[\d.]+[/\\](?!site-packages)"
)


def place(node: Any) -> str:
    """`model.py:12`: the innermost line that is no library's, or "" where all are."""
    return (node.meta.get("custom") or {}).get("place") or own_line(
        _FRAME.findall(node.meta.get("stack_trace") or "")
    )


def own_line(frames: list[Any], *, inside: bool = False) -> str:
    """Of (file, line) from the outermost on: the innermost that is no library's, as `model.py:12`.
    inside: of those that a module's call has led to."""
    if inside:
        calls = [place for place, (file, _) in enumerate(frames) if file.endswith(_MODULE)]
        frames = frames[calls[0] :] if calls else []
    own = [frame for frame in frames if not _LIBRARIES.search(frame[0])]
    own = own or [frame for frame in frames if _SHIPPED.search(frame[0])]
    return f"{Path(own[-1][0]).name}:{own[-1][1]}" if own else ""


def line_of_forward(module: Any) -> str:
    """`model.py:12`, where the class says what its forward does; "" for a library's, and without a file."""
    code = getattr(getattr(type(module), "forward", None), "__code__", None)
    return own_line([(code.co_filename, code.co_firstlineno)]) if code is not None else ""


def module_of(node: Any) -> tuple[str, str]:
    """Path and class of the innermost module that the node is in; "" for the model itself, and
    where the trace does not say."""
    stack = list((node.meta.get("nn_module_stack") or {}).values())
    if not stack:
        return "", ""
    path, kind = stack[-1]
    return str(path), kind if isinstance(kind, str) else f"{kind.__module__}.{kind.__qualname__}"


def layer_of(node: Any) -> str:
    """The name that messages call the node by: its layer's path, or the operator's own name where
    the model's forward calls it."""
    if operator_of(node) == "layer":
        return str(node.args[4])
    path, kind = module_of(node)
    library = kind.startswith(("torch.nn.", "spikingjelly.", "snntorch."))
    return path if path and library and ".container." not in kind else node.name


def operator_of(node: Any) -> str:
    """The operator's name as users write it: `max_pool2d`."""
    target = node.target
    name = target.name() if hasattr(target, "_schema") else getattr(target, "__name__", str(target))
    return name.split("::")[-1].split(".")[0].strip("_")
