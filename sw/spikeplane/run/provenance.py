"""What a run was made of, by checksums: its files, and the samples as they were sent."""

import hashlib
from collections.abc import Iterable
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

import numpy as np

from spikeplane.errors import SpikeplaneError
from spikeplane.program import Program

FILES = 4096  #: of a folder that are summed, at most


class Digest:
    """SHA-256 over samples as the host sends them: of each sample the planes of each input, in the program's order,
    as little-endian int32. It does not depend on how they are cut into batches."""

    def __init__(self) -> None:
        self._sum = hashlib.sha256()
        self._copied: str | None = None

    def add(self, names: Iterable[str], planes: dict[str, np.ndarray]) -> None:
        """More samples, by input int (N, T, C, H, W). Raises SpikeplaneError for a copy, or one that was pickled:
        it knows the sum and not how to go on."""
        if self._copied is not None:
            raise SpikeplaneError(
                "a result that was copied or pickled takes no more samples; run them all at once"
            )
        sides = [np.ascontiguousarray(planes[name], "<i4") for name in names]
        for one in zip(*sides, strict=True):
            for values in one:
                self._sum.update(values)

    def __str__(self) -> str:
        return self._sum.hexdigest() if self._copied is None else self._copied

    def __getstate__(self) -> dict[str, str]:
        return {"_copied": str(self)}


def sum_of(path: Path) -> str:
    """SHA-256 of a file; of a folder that of the lines that `sha256sum` prints of its files, by name. In words where
    there are too many of them, or one cannot be read."""
    try:
        if not path.is_dir():
            return f"SHA-256 {_file(path)}"
        files = sorted(one for one in path.rglob("*") if one.is_file())
        if len(files) > FILES:
            return f"a folder of {len(files):,} files, not summed"
        lines = [f"{_file(one)}  {one.relative_to(path)}\n" for one in files]
    except OSError as error:
        return f"not summed: {error.strerror or error}"
    return f"SHA-256 {hashlib.sha256(''.join(lines).encode()).hexdigest()} of {len(files):,} files"


def files_of(program: Path, data: Iterable[str], labels: Path | None) -> dict[str, str]:
    """The files of a command line with their checksums, for `provenance`. `data`: FILE or NAME=FILE."""
    found = {f"program {program.name}": sum_of(program)}
    for given in data:
        path = Path(given)
        if not path.exists() and "=" in given:
            path = Path(given.partition("=")[2])
        found[f"data {path.name}"] = sum_of(path)
    return found | ({} if labels is None else {f"labels {labels.name}": sum_of(labels)})


def provenance(program: Program, samples: int, digest: Digest, command: str | None) -> dict[str, str]:
    """Date, version, chip, program, samples and command, for people. `command`: as typed, None: from Python."""
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "version": metadata.version("spikeplane"),
        "chip": program.config.digest,
        "program": f"{program.name}, SHA-256 {program.digest} of what it loads",
        "samples": f"{samples:,}, SHA-256 {digest} of the planes sent",
        "command": command or "from Python",
    }


def _file(path: Path) -> str:
    with path.open("rb") as source:
        return hashlib.file_digest(source, "sha256").hexdigest()
