"""`spikeplane simulate`: the cocotb benches of the gateware on Verilator; with --netlist, the chip
after synthesis."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape

from spikeplane.cli.answer import Json, command, notes, print_json, print_next
from spikeplane.cli.chips import chosen_chip
from spikeplane.cli.console import busy, err
from spikeplane.errors import SpikeplaneError


def simulate(
    names: Annotated[list[str] | None, typer.Argument(help="Benches to run (default: all).")] = None,
    waves: Annotated[bool, typer.Option("--waves", help="Write a waveform file and print its path.")] = False,
    seed: Annotated[int, typer.Option(help="Seed of the random traffic and stalls.")] = 0,
    netlist: Annotated[
        bool, typer.Option("--netlist", help="The synthesised chip (ECP5 cells) instead of the benches.")
    ] = False,
    preset: Annotated[
        str | None, typer.Option("--preset", "-p", help="With --netlist: the chip (default: tiny).")
    ] = None,
    config: Annotated[
        Path | None, typer.Option("--config", "-c", help="With --netlist: a TOML file of chip sizes.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Run the cocotb benches: core, router, mesh, bridge, camera, chip, axi_lite. With --netlist: the chip as
    yosys maps it, against golden.

    Example: `spikeplane simulate core --waves`, `spikeplane simulate --netlist --preset tiny`
    """
    if netlist:
        if names or waves:
            raise SpikeplaneError("--netlist runs the chip's networks: no bench names and no --waves with it")
        _end(_netlist(preset, config, seed, notes(as_json)), as_json)
    elif preset is not None or config is not None:
        raise SpikeplaneError("--preset and --config go with --netlist; the benches have chips of their own")
    else:
        _end(_benches(names, waves, seed, notes(as_json)), as_json)


def _end(found: dict[str, Any], as_json: bool) -> None:
    """The object, or the next command; status 1 if anything failed."""
    print_json(found) if as_json else print_next(found["next"])
    if found["failed"]:
        raise typer.Exit(1)


def _benches(names: list[str] | None, waves: bool, seed: int, console: Console) -> dict[str, Any]:
    """The figures of each bench, told on the console as they come."""
    from spikeplane_sim.bench import runner

    known = runner.names()
    for name in names or []:
        if name not in known:
            raise SpikeplaneError(f"no bench '{name}'; there are {', '.join(known)}")
    results = []
    for name in names or known:
        with busy(f"simulating {name}"):
            result = runner.run(name, waves=waves, seed=seed)
        results.append(result)
        verdict = "[green]passed[/]" if result.passed else "[red]failed[/]"
        console.print(f"{name:10} {verdict}  {result.tests} tests in {result.seconds:.1f} s", highlight=False)
        if result.waves:
            console.print(f"           waves: {escape(str(result.waves))}", highlight=False, soft_wrap=True)
        if not result.passed:
            console.print(f"           log: {escape(str(result.log))}", highlight=False, soft_wrap=True)
    failed = [result.name for result in results if not result.passed]
    then = command("simulate", "--netlist", "--preset", "tiny")
    if failed:
        then = command("simulate", failed[0], "--seed", seed, "--waves")
    return {"seed": seed, "benches": [asdict(result) for result in results], "failed": failed, "next": then}


def _netlist(preset: str | None, config: Path | None, seed: int, console: Console) -> dict[str, Any]:
    """The figures of each network on the chip after synthesis, told on the console as they come."""
    from spikeplane_sim.netlist import build_netlist, cached_netlist, cell_counts
    from spikeplane_sim.netlist.run import run_networks

    chip = chosen_chip(preset, config, "tiny")
    library = build_netlist(chip, say=lambda text: err.print(escape(text), highlight=False))
    counts = cell_counts(cached_netlist(chip).read_text())
    cells = ", ".join(f"{count:,} {name}" for name, count in counts.items())
    console.print(f"cells: {cells}", highlight=False)
    networks = []
    for run in run_networks(chip, library, seed):
        if run.comparison is None:
            console.print(f"{run.name:12} skipped  {escape(run.refused)}", highlight=False)
            networks.append({"name": run.name, "refused": run.refused})
            continue
        bad = run.comparison.mismatches > 0
        verdict = "[red]failed[/]" if bad else "[green]passed[/]"
        console.print(
            f"{run.name:12} {verdict}  {escape(str(run.comparison))} in {run.cycles:,} cycles",
            highlight=False,
        )
        found = run.comparison
        figures = {"values": found.values, "spikes": found.spikes, "mismatches": found.mismatches}
        networks.append({"name": run.name, "cycles": run.cycles, **figures, "first": found.first})
    chosen = ("--config", config) if config is not None else ("--preset", preset or "tiny")
    return {
        "chip": chip.digest,
        "seed": seed,
        "cells": counts,
        "networks": networks,
        "failed": [row["name"] for row in networks if row.get("mismatches")],
        "next": command("compile", "MODEL", "-o", "net.spk", *chosen),
    }
