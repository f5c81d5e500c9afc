"""The table of a tile and its parts: what was before stands beside what was measured."""

from spikeplane_sim.figures import blocks
from spikeplane_sim.figures.synthesis import Usage


def test_old_and_new_stand_side_by_side() -> None:
    asked = []

    def measured(name: str) -> Usage:
        asked.append(name)
        was = blocks.BEFORE[name]
        return Usage(was.cells + 30, was.flipflops - 1000, was.memories, was.multipliers - 4, 0.0)

    found = [list(column.cells) for column in blocks.table(measured).columns]
    assert asked == found[0] == ["tile", "router"]
    assert found[1:4] == [["9,118", "1,136"], ["9,148", "1,166"], ["+30", "+30"]]
    assert found[4:7] == [["11,407", "1,146"], ["10,407", "146"], ["-1,000", "-1,000"]]
    assert [column[0] for column in found[7:]] == ["99", "99", "16", "12"]
    assert set(blocks.BEFORE) == {"tile", *blocks.BLOCKS}
