"""TFP: the spikes of the window counted, from a history of one bit a plane.

```
    history, plane -> v   bit i: the spike of i planes ago      v[lag : lag + window] -> counts of 4 -> sums of 2 -> ... -> count
```
Throughput: one a cycle. Latency: `count_latency`.
"""

from typing import Any

from amaranth.hdl import Cat, Const, Module, Value

from spikeplane.camera.config import CameraConfig
from spikeplane_gateware.units.camera.stage import stage

_GROUP = 4  #: bits that one level of small tables counts


def count_latency(config: CameraConfig) -> int:
    """Cycles from the history to the count."""
    groups = -(-config.window // _GROUP)
    return 1 + (groups - 1).bit_length()


def count_spikes(m: Module, config: CameraConfig, recent: Value) -> Value:
    """The spikes of the window; `recent`: bit i is the spike of i planes ago."""
    window = recent[config.lag :][: config.window]
    groups: list[Any] = [window[i : i + _GROUP] for i in range(0, config.window, _GROUP)]
    sums: list[Any] = [sum(group) for group in groups]
    level = 0
    while True:
        registers = stage(m, f"count_{level}", **{f"s{i}": value for i, value in enumerate(sums)})
        sums = [getattr(registers, f"s{i}") for i in range(len(sums))]
        if len(sums) == 1:
            return sums[0][: config.window.bit_length()]
        sums = [a + b for a, b in zip(sums[::2], [*sums[1::2], Const(0)], strict=False)]
        level += 1


def following_history(config: CameraConfig, spike: Value, history: Value) -> Value:
    """The history with the newest plane's spike."""
    shifted = Cat(spike, history)[: len(history)]
    return Value.cast(shifted) if config.window + config.lag > 1 else Const(0)
