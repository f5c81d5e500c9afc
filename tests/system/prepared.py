"""What pages take for granted in their Python: by page, text that is run before the first block."""

#: A little module of snnTorch's, images and labels for it.
NETWORK = """
import numpy as np, torch, snntorch as snn
from torch import nn
torch.manual_seed(0)
class Network(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.lif1 = nn.Conv2d(1, 4, 3, stride=4, padding=1), snn.Leaky(beta=0.5)
        self.fc, self.lif2 = nn.Linear(4 * 7 * 7, 4), snn.Leaky(beta=0.5)
    def forward(self, x):
        one, two, spikes = self.lif1.init_leaky(), self.lif2.init_leaky(), []
        for _ in range(4):
            s, one = self.lif1(self.conv1(x), one)
            s, two = self.lif2(self.fc(s.flatten(1)), two)
            spikes.append(s)
        return torch.stack(spikes)
model = Network()
model.conv1.weight.data *= 3
images = np.random.default_rng(0).integers(0, 256, (6, 1, 28, 28)).astype(np.uint8)
labels = np.random.default_rng(1).integers(0, 4, 6)
"""

#: The same by the names of pages on Python.
FLOATS = NETWORK + "x, y = torch.tensor(images / 255, dtype=torch.float32), labels\n"

PREPARED = {
    "README.md": NETWORK,
    "docs/README.md": FLOATS,
    "docs/python.md": FLOATS + """
from spikingjelly.activation_based import neuron
spiking = nn.Sequential(nn.Flatten(), nn.Linear(784, 8), neuron.LIFNode(tau=2.0), nn.Linear(8, 4))
tx, ty = x[:2], y[:2]
""",
    "docs/quantisation.md": NETWORK + """
import spikeplane
encoding = spikeplane.Encoding(steps=4)
def train(model):
    model.eval()
""",
    "docs/report.md": NETWORK + """
import hashlib, spikeplane
x = images
program = spikeplane.compile(model, chip="small", encoding=spikeplane.Encoding(steps=4), input_shape=(1, 28, 28))
""",
    "docs/importing.md": """
from torch import nn
class MyNeuron(nn.Module):
    pass
""",
}  # fmt: skip
