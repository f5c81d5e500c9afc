"""GTKWave without a screen: it draws into broadwayd, which is GTK's own server for browsers, or into Xvfb."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

SCRIPT = """
puts "marker [gtkwave::getMarker]"
puts "times [gtkwave::getMinTime] [gtkwave::getMaxTime]"
puts "shown [gtkwave::getDisplayedSignals]"
flush stdout
gtkwave::/File/Quit
"""


def needed() -> None:
    """The test is skipped where there is no GTKWave, or nothing to draw into."""
    if not shutil.which("gtkwave") or not (shutil.which("broadwayd") or shutil.which("Xvfb")):
        pytest.skip("no GTKWave, or no screen for it: apt-get install gtkwave libgtk-3-bin")


@contextmanager
def screen(folder: Path) -> Iterator[dict[str, str]]:
    """The environment of a screen of its own, whose sockets are in the folder."""
    folder.mkdir(mode=0o700)
    display = f":{os.getpid() % 30000 + 100}"
    environment = {**os.environ, "XDG_RUNTIME_DIR": str(folder), "HOME": str(folder)}
    if broadway := shutil.which("broadwayd"):
        command = [broadway, f"--unixsocket={folder / 'http'}", display]
        environment |= {"GDK_BACKEND": "broadway", "BROADWAY_DISPLAY": display}
    else:
        command = ["Xvfb", display, "-nolisten", "tcp"]
        environment |= {"GDK_BACKEND": "x11", "DISPLAY": display}
    server = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        time.sleep(2)
        assert server.poll() is None, command
        yield environment
    finally:
        server.terminate()
        server.wait(10)


def opened(save: Path, folder: Path) -> dict[str, list[str]]:
    """What GTKWave says of a save file: `marker`, `times` (first and last), `shown` (every signal)."""
    script = folder / "said.tcl"
    script.write_text(SCRIPT)
    with screen(folder / "screen") as environment:
        done = subprocess.run(
            ["gtkwave", "--rcvar", "splash_disable on", "-S", str(script), save.name],
            cwd=save.parent,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=180,
        )
    words = [line.split() for line in done.stdout.splitlines() if line]
    found = {first: rest for first, *rest in words if first in ("marker", "times", "shown")}
    assert len(found) == 3, done.stdout + done.stderr
    return found
