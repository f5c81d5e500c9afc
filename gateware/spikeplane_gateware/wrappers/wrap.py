"""The wrappers' Verilog for one chip: its digest and the pins of its units are filled in.

```
    axi-stream  spikeplane_axi_stream ─ spikeplane_chip
    axi-lite    spikeplane_axi_lite ─ spikeplane_registers ─ spikeplane_chip
    wishbone    spikeplane_wishbone ─ spikeplane_registers ─ spikeplane_chip
```
"""

from collections.abc import Sequence
from pathlib import Path

from spikeplane.config import ChipConfig
from spikeplane.errors import SpikeplaneError
from spikeplane.formats.packet import IDENTITY
from spikeplane.formats.registers import REGISTERS
from spikeplane_gateware.units.known import pins_of
from spikeplane_gateware.wrappers.svd import c_registers, svd

_FOLDER = Path(__file__).parent
_MODULES = {
    "axi-stream": ("spikeplane_axi_stream",),
    "axi-lite": ("spikeplane_registers", "spikeplane_axi_lite"),
    "wishbone": ("spikeplane_registers", "spikeplane_wishbone"),
}
WRAPPERS = tuple(_MODULES)


def check_wrappers(names: Sequence[str]) -> None:
    """Raises SpikeplaneError for a name that is none."""
    for name in names:
        if name not in _MODULES:
            raise SpikeplaneError(f"unknown wrapper '{name}'; choose from {', '.join(WRAPPERS)}")


def wrapper_modules(config: ChipConfig, names: Sequence[str]) -> dict[str, str]:
    """By name the Verilog modules of these wrappers. Raises SpikeplaneError for a name that is none."""
    check_wrappers(names)
    return {module: _filled(config, module) for name in names for module in _MODULES[name]}


def wrapper_files(config: ChipConfig, names: Sequence[str]) -> dict[str, str]:
    """What belongs to the modules: the register map for debuggers and for C, where there are registers."""
    if not any("spikeplane_registers" in _MODULES[name] for name in names):
        return {}
    return {"spikeplane.svd": svd(config), "spikeplane_registers.h": c_registers()}


def _filled(config: ChipConfig, module: str) -> str:
    pins = pins_of(config)
    sizes = {name: f"[{pin.width - 1}:0] " if pin.width > 1 else "" for name, pin in pins.items()}
    numbers = [f"  localparam [2:0] {register.name} = 3'd{register.number};" for register in REGISTERS]
    numbers.append(f"  localparam [31:0] IDENTITY_VALUE = 32'h{IDENTITY:08x};")
    numbers.append(f"  localparam [63:0] DIGEST_VALUE = 64'h{config.digest};")
    marks = {
        "PORTS": "".join(f"  {pin.way}put wire {sizes[name]}{name},\n" for name, pin in pins.items()),
        "CONNECTIONS": "".join(f"    .{name}({name}),\n" for name in pins),
        "NUMBERS": "".join(f"{line}\n" for line in numbers),
    }
    text = (_FOLDER / f"{module}.v").read_text()
    for mark, lines in marks.items():
        text = text.replace(f"@{mark}@\n", lines)
    return text
