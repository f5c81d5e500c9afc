"""From the plain values of JSON to dataclasses and back, as their annotations say: exact types, exactly the
fields, no defaults but of fields that are newer than the files (`spikeplane.later`).

Python takes True for 1 and 3.0 for 3, and a name from a misspelt key's default; a file that says so
has been made by something else.
"""

from dataclasses import fields, is_dataclass
from types import NoneType, UnionType
from typing import Any, Literal, TypeGuard, TypeVar, Union, get_args, get_origin, get_type_hints

from spikeplane.errors import SpikeplaneError
from spikeplane.later import later
from spikeplane.program.kinds import FAMILIES, key
from spikeplane.program.kinds import kind as member

_LARGEST = 1 << 63  #: magnitudes beyond are no numbers of a program
_TEXT = 1000  #: characters of a name at most
T = TypeVar("T")


def made(kind: type[T], plain: Any, where: str, /, **given: Any) -> T:
    """The dataclass `kind` from a dict of its fields less those `given`; a member of a family stands there
    by the field that its family has in files. Raises SpikeplaneError that names the field, its type and what
    the file has."""
    hints = get_type_hints(kind)
    names: dict[str, str] = {}  # of the dataclass, by those of the file
    for name in (f.name for f in fields(kind) if f.name not in given):  # pyright: ignore[reportArgumentType] - a dataclass
        names[key(hints[name], plain) if hints[name] in FAMILIES else name] = name
    for name in later(kind):
        if is_object(plain) and name not in plain:
            names.pop(name, None)
    if not is_object(plain) or set(plain) != set(names):
        found = sorted(set(plain) ^ set(names), key=str) if is_object(plain) else []
        raise SpikeplaneError(f"{where} must have the fields {', '.join(sorted(names))}{_differing(found)}")
    values: dict[str, Any] = {}
    for stored, item in plain.items():
        hint, place = hints[names[stored]], f"{where}, {stored}"
        if hint in FAMILIES:
            item = value(str if stored == "kind" else bool, item, place)
            values[names[stored]] = member(hint, stored, item, place)
        else:
            values[names[stored]] = value(hint, item, place)
    return kind(**values, **given)


def stated(item: Any, less: tuple[str, ...] = ()) -> dict[str, Any]:
    """The inverse, without the fields `less`."""
    found: dict[str, Any] = {}
    newer = later(item)
    for name, one in ((f.name, getattr(item, f.name)) for f in fields(item) if f.name not in less):
        if name in newer and one == newer[name]:
            continue
        if isinstance(one, tuple(FAMILIES)):
            found[one.stored[0]] = one.stored[1]
        else:
            found[name] = stated(one) if is_dataclass(one) else one
    return found


def is_object(plain: Any) -> TypeGuard[dict[str, Any]]:
    """Whether it is what JSON calls an object."""
    return isinstance(plain, dict)


def is_list(plain: Any) -> TypeGuard[list[Any]]:
    """Whether it is what JSON calls an array."""
    return isinstance(plain, list)


def value(hint: Any, plain: Any, where: str) -> Any:
    """One value of an annotated type: int, bool, str, Literal, float, tuple, dataclass, or any of them or None."""
    origin, args = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        return None if plain is None else value(_meant(args, plain), plain, where)
    if is_dataclass(hint) and isinstance(hint, type):
        return made(hint, plain, where)
    if origin is Literal and type(plain) is str and plain in args:
        return plain
    if origin is tuple and is_list(plain) and (args[-1] is Ellipsis or len(plain) == len(args)):
        kinds = [args[0]] * len(plain) if args[-1] is Ellipsis else args
        return tuple(value(kind, item, where) for kind, item in zip(kinds, plain, strict=True))
    if hint in (bool, int, str) and type(plain) is hint and _sane(plain):
        return plain
    if hint is float and isinstance(plain, float | int) and type(plain) is not bool and _sane(plain):
        return float(plain)
    raise SpikeplaneError(f"{where} must be {_wanted(hint)}, not {shown(plain)}")


def _meant(kinds: tuple[Any, ...], plain: Any) -> Any:
    """Of the kinds that a value may have, the first dataclass that has its fields; the first of all where none has."""
    found = [kind for kind in kinds if kind is not NoneType]
    named = set(plain) if is_object(plain) else set[str]()
    same = (kind for kind in found if is_dataclass(kind) and named <= {f.name for f in fields(kind)})
    return next(same, found[0])


def _sane(plain: bool | float | str) -> bool:
    return len(plain) <= _TEXT if isinstance(plain, str) else -_LARGEST <= plain <= _LARGEST


def _wanted(hint: Any) -> str:
    args = get_args(hint)
    if get_origin(hint) is Literal:
        return f"one of {', '.join(args)}"
    if get_origin(hint) is tuple:
        each = {int: "whole numbers", str: "names"}.get(args[0], "values")
        return f"a list of {each}" if args[-1] is Ellipsis else f"{len(args)} {each}"
    words = {bool: "true or false", int: "a whole number", float: "a number"}
    return {**words, str: f"text of up to {_TEXT} characters"}.get(hint, "an object")


def shown(plain: Any) -> str:
    """Any value on part of a line."""
    text = ascii(plain)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _differing(names: list[Any]) -> str:
    return f"; {shown(names[0])} is missing or unknown" if names else ""
