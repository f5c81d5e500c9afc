"""The README of a generated chip: clock, reset, the byte ports' timing, how to instantiate it."""

from spikeplane.config import ChipConfig
from spikeplane_gateware.manifest import RESET_CYCLES, ports
from spikeplane_gateware.units.known import units_of

_TIMING = """\
## Clock, reset, byte ports
One clock, `clk`, rising edge. `rst` is synchronous and active high: hold it for {cycles} cycle or more. Registers have
their values at power-up too (`initial`), so an FPGA may tie `rst` to 0; memories have none, the host loads them.

`rx` takes the host's bytes, `tx` gives the chip's. A byte passes at every rising edge where `valid` and `ready` are
both 1; `valid` and `payload` stay as they are until then.
```
 edge      1   2   3   4   5
 clk     __|~|_|~|_|~|_|~|_|~|_
 payload ----< A     X B X C >-
 valid   ____/~~~~~~~~~~~~~~~\\_
 ready   ________/~~~~~~~~~~~~~     A passes at edge 3, B at 4, C at 5
```
`rx__ready` is always 1: a serial line cannot wait. `tx__ready` may be 0 for as long as the host likes: the chip then
stops and loses nothing. The bytes are frames with flags, CRC-32 and numbers: see `spikeplane.h`, and
`spikeplane export` for a driver in C.
"""


def readme(config: ChipConfig, top: str, files: dict[str, str]) -> str:
    """The text; `files`: by name what each file is, in the order in which they are listed."""
    cores = (
        f"{config.rows} x {config.cols} cores of {config.lanes} lanes, {config.weight_bits}-bit weights.\n"
        if config.cores
        else "No cores.\n"
    )
    units = "".join(f"\n{unit.readme(config)}\n" for unit in units_of(config))
    listed = "\n".join(f"- `{name}`: {what}" for name, what in files.items())
    return "\n".join(
        [
            f"# Spikeplane chip {config.digest}\n\n{cores}{units}",
            listed + "\n",
            _TIMING.format(cycles=RESET_CYCLES),
            "## Instantiation\n```verilog",
            *_template(config, top),
            "```\n",
        ]
    )


def _template(config: ChipConfig, top: str) -> list[str]:
    found = ports(config)
    sizes = {name: f"[{port['width'] - 1}:0] " if port["width"] > 1 else "" for name, port in found.items()}
    wires = [f"wire {size}{name};" for name, size in sizes.items() if name not in ("clk", "rst")]
    return [*wires, f"{top} chip (", ",\n".join(f"  .{name}({name})" for name in found), ");"]
