"""Ghost state for the router's proofs: one packet of the solver's choice, from the input it enters
by to the outputs it leaves by."""

from types import ModuleType
from typing import Any

from amaranth.hdl import Assert, Assume, Module, Mux, Signal
from prover import Inside, free, mutant, symbolic
from rule import SIDES, demands, legal

from spikeplane.config import ChipConfig, bits_for
from spikeplane.formats.structure import SOURCES
from spikeplane_gateware.network import arbiter, entry, output, route, router
from spikeplane_gateware.network.route import outputs_of
from spikeplane_gateware.structs import packet_struct

CONFIG = ChipConfig(rows=3, cols=3, lanes=8)
#: the two low bits of a payload say whether it is one of the two packets that are followed
MARK = {"a": 1, "b": 2}


class Followed:
    """One packet of the solver's choice: its contents, whether it has entered, by which outputs it
    has left, where it is."""

    def __init__(self, m: Module, dut: Any, inside: Inside, name: str, entry: Signal) -> None:
        self.m, self.mark, self.entry = m, MARK[name], entry
        self.packet = symbolic(m, packet_struct(CONFIG), f"packet_{name}")
        self.entered = Signal(name=f"entered_{name}")
        self.left = {o: Signal(name=f"left_{name}_{o}") for o in SIDES}
        self.wanted = {o: Signal(name=f"wanted_{name}_{o}") for o in SIDES}
        self.dut, self.inside = dut, inside
        m.d.comb += Assume(self.packet.payload[:2] == self.mark)
        for number, side in enumerate(SIDES):
            with m.If(entry == number):
                m.d.comb += Assume(legal(side, self.packet, dut.x, dut.y, CONFIG.cols, CONFIG.rows))
                m.d.comb += [
                    want.eq(rule) for want, rule in zip(self.wanted.values(), self._rule(side), strict=True)
                ]
        self._places()

    def _rule(self, side: str) -> list[Any]:
        rule = demands(side, self.packet, self.dut.x, self.dut.y)
        return [rule[o] for o in self.wanted]

    def is_in(self, word: Any) -> Any:
        """A word of packet bits carries this packet's mark."""
        return word[:2] == self.mark

    def _places(self) -> None:
        """behind: the entry's second slot; head: the one in front, per output; out: per output. Elsewhere
        there is no mark."""
        m = self.m
        self.behind = Signal()
        self.head = {o: Signal() for o in SIDES}
        self.out = {o: Signal() for o in SIDES}
        for number, side in enumerate(SIDES):
            entry = Front(self.inside, side)
            self._slot(self.behind, entry.second, entry.waits, number)
            for o in SIDES:
                if side in SOURCES[o]:
                    self._slot(self.head[o], entry.first, entry.wants(o), number)
            rule = demands(side, self.packet, self.dut.x, self.dut.y)
            with m.If(self.behind & (self.entry == number)):
                m.d.comb += [Assert(bit == rule[o]) for o, bit in entry.needs()]
        for o, place in self.out.items():
            port = getattr(self.dut, f"o_{o}")
            m.d.comb += place.eq(port.valid & self.is_in(port.payload.as_value()))
            m.d.comb += Assert(~place | (port.payload.as_value() == self.packet.as_value()))

    def _slot(self, place: Signal, word: Any, valid: Any, number: int) -> None:
        m, here = self.m, valid & self.is_in(word)
        m.d.comb += Assert(~here | ((self.entry == number) & (word == self.packet.as_value())))
        with m.If(self.entry == number):
            m.d.comb += place.eq(here)

    def enters(self, allowed: Any) -> None:
        """The environment may offer the packet at its entry while `allowed`, and nowhere else."""
        m = self.m
        for number, side in enumerate(SIDES):
            port = getattr(self.dut, f"i_{side}")
            offered = port.valid & self.is_in(port.payload.as_value())
            same = port.payload.as_value() == self.packet.as_value()
            m.d.comb += Assume(~offered | ((self.entry == number) & allowed & same))
            with m.If(offered & port.ready):
                m.d.sync += self.entered.eq(1)
        for o in SIDES:
            with m.If(self.out[o] & getattr(self.dut, f"o_{o}").ready):
                m.d.sync += self.left[o].eq(1)

    def contract(self) -> None:
        """Once entered it is in one place on the way to each output that wants it, and never on the
        way to another."""
        m = self.m
        for o in SIDES:
            beyond = self.head[o] + self.out[o] + self.left[o]
            with m.If(self.wanted[o]):
                m.d.comb += Assert(self.behind + beyond == self.entered)
            with m.Else():
                m.d.comb += Assert(beyond == 0)
        m.d.comb += Assert(~self.behind | self.entered)

    @property
    def released(self) -> Any:
        """A copy is beyond the entry."""
        return any_of(*self.out.values(), *self.left.values())


def any_of(*bits: Any) -> Any:
    total = bits[0]
    for bit in bits[1:]:
        total = total | bit
    return total


def surroundings(m: Module, dut: Any, *, stalls: bool) -> Signal:
    """Any tile, any traffic, and (with `stalls`) outputs that are taken when the solver likes.
    Returns the symbolic entry, 0..4."""
    for side in SIDES:
        into, out = getattr(dut, f"i_{side}"), getattr(dut, f"o_{side}")
        for signal in (into.valid, into.payload):
            free(m, signal)
        if stalls:
            free(m, out.ready)
        else:
            m.d.comb += out.ready.eq(1)
    place = {
        axis: symbolic(m, bits_for(n), f"at_{axis}") for axis, n in (("x", CONFIG.cols), ("y", CONFIG.rows))
    }
    entry = symbolic(m, 3, "entry")
    m.d.comb += [dut.x.eq(place["x"]), dut.y.eq(place["y"])]
    m.d.comb += [Assume(entry < len(SIDES)), Assume(dut.x < CONFIG.cols), Assume(dut.y < CONFIG.rows)]
    return entry


class Front:
    """What stands at one input: the packet in `first`, whose outputs left are `wants`, and, where `waits`, the one
    in `second`."""

    def __init__(self, inside: Inside, side: str) -> None:
        self.entry = f"entry_{side}"
        self.outputs = outputs_of(side, SIDES)
        self.inside = inside
        self.waits, read = inside[self.entry, "waits"], inside[self.entry, "read"]
        slots = [inside[self.entry, "slots", f"slot_{k}"] for k in range(2)]
        self.first = Mux(read, slots[1], slots[0])
        self.second = Mux(read, slots[0], slots[1])
        self.done = inside[self.entry, "done"]

    def wants(self, output: str) -> Any:
        """It has not left there yet."""
        return self.inside[self.entry, "wants"][self.outputs.index(output)]

    @property
    def some(self) -> Any:
        """There is a packet in front."""
        return self.inside[self.entry, "wants"].any()

    def needs(self) -> list[tuple[str, Any]]:
        """By output whether the packet behind has to leave there."""
        behind = self.inside[self.entry, "behind"]
        return [(output, behind[k]) for k, output in enumerate(self.outputs)]


def broken_router(original: ModuleType, old: str, new: str) -> Any:
    """The router, one of whose parts has one piece of its source changed."""
    parts = {module: module for module in (arbiter, route, entry, output, router)}
    parts[original] = mutant(original, old, new)
    for user, name, used in (
        (output, "Arbiter", arbiter),
        (entry, "Route", route),
        (router, "Entry", entry),
        (router, "Output", output),
    ):
        if parts[user] is user and parts[used] is not used:
            parts[user] = mutant(user, f"{name}(", f"{name}(")
        setattr(parts[user], name, getattr(parts[used], name))
    return parts[router].Router(CONFIG)


def entries(m: Module, inside: Inside) -> None:
    """An invariant of the inputs: none waits behind nothing, and the next word goes into the free slot."""
    for side in SIDES:
        entry, name = Front(inside, side), f"entry_{side}"
        same = inside[name, "write"] == inside[name, "read"]
        m.d.comb += Assert(~entry.waits | entry.some)
        m.d.comb += Assert(~entry.some | (entry.waits == same))
