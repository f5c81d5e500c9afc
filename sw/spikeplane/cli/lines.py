"""Lines on stderr, without Rich, which takes a while to import: errors, warnings, what is logged.

Names of files, layers and keys are shown with their control characters escaped, so that none of them writes to the
terminal what it likes."""

import re
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress

#: Characters of a message at its ends, which are kept: what it names came from a file, and may be
#: as long as that.
_HEAD, _TAIL = 1500, 500
#: C0 and C1, DEL, the separators of lines and paragraphs, and what turns the direction of writing around.
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def shown(text: str) -> str:
    """The text with its control characters as in Python's strings, on one line."""
    return _CONTROLS.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def message(text: str) -> str:
    """An error or a warning as it is printed: one line of a bounded length."""
    line = shown(text.strip())
    return line if len(line) <= _HEAD + _TAIL else f"{line[:_HEAD]}...{line[-_TAIL:]}"


#: What warns of the code of libraries, not of anybody's files.
_OF_CODE = (DeprecationWarning, PendingDeprecationWarning, FutureWarning, ResourceWarning, ImportWarning)


@contextmanager
def told_warnings() -> Iterator[None]:
    """What libraries warn of during a command is told after it, a line each and each once; an error
    says all by itself."""
    with warnings.catch_warnings(record=True) as caught:
        yield
    for text in dict.fromkeys(
        message(str(w.message)) for w in caught if not issubclass(w.category, _OF_CODE)
    ):
        complain(f"warning: {text}")


def complain(text: str) -> None:
    """A line on stderr, and nowhere else where that is closed or full."""
    if sys.stderr is not None:
        with suppress(OSError, ValueError):
            print(text, file=sys.stderr, flush=True)
