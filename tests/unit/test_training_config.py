"""The table [training] of a chip: what it may say, and that a chip without it is the chip it was."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from spikeplane.config import PRESETS, ChipConfig
from spikeplane.errors import SpikeplaneError
from spikeplane.formats.packet import Kind, packet_format
from spikeplane.formats.tables import Memory, core_tables
from spikeplane.formats.training import TrainingKind
from spikeplane.formats.training_tables import TrainingMemory
from spikeplane.training import TrainingConfig

LEARNS = ChipConfig(rows=1, cols=1, lanes=8, weight_bits=16, training=TrainingConfig())


def test_a_chip_comes_back_from_its_fields_and_from_toml(tmp_path: Path) -> None:
    assert ChipConfig.from_dict(LEARNS.to_dict()) == LEARNS
    assert "momentum" not in LEARNS.to_dict()["training"]  # its digest is what it was
    momentum = replace(LEARNS, training=TrainingConfig(momentum=True))
    assert ChipConfig.from_dict(momentum.to_dict()) == momentum != LEARNS
    (tmp_path / "chip.toml").write_text(
        'preset = "tiny"\nweight_bits = 16\n[training]\nexact_bits = 36\ntape_depth = 64\n'
    )
    assert ChipConfig.from_toml(tmp_path / "chip.toml").training == TrainingConfig(
        exact_bits=36, tape_depth=64
    )


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"training": {"exact_bits": 40}}, "exact_bits must be 36 or 48, not 40"),
        ({"training": {"tape_depth": 15}}, "tape_depth must be an integer from 16 to 65536, not 15"),
        ({"training": {"tape_depth": 65537}}, "tape_depth must be"),
        ({"training": {"partial_depth": 4097}}, "partial_depth must be an integer from 16 to 4096, not 4097"),
        ({"training": {"partial_depth": True}}, "partial_depth must be"),
        ({"training": {"partial_depth": "256"}}, "partial_depth must be"),
        ({"training": {"momentum": 1}}, "momentum must be true or false, not 1"),
        ({"training": {"streamed": 1}}, "streamed must be true or false, not 1"),
        (
            {"training": {"streamed": True, "stream_steps": 48}},
            "stream_steps must be a multiple of 32 from 32 to 4096, not 48",
        ),
        ({"training": {"streamed": True, "stream_steps": 0}}, "stream_steps must be"),
        (
            {"training": {"streamed": True, "stream_sources": 15}},
            "stream_sources must be an integer from 16 to 65536, not 15",
        ),
        (
            {"training": {"streamed": True, "stream_targets": 0}},
            "stream_targets must be an integer from 1 to 4096, not 0",
        ),
        (
            {"training": {"streamed": True, "gradient_depth": -1}},
            "gradient_depth must be an integer from 0 to 65536, not -1",
        ),
        (
            {"training": {"streamed": True, "stream_steps": 4096, "stream_targets": 33}},
            "stream_targets x stream_steps must be at most 131072, not 33 x 4096; lower one of them",
        ),
        (
            {"training": {"stream_steps": 64}},
            "stream_steps is a size of streamed gradients; set streamed = true, or leave it out",
        ),
        ({"training": {"gradient_depth": 16}}, "gradient_depth is a size of streamed gradients"),
        ({"training": {"tape_deep": 16}}, "unknown key 'tape_deep'; did you mean 'tape_depth'"),
        ({"training": {"q": 16}}, "choose from exact_bits, tape_depth, partial_depth, momentum"),
        ({"training": 3}, "training must be a table"),
        ({"training": {}, "weight_bits": 8}, "weight_bits must be 16, not 8"),
        ({"training": {}, "lanes": 16}, "has 8 lanes, not 16"),
        ({"weight_bits": 16}, "weight_bits must be one of 1, 2, 4, 8, not 16"),
    ],
)
def test_refused(values: dict[str, Any], message: str) -> None:
    base = {"rows": 1, "cols": 1, "lanes": 8} | ({"weight_bits": 16} if "training" in values else {})
    with pytest.raises(SpikeplaneError) as caught:
        ChipConfig.from_dict(base | values)
    assert message in str(caught.value)


def test_only_a_chip_that_learns_has_its_packets_and_memories() -> None:
    plain, learns = core_tables(PRESETS["tiny"]), core_tables(LEARNS)
    assert plain.memories == tuple(Memory)
    with_momentum = core_tables(replace(LEARNS, training=TrainingConfig(momentum=True)))
    assert set(with_momentum.memories) - set(learns.memories) == {TrainingMemory.MOMENTUM}
    sizes = {"stream_steps": 64, "stream_sources": 40, "stream_targets": 3}
    for depth, kept in ((0, 0), (16, 16), (65536, LEARNS.weight_depth)):
        training = TrainingConfig(streamed=True, gradient_depth=depth, **sizes)  # type: ignore[arg-type]
        streams = core_tables(replace(LEARNS, training=training))
        gradients = {TrainingMemory.GRADIENT} if depth else set()
        assert {*streams.memories} ^ {*learns.memories} == {TrainingMemory.COLUMNS} | (
            {TrainingMemory.GRADIENT} - gradients
        )
        assert streams.depth(TrainingMemory.GRADIENT) == kept
        assert streams.depth(TrainingMemory.DELTA) == LEARNS.acc_depth + 3 * 64
        assert streams.depth(TrainingMemory.COLUMNS) == 2 << 6
    assert with_momentum.width(TrainingMemory.MOMENTUM) == learns.width(Memory.WEIGHT)
    assert set(packet_format(PRESETS["tiny"]).payloads) == set(Kind)
    form = packet_format(LEARNS)
    assert set(form.payloads) == {*Kind, *TrainingKind}
    assert learns.width(Memory.WEIGHT) == 128
    assert learns.width(TrainingMemory.GRADIENT) == 8 * 48
    packet = form.pack(TrainingKind.PARTIAL, (0, 0, 0, 0), tag=3, lane=5, value=-2, limb=2, group=4)
    kind, fields = form.unpack(packet)
    assert kind is TrainingKind.PARTIAL
    assert (fields["tag"], fields["lane"], fields["value"], fields["limb"], fields["group"]) == (
        3,
        5,
        65534,
        2,
        4,
    )


def test_no_program_runs_on_a_chip_that_learns() -> None:
    PRESETS["tiny"].require_cores()
    with pytest.raises(SpikeplaneError, match="this chip learns in binary16"):
        LEARNS.require_cores()
