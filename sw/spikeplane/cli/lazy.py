"""A group of commands whose modules are imported when they are called: help, completion and suggestions need
only the table."""

from importlib import import_module
from typing import Any, ClassVar

import typer
from typer.core import TyperCommand, TyperGroup

from spikeplane.cli import overview
from spikeplane.cli.complete import attach
from spikeplane.cli.entries import Entry
from spikeplane.cli.verbose import with_verbose


class LazyGroup(TyperGroup):
    """The commands of `entries`, each a stub with its help until it is called."""

    entries: ClassVar[tuple[Entry, ...]] = ()
    called: ClassVar[Entry | None] = None  #: the command that was called last

    def __init__(self, **options: Any) -> None:
        stubs = {entry.name: TyperCommand(entry.name, help=entry.help) for entry in self.entries}
        super().__init__(**{**options, "commands": stubs})

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command itself in its stub's place. What handles signals (the context's object, an `Interrupts`)
        is told when nothing is imported any more."""
        name, command, rest = super().resolve_command(ctx, args)
        if isinstance(name, str):
            type(self).called = entry = next(entry for entry in self.entries if entry.name == name)
            command = load(entry, self.rich_markup_mode)
        if ctx.obj is not None:
            ctx.obj.importing = False
        return name, command, rest

    def format_help(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002 - it is drawn here
        """The page of `spikeplane --help`, which is the same however it is asked for."""
        overview.show()

    def invoke(self, ctx: Any) -> Any:
        """Ctrl-C is status 130 whatever the version: Typer up to 0.20 has an empty line for it, too."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            raise typer.Exit(130) from None


def load(entry: Entry, markup: Any = None) -> Any:
    """The command of an entry."""
    function = getattr(import_module(f"spikeplane.cli.{entry.module}"), entry.name)
    app = typer.Typer(add_completion=False, rich_markup_mode=markup, pretty_exceptions_enable=False)
    app.command(entry.name)(with_verbose(function))
    command = typer.main.get_command(app)
    attach(command)
    return command
