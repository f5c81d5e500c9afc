"""Images and animations from anywhere: another process decodes them, and whatever becomes of it is
one line."""

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from spikeplane.camera import images, images_child
from spikeplane.camera.scenes import read_frames
from spikeplane.errors import SpikeplaneError

LIGHT = np.random.default_rng(6).integers(0, 256, (20, 24), dtype=np.uint8)
LIMITS = {"formats": images.FORMATS, "most": None, "pixels": 1 << 26, "frames": 100, "bytes": 1 << 28}


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    Image.fromarray(LIGHT).save("a.png")


def message(name: str = "a.png") -> str:
    with pytest.raises(SpikeplaneError) as error:
        read_frames(Path(name))
    assert "\n" not in str(error.value)
    return str(error.value)


def reader(monkeypatch, code: str) -> None:
    """Another program in the decoder's place."""
    Path("reader.py").write_text(code)
    monkeypatch.setattr(images, "_CHILD", Path("reader.py").absolute())


LIMIT = "from spikeplane.foreign_child import limit\n"
ENDS = {
    "import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)": "Pillow ended with SIGSEGV; is the file damaged?",
    LIMIT + "limit(1, 1 << 30)\nwhile True:\n    pass": "Pillow finds no end of it; is the file damaged?",
    "import time\ntime.sleep(60)": "Pillow finds no end of it; is the file damaged?",
    LIMIT + "limit(9, 1 << 28)\nbytearray(1 << 29)": "its reader ended: MemoryError",
    "print('no answer')": "its reader ended: status 0",
}  # fmt: skip


@pytest.mark.parametrize("code", ENDS)
def test_decoders_that_do_not_answer(monkeypatch, code) -> None:
    if "sleep" in code:
        monkeypatch.setattr(images, "SECONDS", 1)
    reader(monkeypatch, code)
    assert message() == f"a.png is no readable image: {ENDS[code]}"


def test_kinds_of_pixels() -> None:
    wide, real = LIGHT.astype(np.uint16) * 200, (LIGHT / 255).astype(np.float32)
    Image.fromarray(wide).save("wide.png")
    Image.fromarray(real).save("real.tif")
    Image.fromarray(LIGHT).save("b.tif", save_all=True, append_images=[Image.fromarray(255 - LIGHT)])
    for name, expected in (
        ("a.png", LIGHT),
        ("wide.png", wide),
        ("real.tif", real),
        ("b.tif", np.stack([LIGHT, 255 - LIGHT])),
    ):
        found = read_frames(Path(name))
        assert found.dtype == expected.dtype
        np.testing.assert_array_equal(found, expected)


@pytest.mark.slow
def test_the_largest_image_in_colour_fits() -> None:
    """8192 x 8192 in four bytes a pixel, unpacked from a file of some hundred kilobytes."""
    side = 1 << 13
    rows = zlib.compress(bytes((4 * side + 1) * side), 1)
    parts = (b"IHDR" + struct.pack(">2I", side, side) + bytes([8, 6, 0, 0, 0]), b"IDAT" + rows, b"IEND")
    chunks = b"".join(struct.pack(">I", len(p) - 4) + p + struct.pack(">I", zlib.crc32(p)) for p in parts)
    Path("a.png").write_bytes(b"\x89PNG\r\n\x1a\n" + chunks)
    found = read_frames(Path("a.png"))
    assert (found.shape, found.any()) == ((side, side), False)


def test_what_pillow_warns_of_is_told(recwarn) -> None:
    Image.fromarray(LIGHT).save("a.tif")
    data = bytearray(Path("a.tif").read_bytes())
    (directory,) = struct.unpack_from("<I", data, 4)
    (count,) = struct.unpack_from("<H", data, directory)
    tags = [directory + 2 + 12 * i for i in range(count)]
    (rows,) = (place for place in tags if struct.unpack_from("<H", data, place) == (278,))
    struct.pack_into("<I", data, rows + 4, 3)  # rows per strip: three of them where there is one
    Path("a.tif").write_bytes(data)
    np.testing.assert_array_equal(read_frames(Path("a.tif")), LIGHT)
    assert [str(w.message) for w in recwarn.list] == [
        "Metadata Warning, tag 278 had too many entries: 3, expected 1"
    ]


def test_no_image() -> None:
    Path("b.png").write_bytes(b"no image at all")
    assert message("b.png").startswith("b.png is no image that Pillow reads, nor .npy, .npz or ")
    Image.fromarray(LIGHT).save("c.gif", save_all=True, append_images=[Image.fromarray(LIGHT.T.copy())])
    answer, frames = images_child.read("a.png", {**LIMITS, "pixels": 400})
    assert (answer, frames) == ({"refused": "an image of 24x20 is too large, 400 pixels at most"}, [])
