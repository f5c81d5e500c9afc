"""What belongs into a report of a defect: versions, platform, tools, cache; nothing of whose machine it is."""

import os
import platform
import sys
from pathlib import Path

from spikeplane.survey import Tool

#: Settings that change what Spikeplane does.
_SETTINGS = ("SPIKEPLANE_CACHE", "SPIKEPLANE_TRACEBACK", "CXX", "COLUMNS", "NO_COLOR", "OMP_NUM_THREADS")


def report_text(tools: list[Tool]) -> str:
    """Lines of plain text, the user's home and name taken out."""
    from spikeplane import __version__

    system = f"{platform.system()} {platform.release()}, {platform.machine()}"
    rows = [
        ("spikeplane", __version__),
        ("python", f"{platform.python_version()}, {platform.python_implementation()}"),
        ("system", f"{system}, {os.cpu_count()} processors"),
        ("terminal", "yes" if sys.stdout and sys.stdout.isatty() else "no"),
        ("cache", _cache()),
    ]
    rows += [(name, os.environ[name]) for name in _SETTINGS if name in os.environ]
    rows += [(tool.name, tool.found or "not found") for tool in tools if tool.name != "python"]
    return "\n".join(f"{name:<32}{_private(text)}" for name, text in rows)


def _cache() -> str:
    """How much is in the folder of simulators and Verilog, and where it is."""
    folder = Path(os.environ.get("SPIKEPLANE_CACHE") or Path.home() / ".cache" / "spikeplane")
    files = [path for path in folder.rglob("*") if path.is_file()] if folder.is_dir() else []
    return f"{folder}, {len(files):,} files, {sum(path.stat().st_size for path in files):,} bytes"


def _private(text: str) -> str:
    """The text without the user's home folder."""
    home = str(Path.home())
    return text.replace(home, "~") if len(home) > 1 else text
