"""The commands that README names in a line of its own text, and what is typed to try each; with the files they want."""

from pathlib import Path

import numpy as np

import spikeplane

#: A PyTorch module of two layers, by `net.py:net`.
NETWORK = """
import snntorch as snn
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1, self.lif1 = nn.Linear(16, 24), snn.Leaky(beta=0.5)
        self.fc2, self.lif2 = nn.Linear(24, 4), snn.Leaky(beta=0.5)

    def forward(self, x):
        mem1, mem2, spikes = self.lif1.init_leaky(), self.lif2.init_leaky(), []
        for _ in range(4):
            one, mem1 = self.lif1(self.fc1(x.flatten(1)), mem1)
            two, mem2 = self.lif2(self.fc2(one), mem2)
            spikes.append(two)
        return torch.stack(spikes)


def net():
    torch.manual_seed(1)
    made = Net()
    for layer in made.fc1, made.fc2:
        layer.weight.data *= 3
    return made
"""

PORT = (
    "spikeplane serve net.spk >port.txt &\n"
    "until grep -q /dev/pts port.txt; do kill -0 $!; sleep 0.2; done\n"
    "PORT=$(grep -o -m 1 '/dev/pts/[0-9]*' port.txt)\n"
)
COMPILE = "spikeplane compile net.py:net --input-shape 1x4x4 --preset tiny"
RUN = "spikeplane run net.spk --input images.npy --labels labels.npy --board sim --lockstep"

#: What README says, and what is typed here. Bitstreams that take longer than the echo's are not made, but planned.
TYPED = {
    "spikeplane compile model.nir -o net.spk": "spikeplane compile model.nir -o nir.spk --dt 1e-4 --preset tiny",
    "spikeplane compile ... --explain": f"{COMPILE} -o net.spk --explain | grep fc1",
    "spikeplane compile ... --preset auto": f"{COMPILE} --preset auto -o auto.spk",
    "--preset ulx3s-85f": f"{COMPILE} --preset ulx3s-85f -o board.spk",
    "spikeplane systems csnn": "spikeplane systems csnn | grep -v refused",
    "spikeplane systems --board sim": "spikeplane systems csnn --size 8 --board sim",
    "spikeplane train model.py:net --data DIR -o net.spt":
        "printf 'from torch import nn\\nfrom spikingjelly.activation_based import neuron\\n"
        "def net():\\n    return nn.Sequential(nn.Flatten(), nn.Linear(16, 8), neuron.IFNode(), nn.Linear(8, 4)), (1, 4, 4)\\n' >model.py\n"
        "spikeplane train model.py:net --data images.npy --labels labels.npy -o net.spt && test -s net.spt",
    "spikeplane federate model.py:net --data DIR --local -o net.spt":
        "spikeplane federate model.py:net --data images.npy --labels labels.npy --local --workers 2 -o two.spt && test -s two.spt",
    "spikeplane layers": "spikeplane layers | grep Conv2d",
    "spikeplane run net.spk --input DATA --board sim --lockstep": f"{RUN} | grep '0 mismatches'",
    "spikeplane run": "spikeplane run net.spk --input images.npy",
    "--board golden": "spikeplane run net.spk --input images.npy --board golden",
    "--board sim": "spikeplane run net.spk --input images.npy --board sim",
    "spikeplane run ... --lockstep --report r.html": f"{RUN} --report r.html && grep -q '<html' r.html",
    "--waves OUT": f"{RUN} --waves out --sample 0 --steps 1:2 && ls out*",
    "spikeplane run ... --task detect --draw DIR":
        "spikeplane run boxes.spk --input cells.npy --task detect --bins 1 --draw drawn && test -s drawn/sample-00000.png",
    "spikeplane compile ... --weight-bits 4 --weight-bits fc2=8 --guard fc2=0":
        f"{COMPILE} -o bits.spk --weight-bits 4 --weight-bits fc2=8 --guard fc2=0",
    "spikeplane upgrade old.spk -o new.spk": "spikeplane upgrade net.spk -o new.spk && test -s new.spk",
    "spikeplane inspect net.spk": "spikeplane inspect net.spk",
    "--json": "spikeplane inspect net.spk --json | python -m json.tool",
    "--nir out.nir": "spikeplane inspect net.spk --nir out.nir && python -c \"import nir; nir.read('out.nir')\"",
    "spikeplane export net.spk -o DIR": "spikeplane export net.spk -o exported && make -C exported",
    "spikeplane generate --preset small -o DIR": "spikeplane generate --preset small -o small",
    "spikeplane generate --program net.spk --sample DATA -o DIR":
        "spikeplane generate --program net.spk --sample images.npy -o bench",
    "spikeplane generate ... --wrapper axi-lite": "spikeplane generate --program net.spk --wrapper axi-lite -o axi",
    "spikeplane simulate": "spikeplane simulate router",
    "spikeplane estimate net.spk --board B": "spikeplane estimate net.spk --board ulx3s-85f",
    "spikeplane boards": "spikeplane boards | grep icebreaker",
    "build --board B -o DIR": "spikeplane build --board icebreaker -o ice && test -s ice/board.bin",
    "flash --board B DIR": "spikeplane flash --board icebreaker ice --dry-run",
    "--dry-run": "spikeplane build --board ulx3s-85f --dry-run",
    "spikeplane build --board B --program net.spk -o DIR":
        "spikeplane build --board ulx3s-85f --program net.spk -o built --dry-run",
    "spikeplane build --board ulx3s-85f": "spikeplane build --board ulx3s-85f --dry-run",
    "spikeplane build --board ulx3s-85f --preset camera": "spikeplane build --board ulx3s-85f --preset camera --dry-run",
    "spikeplane build --board tang-nano-9k": "spikeplane build --board tang-nano-9k --dry-run",
    "spikeplane build --board tang-nano-20k": "spikeplane build --board tang-nano-20k --dry-run",
    "spikeplane serve --board B":
        "spikeplane serve --board icebreaker >board.txt &\nuntil grep -q /dev/pts board.txt; do kill -0 $!; sleep 0.2; done",
    "run net.spk --board /dev/pts/N":
        f"{PORT}spikeplane run net.spk --input images.npy --samples 2 --board $PORT --lockstep | grep '0 mismatches'",
    "spikeplane simulate --netlist": "spikeplane simulate --netlist",
    "spikeplane synth --liberty FILE": "spikeplane synth --liberty cells.lib --config $ROOT/examples/smallest.toml",
    "spikeplane doctor": "spikeplane doctor",
    "--report": "spikeplane doctor --report",
    "spikeplane doctor sim boards": "spikeplane doctor sim boards",
    "spikeplane --install-completion": "HOME=$PWD SHELL=/bin/bash _TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION=1 "
        "spikeplane --install-completion bash",
    "spikeplane COMMAND --help": "spikeplane compile --help",
    "spikeplane record photo.png --motion pan -o clip.dat":
        "spikeplane record photo.png --motion pan -o clip.dat --size 400x250 --planes 200",
    "spikeplane reconstruct clip.dat --size 400x250 --plane 150 -o image.png":
        "spikeplane reconstruct clip.dat --size 400x250 --plane 150 -o image.png && test -s image.png",
    "spikeplane reconstruct ... --board sim":
        "spikeplane record photo.png --size 64x32 --planes 60 -o little.dat\n"
        "spikeplane reconstruct little.dat --size 64x32 --plane 40 -o image.png --board sim",
    "spikeplane view clip.dat --size 400x250 -o clip.html":
        "spikeplane view clip.dat --size 400x250 --planes 40 -o clip.html && test -s clip.html",
    "spikeplane generate --preset tiny --camera vidar -o DIR": "spikeplane generate --preset tiny --camera vidar -o camera",
    "spikeplane demo": "spikeplane demo --samples 2",
}  # fmt: skip

#: What is not typed, and why.
NOT_TYPED = {
    "pip install spikeplane": "fetches from a registry; tests/packaging/test_wheel.py installs the wheel",
    "make setup": "is what these tests are run in",
    "make demo": "`make setup` and `spikeplane demo`, which is typed",
    "make demo-train": "minutes; tests/system/test_demo_train.py runs it",
    "make test": "runs the tests: this one, or itself again",
    "make docs": "a minute, after it has fetched packages; tests of the site build it",
    "make mutants": "hours; tests/unit/test_mutants.py tries its list",
    "make bench": "an hour; tests of each bench's own run it on less",
    "python -m spikeplane_hw.calibrate tiny": "minutes of synthesis, for a figure that is given",
}


def files(folder: Path) -> None:
    """net.py, model.nir, images.npy (6, 1, 4, 4) with labels.npy, photo.png of 540x340 pixels, cells.lib, and a detector,
    boxes.spk, with cells.npy."""
    import nir
    import torch
    from PIL import Image
    from spikingjelly.activation_based import neuron
    from torch import nn
    from unit.test_synth_liberty import liberty

    rng = np.random.default_rng(3)
    (folder / "net.py").write_text(NETWORK)
    (folder / "cells.lib").write_text(liberty())
    np.save(folder / "images.npy", rng.integers(0, 256, (6, 1, 4, 4)).astype(np.uint8))
    np.save(folder / "labels.npy", rng.integers(0, 4, 6))
    torch.manual_seed(0)
    detector = nn.Sequential(nn.Conv2d(1, 4, 4, 4), neuron.IFNode(), nn.Conv2d(4, 6, 1))
    np.save(folder / "cells.npy", rng.integers(0, 256, (2, 1, 8, 8)).astype(np.uint8))
    spikeplane.compile(detector, chip="auto", input_shape=(1, 8, 8), progress=False).save(
        folder / "boxes.spk"
    )
    rows, columns = np.mgrid[0:340, 0:540]
    Image.fromarray(((rows + columns) % 256).astype(np.uint8)).save(folder / "photo.png")
    one = np.ones(4)
    nodes = {
        "input": nir.Input({"input": np.array([16])}),
        "fc": nir.Affine(rng.normal(size=(4, 16)).astype(np.float32), np.zeros(4, np.float32)),
        "lif": nir.LIF(tau=one * 1e-3, r=one * 10, v_leak=one * 0, v_threshold=one),
        "output": nir.Output({"output": np.array([4])}),
    }
    names = list(nodes)
    nir.write(folder / "model.nir", nir.NIRGraph(nodes, list(zip(names[:-1], names[1:], strict=True))))
