"""Program files: any damage, and any content that another tool made up, is refused in one line;
files are written as others are."""

import io
import os
import stat
from pathlib import Path

import h5py
import numpy as np
import pytest

from spikeplane import Encoding, Program, SpikeplaneError
from spikeplane.compiler.compile import compile as compile_model
from spikeplane.compiler.graph import FloatNetwork, FloatNeuron, FloatPopulation, FloatProjection
from spikeplane.files import check_place, write_file, write_files
from spikeplane.program import file as program_file

DAMAGED = "is not a Spikeplane program, or is damaged; compile it again"


@pytest.fixture(scope="module")
def made() -> Program:
    net = FloatNetwork(
        populations=(
            FloatPopulation(name="in", shape=(6, 1, 1)),
            FloatPopulation(name="out", shape=(3, 1, 1), neuron=FloatNeuron(threshold=np.ones(3))),
        ),
        projections=(
            FloatProjection(
                source="in", target="out", weight=np.random.default_rng(0).normal(0, 1, (3, 6, 1, 1))
            ),
        ),
        output="out",
    )
    return compile_model(net, chip="tiny", encoding=Encoding(kind="rate", steps=2))


@pytest.fixture
def path(made: Program, tmp_path: Path) -> Path:
    made.save(tmp_path / "a.spk")
    return tmp_path / "a.spk"


def refusal(path: Path) -> str:
    """The one line that loading ends with."""
    with pytest.raises(SpikeplaneError) as refused:
        Program.load(path)
    assert "\n" not in str(refused.value)
    return str(refused.value)


def test_every_flipped_bit_and_every_cut_is_seen(path: Path) -> None:
    whole, random = path.read_bytes(), np.random.default_rng(7)
    places = [*range(0, 120), *range(500, 1100, 3), *random.integers(0, len(whole), 400).tolist()]
    for place in places:
        broken = bytearray(whole)
        broken[place] ^= 1 << int(random.integers(8))
        path.write_bytes(broken)
        assert refusal(path).endswith("; compile it again")
    for size in (0, 1, 511, 512, 513, *random.integers(0, len(whole), 100).tolist(), len(whole) - 1):
        path.write_bytes(whole[:size])
        assert refusal(path) == f"{path} {DAMAGED}"
    for content in (
        whole + b"\0",
        whole[512:],
        random.bytes(3000),
        b"\x89HDF\r\n\x1a\n" + random.bytes(3000),
    ):
        path.write_bytes(content)
        assert refusal(path) == f"{path} {DAMAGED}"


def reseal(path: Path, change) -> None:
    """Alter the HDF5 part by hand and put the right checksum on it."""
    buffer = io.BytesIO(path.read_bytes())
    with h5py.File(buffer, "r+") as file:
        change(file)
    path.write_bytes(program_file.seal(buffer.getvalue()))


def put(name: str, array: np.ndarray):
    """A change that replaces a dataset."""

    def change(file: h5py.File) -> None:
        if name in file:
            del file[name]
        file[name] = array

    return change


def remove(name: str):
    """A change that removes a dataset, or all of a group."""

    def change(file: h5py.File) -> None:
        del file[name]

    return change


WEIGHT, THETA = "projections/0/weight", "populations/1/theta"
MADE_UP = [remove("header"), put("header", np.frombuffer(b'{"name": 1}', np.uint8)), put("header", np.zeros(40)),
           put("header", np.frombuffer(b"[" * 100_000, np.uint8)), put(WEIGHT, np.zeros((3, 6, 1, 1))), put(WEIGHT, np.array([b"text"])),
           put(THETA, np.ones(3))]  # fmt: skip
WRONG = [
    (remove("projections"), f"{WEIGHT} is missing"),
    (put("projections/1/weight", np.ones(3, int)), "it holds 'projections/1/weight', which no program has"),
    (
        put(WEIGHT, np.zeros((6, 3, 1, 1), int)),
        "projection 'in' to 'out': weights of shape 6x3x1x1 do not connect 6x1x1 to 3x1x1",
    ),
    (put(WEIGHT, np.zeros(18, int)), f"{WEIGHT} is int64 (18,)"),
    (put(WEIGHT, np.zeros((3, 6, 1, 1), np.uint8)), f"{WEIGHT} is uint8 (3, 6, 1, 1)"),
    (put(THETA, np.ones(4, int)), f"{THETA} is int64 (4,)"),
    (put(THETA, np.array(1)), f"{THETA} is int64 ()"),
]


@pytest.mark.parametrize("change", MADE_UP)
def test_contents_that_no_program_has(path: Path, change) -> None:
    reseal(path, change)
    assert refusal(path) == f"{path} {DAMAGED}"


@pytest.mark.parametrize(("change", "line"), WRONG)
def test_contents_that_mean_nothing(path: Path, change, line: str) -> None:
    reseal(path, change)
    assert refusal(path) == f"program {path} cannot run: {line}; compile it again"


def test_a_sealed_file_is_read(path: Path, made: Program) -> None:
    reseal(path, lambda file: None)
    assert Program.load(path).config == made.config


def test_other_versions_folders_and_models(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(program_file, "VERSION", 7)
    path.write_bytes(program_file.seal(path.read_bytes()))
    monkeypatch.undo()
    assert (
        refusal(path)
        == f"program {path} has format version 7, this is version {program_file.VERSION}; compile it again"
    )
    assert refusal(path.parent) == f"program: cannot read {path.parent}: Is a directory"
    assert refusal(path / "inside") == f"program: cannot read {path / 'inside'}: Not a directory"
    model = path.with_suffix(".nir")
    with h5py.File(model, "w") as file:
        file["node"] = np.zeros(3)
    assert (
        refusal(model)
        == f"{model} is a model, not a program; compile it first: spikeplane compile {model} -o net.spk"
    )


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_files_have_the_ordinary_mode(tmp_path: Path, made: Program) -> None:
    before = os.umask(0o027)
    try:
        made.save(tmp_path / "new" / "a.spk")
        write_file(tmp_path / "text", "\u00e9")
        os.umask(0o002)
        write_file(tmp_path / "text2", b"")
    finally:
        os.umask(before)
    assert [mode(tmp_path / name) for name in ("new/a.spk", "text", "text2")] == [0o640, 0o640, 0o664]
    assert (tmp_path / "text").read_text(encoding="utf-8") == "\u00e9"


def test_what_cannot_be_written_leaves_everything_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("old")

    def wrong(*paths: str) -> str:
        with pytest.raises(SpikeplaneError) as refused:
            write_files({tmp_path / name: "new" for name in paths})
        assert sorted(str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*")) == ["file", "folder"]
        assert (tmp_path / "file").read_text() == "old"
        return str(refused.value)

    assert wrong("file", "folder") == f"cannot write {tmp_path}/folder: Is a directory"
    assert wrong("a/b/c", "file/x") == f"cannot write {tmp_path}/file/x: Not a directory"
    assert wrong("file", "x" * 300) == f"cannot write {tmp_path}/{'x' * 300}: File name too long"
    for name, reason in (("folder", "Is a directory"), ("file/x/y", "Not a directory")):
        with pytest.raises(SpikeplaneError, match=f"^cannot write {tmp_path}/{name}: {reason}$"):
            check_place(tmp_path / name)
    check_place(tmp_path / "a" / "b" / "c")
    monkeypatch.setattr(os, "access", lambda *_: False)
    for name in ("x", "file"):  # a file is replaced, so its folder has to be writable too
        with pytest.raises(SpikeplaneError, match=f"^cannot write {tmp_path}/{name}: Permission denied$"):
            check_place(tmp_path / name)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    assert wrong("new/deep/file") == f"cannot write {tmp_path}/new/deep/file: No space left on device"


def test_links_are_followed_and_devices_stay(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "real")
    write_file(tmp_path / "link", "text")
    assert (tmp_path / "real").read_text() == "text"
    assert (tmp_path / "link").is_symlink()
    os.mkfifo(tmp_path / "pipe")
    reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    write_file(tmp_path / "pipe", "text")
    assert os.read(reader, 10) == b"text"
    os.close(reader)
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)
    with pytest.raises(SpikeplaneError, match="^cannot write /dev/full: No space left on device$"):
        write_file("/dev/full", "text")
