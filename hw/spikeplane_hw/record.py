"""What a build's folder says of itself, `build.json`, read as a file from anywhere: of a bounded
length, every field of its type."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from spikeplane.errors import SpikeplaneError
from spikeplane.files import read_file

RECORD = "build.json"
_LONGEST = 1 << 20  #: bytes of a record at most


def _text(value: Any) -> bool:
    return type(value) is str


def _text_or_none(value: Any) -> bool:
    return value is None or _text(value)


def _file(value: Any) -> bool:
    """A name in the folder itself."""
    return _text(value) and value not in ("", "..") and "\0" not in value and Path(value).name == value


def _clock(value: Any) -> bool:
    """MHz, as `spikeplane serve` takes them."""
    return type(value) in (int, float) and 1 <= value <= 1000


def _config(value: Any) -> bool:
    return value is None or type(value) is dict


FIELDS: dict[str, Callable[[Any], bool]] = {
    "board": _text, "digest": _text_or_none, "config": _config, "clock": _clock, "bitstream": _file, "sha256": _text_or_none,
}  # fmt: skip


def read_record(folder: Path, board: str) -> dict[str, Any]:
    """What `build.json` holds; see FIELDS. `board`: for what to do.

    Raises SpikeplaneError where there is none, or none that `spikeplane build` writes.
    """
    values = read_json(folder / RECORD)
    if not all(name in values and right(values[name]) for name, right in FIELDS.items()):
        raise SpikeplaneError(f"{folder} holds no build: spikeplane build --board {board} -o {folder}")
    return values


def read_json(path: Path) -> dict[str, Any]:
    """The object in a file; an empty one for a file that is missing or holds none. Raises
    SpikeplaneError for one that is no regular file, or too long."""
    try:
        found = json.loads(read_file(path, _LONGEST))
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
