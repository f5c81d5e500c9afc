"""Forwards as people write them, imported as they are and proved: every neuron in every step."""

# the frameworks annotate their layers and parameters loosely:
# pyright: reportArgumentType=false, reportCallIssue=false

from collections.abc import Callable
from typing import Any

import pytest
import snntorch
import torch
from snntorch import Leaky, utils
from spikingjelly.activation_based import functional, layer
from spikingjelly.activation_based.neuron import IFNode, LIFNode
from torch import nn
from torch.nn import functional as F  # noqa: N812

from spikeplane import Encoding, SpikeplaneError
from spikeplane import compile as compile_model
from spikeplane.float_network import Called
from spikeplane.importers import import_model

STEPS = 4
ROWS, IMAGE, MAPS = (12, 1, 1), (1, 14, 14), (2, 8, 8)


class Made(nn.Module):
    """Layers, used as `do` says."""

    def __init__(self, do: Callable[..., Any], **layers: nn.Module) -> None:
        super().__init__()
        self.do = do
        for name, module in layers.items():
            setattr(self, name, module)

    def forward(self, x: torch.Tensor) -> Any:
        return self.do(self, x)


def several(model: nn.Module) -> nn.Module:
    functional.set_step_mode(model, "m")
    return model


def spread(model: nn.Module) -> nn.Module:
    """Weights and statistics that make things happen."""
    torch.manual_seed(0)
    for module in model.modules():
        if isinstance(module, nn.Conv1d | nn.Conv2d | nn.Linear):
            size = module.weight[0].numel() ** 0.5
            nn.init.normal_(module.weight, 0.3 / size, 1.5 / size)
        if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            module.running_mean = torch.randn(module.num_features) / 5
            module.running_var = torch.rand(module.num_features) + 0.5
            nn.init.normal_(module.bias, 0.3, 0.2)
    return model


def fully_connected(s: Any, x: torch.Tensor) -> Any:
    mem1, mem2 = s.one.init_leaky(), s.two.init_leaky()
    spikes, membranes = [], []
    for _ in range(STEPS):
        spk, mem1 = s.one(s.a(x), mem1)
        spk, mem2 = s.two(s.b(spk), mem2)
        spikes.append(spk)
        membranes.append(mem2)
    return torch.stack(spikes, dim=0), torch.stack(membranes, dim=0)


def leaky(**more: Any) -> dict[str, nn.Module]:
    return {"a": nn.Linear(12, 9), "one": Leaky(0.8), "b": nn.Linear(9, 5), "two": Leaky(0.8), **more}


def pooled(s: Any, x: torch.Tensor) -> Any:
    mem1, mem2 = s.one.init_leaky(), s.two.init_leaky()
    spikes = []
    for _ in range(STEPS):
        spk, mem1 = s.one(F.max_pool2d(s.c(x), 2), mem1)
        spk, mem2 = s.two(s.b(spk.view(x.size(0), -1)), mem2)
        spikes.append(spk)
    return torch.stack(spikes)


def sized(s: Any, x: torch.Tensor) -> Any:
    """Written for batches of 16, as the framework's tutorials are."""
    return s.two(s.b(s.one(s.c(x)).view(16, -1)))


def states_of_a_size(s: Any, x: torch.Tensor) -> Any:
    mem1, mem2, spikes = torch.zeros(32, 9), torch.zeros(32, 5), []
    for _ in range(STEPS):
        spk, mem1 = s.one(s.a(x), mem1)
        spk, mem2 = s.two(s.b(spk), mem2)
        spikes.append(spk)
    return torch.stack(spikes, 1)


def hidden(s: Any, x: torch.Tensor) -> Any:
    utils.reset(s.net)
    spikes, membranes = [], []
    for _ in range(STEPS):
        spk, mem = s.net(x)
        spikes.append(spk)
        membranes.append(mem)
    return torch.stack(spikes), torch.stack(membranes)


def hidden_net() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(1, 4, 3), nn.MaxPool2d(2), Leaky(0.5, init_hidden=True), nn.Flatten(), nn.Linear(144, 5),
        Leaky(0.5, init_hidden=True, output=True),
    )  # fmt: skip


def recurrent(s: Any, x: torch.Tensor) -> Any:
    spk, mem1 = s.one.init_rleaky()
    mem2, spikes = s.two.init_leaky(), []
    for _ in range(STEPS):
        spk, mem1 = s.one(s.a(x), spk, mem1)
        out, mem2 = s.two(s.b(spk), mem2)
        spikes.append(out)
    return torch.stack(spikes)


def recurrent_by_hand(s: Any, x: torch.Tensor) -> Any:
    mem, spk, values = s.one.init_leaky(), torch.zeros(x.size(0), 9), []
    for _ in range(STEPS):
        spk, mem = s.one(s.a(x) + s.back(spk), mem)
        values.append(s.b(spk))
    return torch.stack(values).sum(0)


def steps_of_the_input(s: Any, x: torch.Tensor) -> Any:
    mem, spikes = s.one.init_leaky(), []
    for t in range(x.size(0)):
        spk, mem = s.one(s.a(x[t]), mem)
        spikes.append(spk)
    return torch.stack(spikes)


def steps_behind_samples(s: Any, x: torch.Tensor) -> Any:
    mem, spikes = s.one.init_leaky(), []
    for t in range(10):
        spk, mem = s.one(s.a(x[:, t]), mem)
        spikes.append(spk)
    return torch.stack(spikes, 1)


def every_step(s: Any, x: torch.Tensor) -> Any:
    mem, values, membranes = s.one.reset_mem(), [], []
    for _ in range(STEPS):
        spk, mem = s.one(s.a(x), mem)
        values.append(s.b(spk))
        membranes.append(mem)
    return values, membranes


def assigned(s: Any, x: torch.Tensor) -> Any:
    mem, spikes = s.one.init_leaky(), torch.zeros(STEPS, x.shape[0], 9)
    for t in range(STEPS):
        spikes[t], mem = s.one(s.a(x), mem)
    return spikes.sum(0)


def joined(s: Any, x: torch.Tensor) -> Any:
    mem, spk, out = s.one.init_leaky(), torch.zeros(x.shape[0], 9), torch.zeros(1)
    for _ in range(STEPS):
        spk, mem = s.one(s.both(torch.cat([x, spk], 1)), mem)
        out = out + spk
    return out


def synaptic(s: Any, x: torch.Tensor) -> Any:
    syn1, mem1 = s.one.init_synaptic()
    syn2, mem2 = s.two.init_synaptic()
    spikes = []
    for _ in range(STEPS):
        spk, syn1, mem1 = s.one(s.a(x), syn1, mem1)
        spk, syn2, mem2 = s.two(s.b(spk), syn2, mem2)
        spikes.append(spk)
    return torch.stack(spikes)


def last(s: Any, x: torch.Tensor) -> Any:
    mem = s.one.init_leaky()
    for _ in range(STEPS):
        spk, mem = s.one(s.a(x), mem)
        out = s.b(spk)
    return out  # pyright: ignore[reportPossiblyUnboundVariable]


def last_membrane(s: Any, x: torch.Tensor) -> Any:
    mem1, mem2, membranes = s.one.init_leaky(), s.two.init_leaky(), []
    for _ in range(STEPS):
        spk, mem1 = s.one(s.a(x), mem1)
        _, mem2 = s.two(s.b(spk), mem2)
        membranes.append(mem2)
    return torch.stack(membranes)[-1]


def accumulated(s: Any, x: torch.Tensor) -> Any:
    functional.reset_net(s.net)
    out = s.net(x)
    for _ in range(1, STEPS):
        out += s.net(x)
    return out / STEPS


def first_layer_once(s: Any, x: torch.Tensor) -> Any:
    x, out = s.bn(s.c(x)), 0
    for _ in range(STEPS):
        out = out + s.net(x)
    return out / STEPS


def repeated(s: Any, x: torch.Tensor) -> Any:
    return s.net(x.unsqueeze(0).repeat(STEPS, 1, 1, 1, 1)).mean(0)


def by_dimensions(s: Any, x: torch.Tensor) -> Any:
    if x.ndim == 4:
        x = x.unsqueeze(0).expand(STEPS, -1, -1, -1, -1)
    steps, samples = x.shape[:2]
    y = s.fire(s.bn(s.c(x.flatten(0, 1))).reshape(steps, samples, 4, 8, 8).contiguous())
    return s.head(y.flatten(3).mean(3)).mean(0)


def tokens(s: Any, x: torch.Tensor) -> Any:
    x = x.unsqueeze(0).repeat(STEPS, 1, 1, 1, 1)
    t, b, _, h, w = x.shape
    y = s.fire(s.c(x.flatten(0, 1)).reshape(t, b, 4, h, w)).flatten(3)
    y = s.two(s.bn(s.q(y.flatten(0, 1))).reshape(t, b, 8, h * w).contiguous())
    y = s.p(y.transpose(-1, -2))
    return s.head(s.three(y).mean(2)).mean(0)


def parts(s: Any, x: torch.Tensor) -> Any:
    one, other = s.fire(s.c(x)).chunk(2, 1)
    return {"out": s.three(s.e(torch.cat([s.two(s.d(one)), other], 1))), "first": one}


def residual(s: Any, x: torch.Tensor) -> Any:
    first = s.fire(s.c(x / 255 * 100))
    out = s.two(s.d(first))
    out += first
    return s.three(s.e(out).float().detach())


def convolutional() -> nn.Module:
    return several(nn.Sequential(
        layer.Conv2d(2, 4, 3, padding=1, bias=False), layer.BatchNorm2d(4), IFNode(), layer.MaxPool2d(2, 2),
        layer.Flatten(), layer.Linear(64, 6, bias=False), IFNode(),
    ))  # fmt: skip


def plain() -> nn.Module:
    return nn.Sequential(nn.Conv2d(2, 4, 3), IFNode(), nn.Flatten(), nn.Linear(144, 5))


def pieces(**more: nn.Module) -> dict[str, nn.Module]:
    return {"c": nn.Conv2d(2, 4, 3, padding=1), "fire": LIFNode(v_threshold=0.5), **more}


FIXED, FREE = {"rows": True, "steps_at": None, "steps": STEPS}, {"rows": True, "steps_at": 0, "steps": None}
IMAGES = {**FIXED, "rows": False}
RIGHT: dict[Any, tuple[Any, Any, Called | None]] = {
    fully_connected: (leaky, ROWS, Called(**FIXED)),
    pooled: (lambda: {"c": nn.Conv2d(1, 4, 3), "one": Leaky(0.8), "b": nn.Linear(144, 5), "two": Leaky(0.8)}, IMAGE, Called(**IMAGES)),
    sized: (
        lambda: {"c": nn.Conv2d(2, 4, 3), "one": LIFNode(v_threshold=0.5), "b": nn.Linear(144, 5), "two": IFNode()},
        MAPS,
        Called(rows=False, steps_at=None, steps=None, batch=16),
    ),
    states_of_a_size: (leaky, ROWS, Called(**FIXED, returned_at=1)),
    hidden: (lambda: {"net": hidden_net()}, IMAGE, Called(**IMAGES)),
    recurrent: (lambda: leaky(one=snntorch.RLeaky(0.8, linear_features=9)), ROWS, Called(**FIXED)),
    recurrent_by_hand: (lambda: leaky(back=nn.Linear(9, 9)), ROWS, Called(**FIXED, returned="sum")),
    steps_of_the_input: (leaky, ROWS, Called(**FREE)),
    steps_behind_samples: (leaky, ROWS, Called(rows=True, steps_at=1, steps=10, returned_at=1)),
    every_step: (leaky, ROWS, Called(**FIXED)),
    assigned: (leaky, ROWS, Called(**FIXED, returned="sum")),
    joined: (lambda: leaky(both=nn.Linear(21, 9)), ROWS, Called(**FIXED, returned="sum")),
    synaptic: (lambda: leaky(one=snntorch.Synaptic(0.9, 0.8), two=snntorch.Synaptic(0.7, 0.8)), ROWS, Called(**FIXED)),
    last: (leaky, ROWS, Called(**FIXED, returned="last")),
    last_membrane: (leaky, ROWS, Called(**FIXED, returned="last")),
    accumulated: (lambda: {"net": plain()}, MAPS, Called(**IMAGES, returned="mean")),
    first_layer_once: (
        lambda: {"c": nn.Conv2d(2, 2, 1), "bn": nn.BatchNorm2d(2), "net": nn.Sequential(IFNode(), plain())},
        MAPS,
        Called(**IMAGES, returned="mean"),
    ),
    repeated: (lambda: {"net": convolutional()}, MAPS, Called(**IMAGES, returned="mean")),
    by_dimensions: (lambda: pieces(bn=nn.BatchNorm2d(4), head=nn.Linear(4, 3)), MAPS, Called(**IMAGES, returned="mean")),
    tokens: (
        lambda: pieces(
            q=nn.Conv1d(4, 8, 1), bn=nn.BatchNorm1d(8), two=LIFNode(),
            p=nn.Linear(8, 6), three=LIFNode(v_threshold=0.3), head=nn.Linear(6, 3)
        ),
        MAPS,
        Called(**IMAGES, returned="mean"),
    ),
    parts: (
        lambda: pieces(d=nn.Conv2d(2, 4, 3, padding=1), two=IFNode(), e=nn.Conv2d(6, 4, 3), three=IFNode()), MAPS, None
    ),
    residual: (
        lambda: pieces(d=nn.Conv2d(4, 4, 3, padding=1), two=IFNode(), e=nn.Conv2d(4, 4, 3), three=IFNode()), MAPS, None
    ),
}  # fmt: skip


@pytest.mark.parametrize("do", RIGHT, ids=lambda do: do.__name__)
def test_right(do: Any) -> None:
    layers, shape, called = RIGHT[do]
    model = spread(Made(do, **layers()))
    if do in (repeated, by_dimensions, tokens):
        several(model)
    net = import_model(model, input_shape=shape)
    assert net.origin is not None
    assert net.origin.called == called
    still = called is None or called.steps_at is None
    encoding = (
        None
        if called and called.steps and still
        else Encoding(kind="planes", steps=(called and called.steps) or 6)
    )
    program = compile_model(model, chip="large", input_shape=shape, encoding=encoding)
    assert program.encoding.steps == ((called and called.steps) or 6)
    rows = program.tables["agreement"]
    assert [row["differences"] for row in rows] == [0] * len(rows)
    assert all(row["compared"] > 100 for row in rows)
    assert sum(row["rate_float"] or 0 for row in rows) > 0.05


def both_in(s: Any, x: torch.Tensor) -> Any:
    spikes = s.fire(s.c(x))
    return s.two(spikes * s.d(spikes))


def decides(s: Any, x: torch.Tensor) -> Any:
    return s.fire(s.c(x) if x.sum() > 0 else s.c(2 * x))


def by_hand(s: Any, x: torch.Tensor) -> Any:
    mem = 0.9 * s.c(x)
    return s.two(s.d((mem.abs() > 1).float()))


def starts_anew(s: Any, x: torch.Tensor) -> Any:
    spikes = []
    for _ in range(STEPS):
        functional.reset_net(s)
        spikes.append(s.fire(s.c(x)))
    return torch.stack(spikes)


def twice(s: Any, x: torch.Tensor) -> Any:
    return s.fire(s.d(s.fire(s.c(x))))


def turned(s: Any, x: torch.Tensor) -> Any:
    return s.two(s.d(s.fire(s.c(x)).transpose(2, 3)))


def mixes_samples(s: Any, x: torch.Tensor) -> Any:
    return s.fire(s.c(x - x.mean(0, keepdim=True)))


def grows(s: Any, x: torch.Tensor) -> Any:
    return torch.stack([s.fire(F.max_pool2d(s.c(x), 3, 1, 1) if t else s.c(x)) for t in range(STEPS)])


def backwards(s: Any, x: torch.Tensor) -> Any:
    return torch.stack([s.fire(s.c(x[STEPS - 1 - t])) for t in range(STEPS)])


def part_of_the_steps(s: Any, x: torch.Tensor) -> Any:
    spikes = [s.fire(s.c(x)) for _ in range(STEPS)]
    return spikes[1] + spikes[3]


PRODUCT = (
    "layer 'mul' is a product of spikes of 0 and 1 and currents (mul), which Spikeplane cannot represent"
)
REFUSED = {
    both_in: PRODUCT,
    decides: "the model's forward decides on values (an if, a loop, int(), item(), tolist() or numpy() of a tensor), "
    "which Spikeplane cannot follow: it must compute the same whatever comes in; take the decision out of forward",
    by_hand: "the model's forward calls 'abs', which Spikeplane cannot represent; ",
    starts_anew: "the model's forward starts the state of layer 'fire' anew between its steps",
    twice: "layer 'fire' is used more than once, which Spikeplane cannot represent",
    turned: "layer 'd' is a conv2d of permuted or flattened pixels, which Spikeplane cannot represent",
    mixes_samples: "layer 'sub' is a sub behind a sum or mean over steps, which Spikeplane cannot represent",  # what it got furthest as
    grows: "layer 'fire' is called in step 1 with something else than in the step before, which Spikeplane cannot",
    backwards: "layer 'fire' is a layer that takes a later step's value",
    part_of_the_steps: "the model returns a sum of some of its steps, of steps with different factors or",
}


@pytest.mark.parametrize("do", REFUSED, ids=lambda do: do.__name__)
def test_refused(do: Any) -> None:
    model = Made(do, **pieces(d=nn.Conv2d(4, 4, 3, padding=1), two=IFNode(), three=IFNode()))
    with pytest.raises(SpikeplaneError) as refused:
        import_model(model, input_shape=MAPS)
    place, _, message = str(refused.value).partition(": ")
    name, _, line = place.partition(":")
    assert name == "test_import_traced.py"
    if do in (starts_anew, part_of_the_steps):
        assert int(line) == Made.forward.__code__.co_firstlineno
    else:
        first = do.__code__.co_firstlineno
        assert first < int(line) < first + 10
    assert message.startswith(REFUSED[do]), message


def test_steps_of_its_own() -> None:
    with pytest.raises(SpikeplaneError) as refused:
        compile_model(spread(Made(fully_connected, **leaky())), input_shape=ROWS, encoding=Encoding(steps=7))
    assert str(refused.value) == (
        "the model's forward takes 4 steps, the encoding has 7; give 4 steps, or none"
    )
