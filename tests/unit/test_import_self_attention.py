"""Self-attention: in every order and layout of the two products each neuron is held against the model's; what cannot be one is
refused to the letter."""

# the frameworks annotate their layers and parameters loosely:
# pyright: reportArgumentType=false, reportCallIssue=false

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from frameworks import compared
from spikingjelly.activation_based import functional, layer
from spikingjelly.activation_based.layer import attention
from spikingjelly.activation_based.neuron import LIFNode
from test_import_idioms import proved
from torch import nn

from spikeplane.errors import SpikeplaneError
from spikeplane.importers import import_model
from spikeplane.network import Pair
from spikeplane_sim.systems.calibrated import calibrated
from spikeplane_sim.systems.layers import conv_norm, lif

Tensor = torch.Tensor
SHAPE = (2, 3, 4)
CHANNELS, HEADS = 8, 2


class Attending(nn.Module):
    """Spikes, three layers of them as (T, N, heads, tokens, channels of a head), and `attend(self, q, k, v)` of them, in that
    layout; neurons; a readout."""

    def __init__(self, attend: Callable[..., Tensor]) -> None:
        super().__init__()
        self.attend = attend
        self.stem = nn.Sequential(conv_norm(2, CHANNELS), lif())
        self.q, self.k, self.v, self.r = (
            nn.Sequential(conv_norm(CHANNELS, CHANNELS, 1), lif()) for _ in range(4)
        )
        self.attn = lif(0.5)
        self.after = nn.Sequential(conv_norm(CHANNELS, CHANNELS, 1), lif())
        self.head = layer.Linear(CHANNELS, 3, step_mode="m")
        self.bias = nn.Parameter(torch.rand(12, 12))
        self.mix, self.more = nn.Linear(HEADS, HEADS), lif()
        self.matrices = nn.Parameter(torch.rand(HEADS, CHANNELS // HEADS, CHANNELS // HEADS))

    def heads(self, made: nn.Module, x: Tensor) -> Tensor:
        """(T, N, heads, tokens, channels of a head)."""
        x = made(x).flatten(3).transpose(-1, -2)
        return x.reshape(*x.shape[:3], HEADS, -1).transpose(2, 3)

    def forward(self, x: Tensor) -> Tensor:
        t, n, _, h, w = x.shape
        x = self.stem(x)
        out = self.attend(self, *(self.heads(made, x) for made in (self.q, self.k, self.v)))
        out = self.attn(out.transpose(3, 4).reshape(t, n, CHANNELS, h, w))
        return self.head((x + self.after(out)).flatten(3).mean(3))


def made(attend: Callable[..., Tensor], seed: int = 0) -> nn.Module:
    torch.manual_seed(seed)
    inputs = (torch.rand(6, 8, *SHAPE) < 0.3).float()
    return calibrated(Attending(attend), inputs, seed)


def merged(s: Any, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """One batch dimension, as torch.bmm takes it."""
    one, two, three = (x.flatten(0, 2) for x in (q, k, v))
    return torch.bmm(torch.bmm(one, two.mT) * 0.25, three).reshape(q.shape)


def letters(s: Any, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    scores = torch.einsum("tbhnc,tbhmc->tbhmn", q, k)
    return torch.einsum("tbhmn,tbhmc->tbhnc", scores / 4, v)


def letters_of_channels(s: Any, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    return 0.25 * torch.einsum("...ne,...ce->...nc", q, torch.einsum("...mc,...me->...ce", v, k))


ORDERS: dict[str, Callable[..., Tensor]] = {
    "(q k) v": lambda s, q, k, v: (q @ k.transpose(-2, -1)) * 0.25 @ v,
    "(k q)' v": lambda s, q, k, v: (k @ q.mT).mT @ v / 4,
    "q (k v)": lambda s, q, k, v: q @ (k.transpose(-2, -1) @ v) * 0.25,
    "q (v k)'": lambda s, q, k, v: q @ (v.mT @ k * 0.5).mT * 0.5,
    "((v k) q)'": lambda s, q, k, v: (0.25 * (v.mT @ k) @ q.mT).mT,
    "(v (k q))'": lambda s, q, k, v: (v.mT @ (k @ q.mT)).mT * 0.25,
    "factors in front": lambda s, q, k, v: (q * 0.5) @ (k.mT @ (v * 0.5)),
    "merged": merged,
    "letters": letters,
    "letters of channels": letters_of_channels,
}
FAST = ("(q k) v",)


def dynamic(net: Any) -> list[Any]:
    return [(p.source, p.target, p.dynamic) for p in net.projections if p.dynamic]


@pytest.mark.parametrize(
    "name", [n if n in FAST else pytest.param(n, marks=pytest.mark.slow) for n in ORDERS]
)
def test_orders(name: str) -> None:
    net = compared(made(ORDERS[name]), SHAPE, several=True, input_bits=1)
    assert dynamic(net) == [("q.1", "attn", Pair("k.1", "v.1", HEADS))]
    size = CHANNELS // HEADS
    weight = next(p.weight for p in net.projections if p.dynamic)
    inside = np.kron(np.eye(HEADS), np.ones((size, size)))
    assert np.array_equal(weight[..., 0, 0], inside * 0.125)  # 0.25, and tau 2


def scores(s: Any, q: Tensor, k: Tensor) -> Tensor:
    return q @ k.mT * 0.25


BETWEEN = (
    "multiply by a third layer's spikes first: between the two products of attention nothing but one factor may stand, no bias of "
    "positions, softmax, mask or neurons"
)
OTHERS = "give queries, keys and values as (..., heads, tokens, channels of a head)"
MULTIPLIED = "called with two layers' spikes multiplied"
#: What stands between the two products, or is none of them: the layer, what it is, what to do.
REFUSED: dict[str, tuple[Callable[..., Tensor], str, str, str]] = {
    "positions": (lambda s, q, k, v: (scores(s, q, k) + s.bias) @ v, "add", f"{MULTIPLIED} (add)", BETWEEN),
    "mask": (lambda s, q, k, v: (scores(s, q, k) * s.bias) @ v, "mul_1", f"{MULTIPLIED} (mul)", BETWEEN),
    "neurons": (lambda s, q, k, v: s.more(scores(s, q, k)) @ v, "more", f"{MULTIPLIED} (layer)", BETWEEN),
    "heads mixed": (
        lambda s, q, k, v: s.mix(scores(s, q, k).movedim(2, -1)).movedim(-1, 2) @ v, "mix", f"{MULTIPLIED} (linear)", BETWEEN,
    ),
    "a gate": (lambda s, q, k, v: (scores(s, q, k) * (q @ k.mT)) @ v, "mul_1", f"{MULTIPLIED} (mul)", BETWEEN),
    "four": (
        lambda s, q, k, v: (q @ k.mT) @ (k @ v.mT) @ v, "matmul_2", "a product of four layers' spikes",
        "multiply three: queries, keys and values",
    ),
    "counts": (
        lambda s, q, k, v: (q + v) @ k.mT @ v, "matmul_1", "an attention on something else than spikes of 0 and 1",
        "put neurons in front of queries, keys and values, of which no two meet",
    ),
    "over steps": (
        lambda s, q, k, v: (q.movedim(0, 3) @ k.movedim(0, 3).mT @ v.movedim(0, 3)).movedim(3, 0), "matmul",
        "a product over steps or samples (matmul)", "multiply within a step and sample",
    ),
    "over heads": (
        lambda s, q, k, v: (q.transpose(2, 3) @ k.transpose(2, 3).mT @ v.transpose(2, 3)).transpose(2, 3), "matmul",
        "a product within a pixel, or over a part of the pixels (matmul)", "let all pixels be tokens",
    ),
    "heads inside": (
        lambda s, q, k, v: other_heads(q) @ other_heads(k).mT @ other_heads(v), "matmul",
        "a product of heads whose channels do not stand behind one another (matmul)",
        "reshape channels to (heads, channels of a head)",
    ),
    "turned tokens": (
        lambda s, q, k, v: q @ k.mT @ v.unflatten(3, (3, 4)).transpose(3, 4).flatten(3, 4), "matmul_1",
        "a product of values whose dimensions are others (matmul)", OTHERS,
    ),
    "nothing summed": (
        lambda s, q, k, v: torch.einsum("tbhnc,tbhnc->tbhnc", q, k), "einsum", "an einsum that sums up nothing",
        "multiply with *, of which a gate is made",
    ),
    "three at once": (
        lambda s, q, k, v: torch.einsum("tbhnc,tbhmc,tbhme->tbhne", q, k, v), "einsum",
        "an einsum of several layers' values and numbers, or of more than two", "multiply two at a time",
    ),
    "left over": (
        lambda s, q, k, v: torch.einsum("tbhnc,tbhme->tbhnm", q, k) @ v, "einsum",
        "an einsum of two layers' values with a letter twice in one, or in no other", "sum up before",
    ),
    "matrices": (
        lambda s, q, k, v: q @ s.matrices, "matmul", "a product with several matrices of numbers (matmul)", "use Linear or Conv2d",
    ),
}  # fmt: skip
#: As they are, said in other words.
OTHERWISE: dict[str, tuple[Callable[..., Tensor], str]] = {
    "softmax": (
        lambda s, q, k, v: scores(s, q, k).softmax(-1) @ v,
        "the model's forward calls 'softmax', which Spikeplane cannot represent; leave it out: of what the program puts out the "
        "largest stays the largest, and in attention a factor takes its place",
    ),
    "attention of torch's": (
        lambda s, q, k, v: nn.functional.scaled_dot_product_attention(q, k, v),
        "it has a softmax: write (q @ k.transpose(-2, -1)) @ v of spikes, times a number, with neurons behind",
    ),
    "a mask": (
        lambda s, q, k, v: scores(s, q, k).masked_fill(s.bias > 0.5, 0) @ v, "leave it out: of a sample every token meets every other",
    ),
    "of length 1": (lambda s, q, k, v: nn.functional.normalize(q, dim=-1) @ k.mT @ v, "statistics of each sample are no weights"),
    "a class token": (
        lambda s, q, k, v: torch.cat((s.bias[None, None, :1, None, :4].expand(3, q.shape[1], 2, 1, 4), q), 3)[:, :, :, 1:] @ k.mT @ v,
        "is a cat of values and of numbers that are not 0 (a class token), which Spikeplane cannot represent: leave the numbers out; "
        "what reads a class token may read the mean over all tokens",
    ),
    "positions of tokens": (
        lambda s, q, k, v: s.more(s.mix((q + s.bias[:, :4]).transpose(2, 4)).transpose(2, 4)) @ k.mT @ v,
        "behind 'add', whose outputs are not made alike at every pixel (a number for each pixel, as a mask or an embedding of",
    ),
    "less than nothing": (
        lambda s, q, k, v: -1.0 * (q @ k.mT) @ v,
        "layer 'attn' gets an attention times -0.5, which Spikeplane cannot represent: its factor must be above 0",
    ),
}  # fmt: skip
QUICK = ("positions", "neurons")


def other_heads(x: Tensor) -> Tensor:
    """As if channels were (channels of a head, heads)."""
    return x.transpose(2, 3).flatten(3).unflatten(3, (-1, HEADS)).movedim(-1, 2)


def refused(attend: Callable[..., Tensor]) -> str:
    torch.manual_seed(0)
    with pytest.raises(SpikeplaneError) as caught:
        import_model(Attending(attend).eval(), input_shape=SHAPE, input_bits=1)
    return str(caught.value)


@pytest.mark.parametrize(
    "name", [n if n in QUICK else pytest.param(n, marks=pytest.mark.slow) for n in REFUSED]
)
def test_refused(name: str) -> None:
    attend, where, what, cure = REFUSED[name]
    said = refused(attend).partition(": ")[2]
    assert said == f"layer '{where}' is {what}, which Spikeplane cannot represent: {cure}"


@pytest.mark.slow
@pytest.mark.parametrize("name", OTHERWISE)
def test_refused_otherwise(name: str) -> None:
    attend, said = OTHERWISE[name]
    assert said in refused(attend)


class Fused(nn.Module):
    """SpikingJelly's own: one layer makes queries, keys and values."""

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.stem, self.inner = nn.Sequential(conv_norm(2, CHANNELS), lif()), inner
        self.head = layer.Linear(CHANNELS, 3, step_mode="m")
        functional.set_step_mode(self, "m")

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x).flatten(3)
        return self.head((x + self.inner(x)).mean(3))


@pytest.mark.slow
def test_parts_of_a_population() -> None:
    torch.manual_seed(0)
    model = calibrated(
        Fused(attention.SpikingSelfAttention(CHANNELS, HEADS)), (torch.rand(6, 8, *SHAPE) < 0.3).float(), 0
    )
    net = compared(model, SHAPE, several=True, input_bits=1)
    part = "inner.qkv_lif"
    assert dynamic(net) == [(f"{part}.q", "inner.attn_lif", Pair(f"{part}.k", f"{part}.v", HEADS))]
    told = [(note.layer, note.value) for note in net.assumptions if note.what == "spikes of attention"]
    assert told == [(f"{part}.{role}", f"those of {part}, repeated") for role in "kvq"]
    sent = {
        p.target: np.flatnonzero(p.weight.reshape(CHANNELS, -1).sum(0))
        for p in net.projections
        if p.source == part
    }
    assert {name[-1]: list(places) for name, places in sent.items()} == {
        role: list(range(n * CHANNELS, (n + 1) * CHANNELS)) for n, role in enumerate("qkv")
    }


class One(nn.Module):
    """Steps in a loop, one population for all three, and a layer that takes the attention's currents."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.fire, self.out = (
            nn.Conv2d(2, CHANNELS, 3, padding=1),
            LIFNode(v_threshold=0.3),
            LIFNode(),
        )
        self.mix = nn.Conv2d(CHANNELS, CHANNELS, 1, bias=False)
        nn.init.normal_(self.mix.weight, 0.0, 0.2)
        nn.init.normal_(self.stem.weight, 0.1, 0.4)

    def forward(self, x: Tensor) -> Tensor:
        found = []
        for frame in x:
            spikes = self.fire(self.stem(frame)).flatten(2)
            both = (spikes @ spikes.mT) @ spikes
            found.append(self.out(self.mix(both.unflatten(2, frame.shape[2:]) * 0.02)))
        return torch.stack(found)


@pytest.mark.slow
def test_one_population_in_a_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    """Queries that are keys are repeated behind them; currents in front of a layer are a population of values."""
    torch.manual_seed(3)
    net = import_model(One(), input_shape=SHAPE, input_bits=1)
    assert dynamic(net) == [("fire.q", "mix_input", Pair("fire", "fire", 1))]
    assert net.population("mix_input").sends_values
    assert proved(net, monkeypatch) > 1000


class Flat(nn.Module):
    """Neurons that take the samples of a call for steps, as forward hands them, in QKFormer's third stage."""

    def __init__(self) -> None:
        super().__init__()
        self.wide, self.first, self.second = nn.Linear(6, 8), lif(0.3), lif(0.2)
        nn.init.normal_(self.wide.weight, 0.2, 0.5)

    def forward(self, x: Tensor) -> Tensor:
        x = self.first(self.wide(x))
        return self.second(x.flatten(0, 1)).reshape(x.shape)


def test_samples_that_are_taken_for_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """One a call, in the proof too, and told."""
    torch.manual_seed(0)
    net = import_model(Flat(), input_shape=(6, 1, 1), input_bits=1)
    assert net.origin is not None
    assert net.origin.called is not None
    assert net.origin.called.batch == 1
    told = [(note.layer, note.value, note.why) for note in net.assumptions if note.what == "samples"]
    assert told == [("second", "one a call", "forward hands it those of a call for steps")]
    assert proved(net, monkeypatch) > 100
