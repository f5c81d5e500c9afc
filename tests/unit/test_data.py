"""Readers of samples and labels: every format there and back, and every broken file by its exact message."""

import gzip
from pathlib import Path

import numpy as np
import pytest

from spikeplane.data import Events, read_labels, read_samples
from spikeplane.encoding import Encoding
from spikeplane.errors import SpikeplaneError

SHARED = Path(__file__).parents[2] / "../shared/data"
RNG = np.random.default_rng(11)
IMAGES = RNG.integers(0, 256, (5, 4, 6), np.uint8)
SHAPE = (1, 4, 6)
EVENTS, PLANES = Encoding(kind="events"), Encoding(kind="planes", steps=3)


def idx(array: np.ndarray, kind: int = 8) -> bytes:
    """An IDX file of `array`."""
    return bytes([0, 0, kind, array.ndim]) + np.array(array.shape, ">u4").tobytes() + array.tobytes()


def bs2(*events: tuple[int, int, int, int]) -> bytes:
    """A recording of (t_us, x, y, p) events."""
    return b"".join(bytes([x, y]) + (p << 23 | t).to_bytes(3, "big") for t, x, y, p in events)


def message(call, *arguments, **options) -> str:
    """The one-line message with which a call fails."""
    with pytest.raises(SpikeplaneError) as error:
        call(*arguments, **options)
    assert "\n" not in str(error.value)
    return str(error.value)


@pytest.mark.parametrize("suffix", [".idx", ".gz", ".npy", ".npz"])
def test_images_come_back(tmp_path, suffix):
    path = tmp_path / f"images{suffix}"
    if suffix == ".npy":
        np.save(path, IMAGES)
    elif suffix == ".npz":
        np.savez(path, other=np.zeros(3), images=IMAGES)
    else:
        path.write_bytes(gzip.compress(idx(IMAGES)) if suffix == ".gz" else idx(IMAGES))
    np.testing.assert_array_equal(read_samples(path, SHAPE), IMAGES[:, None])
    np.testing.assert_array_equal(read_samples(path, SHAPE, limit=2), IMAGES[:2, None])


@pytest.mark.parametrize(
    ("array", "expected"),
    [
        (IMAGES.reshape(5, -1), IMAGES),
        (IMAGES[0], IMAGES[:1]),
        (IMAGES.astype(np.int64), IMAGES),
        (IMAGES / 255, IMAGES),
        ((IMAGES / 255).astype(np.float32), IMAGES),
        (IMAGES > 99, np.where(IMAGES > 99, 255, 0)),
    ],
)
def test_forms_of_images(tmp_path, array, expected):
    np.save(tmp_path / "a.npy", array)
    found = np.asarray(read_samples(tmp_path / "a.npy", SHAPE))
    assert found.dtype == np.uint8
    np.testing.assert_array_equal(found, expected[:, None])


@pytest.mark.parametrize(
    ("array", "text"),
    [
        (IMAGES[:, :3], "expected samples of shape (1, 4, 6), the array has the shape (5, 3, 6)"),
        (IMAGES.ravel(), "expected samples of shape (1, 4, 6), the array has the shape (120,)"),
        (
            np.full((2, 4, 6), 16.5),
            "float images must lie in 0..1, found 16.5..16.5; scale them, or store uint8",
        ),
        (
            np.full((2, 4, 6), -0.5),
            "float images must lie in 0..1, found -0.5..-0.5; scale them, or store uint8",
        ),
        (np.full((2, 4, 6), 256), "integer images must lie in 0..255, found 256..256"),
        (np.full((2, 4, 6), "a"), "expected an array of numbers, found elements of type <U1"),
    ],
)
def test_unsuitable_images(tmp_path, array, text):
    path = tmp_path / "a.npy"
    np.save(path, array)
    assert message(read_samples, path, SHAPE) == (f"{path}: {text}")


def test_nan_is_refused(tmp_path):
    path = tmp_path / "a.npy"
    array = np.zeros((2, 4, 6))
    array[1, 2, 3] = np.nan
    np.save(path, array)
    assert message(read_samples, path, SHAPE) == f"{path} holds NaN in 1 of 48 values; remove them"


BROKEN_IDX = [
    (b"", "is empty"),
    (b"\x89PNGxxxx", "is no IDX file: expected it to start with 0000 08 and the dimensions, not 89504e47"),
    (idx(IMAGES)[:9], "is truncated: an IDX header of 3 dimensions has 16 bytes, found 9"),
    (idx(IMAGES)[:-7], "is truncated: expected 5 x 4 x 6 = 120 bytes after the header, found 113"),
    (idx(IMAGES) + b"..", "is too long: expected 5 x 4 x 6 = 120 bytes after the header, found 122"),
]


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(("data", "text"), BROKEN_IDX)
def test_broken_idx(tmp_path, data, text, packed):
    path = tmp_path / ("a.gz" if packed else "a.idx")
    path.write_bytes(gzip.compress(data) if packed else data)
    if packed:  # what follows is not unpacked to be counted
        text = text.replace("found 122", "found more")
    assert message(read_samples, path, SHAPE) == f"{path} {text}"


def test_idx_of_another_type(tmp_path):
    path = tmp_path / "a.idx"
    path.write_bytes(idx(IMAGES, 0x0D))
    assert (
        message(read_samples, path, SHAPE)
        == f"{path}: expected an IDX file of unsigned bytes (type 08), found type 0d"
    )


def test_broken_gzip(tmp_path):
    path, whole = tmp_path / "a.gz", gzip.compress(idx(IMAGES))
    path.write_bytes(whole[:-20])
    text = "Compressed file ended before the end-of-stream marker was reached"
    assert message(read_samples, path, SHAPE) == f"{path} is no complete gzip file ({text}); fetch it again"
    path.write_bytes(b"not gzip")
    assert (
        message(read_samples, path, SHAPE)
        == f"{path} is no complete gzip file (Not a gzipped file (b'no')); fetch it again"
    )
    path.write_bytes(whole[:20] + bytes([whole[20] ^ 0xFF]) + whole[21:])
    assert message(read_samples, path, SHAPE).startswith(f"{path} is no complete gzip file (")


def test_missing_files(tmp_path):
    for name, encoding in (("a.npy", None), ("a.gz", None), ("a.csv", PLANES), ("folder", EVENTS)):
        assert message(read_samples, tmp_path / name, SHAPE, encoding) == f"no file {tmp_path / name}"
    assert message(read_labels, tmp_path / "a.txt", 3) == f"no file {tmp_path / 'a.txt'}"


@pytest.mark.parametrize("suffix", [".npy", ".npz"])
def test_broken_numpy(tmp_path, suffix):
    path = tmp_path / f"a{suffix}"
    (np.save if suffix == ".npy" else np.savez)(path, IMAGES)
    whole = path.read_bytes()
    for data in (b"", b"nonsense", whole[:100], whole[:8]):
        path.write_bytes(data)
        assert message(read_samples, path, SHAPE).startswith(f"{path} is no readable {suffix} file: ")
    if suffix == ".npy":
        for data, what in ((whole[:-30], "truncated"), (whole + b"..", "too long")):
            path.write_bytes(data)
            says = f"{path} is {what}: an array of (5, 4, 6) takes 120 bytes, found {len(data) - 128}"
            assert message(read_samples, path, SHAPE) == says


def test_pickles_are_refused(tmp_path):
    path = tmp_path / "a.npy"
    np.save(path, np.array([{}], object))
    text = "expected an array of numbers, found elements of type object"
    assert message(read_samples, path, SHAPE) == f"{path}: {text}"


def test_ambiguous_npz(tmp_path):
    path = tmp_path / "a.npz"
    np.savez(path, first=IMAGES, second=IMAGES)
    names = "images, data, samples, planes, frames, x or x_test"
    assert (
        message(read_samples, path, SHAPE)
        == f"{path} holds the arrays first, second; expected one array, or one called {names}"
    )
    np.savez(path)
    assert (
        message(read_samples, path, SHAPE)
        == f"{path} holds no array; expected one array, or one called {names}"
    )


def test_wrong_kind_of_path(tmp_path):
    np.save(tmp_path / "a.npy", IMAGES)
    images = "an IDX, .npy or .npz file of images"
    assert (
        message(read_samples, tmp_path, SHAPE)
        == f"{tmp_path} is a folder; the input's encoding 'direct' takes {images}"
    )
    assert message(read_samples, tmp_path / "a.npy", SHAPE, EVENTS) == (
        f"{tmp_path / 'a.npy'} is a file; the input's encoding 'events' takes a folder of event "
        "recordings (.bs2, .bin)"
    )
    assert (
        message(read_samples, tmp_path / "a.npy", SHAPE, limit=0)
        == "the number of samples must be at least 1, not 0"
    )


@pytest.mark.parametrize("form", [(3, 2, 4, 6), (5, 3, 2, 4, 6)])
def test_planes_come_back(tmp_path, form):
    array = RNG.integers(0, 2, form)
    np.savez(tmp_path / "a.npz", array)
    np.testing.assert_array_equal(
        read_samples(tmp_path / "a.npz", (2, 4, 6), PLANES), array.reshape(-1, 3, 2, 4, 6)
    )


def test_flat_planes(tmp_path):
    array = RNG.integers(0, 2, (3, 7)).astype(float)
    np.save(tmp_path / "a.npy", array)
    np.testing.assert_array_equal(
        read_samples(tmp_path / "a.npy", (7, 1, 1), PLANES), array.reshape(1, 3, 7, 1, 1)
    )


def test_unsuitable_planes(tmp_path):
    path = tmp_path / "a.npy"
    np.save(path, np.full((3, 7), 2))
    assert (
        message(read_samples, path, (7, 1, 1), PLANES)
        == f"{path}: planes hold 0 and 1 only, found values in 2..2"
    )
    assert message(read_samples, path, (8, 1, 1), PLANES) == (
        f"{path}: expected planes of shape (N, T, 8, 1, 1), the array has the shape (3, 7)"
    )


def test_csv_columns(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("0,0.5\n1.0,0.25\n0,0\n")
    np.testing.assert_array_equal(np.ravel(np.asarray(read_samples(path, (1, 1, 1), PLANES))), [0, 1, 0])
    path.write_text("0,0.5\n1.0,spike\n")
    assert message(read_samples, path, (1, 1, 1), PLANES) == (
        f"{path} is no table of comma-separated numbers: could not convert string 'spike' to "
        "float64 at row 1, column 2."
    )


def test_recordings_come_back(tmp_path):
    (tmp_path / "b.bs2").write_bytes(bs2((0x7FFFFF, 33, 0, 1), (256, 0, 33, 0)))
    (tmp_path / "a.bin").write_bytes(bs2((1, 2, 3, 1)))
    (tmp_path / "labels.txt").write_text("a 1\nb 2\n")
    first, second = (r for r in read_samples(tmp_path, (2, 34, 34), EVENTS) if isinstance(r, Events))
    assert (first.name, second.name) == ("a.bin", "b.bs2")
    for found, expected in zip(
        (second.t_us, second.x, second.y, second.p), ([0x7FFFFF, 256], [33, 0], [0, 33], [1, 0]), strict=True
    ):
        np.testing.assert_array_equal(found, expected)
    assert [len(r) for r in read_samples(tmp_path, (2, 34, 34), EVENTS, limit=1)] == [1]
    assert len(read_samples(tmp_path / "b.bs2", (2, 34, 34), EVENTS)[0]) == 2


def test_broken_recordings(tmp_path):
    shape = (2, 34, 34)
    assert message(read_samples, tmp_path, shape, EVENTS) == (
        f"{tmp_path} holds no recordings: expected files ending in .bs2 or .bin"
    )
    path = tmp_path / "a.bs2"
    path.write_bytes(bs2((1, 2, 3, 1), (2, 2, 3, 1))[:-1])
    assert message(read_samples, tmp_path, shape, EVENTS) == (
        f"{path} is truncated: expected whole events of 5 bytes, found 9 bytes"
    )
    path.write_bytes(bs2((1, 2, 3, 1), (2, 34, 3, 0)))
    assert message(read_samples, tmp_path, shape, EVENTS) == (
        f"{path}: event 1 (x 34, y 3, polarity 0, time 2) is outside the sensor of 34x34 and 2 polarities"
    )


def test_labels_come_back(tmp_path):
    labels = RNG.integers(0, 10, 5)
    (tmp_path / "a.gz").write_bytes(gzip.compress(idx(labels.astype(np.uint8))))
    np.save(tmp_path / "a.npy", labels.astype(float))
    np.savez(tmp_path / "a.npz", images=IMAGES, labels=labels)
    (tmp_path / "a.txt").write_text("# class\n" + "\n".join(map(str, labels)) + "\n\n")
    (tmp_path / "b.txt").write_text(
        "#sample #class\n" + "\n".join(f"r{i}\t{n}" for i, n in enumerate(labels))
    )
    for name in ("a.gz", "a.npy", "a.npz", "a.txt", "b.txt"):
        np.testing.assert_array_equal(read_labels(tmp_path / name, 5), labels)
        np.testing.assert_array_equal(read_labels(tmp_path / name, 3, at_least=True), labels[:3])


def test_broken_labels(tmp_path):
    path = tmp_path / "labels.txt"
    path.write_text("1\n" * 19)
    assert message(read_labels, path, 20) == "labels.txt has 19 labels for 20 samples"
    assert message(read_labels, path, 20, at_least=True) == "labels.txt has 19 labels for 20 samples"
    assert message(read_labels, path, 18) == "labels.txt has 19 labels for 18 samples"
    path.write_text("1\n\nshirt\n")
    assert message(read_labels, path, 2) == f"{path} line 3: expected a label or 'name label', found 'shirt'"
    np.save(tmp_path / "a.npy", IMAGES)
    assert message(read_labels, tmp_path / "a.npy", 5) == (
        f"{tmp_path / 'a.npy'}: expected labels of shape (N,), the array has 3 dimensions"
    )
    np.save(tmp_path / "a.npy", np.array([1, 2.5]))
    assert (
        message(read_labels, tmp_path / "a.npy", 2)
        == f"{tmp_path / 'a.npy'}: labels must be whole numbers from 0, found 2.5"
    )


@pytest.mark.skipif(not SHARED.exists(), reason="no ../shared/data beside the project")
def test_shared_data():
    recordings = read_samples(SHARED / "nmnist", (2, 34, 34), EVENTS)
    labels = read_labels(SHARED / "nmnist/labels.txt", len(recordings))
    assert labels.tolist() == [7, 2, 1, 0, 4, 1, 4, 9, 5, 9, 0, 6, 9, 0, 1, 5, 9, 7, 3, 4]
    assert len(recordings) == 20
    assert all(
        isinstance(r, Events) and (np.diff(r.t_us) >= 0).all() and r.t_us[-1] < 400_000 for r in recordings
    )
    drive = np.asarray(
        read_samples(SHARED / "nir/lif_norse.csv", (1, 1, 1), Encoding(kind="planes", steps=1000))
    )
    assert drive.shape == (1, 1000, 1, 1, 1)
    assert drive.sum() == 34
    images = np.asarray(read_samples(SHARED / "fashion_mnist/t10k-images-idx3-ubyte.gz", (1, 28, 28)))
    assert images.shape == (10_000, 1, 28, 28)
    assert (
        np.bincount(read_labels(SHARED / "fashion_mnist/t10k-labels-idx1-ubyte.gz", 10_000)).tolist()
        == [1000] * 10
    )
