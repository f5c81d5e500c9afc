"""Reading is bounded: only what is asked for is unpacked, sizes are refused before memory is taken,
and what is printed of it is a line."""

import gzip
import io
import struct
import warnings
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from spikeplane.camera import images, packed, side
from spikeplane.camera.recording import open_recording
from spikeplane.camera.scenes import read_frames
from spikeplane.cli.console import _Console
from spikeplane.cli.lines import message, told_warnings
from spikeplane.data import nmnist, read_samples, stored
from spikeplane.data.stored import take
from spikeplane.encoding import Encoding
from spikeplane.errors import SpikeplaneError, number
from spikeplane.files import read_file

SHAPE = (1, 4, 4)
# noise: a megabyte of it stays one
MANY = np.random.default_rng(4).integers(0, 256, (3000, 16), dtype=np.uint8)
PLANES = np.random.default_rng(5).integers(0, 2, (4000, 20, 30), dtype=np.uint8)


def refused(call, *arguments, **options) -> str:
    with pytest.raises(SpikeplaneError) as error:
        call(*arguments, **options)
    assert "\n" not in str(error.value)
    return str(error.value)


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)


def damaged(data: bytes, place: int) -> bytes:
    """With 64 bytes inverted from `place` on."""
    return data[:place] + bytes(byte ^ 0xFF for byte in data[place : place + 64]) + data[place + 64 :]


def test_only_the_samples_asked_for_are_unpacked() -> None:
    np.savez_compressed("a.npz", MANY)
    whole = Path("a.npz").read_bytes()
    Path("a.npz").write_bytes(damaged(whole, len(whole) - 5000))
    np.testing.assert_array_equal(
        np.asarray(read_samples("a.npz", SHAPE, limit=100)).reshape(100, 16), MANY[:100]
    )
    assert refused(read_samples, "a.npz", SHAPE).startswith("a.npz is no readable .npz file: ")
    data = gzip.compress(bytes([0, 0, 8, 2]) + struct.pack(">2I", *MANY.shape) + MANY.tobytes())
    Path("a.gz").write_bytes(data[:-5000])
    np.testing.assert_array_equal(
        np.asarray(read_samples("a.gz", SHAPE, limit=100)).reshape(100, 16), MANY[:100]
    )
    assert refused(read_samples, "a.gz", SHAPE).startswith("a.gz is no complete gzip file (")


def test_the_checksum_of_what_is_read_whole() -> None:
    """Deflate stores noise as it is: a changed byte unpacks without an error, and only the checksum tells."""
    np.savez("a.npz", MANY)
    whole = Path("a.npz").read_bytes()
    Path("a.npz").write_bytes(damaged(whole, len(whole) // 2))
    assert (
        refused(read_samples, "a.npz", SHAPE)
        == "a.npz is no readable .npz file: Bad CRC-32 for file 'arr_0.npy'"
    )


def test_what_takes_too_much_memory(monkeypatch) -> None:
    np.savez_compressed("a.npz", np.zeros((40, 16)))
    np.save("f.npy", np.asfortranarray(np.zeros((40, 16))))
    monkeypatch.setattr(stored, "MOST_BYTES", 20 * 128)
    says = (
        "a.npz: 40 x 16 values of type float64 take 5120 bytes, 2560 at most: take fewer "
        "samples, or store them as uint8"
    )
    assert refused(read_samples, "a.npz", SHAPE) == says
    assert len(read_samples("a.npz", SHAPE, limit=20)) == 20
    assert refused(read_samples, "f.npy", SHAPE, limit=20) == (
        "f.npy: 5120 bytes in Fortran order, 2560 at most: save it in C order"
    )
    monkeypatch.setattr(nmnist, "_MOST_BYTES", 20)
    for name in ("a.bin", "b.bin"):
        Path(name).write_bytes(bytes(15))
    events = Encoding(kind="events")
    assert len(read_samples(".", (2, 4, 4), events, limit=1)) == 1
    assert (
        refused(read_samples, ".", (2, 4, 4), events)
        == ".: 2 recordings have 30 bytes, 20 at most: take fewer samples"
    )


def test_streams_end_where_they_end() -> None:
    assert take(io.BytesIO(b"abc"), 2) == b"ab"
    with pytest.raises(EOFError, match="it ends after 3 of 4 bytes"):
        take(io.BytesIO(b"abc"), 4)
    Path("x").write_bytes(b"abc")
    assert read_file("x", 3) == b"abc"
    assert refused(read_file, "x", 2) == "x is too long: 3 bytes, 2 at most"


def test_compressed_planes_are_unpacked_as_far_as_they_are_read(monkeypatch) -> None:
    monkeypatch.setattr(packed, "UNPACKED_BYTES", 1 << 16)
    np.savez_compressed("a.npz", PLANES)
    whole = Path("a.npz").read_bytes()
    Path("a.npz").write_bytes(damaged(whole, len(whole) - 20_000))
    recording = open_recording(Path("a.npz"))
    np.testing.assert_array_equal(recording.read(2, 7), PLANES[2:7])
    np.testing.assert_array_equal(recording.read(1, 9), PLANES[1:9])
    assert refused(recording.read, 0, 4000).startswith("a.npz is no readable .npz file: ")


def test_planes_in_fortran_order(monkeypatch) -> None:
    np.savez_compressed("a.npz", np.asfortranarray(PLANES[:50]))
    np.testing.assert_array_equal(open_recording(Path("a.npz")).read(3, 50), PLANES[3:50])
    monkeypatch.setattr(packed, "_UNSORTED", 1000)
    says = "a.npz:arr_0 has 30000 bytes in Fortran order, 1000 at most: save it in C order"
    assert refused(open_recording, Path("a.npz")) == says


def png(width: int, height: int) -> bytes:
    """The start of a PNG of that size, with right checksums."""
    head = b"IHDR" + struct.pack(">2I", width, height) + bytes([8, 0, 0, 0, 0])
    return (
        b"\x89PNG\r\n\x1a\n"
        + struct.pack(">I", 13)
        + head
        + struct.pack(">I", zlib.crc32(head))
        + b"\0\0\1\0IDAT"
    )


def test_images_that_are_too_large(monkeypatch) -> None:
    Path("a.png").write_bytes(png(12000, 11000))
    assert (
        refused(read_frames, Path("a.png"))
        == "a.png: an image of 12000x11000 is too large, 67,108,864 pixels at most"
    )
    frames = [Image.fromarray(np.full((4, 5), 40 * i, np.uint8)) for i in range(6)]
    frames[0].save("a.gif", save_all=True, append_images=frames[1:])
    assert read_frames(Path("a.gif")).shape == (6, 4, 5)
    assert read_frames(Path("a.gif"), 2).shape == (2, 4, 5)
    monkeypatch.setattr(images, "MOST_FRAMES", 5)
    assert refused(read_frames, Path("a.gif")).startswith("a.gif: too many frames, 5 of ")
    monkeypatch.setattr(images, "MOST_FRAMES", 50)
    monkeypatch.setattr(images, "ALL_BYTES", 100)
    assert refused(read_frames, Path("a.gif")) == (
        "a.gif: too many frames, 50 of 100 bytes in all at most; take fewer --planes, or a video"
    )
    assert read_frames(Path("a.gif"), 5).shape == (5, 4, 5)


def test_damage_that_decoders_do_not_notice() -> None:
    image = Image.fromarray(MANY[:200, :].copy())
    image.save("a.png")
    whole = Path("a.png").read_bytes()
    place = whole.index(b"IDAT") + 500
    Path("a.png").write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
    assert refused(read_frames, Path("a.png")).startswith("a.png is no readable image: ")
    image.save("a.gif", save_all=True, append_images=[Image.fromarray(255 - MANY[:200])])
    whole = Path("a.gif").read_bytes()
    assert whole[-1:] == b";"
    Path("a.gif").write_bytes(whole[:-1])
    assert (
        refused(read_frames, Path("a.gif"))
        == "a.gif is no readable image: it is truncated: a GIF ends with a trailer"
    )


def test_side_files_are_small_and_plain(monkeypatch) -> None:
    Path("a.dat").write_bytes(bytes(6))
    Path("a.yaml").write_text("a: &a [1]\nwidth: *a\nheight: 6\n")
    says = "a.yaml is no readable YAML file: found an alias, which a side file needs not have in line 2"
    assert refused(open_recording, Path("a.yaml")) == says
    Path("a.yaml").write_text("#" * 20_000)
    assert refused(open_recording, Path("a.yaml")) == "a.yaml is too long: 20000 bytes, 16384 at most"
    Path("a.yaml").write_text("width: 8\nheight: 6\npath: .\n")
    monkeypatch.setattr(side, "_LOOKED_AT", 1)
    assert (
        refused(open_recording, Path("a.yaml"))
        == "a.yaml: there are more than 1 files below .; open a recording itself"
    )


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1.0000001, "1.0000001"),
        (np.float32(1.0000001), "1.0000001"),
        (np.uint64(2**64 - 1), "18446744073709551615"),
        (2.0, "2"),
        (np.float64(-0.5), "-0.5"),
        (True, "True"),
        (float("inf"), "inf"),
    ],
)
def test_numbers_in_full(value, text) -> None:
    assert number(value) == text


def test_warnings_are_a_line_each_and_once(capsys) -> None:
    with told_warnings():
        for text in ("two\nlines\x1b[0m", "two\nlines\x1b[0m", "another"):
            warnings.warn(text, UserWarning, stacklevel=1)
        warnings.warn("of code", DeprecationWarning, stacklevel=1)
        assert capsys.readouterr().err == ""
    assert capsys.readouterr().err == "warning: two\\nlines\\x1b[0m\nwarning: another\n"

    def fails() -> None:
        with told_warnings():
            warnings.warn("lost", UserWarning, stacklevel=1)
            raise SpikeplaneError("an error says all by itself")

    assert refused(fails) == "an error says all by itself"
    assert capsys.readouterr().err == ""


def test_names_write_nothing_to_the_terminal() -> None:
    assert message("a\rb\u2028\u202e\x9b\ud800\n") == "a\\rb\\u2028\\u202e\\x9b\ud800"
    assert message("x" * 3000) == "x" * 1500 + "..." + "x" * 500
    stream = io.StringIO()
    _Console(file=stream, width=80).print("[bold]net\x1b]0;owned\x07[/]\nend", highlight=False)
    assert stream.getvalue() == "net\\x1b]0;owned\\x07\nend\n"
