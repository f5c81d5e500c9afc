"""Submit a federation to a SuperLink of Flower, and follow it. Flower's own command does it: nothing here imports Flower."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from spikeplane.errors import SpikeplaneError
from spikeplane.extras import install
from spikeplane.train.federate.package import MARK, Package

_PROJECT = """[project]
name = "spikeplane-federation"
version = "1.0.0"
description = "A federation of Spikeplane"
license = "Apache-2.0"
dependencies = []

[tool.flwr.app]
publisher = "spikeplane"

[tool.flwr.app.components]
serverapp = "federation.app:server"
clientapp = "federation.app:client"

[tool.flwr.app.config]
"""
_APP = '''"""The two apps of a federation of Spikeplane."""

from pathlib import Path

from spikeplane.train.federate.flower import client_app, server_app

server = server_app(Path(__file__).parent)
client = client_app(Path(__file__).parent)
'''
_CONNECTION = '[superlink]\ndefault = "given"\n\n[superlink.given]\naddress = "{}"\ninsecure = true\n'
_RUN = re.compile(r"started run (\d+)")
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")


def submit(package: Package, superlink: str, say: Callable[[str], None]) -> None:
    """Run it to its end. `superlink`: HOST:PORT, without TLS, or the name of a connection in Flower's own configuration;
    `say` is told the server's lines. Raises SpikeplaneError with what the server or Flower said."""
    tool = _tool()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "spikeplane-federation"
        (folder / "federation").mkdir(parents=True)
        (folder / "pyproject.toml").write_text(_PROJECT)
        (folder / "federation" / "__init__.py").write_text("")
        (folder / "federation" / "app.py").write_text(_APP)
        package.save(folder / "federation")
        environment, name = dict(os.environ), superlink
        if ":" in superlink:
            name = "given"
            environment["FLWR_HOME"] = place
            (Path(place) / "config.toml").write_text(_CONNECTION.format(superlink))
        with _following([tool, "run", str(folder), name, "--stream"], environment) as lines:
            _follow(lines, say, lambda run: [tool, "stop", run, name], environment)


def _tool() -> str:
    """Flower's command: of this environment."""
    beside = Path(sys.executable).with_name("flwr")
    found = str(beside) if beside.exists() else shutil.which("flwr")
    if found is None:
        raise SpikeplaneError(f"flwr is needed, not found: {install('flwr')}")
    return found


@contextmanager
def _following(command: list[str], environment: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        start_new_session=True,
    )  # fmt: skip
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def _follow(
    process: "subprocess.Popen[str]",
    say: Callable[[str], None],
    stop: Callable[[str], list[str]],
    environment: dict[str, str],
) -> None:
    """Pass on the server's lines. A run whose command is interrupted is stopped."""
    run, said, failed = None, "nothing", None
    assert process.stdout is not None
    try:
        for text in process.stdout:
            line = _COLOURS.sub("", text).strip()
            said = line.strip("│╭╰─╮╯ ") or said
            if found := _RUN.search(line):
                run = found[1]
            if MARK in line:
                own = line.partition(MARK)[2]
                failed = own.removeprefix("error: ") if own.startswith("error: ") else failed
                if failed is None:
                    say(own)
    except KeyboardInterrupt:
        if run is not None:
            subprocess.run(stop(run), env=environment, capture_output=True, check=False)
        raise
    if failed is not None:
        raise SpikeplaneError(failed)
    if process.wait() or run is None:
        raise SpikeplaneError(f"Flower did not run the federation: {said}")
