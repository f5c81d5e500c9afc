"""Pages that are run: every ```sh and ```python block, in order, in one folder, and what they say that comes out.

A page's blocks share the folder, exported variables and one Python namespace. A ```text block is what the block before
it prints, on stdout and stderr; a line `...` in it stands for any lines. Comments in front of a
block say what is not plain:

<!-- not run: REASON -->          the block is left out; a test counts these
<!-- status 1 -->                 it ends with that status; otherwise 0
<!-- numbers vary -->             numbers in this output are other ones elsewhere: they are not compared, of tables the words
<!-- numbers vary, but: TEXT -->  and this text stands in it all the same
<!-- varies: REGEX -->            what it matches is not compared

`python documents.py PAGE [PYTHON]` runs a page in the folder that it is started in, after that Python text.
"""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from typing import Any

RUN = ("sh", "python")
#: Digests change with every line of the gateware; no page is about one.
DIGEST, NUMBER = re.compile(r"\b[0-9a-f]{16,64}\b"), re.compile(r"\d[\d,.]*(e[-+]\d+)?")
#: What PyTorch logs about itself on some machines.
NOISE = re.compile(r"^[WI]\d{4} .* torch/.*\n", re.MULTILINE)
#: A table, with what continues it where it is wider than the page.
TABLE = re.compile(r"(?:^[┏┃┡│└].*\n?(?:.*, continued\n)?)+", re.MULTILINE)


class Different(Exception):
    """A page says something else than what happens."""


@dataclass(frozen=True)
class Block:
    """One fenced block: the word behind its fence, its text, the comments in front of it."""

    line: int
    kind: str
    text: str
    marks: tuple[str, ...] = ()

    def mark(self, name: str) -> str | None:
        """What stands behind NAME in a comment, "" if nothing, None if no comment begins so."""
        for mark in self.marks:
            if mark == name or mark.startswith((f"{name}:", f"{name} ", f"{name},")):
                return mark[len(name) :].lstrip(" ,:").strip()
        return None


def blocks(page: str) -> list[Block]:
    """The fenced blocks of a page, in order. Raises Different for a fence that is not closed."""
    found: list[Block] = []
    marks: list[str] = []
    opened: tuple[int, str] | None = None
    text: list[str] = []
    for number, line in enumerate(page.splitlines(), 1):
        if opened and line.startswith("```"):
            found.append(Block(*opened, "".join(text), tuple(marks)))
            opened, text, marks = None, [], []
        elif opened:
            text.append(line + "\n")
        elif line.startswith("```"):
            opened = number, line[3:].strip()
        elif comment := re.fullmatch(r"<!-- (.*) -->", line):
            marks.append(comment[1])
        elif line.strip():
            marks = []
    if opened:
        raise Different(f"line {opened[0]}: a block without an end")
    return found


def masked(text: str, shown: Block) -> str:
    """Output without what the page says is other elsewhere, and without spaces at the end of lines."""
    text = DIGEST.sub("#", NOISE.sub("", text))
    if (pattern := shown.mark("varies")) is not None:
        text = re.sub(pattern, "#", text, flags=re.MULTILINE)
    if shown.mark("numbers vary") is not None:  # and with them where a table's lines are broken
        text = TABLE.sub(lambda table: " ".join(sorted(set(re.findall(r"[^\W\d]+", table[0])))) + "\n", text)
        text = re.sub(" +", " ", NUMBER.sub("#", text))
    return "\n".join(line.strip() for line in text.strip().splitlines())


def compare(shown: Block, printed: str) -> None:
    """Raises Different where a page's output is not what was printed."""
    wanted, came = masked(shown.text, shown), masked(printed, shown)
    pattern = "".join(
        r"(?:.*\n)*?" if line == "..." else re.escape(line) + r"\n" for line in wanted.splitlines()
    )
    fixed = (shown.mark("numbers vary") or "").removeprefix("but:").strip()
    if not re.fullmatch(pattern, came + "\n") or fixed not in printed:
        raise Different(f"line {shown.line}: the page shows\n{shown.text}\nand what is printed is\n{printed}")


@dataclass
class Page:
    """What the blocks of a page share, in the folder that the process is in."""

    python: dict[str, Any] = field(default_factory=lambda: {"__name__": "__main__"})

    def sh(self, text: str) -> tuple[int, str]:
        """Exit status and output. `set -e`: the first command that fails ends the block."""
        here = Path.cwd()
        Path(".block.sh").write_text(
            "set -aeo pipefail\n[ ! -e .variables ] || . ./.variables\n"
            f"trap 'export -p >{shlex.quote(str(here))}/.variables' EXIT\n{text}"
            f'[ "$PWD" = {shlex.quote(str(here))} ] || {{ echo "the block leaves its folder"; exit 99; }}\n'
        )
        with open(".printed", "w+b") as printed:  # no pipe: what is left in the background would keep it open
            status = subprocess.run(
                ["bash", ".block.sh"], stdin=subprocess.DEVNULL, stdout=printed, stderr=subprocess.STDOUT
            ).returncode
        return status, Path(".printed").read_text()

    def run_python(self, text: str) -> tuple[int, str]:
        """Exit status 0 and output; an exception goes through."""
        printed = StringIO()
        with redirect_stdout(printed), redirect_stderr(printed):
            exec(compile(text, "page", "exec"), self.python)
        return 0, printed.getvalue()

    def run(self, block: Block) -> str:
        """What a block prints. Raises Different for another status than the page says."""
        try:
            status, printed = (self.sh if block.kind == "sh" else self.run_python)(block.text)
        except Exception as error:
            raise Different(f"line {block.line}: {type(error).__name__}: {error}") from error
        if status != int(block.mark("status") or 0):
            raise Different(f"line {block.line}: status {status}\n{block.text}\n{printed}")
        return printed


def run(text: str, before: str = "") -> Iterator[Block]:
    """The blocks of a page as they are run, those with a reason against it left out. Raises Different."""
    page = Page()
    exec(before, page.python)
    printed: str | None = None
    for block in blocks(text):
        if block.kind in RUN:
            printed = None if block.mark("not run") is not None else page.run(block)
            if printed is not None:
                yield block
        elif block.kind == "text":
            if printed is None:
                raise Different(f"line {block.line}: output of nothing that is run")
            compare(block, printed)


def main(page: str, before: str = "") -> int:
    """Run a page, telling each block; exit status 1 where it says something else than what happens."""
    os.environ.update(COLUMNS="80", MPLBACKEND="Agg")
    try:
        for block in run(Path(page).read_text(), before):
            print(f"line {block.line}: {block.text.splitlines()[0]}", flush=True)
    except Different as difference:
        print(f"{page}, {difference}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
