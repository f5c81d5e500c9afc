"""Units: what a chip holds between its host link and its cores. What the chip's configuration knows of them.

A unit is a field of `ChipConfig`: its name is the table in the TOML file, its value the unit's own
configuration, None on a chip without it. Fields are marked by `unit`, and sizes of the chip that
only a unit uses by `size_of`; whoever needs to know which units a chip has asks `ChipConfig.units`.
The other half, components and pins, is `spikeplane_gateware.units`.
"""

from dataclasses import field, fields
from typing import Any, Protocol, Self

from spikeplane.errors import SpikeplaneError


class UnitConfig(Protocol):
    """The fixed sizes of one unit: a frozen dataclass that raises SpikeplaneError for what is out of range."""

    @property
    def title(self) -> str:
        """What it is, in a list of boards: "400x250 spike camera"."""
        ...

    @property
    def summary(self) -> str:
        """Its sizes, in one line behind its name."""
        ...

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """From the TOML table. Raises SpikeplaneError for unknown keys and bad values."""
        ...


def unit(kind: type[UnitConfig]) -> Any:
    """A field that holds a unit's configuration of that class, or None: no such unit."""
    return field(default=None, metadata={"kind": kind})


def size_of(name: str, low: int, high: int) -> Any:
    """A field that holds a size of the chip which only the unit of that name uses: from `low` to
    `high`, or 0, its default."""
    return field(default=0, metadata={"owner": name, "range": (low, high)})


def unit_fields(config: Any) -> dict[str, type[UnitConfig]]:
    """By name the class of every unit that a `ChipConfig`, or one of its kind, can hold."""
    return {one.name: one.metadata["kind"] for one in fields(config) if "kind" in one.metadata}


def check_units(config: Any) -> None:
    """Raises SpikeplaneError for a unit that is no table, and for sizes out of range or of a unit that is
    not there."""
    for name, kind in unit_fields(config).items():
        value = getattr(config, name)
        if value is not None and not isinstance(value, kind):
            raise SpikeplaneError(
                f"chip configuration: {name} must be a table [{name}] (a {kind.__name__}), not {value!r}"
            )
    for one in fields(config):
        if "owner" in one.metadata:
            _check_size(one.name, getattr(config, one.name), *one.metadata["range"])
            owner = one.metadata["owner"]
            if getattr(config, one.name) and getattr(config, owner) is None:
                raise SpikeplaneError(
                    f"chip configuration: {one.name} = {getattr(config, one.name)} needs a {owner}; "
                    f"add a table [{owner}]"
                )


def _check_size(name: str, value: Any, low: int, high: int) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or value and not low <= value <= high:
        raise SpikeplaneError(
            f"chip configuration: {name} must be 0 or an integer from {low} to {high}, not {value!r}"
        )


def absent(config: Any) -> list[str]:
    """The fields of units that the chip does not have: they stand in no file."""
    missing = [name for name in unit_fields(config) if getattr(config, name) is None]
    return [one.name for one in fields(config) if {one.name, one.metadata.get("owner")} & set(missing)]


def read_units(config: type, values: dict[str, Any]) -> dict[str, Any]:
    """The fields of a configuration's class with every unit's table read. Raises SpikeplaneError."""
    read = dict(values)
    for name, kind in unit_fields(config).items():
        if isinstance(read.get(name), dict):
            read[name] = kind.from_dict(read[name])
    return read
