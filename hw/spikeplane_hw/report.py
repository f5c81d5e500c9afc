"""What nextpnr says of a design: resources used of available, clocks achieved of asked, the slowest
path by its names."""

import json
import re
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Clock:
    """One clock domain, MHz."""

    name: str
    achieved: float
    asked: float


@dataclass(frozen=True)
class Report:
    """One build's figures. `resources`: title -> (used, available); `path`: where the slowest path
    of a domain goes, its nanoseconds."""

    seed: int
    resources: dict[str, tuple[int, int]]
    clocks: list[Clock] = field(default_factory=list)
    path: list[str] = field(default_factory=list)
    path_ns: float = 0.0

    @property
    def met(self) -> bool:
        """Every clock is at least as fast as asked."""
        return all(clock.achieved >= clock.asked for clock in self.clocks)

    @property
    def slowest(self) -> Clock:
        """The clock that is furthest from what is asked."""
        return min(self.clocks, key=lambda clock: clock.achieved / clock.asked)

    def to_dict(self) -> dict[str, Any]:
        """As it stands in build.json."""
        clocks = [{"name": c.name, "achieved": c.achieved, "asked": c.asked} for c in self.clocks]
        resources = {name: list(pair) for name, pair in self.resources.items()}
        return {
            "seed": self.seed,
            "resources": resources,
            "clocks": clocks,
            "path": self.path,
            "path_ns": self.path_ns,
        }

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "Report":
        """The inverse of `to_dict`."""
        clocks = [Clock(**clock) for clock in values["clocks"]]
        resources = {name: (used, of) for name, (used, of) in values["resources"].items()}
        return cls(values["seed"], resources, clocks, values["path"], values["path_ns"])


def excess(used: dict[str, tuple[int, int]]) -> str:
    """By how much a design does not fit: `block RAM 34 of 26 (8 too many)`; empty if it fits."""
    over = [f"{name} {n:,} of {of:,} ({n - of:,} too many)" for name, (n, of) in used.items() if n > of]
    return ", ".join(over)


def read(seed: int, text: str, resources: dict[str, tuple[int, int]]) -> Report:
    """The report of one run of nextpnr, from its `report.json`; `resources` are in its log."""
    values = json.loads(text)
    clocks = [
        Clock(_clean(name), round(c["achieved"], 2), round(c["constraint"], 2))
        for name, c in values["fmax"].items()
    ]
    inside = [path for path in values["critical_paths"] if path["from"] == path["to"]]
    worst = max(inside, key=lambda path: sum(step["delay"] for step in path["path"]), default={"path": []})
    names = []
    for step in worst["path"]:
        name = step.get("net") or f"{step['to']['cell']}.{step['to']['port']}"
        if step["type"] in ("routing", "setup") and (name := _clean(name)) not in names:
            names.append(name)
    delay = sum(step["delay"] for step in worst["path"])
    return Report(seed, resources, clocks, names, round(delay, 2))


def _clean(name: str) -> str:
    """A net's or cell's name without what the tools hang on it."""
    name = re.sub(
        r"_(LUT\d|ALU|DFF\w*?|TRELLIS_FF|CCU2C|L6MUX21|PFUMX|SB_\w+?|DPX9B|MUX2_LUT\d)_.*$", "", name
    )
    return re.sub(r"^\$glbnet\$|^top\.", "", name)
