"""What is read of a liberty file (a standard-cell library, .lib): its cells, their areas, which of
them are flip-flops."""

import re
from dataclasses import dataclass
from pathlib import Path

from spikeplane.errors import SpikeplaneError
from spikeplane.files import read_file

_LIBRARY = re.compile(r"\blibrary\s*\(\s*\"?([^\s\")]+)\"?\s*\)\s*\{")
_CELL = re.compile(r"\bcell\s*\(\s*\"?([^\s\")]+)\"?\s*\)\s*\{")
_AREA = re.compile(r"\barea\s*:\s*\"?([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)", re.ASCII)
_LONGEST = 1 << 28  #: bytes of a library at most


@dataclass(frozen=True)
class Library:
    """areas: cell -> its area, in the unit of the library's makers (liberty has no field for it;
    um^2 as a rule); flipflops: the cells with an `ff` group."""

    name: str
    areas: dict[str, float]
    flipflops: frozenset[str]


def read_liberty(path: Path) -> Library:
    """The library in a file. Raises SpikeplaneError if the file is missing, is no liberty file or
    holds no flip-flop."""
    try:
        text = read_file(path, _LONGEST).decode(errors="replace")
    except FileNotFoundError:
        raise SpikeplaneError(f"no file {path}; --liberty takes a standard-cell library (.lib)") from None
    except OSError as error:
        raise SpikeplaneError(f"cannot read {path}: {error.strerror}") from None
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
    head = _LIBRARY.search(text)
    if head is None:
        raise SpikeplaneError(
            f"{path} is no liberty file: it has no group 'library (NAME) {{'; give a standard-cell "
            "library (.lib)"
        )
    marks = list(_CELL.finditer(text))
    ends = [*(mark.start() for mark in marks[1:]), len(text)]
    bodies = {mark[1]: text[mark.end() : end] for mark, end in zip(marks, ends, strict=True)} if marks else {}
    areas = {name: float(found[1]) if (found := _AREA.search(body)) else 0.0 for name, body in bodies.items()}
    flipflops = frozenset(name for name, body in bodies.items() if re.search(r"\bff\s*\(", body))
    if not flipflops:
        raise SpikeplaneError(
            f"{path}: library '{head[1]}' of {len(areas)} cells has no flip-flop (a cell with a "
            "group 'ff'); give a whole one"
        )
    return Library(head[1], areas, flipflops)
