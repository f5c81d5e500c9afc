"""Recordings of spike cameras: every file format there and back, lazily; the camera's own orientation."""

import subprocess
import sys
import tempfile
import zipfile
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.lib import format as npy
from PIL import Image

from spikeplane.camera.recording import Recording, open_recording, parse_size, write_dat
from spikeplane.errors import SpikeplaneError

CLIPS = Path(__file__).parents[2] / "../shared/data/spike_camera"
VIDAR = (400, 250)


def planes(count: int, width: int, height: int, seed: int = 5) -> np.ndarray:
    """Random planes (count, height, width)."""
    return np.random.default_rng(seed).integers(0, 2, (count, height, width), np.uint8)


def tagged_bytes(array: np.ndarray, tags: np.ndarray) -> bytes:
    """A raw capture: bottom row first, rows padded to whole bytes, each followed by its two tag
    bytes (planes, rows, 2)."""
    rows = np.packbits(array[:, ::-1], axis=2, bitorder="little")
    return np.concatenate([rows, tags.astype(np.uint8)], axis=2).tobytes()


def all_of(recording: Recording) -> np.ndarray:
    return recording.read(0, len(recording))


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 40), st.integers(1, 12), st.integers(1, 9), st.booleans(), st.integers(0, 99))
def test_raw_planes_come_back_at_any_size(tmp_path_factory, width, height, count, flip, seed):
    path = tmp_path_factory.mktemp("raw") / "clip.dat"
    array = planes(count, width, height, seed)
    assert write_dat(path, array, flip=flip) == count
    assert path.stat().st_size == count * -(-width * height // 8)
    with open_recording(path, (width, height), flip=flip) as recording:
        assert (len(recording), recording.width, recording.height, recording.name) == (
            count,
            width,
            height,
            "clip.dat",
        )
        np.testing.assert_array_equal(all_of(recording), array)
        first, last = sorted(np.random.default_rng(seed).integers(0, count, 2).tolist())
        np.testing.assert_array_equal(recording.read(first, last), array[first:last])
    with open_recording(path, (width, height), flip=not flip) as recording:
        np.testing.assert_array_equal(all_of(recording), array[:, ::-1])


def test_bits_lie_as_cameras_write_them(tmp_path):
    (tmp_path / "clip.dat").write_bytes(bytes([0b00010001, 0b0100010, 0x80, 0x40]))  # two planes of 15 bits
    found = all_of(open_recording(tmp_path / "clip.dat", (3, 5)))
    bottom_first = [
        [[1, 0, 0], [0, 1, 0], [0, 0, 0], [1, 0, 0], [0, 1, 0]],
        [[0, 0, 0], [0, 0, 0], [0, 1, 0], [0, 0, 0], [0, 0, 1]],
    ]
    np.testing.assert_array_equal(found, np.array(bottom_first)[:, ::-1])


@pytest.mark.parametrize("size", [VIDAR, (3, 5), (250, 250)])
@pytest.mark.parametrize("flip", [True, False])
def test_what_is_read_is_contiguous_writable_and_uint8(tmp_path, size, flip):
    write_dat(tmp_path / "clip.dat", planes(4, *size))
    np.save(tmp_path / "clip.npy", planes(4, *size))
    for path in (tmp_path / "clip.dat", tmp_path / "clip.npy"):
        found = open_recording(path, size, flip=flip).read(1, 3)
        assert found.dtype == np.uint8
        assert found.flags.c_contiguous
        assert found.flags.writeable
        assert found.strides == (size[0] * size[1], size[0], 1)


def test_chunks_cover_the_recording_once(tmp_path):
    array = planes(10, 16, 4)
    write_dat(tmp_path / "clip.dat", array)
    recording = open_recording(tmp_path / "clip.dat", (16, 4))
    assert [len(chunk) for chunk in recording.chunks(planes=4)] == [4, 4, 2]
    np.testing.assert_array_equal(np.concatenate(list(recording.chunks(planes=4))), array)
    np.testing.assert_array_equal(np.concatenate(list(recording.chunks(3, 8, 2))), array[3:8])
    assert len(list(recording.chunks(3, 3))) == 0


def test_planes_are_written_singly_in_chunks_and_as_any_type(tmp_path):
    array = planes(7, 5, 3)
    mixed = [
        array[0].astype(bool),
        array[1:4].astype(np.int64),
        np.zeros((0, 3, 5)),
        array[4:].astype(np.float32),
    ]
    assert write_dat(tmp_path / "clip.dat", iter(mixed)) == 7
    np.testing.assert_array_equal(all_of(open_recording(tmp_path / "clip.dat", (5, 3))), array)
    assert write_dat(tmp_path / "new/folder/clip.bin", array) == 7
    assert (tmp_path / "new/folder/clip.bin").read_bytes() == (tmp_path / "clip.dat").read_bytes()


TAGS = {
    "of the plane": lambda count: (
        np.broadcast_to(np.arange(count)[:, None, None] + np.array([0, 7]), (count, 250, 2)) % 256
    ),
    "of the row": lambda count: np.broadcast_to(
        np.stack([np.arange(250), np.full(250, 0xA5)], 1), (count, 250, 2)
    ),
    "counting on": lambda count: np.arange(count * 250, dtype=">u2").view(np.uint8).reshape(count, 250, 2),
}


@pytest.mark.parametrize("tags", TAGS)
@pytest.mark.parametrize("count", [3, 25])  # the length of 25 tagged planes is that of 26 plain ones
def test_tagged_captures_are_recognised(tmp_path, tags, count):
    array = planes(count, *VIDAR)
    (tmp_path / "clip.dat").write_bytes(tagged_bytes(array, TAGS[tags](count)))
    for tagged in (None, True):
        np.testing.assert_array_equal(
            all_of(open_recording(tmp_path / "clip.dat", VIDAR, tagged=tagged)), array
        )
    upside_down = open_recording(tmp_path / "clip.dat", VIDAR, flip=False)
    np.testing.assert_array_equal(all_of(upside_down), array[:, ::-1])


def spot() -> np.ndarray:
    """Dark planes with a lit spot that no misread tag falls on."""
    array = np.zeros((26, 250, 400), np.uint8)
    array[:, -1, 8:40] = 1
    return array


@pytest.mark.parametrize(
    "array",
    [planes(26, *VIDAR), np.zeros((26, 250, 400)), np.ones((26, 250, 400)), spot()],
    ids=["noise", "dark", "lit", "spot"],
)
def test_plain_planes_are_not_taken_for_tagged(tmp_path, array):
    write_dat(tmp_path / "clip.dat", array)
    assert (tmp_path / "clip.dat").stat().st_size % 13_000 == 0
    np.testing.assert_array_equal(all_of(open_recording(tmp_path / "clip.dat", VIDAR)), array)
    assert len(open_recording(tmp_path / "clip.dat", VIDAR, tagged=True)) == 25


def test_rows_of_other_sizes_are_tagged_on_request(tmp_path):
    array = planes(6, 13, 4)
    (tmp_path / "clip.raw").write_bytes(tagged_bytes(array, np.full((6, 4, 2), 9)))
    np.testing.assert_array_equal(all_of(open_recording(tmp_path / "clip.raw", (13, 4), tagged=True)), array)


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.int8, np.int64, ">i4", np.float32])
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("save", ["npy", "stored", "compressed"])
def test_arrays_come_back(tmp_path, dtype, order, save):
    array = planes(9, 25, 10)
    stored = np.asarray(array.astype(dtype), order=order)
    path = tmp_path / f"clip.{'npy' if save == 'npy' else 'npz'}"
    if save == "npy":
        np.save(path, stored)
    elif save == "stored":
        np.savez(path, spikes=stored)
    else:
        np.savez_compressed(path, spikes=stored)
    for flip in (True, False):  # arrays lie as images do
        with open_recording(path, (25, 10), flip=flip) as recording:
            np.testing.assert_array_equal(all_of(recording), array)
            np.testing.assert_array_equal(np.concatenate(list(recording.chunks(2, 8, 4))), array[2:8])
    assert open_recording(path).name == path.name


def test_one_of_several_arrays_is_chosen_by_name(tmp_path):
    array = planes(5, 8, 6)
    np.savez(tmp_path / "clip.npz", labels=np.arange(5), spikes=array, flow=np.zeros((5, 2, 6, 8)))
    recording = open_recording(tmp_path / "clip.npz:spikes")
    np.testing.assert_array_equal(all_of(recording), array)
    assert recording.name == "clip.npz:spikes"


SIDE_FILES = {
    "of SpikeCV": (
        "filename: clip\nspike_w: 24\nspike_h: 7\nis_labeled: false\nlabeled_data_type: "
        "[0]\nlabeled_data_suffix: None\n"
    ),
    "with a path": "filepath: ./clip.dat\nspike_w: 24\nspike_h: 7\n",
    "of one's own": "path: clip.dat\nsize: 24x7\n",
    "without a path": "width: 24\nheight: 7\n",
    "of a dataset": "filename: A dataset's name\nwidth: 24\nheight: 7\n",
}


@pytest.mark.parametrize("text", SIDE_FILES.values(), ids=SIDE_FILES)
def test_side_files_name_size_and_recording(tmp_path, text):
    array = planes(5, 24, 7)
    write_dat(tmp_path / "clip.dat", array)
    for name in ("clip.yml", "config.yaml"):  # of the recording's name, or of its folder
        (tmp_path / name).write_text(text)
        for path in (tmp_path / name, tmp_path / "clip.dat"):
            np.testing.assert_array_equal(all_of(open_recording(path)), array)
        np.testing.assert_array_equal(
            all_of(open_recording(tmp_path / name, (24, 7), flip=False)), array[:, ::-1]
        )
        (tmp_path / name).unlink()


def test_the_config_of_a_dataset_gives_the_size_of_what_lies_below(tmp_path):
    array = planes(5, 24, 7)
    write_dat(tmp_path / "classA/car.dat", array)
    write_dat(tmp_path / "classB/one/train.dat", array[:2])
    (tmp_path / "classA/config.yaml").write_text("learning_rate: 0.1\n")  # of something else: passed over
    (tmp_path / "config.yaml").write_text("filename: recVidarReal2019\nspike_w: 24\nspike_h: 7\n")
    np.testing.assert_array_equal(all_of(open_recording(tmp_path / "classA/car.dat")), array)
    np.testing.assert_array_equal(all_of(open_recording(tmp_path / "classB/one/train.dat")), array[:2])
    assert open_recording(tmp_path / "classA/car.dat", (7, 24)).width == 7  # what is asked for comes first


def test_a_config_that_names_another_file_is_passed_over(tmp_path):
    write_dat(tmp_path / "clip.dat", planes(2, 24, 7))
    write_dat(tmp_path / "other.dat", planes(2, 24, 7))
    (tmp_path / "config.yaml").write_text("filename: other\nspike_w: 24\nspike_h: 7\n")
    assert open_recording(tmp_path / "other.dat").width == 24
    with pytest.raises(SpikeplaneError, match=r"give --size WxH"):
        open_recording(tmp_path / "clip.dat")


def test_a_side_file_may_name_an_array(tmp_path):
    np.save(tmp_path / "clip.npy", planes(5, 24, 7))
    (tmp_path / "clip.yaml").write_text("filename: clip.npy\nspike_w: 24\nspike_h: 7\n")
    np.testing.assert_array_equal(all_of(open_recording(tmp_path / "clip.yaml")), planes(5, 24, 7))


@pytest.mark.parametrize(
    ("text", "size"), [("400x250", VIDAR), (" 1000X1000 ", (1000, 1000)), ("3×5", (3, 5))]
)
def test_sizes_are_parsed(text, size):
    assert parse_size(text) == size


def limited(script: str, *arguments: object, room: int) -> str:
    """What a script prints that may map at most `room` bytes more than it has when it imported what
    it uses."""
    limit = (
        "import sys, resource, numpy as np\nfrom pathlib import Path\nfrom "
        "spikeplane.camera.recording import open_recording, write_dat\n"
        "pages = int(Path('/proc/self/statm').read_text().split()[0])\n"
        f"resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + {room},) * 2)\n"
    )
    command = [sys.executable, "-c", limit + script, *map(str, arguments)]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=120).stdout.strip()


needs_proc = pytest.mark.skipif(
    not Path("/proc/self/statm").exists(), reason="measures memory by /proc, which is not here"
)


@needs_proc
def test_a_recording_larger_than_memory_opens_and_reads(tmp_path):
    path = tmp_path / "long.dat"
    with path.open("wb") as file:  # 8 GB, of which the disk holds a page
        file.truncate(640_000 * 12_500)
        file.seek(600_000 * 12_500)
        file.write(b"\x01")
    script = (
        "r = open_recording(Path(sys.argv[1]), (400, 250)); print(len(r), "
        "np.argwhere(r.read(600_000, 600_001)).tolist())"
    )
    assert limited(script, path, room=64 << 20) == "640000 [[0, 249, 0]]"


@needs_proc
def test_a_pass_takes_the_memory_of_a_chunk(tmp_path):
    def npz(dtype: type, compression: int) -> None:
        with (
            zipfile.ZipFile(tmp_path / "long.npz", "w", compression) as archive,
            archive.open("spikes.npy", "w") as file,
        ):
            npy.write_array_header_1_0(
                file, {"descr": np.dtype(dtype).str, "fortran_order": False, "shape": (2_000, 250, 400)}
            )
            for _ in range(2_000):
                file.write(np.eye(250, 400, dtype=dtype).tobytes())

    script = (
        "r = open_recording(Path(sys.argv[1]))\n"
        "print(sum(int(c.sum()) for c in r.chunks()))\n"
        "print(write_dat(Path(sys.argv[2]), r.chunks()))"
    )
    for compression in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        npz(np.uint8, compression)  # 200 MB
        assert limited(script, tmp_path / "long.npz", tmp_path / "out.dat", room=64 << 20) == "500000\n2000"
        assert (tmp_path / "out.dat").stat().st_size == 2_000 * 12_500


@pytest.mark.parametrize("clip", ["reds_200_part1", "reds_203_part1"])
class TestRealClips:
    """Against the true image at plane 150, whose full scale is 0.6 spikes a plane."""

    @pytest.fixture
    def path(self, clip):
        if not CLIPS.exists():
            pytest.skip("the spike-camera clips are not at ../shared/data/spike_camera")
        return CLIPS / f"{clip}.dat"

    def test_they_stand_upright(self, path, clip):
        with Image.open(CLIPS / f"{clip}_plane150.png") as image:
            true = np.asarray(image.convert("L"), float) / 255 * 0.6
        error, correlation = {}, {}
        for flip in (True, False):
            rate = open_recording(path, VIDAR, flip=flip).read(140, 161).mean(0)
            error[flip] = np.square(rate - true).mean()
            correlation[flip] = np.corrcoef(rate.ravel(), true.ravel())[0, 1]
        assert correlation[True] > 0.9 > correlation[False] + 0.2
        assert error[True] < error[False] / 4

    def test_they_are_rewritten_byte_for_byte(self, path, tmp_path, clip):
        recording = open_recording(path, VIDAR)
        assert len(recording) == 301
        assert 0.2 < np.mean([chunk.mean() for chunk in recording.chunks()]) < 0.6
        write_dat(tmp_path / "clip.dat", recording.chunks(planes=50))
        assert (tmp_path / "clip.dat").read_bytes() == path.read_bytes()


def test_nothing_of_a_failed_write_stays(tmp_path):
    def breaks_off():
        yield planes(3, 8, 8)
        raise RuntimeError("the sensor's cable")

    path = tmp_path / "clip.dat"
    path.write_bytes(b"before")
    with pytest.raises(RuntimeError):
        write_dat(path, breaks_off())
    with pytest.raises(SpikeplaneError):
        write_dat(path, [planes(3, 8, 8), planes(3, 8, 9)])
    assert path.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [path]


def test_a_compressed_recording_leaves_no_temporary_file(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    data = BytesIO()
    np.savez_compressed(data, planes(9, 25, 10))
    (tmp_path / "clip.npz").write_bytes(data.getvalue())
    recording = open_recording(tmp_path / "clip.npz")
    assert list((tmp_path / "temporary").iterdir()) == []
    np.testing.assert_array_equal(all_of(recording), planes(9, 25, 10))
