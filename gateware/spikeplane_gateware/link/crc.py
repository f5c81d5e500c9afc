"""The CRC of frames, a byte a cycle: Amaranth's CRC-32/ISO-HDLC, which is `zlib.crc32` in gates.

```
    data -> [next] -> crc register -+-> crc (the complement, sent low byte first)
                                    +-> sound (a frame and its CRC are in, unharmed)
```
Throughput: a byte a cycle. Latency: 1 cycle.
"""

from amaranth.hdl import Module, ResetInserter
from amaranth.lib import wiring
from amaranth.lib.crc import catalog
from amaranth.lib.wiring import In, Out

CRC = catalog.CRC32_ISO_HDLC


class Crc(wiring.Component):
    """The CRC of the bytes that have come since it was cleared.

    Attributes: clear: back to the first value, whatever en says; en, data: a byte; crc: the CRC, 32
    bits; sound: the bytes are those of a frame and then its own CRC.
    """

    def __init__(self) -> None:
        super().__init__({"clear": In(1), "en": In(1), "data": In(8), "crc": Out(32), "sound": Out(1)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        engine = CRC(8).create()
        # Cleared by the registers' reset: the engine's own `start` takes a multiplexer in front of
        # every bit's sum.
        m.submodules.engine = ResetInserter(self.clear)(engine)
        m.d.comb += [engine.valid.eq(self.en), engine.data.eq(self.data)]
        m.d.comb += [self.crc.eq(engine.crc), self.sound.eq(engine.match_detected)]
        return m
