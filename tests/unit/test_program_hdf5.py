"""The reader of program files: the numbers that h5py wrote, and nothing of what h5py could have
written besides."""

import io
import struct
import time
import tracemalloc
import zlib
from collections.abc import Callable

import h5py
import numpy as np
import pytest
from bases import networks
from resealed import STRUCTURES, hdf5_changed

from spikeplane.program.file import to_bytes
from spikeplane.program.hdf5 import BLOCK, datasets

WEIGHT = "projections/0/weight"
SAME = {"plain", "compressed", "grows"}  #: structures that hold the same numbers in another way
MORE = {"two links"}  #: ... and a second name


def written(arrays: dict[str, np.ndarray], rng: np.random.Generator) -> bytes:
    """A file of arrays, with and without each filter."""
    buffer = io.BytesIO()
    with h5py.File(buffer, "w", userblock_size=BLOCK, libver="earliest") as file:
        for name, array in arrays.items():
            packed = "gzip" if rng.random() < 0.7 else None
            file.create_dataset(name, data=array, compression=packed, shuffle=bool(rng.random() < 0.5))
    return buffer.getvalue()


def test_every_number_of_every_type_and_shape() -> None:
    """Several levels of trees: many members, and an array of many chunks."""
    rng, arrays = np.random.default_rng(0), {}
    for i in range(400):
        shape = tuple(rng.integers(1, 7, rng.integers(1, 5)).tolist())
        kind = rng.choice(["i1", "i2", "i4", "i8", "u1", "u8"])
        info = np.iinfo(kind)
        arrays[f"group/{i}/x"] = rng.integers(info.min, info.max, shape, dtype=kind, endpoint=True)
    arrays["long"] = rng.integers(-3000, 3000, (300, 37, 11, 5)).astype("i2")
    found = datasets(written(arrays, rng))
    assert set(found) == set(arrays)
    for name, array in arrays.items():
        read = found[name].read()
        assert (found[name].shape, found[name].dtype, read.dtype) == (array.shape, array.dtype, array.dtype)
        np.testing.assert_array_equal(read, array, err_msg=name)


@pytest.mark.parametrize("kind", sorted(STRUCTURES))
def test_what_else_hdf5_can_do(kind: str) -> None:
    contents = to_bytes(networks()[0])
    whole = datasets(contents)[WEIGHT].read()

    def change(file: h5py.File) -> None:
        array = np.asarray(file[WEIGHT])
        del file[WEIGHT]
        STRUCTURES[kind](file, WEIGHT, array)

    changed = hdf5_changed(contents, change)
    if kind in SAME | MORE:
        found = datasets(changed)
        assert (f"{WEIGHT}-end" in found) == (kind in MORE)
        np.testing.assert_array_equal(found[WEIGHT].read(), whole)
        return
    if kind == "bomb":  # it says how large it is, and is not unpacked
        assert datasets(changed)[WEIGHT].shape == (1 << 16, 1 << 10, 8, 8)
        return
    with pytest.raises((ValueError, KeyError, struct.error)):
        datasets(changed)[WEIGHT].read()


@pytest.mark.parametrize("make", [lambda n: b"\0" * n, lambda n: np.random.default_rng(1).bytes(n)])
def test_a_chunk_never_becomes_more_than_it_is(make: Callable[[int], bytes]) -> None:
    """A megabyte packed in place of 36 bytes is not unpacked."""
    packed = zlib.compress(make(1 << 24))

    def change(file: h5py.File) -> None:
        del file[WEIGHT]
        made = file.create_dataset(WEIGHT, (12, 2, 3, 3), "i1", chunks=(12, 2, 3, 3), compression="gzip")
        made.id.write_direct_chunk((0, 0, 0, 0), packed)

    dataset = datasets(hdf5_changed(to_bytes(networks()[0]), change))[WEIGHT]
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match="a chunk of another size"):
            dataset.read()
        assert tracemalloc.get_traced_memory()[1] < (1 << 20) + 3 * len(packed)
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("left", [0, 5, 11])
def test_a_chunk_that_is_missing(left: int) -> None:
    """One of twelve was never written: HDF5 would read zeros there."""
    array = np.arange(12 * 18).reshape(12, 2, 3, 3).astype("u1")

    def change(file: h5py.File) -> None:
        del file[WEIGHT]
        made = file.create_dataset(WEIGHT, array.shape, "u1", chunks=(1, 2, 3, 3))
        for row in range(12):
            if row != left:
                made[row] = array[row]

    def whole(file: h5py.File) -> None:
        change(file)
        file[WEIGHT][left] = array[left]  # pyright: ignore[reportIndexIssue]

    contents = to_bytes(networks()[0])
    np.testing.assert_array_equal(datasets(hdf5_changed(contents, whole))[WEIGHT].read(), array)
    with pytest.raises(ValueError, match="missing chunks"):
        datasets(hdf5_changed(contents, change))[WEIGHT].read()


def test_changed_bytes_end_soon() -> None:
    """Whatever bytes change, reading ends: with numbers, or with an error that the loader takes."""
    contents, rng = to_bytes(networks()[0]), np.random.default_rng(5)
    counts = {"read": 0, "refused": 0}
    before = time.perf_counter()
    for i in range(600):
        changed = bytearray(contents)
        for place in rng.integers(BLOCK, len(changed), rng.choice([1, 1, 20])).tolist():
            changed[place] = int(rng.integers(256)) if i % 2 else changed[place] ^ 1 << int(rng.integers(8))
        try:
            found = datasets(bytes(changed))
            if sum(np.prod(d.shape, dtype=object) for d in found.values()) < 1 << 20:
                for dataset in found.values():
                    dataset.read()
            counts["read"] += 1
        except Exception:  # noqa: BLE001 - as the loader does; a signal or a hang is what must not be
            counts["refused"] += 1
    assert min(counts.values()) > 50
    assert time.perf_counter() - before < 60


def test_a_tree_that_holds_itself() -> None:
    """Members that lead back to their group are counted, and end."""
    contents = bytearray(to_bytes(networks()[0]))
    node = contents.index(b"TREE")
    contents[node + 5] = 1  # its children are now taken for nodes
    contents[node + 32 : node + 40] = (node - BLOCK).to_bytes(8, "little")
    with pytest.raises(ValueError, match="no B-tree"):
        datasets(bytes(contents))
