"""What a system has to be: boards are driven on Linux, macOS and Windows; the simulated board, and the tools that
build, stand on POSIX."""

import sys
from importlib import import_module

from spikeplane.errors import SpikeplaneError

#: Modules of Python that only POSIX has.
MODULES = ("fcntl", "pty", "resource", "termios", "tty")
LINE = (
    "the simulated board and the tools that build need Linux or macOS; on Windows take WSL for them "
    "(boards on COM ports, compile and --board golden work without)"
)


def is_posix() -> bool:
    """Whether Python has what only POSIX has."""
    try:
        for name in MODULES:
            import_module(name)
    except ModuleNotFoundError:
        return False
    return True


def require_posix() -> None:
    """Raises SpikeplaneError on Windows."""
    if sys.platform == "win32" or not is_posix():
        raise SpikeplaneError(LINE)
