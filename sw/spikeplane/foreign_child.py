"""The other side of `foreign.py`: what a process does that reads a foreign file. Its limits hold
before the file is opened."""

import contextlib
import json
import os
from collections.abc import Callable, Iterable
from typing import Any

Answer = tuple[dict[str, Any], Iterable[Any]]  #: the object, and buffers of bytes


def limit(seconds: int, room: int) -> None:
    """So many seconds of a processor, `room` bytes of memory more than it has now, no core file: an
    end even where nobody is left to kill it. Systems without such limits have none."""
    try:
        import resource
    except ImportError:
        return
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
        with open("/proc/self/statm") as file:
            size = int(file.read().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (size + room, size + room))


def answer(read: Callable[[], Answer], seconds: int, room: int) -> None:
    """Answer what `read` returns, within the limits, and leave without closing what the library may
    not be able to close."""
    stream = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever else is printed is no answer
    limit(seconds, room)
    found, chunks = read()
    text = json.dumps(found).encode()
    for part in (len(text).to_bytes(8, "little"), text, *chunks):
        stream.write(part)
    stream.flush()
    os._exit(0)
