"""The commands by name, one module each, and the options of `spikeplane` itself."""

import logging

import typer

from spikeplane.cli import (
    boardlist,
    build,
    compile,
    demo,
    doctor,
    estimate,
    flash,
    generate,
    inspect,
    reconstruct,
    record,
    run,
    serve,
    simulate,
    synth,
    view,
)

# it warns of a GPU compiler that nobody here asks for
logging.getLogger("torch._library.triton").setLevel(logging.ERROR)

app = typer.Typer(
    help="From a trained spiking network to a verified chip: generate it, simulate it, drive it.",
    no_args_is_help=True, add_completion=True, pretty_exceptions_enable=False, rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
)  # fmt: skip


def _version(wanted: bool) -> None:
    if wanted:
        from spikeplane import __version__

        print(f"spikeplane {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: bool = typer.Option(
        False, "--version", callback=_version, is_eager=True, help="Print the version and leave."
    ),
) -> None: ...


app.command("generate")(generate.generate)
app.command("boards")(boardlist.boards)
app.command("estimate")(estimate.estimate)
app.command("build")(build.build)
app.command("flash")(flash.flash)
app.command("compile")(compile.compile)
app.command("run")(run.run)
app.command("serve")(serve.serve)
app.command("simulate")(simulate.simulate)
app.command("synth")(synth.synth)
app.command("inspect")(inspect.inspect)
app.command("record")(record.record)
app.command("view")(view.view)
app.command("reconstruct")(reconstruct.reconstruct)
app.command("demo")(demo.demo)
app.command("doctor")(doctor.doctor)
