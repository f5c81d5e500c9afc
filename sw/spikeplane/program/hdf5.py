"""Reads the datasets of a program file, and of nothing else: the few structures of HDF5 that
`file.to_bytes` makes.

    superblock 0 ─▶ group ─▶ B-tree ─▶ names ─▶ object header ─▶ shape, type, filters ─▶ the numbers

The HDF5 library trusts what a file says: one wrong byte can keep it busy for ever, a virtual
dataset crash it, a link open another file. Here is no code for links, attributes, virtual or
external storage and types that are no integers, every address is held against the file, and nothing
is unpacked before its size is known. Versions and layout: "HDF5 File Format Specification 3.0", the
structures of the earliest version, which h5py's `libver="earliest"` writes.
"""

import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

BLOCK = 512  #: bytes in front of the HDF5 part, the least that HDF5 allows
_SUPERBLOCK = struct.pack(
    "<8s8BHHIQQ", b"\x89HDF\r\n\x1a\n", 0, 0, 0, 0, 0, 8, 8, 0, 4, 16, 0, BLOCK, 2**64 - 1
)
#: messages of an object header that count here
_SPACE, _TYPE, _LAYOUT, _FILTERS, _MORE, _TABLE = 1, 3, 8, 11, 16, 17
_IGNORED = (0, 4, 5, 18)  #: nothing, fill values, time of the last change
_SHUFFLE, _DEFLATE = 2, 1
#: nodes, members and chunks of a file, and levels of groups and of trees, at most
_ENTRIES, _DEPTH = 1 << 18, 4


@dataclass(frozen=True)
class Dataset:
    """One array that lies in the file. `read` unpacks it: as many bytes as shape and type say, so
    look at them first."""

    shape: tuple[int, ...]
    dtype: np.dtype
    read: Callable[[], np.ndarray]


def datasets(contents: bytes) -> dict[str, Dataset]:
    """All datasets of a file, by path. Raises ValueError, KeyError, struct.error or zlib.error,
    here and in `read`, for anything that `file.to_bytes` does not write."""
    return _File(contents).datasets()


class _File:
    def __init__(self, contents: bytes) -> None:
        self.contents, self.entries = memoryview(contents)[BLOCK:], 0

    def datasets(self) -> dict[str, Dataset]:
        if self._take(0, len(_SUPERBLOCK)) != _SUPERBLOCK:
            raise ValueError("another superblock")
        # behind the end's and the driver's address and a name
        root = self._fields("<Q", len(_SUPERBLOCK) + 24)[0]
        return dict(self._walk("", root, 0))

    def _take(self, address: int, size: int) -> bytes:
        if not 0 <= size <= len(self.contents) or not 0 <= address <= len(self.contents) - size:
            raise ValueError("an address outside the file")
        return bytes(self.contents[address : address + size])

    def _fields(self, form: str, address: int) -> tuple[Any, ...]:
        return struct.unpack(form, self._take(address, struct.calcsize(form)))

    def _count(self) -> None:
        self.entries += 1
        if self.entries > _ENTRIES:
            raise ValueError("too many entries")

    def _walk(self, path: str, header: int, depth: int) -> Iterator[tuple[str, Dataset]]:
        """The datasets at and below one object."""
        messages = self._messages(header)
        if _TABLE not in messages:
            yield path, self._dataset(messages)
            return
        if depth > _DEPTH or set(messages) != {_TABLE}:
            raise ValueError("groups in groups")
        members = list(self._members(*struct.unpack_from("<QQ", messages[_TABLE])))
        if not members:
            raise ValueError("an empty group")
        for name, child in members:
            yield from self._walk(f"{path}/{name}" if path else name, child, depth + 1)

    def _messages(self, address: int) -> dict[int, bytes]:
        """The messages of an object header that count, by type."""
        version, _, count, _, size = self._fields("<BBHII", address)
        if version != 1:
            raise ValueError("another object header")
        found: dict[int, bytes] = {}
        blocks, seen = [(address + 16, size)], 0
        for start, length in blocks:
            block, at = self._take(start, length), 0
            while at + 8 <= length and seen < count:
                kind, size, flags = struct.unpack_from("<HHB", block, at)
                data, at, seen = block[at + 8 : at + 8 + size], at + 8 + size, seen + 1
                if len(data) != size or flags & 2:
                    raise ValueError("a message that is cut, or lies elsewhere")
                if kind == _MORE:
                    blocks.append(struct.unpack_from("<QQ", data))
                elif kind in (_SPACE, _TYPE, _LAYOUT, _FILTERS, _TABLE) and kind not in found:
                    found[kind] = data
                elif kind not in _IGNORED:
                    raise ValueError(f"a message of type {kind}")
        return found

    def _members(self, tree: int, heap: int) -> Iterator[tuple[str, int]]:
        """Names and object headers of a group."""
        magic, _, size, _, data = self._fields("<4s4sQQQ", heap)
        names = self._take(data, size)
        if magic != b"HEAP":
            raise ValueError("no heap")
        for _, node in self._leaves(tree, 0, "<Q"):
            magic, _, _, count = self._fields("<4sBBH", node)
            if magic != b"SNOD":
                raise ValueError("no symbol table")
            for i in range(count):
                self._count()
                name, header, kind = self._fields("<QQI", node + 8 + 40 * i)
                end = names.find(b"\0", name)
                if kind > 1 or end < 0:  # 2: a soft link
                    raise ValueError("a link")
                yield names[name:end].decode(), header

    def _leaves(
        self, node: int, kind: int, form: str, levels: int = _DEPTH
    ) -> Iterator[tuple[tuple[int, ...], int]]:
        """Keys and addresses of a B-tree's leaves; `form` is that of a key."""
        magic, found, level, count = self._fields("<4sBBH", node)
        if magic != b"TREE" or found != kind or not 0 <= level < levels:
            raise ValueError("no B-tree")
        width = struct.calcsize(form)
        self._count()
        for i in range(count):
            self._count()
            at = node + 24 + i * (width + 8)
            key, (child,) = self._fields(form, at), self._fields("<Q", at + width)
            if level:
                yield from self._leaves(child, kind, form, level)
            else:
                yield key, child

    def _dataset(self, messages: dict[int, bytes]) -> Dataset:
        space, layout = messages[_SPACE], messages[_LAYOUT]
        version, rank, more = struct.unpack_from("<BBB", space)
        form, sign, size, offset, precision = struct.unpack("<BB2xIHH", messages[_TYPE][:12])
        if (
            version != 1
            or more > 1
            or form != 0x10
            or sign not in (0, 8)
            or size not in (1, 2, 4, 8)
            or offset
        ):
            raise ValueError("no array of integers")
        if precision != 8 * size or layout[0] != 3:
            raise ValueError("another layout")
        dtype, shape = np.dtype(f"<{'i' if sign else 'u'}{size}"), struct.unpack_from(f"<{rank}Q", space, 8)
        filters = _filters(messages.get(_FILTERS))
        if layout[1] == 1 and not filters:
            address, length = struct.unpack_from("<QQ", layout, 2)
            return Dataset(shape, dtype, lambda: self._contiguous(shape, dtype, address, length))
        if layout[1] != 2 or layout[2] != rank + 1:
            raise ValueError("another layout")
        tree, *chunk, element = struct.unpack_from(f"<Q{rank + 1}I", layout, 3)
        if element != size or not all(0 < c <= n for c, n in zip(chunk, shape, strict=True)):
            raise ValueError("chunks larger than the array")
        return Dataset(shape, dtype, lambda: self._chunked(shape, dtype, tree, tuple(chunk), filters))

    def _contiguous(self, shape: tuple[int, ...], dtype: np.dtype, address: int, length: int) -> np.ndarray:
        if length != prod(shape) * dtype.itemsize:
            raise ValueError("an array of another size")
        return np.frombuffer(self._take(address, length), dtype).reshape(shape)

    def _chunked(
        self, shape: tuple[int, ...], dtype: np.dtype, tree: int, chunk: tuple[int, ...], filters: list[int]
    ) -> np.ndarray:
        array, size = np.zeros(shape, dtype), prod(chunk) * dtype.itemsize
        missing = prod(-(-n // c) for n, c in zip(shape, chunk, strict=True))
        corners: set[tuple[int, ...]] = set()
        for (length, skipped, *corner), address in self._leaves(tree, 1, f"<II{len(shape) + 1}Q"):
            if any(at % c or at >= n for at, c, n in zip(corner, chunk, shape, strict=False)) or corner[-1]:
                raise ValueError("a chunk outside the array")
            packed = self._take(address, length)
            kept = [kind for i, kind in enumerate(filters) if not skipped >> i & 1]
            block = np.frombuffer(_unpacked(packed, kept, size, dtype.itemsize), dtype).reshape(chunk)
            place = tuple(slice(at, min(at + c, n)) for at, c, n in zip(corner, chunk, shape, strict=False))
            array[place] = block[tuple(slice(0, part.stop - part.start) for part in place)]
            corners.add(tuple(corner))
        if len(corners) != missing:
            raise ValueError("missing chunks")
        return array


def _filters(message: bytes | None) -> list[int]:
    """The filters in the order in which they were applied."""
    if message is None:
        return []
    version, count = struct.unpack_from("<BB", message)
    found: list[int] = []
    at = 8
    for _ in range(count):
        kind, name, _, values = struct.unpack_from("<HHHH", message, at)
        found.append(kind)
        at += 8 + name + 4 * (values + values % 2)
    if version != 1 or found not in ([_SHUFFLE, _DEFLATE], [_DEFLATE], [_SHUFFLE]):
        raise ValueError("other filters")
    return found


def _unpacked(data: bytes, filters: list[int], size: int, itemsize: int) -> bytes:
    """`size` bytes of a chunk, never more."""
    if _DEFLATE in filters:
        data = zlib.decompressobj().decompress(data, size + 1)
    if len(data) != size:
        raise ValueError("a chunk of another size")
    if _SHUFFLE in filters:
        data = np.frombuffer(data, np.uint8).reshape(itemsize, -1).T.tobytes()
    return data
