"""What pyproject.toml says agrees with what the packages say: one version, typed packages, every dependency with its
reason, the extras that messages name."""

import re
import tomllib
from pathlib import Path

import pytest

import spikeplane
from spikeplane import extras

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "pyproject.toml").read_text()
PROJECT = tomllib.loads(TEXT)["project"]
OPTIONAL: dict[str, list[str]] = PROJECT["optional-dependencies"]


def name(requirement: str) -> str:
    return re.split(r"[\[<>=!~;]", requirement)[0]


def included(requirement: str) -> list[str]:
    return re.findall(r"\[(.*)\]", requirement)[0].split(",")


def test_the_version_stands_in_one_place() -> None:
    assert "version" in PROJECT["dynamic"]
    assert "version" not in PROJECT
    place = ROOT / tomllib.loads(TEXT)["tool"]["hatch"]["version"]["path"]
    assert place.read_text().count(f'__version__ = "{spikeplane.__version__}"\n') == 1
    assert f"\nversion: {spikeplane.__version__}\n" in (ROOT / "CITATION.cff").read_text()


@pytest.mark.parametrize("extra", sorted(extras.EXTRAS))
def test_extras_bring_what_messages_say(extra: str) -> None:
    own = [name(one) for one in OPTIONAL[extra] if name(one) != "spikeplane"]
    others = [part for one in OPTIONAL[extra] if name(one) == "spikeplane" for part in included(one)]
    assert extras.EXTRAS[extra] == extras.Extra(tuple(others), tuple(own))


def test_all_is_all_for_users() -> None:
    assert sorted(included(OPTIONAL["all"][0])) == sorted({*extras.EXTRAS} - {*extras.APART})
    assert {*OPTIONAL} == {*extras.EXTRAS, "docs", "dev", "all"}


def test_a_board_is_driven_without_extras() -> None:
    assert {name(one) for one in PROJECT["dependencies"]} == {"numpy", "rich", "typer", "h5py", "pyserial"}


def test_every_dependency_has_its_reason() -> None:
    """Beside it; what is well known in the extra `dev` needs none."""
    block = TEXT[TEXT.index("dependencies = [") : TEXT.index("\ndev = [")]
    lines = [line for line in block.splitlines() if re.match(r'    "[a-z0-9-]+[\[<>=]', line)]
    assert len(lines) == len(PROJECT["dependencies"]) + sum(
        len(OPTIONAL[extra]) for extra in OPTIONAL if extra not in ("dev", "all")
    )
    assert [line for line in lines if not re.search(r'",\s+# \w', line)] == []


def test_the_same_bound_everywhere() -> None:
    """A package that several extras bring has one lower bound."""
    found = [one for extra in OPTIONAL.values() for one in extra if name(one) != "spikeplane"]
    assert len({name(one) for one in found}) == len(set(found)) > 15


def test_packages_are_typed() -> None:
    folders = tomllib.loads(TEXT)["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    assert len(folders) == 4
    for folder in folders:
        assert (ROOT / folder / "py.typed").read_bytes() == b""
