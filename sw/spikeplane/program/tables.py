"""The tables of a program: rows of plain values for people, and the columns that commands and
reports count on."""

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from spikeplane.errors import SpikeplaneError
from spikeplane.formats.tables import Memory
from spikeplane.program.plain import is_list, is_object

if TYPE_CHECKING:
    from spikeplane.program.program import Program

ACTIVITY = "activity"  #: the table of spikes that compiling counted: estimates read it, pages leave it out
_LARGEST, _TEXT, _DEPTH = 1 << 62, 10_000, 4  #: of numbers, of characters of a text, of lists in lists


def _text(value: Any) -> bool:
    return isinstance(value, str)


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _maybe(kind: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: value is None or kind(value)


def _list(kind: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: is_list(value) and all(kind(item) for item in value)


def _pair(value: Any) -> bool:
    return is_list(value) and len(value) == 2 and all(_count(item) for item in value)


def _used(value: Any) -> bool:
    names = [*(memory.name.lower() for memory in Memory), "acc", "membrane"]
    return (
        is_object(value)
        and set(value) - {"dynamic", "table"} == set(names)
        and all(_pair(pair) for pair in value.values())
    )


#: Columns by table: what they hold, and whether every row has them. There may be others, of any plain values.
_COLUMNS: dict[str, dict[str, tuple[Callable[[Any], bool], bool]]] = {
    "assumptions": {"layer": (_text, True), "what": (_text, True), "value": (_text, True), "why": (_text, True)},
    "quantisation": {
        "population": (_text, True), "weight_bits": (_count, True), "guard": (_count, True), "scale_low": (_number, True),
        "scale_high": (_number, True),
        "clipped": (_number, True), "error": (_number, True), "leak": (_text, True), "agreement": (_maybe(_number), False),
        "rate": (_number, False),
    },
    "bounds": {
        "population": (_text, True), "low": (_number, True), "high": (_number, True), "bits": (_count, True), "available": (_count, True),
    },
    "mapping": {"core": (_pair, True), "populations": (_list(_text), True), "used": (_used, True)},
    "calibration": {"samples": (_count, True), "accuracy_float": (_number, False), "accuracy_integer": (_number, False)},
    "import": {"source": (_text, True), "data": (_text, True)},
    "agreement": {
        "population": (_text, True), "differences": (_maybe(_count), True), "ties": (_maybe(_count), True), "compared": (_count, True),
        "given": (_maybe(_number), True), "free": (_maybe(_number), True), "rate_float": (_maybe(_number), True),
        "rate_integer": (_maybe(_number), True),
    },
    "activity": {
        "population": (_text, False), "spikes": (_list(_number), False), "packets": (_list(_number), False), "lanes": (_count, False),
        "reach": (_list(_number), False),
    },
}  # fmt: skip


def check_tables(program: "Program") -> None:
    """Raise SpikeplaneError unless every table is a list of rows of plain values, and the known
    ones hold what is read from them."""
    tables: Any = program.tables  # of a file, whatever it holds
    if not is_object(tables):
        raise SpikeplaneError("its tables must be an object")
    for name, rows in tables.items():
        if not name or not is_list(rows) or not all(is_object(row) and _plain(row, _DEPTH) for row in rows):
            raise SpikeplaneError(f"its table {name[:60]!a} must be a list of rows of plain values")
        for column, (kind, needed) in _COLUMNS.get(name, {}).items():
            if not all(kind(row[column]) if column in row else not needed for row in rows):
                raise SpikeplaneError(
                    f"its table '{name}' has a row in which '{column}' is missing or something else"
                )
    _check_populations(program)
    _check_activity(program)


def _plain(value: Any, depth: int) -> bool:
    if is_object(value):
        return depth > 0 and all(_plain(key, 0) and _plain(item, depth - 1) for key, item in value.items())
    if is_list(value):
        return depth > 0 and all(_plain(item, depth - 1) for item in value)
    if isinstance(value, str):
        return len(value) <= _TEXT
    return value is None or isinstance(value, int | float) and math.isfinite(value) and abs(value) <= _LARGEST


def _check_populations(program: "Program") -> None:
    """Rows of layers are of populations that there are, and every quantised layer has its bound."""
    known = {p.name for p in program.network.populations}
    named = {
        table: [row["population"] for row in program.tables.get(table, [])]
        for table in ("quantisation", "bounds")
    }
    wrong = [name for names in named.values() for name in names if name not in known]
    wrong += [name for name in named["quantisation"] if name not in named["bounds"]]
    if wrong:
        raise SpikeplaneError(f"its tables name '{wrong[0]}', which is no population or has no bound")


def _check_activity(program: "Program") -> None:
    """Counts of spikes that can be: an estimate simulates them."""
    rows, network, config = program.tables.get("activity", []), program.network, program.config
    sizes = {
        p.name: math.prod(p.shape) * max(p.value_bits, config.membrane_bits) for p in network.populations
    }
    pixels = max(math.prod(p.current_shape[1:]) for p in network.populations)
    for row in rows:
        whole = (
            {"spikes", "packets"} <= set(row) and row["population"] in sizes
            if "population" in row
            else "reach" in row
        )
        most = sizes.get(row.get("population", ""), 0)
        counts = [value for key in ("spikes", "packets") for value in row.get(key, [])]
        if (
            not whole
            or any(not 0 <= n <= most for n in counts)
            or any(not 0 <= n <= pixels for n in row.get("reach", []))
        ):
            raise SpikeplaneError("its table 'activity' counts spikes that cannot be")
