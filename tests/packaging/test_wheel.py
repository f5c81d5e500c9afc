"""The wheel in an environment of its own, where nothing of the source tree is to be seen: it
generates, simulates, serves.

What Spikeplane needs comes from the environment that the tests run in, by a path file; its own
packages from the wheel alone.
"""

import os
import re
import select
import signal
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]
CAMERA = "preset = 'tiny'\n[camera]\nwidth = 16\nheight = 8\npixels = 4\n"
COMPILE = """
import sys, numpy as np, spikeplane
from spikeplane.compiler.graph import FloatNetwork, FloatNeuron, FloatPopulation, FloatProjection
for package in ("spikeplane", "spikeplane_gateware", "spikeplane_sim", "spikeplane_hw"):
    assert __import__(package).__file__.startswith(sys.prefix), package
rng = np.random.default_rng(0)
layers = ("in", 16), ("hidden", 24), ("out", 4)
net = FloatNetwork(
    populations=tuple(FloatPopulation(name=n, shape=(s, 1, 1), neuron=FloatNeuron(threshold=np.ones(s)) if i else None)
                      for i, (n, s) in enumerate(layers)),
    projections=tuple(FloatProjection(source=a, target=b, weight=rng.normal(size=(m, n, 1, 1)))
                      for (a, n), (b, m) in zip(layers, layers[1:])),
    output="out")
for name in sys.argv[1:]:
    chip = spikeplane.ChipConfig.from_toml(name) if name.endswith(".toml") else name
    spikeplane.compile(net, chip=chip, encoding=spikeplane.Encoding(kind="planes", steps=4)).save(name.split(".")[0] + ".spk")
"""

pytestmark = [pytest.mark.slow, pytest.mark.cosim]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "-q",
        "--no-deps",
        "--no-build-isolation",
        "-w",
        str(folder),
        str(ROOT),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (found,) = folder.glob("spikeplane-*.whl")
    return found


class Bare:
    """An environment with the wheel; `folder`: to work in."""

    def __init__(self, wheel: Path, folder: Path) -> None:
        self.folder = folder
        venv.create(folder / "env", symlinks=True)
        site = next((folder / "env").glob("lib/python*/site-packages"))
        others = folder / "others"  # every package that is installed here, but Spikeplane
        others.mkdir()
        for path in Path(sysconfig.get_path("purelib")).iterdir():
            if "spikeplane" not in path.name and path.suffix != ".pth":
                (others / path.name).symlink_to(path)
        (site / "others.pth").write_text(f"{others}\n")
        zipfile.ZipFile(wheel).extractall(site)
        self.python = str(folder / "env/bin/python")
        script = folder / "env/bin/spikeplane"
        script.write_text(f"#!{self.python}\nimport sys\nfrom spikeplane.cli import main\nsys.exit(main())\n")
        script.chmod(0o755)
        self.spikeplane = str(script)
        self.environment = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("PYTHON", "VIRTUAL_ENV", "YOSYS"))
        }
        tools = f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin"
        self.environment |= {"SPIKEPLANE_CACHE": str(folder / "cache"), "PATH": tools}

    def call(self, *command: str) -> str:
        """What a command prints; it must succeed without a word on stderr."""
        done = subprocess.run(
            command, cwd=self.folder, env=self.environment, capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stderr) == (0, ""), done.stdout + done.stderr
        return done.stdout


@pytest.fixture(scope="module")
def bare(wheel, tmp_path_factory) -> Bare:
    made = Bare(wheel, tmp_path_factory.mktemp("bare"))
    (made.folder / "camera.toml").write_text(CAMERA)
    np.save(
        made.folder / "planes.npy", np.random.default_rng(1).integers(0, 2, (3, 4, 16, 1, 1)).astype(np.uint8)
    )
    made.call(made.python, "-c", COMPILE, "tiny", "camera.toml")
    return made


@pytest.mark.parametrize("chip", [["--preset", "tiny"], ["--config", "camera.toml"]])
def test_it_generates(bare, chip) -> None:
    folder = bare.folder / f"chip-{chip[0][2:]}"
    bare.call(bare.spikeplane, "generate", *chip, "-o", str(folder))
    text = (folder / "spikeplane_chip.v").read_text()
    assert ("camera_plane" in text, "module spikeplane_chip(" in text) == (chip[0] == "--config", True)


@pytest.mark.parametrize("program", ["tiny.spk", "camera.spk"])
def test_it_runs_on_the_simulated_board(bare, program) -> None:
    out = bare.call(bare.spikeplane, "run", program, "--input", "planes.npy", "--board", "sim", "--lockstep")
    assert re.search(r"0 mismatches over [1-9][\d,]* spikes", out), out


def test_it_serves(bare) -> None:
    process = subprocess.Popen(
        [bare.spikeplane, "serve", "tiny.spk"],
        cwd=bare.folder,
        env=bare.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    assert process.stderr
    try:
        assert select.select([process.stdout], [], [], 600)[0]
        found = re.search(r"at (/dev/pts/\d+),", process.stdout.readline())
        assert found, process.stderr.read()
        out = bare.call(
            bare.spikeplane, "run", "tiny.spk", "--input", "planes.npy", "--board", found[1], "--lockstep"
        )
        assert "0 mismatches over" in out
        process.send_signal(signal.SIGINT)
        process.wait(20)
    finally:
        process.kill()
    assert (process.returncode, process.stderr.read()) == (130, "interrupted\n")


def test_tools_are_found_where_pip_puts_them(bare, tmp_path) -> None:
    """Of `pip install --target` and of `--user`: neither lies beside the interpreter."""
    ask = "from spikeplane import toolchain; print(toolchain.command_path('a-tool'))"
    for folder, extra in (
        ("target/bin", {"PYTHONPATH": str(tmp_path / "target")}),
        ("user/bin", {"PYTHONUSERBASE": str(tmp_path / "user")}),
    ):
        tool = tmp_path / folder / "a-tool"
        tool.parent.mkdir(parents=True)
        tool.write_text("#!/bin/sh\n")
        tool.chmod(0o755)
        info = tmp_path / "target/a_tool-1.0.dist-info"
        info.mkdir(exist_ok=True, parents=True)
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: a-tool\nVersion: 1.0\n")
        environment = {**bare.environment, **extra}
        done = subprocess.run(
            [bare.python, "-c", ask], env=environment, capture_output=True, text=True, check=True
        )
        assert done.stdout == f"{tool}\n"
