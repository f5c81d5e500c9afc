"""Files: what is written is there whole or not at all, readable like any other (mode 0666 less the
umask); what is read is a regular file of a bounded length, because a device or a pipe may never
end."""

import errno
import os
import secrets
import stat
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from spikeplane.errors import SpikeplaneError

_KINDS = {
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


def check_path(path: Any) -> None:
    """Raises SpikeplaneError for what is no path; a number would be an open file's."""
    if not isinstance(path, str | os.PathLike):
        raise SpikeplaneError(f"a file is given by its path, not as {type(path).__name__}")


def check_regular(path: str | Path) -> None:
    """Raises SpikeplaneError for what can be opened and may never end: a device, a pipe, a socket.
    Anything else passes, missing files too: whoever opens them says what it expected."""
    check_path(path)
    try:
        kind = _KINDS.get(stat.S_IFMT(os.stat(path).st_mode))
    except (OSError, ValueError):
        return
    if kind:
        raise SpikeplaneError(f"{path} is {kind}, no regular file: save what it gives to a file first")


def read_file(path: str | Path, most: int) -> bytes:
    """The contents of a regular file of at most `most` bytes. Raises SpikeplaneError for a longer
    one and for a device, a pipe or a socket; OSError, as `open` does, for one that is missing or
    cannot be read."""
    check_regular(path)
    with open(path, "rb") as file:
        data = file.read(most + 1)
        length = max(len(data), os.fstat(file.fileno()).st_size)
    if len(data) > most:
        raise SpikeplaneError(f"{path} is too long: {length} bytes, {most} at most")
    return data


def same_file(one: str | Path, other: str | Path) -> bool:
    """Whether two paths name the same place, links followed; a loop of links is a place of its own."""
    return os.path.realpath(one) == os.path.realpath(other)


def write_file(path: str | Path, contents: str | bytes) -> None:
    """Write one file; see `write_files`."""
    write_files({path: contents})


def write_files(contents: Mapping[Any, str | bytes]) -> None:
    """Write all files (path: contents) or none, and make the folders they lie in. If one fails,
    what was there is as it was.

    A link is followed. What is there and is no file (/dev/null, a pipe) is written into, never replaced.
    Raises SpikeplaneError that names the file which cannot be written.
    """
    place: str | Path = ""
    with ExitStack() as undo:
        try:
            drafts = []
            for place, text in contents.items():
                target, data = _resolved(place), text.encode() if isinstance(text, str) else text
                drafts.append((place, target, data, _draft(target, data, undo)))
            for place, target, data, draft in drafts:  # noqa: B007 - `place` is for the message
                if draft is None:
                    target.write_bytes(data)
                else:
                    os.replace(draft, target)
        except OSError as error:
            raise _refusal(place, error) from None
        undo.pop_all()


@contextmanager
def write_stream(path: str | Path) -> Iterator[IO[bytes]]:
    """A file to write piece by piece, for what does not fit in memory; otherwise as `write_files`
    for one file.

    It takes its name when the block ends without an error; with one, what was there is as it was.
    Raises SpikeplaneError that names the file which cannot be written.
    """
    with ExitStack() as undo:
        try:
            target = _resolved(path)
            draft = _draft(target, b"", undo)
            with (draft or target).open("wb") as file:
                yield file
            if draft is not None:
                os.replace(draft, target)
        except OSError as error:
            raise _refusal(path, error) from None
        undo.pop_all()


def check_place(path: str | Path) -> None:
    """Raises SpikeplaneError if a file could not be written here: for commands that work long
    before they write."""
    try:
        target = _resolved(path)
        folder = next(parent for parent in target.parents if parent.exists())
        if not folder.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
        if (target.is_file() or not target.exists()) and not os.access(folder, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    except OSError as error:
        raise _refusal(path, error) from None


def _resolved(path: str | Path) -> Path:
    check_path(path)
    target = Path(os.path.realpath(path))
    # `realpath` gives up on a loop of links
    if any(place.is_symlink() for place in (target, *target.parents)):
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
    if target.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    return target


def _draft(target: Path, data: bytes, undo: ExitStack) -> Path | None:
    """The contents in a file beside the target, or None if the target is a device or a pipe."""
    if target.exists() and not target.is_file():
        return None
    for folder in reversed([folder for folder in target.parents if not folder.exists()]):
        folder.mkdir(exist_ok=True)
        undo.callback(_quietly, folder.rmdir)
    # a tempfile would be for its owner's eyes only
    draft = target.with_name(f".spikeplane-{secrets.token_hex(8)}")
    undo.callback(_quietly, draft.unlink)
    with draft.open("xb") as file:
        file.write(data)
    return draft


def _quietly(step: Callable[[], None]) -> None:
    with suppress(OSError):
        step()


def _refusal(path: str | Path, error: OSError) -> SpikeplaneError:
    return SpikeplaneError(f"cannot write {path}: {error.strerror or error}")
