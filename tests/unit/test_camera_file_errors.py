"""Recordings that cannot be read or written: every one by its exact message, and damage of any kind
by one line."""

import os
import zipfile
from pathlib import Path

import numpy as np
import pytest

from spikeplane.camera.recording import open_recording, parse_size, write_dat
from spikeplane.errors import SpikeplaneError

PLANES = np.random.default_rng(2).integers(0, 2, (5, 6, 8), np.uint8)


def message(call, *arguments, **options) -> str:
    """The one-line message with which a call fails."""
    with pytest.raises(SpikeplaneError) as error:
        call(*arguments, **options)
    assert "\n" not in str(error.value)
    return str(error.value)


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """Messages name files as they were given: relative to here."""
    monkeypatch.chdir(tmp_path)


def file(name: str, contents: bytes | str | np.ndarray | int) -> Path:
    """A file of bytes, of text, of an array, or of a number of zeros."""
    path = Path(name)
    if isinstance(contents, np.ndarray):
        (np.save if path.suffix == ".npy" else np.savez_compressed)(path, contents)
    elif isinstance(contents, int):
        path.write_bytes(bytes(contents))
    else:
        path.write_bytes(contents.encode() if isinstance(contents, str) else contents)
    return path


@pytest.mark.parametrize(
    "text", ["", "400", "400x", "400x250x2", "-4x3", "4.0x3", "400*250", "٤x٤", "123456x1"]
)
def test_sizes_that_are_none(text):
    assert message(parse_size, text) == f"expected a size WxH in pixels, such as 400x250, found {text!r}"


@pytest.mark.parametrize("text", ["0x250", "400x0", "00x0"])
def test_sizes_of_nothing(text):
    width, height = (int(number) for number in text.split("x"))
    expected = (
        f"a plane is at least 1x1 pixels, found the size {width}x{height}; give --size WxH, such as 400x250"
    )
    assert message(parse_size, text) == expected
    assert message(open_recording, file("clip.dat", 12_500), (width, height)) == expected


def test_files_that_are_none():
    assert message(open_recording, Path("clip.dat"), (400, 250)) == "no file clip.dat"
    assert message(open_recording, Path("clip.npz:spikes")) == "no file clip.npz"
    Path("folder.npz").mkdir()
    kinds = "expected a recording: .dat (raw planes), .npy, .npz, or a .yaml that names one"
    assert message(open_recording, Path("folder.npz")) == f"folder.npz is a folder; {kinds}"
    os.mkfifo("pipe")
    why = "planes are read from anywhere in a recording: save it to a file first"
    assert message(open_recording, Path("pipe"), (8, 6)) == f"pipe is no regular file; {why}"


@pytest.mark.parametrize("name", ["clip.dat", "clip.npy", "clip.npz", "clip.yaml"])
def test_empty_files(name):
    assert message(open_recording, file(name, b""), (8, 6)) == f"{name} is empty"


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser reads every file")
def test_files_that_one_may_not_read():
    file("clip.dat", 6).chmod(0)
    assert message(open_recording, Path("clip.dat"), (8, 6)) == "cannot read clip.dat: Permission denied"


SIZES = {
    (250 * 7813, (400, 250), None): (
        "has 1953250 bytes, no whole number of planes: 400x250 takes 12500 bytes a plane (13000 "
        "with 2 tag bytes after each row); "
        "sizes that fit: --size 250x250"
    ),
    (325_000, (300, 200), None): (
        "has 325000 bytes, no whole number of planes: 300x200 takes 7500 bytes a plane; sizes that "
        "fit: --size 400x250, 416x250"
    ),
    (13_000, (8, 7), None): (
        "has 13000 bytes, no whole number of planes: 8x7 takes 7 bytes a plane; sizes that fit: "
        "--size 400x250, 416x250"
    ),
    (20_000, (400, 250), True): (
        "has 20000 bytes, no whole number of planes: 400x250 takes 13000 bytes a plane with 2 tag "
        "bytes after each row; "
        "sizes that fit: --size 400x400"
    ),
    (12_501, (400, 250), False): (
        "has 12501 bytes, no whole number of planes: 400x250 takes 12500 bytes a plane (13000 with "
        "2 tag bytes after each row); "
        "no common sensor's size fits either: is the file complete?"
    ),
}


@pytest.mark.parametrize(("length", "size", "tagged"), SIZES)
def test_lengths_that_are_no_whole_number_of_planes(length, size, tagged):
    path = file("clip.dat", length)
    assert message(open_recording, path, size, tagged=tagged) == f"clip.dat {SIZES[length, size, tagged]}"


@pytest.mark.parametrize(("length", "size", "tagged"), [key for key in SIZES if key[0] != 12_501])
def test_the_suggested_sizes_fit(length, size, tagged):
    path = file("clip.dat", length)
    for suggestion in message(open_recording, path, size, tagged=tagged).split("--size ")[1].split(", "):
        assert len(open_recording(path, parse_size(suggestion))) > 0


def test_raw_planes_without_a_size():
    raw = "is taken for raw planes, which do not tell their size: give --size WxH"
    assert (
        message(open_recording, file("clip.dat", 301 * 12_500))
        == f"clip.dat {raw} (sizes that fit its 3762500 bytes: 400x250)"
    )
    assert (
        message(open_recording, file("clip.mp4", 12_501))
        == f"clip.mp4 {raw} (no common sensor's size fits its 12501 bytes)"
    )


def test_planes_that_are_not_there():
    write_dat(Path("clip.dat"), np.zeros((301, 6, 8)))
    recording = open_recording(Path("clip.dat"), (8, 6))
    end = "the recording has 301 planes, 0 to 300"
    assert message(recording.read, 400, 401) == f"plane 400 is beyond the end: {end}"
    assert message(recording.read, 301, 302) == f"plane 301 is beyond the end: {end}"
    assert message(recording.read, 299, 310) == f"plane 309 is beyond the end: {end}"
    assert message(recording.read, -1, 3) == f"plane -1 is before the start: {end}"
    assert message(recording.read, 9, 3) == f"planes 9 to 3 run backwards; {end}"
    assert message(recording.chunks, 0, 302) == f"plane 301 is beyond the end: {end}"
    assert message(recording.chunks, planes=0) == "a chunk takes at least 1 plane, found 0"
    write_dat(Path("one.dat"), np.zeros((6, 8))[None])
    assert (
        message(open_recording(Path("one.dat"), (8, 6)).read, 1, 2)
        == "plane 1 is beyond the end: the recording has 1 plane, 0"
    )
    recording.close()
    assert message(recording.read, 0, 1) == "clip.dat was closed; open it again"


def test_a_recording_cut_while_it_is_open():
    write_dat(Path("clip.dat"), np.zeros((301, 6, 8)))
    recording = open_recording(Path("clip.dat"), (8, 6))
    os.truncate("clip.dat", 600)
    assert recording.read(0, 100).shape == (100, 6, 8)
    cut = message(recording.read, 90, 110)
    assert cut.startswith("clip.dat cannot be read any more, was it cut or replaced? (")


@pytest.mark.parametrize("name", ["clip.npy", "clip.npz"])
@pytest.mark.parametrize(
    ("array", "says"),
    [
        (PLANES[0], ": expected planes of the shape (T, H, W), the array has the shape (6, 8)"),
        (PLANES[:, None], ": expected planes of the shape (T, H, W), the array has the shape (5, 1, 6, 8)"),
        (np.array(1), ": expected planes of the shape (T, H, W), the array has the shape ()"),
        (PLANES[:0], " holds no planes: its shape (T, H, W) is (0, 6, 8)"),
        (
            PLANES.astype("U1"),
            ": expected planes of bools or of the integers 0 and 1, found elements of type <U1",
        ),
        (
            PLANES.astype(object),
            ": expected planes of bools or of the integers 0 and 1, found elements of type object",
        ),
        (
            PLANES.astype(complex),
            ": expected planes of bools or of the integers 0 and 1, found elements of type complex128",
        ),
    ],
)
def test_arrays_that_are_no_planes(name, array, says):
    member = ":arr_0" if name.endswith("z") else ""
    assert message(open_recording, file(name, array)) == f"{name}{member}{says}"


@pytest.mark.parametrize(
    ("dtype", "value", "text"),
    [
        (np.uint8, 255, "255"),
        (np.int16, -1, "-1"),
        (np.uint64, 2**63, "9223372036854775808"),
        (float, 0.5, "0.5"),
        (float, np.nan, "nan"),
    ],
)
@pytest.mark.parametrize("order", ["C", "F"])
def test_values_besides_0_and_1(dtype, value, text, order):
    array = np.asarray(PLANES.astype(dtype), order=order)
    array[3, 2, 1] = value
    says = f"planes hold 0 and 1 only, found {text} in plane 3"
    recording = open_recording(file("clip.npy", array))
    np.testing.assert_array_equal(recording.read(0, 3), PLANES[:3])  # the others can be read
    assert message(recording.read, 2, 5) == f"clip.npy: {says}"
    assert message(list, recording.chunks(planes=2)) == f"clip.npy: {says}"
    packed = file("clip.npz", array)
    assert message(open_recording(packed).read, 0, 5) == f"clip.npz:arr_0: {says}"
    assert message(write_dat, Path("out.dat"), array) == f"out.dat: {says}"
    assert not Path("out.dat").exists()


def test_several_arrays_are_listed():
    np.savez("clip.npz", labels=np.arange(4), spikes=PLANES, flow=np.zeros((5, 2, 6, 8)))
    listed = "labels (4,), spikes (5, 6, 8), flow (5, 2, 6, 8)"
    assert (
        message(open_recording, Path("clip.npz"))
        == f"clip.npz holds 3 arrays: {listed}; name one, such as clip.npz:spikes"
    )
    assert (
        message(open_recording, Path("clip.npz:images"))
        == f"clip.npz holds no array called images; it holds {listed}"
    )
    np.savez("none.npz")
    assert (
        message(open_recording, Path("none.npz"))
        == "none.npz holds no array; expected one of the shape (T, H, W)"
    )


def test_arrays_of_another_size():
    for name in ("clip.npy", "clip.npz"):
        says = message(open_recording, file(name, PLANES), (6, 8))
        assert says == f"{name} holds planes of 8x6 pixels, --size says 6x8"
    file("clip.yaml", "filename: clip.npy\nspike_w: 6\nspike_h: 8\n")
    assert (
        message(open_recording, Path("clip.yaml"))
        == "clip.npy holds planes of 8x6 pixels, clip.yaml says 6x8"
    )


def test_truncated_arrays():
    whole = file("clip.npy", PLANES).read_bytes()
    says = "clip.npy is truncated: planes of the shape (5, 6, 8) take 240 bytes, found 200"
    assert message(open_recording, file("clip.npy", whole[:-40])) == says
    says = "clip.npy is no readable .npy file: EOF: reading array header, expected 118 bytes got 90"
    assert message(open_recording, file("clip.npy", whole[:100])) == says
    assert message(open_recording, file("clip.npy", b"PLANES")).startswith(
        "clip.npy is no readable .npy file: EOF: reading magic"
    )
    packed = file("clip.npz", PLANES).read_bytes()
    assert (
        message(open_recording, file("clip.npz", packed[:-40]))
        == "clip.npz is no readable .npz file: File is not a zip file"
    )
    with zipfile.ZipFile("clip.npz", "w") as archive:
        archive.writestr("spikes.npy", whole[:-40])
    says = "clip.npz:spikes is truncated: planes of the shape (5, 6, 8) take 240 bytes, found 200"
    assert message(open_recording, Path("clip.npz")) == says


@pytest.mark.parametrize("name", ["clip.npy", "stored.npz", "clip.npz", "clip.yaml"])
def test_damage_of_any_kind_is_one_line(name):
    """Bytes changed, cut and repeated: planes come out, or one line."""
    write_dat(Path("clip.dat"), PLANES)
    path = Path(name)
    if name == "stored.npz":
        np.savez(path, spikes=PLANES)
    else:
        file(name, "filename: clip\nspike_w: 8\nspike_h: 6\n" if name == "clip.yaml" else PLANES)
    whole, rng, refused = path.read_bytes(), np.random.default_rng(8), []
    for _ in range(300):
        data = bytearray(whole)
        for place in rng.integers(0, len(data), rng.integers(1, 5)):
            data[place] = rng.integers(256)
        data = data[: rng.integers(len(data))] if rng.random() < 0.2 else data
        path.write_bytes(data)
        try:
            with open_recording(path) as recording:
                assert set(np.unique(recording.read(0, len(recording)))) <= {0, 1}
        except SpikeplaneError as error:
            refused.append(str(error))
    assert len(refused) > 100
    assert "\n" not in "".join(refused)


SIZE_KEYS = "expected spike_w and spike_h (or width and height, or size: WxH)"
YAMLS = {
    "a: [1, 2": "clip.yaml is no readable YAML file: expected ',' or ']', but got '<stream end>' in line 1",
    "a: 1\n\tb: 2": (
        "clip.yaml is no readable YAML file: found character '\\t' that cannot start any token in line 2"
    ),
    "just text": f"clip.yaml: {SIZE_KEYS}, found no keys at all",
    "{}": f"clip.yaml: {SIZE_KEYS}, found the keys none",
    "filename: clip\nspike_w: 8\n": f"clip.yaml: {SIZE_KEYS}, found the keys filename, spike_w",
    "spike_w: 8\nspike_h: six": "clip.yaml: expected spike_w and spike_h in pixels, found 8 and 'six'",
    "width: 8\nheight: true": "clip.yaml: expected width and height in pixels, found 8 and True",
    "size: 8x6x5": "clip.yaml: expected a size WxH in pixels, such as 400x250, found '8x6x5'",
    "spike_w: 0\nspike_h: 6": (
        "clip.yaml: a plane is at least 1x1 pixels, found the size 0x6; give --size WxH, such as 400x250"
    ),
    "size: 8x6\npath: [1]": "clip.yaml: expected the recording's path as text, found [1]",
    "size: 8x6\npath: clip.yaml": "clip.yaml names clip.yaml as its recording; expected a .dat, .npy or .npz",
    "size: 8x6\npath: no.dat": (
        "clip.yaml names no.dat, which is no file; open a recording itself: a.dat, b/c.dat"
    ),
    "size: 8x6": (
        "clip.yaml names no recording (filename, filepath or path); open a recording itself: a.dat, b/c.dat"
    ),
    "size: 8x6\npath: folder": "clip.yaml names folder, which is a folder, and there is no .dat in it",
    "size: 7x6\npath: a": "a.dat has 7 bytes, no whole number of planes: 7x6 (clip.yaml) takes 6 "
    "bytes a plane; no common sensor's size "
    "fits either: is the file complete?",
    "size: 8x6\npath: empty": "empty.dat is empty",
}


@pytest.mark.parametrize("text", YAMLS)
def test_side_files_that_lead_nowhere(text):
    file("a.dat", 7)
    Path("b").mkdir()
    file("b/c.dat", 6)
    Path("folder").mkdir()
    path = file("clip.yaml", text)
    if "empty" in text:
        file("empty.dat", 0)
    assert message(open_recording, path) == YAMLS[text]


def test_side_files_that_contradict():
    write_dat(Path("clip.dat"), PLANES)
    path = file("clip.yaml", "filename: clip\nspike_w: 8\nspike_h: 6\n")
    assert (
        message(open_recording, path, (6, 8))
        == "clip.yaml gives the size 8x6, --size says 6x8; leave --size out"
    )
    file("clip.yaml", b"\xff\xfe\x00")
    assert message(open_recording, Path("clip.dat")).startswith("clip.yaml is no readable YAML file: ")


def test_planes_that_cannot_be_written():
    out = Path("out.dat")
    assert message(write_dat, out, []) == "no plane to write to out.dat"
    assert message(write_dat, out, PLANES[:0]) == "no plane to write to out.dat"
    says = "out.dat: plane 5 has 6x8 pixels, the planes before it 8x6"
    assert message(write_dat, out, [PLANES, PLANES.swapaxes(1, 2)]) == says
    says = "expected planes (H, W) or chunks of planes (n, H, W), found an array of the shape (6,)"
    assert message(write_dat, out, PLANES[0, 0][None, :6]) == says
    says = "out.dat: expected planes of bools or of the integers 0 and 1, found elements of type <U1"
    assert message(write_dat, out, PLANES.astype("U1")) == says
    assert list(Path().iterdir()) == []
    assert (
        message(write_dat, file("a", b"a") / "out.dat", PLANES) == "cannot write a/out.dat: Not a directory"
    )
    Path("folder").mkdir()
    assert message(write_dat, Path("folder"), PLANES) == "cannot write folder: Is a directory"
