"""The C header of a chip: every number is that of the formats, asked of another reader of them than the one that
wrote the header."""

import re
import shutil
import subprocess
from dataclasses import replace

import pytest

from spikeplane.camera.config import CameraConfig
from spikeplane.config import PRESETS, ChipConfig
from spikeplane.export.write import header
from spikeplane.formats import camera, frame
from spikeplane.formats.c_header import c_header
from spikeplane.formats.frame import FRAME_HEADER, FrameKind
from spikeplane.formats.memory_words import word_layout
from spikeplane.formats.packet import IDENTITY, SEEK, Control, Counter, packet_format
from spikeplane.formats.tables import core_tables
from spikeplane.formats.training import KEEP, TrainingControl, TrainingCounter, TrainingKind
from spikeplane.formats.training_tables import TrainingMemory
from spikeplane.host.packets import offsets
from spikeplane.training import TrainingConfig
from spikeplane_gateware.generate import header as generated_header

ODD = ChipConfig(rows=3, cols=2, lanes=16, weight_bits=2, leak_multiplier=False, group_bits=3)
CAMERA = CameraConfig(width=32, height=24, pixels=8, output_bits=12)
LEARNS = ChipConfig(
    rows=1,
    cols=2,
    lanes=8,
    weight_bits=16,
    training=TrainingConfig(exact_bits=36, momentum=True),
    group_bits=5,
)
STREAMS = replace(LEARNS, training=TrainingConfig(streamed=True))
NARROW = {
    "halves": ChipConfig(rows=1, cols=1, lanes=8, narrow_tables=True),
    "parts": ChipConfig(rows=1, cols=1, lanes=8, sweep_lanes=2),
}
CHIPS = {**PRESETS, "odd": ODD, "learns": LEARNS, "streams": STREAMS, **NARROW}


def macros(config: ChipConfig) -> dict[str, str]:
    found = dict(re.findall(r"^#define SPIKEPLANE_(\w+) (.+)$", c_header(config), re.MULTILINE))
    assert (
        c_header(config).count("#define SPIKEPLANE_") == len(found) + 1
    )  # none twice; the guard is no number
    return found


def number(text: str) -> int:
    return int(text.rstrip("ul"), 0)


def places(found: dict[str, str], name: str) -> dict[str, tuple[int, int]]:
    """(first bit, bits) by field of one layout."""
    return {
        key.removeprefix(f"{name}_").removesuffix("_AT").lower(): (
            number(value),
            number(found[key.removesuffix("AT") + "BITS"]),
        )
        for key, value in found.items()
        if key.startswith(f"{name}_") and key.endswith("_AT")
    }


@pytest.mark.parametrize("name", CHIPS)
def test_packets(name: str) -> None:
    config = CHIPS[name]
    found, form = macros(config), packet_format(config)
    header = places(found, "HEADER")
    assert (TrainingKind.PARTIAL in form.payloads) == bool(config.training)
    for kind in form.payloads:
        assert number(found[f"KIND_{kind.name}"]) == kind
        assert {**places(found, kind.name), **header} == offsets(form, kind)
    assert (number(found["PACKET_BYTES"]), number(found["PACKET_BITS"])) == (form.size, form.width)
    assert all(number(found[f"CONTROL_{one.name}"]) == one for one in Control)
    assert all(number(found[f"COUNTER_{one.name}"]) == one for one in Counter)
    if config.training:
        assert all(number(found[f"CONTROL_{one.name}"]) == one for one in TrainingControl)
        assert all(number(found[f"COUNTER_{one.name}"]) == one for one in TrainingCounter)
        assert number(found["START_KEEP"]) == KEEP
    assert places(found, "FLAGS").get("slot") == ((8, 4) if config.training else None)
    assert number(found["IDENTITY"]) == IDENTITY
    assert f"{number(found['DIGEST']):016x}" == found["DIGEST_TEXT"].strip('"') == config.digest


@pytest.mark.parametrize("name", CHIPS)
def test_words_and_frames(name: str) -> None:
    config = CHIPS[name]
    found, tables = macros(config), core_tables(config)
    layouts = {f"WORD_{memory.name}": word_layout(config, memory) for memory in tables.memories}
    for prefix, layout in {**layouts, "FRAME": FRAME_HEADER, "SEEK": SEEK}.items():
        ones = {field: layout.pack(**{field: (1 << width) - 1}) for field, width in layout.fields}
        assert {field: (1 << bits) - 1 << at for field, (at, bits) in places(found, prefix).items()} == ones
    assert (TrainingMemory.TAPE in tables.memories) == bool(config.training)
    for memory in tables.memories:
        assert layouts[f"WORD_{memory.name}"].width == tables.width(memory)
        told = [number(found[f"MEMORY_{memory.name}{end}"]) for end in ("", "_DEPTH", "_BITS", "_CHUNKS")]
        assert told == [memory, tables.depth(memory), tables.width(memory), tables.chunks(memory)]
    for constant in ("FLAG", "ESCAPE", "TWIST", "RESET_MARK", "CRC_LEFT", "SLOTS", "SLOT_BYTES"):
        assert number(found[constant]) == getattr(frame, constant)
    assert all(number(found[f"FRAME_{one.name}"]) == one for one in FrameKind)


def test_the_camera() -> None:
    """Its sizes, registers, commands, streams and items, and the fields of the values that registers take."""
    config = ChipConfig(**{**PRESETS["tiny"].to_dict(), "grabber_depth": 64}, camera=CAMERA)
    found = dict(re.findall(r"^#define SPIKEPLANE_CAMERA_(\w+) (.+)$", header(config), re.MULTILINE))
    sizes = {"WIDTH": 32, "HEIGHT": 24, "PIXELS": 8, "WORDS": 96, "OUTPUT_BITS": 12, "DEPTH": 64}
    limits = {"ROUTES": camera.ROUTES, "EVERY_BITS": camera.EVERY_BITS}
    kinds = {"CONTROL": Control.CAMERA, "COUNTER": Counter.CAMERA}
    for name, value in {**sizes, **limits, **kinds}.items():
        assert number(found.pop(name)) == value, name
    for kind in (camera.Register, camera.Command, camera.Stream, camera.Item):
        for one in kind:
            assert number(found.pop(f"{kind.__name__.upper()}_{one.name}")) == one
    for prefix in ("ARGUMENT", "SELECT", "ROUTE", "RECT"):
        layout = getattr(camera, prefix)
        for field, width in layout.fields:
            at, bits = (number(found.pop(f"{prefix}_{field.upper()}_{end}")) for end in ("AT", "BITS"))
            assert (bits, (1 << width) - 1 << at) == (width, layout.pack(**{field: (1 << width) - 1}))
    assert not found
    assert header(config) == generated_header(config)
    assert header(PRESETS["small"]) == generated_header(PRESETS["small"]) == c_header(PRESETS["small"])


def test_units_are_told() -> None:
    assert "#define SPIKEPLANE_CAMERA_WIDTH 400\n" in c_header(PRESETS["tiny"], {"CAMERA_WIDTH": 400})


@pytest.mark.skipif(shutil.which("gcc") is None, reason="no C compiler")
def test_it_compiles_twice_included(tmp_path) -> None:
    (tmp_path / "spikeplane.h").write_text(c_header(PRESETS["large"]))
    source = '#include "spikeplane.h"\n#include "spikeplane.h"\nint main(void) { return SPIKEPLANE_SLOTS == 8 ? 0 : 1; }\n'
    (tmp_path / "a.c").write_text(source)
    flags = ["-std=c99", "-Wall", "-Wextra", "-pedantic", "-Werror"]
    subprocess.run(["gcc", *flags, "a.c", "-o", "a"], cwd=tmp_path, check=True)
    assert subprocess.run([tmp_path / "a"], check=False).returncode == 0
