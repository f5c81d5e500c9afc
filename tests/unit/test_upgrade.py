"""`spikeplane upgrade`: a program of another architecture is compiled again, to the same integers; one of this
architecture to the same bytes."""

import io
from collections.abc import Callable, Iterable
from contextlib import redirect_stdout
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from bases import compiled, networks
from resealed import hdf5_changed, header_changed

from spikeplane import Encoding, Program, SpikeplaneError, config
from spikeplane.cli.upgrade import upgrade as command
from spikeplane.compiler.compile import compile as compile_model
from spikeplane.compiler.graph import Assumption, FloatNetwork, FloatNeuron, FloatPopulation, FloatProjection
from spikeplane.compiler.size import sized
from spikeplane.compiler.upgrade import upgrade
from spikeplane.network import MEMBRANE, Window
from spikeplane.program import file as program_file
from spikeplane.program.file import to_bytes

RNG = np.random.default_rng(4)
#: numbers of every kind that importers and people give, every field another than its default somewhere
NET = FloatNetwork(
    populations=(
        FloatPopulation(name="in", shape=(1, np.int64(5), 6)),  # pyright: ignore[reportArgumentType]
        FloatPopulation(
            name="conv",
            shape=(4, 2, 3),
            neuron=FloatNeuron(
                threshold=RNG.uniform(0.5, 1, 4).astype(np.float32),
                reset="soft",
                amount=RNG.uniform(0.2, 0.5, 4),
                decay=np.float32(0.875),  # pyright: ignore[reportArgumentType]
                strict=True,
            ),
            bias=RNG.normal(0, 0.1, 4),
            window=Window(size=2, stride=2, padding=0),
            input_size=(5, 6),
        ),
        FloatPopulation(
            name="loop",
            shape=(6, 1, 1),
            neuron=FloatNeuron(threshold=np.array(0.75), v_reset=-0.25, decay=1),
        ),
        FloatPopulation(
            name="sum", shape=(3, 1, 1), neuron=FloatNeuron(reset="none", kind=MEMBRANE, decay=0.5)
        ),
    ),
    projections=(
        FloatProjection(
            source="in",
            target="conv",
            weight=RNG.normal(0, 0.5, (4, 1, 3, 3)).astype(np.float32),
            padding=(1, 1),
            layer="layers.0",
        ),
        FloatProjection(source="conv", target="loop", weight=RNG.normal(0, 0.5, (6, 4, 2, 3))),
        FloatProjection(source="loop", target="loop", weight=RNG.integers(-1, 2, (6, 6, 1, 1)), delay=1),
        FloatProjection(source="loop", target="sum", weight=RNG.normal(0, 0.5, (3, 6, 1, 1))),
    ),
    output="sum",
    readout="last",
    assumptions=(Assumption(layer="conv", what="dt", value="1", why="no dt"),),
)  # fmt: skip


def made(**options: Any) -> Program:
    return compile_model(NET, chip="tiny", encoding=Encoding(kind="direct", steps=3, value_bits=4), **options)


def calibrated() -> Program:
    samples = RNG.integers(0, 256, (3, 1, 5, 6)).astype(np.uint8)
    return made(calibration=samples, labels=np.arange(3))


CASES: dict[str, Callable[[], Program]] = {
    "plain": made,
    "options": lambda: made(weight_bits={"layers.0": 4}, guard=2, probes=["conv"], name="net"),
    "calibrated": calibrated,
    "rate": compiled,
    "fitted": lambda: sized(made(), rows=2, cols=2, lanes=8),
    "fitted, few bits": lambda: sized(made(weight_bits=2), rows=1, cols=1, lanes=16),
}


def test_what_is_kept(tmp_path: Path) -> None:
    """Every number of the float network as it was given, floats of 32 bits as such."""
    made(guard={"loop": 1}, weight_bits=4, probes=["conv"]).save(tmp_path / "net.spk")
    source = Program.load(tmp_path / "net.spk").source
    assert source is not None
    assert (source.guard, source.weight_bits, source.probes, source.peaks) == (
        {"loop": 1},
        4,
        ("conv",),
        None,
    )
    assert (source.network.output, source.network.readout) == ("sum", "last")
    assert source.network.assumptions == NET.assumptions
    for ours, theirs in zip(source.network.populations, NET.populations, strict=True):
        same(ours, theirs, ("name", "shape", "bias", "window", "input_size"))
        if ours.neuron is not None:
            same(ours.neuron, theirs.neuron, [f.name for f in fields(FloatNeuron)])
    for ours, theirs in zip(source.network.projections, NET.projections, strict=True):
        same(ours, theirs, [f.name for f in fields(FloatProjection)])
    assert source.network.projections[0].weight.dtype == np.float32
    assert source.network.projections[1].weight.dtype == np.float64


def same(ours: Any, theirs: Any, names: Iterable[str]) -> None:
    for name in names:
        np.testing.assert_array_equal(getattr(ours, name), getattr(theirs, name), name)


def refusal(act: Callable[[], object]) -> str:
    with pytest.raises(SpikeplaneError) as refused:
        act()
    assert "\n" not in str(refused.value)
    return str(refused.value)


@pytest.mark.parametrize("case", sorted(CASES))
def test_a_program_of_this_architecture_is_its_equal(tmp_path: Path, case: str) -> None:
    program = CASES[case]()
    program.save(tmp_path / "net.spk")
    upgrade(tmp_path / "net.spk").save(tmp_path / "new.spk")
    assert (tmp_path / "new.spk").read_bytes() == (tmp_path / "net.spk").read_bytes()


@pytest.mark.parametrize("case", ["options", "calibrated", "fitted"])
def test_a_program_of_another_architecture(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, case: str
) -> None:
    """Refused by a line that says what to do; what it says gives the program that compiling gives now."""
    old, new = tmp_path / "old.spk", tmp_path / "new.spk"
    program = CASES[case]()
    monkeypatch.setattr(config, "ARCHITECTURE", config.ARCHITECTURE - 1)
    monkeypatch.setattr(program_file, "ARCHITECTURE", config.ARCHITECTURE)
    digest = program.config.digest
    program.save(old)
    monkeypatch.undo()
    assert digest != program.config.digest
    assert refusal(lambda: Program.load(old)) == (
        f"program {old} was compiled for another generation of the gateware (architecture "
        f"{config.ARCHITECTURE - 1}, chip '{digest}'; this is architecture {config.ARCHITECTURE}); use: "
        f"spikeplane upgrade {old} -o new.spk"
    )
    text = io.StringIO()
    with redirect_stdout(text):
        command(old, new)
    assert text.getvalue().split() == (
        f"wrote {new} for chip {program.config.digest} ({new.stat().st_size:,} bytes) "
        f"next: spikeplane run {new} --input DATA".split()
    )
    assert new.read_bytes() == program_file.seal(to_bytes(program))
    assert Program.load(new).tables == program.tables


def test_another_digest_of_the_same_architecture(tmp_path: Path) -> None:
    path = tmp_path / "net.spk"

    def edit(header: dict[str, Any]) -> None:
        header["digest"] = "0123456789abcdef"

    path.write_bytes(header_changed(to_bytes(made()), edit, digest=False))
    assert refusal(lambda: Program.load(path)).endswith(
        f"chip '0123456789abcdef'; this is architecture {config.ARCHITECTURE}); use: spikeplane upgrade {path} "
        "-o new.spk"
    )


def test_fields_that_no_chip_has_any_more(tmp_path: Path) -> None:
    """Of an older architecture nothing but float network and options is taken; a field of the chip that there
    was not yet has its default, one that there is no more is named."""
    path = tmp_path / "net.spk"

    def edit(header: dict[str, Any]) -> None:
        header["architecture"] = 1
        for chip in (header["config"], header["source"]["chip"]):
            del chip["leak_multiplier"]
        header["populations"][1]["tau"] = 3
        header["parts"] = [{"old": 1}]

    path.write_bytes(header_changed(to_bytes(made()), edit, digest=False))
    assert "(architecture 1, chip" in refusal(lambda: Program.load(path))
    assert upgrade(path).digest == replace(made(), tables=upgrade(path).tables).digest

    def more(header: dict[str, Any]) -> None:
        edit(header)
        header["source"]["chip"]["cells"] = 3

    path.write_bytes(header_changed(to_bytes(made()), more, digest=False))
    assert refusal(lambda: upgrade(path)).startswith(
        f"program {path} cannot be upgraded: chip configuration: unknown key 'cells'"
    )


def test_figures_of_other_integers_are_not_kept(tmp_path: Path) -> None:
    """A compiler that makes other integers of the floats: the old calibration says nothing of them."""
    path, program = tmp_path / "net.spk", calibrated()
    assert program.tables["calibration"]
    assert program.tables["activity"]

    def edit(header: dict[str, Any]) -> None:
        header["architecture"] = 1

    def change(file: h5py.File) -> None:
        weight = np.asarray(file["projections/1/weight"])
        weight[0, 0, 0, 0] += 1
        file["projections/1/weight"][...] = weight  # pyright: ignore[reportIndexIssue]

    path.write_bytes(header_changed(hdf5_changed(to_bytes(program), change), edit))
    found = upgrade(path)
    assert (found.tables["calibration"], found.tables.get("activity")) == ([], None)
    assert found.tables["import"][0]["source"] == "nothing to prove: the network was given as it is"
    assert [row["population"] for row in found.tables["agreement"]] == ["conv", "loop", "sum"]
    assert "agreement" not in found.tables["quantisation"][0]
    assert found.image.words == program.image.words


def test_a_program_without_a_float_network(tmp_path: Path) -> None:
    path = tmp_path / "net.spk"
    networks()[0].save(path)
    assert Program.load(path).source is None
    again = "compile it again from its model"
    assert refusal(lambda: upgrade(path)) == (
        f"program {path} cannot be upgraded: it keeps no float network; {again}"
    )
    path.write_bytes(header_changed(path.read_bytes(), lambda header: header.update(architecture=1)))
    assert refusal(lambda: Program.load(path)).endswith("); compile it again")


def test_an_old_file_and_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "net.spk"
    monkeypatch.setattr(program_file, "VERSION", 3)
    path.write_bytes(program_file.seal(to_bytes(networks()[0])))
    monkeypatch.undo()
    line = f"program {path} has format version 3, this is version 4; compile it again"
    for act in (lambda: Program.load(path), lambda: upgrade(path)):
        assert line in refusal(act)
    path.write_bytes(b"x")
    assert "is not a Spikeplane program, or is damaged" in refusal(lambda: upgrade(path))
    path.write_bytes(hdf5_changed(to_bytes(networks()[0]), lambda file: file.pop("header")))
    assert (
        refusal(lambda: upgrade(path))
        == f"{path} is not a Spikeplane program, or is damaged; compile it again"
    )


def header(way: str, item: Any) -> Callable[[dict[str, Any]], None]:
    """An edit of one place of the source in the header."""

    def edit(plain: Any) -> None:
        plain = plain["source"]
        *keys, last = (int(key) if key.isdigit() else key for key in way.split("/"))
        for key in keys:
            plain = plain[key]
        plain[last] = item

    return edit


TYPES = [
    ("weight_bits", "4", "source, weight_bits must be a whole number, not '4'"),
    ("guard", [["conv", "4"]], "source, guard must be a whole number, not '4'"),
    ("populations", {}, "source, populations must be a list, not {}"),
    ("populations/1/neuron/decay", "1", "source, population 1, neuron, decay must be a number, not '1'"),
    ("populations/1/neuron/decay", True, "source, population 1, neuron, decay must be a number, not True"),
    ("populations/1/shape", [1], "source, population 1, shape must be 3 whole numbers, not [1]"),
    ("projections/0/more", 1, "source, projection 0 must have the fields aligned, delay, layer, padding, pool, source, stride, "
                              "target; 'more' is missing or unknown"),
    ("chip", 3, "source, chip must be an object, not 3"),
    ("chip/lanes", 9, "chip configuration: lanes must be one of 8, 16, 32, not 9"),
    ("peaks", ["conv"], "source/peaks/0 is missing"),
    ("more", 1, "source must have the fields assumptions, chip, guard, output, peaks, populations, probes, projections, readout, "
                "weight_bits"),
]  # fmt: skip


@pytest.mark.parametrize(("way", "item", "line"), TYPES, ids=[line[:60] for *_, line in TYPES])
def test_types_are_exact(tmp_path: Path, way: str, item: Any, line: str) -> None:
    path = tmp_path / "net.spk"
    path.write_bytes(header_changed(to_bytes(made()), header(way, item)))
    assert refusal(lambda: Program.load(path)) == f"program {path} cannot run: {line}; compile it again"
    assert refusal(lambda: upgrade(path)) == (
        f"program {path} cannot be upgraded: {line}; compile it again from its model"
    )


def test_arrays_are_those_of_a_source(tmp_path: Path) -> None:
    path = tmp_path / "net.spk"
    weight = "source/projections/0/weight"

    def put(array: np.ndarray | None) -> Callable[[h5py.File], None]:
        def change(file: h5py.File) -> None:
            del file[weight.removesuffix("/weight")]
            if array is not None:
                file[weight] = array

        return change

    for array, line in (
        (None, f"{weight} is missing"),
        (np.zeros((4, 1, 3, 3), np.int8), f"{weight} is int8 (4, 1, 3, 3)"),
        (np.zeros((4, 1, 3, 3), np.uint32), f"{weight} is uint32 (4, 1, 3, 3)"),
    ):
        path.write_bytes(hdf5_changed(to_bytes(made()), put(array)))
        assert refusal(lambda: Program.load(path)) == f"program {path} cannot run: {line}; compile it again"
    not_a_number = np.full((4, 1, 3, 3), np.nan, np.float32).view(np.int32)
    path.write_bytes(hdf5_changed(to_bytes(made()), put(not_a_number)))
    assert "36 of its 36 weights are not finite numbers" in refusal(lambda: upgrade(path))
