"""`spikeplane reconstruct` as a user meets it: images that are the golden model's, constant memory,
and what each bad input says."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from spikeplane.camera.choose import MEASURED
from spikeplane.camera.config import CameraConfig
from spikeplane.camera.recording import write_dat
from spikeplane.cli import main
from spikeplane.errors import SpikeplaneError
from spikeplane.toolchain import ffmpeg
from spikeplane_sim.golden.camera import Reconstruction

HEIGHT, WIDTH, PLANES = 30, 40, 100
CLIPS = Path(__file__).parents[2] / "../shared/data/spike_camera"
SIZE = ("--size", f"{WIDTH}x{HEIGHT}")


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with one clip in three formats, its true image, and files that are no recordings."""
    monkeypatch.chdir(tmp_path)
    planes = clip()
    write_dat(Path("clip.dat"), planes)
    np.save("clip.npy", planes)
    np.savez_compressed("clip.npz", planes)
    np.savez("two.npz", a=planes[:3], b=planes)
    Path("side.yaml").write_text(f"filename: clip.npy\nspike_w: {WIDTH}\nspike_h: {HEIGHT}\n")
    Path("empty.dat").touch()
    with Path("odd.dat").open("wb") as file:
        file.truncate(250 * 7813)
    Image.fromarray(np.rint(light() * 255).astype(np.uint8)).save("true.png")
    Image.new("L", (9, 9)).save("other.png")
    Path("text.txt").write_text("no image")
    return tmp_path


def light() -> np.ndarray:
    """Of the clip, (H, W) of 0..1."""
    return np.add.outer(np.arange(HEIGHT) / 60, np.arange(WIDTH) / 80)


def clip() -> np.ndarray:
    """(T, H, W) of 0 and 1 in constant light; 0.6 spikes a plane are white."""
    start = np.random.default_rng(1).random((HEIGHT, WIDTH))
    total = np.floor(start + 0.6 * light() * np.arange(PLANES + 1)[:, None, None])
    return np.diff(total, axis=0).astype(np.uint8)


def golden(method: str, lookahead: int, planes: np.ndarray, **values) -> list[np.ndarray]:
    """The golden model's images of planes 0, 1, ..."""
    config = CameraConfig(
        width=planes.shape[2], height=planes.shape[1], pixels=1, method=method, lookahead=lookahead, **values
    )
    return [image.numpy() for image in Reconstruction(config).images(planes)]


def call(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture, *arguments: str
) -> tuple[int, str, str]:
    """Exit status, stdout and stderr of one command."""
    monkeypatch.setattr(sys, "argv", ["spikeplane", "reconstruct", *arguments])
    capsys.readouterr()
    with pytest.raises(SystemExit) as left:
        main()
    captured = capsys.readouterr()
    return int(left.value.code or 0), captured.out, captured.err


def shown(values: np.ndarray, scale: int = 255, white: int = 255) -> np.ndarray:
    """Levels of a picture."""
    return np.rint(np.minimum(values / (scale * 0.6), 1) * white)


def test_one_plane(place, monkeypatch, capsys) -> None:
    one = ("clip.dat", *SIZE, "--method", "fsr", "--plane", "60", "-o", "new/x.png", "--compare", "true.png")
    status, out, err = call(monkeypatch, capsys, *one)
    assert (status, err) == (0, "")
    lines = out.splitlines()
    assert lines[:2] == ["method      fsr", "look-ahead  16 planes"]
    assert lines[2].startswith("planes      77 of 40x30 read, ")
    assert lines[2].endswith(" planes/s")
    size = Path("new/x.png").stat().st_size
    assert lines[3:5] == ["images      1, plane 60", f"written     new/x.png, {size:,} bytes"]
    image = np.asarray(Image.open("new/x.png"))
    assert image.dtype == np.uint8
    assert np.array_equal(image, shown(golden("fsr", 16, clip())[60]))
    assert lines[5].startswith("quality     PSNR ")
    psnr = -10 * np.log10(np.mean((golden("fsr", 16, clip())[60] / 153 - np.rint(light() * 255) / 255) ** 2))
    assert float(lines[5].split()[2]) == pytest.approx(psnr, abs=0.006)
    assert psnr > 30


def test_sixteen_bits(place, monkeypatch, capsys) -> None:
    deep = ("clip.npy", "-m", "ssr", "-a", "4", "--plane", "60", "--bits", "12", "-o", "x.png", "--json")
    status, out, err = call(monkeypatch, capsys, *deep)
    assert (status, err) == (0, "")
    summary = json.loads(out)
    assert (summary["bits"], summary["lookahead"], summary["planes"], summary["images"]) == (12, 4, 65, 1)
    with Image.open("x.png") as image:
        assert image.mode == "I;16"
        assert np.array_equal(
            np.asarray(image), shown(golden("ssr", 4, clip(), output_bits=12)[60], 4080, 65535)
        )


@pytest.mark.parametrize("method", ["tfp", "tfi", "fsr", "ssr"])
@pytest.mark.parametrize("recording", [("clip.dat", *SIZE), ("clip.npy",), ("clip.npz",), ("side.yaml",)])
def test_arrays_hold_the_golden_values(place, monkeypatch, capsys, method, recording) -> None:
    some = ("-m", method, "-a", "6", "--roi", "5,7,20,11", "--every", "13", "--bits", "12", "-o", "x.npy")
    status, _, err = call(monkeypatch, capsys, *recording, *some)
    assert (status, err) == (0, "")
    found = np.load("x.npy")
    expected = golden(method, 6, clip()[:, 7:18, 5:25], output_bits=12)[::13]
    assert found.dtype == np.uint16
    assert np.array_equal(found, expected)
    assert found.any()


def test_a_first_plane_and_a_window(place, monkeypatch, capsys) -> None:
    some = (
        "clip.npy",
        "-m",
        "tfp",
        "--window",
        "9",
        "-a",
        "0",
        "--first",
        "20",
        "--last",
        "40",
        "-o",
        "x.npy",
    )
    status, out, _ = call(monkeypatch, capsys, *some)
    assert (status, out.splitlines()[0], out.splitlines()[3]) == (
        0,
        "method      tfp over 9 planes",
        "images      21, planes 20 to 40",
    )
    found = np.load("x.npy")
    assert found.dtype == np.uint8
    assert np.array_equal(found, golden("tfp", 0, clip()[20:41], window=9))
    assert call(monkeypatch, capsys, *some, "--full-scale", "0.5")[0] == 0
    assert np.array_equal(np.load("x.npy"), np.rint(np.minimum(found / 127.5, 1) * 255))


def test_a_flipped_recording(place, monkeypatch, capsys) -> None:
    for name, more in (("a.npy", ()), ("b.npy", ("--no-flip",))):
        assert (
            call(monkeypatch, capsys, "clip.dat", *SIZE, "-m", "tfi", "--plane", "50", "-o", name, *more)[0]
            == 0
        )
    assert np.array_equal(np.load("a.npy")[0], golden("tfi", 16, clip())[50])
    assert np.array_equal(np.load("b.npy"), np.load("a.npy")[:, ::-1])


def test_a_contact_sheet(place, monkeypatch, capsys) -> None:
    status, out, _ = call(monkeypatch, capsys, "clip.npy", "-m", "fsr", "-o", "sheet.png")
    assert (status, out.splitlines()[3]) == (
        0,
        "images      36, planes 0 to 83, evenly spaced among 84; --every, --first and --last choose others",
    )
    page = np.asarray(Image.open("sheet.png"))
    last = shown(golden("fsr", 16, clip())[83])
    places = [
        (y, x)
        for y in range(page.shape[0] - HEIGHT)
        for x in range(page.shape[1] - WIDTH)
        if np.array_equal(page[y : y + HEIGHT, x : x + WIDTH], last)
    ]
    assert len(places) == 1  # plane 83 differs from 82, and is the last of all


def test_an_animation(place, monkeypatch, capsys) -> None:
    status, out, _ = call(
        monkeypatch, capsys, "clip.npy", "-m", "fsr", "--every", "20", "-o", "x.gif", "--fps", "30"
    )
    assert status == 0
    assert out.splitlines()[4].endswith(" bytes, 33.3333 images/s")
    with Image.open("x.gif") as image:
        assert getattr(image, "n_frames", 1) == 5
        image.seek(3)
        assert np.array_equal(np.asarray(image.convert("L")), shown(golden("fsr", 16, clip())[60]))


def test_a_video(place, monkeypatch, capsys) -> None:
    try:
        program = ffmpeg()
    except SpikeplaneError as error:
        pytest.skip(str(error))
    status, out, err = call(
        monkeypatch, capsys, "clip.npy", "-m", "fsr", "--every", "20", "-o", "x.mp4", "--fps", "12.5"
    )
    assert (status, err) == (0, "")
    assert out.splitlines()[4].endswith(" bytes, 12.5 images/s")
    command = [program, "-v", "error", "-i", "x.mp4", "-f", "rawvideo", "-pix_fmt", "gray", "pipe:1"]
    frames = np.frombuffer(subprocess.run(command, check=True, capture_output=True).stdout, np.uint8)
    expected = np.array([shown(image) for image in golden("fsr", 16, clip())[::20]])
    assert np.abs(frames.reshape(expected.shape) - expected).mean() < 2  # H.264 is lossy


def test_auto_says_why(place, monkeypatch, capsys) -> None:
    why = "with look-ahead 16 it measured 30.2 dB on two clips (fsr 28.0, tfp 27.5, tfi 23.0)"
    _, out, _ = call(monkeypatch, capsys, "clip.npy", "--plane", "50", "-o", "a.npy")
    assert out.splitlines()[:2] == [f"method      ssr: {why}", "look-ahead  16 planes"]
    assert np.array_equal(np.load("a.npy")[0], golden("ssr", 16, clip())[50])
    np.save("short.npy", clip()[:16])
    _, out, _ = call(monkeypatch, capsys, "short.npy", "-o", "a.npy", "--json")
    summary = json.loads(out)
    assert (summary["method"], summary["lookahead"], summary["images"]) == ("ssr", 0, 16)
    assert summary["why"].startswith("only 16 planes, so no look-ahead; with look-ahead 0 it measured ")


OUT = ("-o", "w.npy")
NPY = ("clip.npy", *OUT)
REFUSED = [
    (
        ("odd.dat", *OUT, "--size", "400x250"),
        "odd.dat has 1953250 bytes, no whole number of planes: 400x250 takes 12500 bytes a plane "
        "(13000 with 2 tag bytes after each row); sizes that fit: --size 250x250",
    ),
    (("empty.dat", *OUT, *SIZE), "empty.dat is empty"),
    (
        ("clip.dat", *OUT, "--size", "0x250"),
        "a plane is at least 1x1 pixels, found the size 0x250; give --size WxH, such as 400x250",
    ),
    (("clip.dat", *OUT, "--size", "400"), "expected a size WxH in pixels, such as 400x250, found '400'"),
    (
        ("clip.dat", *OUT),
        "clip.dat is taken for raw planes, which do not tell their size: give --size WxH "
        "(no common sensor's size fits its 15000 bytes)",
    ),
    (
        ("two.npz", *OUT),
        "two.npz holds 2 arrays: a (3, 30, 40), b (100, 30, 40); name one, such as two.npz:a",
    ),
    (("none.dat", *OUT, *SIZE), "no file none.dat"),
    ((*NPY, "--plane", "100"), "plane 100 is beyond the end: the recording has 100 planes, 0 to 99"),
    ((*NPY, "--plane", "-1"), "--plane must be 0 or more, not -1"),
    (
        (*NPY, "--plane", "84"),
        "plane 84 needs planes up to 100 with look-ahead 16, the recording has 100 (0 to 99): "
        "ask for a plane up to 83, or a smaller --lookahead",
    ),
    (
        ("clip.npy", "-o", "w.jpg"),
        "--output is a .png (one image, or a contact sheet), .mp4, .gif or .npy, not 'w.jpg'",
    ),
    (
        ("clip.npy", "-o", "w"),
        "--output is a .png (one image, or a contact sheet), .mp4, .gif or .npy, not 'w'",
    ),
    (("clip.npy", "-o", "text.txt/w.npy"), "cannot write text.txt/w.npy: Not a directory"),
    (("clip.npy", "-o", "clip.npy"), "clip.npy is what is reconstructed; write to another file"),
    (("side.yaml", "-o", "clip.npy"), "clip.npy is what is reconstructed; write to another file"),
    (
        ("clip.npy", "-o", "true.png", "--plane", "3", "--compare", "true.png"),
        "true.png is what is compared with; write to another file",
    ),
    ((*NPY, "--every", "4", "--plane", "3"), "--every and --plane exclude each other: many images, or one"),
    ((*NPY, "--every", "0"), "--every must be 1 or more, not 0"),
    (
        (*NPY, "--roi", "30,0,11,30"),
        "--roi 30,0,11,30 does not lie in the planes of 40x30 pixels: X,Y,W,H from the upper left",
    ),
    (
        (*NPY, "--roi", "all"),
        "--roi is X,Y,W,H in pixels from the upper left, such as 100,50,64,64, not 'all'",
    ),
    (
        (*NPY, "--roi", "0,0,3,5"),
        "images of 3x5 pixels are too small, 16 pixels at least; use a larger --roi",
    ),
    ((*NPY, "-m", "best"), "--method is one of tfp, tfi, fsr, ssr or auto, not 'best'"),
    ((*NPY, "--lookahead", "65"), "--lookahead must be from 0 to 64, not 65"),
    ((*NPY, "-m", "tfp", "--window", "65"), "--window must be from 1 to 64, not 65"),
    ((*NPY, "-m", "fsr", "--window", "9"), "--window is for --method tfp only, not fsr"),
    ((*NPY, "--bits", "16"), "--bits must be 8 or 12, not 16"),
    ((*NPY, "--full-scale", "0"), "--full-scale must be more than 0 and at most 1 spike a plane, not 0"),
    ((*NPY, "--full-scale", "nan"), "--full-scale must be more than 0 and at most 1 spike a plane, not nan"),
    (("clip.npy", "-o", "w.png", "--gamma", "0"), "--gamma must be from 0.1 to 10, not 0"),
    ((*NPY, "--gamma", "2.2"), "--gamma is for pictures; .npy holds values proportional to light"),
    (("clip.npy", "-o", "w.gif", "--fps", "0"), "--fps must be from 0.1 to 1000, not 0"),
    ((*NPY, "--compare", "true.png"), "--compare needs --plane T, the plane whose true image it is"),
    ((*NPY, "--plane", "3", "--compare", "none.png"), "no file none.png"),
    ((*NPY, "--plane", "3", "--compare", "other.png"), "other.png has 9x9 pixels, the planes have 40x30"),
    ((*NPY, "--board", "simm"), "unknown board 'simm'; did you mean 'sim'?"),
    ((*NPY, "--pixels", "4"), "--pixels is for --board sim only, not golden"),
    (
        (*NPY, "--board", "sim", "--pixels", "7"),
        "camera configuration: pixels must divide 40x30 = 1200: one of 1, 2, 3, 4, 5, 6, 8, 10, "
        "12, 15, 16, 20, 24, 25, 30, 40, "
        "48, 50, 60, not 7",
    ),
]


@pytest.mark.parametrize(("arguments", "message"), REFUSED)
def test_bad_input(place, monkeypatch, capsys, arguments, message) -> None:
    before = {path: path.read_bytes() for path in place.iterdir()}
    status, out, err = call(monkeypatch, capsys, *arguments)
    assert (status, out, err) == (2, "", f"error: {message}\n")
    assert {path: path.read_bytes() for path in place.iterdir()} == before


def test_a_missing_ffmpeg_is_told_before_any_work(place, monkeypatch, capsys) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", None)
    monkeypatch.setattr(
        "spikeplane.cli.reconstruct.open_recording", lambda *_, **__: pytest.fail("a recording was opened")
    )
    status, out, err = call(monkeypatch, capsys, "clip.npy", "-o", "w.mp4")
    expected = (
        "error: video needs ffmpeg, not found: apt-get install ffmpeg, or pip install 'spikeplane[video]'\n"
    )
    assert (status, out, err) == (2, "", expected)
    assert not Path("w.mp4").exists()


def test_a_missing_compiler(place, monkeypatch, capsys) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setenv("SPIKEPLANE_CACHE", str(place / "cache"))
    status, out, err = call(
        monkeypatch, capsys, *NPY, "-m", "tfi", "-a", "0", "--board", "sim", "--pixels", "4"
    )
    expected = "error: the simulated board needs g++, make, perl, not found: apt-get install g++ make perl\n"
    assert (status, out, err) == (2, "", expected)
    assert not Path("w.npy").exists()


@pytest.mark.parametrize("output", ["w.npy", "w.gif", "w.png"])
def test_a_recording_damaged_in_the_middle_leaves_nothing(place, monkeypatch, capsys, output) -> None:
    planes = clip()
    planes[80, 3, 4] = 7
    np.save("bad.npy", planes)
    before = sorted(os.listdir())
    status, out, err = call(monkeypatch, capsys, "bad.npy", "-m", "tfi", "-o", output)
    assert (status, out, err) == (2, "", "error: bad.npy: planes hold 0 and 1 only, found 7 in plane 80\n")
    assert sorted(os.listdir()) == before


def peak(*arguments: str) -> int:
    """MiB that one command takes at most, in a process of its own."""
    code = (
        "import resource, sys; from spikeplane.cli import main\n"
        "try: main()\n"
        "except SystemExit as left: assert not left.code\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "reconstruct", *arguments], capture_output=True, text=True, check=True
    )
    return int(done.stdout.splitlines()[-1])


def long_recording(path: Path, plane_bytes: int) -> None:
    """20,000 planes of random bits, a quarter of them spikes."""
    rng = np.random.default_rng(0)
    with path.open("wb") as file:
        for _ in range(100):
            first, second = rng.integers(0, 256, (2, 200 * plane_bytes), np.uint8)
            file.write(first & second)


def test_memory_does_not_grow_with_planes(place) -> None:
    """20,000 planes are 61 MB of pixels, and as many of images."""
    long_recording(Path("long.dat"), 64 * 48 // 8)
    some = ("long.dat", "--size", "64x48", "-m", "tfp", "-o", "long.npy", "--last")
    short = peak(*some, "600")
    long = peak(*some, "19983")
    assert np.load("long.npy", mmap_mode="r").shape == (19984, 48, 64)
    assert long - short < 12


@pytest.mark.slow
def test_memory_does_not_grow_with_planes_of_a_real_size(place) -> None:
    """20,000 planes of 400x250 are 250 MB in the file and 2 GB of pixels."""
    try:
        long_recording(Path("long.dat"), 400 * 250 // 8)
        some = ("long.dat", "--size", "400x250", "-m", "tfp", "--every", "100", "-o", "long.npy", "--last")
        short = peak(*some, "600")
        long = peak(*some, "19983")
        assert np.load("long.npy", mmap_mode="r").shape == (200, 250, 400)
        assert long - short < 12
    finally:
        Path("long.dat").unlink()


CASES = [(lookahead, method) for lookahead, methods in MEASURED.items() for method in methods]


@pytest.mark.slow
@pytest.mark.skipif(not CLIPS.exists(), reason=f"no recordings in {CLIPS}")
@pytest.mark.parametrize(("lookahead", "method"), CASES)
def test_what_auto_goes_by_is_what_is_measured(place, monkeypatch, capsys, lookahead, method) -> None:
    for name, expected in zip(("reds_200_part1", "reds_203_part1"), MEASURED[lookahead][method], strict=True):
        some = (
            "--size",
            "400x250",
            "-m",
            method,
            "-a",
            str(lookahead),
            "--plane",
            "150",
            "--bits",
            "12",
            "-o",
            "x.png",
            "--json",
        )
        _, out, _ = call(
            monkeypatch,
            capsys,
            str(CLIPS / f"{name}.dat"),
            *some,
            "--compare",
            str(CLIPS / f"{name}_plane150.png"),
        )
        assert json.loads(out)["psnr"] == pytest.approx(expected, abs=0.0051)
