"""The estimate before synthesis: memories as the gateware has them, activity, operations, energy,
the command and its refusals."""

import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from spikeplane.cli import app
from spikeplane.compiler import build_image, place
from spikeplane.config import ChipConfig, preset
from spikeplane.encoding import Encoding
from spikeplane.errors import SpikeplaneError
from spikeplane.estimate import energy, resources
from spikeplane.estimate.activity import Activity, assumed, measured, reached, recorded
from spikeplane.estimate.choose import chosen
from spikeplane.estimate.counts import count
from spikeplane.estimate.cycles import cycles
from spikeplane.estimate.forward import outputs
from spikeplane.estimate.memories import block_rams, core_memories
from spikeplane.estimate.timeline import Timeline
from spikeplane.estimate.work import Target, plan
from spikeplane.formats.packet import packet_format
from spikeplane.network import Network, Neuron, Population, Projection
from spikeplane.program import Program
from spikeplane_hw.boards import BOARDS

sys.path.insert(0, str(Path(__file__).parents[1] / "system"))
from networks import random_network  # noqa: E402  # pyright: ignore[reportMissingImports]


def small_program(steps: int = 3) -> Program:
    """4 spiking inputs of 4x4 pixels, a 3x3 convolution to 20 channels, dense to 5."""
    rng, chip = (
        np.random.default_rng(0),
        replace(preset("small"), weight_depth=1024, acc_depth=256, membrane_depth=512),
    )
    network = Network(
        populations=(
            Population(name="in", shape=(4, 4, 4)),
            Population(name="conv", shape=(20, 4, 4), neuron=Neuron(), theta=np.full(20, 30)),
            Population(name="out", shape=(5, 1, 1), neuron=Neuron(), theta=np.full(5, 50)),
        ),
        projections=(
            Projection(
                source="in", target="conv", weight=rng.integers(-9, 20, (20, 4, 3, 3)), padding=(1, 1)
            ),
            Projection(source="conv", target="out", weight=rng.integers(-9, 20, (5, 20, 4, 4))),
        ),
        output="out",
        steps=steps,
    )
    encoding = Encoding(kind="planes", steps=steps)
    return Program(
        name="x",
        config=chip,
        network=network,
        placement=place(network, chip),
        encoding=encoding,
        probes=("out",),
    )


@pytest.mark.parametrize("name", ["two", "short", "narrow", "halves", "fused", "shared"])
def test_memories_are_those_of_the_gateware(name: str) -> None:
    from spikeplane_gateware.chip import TILE_MODULE
    from spikeplane_gateware.tile import Tile
    from spikeplane_gateware.verilog.convert import convert

    short = ChipConfig(rows=1, cols=1, lanes=8, acc_depth=100, membrane_depth=20, weight_bits=2)
    chip = {
        "two": replace(preset("tiny"), spikes_per_cycle=2),
        "short": short,
        "halves": replace(short, narrow_tables=True, row_depth=100),
        "fused": replace(short, membrane_bits=14, fused=True),
        "shared": replace(short, membrane_bits=14, fused=True, narrow_tables=True, row_depth=100),
        "narrow": replace(short, sweep_lanes=2, narrow_tables=True, row_depth=100),
    }[name]
    text = convert(Tile(chip), TILE_MODULE)
    found = re.findall(r"spikeplane_(?:dual_)?ram #\((.*?)\) ", text, re.DOTALL)
    sizes = [{key: int(value) for key, value in re.findall(r"\.(\w+)\((\d+)\)", one)} for one in found]
    expected = [(words, bits) for _, number, words, bits in core_memories(chip) for _ in range(number)]
    assert sorted((one["DEPTH"], one["WIDTH"]) for one in sizes) == sorted(expected)


def test_block_rams_and_multipliers_are_those_of_the_builds() -> None:
    rows = [row for row in resources.builds() if row["verilog"]]
    assert len(rows) >= 4
    for row in rows:
        assert block_rams(row["config"], row["family"]) == row["resources"]["block RAM"], row["name"]
        assert resources.multipliers(row["config"], row["family"]) == row["resources"]["DSP"], row["name"]


@pytest.mark.parametrize("family", ["ecp5", "ice40", "gowin", "xilinx"])
@pytest.mark.parametrize("title", ["LUT", "FF"])
def test_each_build_is_foreseen_by_the_others(family: str, title: str) -> None:
    fitted = resources.fit(family, title)
    assert fitted.worst < 0.15, (fitted.errors, fitted.held)
    assert (fitted.factors >= 0).all()


def test_a_larger_chip_takes_more() -> None:
    small, large = (resources.estimate(ChipConfig(rows=1, cols=1, lanes=lanes), "ecp5") for lanes in (8, 32))
    assert all(large[title].used > small[title].used for title in small)


MEASURED = {  #: LUT and FF of an option, of one tile of `tiny` and of `small` (`make bench`, part `options`)
    "tiny": {"levels": (696, 213), "dynamic": (965, 227), "steps": (716, 134), "two": (315, 19)},
    "small": {"levels": (1383, 409), "dynamic": (1570, 232), "steps": (1024, 150), "two": (564, 26)},
}
FIELDS = {
    "levels": {"levels": True},
    "dynamic": {"dynamic_depth": 256, "dynamic_bits": 8},
    "steps": {"step_bits": 2},
    "two": {"spikes_per_cycle": 2},
}


@pytest.mark.parametrize("chip", MEASURED)
def test_options_take_what_was_measured(chip: str) -> None:
    """Builds have none of them yet: their terms are as they were read off one tile without and with them."""
    base = replace(preset(chip), rows=1, cols=1)
    without = resources.estimate(base, "ecp5")
    for name, (lut, ff) in MEASURED[chip].items():
        found = resources.estimate(replace(base, **FIELDS[name]), "ecp5")
        assert abs(found["LUT"].used - without["LUT"].used - lut) < 0.1 * lut, name
        assert abs(found["FF"].used - without["FF"].used - ff) < 0.2 * ff, name
    banks = 2 * -(-base.lanes * 8 // 36)
    dynamic = resources.estimate(replace(base, **FIELDS["dynamic"]), "ecp5")
    # the words of populations are wider as well
    assert dynamic["block RAM"].used - without["block RAM"].used in (banks, banks + 1)


#: The same of gates, beside a dynamic memory, of one and of eight tables, and of 2 and of 16 presentations: of `tiny` alone.
MORE = {
    "gates": ({"gates": True}, 39, 0),
    "a table": ({"tables": 1}, 262, 58),
    "tables": ({"tables": 8}, 278, 65),
    "two presentations": ({"presentations": 2}, 25, 4),
    "presentations": ({"presentations": 16}, 59, 13),
}


@pytest.mark.parametrize("name", MORE)
def test_gates_take_what_was_measured(name: str) -> None:
    fields, lut, ff = MORE[name]
    base = replace(preset("tiny"), rows=1, cols=1, **(FIELDS["dynamic"] if name == "gates" else {}))
    found, without = (
        resources.estimate(chip, "ecp5") for chip in (replace(base, **fields), base)
    )  # the words of populations are wider as well
    assert abs(found["LUT"].used - without["LUT"].used - lut) < 0.25 * lut + 5
    assert abs(found["FF"].used - without["FF"].used - ff) < 0.25 * ff + 5


#: LUT, FF, block RAMs and multipliers that a sweep of so many lanes saves, of one tile (`make bench`, part `options`).
NARROW = {("tiny", 2): (572, 1599, 2, 6), ("tiny", 1): (860, 1805, 2, 7), ("small", 4): (1202, 3356, 4, 12)}


@pytest.mark.parametrize(("chip", "lanes"), NARROW)
def test_a_narrow_sweep_saves_what_was_measured(chip: str, lanes: int) -> None:
    base = replace(preset(chip), rows=1, cols=1)
    found, without = (resources.estimate(one, "ecp5") for one in (replace(base, sweep_lanes=lanes), base))
    for title, saved in zip(("LUT", "FF", "block RAM", "DSP"), NARROW[chip, lanes], strict=True):
        assert without[title].used - found[title].used == pytest.approx(saved, rel=0.06, abs=0.1), title


@pytest.mark.parametrize("seed", range(8))
def test_forward_is_the_golden_model(seed: int) -> None:
    from spikeplane_sim.golden import GoldenModel

    network, planes = random_network(seed, preset("small"))
    expected = GoldenModel(network, membrane_bits=16, acc_bits=18).run(planes)
    found = outputs(network, planes, 16)
    assert all((found[name] == expected[name]).all() for name in expected)


def test_a_delay_takes_all_steps_but_the_last_and_a_held_current_the_first() -> None:
    weight = np.ones((1, 1, 1, 1), int)
    network = Network(
        populations=(
            Population(name="in", shape=(1, 1, 1)),
            Population(name="held", shape=(1, 1, 1), neuron=Neuron(), theta=np.full(1, 2), hold=True),
            Population(name="out", shape=(1, 1, 1), neuron=Neuron(), theta=np.full(1, 2)),
        ),
        projections=(
            Projection(source="in", target="held", weight=weight),
            Projection(source="held", target="out", weight=weight),
            Projection(source="out", target="out", weight=weight, delay=1),
        ),
        output="out",
        steps=5,
    )
    taken = [list(range(5))[network.taken(p)] for p in network.projections]
    assert taken == [[0], [0, 1, 2, 3, 4], [0, 1, 2, 3]]
    chip = preset("small")
    program = replace(
        small_program(5),
        network=network,
        placement=place(network, chip),
        probes=("held", "out"),
        encoding=Encoding(kind="direct", steps=5),
    )
    spikes = {name: np.ones(5) for name in ("in", "held", "out")}
    activity = Activity(spikes, spikes, [1.0, 1.0, 1.0], "here")
    work = plan(program, activity)
    counted = count(program, activity, work)
    assert counted.synaptic == counted.words == 1 + 5 + 4
    timeline = Timeline(work, activity, activity.spikes, packet_format(chip), 1)
    (route,) = work.inputs[0].routes
    loop = next(t for part in work.parts for t in part.targets if t.delay)
    assert [timeline.takes(route, t) for t in range(5)] == [True, False, False, False, False]
    assert [timeline.takes(loop, t) for t in range(5)] == [True, True, True, True, False]
    sent = [(t.tag, step) for step in range(5) for t in _served(timeline, loop, step)]
    assert sent == [(2, 0), (2, 1), (2, 2), (2, 3)]


def _served(timeline: Timeline, target: Target, step: int) -> list[Target]:
    """The target, if its core has more to do after a packet of that step."""
    before = timeline.accumulator[target.core]
    timeline.burst("out", [target], step, 0.0, 1.0, 1.0)
    return [target] if timeline.accumulator[target.core] > before else []


def test_activity_counts_spikes_packets_and_reach() -> None:
    program = small_program(steps=1)
    values = {p.name: np.zeros((1, 1, *p.shape), np.int64) for p in program.network.populations}
    # one pixel in a corner: one packet of two spikes, each meets 2x2 pixels
    values["in"][0, 0, [0, 3], 0, 0] = 1
    values["conv"][0, 0, [1, 17], 2, 2] = 1  # two groups of 16 channels
    found = measured(program.network, program.config, values, "here")
    assert [found.spikes[name][0] for name in ("in", "conv", "out")] == [2, 2, 0]
    assert [found.packets[name][0] for name in ("in", "conv", "out")] == [1, 2, 0]
    assert found.reach == [4, 1]
    work = plan(program, found)
    counted = count(program, found, work)
    assert counted.synaptic == 2 * 4 * 20 + 2 * 1 * 5
    assert counted.words == 2 * 4 * 2 + 2 * 1 * 1  # of 16 channels


def test_activity_survives_a_program() -> None:
    program = small_program()
    activity = assumed(program.network, program.config, 0.25)
    rows = json.loads(json.dumps(activity.rows(16)))
    again = recorded(program.network, program.config, rows, 7)
    assert again is not None
    assert again.source == "measured when compiling, on 7 calibration samples"
    assert all(
        np.allclose(again.packets[name], activity.packets[name], atol=1e-3) for name in activity.packets
    )
    assert recorded(program.network, program.config, [], 0) is None
    assert recorded(replace(program.network, steps=9), program.config, rows, 7) is None


def test_activity_on_a_chip_of_other_lanes() -> None:
    program, other = small_program(), replace(preset("small"), lanes=8)
    rows = assumed(program.network, program.config, 0.25).rows(16)
    found, expected = recorded(program.network, other, rows, 7), assumed(program.network, other, 0.25)
    assert found is not None
    assert all(
        np.allclose(found.packets[name], expected.packets[name], rtol=1e-3) for name in expected.packets
    )


def test_reach_of_a_strided_convolution() -> None:
    network = Network(
        populations=(
            Population(name="a", shape=(1, 4, 4)),
            Population(name="b", shape=(1, 2, 2), neuron=Neuron()),
        ),
        projections=(Projection(source="a", target="b", weight=np.ones((1, 1, 2, 2), int), stride=(2, 2)),),
        output="b",
    )
    assert reached(network.projections[0], network, np.ones((4, 4))) == 1


def test_energy_meets_its_source() -> None:
    assert energy.add(32) == pytest.approx(0.1)
    assert energy.add(8) == pytest.approx(0.03, rel=0.2)
    assert energy.multiply(32) == pytest.approx(3.1)
    assert energy.multiply(8) == pytest.approx(0.2, rel=0.1)
    for kbyte, picojoule in ((8, 10), (32, 20), (1024, 100)):
        assert energy.access(64, kbyte * 1024 // 8) == pytest.approx(picojoule, rel=0.15)


def test_more_spikes_take_more_cycles_and_energy() -> None:
    program, found = small_program(), []
    for rate in (0.05, 0.5):
        activity = assumed(program.network, program.config, rate)
        work = plan(program, activity)
        total = sum(energy.energy(program.config, count(program, activity, work)).values())
        found.append((cycles(program, activity, work, 20).per_sample, total))
    assert found[0][0] < found[1][0]
    assert found[0][1] < found[1][1]


def test_long_samples_are_cut_and_stretched() -> None:
    short, long = small_program(steps=200), small_program(steps=16_000)
    activity = [assumed(p.network, p.config, 0.2) for p in (short, long)]
    each = [cycles(p, a, plan(p, a), 1).per_sample for p, a in zip((short, long), activity, strict=True)]
    assert each[1] / each[0] == pytest.approx(80, rel=0.05)


def test_which_activity_is_used(tmp_path: Path) -> None:
    program = small_program()
    assert chosen(program, None, None, 4).source == "an assumption: 0.1 spikes a neuron and step"
    assert chosen(program, None, 0.3, 4).source == "an assumption: 0.3 spikes a neuron and step"
    planes = (np.random.default_rng(1).random((6, 3, 4, 4, 4)) < 0.2).astype(np.uint8)
    np.save(tmp_path / "planes.npy", planes)
    found = chosen(program, tmp_path / "planes.npy", None, 4)
    assert found.source == f"counted on 4 samples of {tmp_path / 'planes.npy'}"
    assert found.spikes["in"].sum() == planes[:4].sum() / 4


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    program = small_program()
    build_image(program.network, program.placement, program.config, list(program.probes))
    program.save(tmp_path / "x.spk")
    return tmp_path / "x.spk"


def test_command(saved: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert not app(["estimate", str(saved), "--board", "ulx3s-85f", "--json"], standalone_mode=False)
    found = json.loads(capsys.readouterr().out)
    assert found["fits"]
    assert found["resources"]["block RAM"]["used"] < 208
    assert found["cycles_per_sample"] == pytest.approx(3 * found["cycles_per_step"])
    assert found["operations_per_second"] > 0
    assert sum(found["energy_pj"].values()) > 0


def test_what_does_not_fit_is_an_answer(
    saved: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    assert app(["estimate", str(saved), "--board", "icebreaker"], standalone_mode=False) == 1
    text = capsys.readouterr().out
    assert text.endswith(
        "no chip for this network fits icebreaker: the UART echo only: the smallest core takes 8,401 of 5,280 logic "
        "cells and 52 of 30 block RAMs\nnext: spikeplane boards\n"
    )
    assert re.search(r"LUT .* no: [\d,]+ too many .* of the ECP5's builds, scaled to 1 build", text)
    assert re.search(r"block RAM .* no: [\d,]+ too many .* by rule", text)
    assert "activity            an assumption: 0.1 spikes a neuron and step" in text


def test_a_chip_made_for_the_network_fits(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one, chip, path = small_program(), preset("large"), tmp_path / "large.spk"
    replace(one, config=chip, placement=place(one.network, chip)).save(path)
    assert not app(["estimate", str(path), "--board", "ulx3s-85f"], standalone_mode=False)
    text = capsys.readouterr().out
    assert re.search(r"block RAM .* no: [\d,]+ too many", text)
    assert re.search(
        r"\na chip made for the network fits: 1x1 cores of 16 lanes, [\d,]+ LUT, .*\n"
        rf"next: spikeplane build --board ulx3s-85f --program {re.escape(str(path))}\n$",
        text,
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["{p}", "--board", "ulx3"], "unknown board 'ulx3'; did you mean 'ulx3s-85f'?"),
        (["{p}.no", "--board", "ulx3s-85f"], "program: no file {p}.no"),
        (
            ["{p}", "--board", "ulx3s-85f", "--activity", "2"],
            "--activity must be from 0 to 1 spikes a neuron and step, not 2",
        ),
        (["{p}", "--board", "ulx3s-85f", "--samples", "0"], "--samples must be 1 or more, not 0"),
        (
            ["{p}", "--board", "ulx3s-85f", "--activity", "0.1", "--input", "a"],
            "give --input or --activity, not both",
        ),
    ],
)
def test_refusals(saved: Path, arguments: list[str], message: str) -> None:
    with pytest.raises(SpikeplaneError) as error:
        app(["estimate", *(a.format(p=saved) for a in arguments)], standalone_mode=False)
    assert str(error.value) == message.format(p=saved)


def test_camera_chips_are_not_estimated() -> None:
    from spikeplane.camera.config import camera_preset

    with pytest.raises(SpikeplaneError, match="knows chips without a camera"):
        resources.estimate(replace(preset("tiny"), camera=camera_preset("vidar")), "ecp5")


def test_nothing_heavy_is_imported(saved: Path) -> None:
    script = (
        "import sys; from spikeplane.cli import app; app(['estimate', sys.argv[1], '--board', "
        "'ulx3s-85f', '--json'], "
        "standalone_mode=False); print([m for m in ('torch', 'amaranth', 'scipy') if m in "
        "sys.modules], file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(saved)], capture_output=True, text=True, check=False
    )
    assert done.stderr.strip() == "[]"


def test_every_board_has_totals_and_a_calibration() -> None:
    for board in BOARDS.values():
        assert set(board.resources) == {"LUT", "FF", "block RAM", "DSP"}
        assert resources.estimate(preset("tiny"), board.family)["LUT"].used > 1000
