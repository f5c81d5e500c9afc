"""What TAB offers for the values of options and arguments, by their names: cheap to import, as it runs at each TAB."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any


def attach(command: Any) -> None:
    """Give the parameters of a command what they may be."""
    for parameter in command.params:
        values = _VALUES.get((command.name, parameter.name)) or _VALUES.get(("", parameter.name))
        if values is not None:
            parameter._custom_shell_complete = _offered(values)


def _offered(values: Callable[[str], list[str]]) -> Callable[[Any, Any, str], Any]:
    def offered(context: Any, parameter: Any, incomplete: str) -> list[Any]:
        item = _item()
        return [item(value) for value in values(incomplete) if value.startswith(incomplete)]

    return offered


def _item() -> type[Any]:
    """Typer's own class of what is offered, or click's, on which Typer stood up to 0.20."""
    from typer import core

    found = getattr(core, "CompletionItem", None)
    if found is None:
        from click.shell_completion import CompletionItem as found
    return found


def _presets(_: str) -> list[str]:
    from spikeplane.config import PRESETS

    return list(PRESETS)


def _boards(_: str) -> list[str]:
    from spikeplane_hw.boards import BOARDS

    return list(BOARDS)


def _made(_: str) -> list[str]:
    return [*_presets(_), "auto", *_boards(_)]


def _of_boards(_: str) -> list[str]:
    from spikeplane_hw.boards import BOARDS

    own = (name for board in BOARDS.values() for name in board.presets)
    return list(dict.fromkeys([*own, *_presets(_)]))


def _encodings(_: str) -> list[str]:
    from typing import get_args

    from spikeplane.encoding import EncodingKind

    return list(get_args(EncodingKind))


def _methods(_: str) -> list[str]:
    from spikeplane.camera.config import METHODS

    return ["auto", *METHODS]


def _these(*values: str) -> Callable[[str], list[str]]:
    return lambda _: list(values)


def _files(*suffixes: str) -> Callable[[str], list[str]]:
    """Files of those suffixes, and the folders on the way to others."""

    def found(incomplete: str) -> Iterator[str]:
        head = incomplete[: incomplete.rfind("/") + 1]
        folder = Path(head or ".")
        for path in sorted(folder.iterdir()) if folder.is_dir() else ():
            if path.is_dir() or path.suffix in suffixes:
                yield f"{head}{path.name}{'/' if path.is_dir() else ''}"

    return lambda incomplete: list(found(incomplete))


#: By command ("": every other one) and parameter.
_VALUES: dict[tuple[str, str], Callable[[str], list[str]]] = {
    ("", "board"): _boards,
    ("run", "board"): _these("golden", "sim", "auto"),
    ("systems", "board"): _these("golden", "sim"),
    ("systems", "names"): lambda _: _systems(),
    ("reconstruct", "board"): _these("golden", "sim"),
    ("", "preset"): _presets,
    ("compile", "preset"): _made,
    ("build", "preset"): _of_boards,
    ("serve", "preset"): _of_boards,
    ("", "program"): _files(".spk"),
    ("", "config"): _files(".toml"),
    ("compile", "model"): _files(".nir", ".py"),
    ("", "encoding"): _encodings,
    ("", "method"): _methods,
    ("", "camera"): _these("vidar", "million"),
    ("", "motion"): _these("none", "pan", "circle"),
    ("", "reset"): _these("hard", "soft", "none", "delayed"),
    ("", "compare"): _these(">=", ">"),
    ("reconstruct", "compare"): _files(".png"),
    ("", "if_gain"): _these("step", "dt"),
    ("", "discretisation"): _these("euler", "exponential"),
    ("generate", "wrapper"): _these("axi-stream", "axi-lite", "wishbone"),
    ("simulate", "names"): _these(
        "core", "router", "mesh", "bridge", "camera", "chip", "axi_lite", "gates", "narrow"
    ),
    ("", "file"): _files(".dat", ".npy", ".npz", ".yaml", ".yml"),
    ("synth", "liberty"): _files(".lib"),
    ("flash", "folder"): _files(),
    ("serve", "build"): _files(),
    ("compile", "weights"): _files(".pt", ".pth", ".safetensors"),
    ("doctor", "extras"): lambda _: _extras(),
}


def _systems() -> list[str]:
    from spikeplane_sim.systems import SYSTEMS

    return list(SYSTEMS)


def _extras() -> list[str]:
    from spikeplane.extras import EXTRAS

    return list(EXTRAS)
