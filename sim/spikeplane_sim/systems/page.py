"""The page of the systems, made of what `spikeplane systems --board sim --json` found:
`python -m spikeplane_sim.systems.page FOUND.json -o docs/systems.md`. Of several files later rows replace earlier ones."""

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from spikeplane.config import RANGES
from spikeplane.files import write_files
from spikeplane_sim.systems import SYSTEMS
from spikeplane_sim.systems.system import System

_HEAD = """# Published systems

Small models of published spiking systems, written by ourselves from the published semantics: `sim/spikeplane_sim/systems/`, one file
each. `spikeplane systems` runs them, all or by name; `--size` and `--seed` make others of the same kind.

```
spikeplane systems csnn                                    # import proved, integers held against floats
spikeplane systems --board sim --json > found.json         # the simulated chip too: every value compared; minutes
python -m spikeplane_sim.systems.page found.json -o docs/systems.md
```

Weights are random, batch-norms calibrated on random input so that layers fire in a quarter to a half of all steps. Of each system:

- **Import**: the float network is the PyTorch module in every spike, in float64.
- **Agreement**: the share of spikes that the integers have in common with the float network, where every layer is given the float
  network's spikes; `lowest` is that of one layer. Expected are 99 %, or what the system's own text says. Left alone, random weights
  are chaotic: a first spike that differs changes all others, and no figure is expected.
- **Chip**: one core; 2 x 2 cores as the compiler places the network; the same cores with every population elsewhere. A core holds 16
  populations: larger networks take 2 x 2 and 2 x 4. Every output of every population and step is compared with the golden model: 0
  mismatches are expected. Cores and cycles a sample stand in that order.

The command ends with 1 where a system is refused, a value differs or fewer spikes agree than are expected. Systems that do not run
say what they lack. Synapses are weights that are not 0.
"""


def page(found: dict[str, Any]) -> str:
    """The Markdown of the page."""
    rows = {row["name"]: row for row in found["rows"]}
    return "\n".join(
        [
            _HEAD,
            *_table(rows),
            *_of_several_cores(rows),
            "",
            *(line for s in SYSTEMS.values() for line in _about(s)),
        ]
    )


def _table(rows: dict[str, Any]) -> Iterator[str]:
    yield (
        "| system | populations | synapses | cores | agreement | lowest | spikes compared | mismatches | cycles |"
    )
    yield "|---|--:|--:|--:|--:|--:|--:|--:|--:|"
    for system in SYSTEMS.values():
        row = rows.get(system.name)
        name = f"[{system.name}](#{system.name})" + (", a part" if system.part else "")
        if system.lacks or row is None or row["refused"]:
            why = f"lacks {system.lacks}" if system.lacks else "not run"
            yield f"| {name}: {why if row is None else row['refused'] or why} {'| ' * 8}|"
            continue
        runs = row["runs"]
        yield "| " + " | ".join((
            name, str(row["populations"]), f"{row['synapses']:,}", ", ".join(str(run["cores"]) for run in runs),
            f"{row['agreement']:.2f} %", f"{row['lowest']:.2f} %", f"{sum(run['spikes'] for run in runs):,}",
            str(sum(run["mismatches"] for run in runs)), " / ".join(f"{run['cycles']:,}" for run in runs),
        )) + " |"  # fmt: skip


def _of_several_cores(rows: dict[str, Any]) -> Iterator[str]:
    """Which do not start on one core, and why."""
    most = RANGES["populations"][1]
    larger = [name for name in SYSTEMS if name in rows and rows[name]["populations"] > most]
    if larger:
        yield f"\nNot on one core, because its tables hold {most} populations, and these have more: {', '.join(larger)}."


def _about(system: System) -> Iterator[str]:
    """What a system is, and what was assumed of it."""
    yield from (
        f"## {system.name}",
        "",
        f"**{system.title}**. {system.shapes[:1].upper()}{system.shapes[1:]}.",
        "",
    )
    if system.paper:
        yield f"- Published: {system.paper}."
    if system.published:
        yield f"- Code: `{system.published}`."
    yield from (f"- Assumed: {text}." for text in system.assumed)
    if system.lacks:
        yield f"- Lacks: {system.lacks}."
    yield ""


def main(arguments: list[str] | None = None) -> int:
    """Writes the page. Raises SpikeplaneError where it cannot be written."""
    parser = argparse.ArgumentParser(description="Make the page of the systems.")
    parser.add_argument(
        "found", type=Path, nargs="+", help="what `spikeplane systems --board sim --json` printed"
    )
    parser.add_argument("-o", "--output", type=Path, required=True)
    given = parser.parse_args(arguments)
    rows = [row for path in given.found for row in json.loads(path.read_text())["rows"]]
    write_files({given.output: page({"rows": rows})})
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
