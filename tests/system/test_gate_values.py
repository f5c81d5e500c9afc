"""Gates, tables and presentations: the golden model against definitions in numpy, and the estimate's run against it."""

from dataclasses import replace

import numpy as np
import pytest
from gatings import SIZES, VALUES, gated, latched, planes
from reference import reference

from spikeplane.estimate.forward import outputs
from spikeplane.network import Network, Population, Projection, Table
from spikeplane.program.structure import check_structure
from spikeplane_sim.golden import GoldenModel

BITS, ACC = 16, 18


def same(network: Network, given: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """What the golden model makes, which the other two make too."""
    check_structure(network)
    golden, made = (
        GoldenModel(network, membrane_bits=BITS, acc_bits=ACC).run(given),
        reference(network, given, membrane_bits=BITS, acc_bits=ACC),
    )
    fast = outputs(network, given, BITS)
    assert not made.exceeded
    for name, found in golden.items():
        assert (found == made.outputs[name]).all(), name
        assert (found == fast[name]).all(), name
    return golden


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("x", ["spikes", "values", "levels", "input"])
@pytest.mark.parametrize("g", ["table", "relu", "spikes"])
def test_gates_of_every_size(size: str, x: str, g: str) -> None:
    found = same(gated(size, x, g, pre=int(g == "relu")), planes())
    assert len(np.unique(found["g"])) > 1
    assert len(np.unique(found["a"])) > 1


@pytest.mark.parametrize("apart", [False, True])
def test_a_gate_by_hand(apart: bool) -> None:
    """A gate multiplies what it meets, in the same step."""
    network, given = gated("channel", "input", "relu", apart=apart), planes()
    last = replace(network.population("a"), neuron=VALUES)
    network = replace(
        network,
        populations=(*network.populations[:-2], last),
        projections=network.projections[:-1],
        output="a",
    )
    found = same(network, given)
    assert (found["a"] == given["in"] * found["g"]).all()
    assert (found["a"] < 0).any()
    assert (found["a"] > 100).any()


def test_a_table_by_hand() -> None:
    """The lowest bits do not count, and what is beyond has the first or the last entry."""
    table = Table(tuple(range(-128, 128)), 3)
    neuron = replace(VALUES, planes=8, table=table)
    network = Network(
        populations=(
            Population(name="in", shape=(1, 1, 1), value_bits=10, signed=True),
            Population(name="out", shape=(1, 1, 1), neuron=neuron, theta=np.array([1])),
        ),
        projections=(Projection(source="in", target="out", weight=np.full((1, 1, 1, 1), 2)),),
        output="out",
    )
    given = np.array([-1000, -513, -512, -5, -4, -1, 0, 3, 4, 508, 511, 512, 1000])
    found = same(network, {"in": given.reshape(-1, 1, 1, 1, 1)})["out"].ravel().tolist()
    assert found == [-128, -128, -128, -2, -1, -1, 0, 0, 1, 127, 127, 127, 127]


def test_latches_are_kept_from_one_presentation_to_the_next() -> None:
    """The second layer's gates are right from the third presentation on, and stay so."""
    given = planes((4, 2, 2), 4, 3)
    found = {times: same(latched(presentations=times), given)["a1"] for times in (1, 2, 3, 4)}
    assert (found[1] != found[2]).any()
    assert (found[2] != found[3]).any()
    assert (found[3] == found[4]).all()
    first = same(latched(presentations=2, layers=1), given)
    sums = latched(layers=1).projections[0].weight
    for t in range(4):
        for later in range(t, 4):
            expected = (given["in"][:, t] * sums[t, t]).sum((1, 2, 3)).clip(-128, 127)
            assert (first["s0"][:, later, t, 0, 0] == expected).all()


def test_what_is_not_kept_begins_anew() -> None:
    network, given = latched(layers=1), planes((4, 2, 2), 4, 3)
    plain = replace(network, populations=tuple(replace(p, kept=False) for p in network.populations))
    once = replace(network, presentations=1)
    assert (same(plain, given)["a0"] == same(once, given)["a0"]).all()
    assert (same(network, given)["a0"] != same(once, given)["a0"]).any()
