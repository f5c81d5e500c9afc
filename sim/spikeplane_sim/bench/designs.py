"""What each bench simulates: a component or a chip, at sizes that build in seconds."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from spikeplane.camera.config import CameraConfig
from spikeplane.config import ChipConfig


@dataclass(frozen=True)
class Design:
    """`verilog()` gives the text whose top module is `top`; the module `bench` drives it, by itself
    `spikeplane_sim.bench.bench_NAME`."""

    name: str
    top: str
    config: ChipConfig
    component: Callable[[ChipConfig], Any] | None
    wrapper: str | None = None
    bench: str = ""

    def verilog(self) -> str:
        """The memories and the component, or the whole chip, in its wrapper if it has one."""
        from spikeplane_gateware.generate import verilog_text
        from spikeplane_gateware.ram import memory_modules
        from spikeplane_gateware.units.known import modules_of
        from spikeplane_gateware.verilog.convert import convert
        from spikeplane_gateware.wrappers.wrap import wrapper_modules

        if self.wrapper is not None:
            wrapped = wrapper_modules(self.config, [self.wrapper])
            return "\n".join([verilog_text(self.config), *wrapped.values()])
        if self.component is None:
            return verilog_text(self.config)
        modules = "".join(f"\n{text}\n" for text in modules_of(self.config))
        design = convert(self.component(self.config), self.top)
        return memory_modules(design) + modules + design


def _router(config: ChipConfig) -> Any:
    from spikeplane_gateware.network.router import Router

    return Router(config)


def _mesh(config: ChipConfig) -> Any:
    from spikeplane_sim.bench.mesh import Mesh

    return Mesh(config)


def _bridge(config: ChipConfig) -> Any:
    from spikeplane_gateware.link.bridge import Bridge

    return Bridge(config)


def _core(config: ChipConfig) -> Any:
    from spikeplane_gateware.core.core import Core

    return Core(config)


def _camera(config: ChipConfig) -> Any:
    from spikeplane_gateware.units.camera.unit import CameraUnit

    return CameraUnit(config)


_SMALL: dict[str, Any] = {
    "lanes": 8, "weight_depth": 1024, "acc_depth": 128, "membrane_depth": 128, "parameter_depth": 64, "populations": 4,
    "projections": 16, "row_depth": 64, "column_depth": 64, "group_depth": 64, "egress_depth": 32, "coord_bits": 4, "group_bits": 4,
    "max_shift": 15,  # a membrane's highest plane
}  # fmt: skip
NETWORK = ChipConfig(rows=3, cols=3, lanes=8)
CORE = ChipConfig(rows=1, cols=1, low_planes=True, step_bits=2, **_SMALL)
GATES = replace(
    CORE,
    low_planes=False,
    populations=8,
    dynamic_depth=32,
    dynamic_bits=8,
    gates=True,
    tables=1,
    presentations=2,
    spikes_per_cycle=2,
)
NARROW = replace(CORE, sweep_lanes=2, narrow_tables=True)
CHIP = ChipConfig(rows=2, cols=2, **_SMALL)
CAMERA = ChipConfig(rows=1, cols=2, camera=CameraConfig(width=16, height=8, pixels=4), **_SMALL)

DESIGNS = (
    Design("core", "bench_core", CORE, _core),
    Design("narrow", "bench_narrow", NARROW, _core, bench="spikeplane_sim.bench.bench_core"),
    Design("gates", "bench_gates", GATES, _core),
    Design("router", "bench_router", NETWORK, _router),
    Design("mesh", "bench_mesh", ChipConfig(rows=2, cols=2, lanes=8), _mesh),
    Design("bridge", "bench_bridge", ChipConfig(rows=2, cols=2, lanes=8), _bridge),
    Design("camera", "bench_camera", CAMERA, _camera),
    Design("chip", "spikeplane_chip", CHIP, None),
    Design("axi_lite", "spikeplane_axi_lite", CORE, None, "axi-lite"),
)
#: Others that stand on the same registers or ports.
MORE = (
    Design("wishbone", "spikeplane_wishbone", CORE, None, "wishbone"),
    Design("axi_stream", "spikeplane_axi_stream", CORE, None, "axi-stream"),
)


def design(name: str) -> Design:
    """The design of that name. KeyError if there is none."""
    return {d.name: d for d in DESIGNS}[name]
