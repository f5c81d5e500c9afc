"""Poisson coding: random numbers by a counter, so that any host draws the same bits, whatever the batch and the order.

A number is a hash of what it is for, (seed, step, c, y, x), by sums, exclusive ors and shifts of 32-bit words alone: no
state is carried from one number to the next, and a chip could make them without a multiplier.
"""

from functools import reduce
from typing import Any

import numpy as np

WORD = 0xFFFFFFFF


def random8(seed: int, steps: int, shape: tuple[int, int, int]) -> np.ndarray:
    """Numbers 0 to 255, uint8 (steps, C, H, W), equal for every host.

    h = mixed(h + w) of the 32-bit words w: the seed's lower and its upper half, the step, c, y, x and 0; h begins with
    0, and a number is the upper 8 bits of the last h. Without the 0 neighbours along x are correlated: one mixing takes
    the lowest bits of a word not far enough up.
    """
    places = np.ogrid[tuple(slice(n) for n in (steps, *shape))]
    words = [seed & WORD, seed >> 32, *(axis.astype(np.uint32) for axis in places), 0]
    return (reduce(_drawn, words, np.zeros((1, 1, 1, 1), np.uint32)) >> 24).astype(np.uint8)


def poisson(seed: int, steps: int, images: np.ndarray) -> np.ndarray:
    """uint8 (N, steps, C, H, W): 1 where the number of seed, step and pixel is below the pixel of `images`, uint8
    (N, C, H, W)."""
    numbers = random8(seed, steps, images.shape[1:])
    return (numbers < images[:, None]).astype(np.uint8)


def _drawn(state: np.ndarray, word: Any) -> np.ndarray:
    return _mixed(state + np.uint32(word) if isinstance(word, int) else state + word)


def _mixed(a: np.ndarray) -> np.ndarray:
    """A bijection of 32-bit words, modulo 2^32, each bit of which depends on every bit (Jenkins' six shifts)."""
    a = a + np.uint32(0x7ED55D16) + (a << 12)
    a = a ^ np.uint32(0xC761C23C) ^ (a >> 19)
    a = a + np.uint32(0x165667B1) + (a << 5)
    a = (a + np.uint32(0xD3A2646C)) ^ (a << 9)
    a = a + np.uint32(0xFD7046C5) + (a << 3)
    return a ^ np.uint32(0xB55A4F09) ^ (a >> 16)
