"""Memory words in the program file: what is stored is what is loaded; words that are another network's are
refused where there is a compiler, and have another SHA-256 where there is none."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest
from bases import compiled, networks
from resealed import hdf5_changed, header_changed

import spikeplane
from spikeplane import Program, SpikeplaneError
from spikeplane.config import preset
from spikeplane.formats.tables import Memory
from spikeplane.program import words
from spikeplane.program.file import to_bytes

IMAGE, LOOP = networks()
WEIGHT = "images/0/0-0/weight"


def flipped(name: str, row: int = 0) -> Callable[[h5py.File], None]:
    """A change of the lowest bit of one word."""

    def change(file: h5py.File) -> None:
        array = np.asarray(file[name])
        array[row, 0] ^= 1
        del file[name]
        file[name] = array

    return change


def put(name: str, array: np.ndarray | None) -> Callable[[h5py.File], None]:
    """A change that replaces the words of one memory; None removes them."""

    def change(file: h5py.File) -> None:
        if name in file:
            del file[name]
        if array is not None:
            file[name] = array

    return change


def refusal(path: Path, contents: bytes) -> str:
    path.write_bytes(contents)
    with pytest.raises(SpikeplaneError) as refused:
        Program.load(path)
    return str(refused.value)


@pytest.mark.parametrize("program", [IMAGE, LOOP, compiled()], ids=["image", "loop", "compiled"])
def test_what_is_stored_is_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: Program) -> None:
    program.save(tmp_path / "net.spk")
    loaded = Program.load(tmp_path / "net.spk")
    ours, (theirs,) = loaded.image, program.images
    assert ours.words == theirs.words
    assert (ours.cores, ours.inputs, ours.probes, ours.credits) == (
        theirs.cores,
        theirs.inputs,
        theirs.probes,
        theirs.credits,
    )
    assert sum(word != 0 for _, _, word in ours.words[0, 0]) > 20
    assert loaded.digest == program.digest
    assert to_bytes(loaded) == to_bytes(program)
    # and not built anew
    monkeypatch.setattr(words, "build_images", lambda program: pytest.fail("built"))
    assert replace(loaded).stored is None
    assert loaded.image.words == theirs.words


def test_every_memory_of_every_core_is_in_the_file() -> None:
    contents = to_bytes(replace(IMAGE, config=preset("small")))
    found: dict[str, set[str]] = {}

    def change(file: h5py.File) -> None:
        def visit(name: str, item: h5py.Group | h5py.Dataset) -> None:
            if isinstance(item, h5py.Dataset):
                core, _, memory = name.partition("/")
                found.setdefault(core, set()).add(memory)

        file["images/0"].visititems(visit)  # pyright: ignore[reportAttributeAccessIssue]

    hdf5_changed(contents, change)
    assert set(found) == {"0-0", "1-0", "0-1", "1-1"}
    assert found["0-0"] == {memory.name.lower() for memory in Memory}
    # what another program may have left there is cleared
    assert found["1-1"] == {"population", "projection", "schedule"}


@pytest.mark.parametrize("memory", [memory.name.lower() for memory in Memory])
def test_a_changed_word_is_refused(tmp_path: Path, memory: str) -> None:
    path = tmp_path / "net.spk"
    said = refusal(path, hdf5_changed(to_bytes(IMAGE), flipped(f"images/0/0-0/{memory}")))
    number = Memory[memory.upper()]
    word = next(word for m, at, word in IMAGE.image.words[0, 0] if (m, at) == (number, 0))
    assert said == (
        f"program {path} cannot run: word 0 of the {memory} memory of core (0, 0) is {word ^ 1:#x}, its "
        f"network compiles to {word:#x}; compile it again"
    )


def test_a_changed_network_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "net.spk"

    def edit(header: dict) -> None:
        header["populations"][1]["neuron"]["reset"] = "none"

    said = refusal(path, header_changed(to_bytes(IMAGE), edit))
    assert "of the parameter memory of core (0, 0) is" in said or "of the population memory" in said
    assert said.endswith("; compile it again")


def _words(shape: tuple[int, ...], kind: type = np.uint8) -> np.ndarray:
    return np.zeros(shape, kind)


DEPTH, SIZE = 2048, 8
SHAPES = [
    (put(WEIGHT, _words((DEPTH + 1, SIZE))), f"{WEIGHT} is uint8 (2049, 8), the memory holds 2048 words of 8 bytes"),
    (put(WEIGHT, _words((3, SIZE + 1))), f"{WEIGHT} is uint8 (3, 9), the memory holds 2048 words of 8 bytes"),
    (put(WEIGHT, _words((3,))), f"{WEIGHT} is uint8 (3,), the memory holds 2048 words of 8 bytes"),
    (put(WEIGHT, _words((3, SIZE), np.int8)), f"{WEIGHT} is int8 (3, 8), the memory holds 2048 words of 8 bytes"),
    (put("images/0/1-0/weight", _words((3, SIZE))), "it holds 'images/0/1-0/weight', which no program has"),
    (put("images/1/0-0/weight", _words((3, SIZE))), "it holds 'images/1/0-0/weight', which no program has"),
    (put("images/0/0-0/more", _words((3, SIZE))), "it holds 'images/0/0-0/more', which no program has"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "line"), SHAPES, ids=[line[:60] for _, line in SHAPES])
def test_shapes(tmp_path: Path, change: Callable[[h5py.File], None], line: str) -> None:
    path = tmp_path / "net.spk"
    said = refusal(path, hdf5_changed(to_bytes(IMAGE), change))
    assert said == f"program {path} cannot run: {line}; compile it again"


def test_a_whole_memory_is_read(tmp_path: Path) -> None:
    """As many words as the memory has are its words, one more is not."""
    path = tmp_path / "net.spk"
    said = refusal(path, hdf5_changed(to_bytes(IMAGE), put(WEIGHT, _words((DEPTH, SIZE)))))
    assert "of the weight memory of core (0, 0) is 0x0, its network compiles to" in said


def test_words_that_are_missing_or_too_many(tmp_path: Path) -> None:
    path = tmp_path / "net.spk"
    said = refusal(path, hdf5_changed(to_bytes(IMAGE), put(WEIGHT, None)))
    assert "word 0 of the weight memory of core (0, 0) is nothing, its network compiles to 0x" in said


@pytest.mark.parametrize(
    ("count", "line"),
    [
        (2, "a program has one image of the chip's memories, not 2"),
        (0, "images must be from 1 to 64, not 0"),
        (65, "images must be from 1 to 64, not 65"),
        (True, "images must be a whole number, not True"),
    ],
)
def test_one_image(tmp_path: Path, count: int, line: str) -> None:
    path = tmp_path / "net.spk"
    said = refusal(path, header_changed(to_bytes(IMAGE), lambda header: header.update(images=count)))
    assert said == f"program {path} cannot run: {line}; compile it again"


def test_bytes_are_bounded(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path, contents = tmp_path / "net.spk", to_bytes(IMAGE)
    size = sum(array.size for array in words.write_words(IMAGE.images, IMAGE.config).values())
    monkeypatch.setattr(words, "BYTES", size)
    path.write_bytes(contents := hdf5_changed(contents, lambda file: None))
    Program.load(path)
    monkeypatch.setattr(words, "BYTES", size - 1)
    line = f"a program holds at most {size - 1:,} bytes of memory words, not {size:,}; use a smaller network"
    assert refusal(path, contents) == f"program {path} cannot run: {line}; compile it again"
    with pytest.raises(SpikeplaneError) as refused:
        to_bytes(IMAGE)
    assert str(refused.value) == line


def test_the_digest_is_of_words_and_tables_and_chip() -> None:
    weight = IMAGE.network.projections[2].weight + 0
    weight[0, 0, 0, 0] += 1
    first, second, third, fourth = IMAGE.network.projections
    other = replace(IMAGE.network, projections=(first, second, replace(third, weight=weight), fourth))
    made = [
        IMAGE,
        replace(IMAGE, network=other),
        replace(IMAGE, tables={}),
        replace(IMAGE, config=replace(IMAGE.config, projections=33)),
    ]
    assert len({program.digest for program in made}) == len(made)
    assert replace(IMAGE, name="other").digest == IMAGE.digest
    assert len(IMAGE.digest) == 64


BARE = """
import sys
sys.modules.update(dict.fromkeys(("torch", "amaranth", "nir", "cocotb"), None))
from spikeplane import Program, SpikeplaneError
"""


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of `spikeplane` alone, without compiler and importers."""
    folder = tmp_path_factory.mktemp("bare")
    shutil.copytree(
        Path(spikeplane.__file__).parent,
        folder / "spikeplane",
        ignore=shutil.ignore_patterns("compiler", "importers", "__pycache__"),
    )
    return folder


def run(bare: Path, code: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", BARE + code, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": str(bare), "PATH": "/usr/bin:/bin", "COLUMNS": "200"},
    )


def test_without_a_compiler(bare: Path, tmp_path: Path) -> None:
    """A file loads; one of other words does too, under another SHA-256; nothing can be built."""
    good, bad = tmp_path / "good.spk", tmp_path / "bad.spk"
    IMAGE.save(good)
    bad.write_bytes(hdf5_changed(good.read_bytes(), flipped(WEIGHT)))
    done = run(bare, "for path in sys.argv[1:]: print(Program.load(path).digest)\n", good, bad)
    assert done.returncode == 0, done.stderr
    first, second = done.stdout.split()
    assert (first, second != first) == (IMAGE.digest, True)
    again = "from dataclasses import replace\ntry: replace(Program.load(sys.argv[1])).image\n"
    done = run(bare, again + "except SpikeplaneError as error: print(error)\n", good)
    assert done.stdout == (
        "the program has no memory words, and spikeplane.compiler, which builds them, is not installed; load a "
        "program file\n"
    ), done.stderr


def test_inspect_without_a_compiler(bare: Path, tmp_path: Path) -> None:
    IMAGE.save(tmp_path / "net.spk")
    code = "from spikeplane.cli import main\nsys.argv[0] = 'spikeplane'\nmain()\n"
    done = run(bare, code, "inspect", tmp_path / "net.spk")
    assert (done.returncode, done.stderr) == (0, "")
    assert f"SHA-256 of memory words and tables: {IMAGE.digest}\n" in done.stdout
