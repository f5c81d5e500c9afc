"""Weights and deltas of a core: what an op multiplies in each lane.

```
  cycle  c     c+1           c+2          c+3
  op --> address W --> RAM out --> R --> a = W, or 1; 0 where the lane is not meant
         address d --> RAM out --> R --> b = +-d, or +-1
```
A spike adds W * 1 and an outer product 1 * d: a product with 1 is what it was, so all verbs take the same way
and come out in order. Writes are late by a cycle, in registers near the memories.
"""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from spikeplane.config import ChipConfig, bits_for
from spikeplane.formats.packet import CHUNK_BITS
from spikeplane.formats.structure import SHARED_LANES
from spikeplane.formats.tables import Memory, core_tables
from spikeplane.formats.training import VALUE_BITS
from spikeplane.formats.training_tables import TrainingMemory, delta_depth, streams
from spikeplane_gateware.core.copies import copies
from spikeplane_gateware.core.interfaces import WriteBus
from spikeplane_gateware.core.reads import ReadBus, output_register
from spikeplane_gateware.ram import Ram

LOADED = 3  #: cycles from an op to its operands
ONE = 0x3C00  #: the bits of 1


def operand_layout(config: ChipConfig) -> data.StructLayout:
    """What an op multiplies. `weighs`: the weight is read and is a, else 1 is; `by_delta`: the delta is b, else 1 is;
    `negate`: b has the other sign; `lanes`: those whose a is not 0."""
    return data.StructLayout(
        {
            "valid": 1,
            "weighs": 1,
            "by_delta": 1,
            "negate": 1,
            "lanes": config.lanes,
            "address": bits_for(delta_depth(config)),
            "weight_address": bits_for(config.weight_depth),
        }
    )


class Operands(wiring.Component):
    """The memories WEIGHT and DELTA, and what stands in front of the multipliers.

    Throughput: an op a cycle; nothing stalls. A word is not to be read in the two cycles after it was written.

    Parameters
    ----------
    config : ChipConfig
        A chip that learns: L lanes.

    Attributes
    ----------
    op : In(operand_layout)
        What to read.
    a, b : Out(L * 16), Out(L * 16)
        LOADED cycles after an op: its operands, lane 0 lowest; combinational, from registers.
    weights : Out(L * 16)
        The last weight word that was read, LOADED cycles after its op and until LOADED cycles after the next; `deltas`, where
        gradients may be streamed, likewise of deltas.
    weight_write, delta_write : In(1), In(L)
        Write a weight word; write the deltas of these lanes.
    write_address, numbers : In, In(L * 16)
        Where to, and what.
    write, read, read_data : In(WriteBus), In(ReadBus), Out(CHUNK_BITS)
        Both memories on the buses of the loader and of the read-back.
    """

    def __init__(self, config: ChipConfig) -> None:
        self.config, self.tables, self.width = config, core_tables(config), config.lanes * VALUE_BITS
        addresses = max(bits_for(delta_depth(config)), bits_for(config.weight_depth))
        wide = {name: Out(self.width) for name in ("a", "b", "weights", *self._more())}
        super().__init__(
            {
                "op": In(operand_layout(config)),
                **wide,
                "weight_write": In(1),
                "delta_write": In(config.lanes),
                "write_address": In(addresses),
                "numbers": In(self.width),
                "write": In(WriteBus(config)),
                "read": In(ReadBus(config)),
                "read_data": Out(CHUNK_BITS),
            }
        )
        self.late = Signal(self.width, name="late_numbers", reset_less=True)

    def _more(self) -> tuple[str, ...]:
        return ("deltas",) if streams(self.config) else ()

    def elaborate(self, platform: object) -> Module:
        m, op = Module(), self.op
        hosts = self._writes(m)
        weight, weights_shown = self._memory(m, Memory.WEIGHT, op.weight_address, hosts, SHARED_LANES)
        delta, deltas_shown = self._memory(m, TrainingMemory.DELTA, op.address, hosts, 1)
        m.d.comb += [self.read_data.eq(weights_shown | deltas_shown), self.weights.eq(weight)]
        m.d.comb += [getattr(self, name).eq(delta) for name in self._more()]
        self._operands(m, weight, delta)
        return m

    def _writes(self, m: Module) -> dict[int, Value]:
        """The word to be written, late; by memory whether the host writes to it."""
        write = self.write
        hosts: dict[int, Value] = {
            memory: write.valid & (write.memory == memory) for memory in (Memory.WEIGHT, TrainingMemory.DELTA)
        }
        host = Signal(name="host_writes")
        m.d.comb += host.eq(Cat(*hosts.values()).any())
        with m.If(host | self.weight_write | self.delta_write.any()):
            m.d.sync += self.late.eq(Mux(host, write.data[: self.width], self.numbers))
        return hosts

    def _memory(
        self, m: Module, memory: Memory | TrainingMemory, at: Value, hosts: dict[int, Value], share: int
    ) -> tuple[Signal, Value]:
        """The word read last, and what is read back. `share`: lanes that share a RAM and are written together."""
        lanes, name = self.config.lanes, memory.name.lower()
        depth = self.tables.depth(memory)
        width, host = share * VALUE_BITS, hosts[memory]
        asked = self.op.by_delta if memory == TrainingMemory.DELTA else self.op.weighs
        takes = (self.op.valid & asked) | self.read.fetch
        accesses, loads = Signal(name=f"{name}_accesses"), Signal(name=f"{name}_loads")
        m.d.sync += [accesses.eq(takes), loads.eq(accesses)]
        bits = bits_for(depth)
        reads = copies(m, Mux(self.read.fetch, self.read.address[:bits], at), lanes, f"{name}_at", takes)
        own = self.delta_write if memory == TrainingMemory.DELTA else self.weight_write.replicate(lanes)
        strobes = Signal(lanes, name=f"{name}_writes")
        m.d.sync += strobes.eq(own | host.replicate(lanes))
        place = Mux(host, self.write.address[:bits], self.write_address[:bits])
        writes = copies(m, place, lanes, f"{name}_write_at", host | own.any())
        found = Signal(self.width, name=f"{name}_found")
        for lane in range(0, lanes, share):
            part = slice(lane * VALUE_BITS, lane * VALUE_BITS + width)
            m.submodules[f"{name}_{lane // share}"] = ram = Ram(width=width, depth=depth)
            m.d.comb += [
                ram.read_en.eq(accesses),
                ram.read_address.eq(reads[lane]),
                found[part].eq(ram.read_data),
                ram.write_en.eq(strobes[lane]),
                ram.write_address.eq(writes[lane]),
                ram.write_data.eq(self.late[part]),
            ]
        word = Signal(self.width, name=f"{name}_word", reset_less=True)
        return word, output_register(m, self.read, memory, self.tables, word, found, loads)

    def _operands(self, m: Module, weight: Signal, delta: Signal) -> None:
        op, names = self.op, ("weighs", "by_delta", "negate", "lanes")
        for number in range(LOADED):
            after = Signal(operand_layout(self.config), name=f"operand_{number}", reset_less=True)
            m.d.sync += [after[name].eq(op[name]) for name in names]
            op = after
        for lane in range(self.config.lanes):
            w, d = (word.word_select(lane, VALUE_BITS) for word in (weight, delta))
            a = Mux(op.lanes[lane], Mux(op.weighs, w, ONE), 0)
            b = Mux(op.by_delta, d, ONE) ^ Cat(Const(0, VALUE_BITS - 1), op.negate)
            m.d.comb += [
                self.a.word_select(lane, VALUE_BITS).eq(a),
                self.b.word_select(lane, VALUE_BITS).eq(b),
            ]
