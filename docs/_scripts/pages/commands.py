"""The reference of the command line, made from the commands themselves: what each takes, with defaults, how it ends."""

import re
from pathlib import Path
from typing import Any

from typer.main import get_command

from spikeplane.cli.commands import Commands, app
from spikeplane.cli.entries import Entry
from spikeplane.cli.lazy import load

#: What status 1 of a command says. Every command that ends with it is here: `tests/packaging/test_site.py`.
STATUS_ONE = {
    "demo": "a value on the simulated chip is not the golden model's",
    "doctor": "the package itself, or an extra that is installed or named, lacks something",
    "estimate": "the board holds neither the program's chip nor one made for its network",
    "reconstruct": "with `--lockstep`: a pixel is not the golden model's",
    "run": "with `--lockstep`: a value is not the golden model's",
    "simulate": "a bench failed",
    "systems": "a system is refused, a value on the chip is not the golden model's, or fewer spikes agree than are expected",
}

STATUSES = (
    (0, "it did what was asked"),
    (1, "it worked, and the answer is no: see the command"),
    (2, "it was refused, or failed: one line on stderr says what was expected, what came and what to do"),
    (130, "Ctrl-C"),
    (143, "SIGTERM"),
)


def page() -> str:
    """The Markdown of the page."""
    lines = [
        "# Command line", "",
        "Every command, its options and their defaults. Figures and results are on stdout, everything else on stderr. "
        "`spikeplane COMMAND --help` says the same in a terminal; [From Python](../python.md) does the same in Python.", "",
        "| command | what it does |", "|---|---|",
        *(f"| [`{entry.name}`](#{entry.name}) | {_cell(entry.help)} |" for entry in Commands.entries), "",
        "## Exit status", "", "| status | meaning |", "|---|---|",
        *(f"| {status} | {meaning} |" for status, meaning in STATUSES), "",
        "## spikeplane", "", *_parameters(get_command(app)),
    ]  # fmt: skip
    for entry in Commands.entries:
        lines += _command(entry)
    return "\n".join([*lines, ""])


def _command(entry: Entry) -> list[str]:
    command = load(entry)
    extra = (
        f"Needs the extra `{entry.extra}`: `pip install 'spikeplane[{entry.extra}]'`." if entry.extra else ""
    )
    one = STATUS_ONE.get(entry.name)
    return [
        f"## {entry.name}", "", *usage(command), "", *prose(command.help), "", *([extra, ""] if extra else []),
        *_parameters(command), *([f"**Status 1**: {one}.", ""] if one else []),
    ]  # fmt: skip


def usage(command: Any) -> list[str]:
    """How it is called, as a block."""
    needed = [
        f"{p.opts[0]} {_value(p)}" if _is_option(p) else f"{_value(p)}"
        for p in sorted(command.params, key=_is_option)
        if p.required
    ]
    optional = [f"[{_value(p)}]" for p in command.params if not _is_option(p) and not p.required]
    return ["```", " ".join(["spikeplane", command.name, *needed, *optional, "[OPTIONS]"]), "```"]


def prose(text: str | None) -> list[str]:
    """The help as Markdown; its examples as blocks that can be copied."""
    lines: list[str] = []
    for part in (text or "").split("\n\n"):
        flat = re.sub(r"\s+", " ", part.replace("\b", "")).strip()
        if re.match(r"Examples?: ", flat):
            shown = [folded(example) for example in re.findall(r"`([^`]+)`", flat)]
            lines += ["Example:" if len(shown) == 1 else "Examples:", "", "```", *shown, "```", ""]
        else:
            lines += [flat, ""]
    return lines


def folded(line: str, columns: int = 84) -> str:
    """A command over several lines, broken in front of options."""
    lines = [""]
    for word in re.split(r" (?=-)", line):
        if lines[-1] and len(lines[-1]) + len(word) > columns:
            lines.append("   ")
        lines[-1] += f" {word}" if lines[-1] else word
    return " \\\n".join(lines)


def _parameters(command: Any) -> list[str]:
    rows = [(_names(p), _kind(p), _cell(p.help or ""), _default(p)) for p in command.params if not p.hidden]
    if not rows:
        return []
    lines = [f"| {names} | {value} | {about} | {default} |" for names, value, about, default in rows]
    return ["| option | value | what it is | default |", "|---|---|---|---|", *lines, ""]


def _is_option(parameter: Any) -> bool:
    return parameter.param_type_name == "option"


def _names(parameter: Any) -> str:
    if not _is_option(parameter):
        return f"`{parameter.name.upper()}`"
    return ", ".join(f"`{name}`" for name in [*parameter.opts, *parameter.secondary_opts])


#: What a value is, by its type.
KINDS = {str: "text", int: "integer", float: "number", Path: "path", list[str]: "text, may be repeated"}


def _kind(parameter: Any) -> str:
    """What may be given; "" for a switch. Typer up to 0.20 has click's types, which have a name."""
    if _is_option(parameter) and (parameter.is_flag or parameter.count):
        return ""
    described = getattr(parameter, "type_descriptor", None)
    if described is None:
        return parameter.type.name
    ends = [parameter.min, parameter.max]
    limits = "" if ends == [None, None] else f", {ends[0]}..{'' if ends[1] is None else ends[1]}"
    return KINDS[described.annotation] + limits


def _value(parameter: Any) -> str:
    """What stands for the value in a line that shows how the command is called."""
    if not _is_option(parameter):
        return parameter.name.upper()
    return "" if parameter.is_flag else parameter.name.upper()


def _default(parameter: Any) -> str:
    if parameter.required:
        return "required"
    value = parameter.default
    if value is None or value is False or callable(value) or parameter.count:
        return ""
    if value is True:
        return f"`{parameter.opts[0]}`"
    return f"`{value}`"


def _cell(text: str) -> str:
    return re.sub(r"\s+", " ", text).replace("|", "\\|").replace("<", "&lt;").strip()
