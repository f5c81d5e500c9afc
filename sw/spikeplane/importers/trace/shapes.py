"""Operators that move nothing: reshapes, permutations, slices of channels, stacks of steps."""

from dataclasses import replace
from typing import Any

from spikeplane.importers.trace import channels
from spikeplane.importers.trace.axes import SAMPLES, STEPS, Atom, Cut, Dims, reshaped
from spikeplane.importers.trace.items import Bent, Held, Item, Matrix, Reduced, Slots, Sum, dims_of
from spikeplane.importers.trace.operation import Operation, Rule
from spikeplane.importers.trace.selections import chosen
from spikeplane.importers.trace.stacks import slot


def same(operation: Operation) -> Any:
    """What goes in."""
    return operation.args["self"] if "self" in operation.args else operation.args["input"]


def copied(operation: Operation) -> Any:
    """What is put in the place of a whole tensor."""
    return operation.args["src"]


def nothing(_: Operation) -> None:
    """A check that holds."""


def dropped(operation: Operation) -> Any:
    """A dropout in inference."""
    if operation.args.get("train") or operation.args.get("training"):
        raise operation.unlike(
            "a dropout that is on in inference", "use nn.Dropout, or pass training=self.training"
        )
    operation.made.assume(operation.layer, "dropout", "removed", "inference")
    return operation.args["input"]


def viewed(operation: Operation) -> Any:
    """A reshape: boundaries of dimensions fall between axes, or inside channels."""
    thing = _plain(operation)
    try:
        made = _with(thing, reshaped(dims_of(thing), operation.shape))
        return channels.ordered(operation, made) if isinstance(made, Item) else made
    except Cut:
        shape = "x".join(map(str, operation.shape))
        raise operation.unlike(
            f"a {operation.name} that mixes samples, steps, channels and pixels (to {shape})",
            "flatten all that is behind the samples, or keep the dimensions apart",
        ) from None


def _plain(operation: Operation) -> Any:
    thing = operation.args["self"]
    if isinstance(thing, Item | Held | Reduced | Sum | Matrix | Bent):
        return thing
    return operation.item("self")


def _with(thing: Any, dims: Dims) -> Any:
    """The same with other dimensions."""
    if isinstance(thing, Reduced | Bent):
        return replace(thing, item=replace(thing.item, dims=dims))
    if isinstance(thing, Sum):
        return Sum(tuple((factor, replace(item, dims=dims)) for factor, item in thing.terms))
    return replace(thing, dims=dims)


def permuted(operation: Operation) -> Any:
    """Dimensions in another order."""
    thing, args = _plain(operation), operation.args
    dims = list(dims_of(thing))
    count = len(dims)
    if operation.name == "permute":
        dims = [dims[d % count] for d in args["dims"]]
    elif operation.name in ("t", "numpy_T"):
        dims = dims[::-1]
    elif operation.name == "mT":
        dims[-2:] = dims[:-3:-1]
    elif operation.name in ("movedim", "moveaxis"):
        source, target = [_list(args[n]) for n in ("source", "destination")]
        rest = [d for d in range(count) if d not in [s % count for s in source]]
        for t, s in sorted((t % count, s % count) for s, t in zip(source, target, strict=True)):
            rest.insert(t, s)
        dims = [dims[d] for d in rest]
    else:
        names = ("axis0", "axis1") if "axis0" in args else ("dim0", "dim1")
        one, other = (args[n] % count for n in names)
        dims[one], dims[other] = dims[other], dims[one]
    return _with(thing, tuple(dims))


def _list(value: Any) -> list[int]:
    return list(value) if isinstance(value, list | tuple) else [value]


def unsqueezed(operation: Operation) -> Any:
    """A dimension of 1 more."""
    thing = _plain(operation)
    dims = list(dims_of(thing))
    dims.insert(operation.args["dim"] % (len(dims) + 1), ())
    return _with(thing, tuple(dims))


def squeezed(operation: Operation) -> Any:
    """Dimensions of 1 less."""
    thing = _plain(operation)
    dims = dims_of(thing)
    given = operation.args.get("dim")
    chosen = range(len(dims)) if given is None else [d % len(dims) for d in _list(given)]
    return _with(thing, tuple(e for d, e in enumerate(dims) if d not in chosen or e))


def repeated(operation: Operation) -> Any:
    """Copies of the input, the same in every step: an axis of steps."""
    item = operation.item("self")
    shape = operation.shape
    dims = [()] * (len(shape) - len(item.dims)) + list(item.dims)
    names = ("repeats",) if operation.name == "repeat" else ("size",)
    given = list(operation.args[names[0]])
    for place, (size, d) in enumerate(zip(shape, dims, strict=True)):
        times = given[place] if operation.name == "repeat" else (1 if d or size == 1 else size)
        if times in (1, -1):
            continue
        if d or not _constant(item) or item.all_steps:
            raise operation.unlike(
                f"a {operation.name} of values", "repeat the input over the steps, in a dimension of its own"
            )
        dims[place] = (Atom(STEPS, times),)
    return Item(item.value, tuple(dims), item.step)


def _constant(item: Item) -> bool:
    """Whether the value may be the same in every step: not one step's."""
    return item.step is None


def selected(operation: Operation) -> Any:
    """One step of all, or one channel."""
    if isinstance(operation.args["self"], Slots):
        return slot(operation, operation.args["self"])
    thing, args = _plain(operation), operation.args
    dims = dims_of(thing)
    d, index = args["dim"] % len(dims), args["index"]
    atoms = dims[d]
    if isinstance(thing, Item) and len(atoms) == 1 and atoms[0].axis == STEPS:
        return Item(thing.value, dims[:d] + dims[d + 1 :], index % atoms[0].size)
    if isinstance(thing, Held) and len(atoms) == 1 and atoms[0].axis == STEPS:
        over = "last" if index % atoms[0].size == atoms[0].size - 1 else "one"
        return replace(thing, dims=dims[:d] + dims[d + 1 :], over=over)
    if not atoms:
        return _with(thing, dims[:d] + dims[d + 1 :])
    if any(a.axis == SAMPLES for a in atoms):
        raise operation.unlike("an index into samples", "hand the model all samples, and keep them apart")
    return channels.picked(operation, operation.item("self"), d, index % max(1, _size(atoms)), 1, drop=True)


def _size(atoms: Any) -> int:
    size = 1
    for atom in atoms:
        size *= atom.size
    return size


def sliced(operation: Operation) -> Any:
    """A part of the channels, or all of a dimension."""
    thing, args = _plain(operation), operation.args
    dims = dims_of(thing)
    d = args["dim"] % len(dims)
    size = _size(dims[d])
    places = range(size)[slice(args["start"], args["end"], args["step"])]
    if len(places) == size:
        return thing
    if any(a.axis in (STEPS, SAMPLES) for a in dims[d]):
        what = "steps" if any(a.axis == STEPS for a in dims[d]) else "samples"
        raise operation.unlike(f"a part of the {what}", "take all of them")
    if args["step"] != 1:
        return chosen(operation, operation.item("self"), d, list(places))
    return channels.picked(operation, operation.item("self"), d, places.start, len(places), drop=False)


def split(operation: Operation) -> tuple[Any, ...]:
    """Parts of a dimension: channels in slices, or one step each."""
    item, args = operation.item("self"), operation.args
    d = args["dim"] % len(item.dims)
    size = _size(item.dims[d])
    if operation.name == "unbind":
        named = [replace(operation, args={"self": item, "dim": d, "index": i}) for i in range(size)]
        return tuple(selected(n) for n in named)
    if operation.name == "split_with_sizes" or isinstance(args.get("split_sizes"), list):
        parts = list(args["split_sizes"])
    else:
        part = args["split_size"] if "split_size" in args else -(-size // args["chunks"])
        parts = [min(part, size - at) for at in range(0, size, part)]
    starts = [sum(parts[:i]) for i in range(len(parts))]
    named = [
        replace(operation, args={"self": item, "dim": d, "start": at, "end": at + n, "step": 1})
        for at, n in zip(starts, parts, strict=True)
    ]
    return tuple(sliced(n) for n in named)


RULES: dict[str, Rule] = {
    **dict.fromkeys(("detach", "clone", "contiguous", "alias", "lift_fresh_copy", "detach_copy"), same),
    **dict.fromkeys(("dropout", "feature_dropout", "alpha_dropout", "feature_alpha_dropout"), dropped),
    **dict.fromkeys(("view", "reshape", "unsafe_view", "flatten", "unflatten", "view_copy"), viewed),
    **dict.fromkeys(
        ("permute", "transpose", "t", "numpy_T", "mT", "movedim", "moveaxis", "swapaxes", "swapdims"),
        permuted,
    ),
    "assert_tensor_metadata": nothing,
    "unsqueeze": unsqueezed,
    "squeeze": squeezed,
    **dict.fromkeys(("repeat", "expand"), repeated),
    "select": selected,
    "copy": copied,
    "slice": sliced,
    **dict.fromkeys(("split", "chunk", "split_with_sizes", "unbind", "tensor_split"), split),
}
