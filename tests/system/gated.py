"""Models in which spikes meet in gates, written from what was published: spike-element-wise residuals, QKFormer's
token attention behind its patch stage, spike-driven attention on a stream of membranes that starts at a maximum."""

# the frameworks annotate their layers loosely:
# pyright: reportArgumentType=false, reportCallIssue=false

import torch
from spikingjelly.activation_based import functional, layer, neuron
from torch import Tensor, nn

#: Layers of queries, or whose product is summed over all tokens: of many spikes one would always be there.
RARE = ("attention.q_bn", "q.1", "k.1", "v.1")


def lif(**more: float) -> nn.Module:
    return neuron.LIFNode(tau=2.0, step_mode="m", **more)


def seen(into: int, out: int, size: int = 3, stride: int = 1) -> nn.Sequential:
    """A convolution and its batch-norm."""
    conv = layer.Conv2d(into, out, size, stride=stride, padding=size // 2, bias=False, step_mode="m")
    return nn.Sequential(conv, layer.BatchNorm2d(out, step_mode="m"))


class Sew(nn.Module):
    """A residual whose branch and shortcut meet spike by spike."""

    def __init__(self, into: int, out: int, meet: str, stride: int = 1) -> None:
        super().__init__()
        self.meet = meet
        self.first, self.n1 = seen(into, out, stride=stride), neuron.IFNode(step_mode="m")
        self.second, self.n2 = seen(out, out), neuron.IFNode(step_mode="m")
        same = into == out and stride == 1
        self.shortcut = (
            nn.Identity() if same else nn.Sequential(seen(into, out, 1, stride), neuron.IFNode(step_mode="m"))
        )

    def forward(self, x: Tensor) -> Tensor:
        out = self.n2(self.second(self.n1(self.first(x))))
        beside = self.shortcut(x)
        if self.meet == "ADD":
            out += beside
        elif self.meet == "AND":
            out *= beside
        elif self.meet == "IAND":
            out = beside * (1.0 - out)
        else:
            out = out + beside - out * beside
        return out


class SewNet(nn.Module):
    """A stem of spikes and two residuals, the second of half the pixels."""

    def __init__(self, meet: str, channels: int = 8) -> None:
        super().__init__()
        self.stem, self.n = seen(2, channels), neuron.IFNode(step_mode="m")
        self.blocks = nn.Sequential(Sew(channels, channels, meet), Sew(channels, channels, meet, 2))
        self.pool = layer.AdaptiveAvgPool2d((1, 1), step_mode="m")
        self.head = layer.Linear(channels, 5, step_mode="m")

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.pool(self.blocks(self.n(self.stem(x)))).flatten(2)).mean(0)


class TokenAttention(nn.Module):
    """Keys of the tokens of which a query of the head fires: (T, N, C, H, W), over tokens as in the paper."""

    def __init__(self, channels: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.q_conv, self.k_conv, self.p_conv = (
            nn.Conv1d(channels, channels, 1, bias=False) for _ in range(3)
        )
        self.q_bn, self.k_bn, self.p_bn = (nn.BatchNorm1d(channels) for _ in range(3))
        self.q_lif, self.k_lif, self.p_lif = lif(), lif(), lif()
        self.gate = lif(v_threshold=0.5)

    def forward(self, x: Tensor) -> Tensor:
        t, n, c, h, w = x.shape
        tokens = x.flatten(3).flatten(0, 1)
        q = self.q_lif(self.q_bn(self.q_conv(tokens)).reshape(t, n, c, h * w))
        k = self.k_lif(self.k_bn(self.k_conv(tokens)).reshape(t, n, c, h * w))
        q, k = (a.unsqueeze(2).reshape(t, n, self.heads, c // self.heads, h * w) for a in (q, k))
        x = torch.mul(self.gate(torch.sum(q, dim=3, keepdim=True)), k).flatten(2, 3)
        return self.p_lif(self.p_bn(self.p_conv(x.flatten(0, 1))).reshape(t, n, c, h, w))


class QkFormer(nn.Module):
    """A patch stage, which halves the pixels and sends sums of spikes, and a block of token attention behind it."""

    def __init__(self, channels: int = 32, heads: int = 4) -> None:
        super().__init__()
        half = channels // 2
        self.stem, self.n0 = seen(2, half), lif()
        self.patch1, self.pool, self.n1 = seen(half, channels), layer.MaxPool2d(3, 2, 1, step_mode="m"), lif()
        self.patch2, self.n2 = seen(channels, channels), lif()
        self.shortcut, self.n3 = seen(half, channels, 1, 2), lif()
        self.attention = TokenAttention(channels, heads)
        self.wide, self.n4 = seen(channels, 2 * channels, 1), lif()
        self.narrow, self.n5 = seen(2 * channels, channels, 1), lif()
        self.head = nn.Linear(channels, 5)

    def forward(self, x: Tensor) -> Tensor:
        x = self.n0(self.stem(x))
        beside = self.n3(self.shortcut(x))
        x = self.n2(self.patch2(self.n1(self.pool(self.patch1(x))))) + beside
        x = x + self.attention(x)
        x = x + self.n5(self.narrow(self.n4(self.wide(x))))
        return self.head(x.flatten(3).mean(3)).mean(0)


class SpikeDriven(nn.Module):
    """A stem whose maximum starts a stream of membranes and feeds neurons, an attention of two ANDs and an OR, a
    block of two layers, and neurons on the mean of the stream."""

    def __init__(self, channels: int = 32, heads: int = 4) -> None:
        super().__init__()
        self.heads = heads
        self.stem, self.pool, self.n0 = seen(2, channels), layer.MaxPool2d(3, 2, 1, step_mode="m"), lif()
        self.place = seen(channels, channels)
        self.n1 = lif()
        self.q, self.k, self.v, self.out = (seen(channels, channels, 1) for _ in range(4))
        self.q_lif, self.k_lif, self.v_lif = lif(), lif(), lif()
        self.any = lif(v_threshold=0.5)
        self.n2, self.wide, self.n3, self.narrow = (
            lif(),
            seen(channels, 2 * channels, 1),
            lif(),
            seen(2 * channels, channels, 1),
        )
        self.n4, self.head = lif(v_threshold=0.3), nn.Linear(channels, 5)

    def _heads(self, x: Tensor) -> Tensor:
        """(T, N, heads, tokens, C / heads)."""
        t, n, c, h, w = x.shape
        x = x.flatten(3).transpose(-1, -2).reshape(t, n, h * w, self.heads, c // self.heads)
        return x.permute(0, 1, 3, 2, 4).contiguous()

    def _attended(self, x: Tensor) -> Tensor:
        t, n, c, h, w = x.shape
        q, k, v = (
            self._heads(fire(see(x)))
            for see, fire in ((self.q, self.q_lif), (self.k, self.k_lif), (self.v, self.v_lif))
        )
        x = q.mul(self.any(k.mul(v).sum(dim=-2, keepdim=True)))
        return self.out(x.transpose(3, 4).reshape(t, n, c, h, w).contiguous())

    def forward(self, x: Tensor) -> Tensor:
        x = self.pool(self.stem(x))
        x = x + self.place(self.n0(x))
        x = x + self._attended(self.n1(x))
        x = x + self.narrow(self.n3(self.wide(self.n2(x))))
        return self.head(self.n4(x.flatten(3).mean(3))).mean(0)


def trained(model: nn.Module, seed: int) -> nn.Module:
    """Weights and statistics as a training leaves them: layers that fire, and are silent at times; queries are rare."""
    torch.manual_seed(seed)
    with torch.no_grad():
        for name, module in model.named_modules():
            if isinstance(module, nn.Conv2d | nn.Conv1d | nn.Linear):
                module.weight.normal_(0.0, 1.5 / module.weight[0].numel() ** 0.5)
            if isinstance(module, nn.BatchNorm2d | nn.BatchNorm1d):
                module.running_mean = torch.rand(module.num_features) * 0.2 - 0.1
                module.running_var = torch.rand(module.num_features) * 0.2 + 0.2
                nn.init.uniform_(module.weight, 0.8, 1.3)
                low = -1.3 if name.startswith(RARE) else -0.3
                nn.init.uniform_(module.bias, low, low + 1.2)
    functional.reset_net(model)
    return model.eval()
