"""timm's layers, for files whose timm is missing."""

from functools import cache
from typing import Any


def drop_path(x: Any, drop_prob: float = 0.0, training: bool = False, scale_by_keep: bool = True) -> Any:
    """Whole samples left out in training."""
    if drop_prob == 0.0 or not training:
        return x
    kept = x.new_empty((x.shape[0],) + (1,) * (x.ndim - 1)).bernoulli_(1 - drop_prob)
    return x * (kept / (1 - drop_prob) if scale_by_keep and drop_prob < 1 else kept)


@cache
def made() -> dict[str, type]:
    """The classes, by name."""
    return {"DropPath": _drop_path(), "ScaledStdConv2d": _standardised()}


def _drop_path() -> type:
    import torch
    from torch import nn

    class DropPath(nn.Module):
        """Stochastic depth: nothing, in evaluation."""

        def __init__(self, drop_prob: float = 0.0, scale_by_keep: bool = True) -> None:
            super().__init__()
            self.drop_prob, self.scale_by_keep = drop_prob, scale_by_keep

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            """The same in evaluation."""
            return drop_path(x, self.drop_prob, self.training, self.scale_by_keep)

    return DropPath


def _standardised() -> type:
    import torch
    from torch import nn
    from torch.nn import functional

    class ScaledStdConv2d(nn.Conv2d):
        """A convolution of standardised weights, with a gain a channel."""

        def __init__(
            self,
            *arguments: Any,
            gamma: float = 1.0,
            eps: float = 1e-6,
            gain_init: float = 1.0,
            **options: Any,
        ) -> None:
            options.pop("use_layernorm", None)
            super().__init__(*arguments, **options)
            self.gain = nn.Parameter(torch.full((self.out_channels, 1, 1, 1), gain_init))
            self.scale, self.eps = gamma * self.weight[0].numel() ** -0.5, eps

        def get_weight(self) -> torch.Tensor:
            """The weights that count."""
            rows = self.weight.reshape(1, self.out_channels, -1)
            gain = (self.gain * self.scale).view(-1)
            return functional.batch_norm(
                rows, None, None, weight=gain, training=True, momentum=0.0, eps=self.eps
            ).view_as(self.weight)

        def forward(self, x: torch.Tensor) -> torch.Tensor:  # pyright: ignore[reportIncompatibleMethodOverride]
            """The convolution."""
            return functional.conv2d(
                x, self.get_weight(), self.bias, self.stride, self.padding, self.dilation, self.groups
            )

    return ScaledStdConv2d
