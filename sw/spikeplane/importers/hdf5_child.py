"""A process of its own that reads a foreign HDF5 file: one flipped bit can keep the HDF5 library
busy for ever, deaf to Ctrl-C, or kill it. `nir_file.py` starts it by its path (see `foreign.py`);
it imports numpy and h5py only, and nothing heavy of this package.

    hdf5_child.py FILE GROUP MOST_BYTES CPU_SECONDS

The answer's bytes are those of all arrays, one behind the other. Its object is
{"refused": text}, {"error": text} or {"tree": groups as objects, datasets as ["array", dtype,
shape], ["text", text] or ["texts", shape, texts]}.
"""

import math
import sys
from typing import Any

import h5py
import numpy as np
from h5py import h5o  # pyright: ignore[reportAttributeAccessIssue]

from spikeplane.foreign_child import answer

#: groups in groups, groups and datasets in all, soft links behind one another
_DEPTH, _OBJECTS, _LINKS = 32, 20_000, 16
ROOM = 768 << 20  #: bytes of memory beyond what the libraries take


class Refused(Exception):
    """What is in the file may not be there; the message says what, and what to do."""


class Reader:
    """One file's groups and datasets as plain values; `chunks` are the arrays' bytes."""

    def __init__(self, file: h5py.File, most: int) -> None:
        self.file, self.left, self.objects = file, most, 0
        self.chunks: list[bytes] = []
        self.most = most

    def tree(self, item: Any, place: str, above: tuple[int, ...] = ()) -> Any:
        """A group as a dictionary, a dataset as a list; None for what is neither."""
        self.objects += 1
        if self.objects > _OBJECTS:
            raise Refused(f"it holds more than {_OBJECTS} groups and datasets")
        if isinstance(item, h5py.Dataset):
            return self._dataset(item, place)
        if not isinstance(item, h5py.Group):
            return None
        address = h5o.get_info(item.id).addr
        if address in above or len(above) >= _DEPTH:
            what = "contains itself" if address in above else f"lies in more than {_DEPTH} groups"
            raise Refused(f"the group '{place}' {what}")
        found = {}
        for key in map(str, item):
            value = self.tree(self.open(item, key, f"{place}/{key}"), f"{place}/{key}", (*above, address))
            if value is not None:
                found[key] = value
        return found

    def open(self, group: h5py.Group, key: str, place: str, followed: int = 0) -> Any:
        """What a link leads to. Raises Refused where that lies in another file, or nowhere."""
        try:
            link = group.get(key, getlink=True)
        except TypeError:
            raise Refused(
                f"'{place}' is a link of a kind that is not known; store the data in its place"
            ) from None
        if link is None:
            raise Refused(f"there is nothing called '{place}'")
        if isinstance(link, h5py.ExternalLink):
            raise Refused(f"'{place}' is an external link, to another file; store the data in this one")
        if not isinstance(link, h5py.SoftLink):
            return group[key]
        if followed >= _LINKS:
            raise Refused(f"the soft links at '{place}' lead on and on")
        at: Any = self.file if link.path.startswith("/") else group
        for part in link.path.split("/"):
            if part not in ("", "."):
                if not isinstance(at, h5py.Group):
                    raise Refused(f"the soft link '{place}' leads nowhere")
                at = self.open(at, part, f"{place} -> {link.path}", followed + 1)
        return at

    def _dataset(self, data: h5py.Dataset, place: str) -> list[Any]:
        _check_storage(data, place)
        _check_type(data, place)
        if data.shape is None:
            raise Refused(f"'{place}' is empty")
        self._take(math.prod(data.shape) * data.dtype.itemsize, place)
        value = data[()]
        if isinstance(value, bytes):
            return ["text", self._text(value, place)]
        array = np.asarray(value)
        if array.dtype.kind in "SO":
            return ["texts", list(array.shape), [self._text(text, place) for text in array.reshape(-1)]]
        if array.dtype.kind == "f" and array.dtype.itemsize > 8:
            array = array.astype(np.float64)
        self.chunks.append(np.ascontiguousarray(array).tobytes())
        return ["array", array.dtype.str, list(array.shape)]

    def _text(self, text: Any, place: str) -> str:
        self._take(len(text), place)
        try:
            return text.decode() if isinstance(text, bytes) else str(text)
        except UnicodeDecodeError:
            raise Refused(f"'{place}' is text that is no UTF-8") from None

    def _take(self, count: int, place: str) -> None:
        self.left -= count
        if self.left < 0:
            raise Refused(f"with '{place}' it unpacks to more than {self.most:,} bytes, which no chip holds")


def _check_storage(data: h5py.Dataset, place: str) -> None:
    created = data.id.get_create_plist()
    if created.get_layout() == h5py.h5d.VIRTUAL:
        raise Refused(f"'{place}' is a virtual dataset, of other files; store the data in this one")
    if created.get_external_count():
        raise Refused(f"'{place}' has external storage, in another file; store the data in this one")


def _check_type(data: h5py.Dataset, place: str) -> None:
    """Numbers, truth values and texts pass."""
    kinds = h5py.h5t
    kind = data.id.get_type()
    known = {
        kinds.TIME: "times",
        kinds.BITFIELD: "bit fields",
        kinds.OPAQUE: "opaque values",
        kinds.COMPOUND: "compound values",
        kinds.REFERENCE: "references",
        kinds.ENUM: "names of an enumeration",
        kinds.VLEN: "lists",
        kinds.ARRAY: "arrays",
        getattr(kinds, "COMPLEX", -1): "complex numbers",
    }
    if kind.get_class() in (kinds.INTEGER, kinds.FLOAT, kinds.STRING) or data.dtype.kind == "b":
        return
    what = (
        "complex numbers"
        if data.dtype.kind == "c"
        else known.get(kind.get_class(), "values of a kind that is not known")
    )
    raise Refused(f"'{place}' holds {what}; a NIR file holds numbers and names")


def read(path: str, group: str, most: int) -> tuple[dict[str, Any], list[bytes]]:
    """The answer, and the bytes behind it."""
    try:
        with h5py.File(path, "r") as file:
            reader = Reader(file, most)
            return {"tree": reader.tree(reader.open(file, group, group), group)}, reader.chunks
    except Refused as error:
        return {"refused": str(error)}, []
    except MemoryError:
        return {"error": "it takes too much memory"}, []
    except Exception as error:  # h5py has many for a damaged file
        return {"error": f"{type(error).__name__}: {' '.join(str(error).split())[:120]}"}, []


def main() -> None:
    """The command that the module's text shows."""
    path, group, most, seconds = sys.argv[1:]
    answer(lambda: read(path, group, int(most)), int(seconds), ROOM)


if __name__ == "__main__":
    main()
