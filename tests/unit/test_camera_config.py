"""A chip's camera in its configuration: TOML, digest, the generated files; a chip without one is
what it was."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from spikeplane.camera.config import CameraConfig, camera_preset
from spikeplane.config import PRESETS, ChipConfig, preset
from spikeplane.errors import SpikeplaneError
from spikeplane.formats.camera import Register
from spikeplane.formats.packet import Kind, packet_format
from spikeplane_gateware.generate import generate

#: Of architecture 6: programs in the field carry them.
DIGESTS = {
    "tiny": "acf3c5ebe271571e",
    "small": "0fe25c6fb68e6715",
    "medium": "efc22620146d670a",
    "large": "22c94809d4823216",
}
SMALL = CameraConfig(width=16, height=8, pixels=4)


@pytest.mark.parametrize("name", PRESETS)
def test_chips_without_a_camera_keep_their_names_and_packets(name: str) -> None:
    config = preset(name)
    assert config.digest == DIGESTS[name]
    assert not {"camera", "grabber_depth"} & set(config.to_dict())
    form = packet_format(config)
    assert form.payloads[Kind.IMAGE].width < max(
        layout.width for kind, layout in form.payloads.items() if kind != Kind.IMAGE
    )


def test_every_chip_has_packets_wider_than_an_image() -> None:
    """The narrowest chip there is: IMAGE packets widen none."""
    config = ChipConfig(rows=1, cols=1, lanes=8, projections=1, coord_bits=1, group_bits=1)
    form = packet_format(config)
    assert form.payloads[Kind.IMAGE].width < form.payload_bits


def test_toml(tmp_path: Path) -> None:
    path = tmp_path / "chip.toml"
    path.write_text('preset = "small"\ngrabber_depth = 64\n[camera]\npreset = "vidar"\nmethod = "tfi"\n')
    config = ChipConfig.from_toml(path)
    assert config == replace(
        preset("small"), grabber_depth=64, camera=replace(camera_preset("vidar"), method="tfi")
    )
    assert ChipConfig.from_dict(json.loads(json.dumps(config.to_dict()))) == config
    others = (
        replace(config, camera=None, grabber_depth=0),
        replace(config, grabber_depth=0),
        replace(config, camera=SMALL),
    )
    assert len({config.digest, *(other.digest for other in others)}) == 4


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("camera = 5", "chip configuration: camera must be a table [camera] (a CameraConfig), not 5"),
        ("grabber_depth = 64", "chip configuration: grabber_depth = 64 needs a camera; add a table [camera]"),
        (
            "grabber_depth = 3",
            "chip configuration: grabber_depth must be 0 or an integer from 16 to 65536, not 3",
        ),
        ("[camera]\nwidht = 5", "camera configuration: unknown key 'widht'; did you mean 'width'?"),
        ("[camera]\npreset = 5", "a camera preset is a name in quotes, not 5; choose from million, vidar"),
        ("[camera]\npreset = 'vider'", "unknown camera preset 'vider'; did you mean 'vidar'?"),
    ],
)
def test_bad_tables(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "chip.toml"
    path.write_text(text)
    with pytest.raises(SpikeplaneError) as refused:
        ChipConfig.from_toml(path)
    assert str(refused.value) == message


def test_generated_files(tmp_path: Path) -> None:
    """Every port of the manifest is in the Verilog, every register in the header."""
    config = replace(preset("tiny"), camera=SMALL)
    generate(config, tmp_path)
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    text = (tmp_path / "spikeplane_chip.v").read_text()
    top = text[text.index("module spikeplane_chip(") :]
    for port, facts in manifest["ports"].items():
        width = "" if facts["width"] == 1 else f"[{facts['width'] - 1}:0] "
        assert re.search(
            rf"^  {facts['direction']}put wire {re.escape(width + port)},?$", top, re.MULTILINE
        ), port
    assert manifest["camera"]["registers"] == {register.name.lower(): int(register) for register in Register}
    assert (manifest["camera"]["words"], manifest["camera"]["image_bits"]) == (32, 32)
    header = (tmp_path / "spikeplane.h").read_text()
    for register in Register:
        assert f"#define SPIKEPLANE_CAMERA_REGISTER_{register.name} {int(register)}\n" in header
    assert (
        "Camera: 16 x 8 pixels, 4 a word, 32 words a plane, method fsr"
        in (tmp_path / "README.md").read_text()
    )
