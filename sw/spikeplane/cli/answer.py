"""What every command ends with: `--json`, one object on stdout in the place of the text, and the next command to type.

With `--json` stdout holds the object and nothing else; what would have been said beside it goes to stderr.
"""

import json
import math
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape

from spikeplane.cli.console import err, out

Json = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]


def notes(as_json: bool) -> Console:
    """Where lines go that are read while the command works: stdout, or stderr beside an object."""
    return err if as_json else out


def print_json(values: Any) -> None:
    """The object, on one line. What JSON has no number for (an infinity, no number at all) is null."""
    print(json.dumps(plain(values), allow_nan=False))


def plain(values: Any) -> Any:
    """The same of what JSON knows: paths as text, numbers of numpy as Python's, tuples as lists."""
    if isinstance(values, Mapping):
        return {str(key): plain(value) for key, value in values.items()}
    if isinstance(values, list | tuple):
        return [plain(value) for value in values]
    if isinstance(values, Path):
        return str(values)
    if hasattr(values, "tolist"):
        return plain(values.tolist())
    return None if isinstance(values, float) and not math.isfinite(values) else values


def command(*words: object) -> str:
    """A command line as it is typed: words with spaces quoted. Words in capitals stand for what only the user
    knows: DATA, PORT."""
    return shlex.join(["spikeplane", *map(str, words)])


def print_next(line: str) -> None:
    """The last line of a command: what to type then."""
    out.print(f"next: {escape(line)}", highlight=False, soft_wrap=True)
