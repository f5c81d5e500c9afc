"""`-v` and `-vv`: what the library logs, on stderr, before the command or after it; without it not a word."""

import logging
import re
import sys

import numpy as np
import pytest

import spikeplane
from spikeplane.cli import main
from spikeplane.compiler.graph import FloatNetwork, FloatNeuron, FloatPopulation, FloatProjection
from spikeplane.log import logger

RUN = ["run", "net.spk", "--input", "planes.npy", "--board", "sim"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A program and two samples; what compiling logged."""
    place = tmp_path_factory.mktemp("verbose")
    network = FloatNetwork(
        populations=(FloatPopulation(name="in", shape=(4, 1, 1)),
                     FloatPopulation(name="out", shape=(3, 1, 1), neuron=FloatNeuron(threshold=np.ones(3)))),
        projections=(FloatProjection(source="in", target="out", weight=np.ones((3, 4, 1, 1))),),
        output="out",
    )  # fmt: skip
    heard = Heard()
    logging.getLogger("spikeplane").addHandler(heard)
    logging.getLogger("spikeplane").setLevel(logging.DEBUG)
    encoding = spikeplane.Encoding(kind="planes", steps=2)
    spikeplane.compile(network, chip="tiny", encoding=encoding).save(place / "net.spk")
    logging.getLogger("spikeplane").removeHandler(heard)
    logging.getLogger("spikeplane").setLevel(logging.NOTSET)
    np.save(place / "planes.npy", np.ones((2, 2, 4, 1, 1), np.uint8))
    return place, heard.lines


class Heard(logging.Handler):
    """Any listener."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(f"{record.levelname} {record.name}: {record.getMessage()}")


def call(folder, monkeypatch, capsys, *arguments: str) -> tuple[str, list[str]]:
    """What a command that succeeds prints: stdout, and the lines on stderr."""
    monkeypatch.chdir(folder[0])
    monkeypatch.setattr(sys, "argv", ["spikeplane", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    out, err = capsys.readouterr()
    assert ended.value.code == 0, err
    return out, err.splitlines()


def test_the_library_logs_what_it_compiles(folder) -> None:
    assert folder[1][0] == (
        "INFO spikeplane.compiler.model: compiling a network of 2 populations and 1 projections"
    )
    assert [
        line for line in folder[1] if line.startswith("INFO spikeplane.compiler.fit: placed on 1 of 1 cores")
    ]
    assert [line for line in folder[1] if line.startswith("DEBUG spikeplane.compiler.quantise: out: 8 weight bits")]  # fmt: skip


@pytest.mark.cosim
@pytest.mark.parametrize("arguments", [["-v", *RUN], [*RUN, "--verbose"]])
def test_what_is_done(folder, monkeypatch, capsys, arguments) -> None:
    silent, nothing = call(folder, monkeypatch, capsys, *RUN)
    assert nothing == []
    said, lines = call(folder, monkeypatch, capsys, *arguments)
    assert said == silent
    assert all(re.match(r" *\d+\.\d\d s  [a-z_.]+: ", line) for line in lines)
    told = [line.split("s  ", 1)[1] for line in lines]
    assert told[0].startswith("program.file: net.spk: a program of ")
    assert told[1].startswith("host.channel: ")
    assert re.match(r"host\.driver: loaded \d+ words into 1 cores", told[2])
    assert told[3] == "host.driver: running 2 samples of 2 steps"
    assert len(told) == 4
    assert call(folder, monkeypatch, capsys, *RUN)[1] == []  # the next command of this process


@pytest.mark.cosim
@pytest.mark.parametrize("arguments", [["-vv", *RUN], [*RUN, "-vv"], ["-v", *RUN, "-v"]])
def test_how_it_is_done(folder, monkeypatch, capsys, arguments) -> None:
    lines = call(folder, monkeypatch, capsys, *arguments)[1]
    assert [line for line in lines if "host.driver: core (0, 0): " in line]
    assert [line for line in lines if re.search(r"host\.driver: 2 samples took \d+ cycles", line)]
    assert [line for line in lines if "sim.cache: " in line]


def test_one_listener_hears_all_packages() -> None:
    names = ("spikeplane.host.driver", "spikeplane_sim.cache", "spikeplane_hw.flash", "spikeplane_sim")
    assert [logger(name).name for name in names] == [
        "spikeplane.host.driver", "spikeplane.sim.cache", "spikeplane.hw.flash", "spikeplane.sim"]  # fmt: skip
    assert any(isinstance(one, logging.NullHandler) for one in logging.getLogger("spikeplane").handlers)
