"""Training in binary16 with exact sums tells as much right as training in float32: the same network, order of samples, codes
and rates, the gradient taken by automatic differentiation."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from spikeplane import Encoding
from spikeplane.data import read_labels, read_samples
from spikeplane.encode import encode
from spikeplane.train import LearningNetwork, LearningPopulation, LearningProjection
from spikeplane.train.course import Settings, coded, epoch_code
from spikeplane.train.file import begun
from spikeplane.train.loop import Labelled, train
from spikeplane_sim.golden.training import Trainer

FASHION = Path(__file__).parents[3] / "shared/data/fashion_mnist"
STEPS = 4


def layers(*shapes: tuple[int, int, int]) -> LearningNetwork:
    """Input, LIF layers of leak 1/2 and threshold 1, readout: a kernel of 3 x 3 and stride 2 to a layer with pixels, else all pixels."""
    rng = np.random.default_rng(0)
    names = ["in", *(f"l{i}" for i in range(1, len(shapes) - 1)), "out"]
    populations, projections = [], []
    for i, (name, shape) in enumerate(zip(names, shapes, strict=True)):
        hidden = 0 < i < len(shapes) - 1
        populations.append(
            LearningPopulation(
                name=name,
                shape=shape,
                theta=np.ones(shape[0]) if hidden else None,
                leak=0.5 if hidden else 0.0,
            )
        )
        if i:
            convolution = shape[1] > 1
            kernel = (3, 3) if convolution else shapes[i - 1][1:]
            form = (shape[0], shapes[i - 1][0], *kernel)
            weight = rng.uniform(-1, 1, form) / np.sqrt(np.prod(form[1:])) * (2 if convolution else 1)
            projections.append(
                LearningProjection(
                    source=names[i - 1], target=name, weight=weight.astype(np.float16),
                    stride=(2, 2) if convolution else (1, 1), padding=(1, 1) if convolution else (0, 0),
                )
            )  # fmt: skip
    return LearningNetwork(populations=tuple(populations), projections=tuple(projections), output="out")


def read(part: str, limit: int | None) -> Labelled:
    images = read_samples(
        FASHION / f"{part}-images-idx3-ubyte.gz", (1, 28, 28), Encoding(kind="rate", steps=STEPS), limit
    )
    return Labelled(
        images, read_labels(FASHION / f"{part}-labels-idx1-ubyte.gz", len(images), at_least=limit is not None)
    )


class Fires(torch.autograd.Function):
    """A spike at 1 and more, with a window of width 1 for its derivative."""

    @staticmethod
    def forward(ctx, v):
        ctx.save_for_backward((v - 1).abs() < 0.5)
        return (v >= 1).to(v.dtype)

    @staticmethod
    def backward(ctx, *grads):
        return grads[0] * ctx.saved_tensors[0]


def scores(network: LearningNetwork, weights: list[torch.Tensor], planes: np.ndarray) -> torch.Tensor:
    """float32 (N, 10): the readout's currents, summed over the steps."""
    membranes: dict[int, torch.Tensor] = {}
    total = torch.zeros(())
    for t in range(planes.shape[1]):
        x = torch.as_tensor(planes[:, t]).float()
        for tag, p in enumerate(network.projections):
            whole = p.weight.shape[2:] == tuple(x.shape[2:]) and p.padding == (0, 0)
            current = (
                F.linear(x.flatten(1), weights[tag].flatten(1))[:, :, None, None]
                if whole
                else F.conv2d(x, weights[tag], stride=p.stride, padding=p.padding)
            )
            if p.target == network.output:
                total = total + current.flatten(1)
                break
            v = 0.5 * membranes.get(tag, torch.zeros(())) + current
            fired = Fires.apply(v)
            assert isinstance(fired, torch.Tensor)
            membranes[tag], x = v * (1 - fired.detach()), fired
    return total


def by_float32(network: LearningNetwork, settings: Settings, data: Labelled, test: Labelled) -> float:
    weights = [torch.tensor(p.weight.astype(np.float32), requires_grad=True) for p in network.projections]
    for iteration in range(settings.iterations):
        members = settings.members(iteration)
        code = epoch_code(settings.encoding, iteration // settings.an_epoch)
        planes = coded(code, data.samples, (1, 28, 28), members)
        out = scores(network, weights, planes) / STEPS
        loss = F.cross_entropy(out, torch.as_tensor(data.labels[members]))
        for w, g in zip(weights, torch.autograd.grad(loss, weights), strict=True):
            w.data -= settings.rate_of(iteration) * g
    right = 0
    for first in range(0, len(test.labels), 500):
        planes = encode(settings.encoding, test.samples[first : first + 500], (1, 28, 28), first)
        with torch.no_grad():
            found = scores(network, weights, planes).argmax(1).numpy()
        right += int((found == test.labels[first : first + 500]).sum())
    return right / len(test.labels)


def both(
    network: LearningNetwork, rate: float, epochs: int, limit: int | None, tell: Callable[..., None] = print
) -> tuple[float, float]:
    """Test accuracy by the golden training model and by float32."""
    data, test = read("train", limit), read("t10k", limit)
    settings = Settings(
        encoding=Encoding(kind="rate", steps=STEPS), samples=len(data.labels), epochs=epochs, rate=rate, last_rate=rate / 10
    )  # fmt: skip
    trainer = Trainer(network, settings.optimiser, batch=settings.batch, steps=STEPS)
    done = train(begun(network, settings), trainer, data, test, epoch_done=tell)
    golden, real = done.figures.epochs[-1]["test"], by_float32(network, settings, data, test)
    tell(f"binary16 {golden:.2%}, float32 {real:.2%}, sha256 {trainer.digest()}")
    return golden, real


needs_data = pytest.mark.skipif(not FASHION.exists(), reason="Fashion-MNIST is not there")


@needs_data
@pytest.mark.slow
def test_a_fully_connected_network() -> None:
    """784-128-10, 5 epochs: at least 85 %, and within half a point of float32."""
    golden, real = both(layers((1, 28, 28), (128, 1, 1), (10, 1, 1)), 0.4, 5, None)
    assert golden >= 0.85
    assert abs(golden - real) <= 0.005


@needs_data
@pytest.mark.slow
def test_a_convolutional_network() -> None:
    """1-8-16 of 3 x 3, stride 2, and a readout of 784, an epoch."""
    golden, real = both(layers((1, 28, 28), (8, 14, 14), (16, 7, 7), (10, 1, 1)), 0.3, 1, None)
    assert golden > 0.78
    assert abs(golden - real) <= 0.005
