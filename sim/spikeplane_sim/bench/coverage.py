"""Line and toggle coverage of the gateware: the chip's bench on a simulator that counts. `python -m
spikeplane_sim.bench.coverage`

```
    chip bench, Verilator with --coverage-line --coverage-toggle -> coverage.dat -> points by module -> table
```
A line is a branch or block of the generated Verilog, a toggle one direction of one bit of a signal.
Instances of a module, and lanes, count together. Registers count in full, also those that the
bench's small networks cannot fill: a module that is lower than its neighbours is where to look.
"""

import re
import sys
import tempfile
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.table import Table

from spikeplane.errors import SpikeplaneError
from spikeplane_sim.bench.designs import design
from spikeplane_sim.bench.runner import run_design

ARGUMENTS = ("--coverage-line", "--coverage-toggle")
_POINT = re.compile(r"C '(.*)' (\d+)$")
_KINDS = {"line": "line", "branch": "line", "toggle": "toggle"}


@dataclass
class Coverage:
    """Of one module. `points[kind]`: point -> how often it was met; kind is "line" or "toggle"."""

    points: dict[str, dict[str, int]] = field(default_factory=lambda: {"line": {}, "toggle": {}})

    def add(self, kind: str, point: str, count: int) -> None:
        """Counts of the same point (another instance, another run) add up."""
        self.points[kind][point] = self.points[kind].get(point, 0) + count

    def figures(self, kind: str) -> tuple[int, int]:
        """(points met, points)."""
        return sum(count > 0 for count in self.points[kind].values()), len(self.points[kind])


def read(path: Path) -> dict[str, Coverage]:
    """The modules of a Verilator coverage file. Raises SpikeplaneError if it is missing or empty."""
    if not path.exists():
        raise SpikeplaneError(f"coverage: the simulation left no {path.name}")
    modules: dict[str, Coverage] = defaultdict(Coverage)
    for line in path.read_text(errors="replace").splitlines():
        match = _POINT.match(line)
        if match is None:
            continue
        keys = dict(part.split("\x02", 1) for part in match[1].split("\x01") if "\x02" in part)
        kind, _, module = keys.get("page", "").removeprefix("v_").partition("/")
        if kind in _KINDS and module:
            point = " ".join(keys.get(key, "") for key in ("l", "n", "t", "o"))
            modules[_short(module)].add(_KINDS[kind], point, int(match[2]))
    if not modules:
        raise SpikeplaneError(f"coverage: {path} holds no point")
    return dict(modules)


def _short(module: str) -> str:
    """`spikeplane_tile.core.soma.sweep.membranes_3` is `core.soma.sweep.membranes`."""
    name = re.sub(r"(__[0-9a-zA-Z_]*|_\d+|\$\d+)$", "", module)
    return name.removeprefix("spikeplane_tile.").removeprefix("spikeplane_chip.")


def measure(*, seed: int = 0, folder: Path | None = None) -> dict[str, Coverage]:
    """Run the chip's bench and read what it left. Raises SpikeplaneError if the bench fails."""
    with tempfile.TemporaryDirectory(prefix="spikeplane-coverage-") as draft:
        work = folder or Path(draft)
        chip = design("chip")
        result = run_design(chip, seed=seed, folder=work, build_args=ARGUMENTS)
        if not result.passed:
            raise SpikeplaneError(
                f"coverage: the chip's bench failed {result.failed} of {result.tests} tests; "
                "spikeplane simulate chip"
            )
        return read(work / "coverage.dat")


def table(modules: dict[str, Coverage]) -> Table:
    """A row per module, the total last."""
    out = Table(title="Coverage of the gateware by the chip's bench", title_justify="left")
    out.add_column("module")
    for name in ("lines met", "of", "%", "toggles met", "of", "%"):
        out.add_column(name, justify="right")
    total = [0, 0, 0, 0]
    for name, coverage in sorted(modules.items()):
        figures = [*coverage.figures("line"), *coverage.figures("toggle")]
        total = [a + b for a, b in zip(total, figures, strict=True)]
        out.add_row(name, *_cells(figures))
    out.add_section()
    out.add_row("total", *_cells(total), style="bold")
    return out


def _cells(figures: list[int]) -> list[str]:
    cells = []
    for met, of in (figures[:2], figures[2:]):
        cells += [f"{met:,}", f"{of:,}", f"{100 * met / of:.1f}" if of else "-"]
    return cells


def main() -> int:
    """Print the table; 1 and one line on standard error where it could not be measured."""
    try:
        modules = measure()
    except SpikeplaneError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    Console(width=None if sys.stdout.isatty() else 132).print(table(modules))
    return 0


if __name__ == "__main__":
    sys.exit(main())
