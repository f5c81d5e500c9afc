"""What the engine adds to a word of sums, lane by lane."""

from collections.abc import Sequence

from amaranth.hdl import Module, Mux, Signal, Value

from spikeplane.config import ChipConfig
from spikeplane.formats.training import VALUE_BITS
from spikeplane_gateware.units.training.binary16 import decode


def addends(
    m: Module,
    config: ChipConfig,
    op: Signal,
    operand: Value,
    starts: Value,
    words: Sequence[Value],
    adds: Value,
    partial: Value,
) -> list[Signal]:
    """What is added to each lane's word: a lane of `operand` (binary16, decoded from the pulse `starts` on) as the op says, its
    limb if it is `partial`, or if it `adds` that of `words`."""
    assert config.training is not None
    exact = config.training.exact_bits
    limb = Signal(exact)
    m.d.comb += limb.eq((op.value.as_signed() << (16 * op.limb))[:exact])
    found = [Signal(exact, name=f"addend_{lane}") for lane in range(config.lanes)]
    for lane, addend in enumerate(found):
        part, name = operand.word_select(lane, VALUE_BITS), f"decode_{lane}"
        part_of = decode(m, name, starts, part, exact_bits=exact, shift=op.shift, negate=op.negate)
        with m.If(adds):
            m.d.comb += addend.eq(words[lane])
        with m.Elif(op.lanes[lane]):
            m.d.comb += addend.eq(Mux(partial, limb, part_of.word + part_of.carry))
    return found
