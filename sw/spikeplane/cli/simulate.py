"""`spikeplane simulate`: the cocotb benches of the gateware on Verilator."""

from typing import Annotated

import typer

from spikeplane.cli.console import busy, out
from spikeplane.errors import SpikeplaneError


def simulate(
    names: Annotated[list[str] | None, typer.Argument(help="Benches to run (default: all).")] = None,
    waves: Annotated[bool, typer.Option("--waves", help="Write a waveform file and print its path.")] = False,
    seed: Annotated[int, typer.Option(help="Seed of the random traffic and stalls.")] = 0,
) -> None:
    """Run the cocotb benches: core, router, mesh, bridge, chip.

    Example: `spikeplane simulate core --waves`
    """
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
