"""A projection as the plain fields of a program's header, its weight left out; its kind by the field and
value that the kind states."""

from dataclasses import fields, replace
from typing import Any, TypeVar

import numpy as np

from spikeplane.errors import SpikeplaneError
from spikeplane.float_network import FloatProjection
from spikeplane.network import DENSE, KINDS, Projection
from spikeplane.program.plain import is_object, made, shown

P = TypeVar("P", Projection, FloatProjection)


def to_plain(projection: Projection | FloatProjection) -> dict[str, Any]:
    """The fields in their order."""
    plain: dict[str, Any] = {}
    for name in (field.name for field in fields(projection) if field.name != "weight"):
        key, value = projection.kind.stored if name == "kind" else (name, getattr(projection, name))
        plain[key] = value
    return plain


def from_plain(made_of: type[P], plain: Any, where: str, weight: np.ndarray) -> P:
    """The inverse. Raises SpikeplaneError for what is no projection of a known kind."""
    kinds = {kind.stored: kind for kind in KINDS.values()}
    key = "kind" if is_object(plain) and "kind" in plain and len(kinds) > 2 else "aligned"
    hint = bool if key == "aligned" else str
    projection = made(made_of, plain, where, {key: hint}, weight=weight, kind=DENSE)
    kind = kinds.get((key, plain[key]))
    if kind is None:
        tags = ", ".join(str(value) for name, value in kinds if name == key)
        raise SpikeplaneError(f"{where}, {key} must be one of {tags}, not {shown(plain[key])}")
    return replace(projection, kind=kind)
