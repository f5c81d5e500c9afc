"""The one exception that reaches a user: a single line that says what was expected, what came and
what to do; and how such a line names a number or a foreign exception."""

from typing import Any


class SpikeplaneError(Exception):
    """Bad input of any kind. The command line prints the message on one line and exits with status 2."""


class NoShape(SpikeplaneError):
    """A model that does not say the shape of its input."""


class UnknownName(SpikeplaneError, KeyError):
    """A name that a mapping does not have."""

    def __str__(self) -> str:
        return Exception.__str__(self)  # KeyError's is in quotes


def number(value: Any) -> str:
    """A number in full, so that 1.0000001 is not named as 1: the shortest text that reads back as
    the same value of its type."""
    text = str(value)
    return text.removesuffix(".0")


def reason(error: BaseException, most: int = 200) -> str:
    """What a foreign exception says: its first line, at most so many characters; its name if it
    says nothing."""
    line = next(iter(str(error).splitlines()), "").strip()
    return (line if len(line) <= most else f"{line[:most]}...") or type(error).__name__
