"""`spikeplane record` as a user meets it: clips that read back, the true image, and what each bad
input says, to the letter."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from spikeplane.camera.recording import open_recording
from spikeplane.cli import main
from spikeplane.errors import SpikeplaneError
from spikeplane.toolchain import ffmpeg

HEIGHT, WIDTH = 30, 44


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with an image, an array of frames, and files that are neither."""
    monkeypatch.chdir(tmp_path)
    image = np.add.outer(np.arange(HEIGHT) * 4, np.arange(WIDTH) * 3).astype(np.uint8)
    Image.fromarray(image).save("a.png")
    np.save("frames.npy", np.stack([image, image // 2, image]))
    np.save("floats.npy", image * 1.0)
    np.savez("two.npz", a=image, b=image)
    Path("cut.png").write_bytes(Path("a.png").read_bytes()[:60])
    Path("text.txt").write_text("no image")
    Path("text.mp4").write_text("no video")
    Path("folder").mkdir()
    return tmp_path


def call(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture, *arguments: str
) -> tuple[int, str, str]:
    """Exit status, stdout and stderr of one command."""
    monkeypatch.setattr(sys, "argv", ["spikeplane", "record", *arguments])
    capsys.readouterr()
    with pytest.raises(SystemExit) as left:
        main()
    captured = capsys.readouterr()
    return int(left.value.code or 0), captured.out, captured.err


def read(path: str, *, flip: bool = True) -> np.ndarray:
    """uint8 (T, H, W) of a clip of the test image's size."""
    with open_recording(Path(path), None if path.endswith(".npy") else (WIDTH, HEIGHT), flip=flip) as clip:
        return clip.read(0, len(clip))


def needs_ffmpeg() -> str:
    try:
        return ffmpeg()
    except SpikeplaneError as error:
        pytest.skip(str(error))


def test_an_image(place, monkeypatch, capsys) -> None:
    status, out, err = call(
        monkeypatch, capsys, "a.png", "-o", "new/clip.dat", "--planes", "500", "--truth", "t.png"
    )
    assert (status, err) == (0, "")
    planes = read("new/clip.dat")
    image = np.asarray(Image.open("a.png"))
    assert planes.shape == (500, HEIGHT, WIDTH)
    assert (np.abs(planes.sum(0, dtype=int) - image / 255 * 0.6 * 500) < 1).all()
    assert np.array_equal(np.asarray(Image.open("t.png")), image)
    lines = out.splitlines()
    assert lines[:3] == [
        f"size       {WIDTH}x{HEIGHT}",
        "planes     500 (25 ms at 20,000 planes/s)",
        f"mean rate  {planes.mean():.4f} spikes a pixel and plane",
    ]
    assert lines[3].startswith("written    new/clip.dat, 82,500 bytes, ")
    assert lines[4:] == [
        "truth      t.png, plane 250",
        f"next       spikeplane reconstruct new/clip.dat --size {WIDTH}x{HEIGHT} --method auto "
        "--plane 250 --compare t.png "
        "-o new/clip-reconstructed.png",
    ]


def test_formats_hold_the_same_planes(place, monkeypatch, capsys) -> None:
    options = (
        "a.png",
        "--planes",
        "70",
        "--threshold-noise",
        "0.05",
        "--gain-spread",
        "0.1",
        "--dark-current",
        "0.01",
    )
    for output in (("x.dat",), ("x.npy",), ("y.dat", "--no-flip"), ("z.npy", "--seed", "1")):
        assert call(monkeypatch, capsys, *options, "-o", *output)[0] == 0
    planes = read("x.dat")
    assert np.array_equal(planes, read("x.npy"))
    assert np.array_equal(planes, read("y.dat", flip=False))
    assert np.array_equal(planes[:, ::-1], read("y.dat"))
    assert not np.array_equal(planes, read("z.npy"))


@pytest.mark.parametrize("motion", ["pan", "circle"])
def test_a_moving_window(place, monkeypatch, capsys, motion) -> None:
    moved = ("--motion", motion, "--speed", "50", "--size", "24x20", "--planes", "300")
    status, _, err = call(
        monkeypatch, capsys, "a.png", "-o", "m.npy", *moved, "--truth", "t.png", "--truth-plane", "200"
    )
    assert (status, err) == (0, "")
    way = 200 * 50 / 1000
    if motion == "pan":
        x, y = np.array([20, 10]) / np.hypot(20, 10) * way
    else:
        x, y = 10 + 5 * np.cos(way / 5), 5 + 5 * np.sin(way / 5)
    expected = np.add.outer((np.arange(20) + y) * 4, (np.arange(24) + x) * 3)
    # an image that is a slope is moved exactly
    assert np.abs(np.asarray(Image.open("t.png")) - expected).max() <= 0.51
    assert read("m.npy").shape == (300, 20, 24)


def test_the_default_window_is_three_quarters(place, monkeypatch, capsys) -> None:
    assert call(monkeypatch, capsys, "a.png", "-o", "m.npy", "--motion", "pan", "--planes", "3")[0] == 0
    assert read("m.npy").shape == (3, 22, 33)


def test_frames(place, monkeypatch, capsys) -> None:
    status, out, _ = call(
        monkeypatch, capsys, "frames.npy", "-o", "f.npy", "--planes-per-frame", "100", "--truth", "t.png"
    )
    assert (status, out.splitlines()[1]) == (0, "planes     201 (10.05 ms at 20,000 planes/s)")
    image = np.asarray(Image.open("a.png")).astype(int)
    assert np.abs(np.asarray(Image.open("t.png")) - image // 2).max() == 0
    assert np.abs(read("f.npy").sum(0) - 0.6 * 201 * 0.75 * image / 255).max() < 2
    assert call(monkeypatch, capsys, "frames.npy", "-o", "f.npy", "--planes", "25", "--size", "22x15")[0] == 0
    assert read("f.npy").shape == (25, 15, 22)


def test_a_video(place, monkeypatch, capsys) -> None:
    for i, level in enumerate((250, 130, 10)):
        Image.fromarray(np.full((HEIGHT, WIDTH), level, np.uint8)).save(f"v{i}.png")
    command = [needs_ffmpeg(), "-v", "error", "-i", "v%d.png", "-c:v", "ffv1", "-pix_fmt", "gray", "v.mkv"]
    subprocess.run(command, check=True)
    truth = ("--truth", "t.png", "--truth-plane")
    status, out, err = call(
        monkeypatch, capsys, "v.mkv", "-o", "v.dat", "--planes-per-frame", "40", *truth, "50"
    )
    assert (status, err, out.splitlines()[1]) == (0, "", "planes     81 (4.05 ms at 20,000 planes/s)")
    assert (np.asarray(Image.open("t.png")) == 100).all()
    expected = 0.6 * sum(np.interp(t, [0, 40, 80], [250, 130, 10]) for t in range(81)) / 255
    assert (np.abs(read("v.dat").sum(0, dtype=int) - expected) < 1.01).all()
    before = sorted(os.listdir())
    status, out, err = call(monkeypatch, capsys, "v.mkv", "-o", "w.dat", *truth[:1], "u.png", truth[2], "50")
    assert (status, out, err) == (2, "", "error: --truth-plane 50 is beyond the end: there are 41 planes\n")
    status, out, err = call(monkeypatch, capsys, "v.mkv", "-o", "w.dat", *truth[:2])
    assert (status, err) == (
        2,
        "error: --truth of a video needs --truth-plane: its length is known at its end only\n",
    )
    status, out, err = call(monkeypatch, capsys, "v.mkv", "-o", "w.dat", "--motion", "pan")
    assert (status, err) == (2, "error: --motion moves over one image, v.mkv holds a video: leave it out\n")
    status, out, err = call(monkeypatch, capsys, "text.mp4", "-o", "w.dat")
    assert (status, out, err) == (
        2,
        "",
        "error: text.mp4 is no readable video: Invalid data found when processing input\n",
    )
    assert sorted(os.listdir()) == before


def test_a_video_without_ffmpeg(place, monkeypatch, capsys) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", None)
    status, out, err = call(monkeypatch, capsys, "text.mp4", "-o", "w.dat")
    assert (status, out, err) == (
        2,
        "",
        "error: video needs ffmpeg, not found: apt-get install ffmpeg, or pip install 'spikeplane[video]'\n",
    )
    assert not Path("w.dat").exists()


OUT = ("-o", "w.dat")
SUFFIXES = ".mp4, .m4v, .mov, .mkv, .webm, .avi, .mpg, .mpeg, .ogv, .ts, .wmv, .y4m"
REFUSED = [
    (("none.png", *OUT), "no file none.png"),
    (("none.mp4", *OUT), "no file none.mp4"),
    (("folder", *OUT), "folder is a folder; expected an image, a video or an array"),
    (("text.txt", *OUT), f"text.txt is no image that Pillow reads, nor .npy, .npz or {SUFFIXES}"),
    (("cut.png", *OUT), "cut.png is no readable image: image file is truncated"),
    (
        ("floats.npy", *OUT),
        "floats.npy: light: floats must lie in 0..1, found 0..245; scale them, or store uint8",
    ),
    (
        ("two.npz", *OUT),
        "two.npz holds the arrays a, b; expected one array, or one called light, frames or images",
    ),
    (("a.png", "-o", "w.mp4"), "--output is a .dat or a .npy file, not 'w.mp4'"),
    (("a.png", "-o", "w"), "--output is a .dat or a .npy file, not 'w'"),
    (("a.png", "-o", "text.txt/w.dat"), "cannot write text.txt/w.dat: Not a directory"),
    (("frames.npy", "-o", "frames.npy"), "frames.npy is what is recorded; write to another file"),
    (("a.png", *OUT, "--truth", "a.png"), "a.png is what is recorded; write to another file"),
    (
        ("a.png", "-o", "w.npy", "--no-flip"),
        "--no-flip is for .dat files only: arrays have the first row first",
    ),
    (("a.png", *OUT, "--planes", "0"), "--planes must be 1 or more, not 0"),
    (("frames.npy", *OUT, "--planes-per-frame", "0"), "--planes-per-frame must be 1 or more, not 0"),
    (("a.png", *OUT, "--speed", "0"), "--speed must be more than 0 pixels per 1000 planes, not 0"),
    (("a.png", *OUT, "--size", "400"), "expected a size WxH in pixels, such as 400x250, found '400'"),
    (
        ("a.png", *OUT, "--size", "9999x9999"),
        "planes of 9999x9999 are too large, 16,777,216 pixels at most: use a smaller --size",
    ),
    (("a.png", *OUT, "--motion", "zoom"), "--motion is none, pan or circle, not 'zoom'"),
    (
        ("frames.npy", *OUT, "--motion", "pan"),
        "--motion moves over one image, frames.npy holds 3 frames: leave it out",
    ),
    (
        ("a.png", *OUT, "--motion", "pan", "--size", "45x30"),
        "a window of 45x30 does not fit the image of 44x30: use a smaller --size",
    ),
    (
        ("a.png", *OUT, "--motion", "circle", "--size", "40x30"),
        "--motion circle has no room: the window is 40x30, the image 44x30; use a smaller --size",
    ),
    (("a.png", *OUT, "--full-scale", "0"), "sensor: full_scale must be more than 0 and at most 2, not 0"),
    (("a.png", *OUT, "--threshold-noise", "1"), "sensor: threshold_noise must be from 0 to 0.2, not 1"),
    (("a.png", *OUT, "--dark-current", "-0.1"), "sensor: dark_current must be from 0 to 1, not -0.1"),
    (("a.png", *OUT, "--gain-spread", "0.9"), "sensor: gain_spread must be from 0 to 0.5, not 0.9"),
    (("a.png", *OUT, "--seed", "-1"), "sensor: seed must be 0 or more, not -1"),
    (("a.png", *OUT, "--truth", "t.jpg"), "--truth is a .png file, not 't.jpg'"),
    (("a.png", *OUT, "--truth-plane", "3"), "--truth-plane needs --truth, the file to write"),
    (
        ("a.png", *OUT, "--truth", "t.png", "--truth-plane", "1000"),
        "--truth-plane must be from 0 to 999, not 1000",
    ),
]


@pytest.mark.parametrize(("arguments", "message"), REFUSED)
def test_bad_input(place, monkeypatch, capsys, arguments, message) -> None:
    before = {path: path.read_bytes() for path in place.iterdir() if path.is_file()}
    status, out, err = call(monkeypatch, capsys, *arguments)
    assert (status, out, err) == (2, "", f"error: {message}\n")
    assert {path: path.read_bytes() for path in place.iterdir() if path.is_file()} == before


def test_an_error_in_the_middle_leaves_nothing(place, monkeypatch, capsys) -> None:
    frames = np.zeros((3, HEIGHT, WIDTH))
    frames[2] = 7
    np.save("late.npy", frames)
    before = sorted(os.listdir())
    for output in ("w.dat", "w.npy"):
        status, out, err = call(monkeypatch, capsys, "late.npy", "-o", output, "--truth", "t.png")
        message = "late.npy: frame 2: light: floats must lie in 0..1, found 7..7; scale them, or store uint8"
        assert (status, out, err) == (2, "", f"error: {message}\n")
    assert sorted(os.listdir()) == before


def test_memory_does_not_grow_with_planes(place) -> None:
    """Peak memory of a clip and of one that is forty times as long: 22 MB apart if the planes were kept."""
    code = (
        "import resource, sys; from spikeplane.cli import main\n"
        "try: main()\n"
        "except SystemExit: print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)"
    )
    peaks = []
    for planes in ("800", "32000"):
        options = ["record", "a.png", "-o", "long.npy", "--motion", "circle", "--planes", planes]
        done = subprocess.run(
            [sys.executable, "-c", code, *options], capture_output=True, text=True, check=True
        )
        peaks.append(int(done.stdout.splitlines()[-1]))
    assert Path("long.npy").stat().st_size > 22_000_000
    assert peaks[1] - peaks[0] < 8
