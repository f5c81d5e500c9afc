"""From a `.nir` file to a NIR graph: the file is HDF5 from anywhere, so that another process reads
it (`hdf5_child.py`), within limits of time and memory, and hands back plain arrays."""

import math
from pathlib import Path
from typing import Any

import numpy as np

from spikeplane.errors import SpikeplaneError, reason
from spikeplane.files import check_regular
from spikeplane.foreign import BYTES_A_SECOND, NoAnswer, ask

MOST_BYTES = 1 << 27  #: of all arrays: three times the weights of the largest preset, in float32
SECONDS, CPU_SECONDS = 15, 6  #: that reading may take, by the clock and of a processor; more of a long file
_CHILD = Path(__file__).with_name("hdf5_child.py")
_SIZES = (
    "shape",
    "input_shape",
    "stride",
    "padding",
    "dilation",
    "kernel_size",
    "groups",
    "start_dim",
    "end_dim",
)
_LARGEST = 1 << 26  #: of a size, and of a shape's product


def read_nir(path: str | Path) -> Any:
    """The NIR graph of a file. Ctrl-C ends the reading at once.

    Raises SpikeplaneError if the file is missing, damaged or no NIR file, if reading it takes too
    long or too much memory, and for what it may not hold: links to other files, external or virtual
    datasets, and elements that are neither numbers nor names.
    """
    import nir

    path = Path(path)
    check_regular(path)
    if not path.is_file():
        raise SpikeplaneError(f"model: no file {path}")
    tree = _tree(path)
    if not isinstance(tree, dict):
        raise _unreadable(path, "'node' is no group")
    _check_nodes(path, tree)
    for check in (True, False):  # what nir's check of shapes refuses may be right; the importer has its own
        try:
            return nir.dict2NIRNode(_checked(tree, check))
        except MemoryError:
            raise
        except Exception as error:  # nir's own, of every kind
            refused = error
    raise _unreadable(path, f"{type(refused).__name__}: {reason(refused, 120)}") from None


def _checked(tree: dict[str, Any], check: bool) -> dict[str, Any]:
    """The graph, and the graphs in it, with whether nir shall infer and check the shapes on its edges."""
    inner = tree.get("nodes")
    nodes = {
        name: _checked(node, check) if isinstance(node, dict) and node.get("type") == "NIRGraph" else {**node}
        for name, node in (inner.items() if isinstance(inner, dict) else ())
    }
    return {**tree, **({"nodes": nodes} if isinstance(inner, dict) else {}), "type_check": check}


def _unreadable(path: Path, why: str) -> SpikeplaneError:
    return SpikeplaneError(f"{path} is not readable as a NIR file: {why}")


def _tree(path: Path) -> Any:
    """The group `node` as dictionaries of arrays, numbers and texts."""
    more = path.stat().st_size // BYTES_A_SECOND
    arguments = [str(path.absolute()), "node", str(MOST_BYTES), str(CPU_SECONDS + more)]
    try:
        found, data = ask(_CHILD, arguments, SECONDS + more, "the HDF5 library")
    except NoAnswer as error:
        raise _unreadable(path, str(error)) from None
    if "refused" in found:
        raise SpikeplaneError(f"{path}: {found['refused']}")
    if "error" in found:
        raise _unreadable(path, found["error"])
    return _values(found["tree"], data)


def _values(tree: Any, data: memoryview) -> Any:
    """The child's answer; see there."""
    place = 0

    def value(item: Any) -> Any:
        nonlocal place
        if isinstance(item, dict):
            return {key: value(inner) for key, inner in item.items()}
        if item[0] == "text":
            return item[1]
        if item[0] == "texts":
            return np.array(item[2], dtype=object).reshape(item[1])
        dtype, shape = np.dtype(item[1]), tuple(item[2])
        start, place = place, place + math.prod(shape) * dtype.itemsize
        return np.frombuffer(data[start:place], dtype).reshape(shape).copy()[()]

    return value(tree)


def _check_nodes(path: Path, tree: dict[str, Any], place: str = "the graph") -> None:
    """Every node's type is one of NIR's, and sizes are sizes: nir itself only asserts the one and
    trusts the other."""
    import nir

    kind = tree.get("type")
    known = getattr(nir, kind, None) if isinstance(kind, str) else None
    if not (isinstance(known, type) and issubclass(known, nir.NIRNode)):
        raise _unreadable(path, f"{place} is of the type {kind!r:.60}, which NIR does not have")
    for key in _SIZES:
        value = tree.get(key)
        if isinstance(value, np.ndarray | np.generic) and value.dtype.kind in "iu":
            numbers = [abs(int(n)) for n in np.asarray(value).reshape(-1)[:64]]
            if max(numbers, default=0) > _LARGEST or ("shape" in key and math.prod(numbers) > _LARGEST):
                raise _unreadable(path, f"{place} has the {key} {numbers}, more than {_LARGEST:,}")
    nodes = tree.get("nodes") if kind == "NIRGraph" else None
    for name, node in nodes.items() if isinstance(nodes, dict) else ():
        if not isinstance(node, dict):
            raise _unreadable(path, f"the node '{name}' is no group")
        _check_nodes(path, node, f"the node '{name}'")
