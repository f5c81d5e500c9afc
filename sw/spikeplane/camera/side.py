"""YAML files that lie beside recordings and name their size, as those of SpikeCV's datasets do.

SpikeCV (github.com/Zyj061/SpikeCV, spkData/load_dat.py) keeps one config.yaml in the top folder of
a dataset, with `spike_w`, `spike_h` and a `filename` that is the dataset's name rather than a
file's; the recordings lie in folders below it. A file of one's own may as well say `width` and
`height`, or `size: 400x250`, and name its recording.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import yaml

from spikeplane.camera.size import Size, check_size, parse_size
from spikeplane.errors import SpikeplaneError, reason
from spikeplane.files import read_file

T = TypeVar("T")

SUFFIXES = (".yaml", ".yml")
SIZE_KEYS = (("spike_w", "spike_h"), ("width", "height"))
PATH_KEYS = ("filename", "filepath", "path")
FOLDERS_ABOVE = 3  # a dataset's config.yaml is looked for this far above a recording
_LONGEST = 1 << 14  # bytes of a side file at most
_LOOKED_AT = 20_000  # files and folders that are gone through for a recording
EXPECTED = "expected spike_w and spike_h (or width and height, or size: WxH)"


class _Loader(yaml.SafeLoader):
    """Without aliases: a few lines of them unfold into more than any memory holds."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            mark = self.peek_event().start_mark
            raise yaml.MarkedYAMLError(None, None, "found an alias, which a side file needs not have", mark)
        return super().compose_node(parent, index)


@dataclass(frozen=True)
class SideFile:
    """A YAML file that gives a size, and the recording's path as it is written there, if it is."""

    path: Path
    size: Size
    recording: str | None


def read_side_file(path: Path) -> SideFile:
    """Raises SpikeplaneError if the file is no YAML, if it gives no size, and if a value has the
    wrong type."""
    try:
        found: Any = yaml.load(read_file(path, _LONGEST).decode(), _Loader)  # noqa: S506 - it is a SafeLoader
    except yaml.MarkedYAMLError as error:
        line = f" in line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise SpikeplaneError(f"{path} is no readable YAML file: {error.problem}{line}") from None
    except (SpikeplaneError, OSError, MemoryError):
        raise
    # bytes that are no UTF-8, deep nesting; dates, numbers and truth values that are none: each has its own
    except Exception as error:
        raise SpikeplaneError(f"{path} is no readable YAML file: {reason(error)}") from None
    if not isinstance(found, dict):
        raise SpikeplaneError(f"{path}: {EXPECTED}, found no keys at all")
    recording = next((found[key] for key in PATH_KEYS if found.get(key) is not None), None)
    if recording is not None and (not isinstance(recording, str) or "\0" in recording):
        raise SpikeplaneError(f"{path}: expected the recording's path as text, found {recording!r}")
    return SideFile(path, _size(path, found), recording)


def _size(path: Path, found: dict[Any, Any]) -> Size:
    if isinstance(found.get("size"), str):
        return _named(path, parse_size, found["size"])
    for keys in SIZE_KEYS:
        if all(key in found for key in keys):
            width, height = (found[key] for key in keys)
            if type(width) is not int or type(height) is not int:
                raise SpikeplaneError(
                    f"{path}: expected {keys[0]} and {keys[1]} in pixels, found {width!r} and {height!r}"
                )
            return _named(path, check_size, (width, height))
    raise SpikeplaneError(f"{path}: {EXPECTED}, found the keys {', '.join(map(str, found)) or 'none'}")


def _named(path: Path, check: Callable[[T], Size], value: T) -> Size:
    """The size, or its error with the file's name."""
    try:
        return check(value)
    except SpikeplaneError as error:
        raise SpikeplaneError(f"{path}: {error}") from None


def recording_of(side: SideFile) -> Path:
    """The recording that a side file names, relative to its folder and with or without .dat.

    A name that is no file is a dataset's (as SpikeCV has it) or a folder: the only .dat there is meant.
    Raises SpikeplaneError if there is none, or several (it lists some).
    """
    folder, named = side.path.parent, side.recording
    if named is not None:
        for place in (folder / named, folder / f"{named}.dat"):
            if place.is_file():
                if place.suffix.lower() in SUFFIXES:
                    raise SpikeplaneError(
                        f"{side.path} names {named} as its recording; expected a .dat, .npy or .npz"
                    )
                return place
    inside = named is not None and (folder / named).is_dir()
    recordings = _recordings(side, folder / (named if named and inside else ""))
    if len(recordings) == 1 and (inside or named is None or not Path(named).suffix):
        return recordings[0]
    if named is None:
        what = f"names no recording ({', '.join(PATH_KEYS[:-1])} or {PATH_KEYS[-1]})"
    else:
        what = f"names {named}, which is {'a folder' if inside else 'no file'}"
    if not recordings:
        raise SpikeplaneError(
            f"{side.path} {what}, and there is no .dat {'in it' if inside else 'below its folder'}"
        )
    some = ", ".join(map(str, recordings[:4])) + (", ..." if len(recordings) > 4 else "")
    raise SpikeplaneError(f"{side.path} {what}; open a recording itself: {some}")


def _recordings(side: SideFile, folder: Path) -> list[Path]:
    """The .dat files in a folder and below. Raises SpikeplaneError where that is no dataset's
    folder, but half a disk."""
    found, count = [], 0
    for place, folders, files in os.walk(folder):
        count += len(folders) + len(files)
        if count > _LOOKED_AT:
            raise SpikeplaneError(
                f"{side.path}: there are more than {_LOOKED_AT} files below {folder}; open a recording itself"
            )
        found += [Path(place) / name for name in (*folders, *files) if name.endswith(".dat")]
    return sorted(found)


def side_file_for(path: Path) -> SideFile | None:
    """The side file that gives a raw recording's size: a YAML of its name, else a config.yaml in
    its folder or above.

    A config.yaml that gives no size, or that names another file, is passed over; a YAML of the
    recording's name must be right.
    """
    for suffix in SUFFIXES:
        if path.with_suffix(suffix).is_file():
            return read_side_file(path.with_suffix(suffix))
    for folder in list(path.absolute().parents)[: FOLDERS_ABOVE + 1]:
        if (folder / "config.yaml").is_file():
            try:
                side = read_side_file(folder / "config.yaml")
            except (SpikeplaneError, OSError):
                continue
            if _may_describe(side, path):
                return side
    return None


def _may_describe(side: SideFile, path: Path) -> bool:
    if side.recording is None:
        return True
    named = [side.path.parent / f"{side.recording}{suffix}" for suffix in ("", ".dat")]
    files = [place for place in named if place.is_file()]
    return not files or any(place.samefile(path) for place in files)
