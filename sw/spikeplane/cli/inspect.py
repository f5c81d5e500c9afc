"""`spikeplane inspect`: what is in a program file."""

import io
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape

from spikeplane.cli.answer import Json, print_json, print_next
from spikeplane.cli.console import out
from spikeplane.cli.tables import figures, print_tables, run_line
from spikeplane.cli.trainings import described, is_training, show_training
from spikeplane.errors import SpikeplaneError
from spikeplane.explain import Understood, lines
from spikeplane.files import check_place, write_file
from spikeplane.program import Program
from spikeplane.train.file import Training


def inspect(
    program: Annotated[Path, typer.Argument(help="A program file, or a training (.spt).")],
    nir: Annotated[
        Path | None, typer.Option(help="Write its integer network as a NIR file, for other tools.")
    ] = None,
    explain: Annotated[
        bool, typer.Option("--explain", help="Print the graph that the importer understood, one line a node.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Show a program: chip, encoding, layers, quantisation, mapping; or a training: weights, and what was proved.

    Example: `spikeplane inspect net.spk --nir net.nir`
    """
    if as_json and (explain or nir is not None):
        raise SpikeplaneError("--json prints one object: give no --explain and no --nir beside it")
    if is_training(program):
        _inspect_training(program, as_json=as_json, other=explain or nir is not None)
        return
    loaded = Program.load(program)
    if as_json:
        print_json({**figures(loaded), "next": run_line(loaded, program)})
        return
    if explain:
        _print_graph(loaded, program)
    if nir is not None:
        _write_nir(loaded, nir)
    _print_head(loaded)
    print_tables(loaded, out)
    print_next(run_line(loaded, program))


def _print_head(loaded: Program) -> None:
    chip = loaded.config
    out.print(f"[bold]{escape(loaded.name)}[/] for chip {chip.digest}", highlight=False)
    out.print(f"SHA-256 of memory words and tables: {loaded.digest}", highlight=False, soft_wrap=True)
    out.print(
        f"{chip.rows} x {chip.cols} cores of {chip.lanes} lanes, {chip.weight_bits}-bit weights, "
        f"{chip.acc_bits}-bit accumulators, "
        f"{chip.membrane_bits}-bit membranes",
        highlight=False,
    )
    if (times := loaded.network.presentations) > 1:
        out.print(f"each sample is presented {times} times; the last time counts", highlight=False)
    for p in loaded.network.inputs:
        name = "" if len(loaded.inputs) == 1 else f" {escape(p.name)}:"
        end = f"; readout: {loaded.readout}" if p.name == loaded.inputs[-1] else ""
        shape = "x".join(str(n) for n in p.shape)
        out.print(f"input{name} {shape}, {loaded.encodings[p.name]}{end}", highlight=False)


def _inspect_training(path: Path, *, as_json: bool, other: bool) -> None:
    if other:
        raise SpikeplaneError(
            f"{path} is a training, and --explain and --nir are of programs: compile it first"
        )
    found = described(Training.load(path), path)
    if as_json:
        print_json(found)
        return
    show_training(found)
    print_next(found["next"])


def _write_nir(program: Program, path: Path) -> None:
    check_place(path)
    graph = program.to_nir()
    import nir

    contents: Any = io.BytesIO()
    nir.write(contents, graph)
    write_file(path, contents.getvalue())
    out.print(f"wrote {escape(str(path))}: {len(graph.nodes)} nodes", highlight=False)
    for name in ("reset", "approximate"):
        if name in graph.metadata:
            out.print(f"{name}: {escape(graph.metadata[name])}", highlight=False, soft_wrap=True)


def _print_graph(program: Program, path: Path) -> None:
    if program.source is None:
        raise SpikeplaneError(f"{path} keeps no float network; compile it again from its model")
    for line in lines(Understood(net=program.source.network)):
        out.print(line, highlight=False, markup=False, soft_wrap=True)
