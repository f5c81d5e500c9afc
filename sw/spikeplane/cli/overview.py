"""What `spikeplane --help` prints, drawn from the table of commands: neither Typer nor Rich is imported, which take
longer than all else. The help of one command is Typer's."""

from __future__ import annotations

import os
import sys
import textwrap

from spikeplane.cli.entries import ABOUT, ENTRIES

#: Options of `spikeplane` itself, as Typer has them (tests/packaging/test_startup.py).
OPTIONS = (
    ("--version", "", "Print the version and leave."),
    ("--verbose", "-v", "Say on stderr what is done; twice: how, too."),
    ("--install-completion", "", "Install completion for the current shell."),
    ("--show-completion", "", "Show completion for the current shell, to copy it or customize the installation."),
    ("--help", "-h", "Show this message and exit."),
)  # fmt: skip
_BOLD, _NAME, _DIM, _END = "\x1b[1m", "\x1b[1;36m", "\x1b[2m", "\x1b[0m"
_ROUND, _PLAIN = "╭─╮│╰╯", "+-+|++"
_LEAST, _WIDTH = 50, 80  #: columns that are drawn at least, and where nothing says how many


def wanted(arguments: list[str]) -> bool:
    """Whether a command line asks for this page and for nothing else."""
    return arguments in (["--help"], ["-h"]) and "_SPIKEPLANE_COMPLETE" not in os.environ


def show() -> None:
    """Print it on stdout, as wide as COLUMNS says or the terminal is; in colours on a terminal that has them."""
    stream = sys.stdout
    if stream is None:
        return
    colours = stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    frame = _ROUND if (stream.encoding or "").lower().startswith("utf") else _PLAIN
    print("\n".join(page(_columns(), colours=colours, frame=frame)))


def page(width: int, *, colours: bool = False, frame: str = _ROUND) -> list[str]:
    """Its lines, of at most `width` columns."""
    options = [(f"{name:<22}{short:<4}", text) for name, short, text in OPTIONS]
    wide = max(len(entry.name) for entry in ENTRIES) + 2
    commands = [(entry.name.ljust(wide), entry.help) for entry in ENTRIES]
    return [
        "",
        f" {_styled('Usage:', _BOLD, colours)} spikeplane [OPTIONS] COMMAND [ARGS]...",
        "",
        *(f" {line}" for line in textwrap.wrap(ABOUT, width - 2)),
        "",
        *_panel("Options", options, width, frame, colours),
        *_panel("Commands", commands, width, frame, colours),
        "",
        " spikeplane COMMAND --help says more of each.",
    ]


def _panel(title: str, rows: list[tuple[str, str]], width: int, frame: str, colours: bool) -> list[str]:
    """A box with names and texts, the texts broken into lines."""
    left, bar, right, side, low, lower = frame
    edge = _styled(side, _DIM, colours)
    lines = [_styled(f"{left}{bar} {title} ".ljust(width - 1, bar) + right, _DIM, colours)]
    for name, text in rows:
        room = width - 4 - len(name)
        for number, part in enumerate(textwrap.wrap(text, room)):
            head = _styled(name, _NAME, colours) if number == 0 else " " * len(name)
            lines.append(f"{edge} {head}{part.ljust(room)} {edge}")
    return [*lines, _styled(low + bar * (width - 2) + lower, _DIM, colours)]


def _styled(text: str, style: str, colours: bool) -> str:
    return f"{style}{text}{_END}" if colours else text


def _columns() -> int:
    given = os.environ.get("COLUMNS", "")
    if given.isascii() and given.isdigit() and 0 < int(given) < 100_000:
        return max(_LEAST, int(given))
    try:
        return max(_LEAST, os.get_terminal_size(sys.stdout.fileno()).columns)
    except (OSError, ValueError):
        return _WIDTH
