"""Poisson coding: the hash written once more in plain Python and in C, and what its numbers look like. The seeds are
fixed; bounds are 4.5 standard deviations, of some hundred figures."""

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import spikeplane.export
from spikeplane import Encoding
from spikeplane.encode import encode
from spikeplane.encode_poisson import random8

SEEDS = (0, 1, 2, 17, 123456789, 1 << 32, 1 << 63)
FAR = 4.5
SHAPE = (3, 32, 32)
STEPS = 48


def mixed(a):
    """One mixing, in numbers of any size."""
    low = (1 << 32) - 1
    a = (a + 0x7ED55D16 + (a << 12)) & low
    a = (a ^ 0xC761C23C ^ (a >> 19)) & low
    a = (a + 0x165667B1 + (a << 5)) & low
    a = (((a + 0xD3A2646C) & low) ^ (a << 9)) & low
    a = (a + 0xFD7046C5 + (a << 3)) & low
    return (a ^ 0xB55A4F09 ^ (a >> 16)) & low


def drawn(seed, step, c, y, x):
    """One number."""
    h = 0
    for word in (seed % (1 << 32), seed // (1 << 32), step, c, y, x, 0):
        h = mixed((h + word) % (1 << 32))
    return h // (1 << 24)


def standard(numbers):
    """Of mean 0 and deviation 1."""
    return (numbers.astype(float) - 127.5) / np.sqrt((256**2 - 1) / 12)


def unlike(counts):
    """Chi-square of counts that should be equal, in its standard deviations."""
    degrees = len(counts) - 1
    wanted = counts.sum() / len(counts)
    return (((counts - wanted) ** 2 / wanted).sum() - degrees) / np.sqrt(2 * degrees)


@settings(max_examples=60)
@given(st.integers(0, 1 << 63), st.integers(1, 5), st.tuples(*[st.integers(1, 4)] * 3), st.data())
def test_the_hash_is_the_one_written_down(seed, steps, shape, data):
    numbers = random8(seed, steps, shape)
    assert (numbers.dtype, numbers.shape) == (np.uint8, (steps, *shape))
    place = tuple(data.draw(st.integers(0, n - 1)) for n in numbers.shape)
    assert numbers[place] == drawn(seed, *place)


def test_known_numbers():
    """So that no later version draws others: a program's planes are part of it."""
    assert random8(5, 2, (1, 2, 3)).ravel().tolist() == [
        drawn(5, t, 0, y, x) for t in (0, 1) for y in (0, 1) for x in (0, 1, 2)
    ]
    assert [drawn(7, 0, 0, 0, x) for x in range(4)] == [234, 89, 191, 8]


@pytest.mark.skipif(shutil.which("cc") is None, reason="no C compiler")
def test_c_draws_the_same(tmp_path):
    seeds = [*SEEDS, (1 << 63) - 12345]
    calls = "".join(
        f"for (t = 0; t < 3; t++) for (c = 0; c < 2; c++) for (y = 0; y < 3; y++) for (x = 0; x < 5; x++) "
        f'printf("%d\\n", spikeplane_random8({seed}u, t, c, y, x));\n'
        for seed in seeds
    )
    (tmp_path / "draw.c").write_text(
        '#include <stdio.h>\n#include "spikeplane_poisson.h"\n'
        f"int main(void) {{ uint32_t t, c, y, x;\n{calls} return 0; }}\n"
    )
    include = Path(spikeplane.export.__path__[0]) / "c"
    command = ["cc", "-std=c99", "-Wall", "-Wextra", "-Werror", "-Wno-implicit-fallthrough", f"-I{include}"]
    subprocess.run([*command, "draw.c", "-o", "draw"], cwd=tmp_path, check=True)
    told = subprocess.run(["./draw"], cwd=tmp_path, check=True, capture_output=True, text=True).stdout
    wanted = np.concatenate([random8(seed, 3, (2, 3, 5)).ravel() for seed in seeds])
    np.testing.assert_array_equal(np.array(told.split(), int), wanted)


@given(
    st.integers(0, 3).flatmap(lambda n: arrays(np.uint8, (n, 2, 3, 4))), st.integers(0, 1 << 63), st.data()
)
def test_planes_are_the_images_and_nothing_else(images, seed, data):
    """Neither the batch, nor the order, nor the sample's number, nor what stands beside."""
    encoding = Encoding(kind="poisson", steps=3, seed=seed)
    whole = encode(encoding, images, (2, 3, 4), 10)
    np.testing.assert_array_equal(whole, random8(seed, 3, (2, 3, 4)) < images[:, None])
    order = data.draw(st.permutations(range(len(images))))
    np.testing.assert_array_equal(whole[order], encode(encoding, images[order], (2, 3, 4)))
    longer = encode(Encoding(kind="poisson", steps=5, seed=seed), images, (2, 3, 4))
    np.testing.assert_array_equal(whole, longer[:, :3])


@pytest.mark.parametrize("seed", SEEDS)
def test_every_number_is_as_frequent(seed):
    assert abs(unlike(np.bincount(random8(seed, STEPS, SHAPE).ravel(), minlength=256))) < FAR


@pytest.mark.parametrize("value", [1, 10, 100, 128, 200, 255])
def test_rates_are_pixels(value):
    """The mean of all, and of each pixel over the steps."""
    planes = encode(
        Encoding(kind="poisson", steps=400, seed=3), np.full((1, 1, 28, 28), value, np.uint8), (1, 28, 28)
    )
    p = value / 256
    deviation = np.sqrt(p * (1 - p))
    assert abs(planes.mean() - p) < FAR * deviation / np.sqrt(planes.size)
    times = planes[0].sum(0) - 400 * p
    assert abs((times**2).mean() / (400 * deviation**2) - 1) < FAR * np.sqrt(
        2 / 784
    )  # as binomial numbers spread


@pytest.mark.parametrize("seed", SEEDS)
def test_neighbours_and_steps_are_independent(seed):
    """Correlations 1 to 3 apart along steps, channels, rows and columns, and pairs of the upper four bits."""
    numbers = random8(seed, STEPS, SHAPE)
    for axis in range(4):
        along = np.moveaxis(standard(numbers), axis, 0)
        for apart in range(1, min(4, len(along))):
            product = along[apart:] * along[:-apart]
            assert abs(product.mean()) * np.sqrt(product.size) < FAR, (axis, apart)
        high = np.moveaxis(numbers >> 4, axis, 0)
        pairs = np.bincount((high[1:] * 16 + high[:-1]).ravel(), minlength=256)
        assert abs(unlike(pairs)) < FAR, axis


def test_seeds_are_independent():
    numbers = [standard(random8(seed, STEPS, SHAPE)) for seed in (*SEEDS, SEEDS[-1] - 1, 3)]
    for i, one in enumerate(numbers):
        for other in numbers[:i]:
            assert abs((one * other).mean()) * np.sqrt(one.size) < FAR


def test_a_pixel_is_its_place_not_its_count():
    """The same pixel of images of other sizes gets the same number: parts of an image are that image's parts."""
    np.testing.assert_array_equal(random8(9, 4, (2, 5, 7)), random8(9, 6, (3, 8, 9))[:4, :2, :5, :7])
