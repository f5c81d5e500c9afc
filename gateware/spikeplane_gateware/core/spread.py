"""Copies of a register for loads that lie far apart.

```
    value --+-> copy 0 -> the memories of lanes 0 to 3
            +-> copy 1 -> the memories of lanes 4 to 7 ...
```
The memories of all lanes cover half of a small FPGA, and one register that drives them all spends a cycle on the way. The copies
start from different values, which is why synthesis does not make one of them again; nothing reads those values.
"""

from amaranth.hdl import Module, Signal, Value

LANES = 4  #: lanes that share a copy


def spread(m: Module, value: Value, enable: Value, lanes: int, name: str) -> list[Signal]:
    """`value`, taken when `enable`, once for every LANES of `lanes`: one register for each lane, in the order of lanes."""
    copies = [
        Signal(len(value), name=f"{name}_{i}", init=i % (1 << len(value)), reset_less=True) for i in range(lanes // LANES)
    ]
    with m.If(enable):
        m.d.sync += [copy.eq(value) for copy in copies]
    return [copies[lane // LANES] for lane in range(lanes)]
