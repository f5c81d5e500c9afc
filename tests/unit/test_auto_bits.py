"""weight_bits="auto": the fewest bits with which enough spikes agree, one word a weight or two, on a chip that is there or
made for the network."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import spikeplane
from spikeplane import Encoding, Program, SpikeplaneError
from spikeplane.compiler.graph import FloatNetwork, FloatNeuron, FloatPopulation, FloatProjection
from spikeplane.config import PRESETS, ChipConfig
from spikeplane.network import MEMBRANE
from spikeplane_sim.measured import agreement

FOUR = replace(PRESETS["tiny"], weight_bits=4)
RNG = np.random.default_rng(11)
SAMPLES = (RNG.random((24, 4, 16, 1, 1)) < 0.4).astype(np.uint8)
FINE, SIGNS = RNG.normal(0, 0.4, (24, 24, 1, 1)), np.where(RNG.random((24, 16, 1, 1)) < 0.5, -0.5, 0.5)


def chain(*weights: np.ndarray, values: str = "") -> FloatNetwork:
    """Layers one after the other, named a, b, c; the one named `values` sends values."""
    names = ["in", *"abc"[: len(weights)]]
    spikes = FloatNeuron(decay=0.5, threshold=np.full(24, 0.9))
    relay = FloatNeuron(kind=MEMBRANE, reset="none", decay=0.0)
    return FloatNetwork(
        populations=(
            FloatPopulation(name="in", shape=(weights[0].shape[1], 1, 1)),
            *(
                FloatPopulation(
                    name=n,
                    shape=(len(w), 1, 1),
                    neuron=relay if n == values else replace(spikes, threshold=np.full(len(w), 0.9)),
                )
                for n, w in zip(names[1:], weights, strict=True)
            ),
        ),
        projections=tuple(
            FloatProjection(source=a, target=b, weight=w)
            for a, b, w in zip(names, names[1:], weights, strict=False)
        ),
        output=names[-1],
    )


def made(net: FloatNetwork, asked: str = "auto", chip: ChipConfig | str = FOUR, **options: Any) -> Program:
    encoding = Encoding(kind="planes", steps=4)
    return spikeplane.compile(
        net, chip=chip, encoding=encoding, weight_bits=asked, calibration=SAMPLES, progress=False, **options
    )


def told(program: Program) -> dict[str, str]:
    rows = [row for row in program.tables["assumptions"] if row["what"] == "weight bits"]
    return {row["layer"]: row["value"] for row in rows}


def given(program: Program) -> dict[str, float]:
    rows, *_ = agreement(program, program.planes(SAMPLES))
    return {row["layer"]: 100 * row["given"] for row in rows if row["given"] is not None}


def test_two_words_where_one_is_too_little():
    program = made(chain(SIGNS, FINE), "auto:97.5")
    assert told(program) == {"a": "4", "b": "7 in two words"}
    found = given(program)
    assert found["a"] == 100
    assert found["b"] >= 97.5
    assert len(program.network.tags_into("b")) == 2
    (row,) = [r for r in program.tables["assumptions"] if r["layer"] == "b" and r["what"] == "weight bits"]
    single = spikeplane.compile(
        chain(SIGNS, FINE),
        chip=FOUR,
        encoding=Encoding(kind="planes", steps=4),
        calibration=SAMPLES,
        progress=False,
    )
    assert given(single)["b"] < 97.5
    assert f"{found['b']:.2f} % of spikes agree" in row["why"]
    assert f"{given(single)['b']:.2f} % with one word a weight" in row["why"]


def test_what_does_not_fit_is_told():
    """Two words for one of two layers fit: the one that lacks more has them."""
    net = chain(FINE[:, :16], FINE, RNG.normal(0, 0.4, (24, 24, 1, 1)))
    plain = made(net, "auto:1")
    depth = plain.tables["mapping"][0]["used"]["weight"][0]
    chip = replace(FOUR, weight_depth=depth + 24 * 3)
    one = given(plain)
    worst = min(one, key=lambda name: one[name])
    program = made(net, "auto:99.9", chip)
    assert [name for name, text in told(program).items() if "two" in text] == [worst]
    assert any("99.9 % were asked for" in row["why"] for row in program.tables["assumptions"])


def test_a_trained_layer_keeps_its_bits(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("spikeplane.compiler.compile.trained_widths", lambda *_: {"b": 4})
    assert told(made(chain(SIGNS, FINE), "auto:97.5")) == {"a": "4", "b": "4"}


def test_values_have_the_bits_of_their_reader():
    """A reader of values is poor by their rounding too."""
    program = made(
        chain(FINE[:, :16], FINE, values="a"),
        "auto:98",
        replace(FOUR, acc_bits=24, membrane_bits=18, max_shift=17),
    )
    rows = {row["population"]: row["weight_bits"] for row in program.tables["quantisation"]}
    assert rows == {"a": 7, "b": 7}


def test_a_readout_of_values_keeps_two_words():
    net = chain(SIGNS, FINE, values="b")
    rows = {row["population"]: row["weight_bits"] for row in made(net).tables["quantisation"]}
    assert rows == {"a": 4, "b": 7}


@pytest.mark.parametrize(
    ("weights", "asked", "words", "bits"),
    [
        ((SIGNS,), "auto", 1, {"a": "1"}),
        ((SIGNS * (RNG.random(SIGNS.shape) < 0.5),), "auto", 2, {"a": "2"}),  # zeros take two signs
        ((SIGNS, FINE), "auto:80", 1, {"a": "1", "b": "1"}),
        ((SIGNS, FINE), "auto:87", 2, {"a": "2", "b": "2"}),
        ((SIGNS, FINE), "auto:96", 4, {"a": "4", "b": "4"}),
        ((FINE[:, :16], FINE), "auto:99", 8, {"a": "8", "b": "8"}),
        ((FINE[:, :16], FINE), "auto:100", 8, {"a": "8", "b": "15 in two words"}),
    ],
)
def test_a_chip_of_the_fewest_bits(weights: Any, asked: str, words: int, bits: dict[str, str]):
    program = made(chain(*weights), asked, "auto")
    assert told(program) == bits
    assert program.config.weight_bits <= words
    assert program.source is not None
    assert program.source.chip.weight_bits == words


@pytest.mark.parametrize(("last", "words"), [(SIGNS[:4], 1), (FINE[:4, :16], 2)])
def test_a_readout_of_values_is_of_one_bit_where_its_weights_are(last: np.ndarray, words: int):
    """No spike says what rounding changes in it."""
    net = chain(SIGNS, np.concatenate([last, last[:, :8]], 1), values="b")
    program = made(net, "auto", "auto")
    assert program.source is not None
    assert program.source.chip.weight_bits == words
    assert words > 1 or max(row["error"] for row in program.tables["quantisation"]) < 1e-6


def test_two_words_cost_more_than_a_wider_one():
    """Where every weight would take two words of 4 bits, words of 8 are fewer."""
    program = made(chain(FINE[:, :16], FINE), "auto:98.5", "auto")
    assert told(program) == {"a": "8", "b": "8"}
    assert (
        min(given(made(chain(FINE[:, :16], FINE), "auto:98.5")).values()) >= 98.5
    )  # two words of 4 would do


def test_a_width_is_refused_with_what_there_is():
    with pytest.raises(SpikeplaneError, match="at most the chip's 4, or 7 in two parts, not 15"):
        spikeplane.compile(chain(SIGNS), chip=FOUR, weight_bits={"a": 15}, progress=False)
