"""Samples for networks of several inputs: a file for each, or one .npz that holds an array of each name."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from spikeplane.data.samples import read_samples
from spikeplane.encoding import Encoding
from spikeplane.errors import SpikeplaneError

Shape = tuple[int, int, int]


def read_inputs(
    given: Sequence[str | Path],
    shapes: Mapping[str, Shape],
    encodings: Mapping[str, Encoding],
    limit: int | None = None,
) -> Any:
    """Samples as `Program.planes` takes them: of one input those of `read_samples`, of several a dictionary.

    given   one file, or NAME=FILE for each input; of several inputs also one .npz whose arrays bear their names
    shapes, encodings   by input

    Raises SpikeplaneError for inputs without a file, files without an input, and as `read_samples`.
    """
    names = list(shapes)
    files = _files(given, names)
    several = len(names) > 1
    read = {
        name: read_samples(path, shapes[name], encodings[name], limit, (name,) if several and same else None)
        for name, (path, same) in files.items()
    }
    return read if several else read[names[0]]


def _files(given: Sequence[str | Path], names: list[str]) -> dict[str, tuple[Path, bool]]:
    """By input its file, and whether it is the one of all."""
    named = [str(text).partition("=") for text in given]
    by_name = {name: Path(path) for name, equals, path in named if equals and name in names}
    if len(by_name) == len(given) == len(names):
        return {name: (by_name[name], False) for name in names}
    if len(given) == 1 and not by_name:
        path = Path(given[0])
        if len(names) == 1 or path.suffix == ".npz":
            return dict.fromkeys(names, (path, True))
    if len(names) == 1:
        raise SpikeplaneError(f"the program has one input, '{names[0]}'; give one file, not {len(given)}")
    missing = [name for name in names if name not in by_name]
    said = f"there is no file for '{missing[0]}'" if missing else "a file stands there that is no input's"
    raise SpikeplaneError(
        f"the program has the inputs {', '.join(names)}, and {said}; give NAME=FILE for each, or one .npz with "
        "arrays of these names"
    )
