"""From a recording to pictures, piece by piece: plans, regions, levels, files of images, how good
they are, and which method is chosen."""

import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from spikeplane.camera import pictures
from spikeplane.camera.choose import MEASURED, choose
from spikeplane.camera.config import METHODS, CameraConfig
from spikeplane.camera.display import Display
from spikeplane.camera.mp4 import write_mp4
from spikeplane.camera.npy import write_npy
from spikeplane.camera.quality import quality, read_truth
from spikeplane.camera.reconstruct import Plan, chosen_region, images, plan
from spikeplane.camera.recording import open_recording
from spikeplane.camera.region import Region
from spikeplane.cli.cameras import GoldenCamera, check_camera, open_camera, widest_word
from spikeplane.errors import SpikeplaneError
from spikeplane.toolchain import ffmpeg
from spikeplane_sim.golden.camera import Reconstruction

HEIGHT, WIDTH = 12, 20


def message(call, *arguments, **options) -> str:
    """The one-line message with which a call fails."""
    with pytest.raises(SpikeplaneError) as error:
        call(*arguments, **options)
    assert "\n" not in str(error.value)
    return str(error.value)


def gradient(count: int = 1, dtype: type = np.uint8) -> list[tuple[int, np.ndarray]]:
    """(10 * i, picture), each another."""
    base = np.add.outer(np.arange(HEIGHT) * 5, np.arange(WIDTH) * 4)
    return [
        (10 * i, ((base + 9 * i) % 256 * (257 if dtype is np.uint16 else 1)).astype(dtype))
        for i in range(count)
    ]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, Plan(0, 100, range(84))),
        ({"every": 10}, Plan(0, 97, range(0, 84, 10))),
        ({"plane": 0}, Plan(0, 17, range(1))),
        ({"plane": 83}, Plan(0, 100, range(83, 84))),
        ({"plane": 83, "first": 60}, Plan(60, 100, range(83, 84))),
        ({"first": 5, "last": 8}, Plan(5, 25, range(5, 9))),
        ({"first": 5, "last": 5, "every": 7}, Plan(5, 22, range(5, 6))),
        ({"first": 83}, Plan(83, 100, range(83, 84))),
    ],
)
def test_what_is_read_for_which_images(options, expected) -> None:
    found = plan(100, 16, **options)
    assert (found.first, found.end, list(found.wanted)) == (
        expected.first,
        expected.end,
        list(expected.wanted),
    )


@pytest.mark.parametrize(
    ("planes", "lookahead", "options", "text"),
    [
        (100, 0, {"plane": 100}, "plane 100 is beyond the end: the recording has 100 planes, 0 to 99"),
        (1, 0, {"last": 1}, "plane 1 is beyond the end: the recording has 1 plane, 0"),
        (100, 0, {"plane": -1}, "--plane must be 0 or more, not -1"),
        (100, 0, {"first": -5}, "--first must be 0 or more, not -5"),
        (100, 0, {"plane": 3, "first": 4}, "--plane 3 is before --first 4"),
        (100, 0, {"last": 3, "first": 4}, "--last 3 is before --first 4"),
        (
            100, 16, {"plane": 84},
            "plane 84 needs planes up to 100 with look-ahead 16, the recording has 100 (0 to 99): "
            "ask for a plane up to 83, or a smaller --lookahead",
        ),
        (
            10, 16, {"plane": 4},
            "plane 4 needs planes up to 20 with look-ahead 16, the recording has 10 (0 to 9): use --lookahead 5",
        ),
        (
            10, 16, {},
            "an image needs 16 planes after its own with look-ahead 16, plane 0 has 9: use --lookahead 9 or less",
        ),
        (
            100, 16, {"first": 90},
            "an image needs 16 planes after its own with look-ahead 16, plane 90 has 9: use --lookahead 9 or less",
        ),
    ],
)  # fmt: skip
def test_plans_refused(planes, lookahead, options, text) -> None:
    assert message(plan, planes, lookahead, **options) == text


def test_thinned() -> None:
    whole = plan(100, 16)
    assert whole.thinned(84, 16) is whole
    few = whole.thinned(5, 16)
    assert (few.first, few.end, few.wanted) == (0, 100, (0, 21, 42, 62, 83))
    assert plan(1000, 4).thinned(1, 4) == Plan(0, 5, (0,))


def test_regions() -> None:
    assert chosen_region(None, (20, 12)) == Region.at(0, 0, 20, 12)
    region = chosen_region("3, 2,8,5", (20, 12))
    planes = np.arange(2 * 12 * 20).reshape(2, 12, 20)
    assert region.size == (8, 5)
    assert np.array_equal(region.of(planes), planes[:, 2:7, 3:11])
    assert chosen_region("19,11,1,1", (20, 12)) == Region.at(19, 11, 1, 1)


@pytest.mark.parametrize(
    "text", ["13,2,8,5", "3,8,8,5", "-1,0,4,4", "0,-1,4,4", "0,0,0,4", "0,0,4,-4", "99,0,1,1"]
)
def test_regions_outside(text) -> None:
    expected = f"--roi {text} does not lie in the planes of 20x12 pixels: X,Y,W,H from the upper left"
    assert message(chosen_region, text, (20, 12)) == expected


@pytest.mark.parametrize("text", ["", "1,2,3", "1,2,3,4,5", "a,b,c,d", "1x2x3x4", "0,0,4.0,4"])
def test_regions_that_are_none(text) -> None:
    expected = f"--roi is X,Y,W,H in pixels from the upper left, such as 100,50,64,64, not {text!r}"
    assert message(chosen_region, text, (20, 12)) == expected


@pytest.mark.parametrize("method", METHODS)
def test_images_are_those_of_the_golden_model(tmp_path, method) -> None:
    """Over several chunks, of a region, from a plane on: those of a model that has seen nothing else."""
    planes = (np.random.default_rng(5).random((150, HEIGHT, WIDTH)) < 0.3).astype(np.uint8)
    np.save(tmp_path / "a.npy", planes)
    region, config = (
        Region.at(4, 1, 10, 8),
        CameraConfig(width=10, height=8, pixels=1, method=method, lookahead=6, output_bits=12),
    )
    expected = [image.numpy() for image in Reconstruction(config).images(planes[7:, 1:9, 4:14])]
    taken = []
    with open_recording(tmp_path / "a.npy") as recording:
        what = plan(len(recording), 6, first=7, every=9)
        found = list(images(recording, GoldenCamera(config), what, region, taken.append))
    assert [number for number, _ in found] == list(range(7, 144, 9))
    assert all(np.array_equal(image, expected[number - 7]) for number, image in found)
    assert sum(taken) == what.end - what.first
    assert max(taken) == 64


def test_levels() -> None:
    values = np.array([0, 1, 100, 153, 154, 255])
    eight = Display(255).table(255)
    assert eight.dtype == np.uint8
    assert eight[values].tolist() == [0, 2, 167, 255, 255, 255]  # 0.6 * 255 = 153 is white
    assert Display(4080, full_scale=1).table(65535)[[0, 4080, 2040]].tolist() == [0, 65535, 32768]
    assert Display(255, full_scale=1, gamma=2).table(255)[[0, 64, 255]].tolist() == [0, 128, 255]
    # what is compared has no gamma
    assert Display(255, gamma=2.2).light(np.array([51]))[0] == pytest.approx(1 / 3)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_one_picture_is_written_as_it_is(tmp_path, dtype) -> None:
    ((_, levels),) = shown = gradient(1, dtype)
    assert pictures.write_png(tmp_path / "a.png", shown) == 1
    with Image.open(tmp_path / "a.png") as image:
        assert image.mode == ("L" if dtype is np.uint8 else "I;16")
        assert np.array_equal(np.asarray(image), levels)


def test_a_contact_sheet(tmp_path) -> None:
    shown = gradient(5)
    assert pictures.write_png(tmp_path / "a.png", shown) == 5
    page = np.asarray(Image.open(tmp_path / "a.png"))
    wide, high = 40 + pictures.GAP, HEIGHT + pictures.CAPTION + pictures.GAP
    columns = (page.shape[1] - pictures.GAP) // wide
    assert page.shape[0] == -(-5 // columns) * high + pictures.GAP
    for place, (_, levels) in enumerate(shown):
        x, y = place % columns * wide + pictures.GAP, place // columns * high + pictures.GAP
        assert np.array_equal(page[y : y + HEIGHT, x : x + WIDTH], levels)
        assert (page[y + HEIGHT : y + HEIGHT + pictures.CAPTION, x : x + 40] > 200).any()  # its number
    assert (
        message(pictures.write_png, tmp_path / "b.png", gradient(37))
        == "a contact sheet shows 36 images at most"
    )
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]


def test_large_pictures_are_made_smaller_on_a_contact_sheet() -> None:
    large = [(i, np.full((600, 1000), 40 * i, np.uint8)) for i in range(4)]
    page = pictures.sheet(large)
    assert max(page.shape) < 4 * pictures.TILE
    assert (page[pictures.GAP : pictures.GAP + 200, pictures.GAP : pictures.GAP + 333] == 0).all()


def test_a_gif(tmp_path) -> None:
    shown = gradient(7)
    assert pictures.write_gif(tmp_path / "a.gif", iter(shown), 25) == 7
    with Image.open(tmp_path / "a.gif") as image:
        assert (getattr(image, "n_frames", 1), image.info["loop"], image.info["duration"]) == (7, 0, 40)
        for place, (_, levels) in enumerate(shown):
            image.seek(place)
            assert np.array_equal(np.asarray(image.convert("L")), levels)


def test_rates_of_a_gif() -> None:
    assert [pictures.gif_rate(rate) for rate in (25, 30, 1000, 0.1)] == [25, 100 / 3, 50, 0.1]


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_an_array(tmp_path, dtype) -> None:
    shown = gradient(3, dtype)
    assert pictures.write_pictures(tmp_path / "a.NPY", iter(shown), 25) == 3
    found = np.load(tmp_path / "a.NPY")
    assert found.dtype == dtype
    assert np.array_equal(found, [levels for _, levels in shown])


@pytest.mark.parametrize("shape", [(24, 32), (25, 33)])
def test_a_video(tmp_path, shape) -> None:
    try:
        program = ffmpeg()
    except SpikeplaneError as error:
        pytest.skip(str(error))
    frames = [np.full(shape, level, np.uint8) for level in (20, 120, 220)]
    path = tmp_path / "a.mp4"
    assert pictures.write_pictures(path, enumerate(frames), 10) == 3
    even = tuple(side + side % 2 for side in shape)
    command = [program, "-v", "error", "-i", str(path), "-f", "rawvideo", "-pix_fmt", "gray", "pipe:1"]
    found = np.frombuffer(subprocess.run(command, check=True, capture_output=True).stdout, np.uint8).reshape(
        -1, *even
    )
    assert len(found) == 3
    # a black line at an edge bleeds into what is beside it
    inside = (slice(None), slice(shape[0] - 2), slice(shape[1] - 2))
    assert np.abs(found[inside].astype(int) - np.array(frames)[inside]).max() <= 3  # H.264 is lossy


def broken(count: int):
    """Pictures whose making fails after some of them."""
    yield from gradient(count)
    raise SpikeplaneError("the recording ends here")


@pytest.mark.parametrize("suffix", pictures.SUFFIXES)
def test_an_error_in_the_middle_leaves_what_was_there(tmp_path, suffix) -> None:
    if suffix == ".mp4":
        try:
            ffmpeg()
        except SpikeplaneError as error:
            pytest.skip(str(error))
    path = tmp_path / f"a{suffix}"
    path.write_bytes(b"before")
    assert message(pictures.write_pictures, path, broken(3), 25) == "the recording ends here"
    assert [(p.name, p.read_bytes()) for p in tmp_path.iterdir()] == [(path.name, b"before")]


def test_no_picture_at_all(tmp_path) -> None:
    path = tmp_path / "a"
    assert message(pictures.write_png, path, []) == f"no image to write to {path}"
    assert message(pictures.write_gif, path, [], 25) == f"no image to write to {path}"
    assert message(write_npy, path, []) == f"no plane to write to {path}"
    assert not list(tmp_path.iterdir())


def test_what_ffmpeg_cannot_do_is_told(tmp_path, monkeypatch) -> None:
    fake = tmp_path / "ffmpeg"
    fake.write_text("#!/bin/sh\necho ' no such codec ' >&2\necho more >&2\nexit 3\n")
    fake.chmod(0o755)
    monkeypatch.setattr("spikeplane.camera.mp4.ffmpeg", lambda: str(fake))
    frames = (np.zeros((500, 500), np.uint8) for _ in range(50))
    path = tmp_path / "a.mp4"
    assert message(write_mp4, path, frames, 25) == f"cannot write {path}: ffmpeg: no such codec"
    assert [p.name for p in tmp_path.iterdir()] == ["ffmpeg"]


@pytest.mark.parametrize("name", ["a", "a.jpg", "a.tiff", "a.png.gz"])
def test_formats_that_are_not_written(name) -> None:
    expected = f"--output is a .png (one image, or a contact sheet), .mp4, .gif or .npy, not {name!r}"
    assert message(pictures.check_suffix, Path(name)) == expected


def test_quality() -> None:
    truth = np.random.default_rng(0).random((20, 30))
    assert quality(truth, truth) == (float("inf"), 1.0)
    off = quality(np.full((20, 30), 0.5), np.full((20, 30), 0.6))
    assert off.psnr == pytest.approx(20)  # an error of a tenth
    assert str(quality(np.zeros((6, 30)), np.full((6, 30), 0.1))) == "PSNR 20.00 dB, too small for SSIM"
    assert (quality(truth[::-1], truth).ssim or 0) < 0.2


def test_the_true_image(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    levels = gradient()[0][1]
    Image.fromarray(levels).save("a.png")
    Image.fromarray(levels[1:9, 4:14]).save("crop.png")
    np.save("two.npy", np.stack([levels, levels]))
    region = Region.at(4, 1, 10, 8)
    expected = np.float32(levels[1:9, 4:14]) / 255
    assert np.abs(read_truth(Path("a.png"), (WIDTH, HEIGHT), region) - expected).max() < 1e-6
    assert np.abs(read_truth(Path("crop.png"), (WIDTH, HEIGHT), region) - expected).max() < 1e-6
    refused = message(read_truth, Path("a.png"), (40, 30), region)
    assert refused == "a.png has 20x12 pixels, the planes have 40x30, the region 10x8"
    assert (
        message(read_truth, Path("two.npy"), (20, 12), region)
        == "two.npy holds 2 images; --compare takes one"
    )


def test_the_choice_is_the_best_measured() -> None:
    for lookahead in (0, 3, 4, 15, 16, 64):
        like = max(known for known in MEASURED if known <= lookahead)
        method, taken, why = choose(lookahead, 1000)
        assert taken == lookahead
        assert sum(MEASURED[like][method]) == max(map(sum, MEASURED[like].values()))
        assert why.startswith(f"with look-ahead {like} it measured ")
        assert all(f"{other} " in why for other in METHODS if other != method)
    assert choose(None, 17)[1] == 16
    short = choose(None, 16)
    assert (short.lookahead, short.why.split(";")[0]) == (0, "only 16 planes, so no look-ahead")


def test_words_of_the_simulated_hardware() -> None:
    assert [widest_word(pixels) for pixels in (16, 17, 768, 400 * 250, 1000 * 1000, 250 * 250, 1021)] == [
        1,
        1,
        48,
        50,
        64,
        50,
        1,
    ]


def test_boards_that_there_are_not() -> None:
    assert message(check_camera, "gold") == "unknown board 'gold'; did you mean 'golden'?"
    assert message(open_camera, "x", CameraConfig()) == "unknown board 'x'; choose from golden, sim"
