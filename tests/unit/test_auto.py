"""`chip="auto"` and `chip="BOARD"`: a chip made for the network, the smallest that holds it."""

import numpy as np
import pytest

import spikeplane
from spikeplane import Encoding, SpikeplaneError
from spikeplane.compiler.auto import held
from spikeplane.compiler.made import best_estimate
from spikeplane.compiler.upgrade import upgrade
from spikeplane.config import ChipConfig
from spikeplane.estimate.choose import chosen
from spikeplane.float_network import FloatNetwork, FloatNeuron, FloatPopulation, FloatProjection
from spikeplane_hw.boards import BOARDS
from spikeplane_sim.golden import GoldenModel


def layers(*sizes: int, theta: float = 1.0, scale: float = 0.3) -> FloatNetwork:
    """Dense layers of LIF neurons."""
    rng = np.random.default_rng(5)
    first, *rest = sizes
    neuron = FloatNeuron(decay=0.5, threshold=np.array([theta]), amount=np.array([theta]), v_reset=0.0)
    return FloatNetwork(
        populations=(
            FloatPopulation(name="in", shape=(first, 1, 1)),
            *(FloatPopulation(name=f"n{i}", shape=(n, 1, 1), neuron=neuron) for i, n in enumerate(rest)),
        ),
        projections=tuple(
            FloatProjection(
                source=f"n{i - 1}" if i else "in",
                target=f"n{i}",
                weight=rng.normal(0, scale, (n, sizes[i], 1, 1)),
            )
            for i, n in enumerate(rest)
        ),
        output=f"n{len(rest) - 1}",
    )


def compiled(net: FloatNetwork, chip: str | ChipConfig) -> spikeplane.Program:
    return spikeplane.compile(net, chip=chip, encoding=Encoding(kind="planes", steps=3))


def test_the_same_spikes_on_a_smaller_chip() -> None:
    net = layers(40, 32, 10)
    usual, made = compiled(net, "small"), compiled(net, "auto")
    assert (made.config.rows, made.config.cols, made.config.lanes) == (1, 1, 16)
    assert made.config.weight_depth == 128  # 40 inputs, stored as 48, to two groups; 32 to one
    planes = (np.random.default_rng(1).random((4, 3, 40, 1, 1)) < 0.3).astype(np.int64)
    spikes = [
        GoldenModel(p.network, membrane_bits=16, acc_bits=p.config.acc_bits).run({"in": planes})["n1"]
        for p in (usual, made)
    ]
    assert spikes[0].any()
    assert np.array_equal(spikes[0], spikes[1])


def test_more_cores_where_one_is_too_long() -> None:
    """A core of the largest preset has 16,384 weight words: 600 x 600 of 16 lanes take 22,800."""
    made = compiled(layers(600, 600, 4), "auto").config
    assert (made.rows, made.cols) == (1, 2)
    assert made.weight_depth <= 16384


def test_wider_where_weights_vanish() -> None:
    """Weights far below the threshold need a membrane of more than 16 bits, which no preset but `large` has."""
    net = layers(8, 8, theta=400_000.0)
    with pytest.raises(SpikeplaneError, match="vanish"):
        compiled(net, "small")
    assert compiled(net, "auto").config.membrane_bits > 16


def test_a_board() -> None:
    made = compiled(layers(40, 32, 10), "tang-nano-9k").config
    assert (made.rows, made.cols, made.lanes) == (1, 1, 8)
    assert held(made, BOARDS["tang-nano-9k"])


def test_a_board_upgrades_to_itself(tmp_path) -> None:
    made = compiled(layers(40, 32, 10), "ulx3s-85f")
    made.save(tmp_path / "net.spk")
    assert upgrade(tmp_path / "net.spk").config == made.config


@pytest.mark.parametrize(
    ("chip", "message"),
    [
        ("smal", "unknown chip 'smal'; did you mean 'small'?"),
        ("ulx3s", "unknown chip 'ulx3s'; did you mean 'ulx3s-85f'?"),
        (
            "q",
            "unknown chip 'q'; choose from large, medium, small, tiny, auto, or a board (spikeplane boards)",
        ),
        (
            "icebreaker",
            "the board icebreaker holds no network: the UART echo only: the smallest core takes 8,401 of 5,280 "
            "logic cells and 52 of 30 block RAMs",
        ),
        (3, "a chip is a ChipConfig, or the name of a preset or a board, not 3"),
    ],
)
def test_refused(chip, message) -> None:
    with pytest.raises(SpikeplaneError) as error:
        compiled(layers(8, 8), chip)
    assert str(error.value) == message


def test_too_large_for_a_board() -> None:
    with pytest.raises(SpikeplaneError) as error:
        compiled(layers(200, 200, 4), "tang-nano-9k")
    assert str(error.value) == (
        "the board tang-nano-9k holds no chip for this network: 1x1 cores of 8 lanes would take 34 block RAM of 26; "
        "take a larger board (spikeplane boards), or chip='auto'"
    )


def test_an_estimate_names_what_is_too_large() -> None:
    """Of the nearest chip that the board could be: the program's own says nothing of that."""
    program = compiled(layers(40, 130, 4), "small")
    whys = [
        best_estimate(program, BOARDS[name], lambda one: chosen(one, None, None, 1), 1)["why"]
        for name in ("tang-nano-9k", "kcu105")
    ]
    assert whys == ["1x1 cores of 8 lanes would take 27 block RAM of 26", None]
