"""What a system has to be: boards are driven on Linux, macOS and Windows; the simulated board, and the tools that
build, stand on POSIX."""

import sys

from spikeplane.errors import SpikeplaneError

#: Modules of Python that only POSIX has.
MODULES = ("fcntl", "pty", "resource", "termios", "tty")
LINE = (
    "the simulated board and the tools that build need Linux or macOS; on Windows take WSL for them "
    "(boards on COM ports, compile and --board golden work without)"
)


def require_posix() -> None:
    """Raises SpikeplaneError on Windows."""
    if sys.platform == "win32":
        raise SpikeplaneError(LINE)
