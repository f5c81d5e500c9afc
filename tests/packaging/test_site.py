"""The site of the documentation: its pages and their links, and the reference that is made from the code."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module, util
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import navigation
import pytest
import yaml
from pages import chip, commands, fields, pictures, prose, python

from spikeplane.cli.commands import Commands
from spikeplane.cli.lazy import load
from spikeplane.config import PRESETS, ChipConfig
from spikeplane.formats import camera
from spikeplane.formats.frame import FRAME_HEADER, FrameKind
from spikeplane.formats.layout import Layout
from spikeplane.formats.memory_words import word_layout
from spikeplane.formats.packet import SEEK, Control, Counter, Kind, packet_format
from spikeplane.formats.registers import REGISTERS
from spikeplane.formats.tables import LeakRound, Memory, Reset, core_tables, lane_leak_layout

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
MADE = {
    f"reference/{name}": text
    for name, text in {**python.made(), "commands.md": commands.page(), "chip.md": chip.page()}.items()
}
#: The pages by path below docs, those that the build makes among them.
PAGES = {str(path.relative_to(DOCS)): path.read_text() for path in sorted(DOCS.rglob("*.md"))} | MADE


def configuration() -> dict[str, Any]:
    return yaml.safe_load((ROOT / "mkdocs.yml").read_text())


def leaves(nav: Any) -> Iterator[str]:
    if isinstance(nav, str):
        yield nav
    else:
        for entry in nav.values() if isinstance(nav, dict) else nav:
            yield from leaves(entry)


def links(text: str) -> set[str]:
    """What the links of a page name, outside code."""
    plain = re.sub(r"`[^`\n]*`", "", re.sub(r"^ *```.*?^ *```", "", text, flags=re.M | re.S))
    return {link for link in re.findall(r"\]\(([^)\s]+)\)", plain) if "://" not in link}


def anchors(text: str) -> set[str]:
    """The headings of a page as addresses that mkdocs and a repository host both make of them, and those that are
    written out."""
    found = set()
    for heading in re.findall(r"^#+ (.+)$", re.sub(r"^```.*?^```", "", text, flags=re.M | re.S), flags=re.M):
        if named := re.search(r"\{ #([\w-]+) \}", heading):
            found.add(named[1])
        words = re.sub(r"[^\w\s-]", "", heading.lower()).strip()
        found |= {re.sub(r"[-\s]+", "-", words)} & {words.replace(" ", "-")}
    return found


def lost(page: str, text: str) -> list[str]:
    """The links of a page below docs that lead nowhere."""
    found = []
    for link in links(text):
        path, _, anchor = link.partition("#")
        target = os.path.normpath(Path(page).parent / path) if path else page
        there = target in PAGES or (DOCS / target).exists() and not target.endswith(".md")
        if not there or anchor and anchor not in anchors(PAGES[target]):
            found.append(link)
    return found


def test_every_page_has_its_place_once() -> None:
    nav = list(leaves(navigation.expanded(configuration()["nav"], DOCS, MADE)))
    assert sorted(nav) == sorted(PAGES)


def test_links_lead_somewhere() -> None:
    assert {page: lost(page, text) for page, text in PAGES.items() if lost(page, text)} == {}
    assert sum(len(links(text)) for text in PAGES.values()) > 100


def test_links_lead_somewhere_on_a_repository_host() -> None:
    """What is written links to nothing that only the build makes, and README to what is in the repository."""
    for path in [*DOCS.rglob("*.md"), ROOT / "README.md", ROOT / "CONTRIBUTING.md"]:
        for link in links(path.read_text()):
            assert (path.parent / link.partition("#")[0]).exists(), (path, link)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("[a](core.md), [b](core.md#the-core), [c](pictures/site.css)", []),
        ("[a](no.md), `[b](no.md)`\n```\n[c](no.md)\n```\n", ["no.md"]),
        ("[a](core.md#nothing), [b](reference/chip.md#bus-control)", ["core.md#nothing"]),
    ],
)
def test_links_that_lead_nowhere_are_found(text: str, found: list[str]) -> None:
    assert lost("page.md", text) == found


def test_folders_in_the_order_of_their_first_page(tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        (tmp_path / f"{name}.md").write_text("")
    (tmp_path / "README.md").write_text("[c](c.md), [b](b.md#x), [gone](gone.md)")
    assert navigation.pages(tmp_path, ["made.md"]) == ["README.md", "c.md", "b.md", "made.md", "a.md"]


def test_nothing_is_fetched() -> None:
    """Neither fonts nor scripts: what Material or a plugin of it would ask of others is turned off."""
    found = configuration()
    assert found["theme"]["font"] is False
    assert found["extra"]["polyfills"] == [
        "pictures/iframe-worker.js"
    ]  # in the place of the offline plugin's
    assert "repo_url" not in found
    for path in (DOCS / "pictures").iterdir():
        assert not re.search(r"(?<!xmlns=\")https?://", path.read_text()), path


def test_drawings_are_told_and_have_two_themes() -> None:
    """One style in all of them; where they stand in a page, `site.css` sets the same colours by its switch."""
    drawn = {
        path.name: path.read_text() for path in (DOCS / "pictures").glob("*.svg") if path.name != "brand.svg"
    }
    assert {"flow.svg", "chip.svg", "core.svg"} <= set(drawn)
    (style,) = {re.findall(r"<style>.*?</style>", text, flags=re.S)[0] for text in drawn.values()}
    colours = re.findall(r"(--\w+: #\w+)", style)
    assert colours == re.findall(
        r"(--\w+: #\w+)", (DOCS / "pictures/site.css").read_text().partition("svg.picture")[2]
    )
    assert len(colours) == 12
    for name, text in drawn.items():
        root = ElementTree.fromstring(text)
        assert root.get("viewBox")
        assert [
            root.find(f"{{http://www.w3.org/2000/svg}}{part}") is not None for part in ("title", "desc")
        ] == [True] * 2
        assert len(set(re.findall(r' id="([^"]+)"', text))) == 2, name


@pytest.mark.parametrize(
    "package", ["spikeplane", "spikeplane.data", "spikeplane.importers", "spikeplane.nn"]
)
def test_public_names_have_a_place(package: str) -> None:
    public = {name for name in import_module(package).__all__ if not name.startswith("__")}
    placed = {name.rpartition(".")[2] for name in python.documented() if name.rpartition(".")[0] == package}
    assert placed >= public


def test_names_that_have_a_place_are_there() -> None:
    for path in python.documented():
        module, _, name = path.rpartition(".")
        assert getattr(import_module(module), name, None) is not None, path


def test_every_command_with_all_that_it_takes() -> None:
    text = MADE["reference/commands.md"]
    for entry in Commands.entries:
        (part,) = re.findall(rf"^## {entry.name}\n(.*?)(?=^## |\Z)", text, flags=re.M | re.S)
        for parameter in load(entry).params:
            option = parameter.param_type_name == "option"
            for name in parameter.opts if option else [(parameter.name or "").upper()]:
                assert re.search(rf"^\| [^|]*`{name}`", part, flags=re.M), (entry.name, name)
        assert f"spikeplane {entry.name}" in part
        assert "Example" in part, entry.name
        assert ("**Status 1**" in part) == (entry.name in commands.STATUS_ONE)


def test_commands_that_end_with_status_1() -> None:
    folder = ROOT / "sw/spikeplane/cli"
    ending = {e.name for e in Commands.entries if "Exit(1)" in (folder / f"{e.module}.py").read_text()}
    assert ending == set(commands.STATUS_ONE)


def test_long_examples_are_folded() -> None:
    lines = commands.folded(
        "spikeplane run net.spk " + " ".join(f"--option{n} value" for n in range(9))
    ).split("\n")
    assert len(lines) == 3
    assert all(len(line) <= 86 for line in lines)
    assert all(line.endswith(" \\") for line in lines[:-1])


def layouts(config: ChipConfig) -> list[Layout]:
    form = packet_format(config)
    words = [
        word_layout(config, memory)
        for memory in core_tables(config).memories
        if memory not in (Memory.WEIGHT, Memory.PARAMETER)
    ]
    others = [SEEK, FRAME_HEADER, camera.ARGUMENT, camera.SELECT, camera.ROUTE, camera.RECT]
    leaks = [lane_leak_layout(config)] if config.leak_multiplier else []
    return [*form.payloads.values(), form.header, *words, *others, *leaks]


CHIPS = [
    *PRESETS.values(),
    ChipConfig(low_planes=True),
    ChipConfig(dynamic_depth=128, dynamic_bits=8),
    ChipConfig(levels=True, step_bits=2),
    ChipConfig(dynamic_depth=128, dynamic_bits=8, gates=True, tables=2, presentations=3),
    ChipConfig(leak_multiplier=False, rows=1, cols=1, lanes=32),
]


@pytest.mark.parametrize("config", CHIPS)
def test_every_field_of_a_chip_is_told_and_drawn(config: ChipConfig) -> None:
    text = chip.page(config)
    for layout in layouts(config):
        names = [name for name, _ in layout.fields]
        assert set(names) <= set(fields.ABOUT[layout.name]), layout.name
        for name in names:
            assert f"| `{name}` | {fields.ABOUT[layout.name][name]} |" in text
            assert re.search(rf'<text class="name"[^>]*>{name}</text>', text)
    for kind in (Kind, Control, Counter, Memory, Reset, LeakRound, FrameKind, *CAMERA):
        for member in kind:
            assert re.search(rf"^\| {int(member)} \| \[?`{member.name}`", text, flags=re.M), member


CAMERA = (camera.Register, camera.Command, camera.Stream, camera.Item)


def test_every_kind_memory_and_register_has_its_part() -> None:
    text = chip.page()
    heads = re.findall(r"^### (.+)$", text, flags=re.M)
    assert {kind.name for kind in Kind} <= set(heads)
    assert {f"{memory.name} words" for memory in Memory} <= set(heads)
    assert {f"{one.name} {{ #bus-{one.name.lower()} }}" for one in REGISTERS} <= set(heads)
    assert (
        text.count("<svg")
        == len(Kind) + len(Memory) + len(REGISTERS) + len(["header", "seek", "seek", "frame", "leak"]) + 4
    )


def test_nothing_is_told_of_fields_that_there_are_not() -> None:
    there = {
        (layout.name, name) for config in CHIPS for layout in layouts(config) for name, _ in layout.fields
    }
    assert {(layout, name) for layout, told in fields.ABOUT.items() for name in told} <= there


def test_a_picture_shows_the_bits() -> None:
    drawn = pictures.picture(pictures.placed((("a", 30), ("b", 4))), "it")
    boxes = re.findall(r'<rect class="field" x="([\d.]+)" y="([\d.]+)" width="([\d.]+)"', drawn)
    right = pictures.LEFT + 32 * pictures.BIT
    assert [(float(x) + float(w), float(w)) for x, _, w in boxes] == [
        (right, 600.0),
        (right - 600, 40.0),
        (right, 40.0),
    ]
    assert boxes[0][1] == boxes[1][1] < boxes[2][1]
    assert re.findall(r'class="bit"[^>]*>(\d+)<', drawn) == ["29", "0", "30", "32"]
    assert [field.low for field in chip.filled([pictures.Field("a", 3, 2)], 8)] == [0, 3, 5]


@pytest.mark.parametrize(
    ("text", "markdown"),
    [
        ("A sentence.\n\nThe next  one.", "A sentence.\n\nThe next  one."),
        ("What.\n\na, b   one\n       more\nlonger  two", "What.\n\n`a`, `b`\n:   one\n    more\n\n`longer`\n:   two"),
        ("What.\n\nParameters\n----------\na : one\nlong : two", "What.\n\n**Parameters**\n\n`a`\n:   one\n\n`long`\n:   two"),
        ("kind   x   first\n       y   second\nlast   end",
         "`kind`\n:   &#8203;\n\n    `x`\n    :   first\n\n    `y`\n    :   second\n\n`last`\n:   end"),
    ],
)  # fmt: skip
def test_docstrings_as_markdown(text: str, markdown: str) -> None:
    assert prose.markdown(text) == markdown


def test_names_become_links() -> None:
    known = {"Board": "spikeplane.Board", "spikeplane.compile": "spikeplane.compile"}
    linked = prose.linked("`Board.run`, `board`, ``Board``, `spikeplane.compile`", known)
    assert re.findall(r'identifier="([^"]+)"', linked) == ["spikeplane.Board.run", "spikeplane.compile"]
    assert prose.linked("`Nothing`", known) == "`Nothing`"


@pytest.mark.slow
def test_the_site_builds_without_a_warning(tmp_path: Path) -> None:
    for name in ("mkdocs", "material", "mkdocstrings"):
        if util.find_spec(name) is None:
            pytest.skip("the extra docs is not installed: make docs")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "-d", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert [line for line in done.stderr.splitlines() if "INFO" not in line] == []
    for page in PAGES:
        assert (tmp_path / page.replace("README.md", "index.md")).with_suffix(".html").is_file(), page
    for path in tmp_path.rglob("*.html"):
        assert not re.search(r'<(script|link|img)[^>]*(src|href)="?(https?:)?//', path.read_text()), path
