"""Running a program from Python: `spikeplane.open_board`, `execute`, `summarise`, without the command line."""

import json

import numpy as np
import pytest
from bases import networks

import spikeplane
from spikeplane.run import execute as module

LOOP = networks()[1]
SAMPLES = np.random.default_rng(0).integers(0, 2, (7, 4, 10, 1, 1)).astype(np.uint8)


@pytest.mark.parametrize("batch", [2, 100])
def test_all_samples_in_batches(monkeypatch: pytest.MonkeyPatch, batch: int) -> None:
    monkeypatch.setattr(module, "BATCH", batch)
    done: list[int] = []
    with spikeplane.open_board("golden", LOOP) as board:
        result = spikeplane.execute(LOOP, board, SAMPLES, lockstep=True, progress=done.append)
        outputs = board.run(LOOP.planes(SAMPLES))
    assert (sum(done), len(done)) == (7, -(-7 // batch))
    np.testing.assert_array_equal(np.concatenate(result.scores), LOOP.scores(outputs))
    assert result.comparison is not None
    assert (result.comparison.mismatches, result.comparison.spikes > 20) == (0, True)
    summary = spikeplane.summarise(LOOP, result, board, np.zeros(7, int), 100.0)
    assert json.loads(json.dumps(summary)) == summary
    assert (summary["samples"], summary["board"]) == (7, "golden")
    assert summary["lockstep"]["values"] == 7 * 4 * 24
    assert summary["spikes_per_sample"]["loop"] == np.count_nonzero(outputs["loop"]) / 7
    assert summary["right"] == int((LOOP.scores(outputs).argmax(1) == 0).sum())


def test_a_difference_is_found_in_a_later_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BATCH", 3)

    class Wrong(spikeplane.Board):
        name = "wrong"

        def __init__(self) -> None:
            self.golden, self.batches = spikeplane.open_board("golden", LOOP), 0

        def run(self, inputs, progress=None):
            outputs = self.golden.run(inputs)
            self.batches += 1
            if self.batches == 2:
                outputs["loop"][1, 2, 5, 0, 0] ^= 1
            return outputs

    result = spikeplane.execute(LOOP, Wrong(), SAMPLES, lockstep=True)
    assert result.comparison is not None
    assert result.comparison.mismatches == 1
    assert str(result.comparison.first).startswith(
        "first difference: sample 4, step 2, population 'loop', neuron (c=5, y=0, x=0)"
    )


def test_samples_are_what_a_calibration_is() -> None:
    """Planes of 0 and 1 for recordings, in any form."""
    import torch
    from spikingjelly.activation_based import layer, neuron
    from torch import nn

    torch.manual_seed(0)
    given = np.random.default_rng(1).integers(0, 2, (3, 4, 2, 2, 2)).astype(np.uint8)
    program = spikeplane.compile(
        nn.Sequential(
            layer.Flatten(), layer.Linear(8, 5), neuron.IFNode(v_threshold=0.3), layer.Linear(5, 3)
        ),
        input_shape=(2, 2, 2),
        encoding=spikeplane.Encoding(kind="events", steps=4),
        calibration=given,
        progress=False,
        proof=False,
    )
    wanted = program.run(given).scores
    assert len(np.unique(wanted)) > 4
    board = spikeplane.open_board("golden", program)
    for form in (given, given.astype(np.float32), torch.as_tensor(given), list(given), given > 0):
        result = spikeplane.execute(program, board, form)
        np.testing.assert_array_equal(np.concatenate(result.scores), wanted)


def test_a_board_that_there_is_not() -> None:
    with pytest.raises(spikeplane.SpikeplaneError) as refused:
        spikeplane.open_board("goldne", LOOP)
    assert str(refused.value) == "unknown board 'goldne'; did you mean 'golden'?"
