"""`spikeplane run --waves` with a fault at a core's edge: the page opens at the difference, the waves hold exactly the
steps asked for, and their marker is at the first packet that differs. The waves are read by a reader of their own."""

import json
import re
import shlex
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pytest
from bases import networks
from browser import WIDTHS, browser
from gtkwave import needed, opened
from typer.testing import CliRunner

import spikeplane
from spikeplane.cli import app
from spikeplane.formats.packet import Kind, packet_format
from spikeplane.host.packets import offsets, plane_packets
from spikeplane_sim.board import build

NET = networks()[0]
FORM, STEPS = packet_format(NET.config), NET.network.steps
TAG = next(tag for tag, name in NET.image.probes.items() if name == "conv")
SAMPLE, STEP = 3, 1  #: from which on the fault shows
SAMPLES = np.random.default_rng(0).integers(0, 256, (6, 2, 5, 6)).astype(np.uint8)


def place(kind: Kind, name: str) -> str:
    at, width = offsets(FORM, kind)[name]
    return f"[{at + width - 1}:{at}]"


def fault() -> str:
    """core.v with one lane of what it tells the host of conv's pixel (1, 1), group 0, the other way round, from
    step STEP of sample SAMPLE on."""
    text = (Path(build.__file__).parent / "core.v").read_text()
    field = {name: f"sent{place(Kind.SPIKE, name)}" for name in ("kind", "host", "tag", "group", "y", "x")}
    mine = f"{field['host']} == 1 && {field['tag']} == {TAG}"
    lowest = offsets(FORM, Kind.SPIKE)["mask"][0]
    added = f"""
  wire [`PACKET_BITS-1:0] sent;
  reg [15:0] ended;
  wire hit = {field["kind"]} == 0 && {mine} && {field["group"]} == 0 && {field["y"]} == 1 && {field["x"]} == 1;
  always @(posedge clk)
    if (reset) ended <= 0;
    else if (o_local_valid && o_local_ready && {field["kind"]} == 1 && {mine}) ended <= ended + 1;
  assign o_local_payload = sent ^ ({{{{(`PACKET_BITS-1){{1'b0}}}}, hit && ended >= {SAMPLE * STEPS + STEP}}} << {lowest});
endmodule"""
    assert text.count("endmodule") == text.count(".o__payload(o_local_payload)") == 1
    return text.replace(".o__payload(o_local_payload)", ".o__payload(sent)").replace("endmodule", added)


@pytest.fixture
def faulty(monkeypatch: pytest.MonkeyPatch) -> None:
    files = build.harness

    def broken(names: Iterable[str], *rest) -> dict[str, bytes]:
        return {n: fault().encode() if n == "core.v" else text for n, text in files(names, *rest).items()}

    monkeypatch.setattr(build, "harness", broken)


def cycles(path: Path, scope: str, names: tuple[str, ...]) -> Iterator[tuple[int, dict[str, int]]]:
    """(cycle, values) of signals of `chip.SCOPE` at every rising edge of a VCD whose cycle is 10 units."""
    wanted, inside, now, values = {}, [], None, dict.fromkeys(names, 0)
    for line in path.read_text().splitlines():
        word, *rest = line.split() or [""]
        if word == "$scope":
            inside.append(rest[1])
        elif word == "$upscope":
            inside.pop()
        elif word == "$var" and inside == ["chip", scope] and rest[3] in names:
            wanted[rest[2]] = rest[3]
        elif word.startswith("#"):
            if now is not None and now % 10 == 0:
                yield now // 10, dict(values)
            now = int(word[1:])
        elif word[:1] in "01" and word[1:] in wanted:
            values[wanted[word[1:]]] = int(word[0])
        elif word[:1] == "b" and rest[0] in wanted:
            values[wanted[rest[0]]] = int(word[1:], 2)


def told_to_host(path: Path) -> list[tuple[int, dict[str, int]]]:
    """(cycle, fields) of every packet that core (0, 0) gives the host."""
    found = []
    for cycle, now in cycles(path, "core_0_0", ("o_local_valid", "o_local_ready", "o_local_payload")):
        fields = {
            name: now["o_local_payload"] >> at & (1 << width) - 1
            for name, (at, width) in offsets(FORM, Kind.SPIKE).items()
        }
        if now["o_local_valid"] and now["o_local_ready"] and fields["host"]:
            found.append((cycle, fields))
    return found


def times(path: Path) -> list[int]:
    return [int(line[1:]) for line in path.read_text().splitlines() if line.startswith("#")]


def ran(folder: Path, *options: str) -> dict:
    NET.save(folder / "net.spk")
    np.save(folder / "x.npy", SAMPLES)
    arguments = ["run", str(folder / "net.spk"), "--input", str(folder / "x.npy"), "--board", "sim", "--json"]
    done = CliRunner().invoke(app, [*arguments, *options])
    assert done.exit_code == 1, done.output
    return json.loads(done.stdout)


def check_waves(path: Path, marker: int, steps: range) -> None:
    """All of the steps is there, and the marker at the first packet of conv that is not the golden model's. Which step
    a packet is of says what the golden model sent in each: layers are in different steps at a time."""
    golden = spikeplane.open_board("golden", NET).run(NET.planes(SAMPLES))["conv"]
    fields = {"tag": TAG, "host": 1}
    right = [
        {bytes(packet) for packet in plane_packets(NET.config, plane, fields)}
        for plane in golden.reshape(-1, *golden.shape[2:])
    ]
    told = told_to_host(path)
    ends = [cycle for cycle, f in told if f["kind"] == Kind.TOKEN and f["tag"] == TAG]
    sent = []  # (cycle, how many steps have ended, packet)
    for cycle, f in told:
        if f["kind"] == Kind.SPIKE and f["tag"] == TAG:
            known = {name: f[name] for name in ("tag", "shift", "group", "x", "y", "mask")}
            packet = FORM.pack(Kind.SPIKE, (0, 0, 0, 0), 1, **known).to_bytes(FORM.size, "little")
            sent.append((cycle, sum(end < cycle for end in ends), packet))
    most = len(right) - len(ends)
    begin = max(range(most), key=lambda at: sum(packet in right[at + n] for _, n, packet in sent))
    wanted = [SAMPLE * STEPS + step for step in steps]
    assert begin <= wanted[0]
    assert wanted[-1] < begin + len(ends) <= wanted[-1] + 3  # and little of other steps
    differing = [(cycle, begin + n) for cycle, n, packet in sent if packet not in right[begin + n]]
    assert differing[0] == (marker, SAMPLE * STEPS + STEP)
    assert len(sent) > 20
    last = {
        tag: sum(f["kind"] == Kind.TOKEN and f["tag"] == tag for _, f in told) for tag in NET.image.probes
    }
    assert min(last.values()) >= len(steps)


def marker_of(save: Path) -> int:
    found = re.search(r"^\*\S+ (\d+)", save.read_text(), re.MULTILINE)
    assert found
    return int(found[1])


def check_page(path: Path, where: dict, command: str) -> None:
    """At every width, light and dark, the page opens on the difference `where`, and names the command of its waves."""
    neuron = "neuron (c={}, y={}, x={})".format(*where["neuron"])
    told = f"step {where['step']}: the first difference of the run: {neuron}, golden {where['golden']}, chip {where['chip']}"
    with browser() as page:
        for size in WIDTHS.values():
            for dark in (False, True):
                page.open(path, size, dark=dark)
                assert page.value("document.documentElement.scrollWidth <= innerWidth")
                assert page.value("document.querySelector('#first').getBoundingClientRect().y < innerHeight")
                chosen = page.value("document.querySelector('#picker [aria-selected=true]').title")
                assert chosen.startswith(f"Sample {where['sample']}, differs")
                layer = f"[data-layer={where['population']}]"
                for box in ("#first", f"#sample {layer}"):
                    assert page.value(f"document.querySelector('{box} .trio p').textContent").startswith(told)
                    assert page.value(f"document.querySelectorAll('{box} .trio .ring.first').length") == 3
                assert page.value("document.querySelector('#first .command').textContent") == command
        assert page.errors == []


def names_in(path: Path) -> set[str]:
    """Every signal of a VCD with its scopes, as GTKWave writes it: `chip.core_0_0.o_local_payload[46:0]`."""
    inside, found = [], set()
    with path.open() as lines:
        for line in lines:
            word, *rest = line.split() or [""]
            if word == "$enddefinitions":
                return found
            if word == "$scope":
                inside.append(rest[1])
            elif word == "$upscope":
                inside.pop()
            elif word == "$var":
                found.add(".".join([*inside, "".join(rest[3:-1])]))
    raise AssertionError("no end of the definitions")


def named_by(save: Path) -> set[str]:
    """The signals that a save file shows."""
    found = {line for line in save.read_text().splitlines() if line.startswith("chip.")}
    assert len(found) > 10
    return found


@pytest.mark.slow
@pytest.mark.cosim
def test_a_mismatch_from_the_page_to_the_waves(faulty, tmp_path: Path, monkeypatch) -> None:
    first = ran(tmp_path, "--lockstep", "--report", str(tmp_path / "r.html"))
    where = first["lockstep"]["where"]
    assert (where["sample"], where["step"], where["population"]) == (SAMPLE, STEP, "conv")
    assert where["neuron"][1:] == [1, 1]
    check_page(tmp_path / "r.html", where, first["lockstep"]["command"])
    command = shlex.split(first["lockstep"]["command"])
    assert command[:2] == ["spikeplane", "run"]
    assert command[-8:] == ["--samples", "6", "--waves", "waves", "--sample", "3", "--steps", "0:3"]
    monkeypatch.chdir(tmp_path)
    command[command.index("waves")] = "waves.vcd"  # as a VCD, whatever is installed
    done = CliRunner().invoke(app, [*command[1:], "--json"])
    assert done.exit_code == 1, done.output
    made = json.loads(done.stdout)["waves"]
    path = tmp_path / made["file"]
    assert (times(path)[0], times(path)[-1]) == (10 * made["cycles"][0], 10 * made["cycles"][1] + 5)
    assert marker_of(tmp_path / made["save"]) == 10 * made["marker"]
    check_waves(path, made["marker"], range(3))
    save = (tmp_path / made["save"]).read_text()
    assert "-core (0, 0): conv, gate, out" in save
    assert named_by(tmp_path / made["save"]) <= names_in(path)


@pytest.mark.slow
@pytest.mark.cosim
def test_a_window_of_one_step(faulty, tmp_path: Path) -> None:
    made = ran(tmp_path, "--waves", str(tmp_path / "w.vcd"), "--sample", "3", "--steps", "1:2")["waves"]
    check_waves(Path(made["file"]), made["marker"], range(1, 2))
    read = list(cycles(Path(made["file"]), "host", ("mesh_o_valid", "mesh_o_ready")))
    core = list(cycles(Path(made["file"]), "core_0_0", ("o_local_valid", "o_local_ready")))
    assert len(core) == made["cycles"][1] - made["cycles"][0] + 1
    for at in (0, -1):  # a packet passes in the first cycle and in the last one
        assert all(read[at][1].values()) or all(core[at][1].values())


@pytest.mark.slow
@pytest.mark.cosim
def test_gtkwave_opens_what_is_written(faulty, tmp_path: Path) -> None:
    """Without a suffix the waves are an FST: the same window, and every signal of the save file is found in it."""
    needed()
    made = ran(tmp_path, "--waves", str(tmp_path / "w"), "--sample", "3", "--steps", "1:2")["waves"]
    assert Path(made["file"]) == tmp_path / "w.fst"
    first, last = made["cycles"]
    back = tmp_path / "back.vcd"
    subprocess.run(["fst2vcd", "-f", made["file"], "-o", str(back)], check=True, capture_output=True)
    assert (times(back)[0], times(back)[-1]) == (10 * first, 10 * last + 5)
    said = opened(Path(made["save"]), tmp_path)
    assert said["marker"] == [str(10 * made["marker"])]
    assert said["times"] == [str(10 * first), str(10 * last + 5)]
    assert set(said["shown"]) == named_by(Path(made["save"]))


REFUSED = [
    (("--board", "golden", "--waves", "w"), "--waves is of the simulated board, not of 'golden'; use --board sim"),
    (("--sample", "1"), "--sample and --steps say what --waves OUT writes; give --waves OUT as well"),
    (("--board", "sim", "--waves", "w", "--steps", "1:2"), "--steps 1:2 is of one sample; give --sample N as well"),
    (("--board", "sim", "--waves", "w", "--sample", "6"), "--sample 6: there are 6 samples, 0 to 5"),
    (
        ("--board", "sim", "--waves", "w", "--sample", "1", "--steps", "2:2"),
        "--steps is A:B, from step A to before step B, not '2:2'",
    ),
    (
        ("--board", "sim", "--waves", "w", "--sample", "1", "--steps", "1:4"),
        "--steps 1:4: a sample has 3 steps, 0:3 is all of them",
    ),
    (("--board", "sim", "--waves", "."), "--waves . is a folder; name a file in it, waves"),
]  # fmt: skip


@pytest.mark.parametrize(("options", "message"), REFUSED)
def test_windows_that_there_are_not(
    options: tuple, message: str, tmp_path: Path, monkeypatch, capsys
) -> None:
    from spikeplane.cli import main

    monkeypatch.chdir(tmp_path)
    NET.save("net.spk")
    np.save("x.npy", SAMPLES)
    monkeypatch.setattr("sys.argv", ["spikeplane", "run", "net.spk", "--input", "x.npy", *options])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert capsys.readouterr().err.strip() == f"error: {message}"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["net.spk", "x.npy"]
