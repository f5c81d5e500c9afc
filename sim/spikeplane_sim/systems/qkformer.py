"""QKFormer's first two stages: a patch stage with a shortcut, then a block of token attention, in which a key passes where a
query of its head and token fires; and all three, the last of which is a block of self-attention."""

import torch
from torch import Tensor, nn

from spikeplane_sim.systems.attention import SpikeAttention, rates
from spikeplane_sim.systems.calibrated import calibrated
from spikeplane_sim.systems.cml import SpikeMlp
from spikeplane_sim.systems.layers import DIRECT, Classifier, conv_norm, lif, maximum
from spikeplane_sim.systems.system import System

WIDTHS, HEADS, LAST = (16, 32), 4, 64
RARE = 0.08  #: queries: any of a head's decides


class Patch(nn.Module):
    """conv-BN-max-LIF, conv-BN-LIF, and beside them a 1x1 convolution of every second pixel with neurons; counts 0..2. The
    `first` one has a convolution of the image in front."""

    def __init__(self, into: int, out: int) -> None:
        super().__init__()
        self.down = nn.Sequential(conv_norm(into, out), maximum(), lif())
        self.same = nn.Sequential(conv_norm(out, out), lif())
        self.past = nn.Sequential(conv_norm(into, out, 1, 2), lif())

    def forward(self, x: Tensor) -> Tensor:
        """(T, N, C, H, W) -> (T, N, C', H / 2, W / 2)."""
        return self.same(self.down(x)) + self.past(x)


class TokenAttention(nn.Module):
    """Adds to the counts what a 1x1 convolution makes of keys where a query of the same head and token fires."""

    def __init__(self, channels: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.query = nn.Sequential(conv_norm(channels, channels, 1), lif())
        self.key = nn.Sequential(conv_norm(channels, channels, 1), lif())
        self.gate = lif(0.5)
        self.project = nn.Sequential(conv_norm(channels, channels, 1, bias=True), lif())

    def forward(self, x: Tensor) -> Tensor:
        """Counts (T, N, C, H, W)."""
        t, n, c, h, w = x.shape
        query = self.query(x).reshape(t, n, self.heads, c // self.heads, h, w)
        key = self.key(x).reshape(t, n, self.heads, c // self.heads, h, w)
        passed = key * self.gate(query.sum(3, keepdim=True))
        return x + self.project(passed.reshape(t, n, c, h, w))


class Stages(nn.Module):
    """A stem, and twice a patch stage and a block; tokens (T, N, 32, H / 4, W / 4), counts."""

    def __init__(self) -> None:
        super().__init__()
        one, two = WIDTHS
        self.stem = nn.Sequential(conv_norm(3, one // 2), lif())
        self.patch1, self.patch2 = Patch(one // 2, one), Patch(one, two)
        self.attention1, self.attention2 = TokenAttention(one, HEADS // 2), TokenAttention(two, HEADS)
        self.mlp1, self.mlp2 = SpikeMlp(one, 2 * one), SpikeMlp(two, 2 * two)

    def forward(self, x: Tensor) -> Tensor:
        """Spikes' counts up to 4 go into the second patch stage."""
        x = self.mlp1(self.attention1(self.patch1(self.stem(x))))
        return self.mlp2(self.attention2(self.patch2(x)))


class Three(nn.Module):
    """The two stages, a third patch stage and a block of self-attention; tokens (T, N, 64, H / 8, W / 8)."""

    def __init__(self) -> None:
        super().__init__()
        two, three = WIDTHS[-1], LAST
        self.stages, self.patch = Stages(), Patch(two, three)
        self.attention, self.mlp = SpikeAttention(three, 2 * HEADS), SpikeMlp(three, 2 * three)

    def forward(self, x: Tensor) -> Tensor:
        """Counts."""
        return self.mlp(self.attention(self.patch(self.stages(x))))


def model(size: int, seed: int) -> nn.Module:
    """See System.model."""
    torch.manual_seed(seed)
    stages = Stages()
    rare = {attention.query[1]: RARE for attention in (stages.attention1, stages.attention2)}
    return calibrated(Classifier(stages, WIDTHS[-1]), torch.rand(8, 3, size, size), seed, rare=rare)


def three(size: int, seed: int) -> nn.Module:
    """See System.model."""
    torch.manual_seed(seed)
    body = Three()
    rare: dict[nn.Module, float] = {
        attention.query[1]: RARE for attention in (body.stages.attention1, body.stages.attention2)
    }
    rare.update(rates(body, (size // 8) ** 2))
    return calibrated(Classifier(body, LAST), torch.rand(8, 3, size, size), seed, rare=rare)


_TWO = System(
    name="qkformer",
    title="QKFormer, stages 1 and 2",
    paper="Zhou et al., QKFormer: Hierarchical Spiking Transformer using Q-K Attention, NeurIPS 2024",
    shapes="32x32, stages of 16x16x16 with 2 heads and 8x8x32 with 4, MLPs twice as wide, LIF tau 2, T 4",
    model=model,
    encoding=DIRECT,
    size=32,
    agreement=99.3,
    assumed=(
        "the first stage halves the pixels once, not twice",
        "stage 3 is left out: spiking self-attention",
    ),
    published="github:zhouchenlin2096/QKFormer, imagenet/qkformer.py",
    part=True,
)
_THREE = System(
    name="qkformer-3",
    title="QKFormer, stages 1 to 3",
    paper=_TWO.paper,
    shapes="32x32, stages of 16x16x16 with 2 heads, 8x8x32 with 4 and 4x4x64 with 8, MLPs twice as wide, LIF tau 2, T 4",
    model=three,
    encoding=DIRECT,
    size=32,
    multiple=8,
    agreement=99.3,
    assumed=(
        "the first stage halves the pixels once, not twice",
        "neurons behind the attention's last layer take steps; the published ones take the samples of a batch for them",
    ),
    published=_TWO.published,
    attention=True,
)
SYSTEMS = (_TWO, _THREE)
