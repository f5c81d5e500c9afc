"""Ultralytics' helpers of detection heads, for files whose ultralytics is missing: centres of pixels, boxes of distances."""

from typing import Any

from spikeplane.importers.published.names import stands_in


def make_anchors(feats: Any, strides: Any, grid_cell_offset: float = 0.5) -> tuple[Any, Any]:
    """Of maps (N, C, H, W) the places of all pixels (A, 2), x and y row by row, and the stride of each (A, 1)."""
    import torch

    points, sizes = [], []
    for one, stride in zip(feats, strides, strict=True):
        high, wide = one.shape[-2:]
        y, x = (torch.arange(n, dtype=one.dtype, device=one.device) + grid_cell_offset for n in (high, wide))
        points.append(torch.stack((x.repeat(high), y.repeat_interleave(wide)), -1))
        sizes.append(torch.full((high * wide, 1), float(stride), dtype=one.dtype, device=one.device))
    return torch.cat(points), torch.cat(sizes)


def dist2bbox(distance: Any, anchor_points: Any, xywh: bool = True, dim: int = -1) -> Any:
    """Distances to the left, upper, right and lower side as a centre with width and height, or as two corners."""
    import torch

    before, behind = distance.chunk(2, dim)
    first, second = anchor_points - before, anchor_points + behind
    return torch.cat(((first + second) / 2, second - first) if xywh else (first, second), dim)


@stands_in("ultralytics", "ultralytics.utils")
def package() -> dict[str, Any]:
    """Its modules come when they are asked for."""
    return {}


@stands_in("ultralytics.utils.tal")
def helpers() -> dict[str, Any]:
    """Of heads; a recent PyTorch."""
    return {"TORCH_1_10": True, "make_anchors": make_anchors, "dist2bbox": dist2bbox}
