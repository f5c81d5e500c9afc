"""What `spikeplane build` would do: of `--dry-run`."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.markup import escape

from spikeplane.cli.answer import command, print_next
from spikeplane.cli.columns import Figures
from spikeplane.cli.console import out
from spikeplane.config import ChipConfig
from spikeplane.toolchain import command_path

if TYPE_CHECKING:
    from spikeplane_hw.board import Board


def planned(target: "Board", chip: ChipConfig | None, then: str) -> dict[str, Any]:
    """The chip, what it is estimated to take of the board, the tools and the next command, as plain values. A chip with a unit, or
    none at all, has no estimate."""
    from spikeplane.estimate.resources import estimate

    rows: dict[str, Any] = {}
    if chip is not None and chip.cores and not chip.units:
        for name, found in estimate(chip, target.family).items():
            available = target.resources[name]
            rows[name] = {"used": found.used, "available": available, "fits": found.used <= available}
    return {
        "board": target.name,
        "chip": chip.digest if chip else None,
        "config": chip.to_dict() if chip else None,
        "clock_mhz": target.clock,
        "resources": rows,
        "tools": {name: bool(command_path(name)) for name in target.tools},
        "next": then,
    }


def show_planned(plan: dict[str, Any], title: str, folder: Path) -> None:
    """The plan for people."""
    what = f"chip {plan['chip']}" if plan["chip"] else "UART echo"
    heading = f"{escape(title)}: {what} at {plan['clock_mhz']:g} MHz"
    if plan["resources"]:
        table = Figures(f"{heading}, estimated", ("resource", "used", "available", "share"), ("resource",))
        for name, row in plan["resources"].items():
            share = f"{row['used'] / row['available']:.0%}"
            table.add(name, f"{row['used']:,}", f"{row['available']:,}", share)
        table.print(out)
    else:
        out.print(f"{heading}; no estimate: synthesis tells", highlight=False)
    tools = ", ".join(name if found else f"{name} (not found)" for name, found in plan["tools"].items())
    flash = command("flash", "--board", plan["board"], folder)
    out.print(f"tools: {escape(tools)}", highlight=False, soft_wrap=True)
    out.print(
        f"nothing is built; without --dry-run into {escape(str(folder))}, then: {escape(flash)}",
        highlight=False,
        soft_wrap=True,
    )
    print_next(plan["next"])
