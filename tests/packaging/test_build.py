"""The wheel builds and holds the four packages with the files that are not Python."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from spikeplane import __version__

ROOT = Path(__file__).parents[2]
PACKAGES = {
    "spikeplane": "sw",
    "spikeplane_gateware": "gateware",
    "spikeplane_sim": "sim",
    "spikeplane_hw": "hw",
}
INFO = f"spikeplane-{__version__}.dist-info"

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def contents(tmp_path_factory) -> list[str]:
    """The names in the wheel. With the build backend at hand it is used as it is, else pip fetches it."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", str(folder), str(ROOT)]
    try:
        import hatchling  # noqa: F401

        command.insert(4, "--no-build-isolation")
    except ImportError:
        pass
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode and "--no-build-isolation" not in command and "hatchling" in result.stderr:
        pytest.skip("hatchling is neither installed nor to be fetched")
    assert result.returncode == 0, result.stderr
    wheels = list(folder.glob("spikeplane-*.whl"))
    assert len(wheels) == 1
    return zipfile.ZipFile(wheels[0]).namelist()


def test_every_file_of_the_packages_is_there(contents):
    """What git tracks of each package, Python or not."""
    for package, folder in PACKAGES.items():
        listed = subprocess.run(
            ["git", "ls-files", f"{folder}/{package}"], cwd=ROOT, capture_output=True, text=True, check=True
        ).stdout
        names = [line.removeprefix(f"{folder}/") for line in listed.splitlines() if (ROOT / line).exists()]
        assert names, package
        assert set(names) <= set(contents), sorted(set(names) - set(contents))


@pytest.mark.parametrize(
    "name",
    [
        "spikeplane_gateware/ram.v",
        "spikeplane_sim/board/harness.cpp",
        "spikeplane_sim/board/core.v",
        "spikeplane_sim/board/mesh.h",
        "spikeplane_sim/board/node.cpp",
        "spikeplane_sim/board/node.h",
        "spikeplane_sim/board/node.vlt",
        "spikeplane_sim/board/rest.h",
        "spikeplane_sim/board/router.v",
        "spikeplane_sim/board/board.v",
        "spikeplane/run/report/page.html",
        *(f"{package}/py.typed" for package in PACKAGES),
    ],
)
def test_files_that_are_not_python(contents, name):
    assert name in contents


def test_nothing_else_and_the_command(contents):
    tops = {name.split("/")[0] for name in contents}
    assert tops == {*PACKAGES, INFO}
    assert f"{INFO}/entry_points.txt" in contents
    assert not [name for name in contents if name.startswith("tests") or "__pycache__" in name]
