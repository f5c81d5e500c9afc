"""Which part holds a design: block RAMs, and UltraRAMs beside them."""

import dataclasses
import re

import pytest

from spikeplane.camera.config import CameraConfig, camera_preset
from spikeplane.estimate.devices import Device
from spikeplane_gateware.units.camera.generate import camera_verilog
from spikeplane_sim.figures.camera_synthesis import describe, large_pipelines, planes_per_second, top
from spikeplane_sim.figures.parts import FAMILIES, Needs, holds, smallest

NEEDS = Needs(luts=37_000, flipflops=48_000, rams=161.5, dsps=50, words=2000, width=2900)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, ["XC7A200T", "XC7K160T", "ZU3"]),
        ({"rams": 135.0}, ["XC7A100T", "XC7K70T", "ZU2"]),
        ({"luts": 200_000}, ["none", "XC7K325T", "ZU6"]),
        ({"dsps": 3_000}, ["none", "none", "ZU15"]),
        ({"rams": 4_000.0, "words": 16_000, "width": 7_000}, ["none", "none", "none"]),
    ],
)
def test_smallest(change, expected):
    needs = dataclasses.replace(NEEDS, **change)
    assert [smallest(family, needs) for family in FAMILIES] == expected


def test_ultrarams_take_whole_columns():
    """10 of them, 3 deep: 3 columns of 72 bits; the rest of the width stays in block RAMs."""
    needs = Needs(luts=1, flipflops=1, rams=100.0, dsps=0, words=9_000, width=432)
    assert holds(Device("p", "", 10, 20, 50, 36, 0, 10), needs)
    assert not holds(Device("p", "", 10, 20, 49, 36, 0, 10), needs)
    assert holds(Device("p", "", 10, 20, 0, 36, 0, 18), needs)
    assert not holds(Device("p", "", 0, 20, 50, 36, 0, 10), needs)


def test_the_wrapper_has_the_ports_of_the_pipeline():
    config = CameraConfig(width=8, height=8, pixels=4)
    wrapper = top(config)
    header = camera_verilog(config).split("module spikeplane_camera(")[1].split(")")[0]
    ports = re.findall(r"(\w+),?\n", header)
    assert len(ports) > 8
    for port in ports:
        assert f".{port}(" in wrapper, port


def test_names_and_rates():
    assert [describe(c) for c in large_pipelines()] == [
        "ssr look-ahead 16 400x250, P = 50",
        "ssr look-ahead 16 1000x1000, P = 64",
    ]
    assert planes_per_second(camera_preset("vidar"), 44.0) == 22_000
