"""`Program.check`: each rule, to the letter, on a program that breaks this one alone; the types of
the file's plain values."""

from collections.abc import Callable
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from bases import compiled, networks
from resealed import hdf5_changed, header_changed
from rich.console import Console

from spikeplane import Program, SpikeplaneError
from spikeplane.cli.tables import print_tables
from spikeplane.config import preset
from spikeplane.estimate.choose import chosen
from spikeplane.program import check as rules
from spikeplane.program.file import to_bytes
from spikeplane.program.placement import Part, Placement

IMAGE, LOOP = networks()  #: in, conv (held, window), gate, out; and in, loop (recurrent), sum (membranes)
MULTI = replace(
    LOOP, config=preset("small"),
    placement=Placement((
        Part(population="loop", core=(0, 0), slot=0, first=0, groups=1), Part(population="loop", core=(1, 0), slot=0, first=1, groups=1),
        Part(population="sum", core=(0, 1), slot=2, first=0, groups=1),
    )),
)  # fmt: skip


def population(program: Program, name: str, **changes: Any) -> Program:
    """The program with another population; `neuron` as a dict of changes."""
    found = program.network.population(name)
    if isinstance(changes.get("neuron"), dict) and found.neuron is not None:
        changes["neuron"] = replace(found.neuron, **changes["neuron"])
    made = tuple(replace(p, **changes) if p.name == name else p for p in program.network.populations)
    return replace(program, network=replace(program.network, populations=made))


def projection(program: Program, number: int, **changes: Any) -> Program:
    """The program with another projection."""
    made = tuple(
        replace(p, **changes) if i == number else p for i, p in enumerate(program.network.projections)
    )
    return replace(program, network=replace(program.network, projections=made))


def part(program: Program, number: int, **changes: Any) -> Program:
    """The program with another part."""
    return replace(
        program,
        placement=Placement(
            tuple(replace(p, **changes) if i == number else p for i, p in enumerate(program.placement.parts))
        ),
    )


def network(program: Program, **changes: Any) -> Program:
    """The program with another network."""
    return replace(program, network=replace(program.network, **changes))


def wide(weight: np.ndarray, place: tuple[int, ...], value: int) -> np.ndarray:
    """The weights with one other."""
    weight = weight.copy()
    weight[place] = value
    return weight


ROW = {"population": "out", "low": -1, "high": 4, "bits": 3, "available": 18}
FULL = {
    "population": "out",
    "weight_bits": 8,
    "guard": 0,
    "scale_low": 0.1,
    "scale_high": 0.1,
    "clipped": 0,
    "error": 0.0,
    "leak": "none",
}
WRONG: list[tuple[Program, str]] = [
    (network(IMAGE, populations=(*IMAGE.network.populations, IMAGE.network.populations[3])),
     "two populations are named 'out'; give each its own name"),
    (population(LOOP, "in", neuron=LOOP.network.populations[1].neuron),
     "population 'in' gets nothing in the step itself, so it would never be told to run; give it a projection without delay"),
    (projection(LOOP, 1, delay=0), "projection 'loop' to 'loop' goes backwards; list 'loop' before 'loop', or use delay 1"),
    (projection(LOOP, 0, delay=1), "projection 'in' to 'loop': an input arrives at once; use delay 0 and shift the planes"),
    (projection(LOOP, 2, pool=(1, 1025)), ("projection 'loop' to 'sum': pool must be two whole " "numbers from 1 to 1024, "
                                                                                                 "not (1, 1025)")),
    (population(IMAGE, "conv", input_size=(5, -6)), ("population 'conv': input_size must be " "(height, width) of 1 or "
                                                                                              "more, not 5x-6")),
    (network(LOOP, output="in"), "the output 'in' is no population of neurons; there are loop, sum"),
    (population(LOOP, "in", constant=True, value_bits=1), "a program has an input, which drives its steps; this one has none"),
    (population(LOOP, "in", constant=True, value_bits=3), "constant population 'in' sends 1 everywhere and has nothing else"),
    (population(LOOP, "sum", constant=True), "constant population 'sum' sends 1 everywhere and has nothing else"),
    (replace(LOOP, others={"sum": LOOP.encoding}), "there is an encoding for 'sum', which is no further input"),
    (population(LOOP, "sum", signed=True), "population 'sum': only an input has signed values"),
    (population(IMAGE, "in", value_bits=2), "input 'in' takes 2-bit values, the encoding 'direct' gives 3"),
    (population(IMAGE, "in", bias=np.ones(2, int)), ("input 'in' has thresholds, a bias, a window " "or holds its current; "
                                                                                                    "only neurons do")),
    (network(LOOP, steps=5), "the network runs 5 steps, the encoding gives 4"),
    (replace(LOOP, readout="mean"), "the readout must be count, last, sum or early, not 'mean'"),
    (replace(LOOP, probes=("loop", "sum", "in")), "there is no population 'in' to probe; there are loop, sum"),
    (replace(LOOP, probes=("sum", "sum")), "population 'sum' is probed twice"),
    (replace(LOOP, probes=("loop",)), "population 'sum' is not probed, and nothing else takes what it sends"),
    (network(replace(IMAGE, probes=("gate",)), output="gate"), ("population 'out' is not probed, " "and nothing else takes "
                                                                                                   "what it sends")),
    (network(replace(LOOP, probes=("sum",)), output="loop"), ("population 'loop' is not probed, and " "nothing else takes "
                                                                                                      "what it sends")),
    (population(LOOP, "loop", value_bits=2), "population 'loop': only an input has value_bits, not 2"),
    (population(LOOP, "loop", theta=np.full(20, 32768)),
     "population 'loop': its thresholds must be from -32768 to 32767 on this chip, not 32768; use a chip with wider words"),
    (population(LOOP, "loop", theta=np.full(20, -32768)),
     ("population 'loop': minus its thresholds must be from -32768 to 32767 on this chip, not " "32768; use a chip with "
                                                                                                "wider words")),
    (population(LOOP, "loop", bias=np.full(20, 1 << 17)),
     "population 'loop': its biases must be from -131072 to 131071 on this chip, not 131072; use a chip with wider words"),
    (population(LOOP, "loop", neuron={"v_reset": 32768}),
     "population 'loop': its reset potential must be from -32768 to 32767 on this chip, not 32768; use a chip with wider words"),
    (population(IMAGE, "conv", amount=np.full(12, -1)),
     "population 'conv': a soft reset by -1..-1 at thresholds 21..57 could leave the 16-bit "
     "membrane; amounts must be 0 or more and "
     "thresholds higher"),
    (replace(population(IMAGE, "in", value_bits=1), encoding=replace(IMAGE.encoding, kind="planes")),
     "population 'conv' holds its current, which takes an encoding 'direct' and nothing but the input in front"),
    (population(LOOP, "loop", hold=True),
     "population 'loop' holds its current, which takes an encoding 'direct' and nothing but the input in front"),
    (population(IMAGE, "gate", hold=True),
     "population 'gate' holds its current, which takes an encoding 'direct' and nothing but the input in front"),
    (projection(LOOP, 2, weight=wide(LOOP.network.projections[2].weight, (0, 0, 0, 0), 128)),
     "projection 'loop' to 'sum': weights must be from -128 to 127 on this chip, not 128; use a chip with wider words"),
    (part(LOOP, 0, population="in"), "there is no population 'in' to place; there are loop, sum"),
    (part(LOOP, 0, core=(1, 0)), "population 'loop' on core (1, 0): the chip has cores from (0, 0) to (0, 0)"),
    (part(LOOP, 0, slot=8), "population 'loop' on core (0, 0): slot 8 of 8"),
    (part(LOOP, 1, slot=0), "population 'sum' on core (0, 0): slot 0 is taken, or another part of it is there"),
    (part(MULTI, 1, core=(0, 0), slot=1), "population 'loop' on core (0, 0): slot 1 is taken, or another part of it is there"),
    (part(MULTI, 1, groups=2), "population 'loop' has the channel groups 0 to 1, placed are 0 to 0, 1 to 2"),
    (part(LOOP, 0, groups=2), "population 'loop' has the channel groups 0 to 2, placed are 0 to 1"),
    (part(LOOP, 0, first=1), "population 'loop' has the channel groups 0 to 2, placed are 1 to 3"),
    (replace(LOOP, placement=Placement(())), "population 'loop' has the channel groups 0 to 2, placed are nothing"),
    (replace(LOOP, config=replace(LOOP.config, projections=4)),
     "the network does not fit: 3 projections and 2 probes need as many tags, the chip has 4; "
     "probe fewer populations (--probe NAME), or use fewer layers"),
    (replace(IMAGE, config=replace(IMAGE.config, coord_bits=2)),
     "population 'in' is 5x6 pixels, the chip's coordinates reach 4x4; use a chip with more coord_bits"),
    (replace(population(IMAGE, "conv", bias=np.full(12, 2000)), config=replace(IMAGE.config, acc_bits=12)),
     "~ exceeds the 12-bit accumulator (2047); use acc_bits = "),
    (projection(IMAGE, 0, pre_shift=14), "~ sends 3-bit values into 'conv' shifted by 14, the chip's max_shift 15 allows 2"),
    (replace(population(LOOP, "loop", neuron={"leak": "multiply", "leak_value": 5}), config=replace(LOOP.config, leak_multiplier=False)),
     "~ needs a chip with leak_multiplier = true"),
    (replace(LOOP, config=replace(LOOP.config, weight_depth=16)), "~of the weight memory of core (0, 0), which has 16"),
    (replace(LOOP, tables={"x": 3}), "its table 'x' must be a list of rows of plain values"),
    (replace(LOOP, tables={"x": [{"a": float("nan")}]}), "its table 'x' must be a list of rows of plain values"),
    (replace(LOOP, tables={"x": [{"a": [[[[[1]]]]]}]}), "its table 'x' must be a list of rows of plain values"),
    (replace(LOOP, tables={"mapping": [{"core": [0, 0]}]}),
     "its table 'mapping' has a row in which 'populations' is missing or something else"),
    (replace(IMAGE, tables={"bounds": [{**ROW, "population": "x"}]}), ("its tables name 'x', which " "is no population or "
                                                                                                     "has no bound")),
    (replace(IMAGE, tables={"quantisation": [FULL]}), "its tables name 'out', which is no population or has no bound"),
    (replace(LOOP, tables={"activity": [{"population": "in", "spikes": [1e9], "packets": [1]}]}),
     "its table 'activity' counts spikes that cannot be"),
]  # fmt: skip


@pytest.mark.parametrize(("program", "line"), WRONG, ids=[line[:60] for _, line in WRONG])
def test_each_rule(program: Program, line: str) -> None:
    with pytest.raises(SpikeplaneError) as refused:
        program.check()
    if line.startswith("~"):
        assert line[1:] in str(refused.value)
    else:
        assert str(refused.value) == line


def test_values_of_a_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    """165 neurons and inputs in 3 steps."""
    monkeypatch.setattr(rules, "VALUES", 495)
    IMAGE.check()
    monkeypatch.setattr(rules, "VALUES", 494)
    with pytest.raises(SpikeplaneError) as error:
        IMAGE.check()
    assert str(error.value) == "a sample has 495 values in all populations and steps, at most 494 can be run"


def test_what_runs_passes() -> None:
    for program in (IMAGE, LOOP, MULTI):
        program.check()


def header(path: str, value: Any) -> Callable[[dict[str, Any]], None]:
    """An edit of one place of the header; the value `...` removes it."""

    def edit(plain: Any) -> None:
        *way, last = (int(key) if key.isdigit() else key for key in path.split("/"))
        for key in way:
            plain = plain[key]
        if value is ...:
            del plain[last]
        else:
            plain[last] = value

    return edit


NEURON = "leak, leak_round, leak_value, membrane_out, reset, strict, v_reset"
TYPES = [
    ("name", 3, "name must be text of up to 1000 characters, not 3"),
    ("name", "x" * 1001, f"name must be text of up to 1000 characters, not '{'x' * 56}..."),
    ("steps", True, "steps must be a whole number, not True"),
    ("steps", 3.0, "steps must be a whole number, not 3.0"),
    ("steps", 10**30, "steps must be a whole number, not 1000000000000000000000000000000"),
    ("output", None, "output must be text of up to 1000 characters, not None"),
    ("probes", ["conv", 1], "probes must be text of up to 1000 characters, not 1"),
    ("probes", "conv", "probes must be a list of names, not 'conv'"),
    ("readout", [], "readout must be text of up to 1000 characters, not []"),
    ("encoding/kind", "video", "encoding, kind must be one of direct, rate, poisson, latency, events, planes, frames, not 'video'"),
    ("encoding/seed", ..., ("encoding must have the fields kind, seed, step_us, steps, value_bits; " "'seed' is missing "
                                                                                                     "or unknown")),
    ("populations/1/hold", 1, "population 1, hold must be true or false, not 1"),
    ("populations/1/shape", [12, 2], "population 1, shape must be 3 whole numbers, not [12, 2]"),
    ("populations/1/input_size", [5.0, 6], "population 1, input_size must be a whole number, not 5.0"),
    ("populations/1/window/size", "2", "population 1, window, size must be a whole number, not '2'"),
    ("populations/1/window", 2, "population 1, window must have the fields padding, size, stride"),
    ("populations/1/neuron/reset", "some", "population 1, neuron, reset must be one of none, hard, soft, not 'some'"),
    ("populations/1/neuron/tau", 1, f"population 1, neuron must have the fields {NEURON}; 'tau' is missing or unknown"),
    ("projections/0/stride", {"a": 1}, "projection 0, stride must be 2 whole numbers, not {'a': 1}"),
    ("projections/0/delay", "\n", "projection 0, delay must be a whole number, not '\\n'"),
    ("parts/0/core", [0, None], "part 0, core must be a whole number, not None"),
    ("parts/0", 7, "part 0 must have the fields core, first, groups, population, slot"),
    ("config/lanes", 9, "chip configuration: lanes must be one of 8, 16, 32, not 9"),
    ("config/lanes", ..., "its chip configuration has fields that are missing, or of another type"),
    ("config/preset", "tiny", "its chip configuration has fields that are missing, or of another type"),
    ("populations/1/neuron/leak_value", 65537,
     "population 'conv': its leak_value must be from 0 to 65536, not 65537"),
    ("tables", [], "its tables must be an object"),
]  # fmt: skip
DAMAGED = [
    ("parts", {}),
    ("projections", [{}] * 3000),
    ("extra", 1),
    ("probes", ...),
    ("name", "\ud800"),
    ("tables", {"x": [{"a": 1e999}]}),
]


def refusal(path: Path, contents: bytes) -> str:
    """The one line that loading ends with."""
    path.write_bytes(contents)
    with pytest.raises(SpikeplaneError) as refused:
        Program.load(path)
    return str(refused.value)


@pytest.mark.parametrize(("where", "value", "line"), TYPES, ids=[line[:60] for *_, line in TYPES])
def test_types_are_exact(tmp_path: Path, where: str, value: Any, line: str) -> None:
    path = tmp_path / "net.spk"
    assert (
        refusal(path, header_changed(to_bytes(IMAGE), header(where, value)))
        == f"program {path} cannot run: {line}; compile it again"
    )


@pytest.mark.parametrize(("where", "value"), DAMAGED)
def test_what_is_no_header(tmp_path: Path, where: str, value: Any) -> None:
    path = tmp_path / "net.spk"
    said = refusal(path, header_changed(to_bytes(IMAGE), header(where, value)))
    assert said == f"{path} is not a Spikeplane program, or is damaged; compile it again"


@pytest.mark.parametrize("place", [0, 1])
def test_a_key_that_stands_twice(tmp_path: Path, place: int) -> None:
    """Python would take the last, which is the right one; at the top and in what lies below."""
    path = tmp_path / "net.spk"

    def changed(more: str) -> bytes:
        def change(file: h5py.File) -> None:
            text = np.asarray(file["header"]).tobytes().decode()
            parts = text.split('"steps": 3')
            assert len(parts) == 3  # of the encoding, and of the network
            del file["header"]
            joints = ['"steps": 3', '"steps": 3']
            joints[place] = f'{more}"steps": 3'
            file["header"] = np.frombuffer(
                (parts[0] + joints[0] + parts[1] + joints[1] + parts[2]).encode(), np.uint8
            )

        return hdf5_changed(to_bytes(IMAGE), change)

    path.write_bytes(changed(" "))
    Program.load(path)
    assert (
        refusal(path, changed('"steps": 33, '))
        == f"{path} is not a Spikeplane program, or is damaged; compile it again"
    )


def test_columns_that_commands_read() -> None:
    """A table without one of its columns, or with something else there, is refused, or shown and
    estimated all the same."""
    program, lines = compiled(), []
    for name, rows in program.tables.items():
        for column in sorted({column for row in rows for column in row}):
            for wrong in (..., None, "[/x]", [[]], {"a": 1}, -1):
                row = [
                    {
                        k: wrong if k == column else v
                        for k, v in row.items()
                        if k != column or wrong is not ...
                    }
                    for row in rows
                ]
                lines.append(used(replace(program, tables={**program.tables, name: row})))
    assert lines.count("") > 5
    assert len(lines) - lines.count("") > 100
    assert all(line.startswith("its table") for line in lines if line)


def used(program: Program) -> str:
    """What the check says; if it passes, the tables are shown, and an estimate is begun."""
    try:
        program.check()
    except SpikeplaneError as error:
        return str(error)
    print_tables(program, Console(file=StringIO()))
    chosen(program, None, None, 1)
    return ""
