"""The memory of the pixels' states, a word of P pixels at a time.

```
    read_word -> [reads_at] -> bank 0, 1 ... -> states
    write, first -> [into] -> at -> [writes_at, writes] -> the same banks <- following
```
A word is split over banks; each bank has address registers of its own, near its block RAMs.
"""

from amaranth.hdl import Module, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from spikeplane.camera.config import CameraConfig
from spikeplane.config import bits_for
from spikeplane_gateware.ram import Ram
from spikeplane_gateware.units.camera.state import state_layout

#: Bits of the state word behind one copy of the address registers: 16 block RAMs of 9 bits, 8 of
#: 18, 4 of 36, 2 of 72.
BANK_BITS = 144
READ = 2  #: cycles from `read_word` to its states: the address register, the memory


class StateMemory(wiring.Component):
    """Words are read at any place, and written in the order of their planes. It is never cleared, and
    nobody reads a word in the cycle in which it is written.

    Throughput: a word read and a word written a cycle. Latency: READ cycles to read.

    Parameters
    ----------
    config : CameraConfig
        The sensor and its method: P states of S bits a word.

    Attributes
    ----------
    read_word : In(bits_for(config.words))
        Number of the word in its plane.
    states : Out(P * S)
        What it holds, pixel 0 lowest.
    write, first : In(1)
        A word is written in the next cycle; it is the first of its plane.
    following : In(P * S)
        In that cycle: its pixels' states.
    """

    def __init__(self, config: CameraConfig) -> None:
        self.config, self.bits = config, config.pixels * state_layout(config).size
        word = bits_for(config.words)
        reads = {"read_word": In(word), "states": Out(self.bits)}
        super().__init__({**reads, "write": In(1), "first": In(1), "following": In(self.bits)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        into = Signal.like(self.read_word)
        at = Signal.like(self.read_word)
        m.d.comb += at.eq(into)
        with m.If(self.first):
            m.d.comb += at.eq(0)
        with m.If(self.write):
            m.d.sync += into.eq(at + 1)
        for number, low in enumerate(range(0, self.bits, BANK_BITS)):
            part = slice(low, min(low + BANK_BITS, self.bits))
            m.submodules[f"bank_{number}"] = ram = Ram(width=part.stop - low, depth=self.config.words)
            m.d.comb += [
                ram.read_en.eq(1),
                ram.read_address.eq(_copy(m, f"reads_at_{number}", self.read_word)),
                self.states[part].eq(ram.read_data),
                ram.write_en.eq(_copy(m, f"writes_{number}", self.write)),
                ram.write_address.eq(_copy(m, f"writes_at_{number}", at)),
                ram.write_data.eq(self.following[part]),
            ]
        return m


def _copy(m: Module, name: str, value: Value) -> Signal:
    """A register of its own for one bank (see `core.copies`)."""
    copy = Signal(len(value), name=name, reset_less=True, attrs={"keep": 1})
    m.d.sync += copy.eq(value)
    return copy
