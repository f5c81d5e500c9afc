"""The UART of the host link: 8 data bits, no parity, one stop bit, at whatever rate the host speaks.

```
    rx pin -> synchroniser, majority of 3 -> line --+--> UartReceiver ----> o bytes
                                                    +--> BaudMeter -> period
    tx pin <---------------------------------------------- UartTransmitter <- i bytes
```
The rate is measured, not configured. Every frame of the link begins with the byte 0x7E, and on the
line that is

    idle  start 0 | 1 1 1 1 1 1 | 0  stop        low for 2 bits, high for 6, low for 1: from fall to
          fall 8 bits
    ----+       +---------------+  +------
        +-------+               +--+

so a FLAG that comes after an idle line gives the length of a bit in eighths of a clock cycle, which
is the unit that the dividers of both directions count in. See docs/link.md for what makes this
robust and where its limits are.
"""

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.cdc import FFSynchronizer
from amaranth.lib.wiring import In, Out

from spikeplane.formats.frame import FLAG

SLOWEST = 9600  #: baud; slower lines are not measured
BITS = 10  #: on the line for a byte: start, 8 data, stop
LEAST = 40  #: eighths of a cycle: no bit is shorter than 5 cycles


def period_bits(clock_hz: float, slowest: float = SLOWEST) -> int:
    """Width of every count of cycles: a whole byte of the slowest line fits."""
    return int(BITS * clock_hz / slowest).bit_length()


class BaudMeter(wiring.Component):
    """The meter of the line's rate: it measures each FLAG that follows an idle line.

    Latency: 5 cycles from the line's rise into the stop bit. The first rate is taken at once, one that
    is more than a sixteenth off only when two FLAGs in a row say so: some byte between two pauses might
    look like a FLAG.

    Parameters: width: bits of every count of cycles, see `period_bits`.

    Attributes: line: level of the line, settled; period: eighths of a cycle a bit; known: there has
    been a rate; caught: pulse, the rate is new, so the receiver has missed this FLAG.
    """

    def __init__(self, width: int) -> None:
        self.width = width
        super().__init__({"line": In(1), "period": Out(width, init=LEAST), "known": Out(1), "caught": Out(1)})

    def elaborate(self, platform: object) -> Module:
        m, width = Module(), self.width
        run = Signal(width)  # how long the line has been as it is
        last = Signal(init=1)
        idle, first, high, second = (Signal(width, name=name) for name in ("idle", "first", "high", "second"))
        rise, fall = self.line & ~last, ~self.line & last
        m.d.sync += [last.eq(self.line), run.eq(Mux(run.all(), run, run + 1))]
        with m.If(rise | fall):
            m.d.sync += run.eq(1)
        with m.If(fall):
            m.d.sync += [high.eq(run), idle.eq(high)]
        with m.If(rise):
            m.d.sync += [second.eq(run), first.eq(second)]
        # At a rise the last two lows and, in front of each, a high are known. On the line: idle,
        # first, high, second.
        self._judge(m, rise, idle, first, high, second)
        return m

    def _judge(
        self, m: Module, rise: Value, idle: Signal, first: Signal, high: Signal, second: Signal
    ) -> None:
        """Was that a FLAG, and does it change the rate? In four steps, a cycle each."""
        width = self.width
        step = Signal(4)
        whole = Signal(width + 1)  # this FLAG's 8 bits
        before = Signal(width + 1)  # those of the one before
        less = Signal(width + 1)
        more = Signal(width + 2)
        is_flag = Signal()
        m.d.sync += [step.eq(Cat(rise, step[:3])), whole.eq(first + high)]
        # of 8 bits: what 4 times `first` may be off, that is a fifth of a bit
        tenth = (whole >> 4) + (whole >> 5)
        m.d.sync += [less.eq(whole - tenth), more.eq(whole + tenth)]
        m.d.sync += is_flag.eq(
            (whole >= LEAST)
            & ~whole[width]
            # 10 bits: no byte holds the line high for so long
            & ((idle >= whole + (whole >> 2)) | idle.all())
            & ((first << 2) >= less)
            & ((first << 2) <= more)  # 2 bits
            & ((second << 4) >= whole)
            & ((second << 4) <= (whole << 1) + whole)  # 1 bit, to half a bit
        )
        near = Signal()
        again = Signal()
        new = Signal()
        m.d.comb += [near.eq(self.known & _alike(whole, self.period)), again.eq(_alike(whole, before))]
        m.d.comb += new.eq(~near & (again | ~self.known))
        m.d.sync += self.caught.eq(step[3] & is_flag & new)
        with m.If(step[3] & is_flag):
            m.d.sync += before.eq(whole)
            with m.If(near | new):
                m.d.sync += [self.period.eq(whole), self.known.eq(1)]


def _alike(a: Value, b: Value) -> Value:
    """To a sixteenth."""
    return (a + (b >> 4) >= b) & (a <= b + (b >> 4))


class UartReceiver(wiring.Component):
    """Line to bytes, sampled in the middle of each bit; a byte whose stop bit is low is dropped.

    Parameters: width: bits of `period`.

    Attributes: line: level of the line, settled; period, known, caught: see BaudMeter; o: bytes, valid
    for one cycle: whoever listens must be ready.
    """

    def __init__(self, width: int) -> None:
        self.width = width
        ports = {"line": In(1), "period": In(width), "known": In(1), "caught": In(1)}
        super().__init__({**ports, "o": Out(stream.Signature(8))})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        last = Signal(init=1)
        active = Signal()
        at = Signal(range(BITS))
        phase = Signal(self.width)
        tick = Signal()
        data = Signal(8)
        ahead = phase + 8
        m.d.comb += tick.eq(active & (ahead >= self.period))
        m.d.sync += [last.eq(self.line), self.o.valid.eq(0), phase.eq(Mux(tick, ahead - self.period, ahead))]
        with m.If(tick):
            m.d.sync += at.eq(at + 1)
            with m.If(at == 0):
                m.d.sync += active.eq(~self.line)  # a start bit, or only a spike on the line
            with m.Elif(at == BITS - 1):
                m.d.sync += [active.eq(0), self.o.valid.eq(self.line), self.o.payload.eq(data)]
            with m.Else():
                m.d.sync += data.eq(Cat(data[1:], self.line))
        with m.If(~active & last & ~self.line & self.known):
            m.d.sync += [active.eq(1), at.eq(0), phase.eq(self.period >> 1)]
        with m.If(self.caught):
            m.d.sync += [active.eq(0), self.o.valid.eq(1), self.o.payload.eq(FLAG)]
        return m


class UartTransmitter(wiring.Component):
    """Bytes to line, back to back while there are any; silent until the rate is known.

    Parameters: width: bits of `period`.

    Attributes: period, known: see BaudMeter; i: bytes; line: level of the line, idle high. A byte is
    sent to its end at the rate that it began with.
    """

    def __init__(self, width: int) -> None:
        self.width = width
        super().__init__(
            {"period": In(width), "known": In(1), "i": In(stream.Signature(8)), "line": Out(1, init=1)}
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        rate = Signal(self.width, init=LEAST)
        phase = Signal(self.width)
        tick = Signal()
        bits = Signal(BITS, init=-1)
        left = Signal(range(BITS + 1))
        ahead = phase + 8
        m.d.comb += [
            tick.eq((left != 0) & (ahead >= rate)),
            self.i.ready.eq(self.known & ((left == 0) | (tick & (left == 1)))),
            self.line.eq(bits[0]),
        ]
        m.d.sync += phase.eq(Mux(left == 0, 0, Mux(tick, ahead - rate, ahead)))
        with m.If(tick):
            m.d.sync += [bits.eq(Cat(bits[1:], 1)), left.eq(left - 1)]
        with m.If(self.i.valid & self.i.ready):
            m.d.sync += [bits.eq(Cat(0, self.i.payload, 1)), left.eq(BITS), rate.eq(self.period)]
        return m


class Uart(wiring.Component):
    """The UART of a chip: receiver, transmitter and the meter of their rate.

    Parameters: clock_hz: frequency of the clock, 25 to 100 MHz meant; slowest: the lowest rate that the
    line may have, in baud. Both give the widths only; the fastest line is `clock_hz` / 8, up to 3 Mbaud
    meant.

    Attributes: rx, tx: pins, idle high; rx may change at any time; o: bytes from the host, valid for
    one cycle: the Link is always ready; i: bytes to the host.
    """

    def __init__(self, clock_hz: float, *, slowest: float = SLOWEST) -> None:
        self.width = period_bits(clock_hz, slowest)
        octets = stream.Signature(8)
        super().__init__({"rx": In(1, init=1), "tx": Out(1, init=1), "o": Out(octets), "i": In(octets)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.meter = meter = BaudMeter(self.width)
        m.submodules.receiver = receiver = UartReceiver(self.width)
        m.submodules.transmitter = transmitter = UartTransmitter(self.width)
        settled = Signal(init=1)
        seen = Signal(3, init=-1)
        line = Signal(init=1)
        m.submodules.synchroniser = FFSynchronizer(self.rx, settled, init=1, reset_less=False)
        a, b, c = seen[0], seen[1], seen[2]  # the majority of three: a spike of one cycle is nothing
        m.d.sync += [seen.eq(Cat(settled, seen[:2])), line.eq((a & b) | (b & c) | (a & c))]
        m.d.comb += [
            meter.line.eq(line),
            receiver.line.eq(line),
            receiver.caught.eq(meter.caught),
            self.tx.eq(transmitter.line),
        ]
        for part in (receiver, transmitter):
            m.d.comb += [part.period.eq(meter.period), part.known.eq(meter.known)]
        wiring.connect(m, receiver.o, wiring.flipped(self.o))
        wiring.connect(m, wiring.flipped(self.i), transmitter.i)
        return m
