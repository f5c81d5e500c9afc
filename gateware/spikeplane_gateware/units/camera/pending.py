"""Look-ahead: the two oldest of a pixel's pending spikes.

```
    v (bit i: a spike of i planes ago) -> which groups of 8 have one -> the top group -> the top bit in it -> since
                                                                                    -> v without it -> the same again
```
Bit 0 is the plane that is just coming in. The top bit is the oldest spike.
Throughput: one a cycle. Latency: FIND cycles to the oldest, FIND more to the second.
"""

from types import SimpleNamespace

from amaranth.hdl import Cat, Const, Module, Mux, Value

from spikeplane_gateware.units.camera.stage import named, stage

FIND = 3
_GROUP = 8


def _groups(v: Value) -> list[Value]:
    return [Value.cast(v[i : i + _GROUP]) for i in range(0, len(v), _GROUP)]


def _top(bits: Value) -> list[Value]:
    """One-hot: the highest 1."""
    last = Value.cast(bits[len(bits) - 1])
    return [*(bits[i] & ~bits[i + 1 :].any() for i in range(len(bits) - 1)), last]


def _index(hot: Value) -> Value:
    """The place of the only 1."""
    width = max(1, (len(hot) - 1).bit_length())
    return Value.cast(
        Cat(Cat(bit for i, bit in enumerate(hot) if i >> place & 1).any() for place in range(width))
    )


def find(m: Module, name: str, v: Value) -> SimpleNamespace:
    """After FIND cycles: `spike` (there is one), `since` (its place), `group` and `bit` (one-hot,
    for `without`)."""
    some = Cat(group.any() for group in _groups(v))
    s = stage(m, f"{name}_groups", v=v, some=some)
    top = named(m, f"{name}_top_group", Cat(*_top(s.some)))
    chosen = Const(0, _GROUP)
    for hot, group in zip(top, _groups(s.v), strict=True):
        chosen = chosen | Mux(hot, group, 0)
    s = stage(m, f"{name}_group", group=top, bits=chosen[:_GROUP], spike=s.some.any())
    bit = named(m, f"{name}_top_bit", Cat(*_top(s.bits)))
    high = _index(s.group) if len(s.group) > 1 else Const(0, 0)
    since = Cat(_index(bit), high)[: (len(v) - 1).bit_length()]
    return stage(m, name, spike=s.spike, since=since, group=s.group, bit=bit)


def without(v: Value, found: SimpleNamespace, walked: Value | int = 1) -> Value:
    """v less the found spike, if the pixel `walked` there."""
    gone = [(hot & walked).replicate(_GROUP) & found.bit for hot in found.group]
    return v & ~Cat(*gone)[: len(v)]
