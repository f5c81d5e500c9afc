"""Stands in front of the compiler while Verilator builds (`OBJCACHE` of its makefiles): Verilator's own
run time, which every simulator holds, is compiled once and then copied.

Run by file name, without packages: it starts dozens of times a build. What is no file of the run time
goes to the compiler as it is.
"""

import hashlib
import os
import shutil
import sys
from pathlib import Path

#: The folder of kept objects; named by the tools, see `objects.environment`.
FOLDER = "SPIKEPLANE_OBJECTS"
_SEAL = hashlib.sha256().digest_size


def main(command: list[str]) -> int:
    """Compile, or copy what was compiled by the same command. The compiler's exit status."""
    folder = os.environ.get(FOLDER)
    if not folder or not _is_run_time(command) or "-o" not in command:
        os.execvp(command[0], command)
    target = Path(command[command.index("-o") + 1])
    kept = Path(folder) / f"{_key(command)}.o"
    contents = _sound(kept)
    if contents is not None:
        target.write_bytes(contents)
        return 0
    status = os.spawnvp(os.P_WAIT, command[0], command)
    if status == 0:
        _keep(kept, target.read_bytes())
    return status


def _is_run_time(command: list[str]) -> bool:
    source = Path(command[-1])
    return "-c" in command and source.suffix == ".cpp" and source.name.startswith("verilated")


def _key(command: list[str]) -> str:
    """Of the command and the source; headers belong to the version of Verilator, which the folder's
    name has."""
    whole = hashlib.sha256(Path(command[-1]).read_bytes())
    whole.update("\0".join(command).encode(errors="surrogateescape"))
    return whole.hexdigest()[:24]


def _sound(path: Path) -> bytes | None:
    """The object behind its digest; None if it is not there or damaged."""
    try:
        data = path.read_bytes()
    except OSError:
        return None
    seal, contents = data[:_SEAL], data[_SEAL:]
    return contents if contents and hashlib.sha256(contents).digest() == seal else None


def _keep(path: Path, contents: bytes) -> None:
    """Whole or not at all; a cache that cannot be written costs time only."""
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft.write_bytes(hashlib.sha256(contents).digest() + contents)
        os.replace(draft, path)
    except OSError:
        shutil.rmtree(draft, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
