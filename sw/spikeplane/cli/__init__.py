"""The command line: one module a command. Only here does `spikeplane` import upwards (gateware,
simulation), and only when asked.

Errors are one line on stderr, never on stdout, and exit status 2; Ctrl-C is 130, SIGTERM 143. This
module imports nothing heavy: what handles signals has to stand before the commands are imported.
"""

from __future__ import annotations

import io
import os
import sys
from contextlib import suppress

from spikeplane.cli.interrupts import Interrupts, interrupts

TYPE_CHECKING = False  # typing is not imported here, see above
if TYPE_CHECKING:
    from typing import Any


def __getattr__(name: str) -> Any:
    if name == "app":
        from spikeplane.cli.commands import app

        return app
    raise AttributeError(name)


def main() -> None:
    """The entry point of `spikeplane`."""
    _open_streams()
    # names of files and layers may hold what the terminal's encoding cannot say
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    with interrupts() as state:
        status = _run(state)
        state.importing = True  # again: nothing is left to undo
        _settle()
        if state.caught:
            os._exit(status)  # what was interrupted may hold threads that would be waited for
    sys.exit(status)


def _run(state: Interrupts | None = None) -> int:
    """The exit status of the command, after its one line on stderr if it failed."""
    state = state or Interrupts()
    try:
        status = _called(state)
        if sys.stdout:
            sys.stdout.flush()
    except BaseException as error:
        # whatever the code that was interrupted made of it
        if state.caught or isinstance(error, KeyboardInterrupt):
            return _stopped(state)
        from spikeplane.cli.failures import told

        return told(error, _extra())
    # Typer makes 130 of Ctrl-C, without a word
    return _stopped(state) if state.caught or status == 130 else status


def _called(state: Interrupts) -> int:
    """The command line's own exit status."""
    from spikeplane.cli import overview

    if overview.wanted(sys.argv[1:]):
        overview.show()
        return 0
    from spikeplane.cli.commands import app
    from spikeplane.cli.lines import told_warnings

    with told_warnings():
        return int(app(standalone_mode=False, obj=state) or 0)


def _extra() -> str:
    """The extra of Spikeplane that the command needs; "" before there is one."""
    commands = sys.modules.get("spikeplane.cli.commands")
    called = commands.Commands.called if commands else None
    return called.extra if called else ""


def _stopped(state: Interrupts) -> int:
    from spikeplane.cli.lines import complain

    complain(state.word)
    return state.status


def _settle() -> None:
    """Nothing is left in the streams that the interpreter would try to write when it ends, and fail."""
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream:
                stream.flush()
        except (OSError, ValueError):
            with suppress(OSError, ValueError):
                os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _open_streams() -> None:
    """A standard stream that is closed is nobody's: no file that is opened later may take its
    number and get its text."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)  # the lowest free number: this one
