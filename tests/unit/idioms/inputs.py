"""Several inputs, steps in every place, numbers beside values, products in letters, choices of channels."""

# the frameworks annotate their layers loosely:
# pyright: reportArgumentType=false, reportCallIssue=false, reportOptionalCall=false
# pyright: reportIncompatibleMethodOverride=false

from collections.abc import Callable
from typing import Any

import snntorch as snn
import torch
from spikingjelly.activation_based import functional, neuron
from torch import nn

Tensor = torch.Tensor
ROW, IMAGE = (12, 1, 1), (2, 6, 6)
BOTH = {"audio": (12, 1, 1), "video": (8, 1, 1)}
PARTS = {"image": (2, 6, 6), "extra": (4, 1, 1)}


def fire(**options: Any) -> nn.Module:
    return neuron.LIFNode(tau=2.0, v_threshold=0.5, **options)


class Two(nn.Module):
    """Two inputs, each with a layer; steps in front, in both."""

    def __init__(self) -> None:
        super().__init__()
        self.audio, self.video, self.lif1 = nn.Linear(12, 6), nn.Linear(8, 6), snn.Leaky(beta=0.9)
        self.two, self.lif2 = nn.Linear(6, 4), snn.Leaky(beta=0.8)

    def looped(self, frames: list[tuple[Tensor, Tensor]]) -> list[Tensor]:
        mem1, mem2, found = self.lif1.init_leaky(), self.lif2.init_leaky(), []
        for audio, video in frames:
            spikes, mem1 = self.lif1(self.audio(audio) + self.video(video), mem1)
            spikes, mem2 = self.lif2(self.two(spikes), mem2)
            found.append(spikes)
        return found

    def forward(self, audio: Tensor, video: Tensor) -> Any:
        return torch.stack(self.looped(list(zip(audio, video, strict=True))))


class Images(Two):
    """The same images in all steps."""

    def forward(self, audio: Tensor, video: Tensor) -> Any:
        return torch.stack(self.looped([(audio, video)] * 5)).mean(0)


class Samples(Two):
    """Samples in front of steps."""

    def forward(self, audio: Tensor, video: Tensor) -> Any:
        return torch.stack(self.looped([(audio[:, t], video[:, t]) for t in range(audio.shape[1])]), 1)


class Mixed(Two):
    """Steps in one of them."""

    def forward(self, audio: Tensor, video: Tensor) -> Any:
        return torch.stack(self.looped([(frame, video * 0.5) for frame in audio]))


class Step(Two):
    """One step a call, scaled, with states between the inputs' names."""

    def forward(self, audio: Tensor, video: Tensor, mem1: Any = None, mem2: Any = None) -> Any:
        spikes, mem1 = self.lif1(self.audio(audio * 0.5) + self.video(video), mem1)
        spikes, mem2 = self.lif2(self.two(spikes), mem2)
        return spikes, mem1, mem2


class Pixels(nn.Module):
    """An image and a row, joined behind neurons; the states handed first."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.a = nn.Conv2d(2, 3, 3), fire()
        self.all, self.b = nn.Linear(52, 5), fire()

    def forward(self, image: Tensor, extra: Tensor) -> Tensor:
        functional.reset_net(self)
        found = []
        for t in range(image.shape[0]):
            spikes = self.a(self.conv(image[t])).view(image.shape[1], -1)
            found.append(self.b(self.all(torch.cat((spikes, extra[t]), -1))))
        return torch.stack(found)


class Last(nn.Module):
    """Steps behind all else."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.a, self.fc, self.b = nn.Conv2d(2, 3, 3), fire(), nn.Linear(48, 5), fire()

    def forward(self, x: Tensor) -> Tensor:
        functional.reset_net(self)
        steps = [self.b(self.fc(self.a(self.conv(x[..., t])).flatten(1))) for t in range(x.shape[-1])]
        return torch.stack(steps, -1)


class Do(nn.Module):
    """Layers to choose from, and a forward."""

    def __init__(self, do: Callable[[Any, Tensor], Any]) -> None:
        super().__init__()
        self.conv, self.conv2, self.wide = (
            nn.Conv2d(2, 4, 3, padding=1),
            nn.Conv2d(4, 4, 3),
            nn.Linear(144, 8),
        )
        self.one, self.two, self.same = nn.Linear(12, 8), nn.Linear(8, 5), nn.Linear(12, 12)
        self.a, self.b, self.c = fire(), fire(), fire()
        self.w, self.bias = nn.Parameter(torch.randn(8, 12)), nn.Parameter(torch.randn(8))
        self.heads, self.place = nn.Parameter(torch.randn(3, 5, 4)), nn.Parameter(torch.randn(1, 4, 6, 6))
        self.register_buffer("mask", (torch.arange(144) % 3 > 0).float())
        self.register_buffer("order", torch.tensor([2, 0, 1, *range(3, 12)]))
        self.do = do

    def forward(self, x: Tensor) -> Any:
        return self.do(self, x)


def groups(s: Any, x: Tensor) -> Tensor:
    return s.b(torch.einsum("bgi,goi->bgo", s.a(s.same(x)).view(-1, 3, 4), s.heads).flatten(1))


def batched(s: Any, x: Tensor) -> Tensor:
    return s.b(s.two(s.a(torch.bmm(x[:, None], s.w.T.expand(len(x), -1, -1)).squeeze(1))))


class Rows(nn.Module):
    """An image, a row of it a step; or a column."""

    def __init__(self, *order: int) -> None:
        super().__init__()
        self.order = order
        self.one, self.lif1 = nn.Linear(12, 9), snn.Leaky(beta=0.9, threshold=0.5)
        self.two, self.lif2 = nn.Linear(9, 4), snn.Leaky(beta=0.8, threshold=0.3)

    def forward(self, x: Tensor) -> Tensor:
        x, found = x.squeeze(1).permute(*self.order), []
        mem1, mem2 = self.lif1.init_leaky(), self.lif2.init_leaky()
        for t in range(x.shape[0]):
            spikes, mem1 = self.lif1(self.one(x[t]), mem1)
            spikes, mem2 = self.lif2(self.two(spikes), mem2)
            found.append(spikes)
        return torch.stack(found)


UNLIKE = "whose outputs are not made alike at every pixel"

#: name: (model, input shape, None or what the refusal says)
MODELS: dict[str, tuple[Any, Any, str | None]] = {
    "two of steps": (Two, BOTH, None),
    "two images": (Images, BOTH, None),
    "two, samples first": (Samples, BOTH, None),
    "two, one of steps": (Mixed, BOTH, None),
    "two, a step": (Step, BOTH, None),
    "pixels and a row": (Pixels, PARTS, None),
    "steps last": (Last, IMAGE, None),
    "image rows": (lambda: Rows(1, 0, 2), ROW, None),
    "image columns": (lambda: Rows(2, 0, 1), ROW, None),
    "image rows of an image": (lambda: Rows(1, 0, 2), (1, 7, 12), "takes the rows of an image for steps; give them so: "
                               "input_shape=(12, 1, 1), encoding='frames' with steps=7 and unit=1/255"),
    "image columns of an image": (lambda: Rows(2, 0, 1), (1, 12, 7), "takes the columns of an image for steps; give them so: "
                                  "input_shape=(12, 1, 1), encoding='frames' with steps=7 and unit=1/255"),
    "letters": (lambda: Do(lambda s, x: s.b(s.two(s.a(torch.einsum("...i,oi->...o", x, s.w) + s.bias)))), ROW, None),
    "letters, three": (lambda: Do(lambda s, x: s.b(s.two(s.a(torch.einsum("oi,bi,o", s.w, x, s.bias).T.mT)))), ROW, ""),
    "letters, groups": (lambda: Do(groups), ROW, None),
    "letters, pixels": (lambda: Do(lambda s, x: s.b(torch.einsum("bchw,oc->bohw", s.a(s.conv(x)), s.heads[0]))), IMAGE, None),
    "letters, a sum": (lambda: Do(lambda s, x: s.b(torch.einsum("bchw->bc", s.a(s.conv(x))) * 0.1)), IMAGE, None),
    "letters, two values": (lambda: Do(lambda s, x: s.b(torch.einsum("bi,bi->bi", s.a(s.one(x)), s.c(s.one(x))))), ROW,
                            "an einsum that sums up nothing"),
    "same matrix for all": (lambda: Do(batched), ROW, None),
    "mask of a row": (lambda: Do(lambda s, x: s.b(s.wide(s.a(s.conv(x)).flatten(1) * s.mask))), IMAGE, None),
    "mask of pixels": (lambda: Do(lambda s, x: s.b(s.conv2(s.a(s.conv(x)) * s.mask.view(4, 6, 6)))), IMAGE, None),
    "or": (lambda: Do(lambda s, x: s.b(s.conv2(torch.maximum(s.a(s.conv(x)), s.c(s.conv(x)))))), IMAGE, None),
    "and": (lambda: Do(lambda s, x: s.b(s.conv2(s.a(s.conv(x)) * s.c(s.conv(x))))), IMAGE, None),
    "gate of currents": (lambda: Do(lambda s, x: s.b(s.conv2(s.a(s.conv(x)) * s.conv(x)))), IMAGE,
                         "is a product of spikes of 0 and 1 and currents (mul), which Spikeplane cannot represent: put neurons in front"),
    "or of currents": (lambda: Do(lambda s, x: s.b(s.conv2(torch.maximum(s.a(s.conv(x)), s.conv(x))))), IMAGE,
                       "calls 'maximum', which Spikeplane cannot represent; it is a gate of spikes of 0 and 1 alone: put neurons"),
    "mask of the image": (lambda: Do(lambda s, x: s.a(s.conv(x * s.mask[:72].view(2, 6, 6)))), IMAGE,
                          "apply a mask of the input before it is encoded"),
    "positions": (lambda: Do(lambda s, x: s.a(s.conv(x) + s.place)), IMAGE, f"behind 'add', {UNLIKE}"),
    "positions of a row": (lambda: Do(lambda s, x: s.b(s.wide(s.a((s.conv(x) + s.place).flatten(1))))), IMAGE, None),
    "factor of a sample": (lambda: Do(lambda s, x: s.a(s.one(x) * torch.arange(len(x))[:, None])), ROW, "differs between samples or steps"),
    "mixed": (lambda: Do(lambda s, x: s.b(torch.lerp(s.two(s.a(s.one(x))), s.two(s.c(s.one(x))), 0.3))), ROW, None),
    "stacked": (lambda: Do(lambda s, x: s.b(s.two(torch.stack([s.a(s.one(x)), s.c(s.one(x))], 1).mean(1)))), ROW, None),
    "order": (lambda: Do(lambda s, x: s.b(s.two(s.a(s.one(x[:, s.order].flip(1)))))), ROW, None),
    "every second": (lambda: Do(lambda s, x: s.b(s.a(s.one(x))[:, ::2])), ROW, None),
    "pixels turned": (lambda: Do(lambda s, x: s.b(s.wide(torch.rot90(s.a(s.conv(x)), 1, (2, 3)).flatten(1)))), IMAGE, None),
    "pixels turned back": (lambda: Do(lambda s, x: s.b(s.wide(torch.rot90(s.a(s.conv(x)), 3, (2, 3)).flatten(1)))), IMAGE, None),
    "pixels flipped": (lambda: Do(lambda s, x: s.b(s.wide(torch.roll(s.a(s.conv(x)).flip(2), 1, 3).flatten(1)))), IMAGE, None),
    "samples flipped": (lambda: Do(lambda s, x: s.a(s.one(x.flip(0)))), ROW, "along something else than channels"),
}  # fmt: skip
