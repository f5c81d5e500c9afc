"""One axis of a layer as taps, matrices (out, in) from pixels to pixels: what a convolution, its
transpose and an average see of a row of pixels."""

import numpy as np


def convolution(
    size: int, kernel: int, stride: int, padding: tuple[int, int], dilation: int = 1
) -> np.ndarray:
    """(kernel, out, size); `padding` in front and behind, less than 0 cuts. No outputs if the kernel
    does not fit."""
    out = max((size + sum(padding) - dilation * (kernel - 1) - 1) // stride + 1, 0)
    at = np.arange(out)[None] * stride - padding[0] + dilation * np.arange(kernel)[:, None]
    return (at[:, :, None] == np.arange(size)).astype(np.float64)


def transposed(
    size: int, kernel: int, stride: int, padding: int, more: int = 0, dilation: int = 1
) -> np.ndarray:
    """(kernel, out, size) of a transposed convolution, `more` pixels added behind."""
    out = max((size - 1) * stride - 2 * padding + dilation * (kernel - 1) + more + 1, 0)
    at = np.arange(size)[None] * stride - padding + dilation * np.arange(kernel)[:, None]
    return (at[:, None, :] == np.arange(out)[:, None]).astype(np.float64)


def blocks(size: int, kernel: int, stride: int, padding: int, up: bool) -> tuple[np.ndarray, np.ndarray]:
    """(out, size) of 0 and 1, which pixels each window of a pooling sums, and (out,), how many it has
    with the padding. `up`: ceil_mode, where the last windows may hang over."""
    out = (size + 2 * padding - kernel + (stride - 1 if up else 0)) // stride + 1
    if up and (out - 1) * stride >= size + padding:
        out -= 1
    start = np.arange(max(out, 0)) * stride - padding
    end = np.minimum(start + kernel, size + padding)
    at = np.arange(size)
    return ((at >= start[:, None]) & (at < end[:, None])).astype(np.float64), end - start


def windows(size: int, kernel: int, stride: int, padding: int, dilation: int, up: bool) -> np.ndarray:
    """(out, size) of 0 and 1: the pixels of each window of a maximum; `up`: ceil_mode, as in `blocks`."""
    reach = dilation * (kernel - 1) + 1
    out = len(blocks(size, reach, stride, padding, up)[0])
    behind = max((out - 1) * stride + reach - size - padding, 0)
    return convolution(size, kernel, stride, (padding, behind), dilation)[:, :out].sum(0)


def adaptive(size: int, out: int) -> np.ndarray:
    """(out, size) of 0 and 1: the windows of an adaptive pooling to `out` pixels."""
    start = np.arange(out) * size // out
    end = -(-(np.arange(out) + 1) * size // out)
    at = np.arange(size)
    return ((at >= start[:, None]) & (at < end[:, None])).astype(np.float64)


def nearest(size: int, out: int, ratio: float) -> np.ndarray:
    """(out, size): output i is pixel floor(i * ratio), as nearest upsampling takes them. PyTorch counts in
    float32, and of twice as many pixels not at all."""
    at = np.arange(out)
    places = at // 2 if out == 2 * size else np.floor(at.astype(np.float32) * np.float32(ratio)).astype(int)
    return np.eye(size)[np.minimum(places, size - 1)]


def repeated(size: int, times: int) -> np.ndarray:
    """(size * times, size): every pixel `times` times, as nearest upsampling repeats them."""
    return np.repeat(np.eye(size), times, axis=0)
