"""How the members of closed families stand in a program's header: each by a field and a value of its own."""

from typing import Any

from spikeplane.errors import SpikeplaneError
from spikeplane.network import KINDS, NEURONS, NeuronKind, ProjectionKind

#: By the type of a dataclass's field the kinds that it takes, by field and value in the file.
FAMILIES: dict[Any, dict[str, Any]] = {ProjectionKind: KINDS, NeuronKind: NEURONS}


def key(family: Any, plain: Any) -> str:
    """The field that names the kind in `plain`: "kind", if there are kinds that are named so, or else the
    one that is older than it."""
    keys = [kind.stored[0] for kind in FAMILIES[family].values()]
    return "kind" if "kind" in keys and isinstance(plain, dict) and "kind" in plain else keys[0]


def kind(family: Any, key: str, plain: Any, where: str) -> Any:
    """The kind that is named `plain` there. Raises SpikeplaneError if there is none."""
    kinds = {one.stored: one for one in FAMILIES[family].values()}
    if (key, plain) not in kinds:
        raise SpikeplaneError(
            f"{where} must be one of {', '.join(str(v) for k, v in kinds if k == key)}, not {plain!r}"
        )
    return kinds[key, plain]
