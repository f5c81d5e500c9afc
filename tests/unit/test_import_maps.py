"""Linear maps against PyTorch's layers, borders included: one by one, in chains, and as the projection that
is found for them."""

# pyright: reportArgumentType=false

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from spikeplane.importers.assemble import Assembler
from spikeplane.importers.flow import Currents, Value
from spikeplane.importers.geometry import Shape
from spikeplane.importers.maps import Map
from spikeplane.importers.regular import regular

Pair = tuple[int, int]


def drawn_pair(rng: np.random.Generator, low: int, high: int) -> Pair:
    return int(rng.integers(low, high)), int(rng.integers(low, high))


def layer_of(rng: np.random.Generator, shape: Shape) -> nn.Module:
    """A layer that PyTorch takes for (C, H, W)."""
    channels, size = shape[0], drawn_pair(rng, 1, 4)
    half = (int(rng.integers(0, size[0] // 2 + 1)), int(rng.integers(0, size[1] // 2 + 1)))
    stride, padding = drawn_pair(rng, 1, 4), drawn_pair(rng, 0, 3)
    up, padded = bool(rng.integers(2)), bool(rng.integers(2))
    kind = rng.integers(8)
    if kind == 0:
        return nn.Conv2d(channels, 3, size, stride, padding, drawn_pair(rng, 1, 3))
    if kind == 1:
        return nn.Conv2d(channels, channels, size, stride, padding, groups=channels, bias=False)
    if kind == 2:
        divisor = [None, 5][rng.integers(2)]
        return nn.AvgPool2d(size, stride, half, up, padded, divisor)
    if kind == 3:
        return nn.AdaptiveAvgPool2d(drawn_pair(rng, 1, 5))
    if kind == 4:
        return nn.ZeroPad2d(tuple(int(n) for n in rng.integers(0, 3, 4)))
    if kind == 5:
        return nn.ConvTranspose2d(channels, 2, size, stride, half, bias=bool(rng.integers(2)))
    if kind == 6:
        return nn.Upsample(scale_factor=2, mode="nearest")
    return nn.BatchNorm2d(channels).eval()


def applied(made: Assembler, value: Value, layer: nn.Module) -> Value:
    """The same in the assembler."""
    if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
        weight = layer.weight.detach().numpy()
        bias = None if layer.bias is None else layer.bias.detach().numpy()
        steps: Any = {"stride": layer.stride, "padding": layer.padding, "dilation": layer.dilation}
        method = made.convolution if isinstance(layer, nn.Conv2d) else made.transposed
        return method("", value, weight, bias, groups=layer.groups, **steps)
    if isinstance(layer, nn.AvgPool2d):
        size, stride, padding = layer.kernel_size, layer.stride, layer.padding
        return made.pool_sum(
            "",
            value,
            size,
            stride,
            padding,
            mean=True,
            up=layer.ceil_mode,
            padded=layer.count_include_pad,
            divisor=layer.divisor_override,
        )
    if isinstance(layer, nn.AdaptiveAvgPool2d):
        return made.pool_adaptive("", value, layer.output_size)
    if isinstance(layer, nn.ZeroPad2d):
        left, right, top, bottom = layer.padding
        return made.pad("", value, ((top, bottom), (left, right)))
    if isinstance(layer, nn.Upsample):
        return made.resized("", value, (2 * value.shape[1], 2 * value.shape[2]), (0.5, 0.5))
    assert isinstance(layer, nn.BatchNorm2d)
    assert layer.running_mean is not None
    assert layer.running_var is not None
    gain = (1 / (layer.running_var + layer.eps).sqrt() * layer.weight).detach().numpy()
    offset = layer.bias.detach().numpy() - layer.running_mean.numpy() * gain
    return made.scale(made.currents("", value), gain, offset)


def settled(layer: nn.Module, rng: np.random.Generator) -> nn.Module:
    with torch.no_grad():
        for tensor in (*layer.parameters(), *layer.buffers()):
            tensor.copy_(torch.as_tensor(rng.uniform(0.2, 1.0, tensor.shape)))
    return layer.double()


def by_projection(map: Map, image: np.ndarray) -> np.ndarray | None:
    """The image through the projection of the map, by PyTorch."""
    found = regular(map)
    if found is None:
        return None
    (high, wide), (down, right) = (
        found.pool,
        (-image.shape[1] % found.pool[0], -image.shape[2] % found.pool[1]),
    )
    data = functional.pad(torch.as_tensor(image)[None], (0, right, 0, down))
    data = functional.avg_pool2d(data, found.pool) * (high * wide)
    aligned = found.weight.ndim == 3
    weight = torch.as_tensor(found.weight[:, None] if aligned else found.weight)
    groups = len(weight) if aligned else 1
    if found.up != (1, 1):  # zeros between the pixels, in front, and behind as far as the last output looks
        (high, wide), out = data.shape[2:], map.shape[1:]
        size = [(n - 1) * s + k for n, s, k in zip(out, found.stride, weight.shape[2:], strict=True)]
        apart = torch.zeros((*data.shape[:2], high * found.up[0], wide * found.up[1]), dtype=data.dtype)
        apart[:, :, :: found.up[0], :: found.up[1]] = data
        front = functional.pad(apart, (found.padding[1], size[1], found.padding[0], size[0]))
        return functional.conv2d(front[..., : size[0], : size[1]], weight, None, found.stride, groups=groups)[
            0
        ].numpy()
    return functional.conv2d(data, weight, None, found.stride, found.padding, groups=groups)[0].numpy()


@pytest.mark.parametrize("length", [1, 2, 3])
def test_chains(length: int) -> None:
    """What one to three layers come to, and the projection where there is one."""
    rng, found, uneven = np.random.default_rng(length), 0, 0
    for _ in range(150 // length):
        made = Assembler()
        shape = (int(rng.integers(1, 4)), *drawn_pair(rng, 1, 8))
        value: Value = made.input("input", shape)
        image = rng.random(shape)
        data = torch.as_tensor(image)[None]
        for _ in range(length):
            layer = settled(layer_of(rng, value.shape), rng)
            try:
                data = layer(data).detach()
            except RuntimeError:  # PyTorch refuses it: nothing would be left
                break
            value = applied(made, value, layer)
        currents = made.currents("", value)
        assert isinstance(currents, Currents)
        draft, *moved = currents.drafts  # what is moved: biases that a layer behind pads
        assert currents.shape == tuple(data.shape[1:])
        total = sum((d.map.of(np.ones(d.map.source)) for d in moved), draft.map.of(image))
        np.testing.assert_allclose(total + currents.image, data[0].numpy(), rtol=0, atol=1e-9)
        mapped = by_projection(draft.map, image)
        if mapped is not None:
            np.testing.assert_allclose(mapped, draft.map.of(image), rtol=0, atol=1e-9)
        found += mapped is not None
        assert currents.bias.ndim == 1
        uneven += bool(moved)
    assert found > 40 / length
    assert uneven or length == 1


def test_dense_and_largest() -> None:
    """A map written out, and the most that spikes can bring."""
    rng = np.random.default_rng(5)
    for aligned in (False, True):
        weight = rng.normal(size=(3, 2, 2) if aligned else (4, 3, 2, 2))
        some = Map(weight, rng.random((2, 3, 5)), rng.random((2, 4, 6)))
        image = rng.random((3, 5, 6))
        np.testing.assert_allclose(
            np.einsum("oikcyx,cyx->oik", some.dense(), image), some.of(image), rtol=0, atol=1e-12
        )
        assert (some.of(image).max((1, 2)) <= some.largest()).all()


@pytest.mark.parametrize(("kernel", "size", "pool"), [(3, 8, 4), (5, 8, 4), (3, 16, 8), (3, 9, 4)])
def test_averages_of_padded_layers_to_few_pixels(kernel: int, size: int, pool: int) -> None:
    """Two windows, of which the padding cuts off the first one's front and the last one's end: one kernel all the same."""
    layers = (nn.Conv2d(2, 3, kernel, padding=kernel // 2), nn.AvgPool2d((pool, pool), (pool, pool), (0, 0)))
    made, image = Assembler(), np.random.default_rng(pool).random((2, size, size))
    value: Value = made.input("input", image.shape)
    for layer in layers:
        value = applied(made, value, settled(layer, np.random.default_rng(kernel)))
    currents = made.currents("", value)
    (draft,) = currents.drafts
    found = regular(draft.map)
    assert found is not None
    assert (found.up, found.stride, found.pool) == ((1, 1), (pool, pool), (1, 1))
    assert found.weight.shape == (3, 2, pool + kernel - 1, pool + kernel - 1)
    mapped = by_projection(draft.map, image)
    assert mapped is not None
    np.testing.assert_allclose(mapped, draft.map.of(image), rtol=0, atol=1e-9)
