"""The parts of a core that learns, side by side in one simulator, which all their tests share."""

from functools import cache
from typing import Any

from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from spikeplane_gateware.units.training.binary16 import Decode, Mul16, Round16, clamp
from spikeplane_gateware.units.training.stage import stage
from spikeplane_gateware.units.training.tree import Queue, Tree
from spikeplane_sim.bench.block import Blocks

WIDTHS = (36, 48, 49)  #: bits of exact words
SHIFT = 4  #: bits of the shift of the decoder of 48 bits; the others have none
TREES = ((8, 36), (4, 48), (16, 48))  #: lanes, exact_bits
DEPTH, WIDTH = 5, 70  #: of the queue
ID = 9


class Clamp(wiring.Component):
    """`clamp`, a stage behind its number."""

    def __init__(self) -> None:
        ports = {"valid": In(1), "number": In(16), "exponent": In(5)}
        super().__init__({**ports, "out_valid": Out(1), "limited": Out(16), "beyond": Out(1)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        ports: Any = self
        number, beyond = clamp(ports.number, ports.exponent)
        s = stage(m, "clamp", ports.valid, number=number, beyond=beyond)
        m.d.comb += [ports.out_valid.eq(s.valid), ports.limited.eq(s.number), ports.beyond.eq(s.beyond)]
        return m


NAMES = (
    *(f"{part}_{bits}" for part in ("decode", "round") for bits in WIDTHS),
    "mul",
    "clamp",
    *(f"tree_{lanes}" for lanes, _ in TREES),
    "queue",
)


def parts() -> dict[str, Any]:
    """Each part by name."""
    made = [
        *(Decode(exact_bits=bits, shift_bits=SHIFT if bits == 48 else 0) for bits in WIDTHS),
        *(Round16(exact_bits=bits) for bits in WIDTHS),
        Mul16(),
        Clamp(),
        *(Tree(lanes=lanes, exact_bits=bits, id_bits=ID) for lanes, bits in TREES),
        Queue(width=WIDTH, depth=DEPTH),
    ]
    return dict(zip(NAMES, made, strict=True))


@cache
def blocks() -> Blocks:
    """All of them; their state stays between tests."""
    return Blocks(parts())
