"""Reading Verilator's coverage files."""

import pytest

from spikeplane.errors import SpikeplaneError
from spikeplane_sim.bench.coverage import read


def point(line: int, kind: str, module: str, what: str, count: int) -> str:
    keys = {"f": "m.v", "l": line, "n": 1, "t": kind, "page": f"v_{kind}/{module}", "o": what, "h": "top"}
    return "C '" + "".join(f"\x01{key}\x02{value}" for key, value in keys.items()) + f"' {count}"


def test_points_of_instances_and_lanes_add_up(tmp_path):
    lines = [
        "# SystemC::Coverage-3",
        point(4, "branch", "spikeplane_tile.core", "if", 0),
        point(4, "branch", "spikeplane_tile.core", "else", 7),
        point(9, "toggle", "spikeplane_tile.core.ram_0", "a[0]:0->1", 0),
        point(9, "toggle", "spikeplane_tile.core.ram_1", "a[0]:0->1", 2),
    ]
    path = tmp_path / "coverage.dat"
    path.write_text("\n".join(lines))
    modules = read(path)
    assert modules.keys() == {"core", "core.ram"}
    assert (modules["core"].figures("line"), modules["core"].figures("toggle")) == ((1, 2), (0, 0))
    assert modules["core.ram"].figures("toggle") == (1, 1)


@pytest.mark.parametrize(
    ("contents", "message"),
    [(None, "coverage: the simulation left no coverage.dat"), ("#", "coverage: {} holds no point")],
)
def test_no_coverage(tmp_path, contents, message):
    path = tmp_path / "coverage.dat"
    if contents:
        path.write_text(contents)
    with pytest.raises(SpikeplaneError) as error:
        read(path)
    assert str(error.value) == message.format(path)
