"""Numbers that leave binary16, on the second core of a layer that is split: the iteration is refused as a whole, and phase,
layer and core are told."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from test_training_chip import bits
from two_core_networks import CHIP, inputs, network, neurons, readout

from spikeplane.errors import SpikeplaneError
from spikeplane.formats.packet import Kind
from spikeplane.formats.training import TrainingControl
from spikeplane.host.channel import rect_fields
from spikeplane.host.packets import pack_many
from spikeplane.train import LearningNetwork, LearningProjection, Optimiser
from spikeplane.train.driver import TrainingDriver, prepared
from spikeplane.train.losses import SQUARED
from spikeplane_sim.board import SimulatedBoard
from spikeplane_sim.golden.training import Trainer

LEARNS = Optimiser(rate=0.01, loss=SQUARED)
SAMPLES, STEPS = 2, 2
#: More weight words of a core than an update has under way.
INPUTS = 100
WEAK = 0.8 / 255 / INPUTS
LABELS = np.array([0, 2])
#: By core the populations in its slots.
SLOTS = {(0, 0): ["a", "out"], (1, 0): ["b", "a"]}


@pytest.fixture(scope="module")
def board() -> Iterator[SimulatedBoard]:
    with SimulatedBoard(CHIP) as made:
        yield made


def learner(phases: set[str]) -> LearningNetwork:
    """Of 'a' the second group of channels alone has large numbers: currents of 100 x 255 x 8, or deltas of 3 x 8 x 2^12, as
    readouts of thousands have errors at their limit. 255 takes all other channels to their thresholds."""
    into, back = np.full((16, INPUTS, 1, 1), WEAK, np.float16), np.full((3, 16, 1, 1), 2**-10, np.float16)
    into[9] = 8 if "forward" in phases else WEAK
    back[:, 12] = 8 if "backward" in phases else 2**-10
    weights = {
        ("in", "b"): into[:8], ("in", "a"): into, ("b", "out"): back[:, :8], ("a", "out"): back,
        ("more", "out"): np.full((3, 3, 1, 1), 8, np.float16),
    }  # fmt: skip
    made = network(
        [inputs((INPUTS, 1, 1), value_bits=8), inputs((3, 1, 1), "more", value_bits=8), neurons("b", (8, 1, 1)), neurons("a", (16, 1, 1)),
         readout(3)],
        [LearningProjection(source=source, target=target, weight=one) for (source, target), one in weights.items()],
    )  # fmt: skip
    return replace(made, delta_limit=12)


def batch(first: tuple[int, int], second: tuple[int, int]) -> dict[str, np.ndarray]:
    """Values of 'in' and 'more' in each of two samples, the same everywhere."""
    return {
        name: np.tile(np.array([first[i], second[i]], np.uint8)[:, None, None, None, None], (1, STEPS, count, 1, 1))
        for i, (name, count) in enumerate((("in", INPUTS), ("more", 3)))
    }  # fmt: skip


def pair(board: SimulatedBoard, phases: set[str]) -> tuple[TrainingDriver, Trainer]:
    """The chip, loaded, and the golden model."""
    net = learner(phases)
    cores = {"b": (1, 0), "a": [(0, 0), (1, 0)], "out": (0, 0)}
    image = prepared(net, CHIP, LEARNS, batch=SAMPLES, steps=STEPS, cores=cores)
    assert {core: [p.name for p in image.routes.on(core)] for core in image.routes.cores} == SLOTS
    chip = TrainingDriver(board, CHIP, net, LEARNS, steps=STEPS, image=image)
    chip.load()
    return chip, Trainer(net, LEARNS, batch=SAMPLES, steps=STEPS)


@pytest.mark.parametrize(
    ("phases", "few"),
    [({"forward"}, (1, 1)), ({"backward"}, (255, 1)), ({"forward", "backward"}, (1, 1))],
    ids=["forward", "backward", "both"],
)
def test_an_overflow_on_the_second_core_of_a_layer(
    board: SimulatedBoard, phases: set[str], few: tuple[int, int]
) -> None:
    """In the second sample, when the gradients of the first one are on the chip. Of several the first one is told."""
    chip, golden = pair(board, phases)
    before, asked, ask = bits(golden.state().weights), {}, chip.flags
    chip.flags = lambda core: asked.setdefault(core, ask(core))  # type: ignore[method-assign]
    phase = "forward" if "forward" in phases else "backward"
    told = "left binary16 (65504){}; the weights are as before it; use a lower rate, or scale the layers"
    for one, numbers, where in (
        (chip, "numbers of layer 'a'", " on core (1, 0)"),
        (golden, f"{STEPS} numbers", ""),
    ):
        with pytest.raises(SpikeplaneError) as refused:
            one.iterate(batch(few, (255, 255)), LABELS)
        assert str(refused.value) == f"iteration 0, {phase}: {numbers} {told.format(where)}"
    del chip.flags
    first, second = (asked[core] for core in SLOTS)
    assert not first["overflow"]
    assert (second["overflow"], second["backward"], second["slot"]) == (1, phase == "backward", 1)
    assert bits(chip.state().weights) == bits(golden.state().weights) == before
    for one in (chip, golden):
        one.iterate(batch(few, few), LABELS)
    after = bits(golden.state().weights)
    assert bits(chip.state().weights) == after
    assert after[3] != before[3]


def controls(chip: TrainingDriver, *ops: int) -> np.ndarray:
    """To both cores, in one exchange."""
    fields = [{"op": op, "arg": 0, **rect_fields((0, 0, 1, 0))} for op in ops]
    return np.concatenate([pack_many(chip.form, Kind.CONTROL, 1, one) for one in fields])


@pytest.mark.parametrize("behind", [(), (TrainingControl.DISCARD,)], ids=["", "a change behind START"])
def test_sums_that_no_step_has_rounded_are_forgotten(board: SimulatedBoard, behind: tuple[int, ...]) -> None:
    """Spikes without their token, as a host leaves them that is stopped; no overflow of theirs is told. A change that comes
    at once waits until all sums are 0."""
    chip, golden = pair(board, {"forward"})
    sample = {name: values[0] for name, values in batch((255, 255), (255, 255)).items()}
    chip.exchange(np.concatenate(chip._planes(chip.image.routes.inputs(), sample, 0, Kind.SPIKE)))
    chip.stop()
    chip.control = lambda *given: chip.exchange(controls(chip, given[0], *behind))  # type: ignore[method-assign]
    chip.start()
    del chip.control
    assert not any(chip.flags(core)["overflow"] for core in SLOTS)
    for one in (chip, golden):
        one.iterate(batch((1, 1), (1, 1)), LABELS)
    assert bits(chip.state().weights) == bits(golden.state().weights)
