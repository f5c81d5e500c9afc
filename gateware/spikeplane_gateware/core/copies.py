"""Copies of a register for loads that lie far apart.

```
    value --+-> copy 0 -> lanes 0 to 3
            +-> copy 1 -> lanes 4 to 7 ...
```
The memories of all lanes cover half of a small FPGA, and one register that drives them all spends a
cycle on the way. Synthesis would make one register of equal ones again: these carry the attribute
`keep`.
"""

from amaranth.hdl import Module, Signal, Value

from spikeplane.formats.structure import SHARED_LANES


def copies(m: Module, value: Value, lanes: int, name: str, enable: Value | int = 1) -> list[Signal]:
    """`value`, taken when `enable`, in one register for every SHARED_LANES of `lanes`: for each lane its
    register."""
    registers = [
        Signal(len(value), name=f"{name}_{i}", reset_less=True, attrs={"keep": 1})
        for i in range(lanes // SHARED_LANES)
    ]
    with m.If(enable):
        m.d.sync += [copy.eq(value) for copy in registers]
    return [registers[lane // SHARED_LANES] for lane in range(lanes)]
