"""Code and pages cite pages, and parts of pages, that are there."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ENDINGS = (".py", ".md", ".v", ".cpp", ".toml", ".yml", ".cff")
LISTED = subprocess.run(
    ["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True
)
FILES = [
    ROOT / name for name in LISTED.stdout.split() if name.endswith(ENDINGS) and (ROOT / name).exists()
]  # fmt: skip
#: They name pages that the build of the site makes: `test_site.py` follows their links.
MAKERS = ("docs/_scripts/hooks.py", "docs/_scripts/pages/", "tests/packaging/test_site.py")
#: What `generate` and `build` write beside a chip.
WRITTEN = {"README.md"}


def missing(text: str, folder: Path) -> list[str]:
    """Pages that a text names and nobody has, looked for beside it, in docs and in the root."""
    named = set(re.findall(r"(?<![\w/.-])[\w./-]*\w\.md\b", text)) - WRITTEN
    return [
        name for name in sorted(named) if not any((p / name).exists() for p in (folder, ROOT, ROOT / "docs"))
    ]


def parts(text: str) -> set[tuple[str, str]]:
    """(page, heading) of a page and, behind a comma, the heading in quotes, over the ends of lines."""
    flat = re.sub(r"\s+", " ", text)
    return set(re.findall(r'(docs/[\w-]+\.md), "([^"\\]+)"', flat))


def test_pages_are_there() -> None:
    assert len(FILES) > 300
    found = {str(path.relative_to(ROOT)): missing(path.read_text(), path.parent) for path in FILES}
    found = {name: pages for name, pages in found.items() if not name.startswith(MAKERS)}
    assert {name: pages for name, pages in found.items() if pages} == {}


def test_parts_of_pages_are_there() -> None:
    cited = {part for path in FILES if path.suffix == ".py" for part in parts(path.read_text())}
    assert len(cited) >= 3
    for page, heading in cited:
        assert f"\n## {heading}\n" in (ROOT / page).read_text(), (page, heading)


@pytest.mark.parametrize(
    ("text", "pages"), [("see " + "DESIGN" + ".md, 3", ["DESIGN" + ".md"]), ("[x](docs/core.md#a)", [])]
)
def test_the_rule_bites(text: str, pages: list[str]) -> None:
    assert missing(text, ROOT) == pages
