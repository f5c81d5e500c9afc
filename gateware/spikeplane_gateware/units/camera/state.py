"""The state of one pixel between two planes, packed for block memory: all zeros before the first plane.

```
    tfi    age 8, lo 8
    fsr    age 8, segment 18 = format 2, then by the format   lo 2, n 7, m 7 | lo 4, n 6, m 6 | lo 6, n 4, m 4 | lo 8, n 2, m 2
    ssr    as fsr, and the order 16 = phase 2, kind 1, k 6, wide 1, run 6
    tfp    the spikes of the last window + lag - 1 planes
    look-ahead A: A bits of pending spikes (bit i: of i + 1 planes before the next plane)
```
`age` is that of the next plane, so at least 1: 0 says that the pixel has been silent so far. A
small interval has room for large counts and a large one needs none (HALVINGS), so a segment takes
18 bits instead of 22.
"""

from types import SimpleNamespace

from amaranth.hdl import Cat, Const, Module, Mux, Value, unsigned
from amaranth.lib import data

from spikeplane.camera.config import HALVINGS, INTERVAL_MAX, RUN_MAX, CameraConfig
from spikeplane_gateware.units.camera.stage import named

AGE_BITS = INTERVAL_MAX.bit_length()
RUN_BITS = RUN_MAX.bit_length()
#: Of each format: bits of `lo`, bits of `n` and of `m`.
FORMATS = tuple(((below - 1).bit_length(), (count - 1).bit_length()) for below, count in HALVINGS)
COUNT_BITS = max(bits for _, bits in FORMATS)
_FORMAT_BITS = (len(FORMATS) - 1).bit_length()
SEGMENT_BITS = _FORMAT_BITS + max(lo + 2 * count for lo, count in FORMATS)

ORDER = data.StructLayout({"phase": 2, "kind": 1, "k": RUN_BITS, "wide": 1, "run": RUN_BITS})


def state_layout(config: CameraConfig) -> data.StructLayout:
    """The fields of one pixel's state; at least one bit."""
    if config.method == "tfp":
        return data.StructLayout({"history": max(1, config.window + config.lag - 1)})
    fields: dict[str, object] = {"age": unsigned(AGE_BITS)}
    fields |= {"lo": unsigned(AGE_BITS)} if config.method == "tfi" else {"segment": unsigned(SEGMENT_BITS)}
    if config.method == "ssr":
        fields["order"] = ORDER
    if config.lookahead:
        fields["pending"] = unsigned(config.lookahead)
    return data.StructLayout(fields)


def unpack(segment: Value) -> SimpleNamespace:
    """lo, n and m of a packed segment."""
    body = segment[_FORMAT_BITS:]
    fields = SimpleNamespace(lo=Const(0), n=Const(0), m=Const(0))
    for number, (lo, count) in enumerate(FORMATS):
        here = segment[:_FORMAT_BITS] == number
        for name, part in (("lo", body[:lo]), ("n", body[lo:][:count]), ("m", body[lo + count :][:count])):
            setattr(fields, name, getattr(fields, name) | Mux(here, part, 0))
    return SimpleNamespace(lo=fields.lo[:AGE_BITS], n=fields.n[:COUNT_BITS], m=fields.m[:COUNT_BITS])


def format_of(m: Module, name: str, lo: Value) -> Value:
    """The format of a segment by its smaller interval."""
    above = [named(m, f"{name}_from_{1 << bits}", lo[bits:].any()) for bits, _ in FORMATS[:-1]]
    return Value.cast(Mux(above[2], 3, Mux(above[1], 2, above[0]))[:_FORMAT_BITS])


def pack(m: Module, p: SimpleNamespace) -> Value:
    """The inverse of `unpack`."""
    number = named(m, "pack_format", format_of(m, "pack", p.lo))
    body = Const(0)
    for form, (lo, count) in enumerate(FORMATS):
        body = body | Mux(number == form, Cat(p.lo[:lo], p.n[:count], p.m[:count]), 0)
    return Value.cast(Cat(number, body)[:SEGMENT_BITS])
