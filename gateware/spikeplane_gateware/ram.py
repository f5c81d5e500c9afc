"""The memory of the gateware: a read port and a write port, both clocked, no bypass; and one in true dual-port form.

```
    read_address -> [word] -> read_data      write_address, write_data -> word
```
Throughput: a read and a write every cycle. Latency: `read_data` answers the `read_address` of the cycle
before. A read of the word being written in the same cycle is undefined: the users forward, or never
do it. Generated Verilog instantiates `spikeplane_ram` (see ram.v beside this file) because Amaranth
writes one line per word of initial contents; the Python simulator gets Amaranth's own memory.
`DualRam` (dual_ram.v) reads two words a cycle; its first port writes as well, one or the other.
"""

from pathlib import Path

from amaranth.hdl import Const, Instance, Module, unsigned
from amaranth.lib import memory, wiring
from amaranth.lib.wiring import In, Out

from spikeplane.config import bits_for

RAM_VERILOG = Path(__file__).with_name("ram.v")
DUAL_RAM_VERILOG = Path(__file__).with_name("dual_ram.v")
DUAL_RAM = "spikeplane_dual_ram"


def memory_modules(*texts: str) -> str:
    """Verilog of the memories that modules with these texts need: `spikeplane_ram`, and where it is instantiated the other."""
    dual = any(f"{DUAL_RAM} " in text for text in texts)
    return "\n".join(path.read_text() for path in (RAM_VERILOG, *([DUAL_RAM_VERILOG] if dual else [])))


class Verilog:
    """The `platform` that `generate` converts for: memories become instances of `spikeplane_ram`."""


class Ram(wiring.Component):
    """A memory of `depth` words of `width` bits.

    Parameters: width: bits of a word; depth: words.

    Attributes: read_en, read_address: read a word; read_data: the word read last; write_en,
    write_address, write_data: write a word.
    """

    def __init__(self, *, width: int, depth: int) -> None:
        self.width, self.depth = width, depth
        address = bits_for(depth)
        super().__init__(
            {
                "read_en": In(1),
                "read_address": In(address),
                "read_data": Out(width),
                "write_en": In(1),
                "write_address": In(address),
                "write_data": In(width),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        if isinstance(platform, Verilog):
            from amaranth.hdl import ClockSignal

            m.submodules.ram = Instance(
                "spikeplane_ram",
                p_WIDTH=self.width,
                p_DEPTH=self.depth,
                p_ADDRESS=bits_for(self.depth),
                i_clk=ClockSignal(),
                i_read_en=self.read_en,
                i_read_address=self.read_address,
                o_read_data=self.read_data,
                i_write_en=self.write_en,
                i_write_address=self.write_address,
                i_write_data=self.write_data,
            )
            return m
        m.submodules.words = words = memory.Memory(shape=unsigned(self.width), depth=self.depth, init=[])
        read, write = words.read_port(), words.write_port()
        m.d.comb += [
            read.en.eq(self.read_en),
            read.addr.eq(self.read_address),
            self.read_data.eq(read.data),
            write.en.eq(self.write_en & (self.write_address < Const(self.depth))),
            write.addr.eq(self.write_address),
            write.data.eq(self.write_data),
        ]
        return m


class DualRam(wiring.Component):
    """A memory of `depth` words of `width` bits with two ports: the first writes or reads, the second reads.

    Parameters: width: bits of a word; depth: words.

    Attributes: read_en, write_en, address, write_data, read_data: the first port, which writes where both enables are set, and then
    keeps `read_data`; second_en, second_address, second_data: the second.
    """

    def __init__(self, *, width: int, depth: int) -> None:
        self.width, self.depth = width, depth
        address = bits_for(depth)
        super().__init__(
            {
                "read_en": In(1),
                "write_en": In(1),
                "address": In(address),
                "read_data": Out(width),
                "write_data": In(width),
                "second_en": In(1),
                "second_address": In(address),
                "second_data": Out(width),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        if isinstance(platform, Verilog):
            from amaranth.hdl import ClockSignal

            sizes = {"p_WIDTH": self.width, "p_DEPTH": self.depth, "p_ADDRESS": bits_for(self.depth)}
            outputs = {f"o_{name}": getattr(self, name) for name in ("read_data", "second_data")}
            names = ("read_en", "write_en", "address", "write_data", "second_en", "second_address")
            inputs = {f"i_{name}": getattr(self, name) for name in names}
            m.submodules.ram = Instance(DUAL_RAM, **sizes, i_clk=ClockSignal(), **inputs, **outputs)
            return m
        m.submodules.words = words = memory.Memory(shape=unsigned(self.width), depth=self.depth, init=[])
        read, second, write = words.read_port(), words.read_port(), words.write_port()
        m.d.comb += [
            read.en.eq(self.read_en & ~self.write_en),
            read.addr.eq(self.address),
            self.read_data.eq(read.data),
            write.en.eq(self.write_en & (self.address < Const(self.depth))),
            write.addr.eq(self.address),
            write.data.eq(self.write_data),
            second.en.eq(self.second_en),
            second.addr.eq(self.second_address),
            self.second_data.eq(second.data),
        ]
        return m
