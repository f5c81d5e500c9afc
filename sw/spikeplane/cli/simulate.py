"""`spikeplane simulate`: the cocotb benches of the gateware on Verilator; with --netlist, the chip
after synthesis."""

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from spikeplane.cli.chips import chosen_chip
from spikeplane.cli.console import busy, err, out
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
) -> None:
    """Run the cocotb benches: core, router, mesh, bridge, camera, chip, axi_lite. With --netlist: the chip as
    yosys maps it, against golden.

    Example: `spikeplane simulate core --waves`, `spikeplane simulate --netlist --preset tiny`
    """
    if netlist:
        if names or waves:
            raise SpikeplaneError("--netlist runs the chip's networks: no bench names and no --waves with it")
        _netlist(preset, config, seed)
    elif preset is not None or config is not None:
        raise SpikeplaneError("--preset and --config go with --netlist; the benches have chips of their own")
    else:
        _benches(names, waves, seed)


def _benches(names: list[str] | None, waves: bool, seed: int) -> None:
    from spikeplane_sim.bench import runner

    known = runner.names()
    for name in names or []:
        if name not in known:
            raise SpikeplaneError(f"no bench '{name}'; there are {', '.join(known)}")
    failed = 0
    for name in names or known:
        with busy(f"simulating {name}"):
            result = runner.run(name, waves=waves, seed=seed)
        verdict = "[green]passed[/]" if result.passed else "[red]failed[/]"
        out.print(f"{name:10} {verdict}  {result.tests} tests in {result.seconds:.1f} s", highlight=False)
        if result.waves:
            out.print(f"           waves: {result.waves}", highlight=False)
        failed += not result.passed
    if failed:
        raise typer.Exit(1)


def _netlist(preset: str | None, config: Path | None, seed: int) -> None:
    from spikeplane_sim.netlist import build_netlist, cached_netlist, cell_counts
    from spikeplane_sim.netlist.run import run_networks

    chip = chosen_chip(preset, config, "tiny")
    library = build_netlist(chip, say=lambda text: err.print(escape(text), highlight=False))
    counts = cell_counts(cached_netlist(chip).read_text())
    out.print("cells: " + ", ".join(f"{count:,} {name}" for name, count in counts.items()), highlight=False)
    failed = 0
    for run in run_networks(chip, library, seed):
        if run.comparison is None:
            out.print(f"{run.name:12} skipped  {escape(run.refused)}", highlight=False)
            continue
        bad = run.comparison.mismatches > 0
        verdict = "[red]failed[/]" if bad else "[green]passed[/]"
        out.print(
            f"{run.name:12} {verdict}  {escape(str(run.comparison))} in {run.cycles:,} cycles",
            highlight=False,
        )
        failed += bad
    if failed:
        raise typer.Exit(1)
