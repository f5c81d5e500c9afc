"""README, tutorials and how-to pages: what they tell to type is typed here, and what they show comes out."""

import contextlib
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import documents
import pytest
import readme_commands
from prepared import PREPARED

ROOT = Path(__file__).parents[2]
PAGES = {
    str(path.relative_to(ROOT)): path.read_text()
    for path in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")))
}
#: What of a page is run, or says why it is not.
BLOCKS = {
    name: [block for block in documents.blocks(text) if block.kind in documents.RUN]
    for name, text in PAGES.items()
}
RUN = [name for name, found in BLOCKS.items() if any(block.mark("not run") is None for block in found)]
#: Blocks that are not run, by page: the reason stands in front of each.
NOT_RUN = {
    "docs/camera-chip.md": 1,
    "docs/developer/board.md": 2,
    "docs/developer/operator.md": 2,
    "docs/importing.md": 2,
    "docs/inputs.md": 1,
    "docs/python.md": 1,
}


def execute(page: Path, folder: Path, before: str = "") -> subprocess.CompletedProcess[str]:
    """A page in a process of its own; what it left in the background ends with it."""
    process = subprocess.Popen(
        [sys.executable, documents.__file__, str(page), before],
        cwd=folder,
        env={**os.environ, "ROOT": str(ROOT), "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        out, err = process.communicate(timeout=1500)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


@pytest.mark.slow
@pytest.mark.parametrize("name", RUN)
def test_a_page_runs(name: str, tmp_path: Path) -> None:
    ended = execute(ROOT / name, tmp_path, PREPARED.get(name, ""))
    assert ended.returncode == 0, ended.stderr
    ran = sum(block.mark("not run") is None for block in BLOCKS[name])
    assert ended.stdout.count("line ") >= ran > 0


def test_blocks_that_are_not_run_are_counted() -> None:
    left = {
        name: sum(block.mark("not run") is not None for block in found)
        for name, found in BLOCKS.items()
        if any(block.mark("not run") is not None for block in found)
    }
    assert left == NOT_RUN
    reasons = [block.mark("not run") for found in BLOCKS.values() for block in found]
    assert all(len(reason) > 10 for reason in reasons if reason is not None)


def test_every_page_of_tutorials_and_tasks_is_run() -> None:
    pages = [name for name in PAGES if name.startswith(("docs/tutorials/", "docs/howto/"))]
    assert {name for name in pages if not name.endswith("README.md")} <= set(RUN)
    assert len([name for name in pages if name.startswith("docs/tutorials/")]) > 5


def spans(text: str) -> set[str]:
    """The commands among what a page has in `code`: with a program's name, or a command's and arguments."""
    plain = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    found = set(re.findall(r"`([^`\n]+)`", plain)) | set(re.findall(r"^(make \w+)", text, re.MULTILINE))
    begins = re.compile(r"(spikeplane|make|pip|python|jupyter) \S|(build|flash|run|serve|compile) \S+ ?-|--")
    return {span for span in found if begins.match(span)}


def test_every_command_of_the_readme_is_typed() -> None:
    known = readme_commands.TYPED.keys() | readme_commands.NOT_TYPED.keys()
    found = spans(PAGES["README.md"])
    assert found == known, (found - known, known - found)
    assert spans("`spikeplane frob x` and `run net.spk --fast` and `frobnicate`\n") == {
        "spikeplane frob x",
        "run net.spk --fast",
    }


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With the files that commands of README want."""
    made = tmp_path_factory.mktemp("readme")
    readme_commands.files(made)
    typed = execute(page_of(made, f"{readme_commands.COMPILE} -o net.spk\n"), made)
    assert typed.returncode == 0, typed.stderr
    return made


def page_of(folder: Path, text: str, *, kind: str = "sh", shows: str | None = None, marks: str = "") -> Path:
    page = folder / "page"
    page.write_text(
        f"```{kind}\n{text}```\n" + (f"{marks}\n```text\n{shows}```\n" if shows is not None else "")
    )
    return page


@pytest.mark.slow
@pytest.mark.parametrize("command", readme_commands.TYPED)
def test_a_command_of_the_readme(folder: Path, command: str) -> None:
    ended = execute(page_of(folder, readme_commands.TYPED[command] + "\n"), folder)
    assert ended.returncode == 0, ended.stderr


def test_the_same_comes_out(tmp_path: Path) -> None:
    text = "```sh\nX=3\necho one; echo two\n```\n```text\none\ntwo\n```\n<!-- status 4 -->\n```sh\nexit $((X + 1))\n```\n"
    text += "```python\nx = 5\n```\n\n```python\nprint(x, open('made').read())\n```\n\n```text\n5 here\n```\n"
    (tmp_path / "page").write_text("```sh\nprintf here >made\nsleep 100 &\n```\n" + text)
    ended = execute(tmp_path / "page", tmp_path)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert [line.split(":")[0] for line in ended.stdout.splitlines()] == [
        f"line {n}" for n in (1, 5, 14, 17, 21)
    ]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("```sh\nfalse\ntrue\n```\n", "line 1: status 1"),
        ("```sh\nfalse | true\n```\n", "line 1: status 1"),
        ("<!-- status 1 -->\n```sh\ntrue\n```\n", "line 2: status 0"),
        ("```sh\nmkdir x; cd x\n```\n", "line 1: status 99"),
        ("```sh\necho 1\n```\n\n```text\n2\n```\n", "line 5: the page shows"),
        ("```sh\necho 1; echo 2\n```\n```text\n1\n```\n", "line 4: the page shows"),
        ("```sh\necho 1 a\n```\n<!-- numbers vary, but: 2 a -->\n```text\n2 a\n```\n", "line 5: the page shows"),
        ("```sh\necho 1 a\n```\n<!-- numbers vary -->\n```text\n2 b\n```\n", "line 5: the page shows"),
        ("<!-- not run: a board -->\n```sh\nfalse\n```\n```text\n1\n```\n", "line 5: output of nothing"),
        ("```python\n1 / 0\n```\n", "line 1: ZeroDivisionError"),
        ("```sh\necho 1\n", "line 1: a block without an end"),
    ],
)  # fmt: skip
def test_a_page_that_is_wrong(
    text: str, why: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "page").write_text(text)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(os, "environ", os.environ.copy())
    assert documents.main("page") == 1
    assert capsys.readouterr().err.startswith(f"page, {why}")


@pytest.mark.parametrize(
    ("shows", "marks", "printed"),
    [
        ("a\n...\nd\n", "", "a\nb\nc\nd\n"),
        ("...\nd\n", "", "d\n"),
        ("17 of 20, chip 0123456789abcdef\n", "numbers vary", "3 of 4, chip fedcba9876543210\n"),
        ("┃ a ┃ 10 ┃\n└───┴────┘\n", "numbers vary", "┃ a ┃ 7 ┃\n└───┴───┘\n"),
        ("made in 3 s\n", r"varies: in \d+ s", "made in 55 s\n"),
    ],
)
def test_outputs_that_are_equal(shows: str, marks: str, printed: str) -> None:
    documents.compare(documents.Block(1, "text", shows, (marks,)), printed)
