"""What `make bench` counts of attention: the least that it needs, and which cycle is whose, by hand."""

import numpy as np

from spikeplane_gateware.core.soma.schedule import JOB
from spikeplane_sim.figures.attention import Use, least, use_of
from spikeplane_sim.figures.attention_network import network

SLOT = 3


def test_the_least() -> None:
    """Two tokens of one head: 4 words are swept; 3 + 0 rows are added, then with a v in both 3 + 4."""
    k, v, q = (np.zeros((1, 1, 16, 2), dtype=np.uint8) for _ in range(3))
    k[0, 0, :3, 0], k[0, 0, :4, 1], v[0, 0, 5, 0], q[0, 0, :2] = 1, 1, 1, 1
    assert least({"k": k, "v": v, "q": q}) == 4 + 4
    v[0, 0, 0, 1] = 1
    assert least({"k": k, "v": v, "q": q}) == 7 + 4


def test_every_cycle_is_something() -> None:
    """Two steps, the second of which begins while the first one's rows are still read."""
    lines = {
        #         first step              second
        "sweep": "0111111000000000000000111111100000",
        "walk":  "0001111000000000000000001111000000",
        "reads": "0000000000011010110100010000000110",
        "op":    "0000110000011111111100010000000110",
        "other": "0000000000000100001000000000000000",
        "bank":  "0000000000000000000000000000000110",
    }  # fmt: skip
    bits = {name: np.array([int(bit) for bit in line]) for name, line in lines.items()}
    job = (SLOT << JOB["slot"].offset) | (np.arange(len(bits["op"])) > 20) * (1 << JOB["parity"].offset)
    signals = {
        "job": job,
        "state": bits["sweep"],
        "element": bits["walk"],
        "sweeps": bits["other"],
        "reads": bits["reads"],
        "bank": bits["bank"],
        "op": bits["op"],
    }
    use = use_of(signals, SLOT, 20)
    assert use == Use(bound=20, pair=10, wait=6, reads=9, held=2, others=1, idle=2)
    assert use.cycles == 30
    assert use.utilisation == 20 / 30


def test_networks_of_both_kinds() -> None:
    alone, spread = (network(2, 1, spread=spread) for spread in (False, True))
    assert [p.name for p in alone.inputs] == ["k in", "v in", "q in"]
    assert spread.population("in").shape == (32, 8, 8)
    assert all((p.weight.sum(1) == 1).all() for p in spread.projections[:3])
