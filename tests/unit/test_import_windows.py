"""Maxima over windows of flattened pixels and of heads' channels, poolings that are used several times, and forwards that take
images as well as steps: every neuron held against the framework."""

# the frameworks annotate their layers and parameters loosely:
# pyright: reportArgumentType=false, reportCallIssue=false

from collections.abc import Callable
from typing import Any

import pytest
import torch
from spikingjelly.activation_based import layer
from spikingjelly.activation_based.neuron import LIFNode
from test_import_idioms import proved
from torch import nn
from torch.nn import functional

import spikeplane
from spikeplane import Encoding, SpikeplaneError
from spikeplane.encodings import asked_of_import
from spikeplane.importers import import_model

Tensor = torch.Tensor
Shape = Callable[[Tensor], Tensor]
PIXELS = (2, 3, 5)


class Near(nn.Module):
    """Spikes (T, N, C, H, W), laid out, the maximum of them, and neurons behind."""

    def __init__(
        self, lay: Shape, back: Shape, *window: Any, channels: int = 6, seed: int = 0, **more: Any
    ) -> None:
        super().__init__()
        torch.manual_seed(seed)
        self.conv, self.fire = layer.Conv2d(2, channels, 3, padding=1, step_mode="m"), LIFNode(step_mode="m")
        self.pool, self.lay, self.back = nn.MaxPool3d(*window, **more), lay, back
        self.mix, self.out = layer.Conv2d(channels, 4, 1, step_mode="m"), LIFNode(step_mode="m")
        self.head = layer.Linear(4, 3, step_mode="m")
        for module, spread in ((self.conv, 0.8), (self.mix, 1.0)):
            nn.init.normal_(module.weight, 0.0, spread)

    def forward(self, x: Tensor) -> Tensor:
        near = self.back(self.pool(self.lay(self.fire(self.conv(x)))))
        return self.head(self.out(self.mix(near)).flatten(3).mean(3))


def tokens(x: Tensor, heads: int = 2) -> Tensor:
    """(T, N, heads, H W, C / heads), as attention takes them."""
    t, n, c, h, w = x.shape
    return x.flatten(3).transpose(-1, -2).reshape(t, n, h * w, heads, c // heads).permute(0, 1, 3, 2, 4)


def pixels(x: Tensor) -> Tensor:
    """Back to (T, N, C, H, W)."""
    t, n, _, places, _ = x.shape
    return x.transpose(3, 4).reshape(t, n, -1, PIXELS[1], places // PIXELS[1])


def same(x: Tensor) -> Tensor:
    return x


def by_rows(x: Tensor) -> Tensor:
    """(T, N, C, W, H)."""
    return x.transpose(-1, -2)


def last(x: Tensor) -> Tensor:
    """(T, N, H, W, C)."""
    return x.permute(0, 1, 3, 4, 2)


def first(x: Tensor) -> Tensor:
    return x.permute(0, 1, 4, 2, 3)


NEAR = {
    "pixels": (same, same, (1, 3, 3), (1, 1, 1), (0, 1, 1)),
    "pixels with a stride": (same, same, (1, 2, 3), (1, 2, 1), (0, 0, 1)),
    "pixels of rows and columns swapped": (by_rows, by_rows, (1, 3, 5), 1, (0, 1, 2)),
    "tokens and channels of a head": (tokens, pixels, (1, 3, 3), (1, 1, 1), (0, 1, 1)),
    "tokens": (tokens, pixels, (1, 5, 1), 1, (0, 2, 0)),
    "tokens over several rows": (tokens, pixels, (1, 13, 1), 1, (0, 6, 0)),
    "channels of a head": (tokens, pixels, (1, 1, 3), 1, (0, 0, 1)),
    "columns and channels": (last, first, (1, 3, 5), 1, (0, 1, 2)),
}


@pytest.mark.parametrize("name", NEAR)
def test_near(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    net = import_model(Near(*NEAR[name]).eval(), input_shape=PIXELS, input_bits=1)
    assert proved(net, monkeypatch) > 1000
    ors = [p for p in net.populations if p.name.startswith("pool.") or p.name == "pool"]
    assert [p.neuron.decay for p in ors] == [0.0] * len(ors)  # type: ignore[union-attr]
    assert 1 <= len(ors) <= 2


class OneStep(nn.Module):
    """A loop over one step whose results are assigned (MA-SNN's residual network), and an average of depth 1."""

    def __init__(self, *window: Any) -> None:
        super().__init__()
        torch.manual_seed(1)
        self.conv, self.pool, self.head = (
            nn.Conv2d(2, 4, 3, padding=1),
            nn.AvgPool3d(*window),
            nn.Linear(24, 3),
        )

    def forward(self, x: Tensor) -> Tensor:
        steps, seen = torch.zeros(1, *x.shape), torch.zeros(1, len(x), 4, *x.shape[2:])
        for t in range(1):
            steps[t] = x
            seen[t] = self.conv(steps[t])
        spikes = (self.pool(seen) > 0.1).to(x.dtype)
        return self.head(spikes.flatten(2)).sum(0)


def test_one_step_and_averages_of_depth_1(monkeypatch: pytest.MonkeyPatch) -> None:
    net = import_model(OneStep((1, 2, 3), (1, 2, 2)).eval(), input_shape=(2, 4, 8), input_bits=1)
    assert [p.shape for p in net.populations] == [(2, 4, 8), (4, 2, 3), (3, 1, 1)]
    assert proved(net, monkeypatch) > 100
    with pytest.raises(SpikeplaneError, match="an average over depth, .*use a size and a stride of 1 in it"):
        import_model(OneStep((3, 2, 3), (1, 2, 2), (1, 0, 0)).eval(), input_shape=(2, 4, 8))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(8))
def test_near_at_random(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    generator = torch.Generator().manual_seed(seed)

    def drawn(*numbers: int) -> int:
        return numbers[int(torch.randint(len(numbers), (), generator=generator))]

    high, wide = drawn(0, 1, 2, 4), drawn(0, 1, 2)
    heads, shape = drawn(1, 2, 3, 6), (2, 3, drawn(2, 4, 5, 7))
    window = ((1, 2 * high + 1, 2 * wide + 1), 1, (0, high, wide))
    model = Near(lambda x: tokens(x, heads), pixels, *window, seed=seed)
    assert proved(import_model(model.eval(), input_shape=shape, input_bits=1), monkeypatch) > 500


def flat(x: Tensor) -> Tensor:
    """(T, N, C, places, 1)."""
    return x.transpose(3, 4).flatten(2, 3)[..., None]


ODD = "layer 'pool' is a maximum with a stride or of even size over flattened pixels or parts of channels"
REFUSED = {
    "depth": (
        Near(same, same, (3, 3, 3), 1, (1, 1, 1)),
        "layer 'pool' is a maximum over depth",
    ),
    "stride of depth": (
        Near(same, lambda x: x.repeat(1, 1, 2, 1, 1), (1, 3, 3), (2, 1, 1), (0, 1, 1)),
        "layer 'pool' is a maximum over depth",
    ),
    "stride": (Near(tokens, flat, (1, 3, 3), (1, 3, 1), (0, 1, 1)), ODD),
    "even": (Near(tokens, flat, (1, 2, 1), 1, (0, 1, 0)), ODD),
    "dilation": (Near(tokens, flat, (1, 3, 1), 1, (0, 1, 0), dilation=2), ODD),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name: str) -> None:
    model, said = REFUSED[name]
    with pytest.raises(SpikeplaneError) as caught:
        import_model(model.eval(), input_shape=PIXELS, input_bits=1)
    assert said in str(caught.value)


class Values(Near):
    def forward(self, x: Tensor) -> Tensor:
        near = pixels(self.pool(tokens(self.conv(x))))
        return self.head(self.out(self.mix(near)).flatten(3).mean(3))


class Added(Near):
    def forward(self, x: Tensor) -> Tensor:
        spikes = self.fire(self.conv(x))
        near = pixels(self.pool(tokens(spikes + spikes)))
        return self.head(self.out(self.mix(near)).flatten(3).mean(3))


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        (Values, "a maximum over flattened pixels or channels of something else than neurons' spikes"),
        (Added, "a maximum of added or pooled spikes"),
    ],
)
def test_no_spikes(kind: type[Near], said: str) -> None:
    with pytest.raises(SpikeplaneError) as caught:
        import_model(kind(tokens, pixels, (1, 3, 3), 1, (0, 1, 1)), input_shape=PIXELS, input_bits=1)
    assert said in str(caught.value)


class Shared(nn.Module):
    """One pooling behind two layers, and what it returns besides."""

    def __init__(self, returned: Callable[[Tensor, Tensor], Any], steps: int = 2) -> None:
        super().__init__()
        torch.manual_seed(2)
        self.returned, self.steps = returned, steps
        self.one, self.two = (layer.Conv2d(i, 4, 3, padding=1, step_mode="m") for i in (2, 4))
        self.fire1, self.fire2 = LIFNode(step_mode="m"), LIFNode(step_mode="m")
        self.pool, self.head = nn.MaxPool2d(2), layer.Linear(4, 3, step_mode="m")
        for module in (self.one, self.two):
            nn.init.normal_(module.weight, 0.0, 0.9)

    def pooled(self, x: Tensor) -> Tensor:
        return self.pool(x.flatten(0, 1)).unflatten(0, x.shape[:2])

    def forward(self, x: Tensor) -> Any:
        x = x.unsqueeze(0).repeat(self.steps, 1, 1, 1, 1) if x.dim() == 4 else x
        first = self.pooled(self.fire1(self.one(x)))
        second = self.pooled(self.fire2(self.two(first)))
        return self.returned(self.head(second.flatten(3).mean(3)), self.head(first.flatten(3).mean(3)))


RETURNED = {
    "mean": (lambda x, _: x.mean(0), "mean"),
    "mean and nothing": (lambda x, _: (x.mean(0), None), "mean"),
    "mean and another": (lambda x, other: (x.mean(0), other.mean(0)), "mean"),
    "steps and nothing": (lambda x, _: (x, None), "steps"),
    "steps and a dictionary": (lambda x, other: (x, {"other": other}), "steps"),
}


@pytest.mark.parametrize("name", RETURNED)
def test_returned_besides(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """As many outputs as steps are no list of steps."""
    returned, how = RETURNED[name]
    net = import_model(Shared(returned).eval(), input_shape=(2, 8, 8), input_bits=8)
    called = net.origin.called  # type: ignore[union-attr]
    assert called is not None
    assert called.returned == how
    assert {"pool.1", "pool.2"} < {p.name for p in net.populations}
    assert proved(net, monkeypatch) > 1000


STEPS = [("direct", 2, None), ("planes", 5, 0), ("events", 5, 0), ("frames", 5, 0), ("rate", 5, 0)]


@pytest.mark.parametrize(("kind", "steps", "at"), STEPS)
def test_images_and_steps(kind: Any, steps: int, at: int | None) -> None:
    """Which of both is proved is what samples are: planes are no image that is repeated."""
    encoding = Encoding(kind=kind, steps=steps)
    net = import_model(
        Shared(lambda x, _: x.mean(0)).eval(), input_shape=(2, 8, 8), **asked_of_import(encoding)
    )
    called = net.origin.called  # type: ignore[union-attr]
    assert called is not None
    assert (called.steps_at, called.steps) == (at, 2 if at is None else None)


def test_images_and_steps_compiled() -> None:
    """Five planes go into a forward that would make two steps of an image."""
    model, shape = Shared(lambda x, _: x.mean(0)).eval(), (2, 8, 8)
    encoding = Encoding(kind="planes", steps=5)
    program = spikeplane.compile(model, input_shape=shape, encoding=encoding, progress=False)
    assert sum(row["compared"] or 0 for row in program.tables["agreement"]) > 1000
    with pytest.raises(SpikeplaneError, match="the model's forward takes 2 steps, the encoding has 5"):
        spikeplane.compile(model, input_shape=shape, encoding=Encoding(steps=5), progress=False)


def test_images_alone() -> None:
    """A forward that only takes images makes the steps of one whatever samples are, and says how many."""

    class Repeated(Shared):
        def forward(self, x: Tensor) -> Any:
            return super().forward(functional.relu(x) if x.dim() == 4 else x[0, 0, 0, 0])

    net = import_model(
        Repeated(lambda x, _: x.mean(0)), input_shape=(2, 8, 8), input_bits=1, input_steps=True
    )
    called = net.origin.called  # type: ignore[union-attr]
    assert called is not None
    assert (called.steps_at, called.steps) == (None, 2)
